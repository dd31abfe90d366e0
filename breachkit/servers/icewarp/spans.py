"""A span of the logs of one server → a partial result: the part of the map that one process does.

A span knows nothing of what stands before it. What that may change is put aside for the stitch (`facts`): lines of
sessions that may have begun before, lines of those still open behind, and how its clock was set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.files import OVERLONG
from breachkit.records import Skipped
from breachkit.servers.icewarp import codes
from breachkit.servers.icewarp.sieve import Sieve
from breachkit.servers.icewarp.splits import clock_of, read_splits
from breachkit.servers.icewarp.weaver import Weaver

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.logs.clock import Clock
    from breachkit.servers import Reading
    from breachkit.servers.facts import LogFacts, Question
    from breachkit.servers.icewarp.blocks import Lines
    from breachkit.servers.icewarp.pieces import Piece, Setting, Span
    from breachkit.servers.icewarp.segments import Seam


SILENCE = 12 * 3600
"""Seconds without any line that are reported as a gap of the log."""


class Dated(NamedTuple):
    """How a span dated its lines."""

    first: tuple[bytes, float] | None
    """The first time of day in its first piece, and the moment that it was taken for; None without one."""
    ahead: float | None
    """The last moment of its first piece, which set the clock of the second; None when there is one piece only."""
    clock: Clock
    """As it stood at the end."""


class Counted(NamedTuple):
    """What the lines of a span showed, beside the sessions themselves."""

    lines: int
    session_lines: int
    bytes: int
    dialogue_lines: int
    summary_lines: int
    begin: float | None
    """The moment of the first line."""
    first: float | None
    last: float | None
    silences: tuple[tuple[float, float], ...]


class Part(NamedTuple):
    """What one span comes to."""

    facts: LogFacts
    counted: Counted
    seam: Seam
    dated: Dated
    lines: tuple[int, ...]
    """How many lines each piece has: they are numbered from 1 in a piece."""


def read_span(span: Span, reading: Reading, question: Question, setting: Setting) -> Part:
    """Read one span."""
    weaver = Weaver(
        reading, question, span.pieces[0].log.node, is_inner=not span.is_first, is_followed=not span.is_last
    )
    sieve = Sieve(weaver, question.queue_ids) if question.is_of_few else None
    counter = Counter(setting.previous)
    reader = _Reader(reading, weaver, weaver.take if sieve is None else sieve.take, counter)
    numbers = []
    clocks: list[Clock] = []
    ahead = None
    for piece in span.pieces:
        ahead = counter.last if len(clocks) == 1 else ahead
        is_set = setting.clock is not None and piece.begin > 0
        clock = (
            setting.clock if is_set and setting.clock is not None else clock_of(piece.log, reading, counter.previous)
        )
        clocks.append(clock)
        numbers.append(reader.read(piece, clock))
        counter.bytes += piece.log.size if piece.end is None else 0
    if sieve is not None:
        sieve.flush()
    if span.is_last:
        weaver.close()
    dated = Dated(clocks[0].first, ahead, clocks[-1])
    return Part(weaver.facts, counter.counted(), weaver.seam(), dated, tuple(numbers))


class _Reader(NamedTuple):
    """What the lines of a span go to."""

    reading: Reading
    weaver: Weaver
    take: Callable[[Lines], bool]
    counter: Counter

    def read(self, piece: Piece, clock: Clock) -> int:
        """Read one piece; return how many lines it has."""
        number = self.weaver.log(piece.log.label)
        lines = 0
        for split in read_splits(piece, number, clock, self.reading, self.take):
            if isinstance(split, Skipped):
                self.weaver.facts.skip([split])
                lines += self.counter.pass_over(split)
            else:
                self.weaver.facts.skip(split.skipped)
                self.counter.count(split.lines, len(split.skipped))
                lines += split.number
        return lines


class Counter:
    """Counts the lines of a span."""

    __slots__ = (
        "_begin",
        "_dialogue",
        "_first",
        "_seed",
        "_session",
        "_silences",
        "_summary",
        "bytes",
        "last",
        "lines",
    )

    def __init__(self, seed: float | None) -> None:
        """Begin behind a moment, if there is something before."""
        self._seed = seed
        self.lines = self.bytes = self._session = self._dialogue = self._summary = 0
        self._begin: float | None = None
        self._first: float | None = None
        self.last: float | None = None
        self._silences: list[tuple[float, float]] = []

    @property
    def previous(self) -> float | None:
        """The last moment so far, of what stands before as well."""
        return max((moment for moment in (self._seed, self.last) if moment is not None), default=None)

    def pass_over(self, skipped: Skipped) -> int:
        """Count what is no block; return how many lines it has."""
        self.lines += skipped.reason == OVERLONG
        return int(skipped.reason == OVERLONG)

    def count(self, lines: Lines, skipped: int) -> None:
        """Count some lines, and how many were none."""
        self.lines += len(lines.ts) + skipped
        self._session += len(lines.ts)
        self._dialogue += int(np.count_nonzero(codes.are_marked(lines.code)))
        self._summary += int(np.count_nonzero(lines.code == codes.SUMMARY))
        if not len(lines.ts):
            return
        if self._begin is None or self._first is None or self.last is None:
            self._begin = self._first = self.last = float(lines.ts[0])
        reached = np.maximum.accumulate(np.concatenate(([self.last], lines.ts)))
        for row in np.flatnonzero(lines.ts - reached[:-1] > SILENCE).tolist():
            self._silences.append((float(reached[row]), float(lines.ts[row])))
        self._first = min(self._first, float(lines.ts.min()))
        self.last = float(reached[-1])

    def counted(self) -> Counted:
        """Close the count."""
        kinds = (self._dialogue, self._summary)
        moments = (self._begin, self._first, self.last)
        return Counted(self.lines, self._session, self.bytes, *kinds, *moments, tuple(self._silences))
