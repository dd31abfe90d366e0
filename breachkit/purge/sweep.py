"""Searching some files of one folder: what a process does with its share of the queues.

Most files are not wanted, and each of them costs no more than opening, one read and one search; what is odd in
any way (long, empty, gone, grown meanwhile) is looked at again, by name, as a single file would be.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.files import Found
from breachkit.files import long_path
from breachkit.purge.choose import Chooser
from breachkit.purge.choose import Chosen
from breachkit.purge.choose import Senders
from breachkit.purge.disk import Fingerprint
from breachkit.purge.disk import fingerprint_of
from breachkit.purge.search import Hit
from breachkit.records import Locus
from breachkit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.workers import Piece

FIRST = 1 << 15
"""Bytes of a file that are asked for at once: most messages are shorter."""

_AT_ONCE = os.open in os.supports_dir_fd
"""Whether a file can be opened by its name in an open folder, which spares the system the way there."""
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


class Swept(NamedTuple):
    """What was found in one piece; plain values, so that they travel between processes at little cost."""

    files: int
    bytes: int
    """Of the files that were read; those that were skipped have none."""
    hits: list[tuple[str, bool, tuple[int, int, int, int, int, int, int, str], tuple[str | None, ...]]]
    skipped: list[tuple[str, tuple[str, int, int]]]


class Sweep:
    """Looks through pieces of the queues; it can be handed to another process."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser

    def __call__(self, piece: Piece) -> tuple[object, ...]:
        """Look through one piece; returns the values of a `Swept` as a plain tuple, which `marshal` wants."""
        swept = Swept(len(piece.names), 0, [], [])
        again, size = self._glance(piece, swept) if _AT_ONCE and self._chooser.asks_bytes_only else (piece.names, 0)
        for name in again:
            size += self._look(os.path.join(piece.folder, name), swept)  # noqa: PTH118  a name of a stranger
        return tuple(swept._replace(bytes=size))

    def _look(self, path: str, swept: Swept) -> int:
        """Look at one file by its name; returns its size."""
        try:
            status = os.lstat(long_path(path))
        except OSError:
            status = None  # the chooser meets the same, and says it
        found = Found(path, 0 if status is None else status.st_size, 0 if status is None else status.st_mtime)
        judged = self._chooser.judge(found)
        if isinstance(judged, Skipped):
            swept.skipped.append((judged.reason, (judged.source.path, judged.source.offset, judged.source.line)))
        elif judged is not None:
            _keep(swept, judged.hit, judged.senders)
        return found.size

    def _glance(self, piece: Piece, swept: Swept) -> tuple[list[str], int]:
        """Search the files that are short and plain; returns the names of the others, and the bytes read."""
        try:
            folder = os.open(piece.folder, os.O_RDONLY)
        except OSError:
            return piece.names, 0
        again: list[str] = []
        size = 0
        judge = self._chooser.judge_bytes
        # most searches are for one literal string: nothing is found in what it is not in
        alone, is_raw_only = self._chooser.alone, self._chooser.is_raw_only
        read, close, opened = os.read, os.close, os.open  # looked up once, not 200,000 times
        try:
            for name in piece.names:
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
                    is_raw = True if alone is not None and alone in raw else None if is_raw_only else judge(raw)
                    if is_raw is None or self._take(f"{piece.folder}{os.sep}{name}", raw, handle, swept, is_raw=is_raw):
                        size += len(raw)
                    else:
                        again.append(name)
                except (OSError, TimeoutError):
                    again.append(name)
                finally:
                    close(handle)
        finally:
            os.close(folder)
        return again, size

    def _take(self, path: str, raw: bytes, handle: int, swept: Swept, *, is_raw: bool) -> bool:
        """Keep a hit; False when it is no regular file, or not the bytes that were searched."""
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size != len(raw):
            return False
        fingerprint = fingerprint_of(status, hashlib.sha256(raw).hexdigest())
        _keep(swept, Hit(path, fingerprint, is_raw), self._chooser.senders_of(raw))
        return True


def _keep(swept: Swept, hit: Hit, senders: Senders) -> None:
    swept.hits.append((hit.path, hit.is_raw, tuple(hit.fingerprint), tuple(senders)))  # type: ignore[arg-type]


def unpack(swept: Swept) -> Iterator[Chosen | Skipped]:
    """Make records again of what came from another process."""
    for path, is_raw, fingerprint, senders in swept.hits:
        yield Chosen(Hit(path, Fingerprint(*fingerprint), is_raw), Senders(*senders))
    for reason, source in swept.skipped:
        yield Skipped(reason, Locus(*source))
