"""Journals that were changed: restore writes nothing outside the queue, and believes no broken chain."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from breachkit.chain import ORIGIN
from breachkit.errors import BreachkitError
from breachkit.purge.journal import path_of, spell_path
from tests.purge.harness import SPAM, house, lines_of, make_messages, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.purge.store import Run

Lines = list[dict[str, Any]]


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    top = tmp_path / "mail" / "_outgoing"
    make_messages(top, [SPAM + b"%d" % number for number in range(5)])
    return top


def rewrite(run: Run, change: Callable[[Lines], None], *, chained: bool) -> None:
    """Change the lines of a journal; `chained` as a forger would, with all hashes made anew."""
    lines = [json.loads(text) for text in Path(run.journal).read_text().splitlines()]
    change(lines)
    previous, written = ORIGIN, b""
    for number, line in enumerate(lines, 1):
        fresh = {**line, "line": number, "prev": previous} if chained else line
        text = json.dumps(fresh).encode()
        previous = hashlib.sha256(text).hexdigest()
        written += text + b"\n"
    Path(run.journal).write_bytes(written)


def send_home(home: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        next(line for line in lines if line["kind"] == "intent")["files"][0]["home"] = home

    return change


@pytest.mark.parametrize(
    "home",
    [
        "../evil.dat",
        "_outgoing/../../evil.dat",
        "_outgoing/../evil.dat",
        "_outgoing/./evil.dat",
        "_outgoing//evil.dat",
        "_outgoing",
        "_outgoing/",
        "",
        ".",
        "evil.dat",
        "breachkit-quarantine/evil.dat",
        "_outgoing2/evil.dat",
        "{top}/evil.dat",
        "/etc/cron.d/evil",
        "_outgoing/nul\0.dat",
        "_outgoing/link/evil.dat",
        "_outgoing/retry/link/deep/evil.dat",
    ],
)
def test_a_forged_home_outside_the_queue_is_refused(queue: Path, tmp_path: Path, home: str) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    (queue / "link").symlink_to(tmp_path / "elsewhere")
    (queue / "retry" / "link").symlink_to(tmp_path / "elsewhere")
    rewrite(run, send_home(home.replace("{top}", str(tmp_path))), chained=True)
    before = snapshot(tmp_path)
    done = whole.restore()
    assert (done.restored, done.refused, done.in_quarantine) == (4, 1, 1)
    assert done.is_incomplete
    new = set(snapshot(tmp_path)) - set(before)
    assert len(new) == 4
    assert all(name.startswith(b"mail/_outgoing/") and b"evil" not in name for name in new)


def test_a_forged_home_within_the_queue_is_only_a_name(queue: Path) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    rewrite(run, send_home("_outgoing/retry/other.dat"), chained=True)
    assert whole.restore().restored == 5
    assert (queue / "retry" / "other.dat").is_file()


def test_a_link_in_place_of_the_messages_folder_is_no_run(queue: Path, tmp_path: Path) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    Path(run.messages).rename(tmp_path / "moved")
    Path(run.messages).symlink_to(tmp_path / "moved")
    assert whole.runs() == []


@pytest.mark.parametrize("kind", ["edited", "cut", "swapped", "doubled", "alien", "headless"])
def test_a_broken_chain_stops_restore(queue: Path, kind: str) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]

    def change(lines: Lines) -> None:
        match kind:
            case "edited":
                lines[2]["files"][0]["size"] += 1
            case "cut":
                del lines[2]
            case "swapped":
                lines[2], lines[3] = lines[3], lines[2]
            case "doubled":
                lines.insert(3, lines[2])
            case "alien":
                lines[3] = {"kind": "intent"}
            case _:
                del lines[0]

    rewrite(run, change, chained=False)
    before = snapshot(queue.parent)
    with pytest.raises(BreachkitError, match="nothing was touched"):
        whole.restore()
    assert snapshot(queue.parent) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[1].update(id=True),
        lambda lines: lines[1].update(id="1"),
        lambda lines: lines[1]["files"][0].update(home=["x"]),
        lambda lines: lines[2].update(id=1),
        lambda lines: lines[1].update(kind="unlink"),
        lambda lines: lines[-2].update(moved=[99]),
        lambda lines: lines[-2].update(left=[[]]),
        lambda lines: lines[-2].update(left=[7]),
        lambda lines: lines.insert(1, lines[0]),
    ],
)
def test_lines_that_do_not_fit_are_a_broken_journal(queue: Path, change: Callable[[Lines], None]) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    rewrite(run, change, chained=True)
    before = snapshot(queue.parent)
    with pytest.raises(BreachkitError, match="the journal was changed"):
        whole.restore()
    assert snapshot(queue.parent) == before


@pytest.mark.parametrize("text", [b"\xff\xfe\n", b"[" * 100_000 + b"\n", b"{}\n", b"null\n", b"1\n"])
def test_a_journal_of_rubbish_is_one_sentence(queue: Path, text: bytes) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    Path(run.journal).write_bytes(text)
    with pytest.raises(BreachkitError, match="line 1"):
        whole.plan_restore()


def test_every_name_survives_the_journal() -> None:
    for name in (b"plain.dat", b"a\nb", b"\xff\xfe", "è".encode(), b"n" * 255, b"\xed\xa0\x80"):
        path = "/" + name.decode("utf-8", "surrogateescape")
        spelled = json.loads(json.dumps(spell_path(path), ensure_ascii=True))
        assert path_of(spelled) == path


def test_a_copied_tree_is_restored_where_it_lies(queue: Path, tmp_path: Path) -> None:
    before = snapshot(queue)
    house(queue).purge("pippo")
    queue.parent.rename(tmp_path / "copy")
    moved = house(tmp_path / "copy" / "_outgoing")
    assert moved.restore().restored == 5
    assert snapshot(tmp_path / "copy" / "_outgoing") == before
    kinds = [line["kind"] for line in lines_of(moved.runs()[0])]
    assert kinds == ["run", *["intent"] * 5, "done", "end", "restoring", "restored"]
