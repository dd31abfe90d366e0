"""stdout on a full disk, closed, or a pipe that nobody reads: one sentence, and what was done is said before."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from breachkit.cli import asking
from breachkit.purge import moves, restoration
from breachkit.purge.disk import Disk
from tests.cli.test_purge_processes import noted
from tests.conftest import story
from tests.purge.harness import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.typed import Ended

FULL = "breachkit: stdout cannot be written (No space left on device); write elsewhere, or name a file with --output FILE\n"
CLOSED = "breachkit: stdout cannot be written (it is closed); write elsewhere, or name a file with --output FILE\n"
ENDS = {"full": (">/dev/full", FULL), "closed": (">&-", CLOSED)}


def run(redirection: str, *words: object) -> tuple[int, str]:
    """Run a command whose stdout a shell has put somewhere; return its exit code and what it says on stderr."""
    line = f'exec "$@" {redirection} </dev/null'
    command = ["sh", "-c", line, "sh", sys.executable, "-m", "breachkit", *map(str, words)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "words",
    [
        "scan",
        "find-account --format json",
        "group",
        "trace AAD39323",
        "contain --block-list plain",
        "harden --print-commands",
    ],
)
def test_a_product_that_cannot_be_printed_is_one_sentence(end: str, words: str) -> None:
    redirection, sentence = ENDS[end]
    assert run(redirection, *words.split(), "--root", story("guide")) == (1, sentence)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("words", ["--version", "--help", "purge --help", "quarantine --help"])
def test_help_and_version_too(end: str, words: str) -> None:
    redirection, sentence = ENDS[end]
    assert run(redirection, *words.split()) == (1, sentence)


@pytest.mark.parametrize("end", ENDS)
def test_a_plan_that_cannot_be_shown_is_not_executed(end: str, queue: Path) -> None:
    redirection, sentence = ENDS[end]
    before = snapshot(queue.parent)
    assert run(redirection, "purge", "pippo", "--queue", queue, "--yes") == (1, sentence)
    assert snapshot(queue.parent) == before


@pytest.mark.parametrize("end", ENDS)
def test_a_purge_says_what_it_did_before_it_fails_to_print(end: str, queue: Path) -> None:
    redirection, sentence = ENDS[end]
    before = snapshot(queue)
    code, err = run(redirection, "purge", "pippo", "--queue", queue, "--yes", "--format", "json")
    line, last = err.splitlines(keepends=True)
    assert (code, last, noted(line, queue), len(snapshot(queue))) == (1, sentence, 6, 3)
    code, err = run(redirection, "restore", "--queue", queue, "--yes", "--format", "json")
    line, last = err.splitlines(keepends=True)
    assert (code, last) == (1, sentence)
    found = re.fullmatch(r"6 messages put back; run (\S+), journal (\S+), SHA-256 ([0-9a-f]{64})\n", line)
    assert found is not None
    assert hashlib.sha256(Path(found[2]).read_bytes()).hexdigest() == found[3]
    assert snapshot(queue) == before


def test_a_drop_says_it_too(queue: Path) -> None:
    assert run(">/dev/null", "purge", "pippo", "--queue", queue, "--yes")[0] == 0
    (folder,) = (queue.parent / "breachkit-quarantine").iterdir()
    code, err = run(">/dev/full", "quarantine", "drop", folder.name, "--queue", queue, "--yes")
    assert code == 1
    digest = hashlib.sha256((folder / "journal.jsonl").read_bytes()).hexdigest()
    assert err == f"6 messages deleted; run {folder.name}, journal {folder}/journal.jsonl, SHA-256 {digest}\n{FULL}"


def test_the_custody_of_a_case_holds_what_was_done_though_it_could_not_be_printed(queue: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    assert run(">/dev/null", "investigate", "--root", story("guide"), "-o", case)[0] == 0
    code, err = run(">/dev/full", "purge", "pippo", "--queue", queue, "--yes", "--format", "json", "--case", case)
    assert code == 1
    assert "custody: SHA-256" in err
    last = (case / "custody.jsonl").read_text().splitlines()[-1]
    assert '"purged":6' in last
    assert '"exit":1' in last


def test_a_closed_stderr_changes_nothing(queue: Path) -> None:
    assert run(">/dev/null 2>&-", "purge", "pippo", "--queue", queue, "--yes", "--watch", "0.01") == (0, "")
    assert len(snapshot(queue)) == 3
    assert run(">/dev/null 2>/dev/full", "restore", "--queue", queue, "--yes") == (0, "")
    assert len(snapshot(queue)) == 9
    assert run(">&- 2>&- <&-", "purge", "pippo", "--queue", queue, "--yes", "--format", "json") == (1, "")
    assert len(snapshot(queue)) == 3
    assert not os.path.lexists(queue.parent / "1")


def test_no_stdin_is_nobody_to_ask(queue: Path) -> None:
    line = 'exec "$@" <&-'
    command = ["sh", "-c", line, "sh", sys.executable, "-m", "breachkit", "purge", "pippo", "--queue", str(queue)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is no terminal to ask on" in done.stderr


def test_a_purge_that_a_full_disk_ends_says_its_run_and_journal(
    queue: Path, breach: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(queue)
    real, moved = Disk.rename, Mock()

    def rename(disk: Disk, source: str, target: str) -> None:
        moved()
        if moved.call_count == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(disk, source, target)

    monkeypatch.setattr(Disk, "rename", rename)
    monkeypatch.setattr(moves, "BATCH", 2)
    done = breach("purge", "pippo", "--queue", queue, "--yes", "--format", "json")
    line, last = done.err.splitlines(keepends=True)
    assert (done.code, done.out, noted(line, queue)) == (1, "", 3)
    assert "is full: 3 messages were moved, all journalled" in last
    monkeypatch.undo()
    assert breach("restore", "--queue", queue, "--yes").code == 0
    assert snapshot(queue) == before


def test_a_restore_that_is_stopped_says_its_run_and_journal(
    queue: Path, breach: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert breach("purge", "pippo", "--queue", queue, "--yes").code == 0
    asked = Mock(side_effect=[False, False, True, True, True, True, True])

    @contextmanager
    def stoppable() -> Iterator[Mock]:
        yield asked

    monkeypatch.setattr(asking, "stoppable", stoppable)
    monkeypatch.setattr(restoration, "BATCH", 2)
    done = breach("restore", "--queue", queue, "--yes", "--format", "json")
    found = re.fullmatch(
        r"breachkit: stopped: 4 of 6 messages were restored and journalled, the others left alone;"
        r" run (\S+), journal (\S+), SHA-256 ([0-9a-f]{64}); next: breachkit restore \1 --queue \S+\n",
        done.err,
    )
    assert (done.code, done.out) == (1, "")
    assert found is not None, done.err
    assert hashlib.sha256(Path(found[2]).read_bytes()).hexdigest() == found[3]
