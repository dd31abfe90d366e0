"""Sessions that begin and messages that are taken in, by the hour: counted of all lines, without reading any session.

A session is counted where its first line stands, a message where the server has said `354` and then, to the same
client, another reply that is final (RFC 5321 §4.3.2). At a level at which logs hold no dialogue the summaries of the
messages are counted instead.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from breachkit.records import Locus

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.logs.facts import LogFacts, LogTally
    from breachkit.logs.lines import Column, Lines

HOUR = 3600

BEGUN, ENDED, ASKED, YES, NO, SUMMARY, SUMMARY_TAKEN = range(1, 8)
"""What a line may mean here: a session begins or ends, the server asks for a message, it says yes or no to anything,
a message is summed up, one that it has taken."""

_COUNTED = BEGUN, YES, SUMMARY, SUMMARY_TAKEN
_HIGH = np.uint64(0xFFFFFFFFFF000000)
"""The part of a digest that is compared: below it a row has room, and what is so packed is sorted in a fifth of the
time."""


class HourCounts:
    """The counts of some lines."""

    def __init__(self, is_asked: Callable[[Any], Any], *, is_inner: bool) -> None:
        """Begin, with what tells which moments are asked for; `is_inner`: lines stand before, which another counts."""
        self._is_asked = is_asked
        self.counts: dict[int, Counter[int]] = {step: Counter() for step in _COUNTED}
        self.sources: dict[int, dict[int, Locus]] = {BEGUN: {}, SUMMARY: {}}
        """The first line that begins a session, and the first summary, of each hour."""
        self.waiting = np.zeros(0, np.uint64)
        """Digests of the keys to which a final reply is due."""
        self.heads: list[tuple[Column, ...]] | None = [] if is_inner else None
        """The first line of each key in each block: digest, moment, whether it says yes."""

    def take(self, lines: Lines, steps: Column) -> None:
        """Take the lines of a block, and what each means."""
        is_asked: Column = self._is_asked(lines.ts)
        step: Column = np.where(lines.is_line, steps, 0)
        for first, last in ((BEGUN, BEGUN), (SUMMARY, SUMMARY_TAKEN)):
            rows = np.flatnonzero((step >= first) & (step <= last) & is_asked)
            self._count(first, lines.ts[rows])
            for row in rows[np.unique(lines.ts[rows] // HOUR, return_index=True)[1]].tolist():
                hour, place = int(lines.ts[row] // HOUR) * HOUR, Locus(*lines.place(row))
                self.sources[first][hour] = min(self.sources[first].get(hour, place), place)
        self._count(SUMMARY_TAKEN, lines.ts[(step == SUMMARY_TAKEN) & is_asked])
        rows = np.flatnonzero((step > 0) & (step < SUMMARY))
        packed = np.sort((lines.key[rows] & _HIGH) | np.arange(len(rows), dtype=np.uint64))
        rows, key = rows[(packed & ~_HIGH).astype(np.int64)], packed & _HIGH
        step, is_yes = step[rows], (step[rows] == YES) & is_asked[rows]
        is_head = np.ones(len(key), np.bool_)
        is_head[1:] = key[1:] != key[:-1]
        heads = np.flatnonzero(is_head)
        is_due = np.zeros(len(key), np.bool_)
        is_due[1:] = (step[:-1] == ASKED) & ~is_head[1:]
        is_due[heads[np.isin(key[heads], self.waiting)]] = True
        self._count(YES, lines.ts[rows[is_due & is_yes]])
        tails = np.append(heads[1:], len(key))[: len(heads)] - 1
        self._wait_on(key[heads], key[tails[step[tails] == ASKED]])
        if self.heads is not None:
            self.heads.append((key[heads], lines.ts[rows[heads]], is_yes[heads]))

    def _count(self, step: int, ts: Column) -> None:
        hours, numbers = np.unique(ts.astype(np.int64) // HOUR * HOUR, return_counts=True)
        for hour, number in zip(hours.tolist(), numbers.tolist(), strict=True):
            self.counts[step][hour] += number

    def _wait_on(self, seen: Column, asked: Column) -> None:
        """Go on behind some lines: those keys wait for a reply that did and were not seen, and those asked last."""
        self.waiting = np.concatenate((self.waiting[~np.isin(self.waiting, seen)], asked))

    def add(self, other: HourCounts) -> None:
        """Add the counts of the lines behind these."""
        for step, counted in other.counts.items():
            self.counts[step].update(counted)
        for step, places in other.sources.items():
            for at, place in places.items():
                self.sources[step][at] = min(self.sources[step].get(at, place), place)
        if other.heads:
            heads, ts, is_yes = (np.concatenate(column) for column in zip(*other.heads, strict=True))
            key, first = np.unique(heads, return_index=True)
            self._count(YES, ts[first][is_yes[first] & np.isin(key, self.waiting)])
            self._wait_on(key, other.waiting)

    def add_to(self, facts: LogFacts, tally: LogTally) -> None:
        """Add the counts to facts: of sessions and replies, or of summaries where the logs hold nothing else.

        Of logs without levels those of sessions, where these have a beginning, and of messages.
        """
        begun, taken = (BEGUN, YES) if tally.dialogue_lines else (SUMMARY, SUMMARY_TAKEN)
        if tally.event_lines:
            begun, taken = BEGUN if self.counts[BEGUN] else SUMMARY, SUMMARY_TAKEN
        facts.accepted.update(self.counts[taken])
        for hour, number in self.counts[begun].items():
            facts.count_session(hour, number, self.sources[begun][hour])
