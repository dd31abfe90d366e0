"""Sessions that begin and messages that are taken in, by the hour: counted of all lines, without reading any session.

A session is counted where its first line stands, a message where the server has said `354` and then, to the same
client, another reply that is final (RFC 5321 §4.3.2). At a level at which logs hold no dialogue the summaries of the
messages are counted instead.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from breachkit.records import Locus

if TYPE_CHECKING:
    from breachkit.logs.block import Column, Lines
    from breachkit.logs.facts import LogFacts

HOUR = 3600

BEGUN, ENDED, ASKED, YES, NO, SUMMARY, SUMMARY_TAKEN = range(1, 8)
"""What a line may mean here: a session begins or ends, the server asks for a message, it says yes or no to anything,
a message is summed up, one that it has taken."""

_COUNTED = BEGUN, YES, SUMMARY, SUMMARY_TAKEN
_NOBODY = np.zeros(0, np.uint64)


class Hours:
    """The counts of some lines."""

    def __init__(self, *, is_inner: bool) -> None:
        """Begin; `is_inner` says that lines stand before, which somebody else counts."""
        self.counts: dict[int, Counter[int]] = {step: Counter() for step in _COUNTED}
        self.sources: dict[int, dict[int, Locus]] = {BEGUN: {}, SUMMARY: {}}
        """The first line that begins a session, and the first summary, of each hour."""
        self.waiting = _NOBODY
        """Digests of the keys to which a final reply is due."""
        self._heads: list[tuple[Column, ...]] | None = [] if is_inner else None
        """The first line of each key in each block: digest, hour, whether it says yes."""

    def take(self, lines: Lines, steps: Column, is_asked: Column) -> None:
        """Take the lines of a block: what each means, and whether it is within the time that is asked for."""
        hour: Column = (lines.ts // HOUR).astype(np.int64) * HOUR
        step: Column = np.where(lines.is_line, steps, 0)
        self._count(BEGUN, hour[(step == BEGUN) & is_asked])
        self._count(SUMMARY, hour[(step >= SUMMARY) & is_asked])
        self._count(SUMMARY_TAKEN, hour[(step == SUMMARY_TAKEN) & is_asked])
        for first, last in ((BEGUN, BEGUN), (SUMMARY, SUMMARY_TAKEN)):
            sources = self.sources[first]
            rows = np.flatnonzero((step >= first) & (step <= last) & is_asked)
            for row in rows[np.unique(hour[rows], return_index=True)[1]].tolist():
                place = Locus(*lines.place(row))
                sources[hour.item(row)] = min(sources.get(hour.item(row), place), place)
        told = np.flatnonzero((step > 0) & (step < SUMMARY))
        order = told[np.argsort(lines.key[told], kind="stable")]
        key, is_yes = lines.key[order], (step == YES)[order] & is_asked[order]
        step, hour = step[order], hour[order]
        is_head = np.ones(len(key), np.bool_)
        is_head[1:] = key[1:] != key[:-1]
        is_due = is_head & np.isin(key, self.waiting)
        is_due[1:] |= (step[:-1] == ASKED) & ~is_head[1:]
        self._count(YES, hour[is_due & is_yes])
        is_tail = np.append(is_head[1:], np.ones(min(len(key), 1), np.bool_))
        self.waiting = np.union1d(np.setdiff1d(self.waiting, key), key[is_tail & (step == ASKED)])
        if self._heads is not None:
            self._heads.append((key[is_head], hour[is_head], is_yes[is_head]))

    def _count(self, step: int, hours: Column) -> None:
        for hour, number in zip(*(column.tolist() for column in np.unique(hours, return_counts=True)), strict=True):
            self.counts[step][hour] += number

    def add(self, other: Hours) -> None:
        """Add the counts of the lines behind these."""
        for step, counted in other.counts.items():
            self.counts[step].update(counted)
        for step, places in other.sources.items():
            for at, place in places.items():
                self.sources[step][at] = min(self.sources[step].get(at, place), place)
        if other._heads:
            key, hour, is_yes = (np.concatenate(column) for column in zip(*other._heads, strict=True))
            key, first = np.unique(key, return_index=True)
            self._count(YES, hour[first][is_yes[first] & np.isin(key, self.waiting)])
            self.waiting = np.setdiff1d(self.waiting, key)
        self.waiting = np.union1d(self.waiting, other.waiting)

    def add_to(self, facts: LogFacts, *, has_dialogue: bool) -> None:
        """Add the counts to facts: of sessions and replies, or of summaries where the logs hold nothing else."""
        begun, taken = (BEGUN, YES) if has_dialogue else (SUMMARY, SUMMARY_TAKEN)
        facts.accepted.update(self.counts[taken])
        for hour, number in self.counts[begun].items():
            facts.count_session(hour, number, self.sources[begun][hour])
