"""Partial results of the spans of one server, put together: the answer that one pass in order would give.

A span that took for granted what turns out otherwise (its first lines are of another day) is read again; where
only reading on can tell whether a session went on over a seam, all is read in one span.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from breachkit.logs.logtext import read_again
from breachkit.servers.facts import LogFacts
from breachkit.servers.icewarp import codes
from breachkit.servers.icewarp.blocks import Lines, words_at
from breachkit.servers.icewarp.pieces import Setting
from breachkit.servers.icewarp.slabs import PADDING
from breachkit.servers.icewarp.spans import SILENCE
from breachkit.servers.icewarp.splits import clock_of
from breachkit.servers.icewarp.weaver import Weaver

if TYPE_CHECKING:
    from breachkit.logs.clock import Clock
    from breachkit.logs.kinds import LogFile
    from breachkit.servers import LogTally, Reading
    from breachkit.servers.facts import Question
    from breachkit.servers.icewarp.pieces import Span
    from breachkit.servers.icewarp.segments import Rows
    from breachkit.servers.icewarp.spans import Counted, Part


class Stitch:
    """Takes the parts of one server in order."""

    def __init__(self, reading: Reading, question: Question, node: str) -> None:
        self._reading = reading
        self._weaver = Weaver(reading, question, node, is_inner=False, is_followed=False)
        self._clock: Clock | None = None
        self._lines = 0
        """Lines of the log that was read last, so far."""
        self.facts = LogFacts()
        self.counted: list[Counted] = []
        self._last: float | None = None

    def misdated(self, span: Span, part: Part) -> Setting | None:
        """Tell whether a part took its lines for those of another day; return how its clock should have been set."""
        if span.is_first:
            return None
        setting = Setting(copy.copy(self._entry(span)), self._last)
        first, ahead = part.dated.first, part.dated.ahead
        is_right = first is None or self._entry(span).goes_on_as(first)
        is_set = len(span.pieces) == 1 or self._last is None or (ahead is not None and self._last <= ahead)
        return None if is_right and is_set else setting

    def _entry(self, span: Span) -> Clock:
        piece = span.pieces[0]
        if piece.begin == 0 or self._clock is None:
            return clock_of(piece.log, self._reading, self._last)
        return self._clock

    def add(self, span: Span, part: Part) -> bool:
        """Add the next part; False when nothing but reading all in one span can tell what it means."""
        entry = self._entry(span)
        piece = span.pieces[0]
        before = self._lines if piece.begin else 0
        part.facts.move_down(piece.log.label, before)
        self.facts.add(part.facts)
        logs = [one.log for one in span.pieces]
        numbers = [self._weaver.log(log.label) for log in logs]
        seam = part.seam
        self._weaver.take(_read_again(seam.head, logs, numbers, before if piece.begin else 0))
        if not self._weaver.pass_seam(seam.settled, seam.tail.key):
            return False
        self._weaver.take(_read_again(seam.tail, logs, numbers, before if piece.begin else 0))
        self._lines = part.lines[-1] + (before if len(span.pieces) == 1 else 0)
        self._clock = entry if len(span.pieces) == 1 and part.dated.first is None else part.dated.clock
        self.counted.append(part.counted)
        if part.counted.last is not None:
            self._last = part.counted.last if self._last is None else max(self._last, part.counted.last)
        return True

    def close(self) -> LogFacts:
        """End the sessions that are still open; return all facts."""
        self._weaver.close()
        self.facts.add(self._weaver.facts)
        return self.facts


def _read_again(rows: Rows, logs: list[LogFile], numbers: list[int], before: int) -> Lines:
    """Read lines again of which only the places are known.

    Args:
        rows: the lines, in order.
        logs: what their numbers of logs mean.
        numbers: what the logs are numbered here.
        before: lines of the first log that stand before the part.
    """
    texts: list[bytes] = []
    for index, log in enumerate(logs):
        chosen = rows.log == index
        if not chosen.any():
            continue
        # a seam's lines lie close together
        texts += read_again(log, zip(rows.offset[chosen].tolist(), rows.size[chosen].tolist(), strict=True))
    text = b"".join(texts) + PADDING
    at = np.cumsum(rows.size) - rows.size
    begin, stop = at + rows.begin, at + rows.size
    code = codes.codes_of(text, words_at(text), begin, stop)
    number = rows.number + before * (rows.log == 0)
    known = np.array(numbers, np.int64)[rows.log]
    return Lines(text, at, begin, stop, rows.ts, rows.key, code, rows.offset, number, known, np.ones(len(at), np.bool_))


def count_up(tally: LogTally, counted: list[Counted]) -> None:
    """Add the counts of the parts of one server, in order, to a tally."""
    last: float | None = None
    for part in counted:
        tally.lines += part.lines
        tally.session_lines += part.session_lines
        tally.bytes += part.bytes
        tally.dialogue_lines += part.dialogue_lines
        tally.summary_lines += part.summary_lines
        if part.begin is None or part.first is None or part.last is None:
            continue
        tally.first = part.first if tally.first is None else min(tally.first, part.first)
        tally.last = part.last if tally.last is None else max(tally.last, part.last)
        seam = [] if last is None else [(last, part.begin)]
        for begin, end in (*seam, *part.silences):
            since = begin if last is None else max(begin, last)
            if end - since > SILENCE:
                tally.silences.append((since, end))
        last = part.last if last is None else max(last, part.last)
