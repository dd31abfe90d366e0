"""The same queue over one process and over several: the same records in the same order."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest

from breachkit import workers
from breachkit.errors import WorkerLostError
from breachkit.evidence.queued import PieceReader, Walk
from breachkit.files import LINK, list_pieces, walk
from breachkit.progress import silent
from breachkit.records import Message, Skipped
from breachkit.servers.icewarp import SERVER
from breachkit.servers.icewarp.layout import split_queue
from breachkit.servers.icewarp.queue import each_file
from breachkit.workers import Piece, spread
from tests.servers.icewarp.factories import read_queue

if TYPE_CHECKING:
    from pathlib import Path

MANY = 2500
"""Files: more than are done before anybody is asked to help."""


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    rng = random.Random(3)
    folder = tmp_path / "mail" / "_outgoing"
    for below in ("", "retry", "a.b", "a", f"a{os.sep}c"):
        (folder / below).mkdir(parents=True, exist_ok=True)
    for number in range(MANY):
        below = rng.choice(("", "", "retry", "a.b", "a", "a/c"))
        name = f"{number}-{'long' * rng.randrange(50)}.tmp"
        (folder / below / name).write_bytes(b"LocalSender: u%d@x.example\r\n\r\nSubject: s\r\n\r\nb\r\n" % (number % 9))
    (folder / "empty.tmp").write_bytes(b"")
    (folder / "link.tmp").symlink_to(folder / "empty.tmp")
    return folder


def read(queue: Path, jobs: int) -> list[Message | Skipped]:
    root = queue.parents[1]
    return read_queue(split_queue(queue, root), root, UTC, jobs)


def test_pieces_hold_each_file_that_a_walk_finds(queue: Path) -> None:
    skipped: list[Skipped] = []
    listed = sorted(
        f"{piece.folder}{os.sep}{name}"
        for piece in list_pieces(str(queue), None, skipped, each_file)
        for (name,) in piece.messages
    )
    found = list(walk(str(queue)))
    assert listed == sorted(one.path for one in found if not isinstance(one, Skipped))
    assert skipped == [one for one in found if isinstance(one, Skipped)]
    assert [one.reason for one in skipped] == [LINK]


def test_any_number_of_processes_reads_the_same_in_the_same_order(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = read(queue, 1)
    assert len(alone) == MANY + 2
    assert [row.files[0] for row in alone if isinstance(row, Message)] == [
        one.path for one in walk(str(queue)) if not isinstance(one, Skipped)
    ]
    assert read(queue, 2) == alone
    assert read(queue, 5) == alone
    monkeypatch.setattr(workers, "COLD", -1.0)  # as if all of it came from a slow disk
    monkeypatch.setattr(workers, "_blocks_read", lambda: None)
    assert read(queue, 1) == alone
    assert read(queue, 2) == alone


def test_spawned_processes_read_the_same(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = read(queue, 1)
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    monkeypatch.setattr(workers, "SPAWN_AFTER", 1)
    assert read(queue, 2) == alone


def test_no_more_processes_are_spawned_than_windows_can_wait_for(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class WindowsPool(ThreadPoolExecutor):
        """Refuses what the pool of processes refuses there."""

        def __init__(self, number: int, _context: object) -> None:
            if number > 61:
                raise ValueError
            super().__init__(number)

    alone = read(queue, 1)
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    monkeypatch.setattr(workers, "SPAWN_AFTER", 1)
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", WindowsPool)
    assert read(queue, 96) == alone


def test_where_no_process_may_be_started_one_does_it_all(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = read(queue, 1)
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    monkeypatch.setattr(workers, "SPAWN_AFTER", 1)
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    assert read(queue, 2) == alone


def test_a_reader_can_be_handed_over(queue: Path) -> None:
    root = queue.parents[1]
    folders = split_queue(queue, root)
    piece = Piece(str(queue), [("empty.tmp",)])
    assert SERVER.queue is not None
    reader = PieceReader(SERVER.queue, folders, Walk(root, UTC, silent, 1), attrgetter("mail_from", "rcpt_to"))
    assert pickle.loads(pickle.dumps(reader))(piece) == reader(piece)  # noqa: S301  our own


class Dies:
    """Work that ends every process but the one it was made in."""

    def __init__(self) -> None:
        self.here = os.getpid()

    def __call__(self, piece: Piece) -> list[str]:
        if os.getpid() != self.here:
            os._exit(9)
        time.sleep(0.001)  # the other has time to take one
        return [name for (name,) in piece.messages]


def test_a_forked_process_that_ends_early_ends_the_run_with_a_sentence() -> None:
    # in a process of its own: the tests before this one may have started threads, and nothing is forked then
    lines = (
        "from breachkit.workers import Piece, can_fork, spread\n"
        "from tests.servers.icewarp.test_queue_pieces import Dies\n"
        "print(can_fork())\n"
        "spread((Piece('f', [(str(number),)]) for number in range(500)), Dies(), 2)\n"
    )
    ran = subprocess.run([sys.executable, "-c", lines], capture_output=True, check=False, text=True)
    if ran.stdout.strip() == "True":
        assert "WorkerLostError: a process that helped to read ended early (exit code 9)" in ran.stderr


def test_a_spawned_process_that_ends_early_does_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    monkeypatch.setattr(workers, "SPAWN_AFTER", 1)
    with pytest.raises(WorkerLostError):
        spread((Piece("f", [(str(number),)]) for number in range(50)), Dies(), 2)


def test_a_name_too_long_for_a_record_is_done_where_it_is() -> None:
    names: list[tuple[str, ...]] = [("n" * 255,)] * 40

    def work(piece: Piece) -> int:
        return len(piece.messages)

    assert sum(spread((Piece("f", names) for _ in range(9)), work, 3)) == 9 * 40
