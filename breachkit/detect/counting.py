"""Counting queued messages where they are read: of what a scan tells, no message has to be kept."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from breachkit.detect.survey import QueueColumns, Survey
from breachkit.evidence.gather import queue_folders
from breachkit.evidence.queued import Walk, count_queue
from breachkit.files import in_walk_order
from breachkit.micros import micros_of
from breachkit.parallel import processors
from breachkit.progress import bar
from breachkit.records import NO_TIME, Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.evidence.gather import Books
    from breachkit.evidence.queued import ReadPiece
    from breachkit.evidence.where import Where

_TS = 2


def count_messages(where: Where, books: Books, jobs: int | None = None) -> Survey:
    """Count the queued messages over `jobs` processes; None is one process a processor.

    Raises PathUnreadableError.
    """
    new = partial(_Count, micros_of(where.since), micros_of(where.until))
    total = new()
    folders = queue_folders(where, quarantined=False)
    with bar(sys.stderr, "queue", None, " messages") as progress:
        walk = Walk(where.layout.root, where.zone, progress, jobs or processors())
        for queue, own in where.owners(folders):
            for count in count_queue(queue, own, walk, new):
                total.merge(count)
    total.close(books)
    return total.survey


class _Count:
    """What one process counts of a queue, what is left out on the user's word too."""

    def __init__(self, since: int | None, until: int | None) -> None:
        self.survey = Survey()
        self._bounds = (since, until)
        self._messages = 0
        self._bytes = 0
        self._skipped: list[tuple[str, str]] = []
        self._undated: list[str] = []
        """Messages of unknown time."""

    def add(self, piece: ReadPiece) -> None:
        """Count some messages of one folder."""
        queue, read, skipped, *_ = piece
        self._skipped += skipped
        self._messages += len(read)
        self._bytes += sum(row[1] for row in read)
        self._undated += [row[0] for row in read if not row[_TS]]
        inside = read if self._bounds == (None, None) else [row for row in read if self._is_inside(row[_TS])]
        if inside:
            paths, *rest, _ = zip(*inside, strict=True)
            self.survey.add(queue, QueueColumns([(path, 0, 1, "") for path in paths], *rest))

    def _is_inside(self, ts: int) -> bool:
        since, until = self._bounds
        return not ts or ((since is None or ts >= since) and (until is None or ts <= until))

    def merge(self, other: _Count) -> None:
        """Add what another process counted."""
        self._messages += other._messages
        self._bytes += other._bytes
        self._skipped += other._skipped
        self._undated += other._undated
        self.survey.merge(other.survey)

    def pass_over(self, skipped: Iterable[Skipped]) -> None:
        """Count what was met and is no file, and put in order what could not be read."""
        self._skipped += [(one.source.path, one.reason) for one in skipped]
        self._skipped.sort(key=lambda one: in_walk_order(one[0], "/"))

    def close(self, books: Books) -> None:
        """Put down in the books what was found, read and skipped."""
        found = self._messages + len(self._skipped)
        books.files += found
        books.found_messages += found
        books.messages += self._messages
        books.bytes += self._bytes
        for path, reason in self._skipped:
            books.skip(Skipped(reason, Locus(path, 0, 1)))
        for path in sorted(self._undated, key=lambda path: in_walk_order(path, "/")):
            books.skip(Skipped(NO_TIME, Locus(path, 0, 1)))
