"""Commands on logs that were renamed, packed, piped in or collected: what is read, refused, passed over and said."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import shutil
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from breachkit.logs import listing
from tests.conftest import Terminal, story
from tests.servers.icewarp.factories import b64, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

NOT_A_LOG, UNREADABLE_FORM = (
    reason % "'ADDRESS [THREAD] TIME'" for reason in (listing.NOT_A_LOG, listing.UNREADABLE_FORM)
)
LOGIN = lines("Connected", "<<< AUTH PLAIN " + b64("\0anna@example.it\0c4n4ry-pw"), ">>> 235 ok", "Disconnected")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    copy = tmp_path / "root"
    shutil.copytree(story("guide"), copy)
    return copy


def read(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    return found


def without_places(accounts: Any) -> Any:
    """Leave out where things stand: another path, the same things."""
    if isinstance(accounts, dict):
        places = {"evidence", "source", "path", "offset", "line"}
        return {name: without_places(value) for name, value in accounts.items() if name not in places}
    return [without_places(one) for one in accounts] if isinstance(accounts, list) else accounts


def as_rotated(logs: Path) -> None:
    for path in logs.rglob("*.log"):
        path.rename(path.with_name(path.name + ".1"))


def as_text_twice(logs: Path) -> None:
    for path in logs.rglob("*.log"):
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\r\n"))


def as_text_twice_packed(logs: Path) -> None:
    as_text_twice(logs)
    as_xz(logs)


def as_node(logs: Path) -> None:
    for path in logs.rglob("*.log"):
        path.rename(path.with_name("mail1_" + path.name))


def as_utf16(logs: Path) -> None:
    for path in logs.rglob("*.log"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n").decode("latin-1").encode("utf-16"))


def as_xz(logs: Path) -> None:
    for path in logs.rglob("*.log"):
        path.with_name(path.name + ".xz").write_bytes(lzma.compress(path.read_bytes()))
        path.unlink()


def as_tar(logs: Path) -> None:
    with tarfile.open(logs / "all.tgz", "w:gz") as archive:
        archive.add(logs / "smtp", "somewhere/smtp")
    shutil.rmtree(logs / "smtp")


def as_found(logs: Path) -> None:
    with (logs / "found.txt").open("wb") as found:
        for path in sorted((logs / "smtp").glob("*.log"), reverse=True):
            for line in path.read_bytes().splitlines(keepends=True):
                found.write(b"smtp/" + path.name.encode() + b":" + line)
    shutil.rmtree(logs / "smtp")


@pytest.mark.parametrize(
    "change", [as_rotated, as_text_twice, as_text_twice_packed, as_node, as_utf16, as_xz, as_tar, as_found]
)
def test_every_command_says_the_same_of_logs_that_were_changed(
    change: Callable[[Path], None], root: Path, cli: Callable[..., Ran]
) -> None:
    asked = [["find-account"], ["scan"], ["trace", "user@example.it"]]
    before = [read(cli(*words, "--root", root, "--format", "json")) for words in asked]
    change(root / "logs")
    for words, expected in zip(asked, before, strict=True):
        ran = cli(*words, "--root", root, "--format", "json")
        found = read(ran)
        assert ran.code == 0
        assert (found["skipped"], found["inputs"]["passed_over"]) == ([], [])
        for name in ("lines", "messages"):
            assert found["inputs"][name] == expected["inputs"][name]
        for name in ("accounts", "symptoms", "sessions", "log_first", "log_last", "log_gaps"):
            assert without_places(found.get(name)) == without_places(expected.get(name)), name


def pipe(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_a_log_is_piped_in(root: Path, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    logs = [path.read_bytes() for path in sorted((root / "logs" / "smtp").glob("*.log"))]
    words = ("find-account", "--queue", root / "mail" / "_outgoing", "--format", "json", "--logs")
    expected = read(cli(*words, root / "logs"))
    for text in (b"".join(logs), gzip.compress(b"".join(logs))):
        pipe(monkeypatch, text)
        ran = cli(*words, "-")
        found = read(ran)
        assert ran.code == 0
        assert found["inputs"]["lines"] == expected["inputs"]["lines"]
        assert without_places(found["accounts"]) == without_places(expected["accounts"])
        (note,) = found["inputs"]["notes"]
        assert note.startswith("the day of (standard input) is taken from the server's greetings in the lines")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_nothing_is_piped_in(is_terminal: bool, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, b"")
    if is_terminal:
        monkeypatch.setattr(sys, "stdin", Terminal())
    ran = cli("scan", "--logs", "-")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "breachkit: --logs - reads a log from standard input, and nothing is piped in; pipe it in, or name a file\n"
    )


def refused(folder: Path, name: str = "s20261119-00.log") -> Path:
    path = folder / name
    path.write_text("".join(f"Nov 20 08:00:00 mx icewarp: {line}\n" for line in LOGIN.splitlines()))
    return path


@pytest.mark.parametrize("words", [["find-account"], ["scan"], ["trace", "anna@example.it"]])
def test_where_no_log_is_readable_the_command_ends(words: list[str], cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    path = refused(tmp_path / "logs")
    ran = cli(*words, "--root", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("breachkit: logs/s20261119-00.log looks like a log, but its lines do not begin")
    assert str(path) in ran.err
    assert ran.err.count("\n") == 1
    assert "203.0.113.9" not in ran.err
    assert b64("\0anna@example.it\0c4n4ry-pw") not in ran.err


def test_one_log_that_is_refused_among_others_is_named(cli: Callable[..., Ran], tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    refused(logs)
    (logs / "s20261120-00.log").write_text(LOGIN)
    for number in range(5):
        (logs / f"note {number}.txt").write_text("ask the boss\n")
    (logs / "e20261120-00.log").write_text("an error\n")
    ran = cli("find-account", "--root", tmp_path, "--format", "json")
    found = read(ran)
    assert ran.code == 3
    assert found["inputs"]["passed_over"] == [
        {"path": "logs/e20261120-00.log", "reason": "log of a service that is not read"},
        *({"path": f"logs/note {number}.txt", "reason": NOT_A_LOG} for number in range(5)),
        {"path": "logs/s20261119-00.log", "reason": UNREADABLE_FORM},
    ]
    assert [(row["reason"], row["count"]) for row in found["skipped"]] == [(UNREADABLE_FORM, 1)]
    text = cli("find-account", "--root", tmp_path)
    words = " ".join(text.out.split())
    assert text.code == 3
    assert f"Passed over: 6 files (logs/note 0.txt: {NOT_A_LOG}," in words
    assert "and 3 more, all named by --format json)." in words
    assert "This report says nothing of what is in them, nor of days without a log." in words
    assert "Note: logs/s20261119-00.log looks like a log" in words


def test_a_folder_that_holds_no_log_is_not_said_to_be_missing(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ask the boss\n")
    (tmp_path / "b.txt").write_text("")
    ran = cli("find-account", "--logs", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    said = f"breachkit: --logs {tmp_path} holds no log ({tmp_path}/a.txt: no log: its lines do not begin "
    assert ran.err.startswith(said)
    assert ran.err.endswith("'ADDRESS [THREAD] TIME'; 1 more files were passed over); name the server's log files\n")
    (tmp_path / "empty").mkdir()
    assert "holds no log (it is empty)" in cli("find-account", "--logs", tmp_path / "empty").err


def test_a_purge_looks_for_no_logs(root: Path, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_: object) -> None:
        raise AssertionError("logs were looked for")

    monkeypatch.setattr("breachkit.evidence.products.find_logs", look)
    assert cli("purge", "--account", "user@example.it", "--dry-run", "--root", root).code == 0
