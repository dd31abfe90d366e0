"""What of the sessions and lines of logs is asked for, gathered into facts.

Sessions that begin and messages that are taken in are counted by the hour, of all lines: no session is read for it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from breachkit.logs.facts import LogFacts
from breachkit.logs.grammar import IDLE
from breachkit.records import AuthAttempt, Delivery, Hint, Locus, Skipped, Transaction

if TYPE_CHECKING:
    from breachkit.logs.facts import Question
    from breachkit.logs.grammar import Grammar
    from breachkit.logs.kinds import Event, Place
    from breachkit.logs.lines import Column, Lines

HOUR = 3600
_MOST_KEYS = 1 << 17
"""Keys of sessions that are remembered, before those are forgotten which have been idle for too long."""


class Gatherer:
    """Keeps what of the events is asked for, and counts by the hour."""

    def __init__(self, question: Question, quiet: frozenset[str], *, is_inner: bool) -> None:
        """Begin; lines that cannot be read for some reasons are not counted, `is_inner`: others stand before."""
        self.facts = LogFacts()
        self._question, self._quiet, self._is_inner = question, quiet, is_inner
        self._most = _MOST_KEYS
        self.last: dict[int, float] = {}
        """When a session of which only summaries are logged was last summed up, by the digest of its key."""
        self.heads: list[tuple[int, float, Place]] = []
        """The first summary of each key, where it may go on with a session of before."""

    def tell(self, session: Any, event: Event | None, distance: int) -> None:
        """Keep a try, a message of who has logged in or one that is asked for, a delivery, and what was not read."""
        question = self._question
        if event is None:
            return
        if isinstance(event, Delivery):
            if question.is_inside(session.start):
                self.facts.deliveries.append(event)
        elif isinstance(event, Transaction):
            tried = None if session.won is None else session.won[1]
            is_wanted = tried is not None or (event.queue_id is not None and event.queue_id in question.queue_ids)
            if is_wanted and question.is_inside(session.start):
                who = (None, None) if tried is None else (tried.user, tried.source)
                self.facts.sends.append((session.client_ip, *who, event))
        elif isinstance(event, AuthAttempt):
            is_alone = event.service != "smtp"  # each try stands for itself there
            if question.is_inside(event.ts.timestamp() if is_alone else session.start):
                self.facts.attempts.append(event, *(() if is_alone else (session.source, distance)))
        elif isinstance(event, Hint):
            self.facts.hints.append(event.tried)
        elif isinstance(event, Skipped) and event.reason not in self._quiet:
            self.facts.skip([event])

    def count(self, lines: Lines, grammar: Grammar, *, is_summed: bool) -> None:
        """Count the lines of a block by the hour, where that is asked for; `is_summed`: see `Grammar.find_begun`."""
        if not self._question.by_hour:
            return
        begun, taken = (rows[lines.is_line[rows]] for rows in grammar.find_begun(lines, is_summed=is_summed))
        if is_summed:
            for row, key, ts in zip(begun.tolist(), lines.key[begun].tolist(), lines.ts[begun].tolist(), strict=True):
                self._sum_up(key, ts, lines.place(row))
        else:
            for hour, number, row in self._by_hour(lines, begun):
                self.facts.count_session(hour, number, Locus(*lines.place(row)))
        for hour, number, _ in self._by_hour(lines, taken):
            self.facts.accepted[hour] += number

    def _by_hour(self, lines: Lines, rows: Column) -> list[tuple[int, int, int]]:
        """List the hours of some rows that are asked for, how many are in each, and the first one."""
        rows = rows[self._question.is_inside(lines.ts[rows])]
        hours, first, numbers = np.unique(lines.ts[rows] // HOUR, return_index=True, return_counts=True)
        starts = (hours.astype(np.int64) * HOUR).tolist()
        return list(zip(starts, numbers.tolist(), rows[first].tolist(), strict=True))

    def _sum_up(self, key: int, ts: float, place: Place) -> None:
        """Take a summary: of several of a key only the first begins a session."""
        if self._is_inner and key not in self.last:
            self.heads.append((key, ts, place))
        elif ts - self.last.get(key, -math.inf) > IDLE and self._question.is_inside(ts):
            self.facts.count_session(int(ts) // HOUR * HOUR, 1, Locus(*place))
        self.last[key] = ts
        if len(self.last) > self._most and not self._is_inner:
            self.last = {one: last for one, last in self.last.items() if ts - last <= IDLE}
            self._most = max(_MOST_KEYS, 2 * len(self.last))

    def add(self, other: Gatherer) -> None:
        """Go on behind what another has gathered."""
        self.facts.add(other.facts)
        for key, ts, place in other.heads:
            self._sum_up(key, ts, place)
        self.last.update(other.last)
