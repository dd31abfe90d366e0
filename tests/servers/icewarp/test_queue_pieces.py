"""The same queue over one process and over several: the same records in the same order."""

from __future__ import annotations

import os
import pickle
import random
from datetime import UTC
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest

from breachkit import parallel
from breachkit.evidence.queued import PieceReader, Walk
from breachkit.files import LINK, list_pieces, walk
from breachkit.parallel import Piece
from breachkit.progress import silent
from breachkit.records import Message, Skipped
from breachkit.servers.icewarp import SERVER
from breachkit.servers.icewarp.layout import split_queue
from breachkit.servers.icewarp.queue import each_file
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
    monkeypatch.setattr(parallel, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(parallel, "BATCH", 2)
    assert read(queue, 2) == alone
    assert read(queue, 5) == alone
    monkeypatch.setattr(parallel, "COLD", -1.0)  # as if all of it came from a slow disk
    monkeypatch.setattr(parallel, "_disk_reads", lambda: None)
    assert read(queue, 1) == alone
    assert read(queue, 2) == alone


def test_a_reader_can_be_handed_over(queue: Path) -> None:
    root = queue.parents[1]
    folders = split_queue(queue, root)
    piece = Piece(str(queue), [("empty.tmp",)])
    assert SERVER.queue is not None
    reader = PieceReader(SERVER.queue, folders, Walk(root, UTC, silent, 1), attrgetter("mail_from", "rcpt_to"))
    assert pickle.loads(pickle.dumps(reader))(piece) == reader(piece)
