"""Looking through the queues for what is to be purged, once or again and again."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from breachkit.evidence.queued import head_of, read_message
from breachkit.files import Found, in_walk_order
from breachkit.parallel import spread
from breachkit.progress import bar
from breachkit.purge.choose import Chooser, Chosen, queue_pieces, walk_queues
from breachkit.purge.plan import Tally
from breachkit.purge.sweep import Sweep, Swept
from breachkit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo
    from pathlib import Path

    from breachkit.cli.aside import Yard
    from breachkit.evidence.gather import Books
    from breachkit.parallel import Piece
    from breachkit.progress import Progress
    from breachkit.purge.plan import Plan, Wanted
    from breachkit.purge.search import Hit
    from breachkit.purge.watch import Watch
    from breachkit.records import Message
    from breachkit.servers import Queue, QueueFolder


class Reader:
    """Reads one message of the queues; it can be handed to another process."""

    def __init__(self, queue: Queue, folders: dict[str, QueueFolder], root: Path | None, zone: tzinfo) -> None:
        self._queue = queue
        self._folders = folders
        self._root = root
        self._zone = zone

    def __call__(self, found: Found) -> Message | Skipped:
        """Read it, whichever queue folder it lies in or below."""
        above = os.path.dirname(found.path)  # noqa: PTH120  once for each message
        while above not in self._folders:
            above = os.path.dirname(above)  # noqa: PTH120
        return read_message(self._queue, (found.path,), self._folders[above], self._root, self._zone)

    def senders(self, raw: bytes) -> tuple[str | None, str | None, str | None]:
        """Read account, declared From and subject from the bytes of a message."""
        head = head_of(self._queue, (("", raw),), self._zone)
        return head.auth_user, head.mail_from, head.subject


def make_reader(yard: Yard) -> Reader:
    """Make the reader for the queues of a yard."""
    folders = {os.fspath(folder.path): folder for folder in yard.folders}
    return Reader(yard.where.queue, folders, yard.root, yard.where.zone)


@dataclass(slots=True)
class Look:
    """Looks through the queues for what is wanted, again and again if asked."""

    yard: Yard
    wanted: Wanted
    books: Books
    jobs: int = 1
    tally: Tally = field(default_factory=Tally)
    chosen: list[Message] = field(default_factory=list)
    """The messages taken, where `keep` asks for them (`--explain`)."""
    keep: bool = False
    moves: bool = True
    """Whether the messages are to be moved; else they are only counted."""
    watch: Watch | None = None

    def once(self) -> Plan:
        """Make the plan."""
        with bar(sys.stderr, "queue", None, " messages") as progress:
            if self.watch is None:
                self._sweep(progress)
            else:
                self._step(self.watch, progress)
        self.tally.messages = self.books.messages
        return self.tally.plan(self.wanted, self.yard.root)

    def _sweep(self, progress: Progress) -> None:
        """Look through all of it, over as many processes as asked; the plan is the same with any number."""
        passed_over: list[Skipped] = []
        folders = [os.fspath(queue.path) for queue in self.yard.queues]
        pieces = _told(queue_pieces(folders, self.yard.root, passed_over), progress)
        swept = Swept()
        for packed in spread(pieces, Sweep(self._chooser(), keeps=self.moves or self.keep), self.jobs):
            swept.take(packed)
        files = swept.files + len(passed_over)
        self.books.files += files
        self.books.found_messages += files
        self.books.bytes += swept.bytes
        skipped = [*passed_over, *swept.made_skipped()]
        self.books.messages += files - len(skipped)
        for one in sorted(skipped, key=lambda one: in_walk_order(one.source.path, "/")):
            self.books.skip(one)
        hits = swept.made_hits()
        self.tally.count(swept.planned, swept.planned_bytes, swept.found_as, swept.senders)
        self.tally.show(swept.samples)
        self.tally.keep(hits)
        for hit in hits if self.keep else ():
            self._read(hit)

    def _step(self, watch: Watch, progress: Progress) -> None:
        """Look at one file after the other, and remember each for the watch."""
        chooser = self._chooser()
        for found in self._walk():
            progress(1)
            self.books.files += 1
            self.books.found_messages += 1
            if isinstance(found, Found):
                watch.judged(found)
                self.books.bytes += found.size
            self._take(chooser.judge(found) if isinstance(found, Found) else found)

    def again(self, most: int) -> list[Chosen]:
        """Look for messages that arrived since; no more than `most` are taken."""
        chooser = self._chooser()
        taken: list[Chosen] = []
        for found in self.watch.ripe(self._walk(), time.time()) if self.watch is not None else ():
            self.books.files += 1
            self.books.found_messages += 1
            self.books.bytes += found.size
            judged = chooser.judge(found)
            self._take(judged)
            taken += [judged] if isinstance(judged, Chosen) else []
            if len(taken) == most:
                break
        self.tally.messages = self.books.messages
        return taken

    def _walk(self) -> Iterator[Found | Skipped]:
        return walk_queues([queue.path for queue in self.yard.queues], self.yard.root)

    def _chooser(self) -> Chooser:
        reader = make_reader(self.yard)
        return Chooser(self.wanted, reader, reader.senders, self.yard.root)

    def _take(self, judged: Chosen | Skipped | None) -> None:
        if isinstance(judged, Skipped):
            self.books.skip(judged)
            return
        self.books.messages += 1
        if judged is not None:
            self._keep(judged)

    def _keep(self, chosen: Chosen) -> None:
        self.tally.add(chosen.hit, chosen.senders)
        if self.keep:
            self._read(chosen.hit)

    def _read(self, hit: Hit) -> None:
        message = make_reader(self.yard)(Found(hit.path, hit.fingerprint.size, hit.fingerprint.mtime_ns / 1e9))
        if not isinstance(message, Skipped):
            self.chosen.append(message)


def _told(pieces: Iterable[Piece], progress: Progress) -> Iterator[Piece]:
    for piece in pieces:
        yield piece
        progress(len(piece.messages))
