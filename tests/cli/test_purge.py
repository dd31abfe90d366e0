"""`purge` as it is typed: what is shown, what is moved, and the exit code."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from breachkit.cli import asking
from tests.cli.typed import Ended, balanced
from tests.purge.harness import HAM, SPAM, make_messages, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLES = Path(__file__).parents[2] / "sample_queues" / "icewarp"


def test_a_dry_run_shows_and_moves_nothing(queue: Path, breach: Callable[..., Ended]) -> None:
    before = snapshot(queue.parent)
    done = breach("purge", "pippo", "--queue", queue, "--dry-run", "--format", "json")
    assert done.code == 0
    product = done.json
    assert list(product)[:14] == [
        *("schema", "inputs", "skipped", "run", "dry_run", "matched_by", "messages", "planned", "purged"),
        *("vanished", "changed", "in_use", "failed", "bytes"),
    ]
    assert (product["planned"], product["messages"], product["purged"]) == (6, 9, 0)
    assert (product["run"], product["journal"], product["quarantine"]) == (None, None, None)
    assert product["matched_by"] == {"raw": 6, "decoded": 0, "reader": 0}
    assert product["bytes"] == sum(len(SPAM) + 1 for _ in range(6))
    assert snapshot(queue.parent) == before


@pytest.fixture
def near() -> Iterator[Path]:
    """A folder whose path is short, so that no line that names it is folded."""
    with tempfile.TemporaryDirectory(prefix="b") as folder:
        yield Path(folder).resolve()


def test_purge_and_restore_as_text(near: Path, breach: Callable[..., Ended]) -> None:
    queue = near / "_outgoing"
    make_messages(queue, [SPAM + b"%d" % number for number in range(6)] + [HAM] * 3)
    before = snapshot(queue)
    done = breach("purge", "pippo", "--queue", queue, "--yes", "--timezone", "UTC")
    assert done.code == 0
    name = re.search(r"run      (\S+)", done.out)
    assert name is not None
    digest = re.search(r"sha256   (\S+)", done.out)
    assert digest is not None
    place = f"{near}/breachkit-quarantine/{name[1]}/journal.jsonl"
    assert done.err == f"6 messages moved; run {name[1]}, journal {place}, SHA-256 {digest[1]}\n"
    journal = queue.parent / "breachkit-quarantine" / name[1] / "journal.jsonl"
    shown = done.out.replace(name[1], "RUN").replace(str(queue.parent), "/top")
    shown = re.sub(r"sha256   [0-9a-f]{64}", "sha256   HASH", shown)
    assert shown == PURGE_TEXT
    assert journal.is_file()
    back = breach("restore", "--queue", queue, "--yes")
    assert back.code == 0
    assert f"6 messages of run {name[1]} put back" in back.out
    assert snapshot(queue) == before
    again = breach("restore", name[1], "--queue", queue, "--yes", "--format", "json")
    assert (again.code, again.json["restored"], again.json["already_there"]) == (0, 0, 6)
    none = breach("restore", "--queue", queue)
    assert (none.code, none.out) == (0, "Nothing to restore: no run holds messages.\n")


PURGE_TEXT = """\
Plan: 6 of 9 messages to move out of the queue, 456 B
  matched: 6 byte for byte, 0 only when decoded
  messages  account (LocalSender)
         6  anna@example.it
  messages  declared From
         6  pippo@gmail.com
  messages  subject
         6  (none)
  samples
    /top/_outgoing/202611200800000000.dat
      pippo@gmail.com: (no subject)
    /top/_outgoing/202611200800000001.dat
      pippo@gmail.com: (no subject)
    /top/_outgoing/202611200800000003.dat
      pippo@gmail.com: (no subject)

What was read
  9 messages, 0 log lines, 690 B in 9 files of icewarp; times in UTC.

Messages the server has open may still be delivered; the account's password comes first.
6 of 6 messages moved, 456 B
Messages the server has open may still be delivered; the account's password comes first.

For the incident notes
  run      RUN
  journal  /top/breachkit-quarantine/RUN/journal.jsonl
  sha256   HASH

Next
  breachkit scan --queue /top/_outgoing --timezone UTC

To undo: breachkit restore RUN --queue /top/_outgoing --timezone UTC
"""


def test_purge_as_json(queue: Path, breach: Callable[..., Ended]) -> None:
    done = breach("purge", "pippo", "--queue", queue, "-y", "--format", "json")
    product = done.json
    assert done.code == 0
    assert product["schema"] == "breachkit.purge/1"
    assert (product["planned"], product["purged"], product["dry_run"]) == (6, 6, False)
    assert balanced(product)
    assert product["quarantine"] == str(queue.parent / "breachkit-quarantine" / product["run"])
    assert product["senders"] == [{"auth_user": "anna@example.it", "messages": 6}]
    assert len(product["samples"]) == 3
    assert product["journals"][0]["path"] == product["journal"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([""], 2, "an empty STRING"),
        (["ok", "  "], 2, "an empty STRING"),
        (["--account", ""], 2, "an empty STRING"),
        ([], 2, "nothing says which messages"),
        (["--everything"], 2, "nothing says which messages"),
        (["--any", "-i"], 2, "nothing says which messages"),
        (["(", "--regex"], 2, "is no pattern"),
        (["--older-than", "soon"], 2, "is no time and no age"),
        (["x", "--dry-run", "--watch", "1"], 2, "cannot both be meant"),
        (["pippo"], 1, "nothing was moved: there is no terminal to ask on"),
        (["LocalSender", "--yes"], 1, "every message of the queue (9 of 9)"),
        (["--all", "--yes"], 1, "every message of the queue"),
        (["--regex", "x*", "--yes"], 1, "every message of the queue"),
        (["pippo", "--yes", "--max-moves", "2"], 1, "--max-moves allows 2"),
        (["no such text"], 0, ""),
        (["no such text", "--yes"], 0, ""),
        (["LocalSender", "--dry-run"], 0, ""),
    ],
)
def test_refusals_and_their_exit_codes(
    queue: Path, breach: Callable[..., Ended], words: list[str], code: int, said: str
) -> None:
    before = snapshot(queue.parent)
    done = breach("purge", *words, "--queue", queue)
    assert done.code == code
    assert said in done.err
    assert snapshot(queue.parent) == before


def test_emptying_a_queue_needs_both_words(queue: Path, breach: Callable[..., Ended]) -> None:
    done = breach("purge", "--everything", "--all", "--queue", queue, "--yes", "--format", "json")
    assert (done.code, done.json["purged"]) == (0, 9)
    assert snapshot(queue) == {}
    assert breach("restore", "--queue", queue, "--yes").code == 0
    assert len(snapshot(queue)) == 9


@pytest.mark.parametrize(
    ("words", "planned"),
    [
        (["--account", "ANNA@example.it"], 6),
        (["--account", "anna@example.it", "--account", "bruno@example.it"], 9),
        (["--from", "pippo@gmail.com"], 6),
        (["--from", "@example.it"], 3),
        (["--from", "pippo@gmail.com", "--account", "bruno@example.it"], 0),
        (["--account", "bruno@example.it", "Minutes"], 3),
        (["pippo", "Minutes"], 0),
        (["pippo", "Minutes", "--any"], 9),
        (["PIPPO", "-i"], 6),
        (["--older-than", "1d"], 9),
        (["--newer-than", "1d"], 0),
        (["--newer-than", "2020-01-01", "pippo"], 6),
        (["--to-domain", "example.net"], 1),
        (["--all"], 10),
    ],
)
def test_predicates(queue: Path, breach: Callable[..., Ended], words: list[str], planned: int) -> None:
    if "--to-domain" in words or "--all" in words:
        (queue / "to.dat").write_bytes(b"From: x@example.it\nTo: <a@EXAMPLE.net>\n\n")
    done = breach("purge", *words, "--queue", queue, "--dry-run", "--format", "json")
    assert (done.code, done.json["planned"]) == (0, planned)


def test_a_queue_below_outgoing_keeps_its_quarantine_outside(queue: Path, breach: Callable[..., Ended]) -> None:
    done = breach("purge", "pippo", "--queue", queue / "retry", "--yes", "--everything", "--format", "json")
    assert done.json["quarantine"].startswith(str(queue.parent / "breachkit-quarantine"))
    assert not list(queue.rglob("breachkit-quarantine"))
    assert breach("restore", "--queue", queue / "retry", "--yes").code == 0


@pytest.mark.parametrize("place", ["_outgoing", "_outgoing/retry/q", "_incoming/q", "priority_1", "retry/x", "link/q"])
def test_a_quarantine_that_would_be_delivered_is_refused(queue: Path, breach: Callable[..., Ended], place: str) -> None:
    (queue.parent / "link").symlink_to(queue)
    before = snapshot(queue)
    done = breach("purge", "pippo", "--queue", queue, "--quarantine", queue.parent / place, "--yes")
    assert done.code == 1
    assert "the server would deliver" in done.err
    assert snapshot(queue) == before


def test_a_link_in_place_of_the_quarantine_is_refused(
    queue: Path, tmp_path: Path, breach: Callable[..., Ended]
) -> None:
    (tmp_path / "trap").mkdir()
    (tmp_path / "breachkit-quarantine").symlink_to(tmp_path / "trap")
    done = breach("purge", "pippo", "--queue", queue, "--yes")
    assert (done.code, "is a link or no folder" in done.err) == (1, True)
    assert not list((tmp_path / "trap").iterdir())


def test_a_chosen_quarantine_and_its_restore(queue: Path, tmp_path: Path, breach: Callable[..., Ended]) -> None:
    before = snapshot(queue)
    done = breach("purge", "pippo", "--queue", queue, "--quarantine", tmp_path / "deep", "--yes")
    assert done.code == 0
    assert f"--quarantine {tmp_path}/deep" in done.out
    assert breach("restore", "--queue", queue, "--quarantine", tmp_path / "deep", "--yes").code == 0
    assert snapshot(queue) == before


def test_a_queue_that_path_dat_puts_outside_is_refused(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    live, root = tmp_path / "live" / "_outgoing", tmp_path / "copy"
    make_messages(live, [SPAM, HAM])
    (root / "config").mkdir(parents=True)
    lines = ["/opt/icewarp/config/", *[""] * 6, str(live)]
    (root / "path.dat").write_text("\r\n".join(lines))
    before = snapshot(live)
    done = breach("purge", "pippo", "--root", root, "--yes")
    assert done.code == 1
    assert f"--queue {live}" in done.err
    assert "path.dat line 8" in done.err
    assert snapshot(live) == before
    looked = breach("purge", "pippo", "--root", root, "--dry-run")
    assert (looked.code, "queue outside the root" in looked.out) == (0, True)
    assert breach("purge", "pippo", "--root", root, "--queue", live, "--yes").code == 0


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 3), ("n\n", 1, 9), ("\n", 1, 9), ("", 1, 9)])
def test_the_question(
    queue: Path, breach: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, *, answer: str, code: int, left: int
) -> None:
    monkeypatch.setattr(asking, "can_ask", lambda: True)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    done = breach("purge", "pippo", "--queue", queue)
    assert done.code == code
    assert len(snapshot(queue)) == left
    assert "Move 6 messages to the quarantine?" in done.err
    assert "Plan: 6 of 9" in done.out


def test_unreadable_evidence_ends_with_3(queue: Path, breach: Callable[..., Ended]) -> None:
    (queue / "link").symlink_to("/etc/passwd")
    done = breach("purge", "pippo", "--queue", queue, "--yes", "--format", "json")
    assert (done.code, done.json["purged"]) == (3, 6)
    assert done.json["skipped"][0]["reason"] == "a link, not followed"


def test_purge_drop_deletes_and_keeps_the_hashes(queue: Path, breach: Callable[..., Ended]) -> None:
    product = breach("purge", "pippo", "--drop", "--queue", queue, "--yes", "--format", "json").json
    assert (product["purged"], product["dropped"]) == (6, 6)
    assert product["journals"][0]["sha256"] == hashlib.sha256(Path(product["journal"]).read_bytes()).hexdigest()
    assert list((Path(product["quarantine"]) / "messages").iterdir()) == []
    assert Path(product["journal"]).read_text().count("sha256") == 6


def test_the_next_command_of_a_dry_run_does_the_same(queue: Path, breach: Callable[..., Ended]) -> None:
    (queue / "dash.dat").write_bytes(b"-rf")
    spaced = breach("purge", "--queue", queue, "--dry-run", "Buy it", "--older-than", "1d").out.strip().splitlines()[-1]
    assert spaced.strip() == f'breachkit purge "Buy it" --older-than 1d --queue {queue}'


@pytest.mark.parametrize("string", ["-rf", "$(x)", "50%", "a&b", "it's", "é"])
def test_what_is_not_safe_in_every_shell_stands_in_no_line(
    string: str, queue: Path, breach: Callable[..., Ended]
) -> None:
    (queue / "odd.dat").write_bytes(b"text " + string.encode())
    done = breach("purge", "--queue", queue, "--dry-run", "--", string)
    assert (done.code, done.out.split(" messages")[0]) == (0, "Plan: 1 of 10")
    assert "\n  breachkit " not in done.out
    assert done.out.endswith("\nNext\n  Run the same command again, without --dry-run.\n")


def test_no_line_is_offered_that_would_be_refused(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    make_messages(tmp_path / "_outgoing", [SPAM] * 2)
    done = breach("purge", "--dry-run", "pippo", "--queue", tmp_path / "_outgoing")
    assert "\n  breachkit " not in done.out
    assert done.out.endswith("run the same command again with --everything, without --dry-run.\n")
    meant = breach("purge", "--dry-run", "pippo", "--everything", "--queue", tmp_path / "_outgoing")
    assert meant.out.endswith(f"\n  breachkit purge pippo --everything --queue {tmp_path}/_outgoing\n")


PASTED = ["<anna@example.it>", " Anna Rossi <ANNA@example.it>", "mailto:anna@example.it", '"anna@example.it",']


@pytest.mark.parametrize("name", PASTED)
def test_an_account_is_taken_as_it_is_pasted(name: str, queue: Path, breach: Callable[..., Ended]) -> None:
    done = breach("purge", "--account", name, "--queue", queue, "--dry-run")
    assert (done.code, done.out.split(" messages")[0]) == (0, "Plan: 6 of 9")
    assert f"\n  breachkit purge --account anna@example.it --queue {queue}\n" in done.out


@pytest.mark.parametrize(
    ("words", "planned"),
    [
        (["--from", "Pippo <pippo@gmail.com>"], 6),
        (["--from", "<@example.it>"], 3),
        (["--from", "@gmail.com"], 6),
        (["--to-domain", "Someone <s@example.net>"], 1),
        (["--to-domain", "@example.net"], 1),
    ],
)
def test_a_sender_and_a_domain_are_taken_as_they_are_pasted(
    queue: Path, breach: Callable[..., Ended], words: list[str], planned: int
) -> None:
    (queue / "to.dat").write_bytes(b"From: x@other.example\nTo: <a@EXAMPLE.net>\n\n")
    done = breach("purge", *words, "--queue", queue, "--dry-run", "--format", "json")
    assert (done.code, done.json["planned"]) == (0, planned)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--account", "*@example.it"], 2, "--from @example.it takes what is declared as from that domain"),
        (["--from", "*@example.it"], 2, "--from @example.it takes"),
        (["--account", "@example.it"], 2, "--from @example.it takes"),
        (["--to-domain", "*.example.net"], 2, "name the domain alone: --to-domain example.net"),
        (["--account", "a@b.example <x@y.example> <z@y.example>"], 2, "is no address"),
        (["--from", "a@b.example c@d.example"], 2, "is no address"),
        (["--account", "ana@example.it"], 1, "'ana@example.it' stands in no message"),
        (["--account", "anna"], 1, "the nearest: anna@example.it"),
        (["--account", "anna%example.it"], 1, "the nearest: anna@example.it"),
        (["--account", "anna@example.it", "--account", "brunoo@example.it"], 1, "the nearest: bruno@example.it"),
        (["--from", "pipo@gmail.com"], 1, "the nearest: pippo@gmail.com"),
        (["--from", "@gmail.co"], 1, "the nearest: @gmail.com"),
        (["--account", "nobody@nowhere.example"], 1, "'breachkit scan' lists those that do"),
        (["x", "--min-messages", "3"], 2, "--min-messages goes with --campaign"),
    ],
)
def test_a_name_that_can_find_nothing_is_refused(
    queue: Path, breach: Callable[..., Ended], words: list[str], code: int, said: str
) -> None:
    before = snapshot(queue.parent)
    done = breach("purge", *words, "--queue", queue, "--yes", "--format", "json")
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert snapshot(queue.parent) == before


def test_an_account_whose_mail_was_purged_is_known(queue: Path, breach: Callable[..., Ended]) -> None:
    assert breach("purge", "--account", "anna@example.it", "--queue", queue, "--yes").code == 0
    again = breach("purge", "--account", "anna@example.it", "--queue", queue, "--yes", "--format", "json")
    assert (again.code, again.json["planned"]) == (0, 0)
    users = queue.parent / "users.csv"
    users.write_text("carla@example.it,carla,x,\n", encoding="utf-8")
    silent = breach("purge", "--account", "carla@example.it", "--root", queue.parent, "--yes", "--format", "json")
    assert (silent.code, silent.json["planned"]) == (0, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["PIPPO"], "no message holds 'PIPPO' as it is typed; with -i 6 of the 9 messages looked at do"),
        (["pipo@gmail.com"], "the nearest in the queue is 'pippo@gmail.com' (6 of the 9 messages looked at)"),
        (["BUYS IT", "-i"], "the nearest in the queue is 'Buy it' (6 of the 9 messages looked at)"),
        (["pippo", "Minutes"], "6 of the 9 messages looked at hold 'pippo', but not all else that was asked for"),
        (["pippo", "--account", "bruno@example.it"], "6 of the 9 messages looked at hold 'pippo', but"),
    ],
)
def test_a_string_that_hits_nothing_says_what_would(
    queue: Path, breach: Callable[..., Ended], words: list[str], said: str
) -> None:
    done = breach("purge", *words, "--queue", queue, "--dry-run", "--format", "json")
    assert (done.code, done.json["planned"]) == (0, 0)
    assert said in done.err


def test_a_near_text_reaches_no_terminal_as_it_is(queue: Path, breach: Callable[..., Ended]) -> None:
    (queue / "odd.dat").write_bytes(b"cheap \x1b[31mpills at " + b"once " * 40)
    done = breach("purge", "cheap [31mpills at " + "once " * 30, "--queue", queue, "--dry-run")
    assert done.code == 0
    assert "\x1b" not in done.err
    assert max(map(len, done.err.splitlines())) < 250
    silent = breach("purge", "a wholly different sentence", "--queue", queue, "--dry-run")
    assert (silent.code, silent.err) == (0, "")


def test_a_campaign_is_taken_by_the_string_that_group_found(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    root = tmp_path / "story"
    shutil.copytree(SAMPLES / "brute-force", root)
    campaign = breach("group", "--root", root, "--format", "json").json["campaigns"][0]
    done = breach("purge", "--campaign", campaign["id"], "--root", root, "--yes", "--format", "json").json
    assert done["purged"] == done["planned"] == campaign["messages"]
    assert done["matched_by"]["campaign"] == campaign["messages"]
    by_string = breach("purge", campaign["purge_string"], "--root", root, "--dry-run", "--format", "json").json
    assert by_string["planned"] == 0
    restored = breach("restore", "--root", root, "--yes", "--format", "json").json
    assert restored["restored"] == campaign["messages"]
    by_string = breach("purge", campaign["purge_string"], "--root", root, "--dry-run", "--format", "json").json
    assert by_string["planned"] == campaign["messages"]
    both = breach(
        "purge", "no such text", "--campaign", campaign["id"], "--root", root, "--dry-run", "--format", "json"
    )
    assert (both.code, both.json["planned"]) == (0, 0)


def test_a_campaign_that_is_gone_ends_with_1(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    root = tmp_path / "story"
    shutil.copytree(SAMPLES / "brute-force", root)
    done = breach("purge", "--campaign", "0123456789", "--root", root, "--yes")
    assert (done.code, done.out) == (1, "")
    assert "no campaign has the id '0123456789' now" in done.err
    assert breach("purge", "--campaign", "", "--root", root).code == 2


def test_the_plan_says_what_nothing_explains(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    root = tmp_path / "story"
    shutil.copytree(SAMPLES / "brute-force", root)
    done = breach("purge", "example", "--root", root, "--dry-run", "--explain", "--format", "json").json
    assert done["unexplained"]["senders"] == [{"auth_user": "newsletter@example.it", "messages": 23}]
    text = breach("purge", "fortuna-club", "--root", root, "--dry-run", "--explain").out
    assert "no suspect account: 0 messages" in text


def test_odd_names_are_moved_named_and_put_back(queue: Path, breach: Callable[..., Ended]) -> None:
    for name in (b"a\nb.dat", b"-rf", b"\xff\xfe.dat", b"n" * 255, b"\x1b[31m"):
        (queue / os.fsdecode(name)).write_bytes(b"odd one")
    before = snapshot(queue)
    done = breach("purge", "odd one", "--queue", queue, "--yes")
    assert "5 of 5 messages moved" in done.out
    assert "\x1b" not in done.out
    assert breach("restore", "--queue", queue, "--yes").code == 0
    assert snapshot(queue) == before


def test_a_queue_that_is_named_by_two_names_is_counted_once_by_every_command(
    queue: Path, breach: Callable[..., Ended]
) -> None:
    (queue.parent / "link").symlink_to(queue)
    both = ("--queue", queue, "--queue", queue.parent / "link", "--format", "json")
    planned = breach("purge", "--all", *both, "--dry-run").json["planned"]
    assert (
        planned
        == breach("scan", *both).json["messages"]
        == breach("scan", "--queue", queue, *both[-2:]).json["messages"]
    )
