"""Times that no calendar has, or that no mail can have: every command answers, and says what it does not know."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from breachkit.chain import link
from breachkit.records import NO_TIME
from tests.conftest import story
from tests.purge.harness import snapshot
from tests.servers.icewarp.factories import b64, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.typed import Ended

FAR = [253402300799, 253402300800, 2**40, -62135596800, -62135596801, -(2**40), 0, 8_900_000_000]
"""The last second of 9999, the first after it, the year 36812; the same before the year 1; never set; 2252."""


@pytest.fixture(name="root", scope="module")
def root_on_a_volume_that_takes_any_time() -> Iterator[Path]:
    shared = Path("/dev/shm")  # tmpfs keeps 64 bits of seconds, ext4 34
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        shutil.copytree(story("guide"), Path(folder) / "root")
        yield Path(folder) / "root"


def undated(root: Path, seconds: int) -> Path:
    """Add a message that names no time, to a file whose time is as given."""
    path = root / "mail" / "_outgoing" / "undated.tmp"
    path.write_bytes(b"LocalSender: user@example.it\nFrom: pippo@gmail.com\nTo: x@y.example\n\nSubject: s\n\nundated\n")
    os.utime(path, ns=(seconds * 10**9, seconds * 10**9))
    if int(path.stat().st_mtime) != seconds:
        pytest.skip("no volume here takes such a time")
    return path


@pytest.mark.parametrize("seconds", FAR)
def test_a_file_time_that_cannot_be_is_unknown_and_said(
    root: Path, breach: Callable[..., Ended], tmp_path: Path, seconds: int
) -> None:
    undated(root, seconds)
    where = ("--root", root, "--timezone", "Pacific/Auckland" if seconds > 0 else "America/New_York")
    for command in (["scan"], ["find-account"], ["group"], ["group", "--by", "from"]):
        done = breach(*command, *where, "--format", "json")
        assert done.code == 3
        assert done.json["inputs"]["messages"] == 126
        assert done.json["skipped"] == [
            {
                "reason": NO_TIME,
                "count": 1,
                "examples": [{"path": "mail/_outgoing/undated.tmp", "offset": 0, "line": 1}],
            }
        ]
        assert NO_TIME in " ".join(breach(*command, *where).out.split())
    done = breach("investigate", *where, "-o", tmp_path / "case", "--format", "json")
    assert done.code == 3
    assert NO_TIME in [row["reason"] for row in done.json["skipped"]]
    listed = json.loads((tmp_path / "case" / "inputs.json").read_text())["files"]
    times = {row["path"]: row["mtime"] for row in listed}
    assert times["mail/_outgoing/undated.tmp"] is None
    done = breach("read", *where, "--name", "n1", "--partial", tmp_path / "p", "--key", tmp_path / "k")
    assert done.code == 3
    carried = breach("scan", "--partial", tmp_path / "p", "--key", tmp_path / "k", "--format", "json")
    assert (carried.code, carried.json["messages"]) == (3, 126)


@pytest.mark.parametrize("bound", ["--older-than", "--newer-than"])
def test_a_message_of_unknown_time_is_neither_older_nor_newer(
    root: Path, breach: Callable[..., Ended], bound: str
) -> None:
    undated(root, 253402300800)
    done = breach("purge", bound, "2026-11-19", "--root", root, "--dry-run", "--format", "json")
    assert (done.code, done.json["planned"]) == (3, 125 if bound == "--newer-than" else 0)
    assert [row["reason"] for row in done.json["skipped"]] == [
        "message of unknown time, neither older nor newer: left alone"
    ]
    others = breach(
        "purge", bound, "2026-11-19", "--account", "giulia@example.it", "--root", root, "--dry-run", "--format", "json"
    )
    assert (others.code, others.json["skipped"]) == (0, [])


def test_a_message_of_unknown_time_is_purged_and_restored(root: Path, breach: Callable[..., Ended]) -> None:
    undated(root, 253402300800)
    before = snapshot(root / "mail" / "_outgoing")
    done = breach("purge", "undated", "--root", root, "--yes", "--format", "json")
    assert (done.code, done.json["purged"]) == (0, 1)
    assert breach("find-account", "--root", root).code == 3
    assert breach("restore", "--root", root, "--yes").code == 0
    assert snapshot(root / "mail" / "_outgoing") == before
    shutil.rmtree(root / "mail" / "breachkit-quarantine")


def test_since_and_until_leave_a_message_of_unknown_time_in(root: Path, breach: Callable[..., Ended]) -> None:
    undated(root, -62135596801)
    for command in ("scan", "find-account"):
        done = breach(command, "--since", "2026-11-21", "--root", root, "--format", "json")
        assert done.code == 3
    assert breach("scan", "--since", "2026-11-21", "--root", root, "--format", "json").json["messages"] == 1


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31T23:59:59"])
def test_bounds_at_the_ends_of_the_calendar(breach: Callable[..., Ended], text: str) -> None:
    for zone in ("Pacific/Auckland", "America/New_York"):
        for bound in ("--since", "--until"):
            for command in (["scan"], ["find-account"], ["group"]):
                done = breach(*command, "--root", story("guide"), bound, text, "--timezone", zone, "--format", "json")
                assert done.code == 0
    assert breach("purge", "--older-than", text, "--root", story("guide"), "--dry-run").code == 0


def test_a_bound_that_no_calendar_has_is_refused(breach: Callable[..., Ended]) -> None:
    done = breach("scan", "--root", story("guide"), "--since", "0001-01-01T00:00+23:59")
    assert (done.code, done.out) == (2, "")
    assert "is no time" in done.err


@pytest.mark.parametrize("year", ["0001", "1968", "2251", "9999"])
def test_stamps_of_impossible_years_in_heads_and_logs(breach: Callable[..., Ended], tmp_path: Path, year: str) -> None:
    queue = tmp_path / "mail" / "_outgoing"
    queue.mkdir(parents=True)
    (queue / "a").write_bytes(
        b"LocalSender: user@example.it\nFrom: pippo@gmail.com\nMsgID: 190001010000000000\n\n"
        b"Received: from x ([203.0.113.5]) by mail.example.it with ASMTP id ABC12345;"
        b" Fri, 31 Dec %s 23:59:59 -0100\nSubject: s\n\nhi\n" % year.encode()
    )
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "s20261120-00.log").write_text(
        lines("<<< AUTH PLAIN " + b64("\0anna@example.it\0x"), ">>> 235 ok")
        + f"203.0.113.5     [0001] {year}-01-01 00:00:00 <<< NOOP\n"
    )
    for zone in ("Pacific/Auckland", "America/New_York"):
        for command in ("scan", "find-account", "group"):
            done = breach(command, "--root", tmp_path, "--timezone", zone, "--format", "json")
            reasons = {row["reason"] for row in done.json["skipped"]}
            assert (done.code, reasons) == (3, {"log line without 'ADDRESS [THREAD] TIME'"})
        seen = breach("scan", "--root", tmp_path, "--timezone", zone, "--format", "json").json["newest"]
        assert seen[:4] not in {year, "1900"}


@pytest.mark.parametrize("began", ["yesterday", "0001-01-01T00:00:00+14:00", "2026-11-20T08:00:00", "99999"])
def test_a_journal_that_began_at_no_time(breach: Callable[..., Ended], tmp_path: Path, began: str) -> None:
    shutil.copytree(story("guide"), tmp_path / "root")
    run = tmp_path / "root" / "mail" / "breachkit-quarantine" / "20261120-080000-abcd"
    (run / "messages").mkdir(parents=True)
    fields = {"format": "breachkit-journal/1", "run": run.name, "began": began, "version": "0", "wanted": ["x"]}
    (run / "journal.jsonl").write_bytes(link(1, "0" * 64, "run", fields) + b"\n")
    done = breach("quarantine", "list", "--root", tmp_path / "root", "--format", "json")
    assert (done.code, done.json["runs"][0]["began"]) == (0, None)
    shown = breach("quarantine", "list", "--root", tmp_path / "root")
    assert (shown.code, "began at an unknown time, by: x" in shown.out) == (0, True)
    case = breach("investigate", "--root", tmp_path / "root", "-o", tmp_path / "case", "--format", "json")
    assert (case.code, case.json["purges"][0]["began"]) == (0, None)
