"""Logs → large blocks of whole lines, those of a plain log without a copy of their bytes.

The general way (`files.read_blocks`) copies every byte four times; where a log lies plain on a disk, what is read at
once holds whole lines and a beginning of the next, which is read again with what follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.files import OVERLONG, Block, open_regular, read_blocks, reason_of
from breachkit.logs.logtext import is_changed, open_text, read_lines
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from typing import IO

    from breachkit.logs.kinds import LogFile
    from breachkit.servers.icewarp.pieces import Piece

BLOCK = 4 << 20
"""Bytes that are split at once: the columns of their lines are as large again, thrice."""

FAR = 1 << 16
"""Bytes to the next end of line from which on a span does not begin in a usual line."""

PADDING = bytes(192)
"""Behind a block: what is looked up at fixed columns of a short last line must not fall out of it."""


class Slab(NamedTuple):
    """Some whole lines of a log, each with its LF but perhaps the last."""

    offset: int
    """Where the first line begins."""
    text: bytes
    """The lines and at least as many bytes as `PADDING` has."""
    size: int
    """Bytes of the lines."""
    places: tuple[tuple[int, int], ...] = ()
    """Of each line where it stands in its file, and its number there; none where that is told by its place here."""


def read_slabs(piece: Piece) -> Iterator[Slab | Skipped]:
    """Yield the lines that begin in a piece of a log, some at a time; what is skipped has a line number only there."""
    log = piece.log
    if is_changed(log):
        yield from _changed(log)
        return
    at = (yield from _plain(str(log.path), piece.begin, piece.end)) if piece.is_plain else piece.begin
    if at is not None:
        yield from _gathered(read_blocks(open_text(log), log.label, (at, piece.end)))


def _changed(log: LogFile) -> Iterator[Slab | Skipped]:
    """Yield lines that are read one by one, a block of them at a time."""
    texts: list[bytes] = []
    places: list[tuple[int, int]] = []
    size = 0
    last = (0, 1)
    try:
        for line in read_lines(log):
            last = (line.offset, line.number)
            if not line.is_overlong:
                texts.append(line.text)
                places.append(last)
                size += len(line.text) + 1
            if texts and (line.is_overlong or size >= BLOCK):
                yield _slab_of(texts, places)
                texts, places, size = [], [], 0
            if line.is_overlong:
                yield Skipped(OVERLONG, Locus(log.label, *last))
    except OSError as error:
        if texts:
            yield _slab_of(texts, places)
            texts = []
        yield Skipped(reason_of(error), Locus(log.label, *last))
    if texts:
        yield _slab_of(texts, places)


def _slab_of(texts: list[bytes], places: list[tuple[int, int]]) -> Slab:
    text = b"\n".join([*texts, b""])
    return Slab(0, text + PADDING, len(text), tuple(places))


def _plain(path: str, begin: int, end: int | None) -> Generator[Slab, None, int | None]:
    """Yield whole lines; return where the general way must go on (an error, a line longer than a block), else None."""
    at = begin
    try:
        with open_regular(path, buffering=0) as stream:
            at = _line_start(stream, begin) if stream.seekable() else -1
            while at >= 0 and (end is None or at < end):
                stream.seek(at)
                read = _read(stream, BLOCK + len(PADDING))
                is_all = len(read) < BLOCK + len(PADDING)
                size = len(read) if is_all else read.rfind(b"\n", 0, BLOCK) + 1
                if end is not None and size > end - at:
                    size = read.find(b"\n", end - at - 1, size) + 1 or size
                if not size:
                    return None if is_all else at
                yield Slab(at, read + PADDING if is_all else read, size)
                at += size
    except OSError:
        return max(at, begin)
    return begin if at < 0 else None


def _line_start(stream: IO[bytes], begin: int) -> int:
    """Find the first line that begins at a place or behind it; -1 when the next end of line is far."""
    if not begin:
        return 0
    stream.seek(begin - 1)
    found = _read(stream, FAR).find(b"\n")
    return -1 if found < 0 else begin + found


def _read(stream: IO[bytes], size: int) -> bytes:
    """Read so many bytes, fewer only at the end of the log."""
    read = stream.read(size)
    while 0 < len(read) < size and (more := stream.read(size - len(read))):
        read += more
    return read


def _gathered(blocks: Iterable[Block | Skipped]) -> Iterator[Slab | Skipped]:
    """Put small blocks together: each costs a little by itself."""
    parts: list[Block] = []
    size = 0
    for block in blocks:
        if isinstance(block, Block):
            parts.append(block)
            size += len(block.text)
            if size < BLOCK:
                continue
        if parts:
            yield _slab(parts, size)
        parts, size = [], 0
        if isinstance(block, Skipped):
            yield block
    if parts:
        yield _slab(parts, size)


def _slab(parts: list[Block], size: int) -> Slab:
    return Slab(parts[0].offset, b"".join([*(part.text for part in parts), PADDING]), size)
