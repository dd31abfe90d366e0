"""Some lines of a log as columns of numbers: where each begins, its key, its time and its text.

A line costs 0.1 µs here and 4 µs where it is split by itself. Lines of the form that is usual for the product are told
by a few looks at fixed columns of all lines at once; each other line is split by itself.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from breachkit.files import LONGEST_LINE, OVERLONG, LineBlock, read_blocks, reason_of
from breachkit.logs.kinds import TimeOfDay
from breachkit.logs.logtext import is_changed, open_text, read_lines
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from breachkit.logs.clock import Clock
    from breachkit.logs.kinds import Line, LogFile, LogKind, Place, Stamp

Column = np.ndarray[Any, Any]
Entry = tuple[bytes, float, bytes, "Place"]
"""Key, moment, text and place of a line."""

PADDING = bytes(64)
"""Behind a block: what is looked up at fixed columns of its last line must not fall out of it."""
CHANGED_BLOCK = 1 << 20
"""Bytes of lines that are read one by one which are put together."""

CR, LF = b"\r\n"
_MIX = tuple(np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F))


def blocks_of(log: LogFile, begin: int = 0, end: int | None = None) -> Iterator[LineBlock | Skipped]:
    """Yield the lines of a log that begin between two places; what is skipped has a line number where lines do."""
    if not is_changed(log):
        yield from read_blocks(open_text(log), log.label, (begin, end))
        return
    texts: list[bytes] = []
    places: list[tuple[int, int]] = []
    size, last = 0, (0, 1)
    rest: list[Skipped] = []
    try:
        for line in read_lines(log):
            last = line.offset, line.number
            if texts and (line.is_overlong or size >= CHANGED_BLOCK):
                yield LineBlock(0, b"\n".join([*texts, b""]), tuple(places))
                texts, places, size = [], [], 0
            if line.is_overlong:
                yield Skipped(OVERLONG, Locus(log.label, *last))
            else:
                texts.append(line.text)
                places.append(last)
                size += len(line.text) + 1
    except OSError as error:
        rest = [Skipped(reason_of(error), Locus(log.label, *last))]
    if texts:
        yield LineBlock(0, b"\n".join([*texts, b""]), tuple(places))
    yield from rest


class Lines:
    """The lines of a block, one row each; all places are places of `text`."""

    def __init__(self, block: LineBlock, label: str, number: int, kind: LogKind, zone: tzinfo) -> None:
        """Split a block; `number` is that of its first line, where it does not tell them itself."""
        text = self.text = block.text + PADDING
        self.block, self.label, self.number, self.kind, self.zone = block, label, number, kind, zone
        octets = self.octets = np.frombuffer(text, np.uint8)
        self.words = np.ndarray((len(text) - 7,), "<u8", text, strides=(1,))
        end = np.flatnonzero(octets[: len(block.text)] == LF)
        if not block.text.endswith(b"\n"):
            end = np.append(end, len(block.text))
        self.start = np.empty_like(end)
        self.start[:1], self.start[1:] = 0, end[:-1] + 1
        self.stop = end.copy()
        for _ in range(2):  # a second CR is what a copy "as text" adds to lines that have one
            self.stop -= (octets[self.stop - 1] == CR) & (self.stop > self.start)
        self.grammar = kind.sessions()
        self.usual = self.grammar.find_usual(octets, self.words, self.start)
        self.begin = self.usual.begin.copy()
        self.is_line = self.usual.is_usual & (self.begin <= self.stop) & (end - self.start <= LONGEST_LINE)
        self.ts = np.zeros(len(end))
        """The moments of the lines, once `date` was called."""
        self.odd: dict[int, Line] = {}
        """The lines that were split by themselves."""
        self.aliens: list[tuple[int, str]] = []
        """Rows that are no lines of a log, and why; without empty ones."""
        rows = np.flatnonzero(~self.is_line)
        self.begin[rows] = self.start[rows]
        for row, at, to, size in zip(
            rows.tolist(), *_lists(rows, self.start, self.stop, end - self.start), strict=True
        ):
            found = None if size > LONGEST_LINE else kind.split(text[at:to], zone)
            if found is not None and found.stamp is None:
                continue
            if found is not None:
                self.odd[row], self.is_line[row] = found, True
                self.begin[row] = to - len(found.text)
            elif to > at:
                self.aliens.append((row, OVERLONG if size > LONGEST_LINE else alien_in(kind)))

    def __len__(self) -> int:
        return len(self.start)

    @cached_property
    def key(self) -> Column:
        """Digests of the keys."""
        return self.keys_at(np.arange(len(self)))

    def keys_at(self, rows: Column) -> Column:
        """Digest the keys of some lines."""
        at, close = self.start[rows], np.maximum(self.usual.close[rows], 16)
        key = _mixed(*(self.words[place] for place in (at, at + 8, close - 16, close - 8)))
        odd = np.flatnonzero(np.isin(rows, [*self.odd])) if self.kind.key_of is None else np.arange(len(rows))
        names = map(self.name, rows[odd].tolist())
        ends = b"".join(name[:16].ljust(16, b"\0") + name[-16:].rjust(16, b"\0") for name in names)
        key[odd] = _mixed(*np.frombuffer(ends, "<u8").reshape(-1, 4).T)
        return key

    @cached_property
    def word(self) -> Column:
        """The first eight bytes of the texts, as numbers."""
        return self.words[self.begin]

    @property
    def offset(self) -> Column:
        """Where the lines begin in their log."""
        places = self.block.places
        return np.array([place[0] for place in places]) if places else self.start + self.block.offset

    @cached_property
    def stamps(self) -> dict[int, Stamp | None]:
        """The rows of lines whose stamps are other than those of the lines before them, and what they say."""
        rows, line = np.flatnonzero(self.is_line), self.grammar.read_stamp
        is_new = ~self.usual.is_usual | np.isin(np.arange(len(self)), [*self.odd])
        is_new = is_new[rows]
        is_new[1:] |= is_new[:-1]
        is_new[:1] = True
        for stamp in self.usual.stamps:
            is_new[1:] |= stamp[rows[1:]] != stamp[rows[:-1]]
        rows = rows[is_new]
        texts = (self.text[at:begin] for at, begin in zip(*_lists(rows, self.start, self.usual.begin), strict=True))
        return {
            row: self.odd[row].stamp if row in self.odd else line(text, self.zone)
            for row, text in zip(rows.tolist(), texts, strict=True)
        }

    @property
    def first(self) -> TimeOfDay | None:
        """The first stamp that a clock has to date."""
        return next((stamp for stamp in self.stamps.values() if isinstance(stamp, TimeOfDay)), None)

    def date(self, clock: Clock) -> None:
        """Date the lines, in order; those whose time there is not are none."""
        dated = {
            row: clock.moment_of(stamp) if isinstance(stamp, TimeOfDay) else stamp for row, stamp in self.stamps.items()
        }
        rows = np.flatnonzero(self.is_line)
        places = np.append(np.searchsorted(rows, np.array([*dated], np.int64)), len(rows))
        moments = np.array([np.nan if ts is None else ts for ts in dated.values()], np.float64)
        self.ts[rows] = np.repeat(moments, np.diff(places))
        micros = self.usual.micros
        if micros is not None:
            some = np.flatnonzero(np.where(self.usual.is_usual, micros, 0))
            some = some[~np.isin(some, [*self.odd])]
            self.ts[some] = (self.ts[some] * 1e6 + micros[some]) / 1e6  # as `timestamp` divides: to the last bit
        for row in np.flatnonzero(np.isnan(self.ts)).tolist():
            self.is_line[row] = False
            self.odd.pop(row, None)
            self.aliens.append((row, alien_in(self.kind)))
        self.aliens.sort()

    def find(self, words: Iterable[bytes], *, folded: bool = True) -> Column:
        """List the rows in which one of some words stands; `folded`: small letters in them stand for either case."""
        text = self.text.lower() if folded else self.text
        found: list[tuple[int, int, int]] = []
        for word in words:
            at = text.find(word)
            while at >= 0:
                found.append((0, at, 0))
                at = text.find(word, at + 1)
        return self.rows_at(found)

    def rows_at(self, found: Iterable[tuple[int, int, int]]) -> Column:
        """List, each once, the rows of lines in which lies what a finder has found: which, where it begins and ends."""
        places = np.array([begin for _, begin, _ in found], np.int64)
        rows: Column = np.unique(np.searchsorted(self.start, places, "right") - 1)
        return rows[self.is_line[rows]]

    def raw(self, row: int) -> bytes:
        """Return the text of a line behind its stamp."""
        return self.text[self.begin[row] : self.stop[row]]

    def name(self, row: int) -> bytes:
        """Return the key of a line; empty for what is none."""
        if row in self.odd:
            return self.odd[row].key
        if not self.is_line[row]:
            return b""
        close, head, key_of = self.usual.close[row], self.usual.head, self.kind.key_of
        if key_of is None or head is None:
            return self.text[self.start[row] : close]
        return key_of(self.text[head[row] : close], self.raw(row))

    def place(self, row: int) -> Place:
        """Tell where a line stands."""
        if self.block.places:
            return self.label, *self.block.places[row]
        return self.label, self.block.offset + self.start.item(row), self.number + row

    def entries(self, rows: Column) -> Iterator[Entry]:
        """Yield key, moment, text and place of some lines; of those only that are of a session."""
        text, odd, label, places = self.text, self.odd, self.label, self.block.places
        offset, number, key_of = self.block.offset, self.number, self.kind.key_of
        head = self.start if self.usual.head is None else self.usual.head
        columns = _lists(rows, self.start, head, self.usual.close, self.begin, self.stop, self.ts)
        for row, at, behind, close, begin, stop, ts in zip(rows.tolist(), *columns, strict=True):
            said = text[begin:stop]
            key = text[at:close] if key_of is None else key_of(text[behind:close], said)
            if row in odd:
                key = odd[row].key
            if key:
                yield key, ts, said, (label, *places[row]) if places else (label, offset + at, number + row)


def alien_in(kind: LogKind) -> str:
    """Say why a line is skipped that is none of a kind of log."""
    return f"log line without '{kind.prefix.title}'"


def _lists(rows: Column, *columns: Column) -> Iterator[list[Any]]:
    return (column[rows].tolist() for column in columns)


def _mixed(*parts: Column) -> Column:
    """Digest keys by their first and last 16 bytes: two keys may meet, which makes lines be read for nothing."""
    mix = np.zeros(len(parts[0]), np.uint64)
    for part, odd in zip(parts, _MIX, strict=True):
        mix ^= part * odd
    return mix ^ (mix >> np.uint64(29))
