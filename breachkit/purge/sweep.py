"""Searching some files of one folder: what a process does with its share of the queues.

Most files are not wanted, and each of them costs no more than opening, one read and one search; what is odd in
any way (long, empty, gone, grown meanwhile) is looked at again, by name, as a single file would be.
"""

from __future__ import annotations

import os
import stat
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from breachkit.chain import sha256
from breachkit.files import FOLDER, Found, in_walk_order, long_path
from breachkit.purge.disk import Fingerprint, fingerprint_of
from breachkit.purge.plan import SAMPLES
from breachkit.purge.search import Hit
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from breachkit.parallel import Piece
    from breachkit.purge.choose import Chooser, Senders
    from breachkit.purge.plan import Names
    from breachkit.purge.search import FoundAs

FIRST = 1 << 15
"""Bytes of a file that are asked for at once: most messages are shorter."""

_AT_ONCE = os.open in os.supports_dir_fd
"""Whether a file can be opened by its name in an open folder, which spares the system the way there."""
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


class Swept:
    """What was found in some pieces; it is packed as plain values, which travel between processes at little cost."""

    def __init__(self) -> None:
        self.files = 0
        self.bytes = 0
        """Of the files that were read; those that were skipped have none."""
        self.planned = 0
        self.planned_bytes = 0
        self.found_as: dict[FoundAs, int] = {}
        """How many of them were found how."""
        self.senders: dict[Names, int] = {}
        self.samples: list[tuple[str, Names]] = []
        """The first of the wanted messages in the order of a walk."""
        self.hits: list[tuple[str, FoundAs, tuple[int | str, ...]]] = []
        """All of them, where they are not only counted."""
        self.skipped: list[tuple[str, tuple[str, int, int]]] = []

    def add(self, path: str, size: int, senders: Senders, found_as: FoundAs) -> None:
        """Count a wanted message."""
        self.planned += 1
        self.planned_bytes += size
        self.found_as[found_as] = self.found_as.get(found_as, 0) + 1
        self.senders[senders] = self.senders.get(senders, 0) + 1
        self.samples.append((path, senders))

    def pack(self) -> tuple[object, ...]:
        """Return all of it as plain values, which `marshal` wants."""
        senders = {tuple(names): number for names, number in self.senders.items()}
        samples = [(path, tuple(names)) for path, names in _first(self.samples)]
        counts = (self.files, self.bytes, self.planned, self.planned_bytes, self.found_as)
        return (*counts, senders, samples, self.hits, self.skipped)

    def take(self, packed: tuple[Any, ...]) -> None:
        """Add what came from another process."""
        files, size, planned, planned_bytes, found_as, senders, samples, hits, skipped = packed
        self.files += files
        self.bytes += size
        self.planned += planned
        self.planned_bytes += planned_bytes
        for name, count in found_as.items():
            self.found_as[name] = self.found_as.get(name, 0) + count
        for names, number in senders.items():
            self.senders[names] = self.senders.get(names, 0) + number
        self.samples = _first(self.samples + samples)
        self.hits += hits
        self.skipped += skipped

    def made_hits(self) -> list[Hit]:
        """Make records again of the hits, in the order of a walk."""
        self.hits.sort(key=lambda hit: in_walk_order(hit[0]))
        return [Hit(path, Fingerprint(*known), found_as) for path, found_as, known in self.hits]  # type: ignore[arg-type]

    def made_skipped(self) -> list[Skipped]:
        """Make records again of what could not be searched."""
        return [Skipped(reason, Locus(*source)) for reason, source in self.skipped]


def _first(samples: list[tuple[str, Names]]) -> list[tuple[str, Names]]:
    return nsmallest(SAMPLES, samples, key=lambda sample: in_walk_order(sample[0]))


def _names(piece: Piece) -> list[str]:
    return [name for (name,) in piece.messages]


class Sweep:
    """Looks through pieces of the queues; it can be handed to another process.

    Args:
        chooser: which messages are wanted.
        keeps: they are to be moved; else they are only counted, and what tells each from every other is not asked.
    """

    def __init__(self, chooser: Chooser, *, keeps: bool) -> None:
        self._chooser = chooser
        self._keeps = keeps

    def __call__(self, piece: Piece) -> tuple[object, ...]:
        """Look through one piece; returns a `Swept`, packed."""
        swept = Swept()
        swept.files = len(piece.messages)
        again = self._glance(piece, swept) if _AT_ONCE and self._chooser.asks_bytes_only else _names(piece)
        for name in again:
            self._look(os.path.join(piece.folder, name), swept)  # noqa: PTH118  a name of a stranger
        return swept.pack()

    def _look(self, path: str, swept: Swept) -> None:
        """Look at one file by its name."""
        try:
            status = os.lstat(long_path(path))
        except OSError:
            status = None  # the chooser meets the same, and says it
        found = Found(path, 0 if status is None else status.st_size, 0 if status is None else status.st_mtime)
        swept.bytes += found.size
        judged = self._chooser.judge(found)
        if isinstance(judged, Skipped):
            swept.skipped.append((judged.reason, (judged.source.path, judged.source.offset, judged.source.line)))
        elif judged is not None:
            hit = judged.hit
            swept.add(path, hit.fingerprint.size, judged.senders, hit.found_as)
            if self._keeps:
                swept.hits.append((hit.path, hit.found_as, tuple(hit.fingerprint)))

    def _glance(self, piece: Piece, swept: Swept) -> list[str]:
        """Search the files that are short and plain; returns the names of the others."""
        try:
            folder = os.open(piece.folder, FOLDER)
        except OSError:
            return _names(piece)
        again: list[str] = []
        # most searches are for one literal string: nothing is found in its bytes that lacks its longest word
        alone, is_raw_only = self._chooser.alone, self._chooser.is_raw_only
        sought = alone if is_raw_only else self._chooser.longest or alone
        judge, judge_decoded = self._chooser.judge_bytes, self._chooser.judge_decoded
        read, close, opened = os.read, os.close, os.open  # looked up once, not 200,000 times
        try:
            for (name,) in piece.messages:
                try:
                    handle = opened(name, _READ, dir_fd=folder)
                except OSError:
                    again.append(name)
                    continue
                try:
                    raw = read(handle, FIRST)
                    if not 0 < len(raw) < FIRST:
                        again.append(name)
                        continue
                    found_as: FoundAs | None
                    if sought is None or sought in raw:
                        found_as = judge(raw)
                    else:
                        found_as = None if is_raw_only else judge_decoded(raw, has_longest=False)
                    if found_as is None or self._take(f"{piece.folder}{os.sep}{name}", raw, handle, swept, found_as):
                        swept.bytes += len(raw)
                    else:
                        again.append(name)
                except (OSError, TimeoutError):
                    again.append(name)
                finally:
                    close(handle)
        finally:
            os.close(folder)
        return again

    def _take(self, path: str, raw: bytes, handle: int, swept: Swept, found_as: FoundAs) -> bool:
        """Take a hit; False when it is no regular file, or not the bytes that were searched."""
        if self._keeps:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size != len(raw):
                return False
            fingerprint = fingerprint_of(status, sha256(raw).hexdigest())
            swept.hits.append((path, found_as, tuple(fingerprint)))
        swept.add(path, len(raw), self._chooser.senders_of(raw), found_as)
        return True
