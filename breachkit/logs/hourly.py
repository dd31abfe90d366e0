"""Sessions that begin and messages that are taken in, by the hour: counted of all lines, no session is read for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from breachkit.records import Locus

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.logs.facts import LogFacts
    from breachkit.logs.kinds import Place
    from breachkit.logs.lines import Column, Lines

HOUR = 3600
IDLE = 24 * HOUR
"""Seconds after which a line of a key belongs to another session: none lives that long in silence."""
_MOST_KEYS = 1 << 17
"""Keys of sessions that are remembered, before those are forgotten which have been idle for too long."""


class HourCounts:
    """Counts the lines that begin a session, and those by which a message is taken in."""

    def __init__(self, facts: LogFacts, is_asked: Callable[[Any], Any], *, is_inner: bool) -> None:
        """Begin, with what tells which moments are asked for; `is_inner`: lines stand before, which another counts."""
        self._facts, self._is_asked, self._is_inner = facts, is_asked, is_inner
        self._most = _MOST_KEYS
        self.last: dict[int, float] = {}
        """When a session of which only summaries are logged was last summed up, by the digest of its key."""
        self.heads: list[tuple[int, float, Place]] = []
        """The first summary of each key, where it may go on with a session of before."""

    def take(self, lines: Lines, begun: Column, taken: Column, *, is_summed: bool) -> None:
        """Take the rows of a block; `is_summed`: of several summaries of a key only the first begins a session."""
        begun, taken = (rows[lines.is_line[rows]] for rows in (begun, taken))
        if is_summed:
            for row, key, ts in zip(begun.tolist(), lines.key[begun].tolist(), lines.ts[begun].tolist(), strict=True):
                self._sum_up(key, ts, lines.place(row))
        else:
            for hour, number, row in self._by_hour(lines, begun):
                self._facts.count_session(hour, number, Locus(*lines.place(row)))
        for hour, number, _ in self._by_hour(lines, taken):
            self._facts.accepted[hour] += number

    def _by_hour(self, lines: Lines, rows: Column) -> list[tuple[int, int, int]]:
        """List the hours of some rows that are asked for, how many are in each, and the first one."""
        rows = rows[self._is_asked(lines.ts[rows])]
        hours, first, numbers = np.unique(lines.ts[rows] // HOUR, return_index=True, return_counts=True)
        starts = (hours.astype(np.int64) * HOUR).tolist()
        return list(zip(starts, numbers.tolist(), rows[first].tolist(), strict=True))

    def _sum_up(self, key: int, ts: float, place: Place) -> None:
        if self._is_inner and key not in self.last:
            self.heads.append((key, ts, place))
        elif ts - self.last.get(key, -math.inf) > IDLE and self._is_asked(ts):
            self._facts.count_session(int(ts) // HOUR * HOUR, 1, Locus(*place))
        self.last[key] = ts
        if len(self.last) > self._most and not self._is_inner:
            self.last = {one: last for one, last in self.last.items() if ts - last <= IDLE}
            self._most = max(_MOST_KEYS, 2 * len(self.last))

    def add(self, other: HourCounts) -> None:
        """Go on behind the lines that another has counted; its counts stand in its facts."""
        for key, ts, place in other.heads:
            self._sum_up(key, ts, place)
        self.last.update(other.last)
