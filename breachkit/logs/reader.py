"""Logs of one server → the sessions that matter → their events.

1. Which sessions matter? Of dialogues, few: `find_keys` lists the keys of lines that tell so; a superset does no harm.
2. All lines of these keys, and no others, go to their sessions, a line at a time (`LogReader.read`). Where a log has no
   dialogues but events, all do.

Both are done in stretches of the logs, by several processes where that pays (`spans`). A stretch knows nothing of what
stands before it: it takes for granted how its clock stands, and puts aside the lines of sessions that may have begun
before. Who reads the whole puts stretches together in order (`LogReader.join`); where one took for granted what turns
out otherwise, it is read again, going on from what is known.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from breachkit.files import OVERLONG
from breachkit.logs.clock import Clock, day_of
from breachkit.logs.facts import SILENCE, LogTally
from breachkit.logs.lines import Lines, blocks_of
from breachkit.logs.logtext import is_changed
from breachkit.progress import silent
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo

    from breachkit.logs.gatherer import Gatherer
    from breachkit.logs.grammar import Listener
    from breachkit.logs.kinds import LogFile, LogKind, TimeOfDay
    from breachkit.logs.lines import Column, Entry
    from breachkit.progress import Progress

MOST_LOOSE = 1 << 17
"""Lines that a stretch puts aside; where there are more, it is read by who reads the whole."""

MOST_ALIVE = 1 << 14
"""Open sessions before those are ended that have been silent for too long."""


class Stretch(NamedTuple):
    """The lines of a log that begin between two places of it."""

    log: LogFile
    begin: int = 0
    end: int | None = None
    number: int = 1
    """Of its first line."""
    clock: Clock | None = None
    """As it is taken to stand before the first line; None to set it by what is known of the log."""
    is_summed: bool = False
    """The log holds summaries only, and no dialogue."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return (self.log.size if self.end is None else self.end) - self.begin


class FirstLook(NamedTuple):
    """What a first look at a stretch tells."""

    keys: tuple[Column, ...]
    """Digests of the keys of the lines that each function has found, each once."""
    lines: int
    first: TimeOfDay | None
    """The first stamp that a clock has to date."""
    dialogue: int
    summaries: int
    """Lines of dialogues, and of summaries."""


def find_keys(stretch: Stretch, zone: tzinfo, *finds: Callable[[Lines], Column]) -> FirstLook:
    """List the keys of the lines that functions find."""
    log, number, first = stretch.log, 0, None
    keys = [[np.zeros(0, np.uint64)] for _ in finds]
    grammar, levels = log.kind.sessions(), [(0, 0)]
    for block in blocks_of(log, stretch.begin, stretch.end):
        if isinstance(block, Skipped):
            number += block.reason == OVERLONG
            continue
        lines = Lines(block, log.label, 1, log.kind, zone)
        first = first or lines.first
        number += len(lines)
        for known, find in zip(keys, finds, strict=True):
            known.append(np.unique(lines.keys_at(find(lines))))
        levels.append(grammar.count_levels(lines))
    each = tuple(np.unique(np.concatenate(known)) for known in keys)
    return FirstLook(each, number, first, *map(sum, zip(*levels, strict=True)))


def every_row(lines: Lines) -> Column:
    """List the rows of all lines."""
    found: Column = np.flatnonzero(lines.is_line)
    return found


def rows_of(keys: Column) -> Callable[[Lines], Column]:
    """Make what lists the rows of lines of some keys, and perhaps of a few others, which does no harm."""
    bits = max(16, (64 * len(keys)).bit_length())
    shift, is_held = np.uint64(64 - bits), np.zeros(1 << bits, np.bool_)
    is_held[keys >> shift] = True
    return lambda lines: np.flatnonzero(is_held[lines.key >> shift] & lines.is_line)


class LogReader:
    """Takes the lines of one server in order."""

    def __init__(self, kind: LogKind, zone: tzinfo, listener: Listener, *, is_inner: bool = False) -> None:
        """Begin; `is_inner` says that lines stand before, of which nothing is known here."""
        self.kind, self.grammar, self.zone = kind, kind.sessions(), zone
        self.listener = listener
        self.is_inner = is_inner
        self.gatherer: Gatherer | None = None
        self.progress: Progress = silent
        self.tally = LogTally()
        self.begin: float | None = None
        """The moment of the first line."""
        self.clock: Clock | None = None
        self.first: TimeOfDay | None = None
        """The first stamp that its clock has dated."""
        self.alive: dict[bytes, Any] = {}
        """The sessions that are open."""
        self._most = MOST_ALIVE
        self.loose: list[Entry] = []
        """Lines of sessions that may have begun before, in order."""
        self.settled: dict[bytes, bool] = {}
        """Whether what is read of a key from here on is certainly no session of before."""

    def read(self, stretch: Stretch, rows: Callable[[Lines], Column]) -> None:
        """Read one stretch: the lines that a function lists go to their sessions."""
        for lines in self.blocks(stretch):
            if self.is_inner:
                self.settled.update(dict.fromkeys(self.grammar.find_begun_keys(lines), True))
            self.lead(lines.entries(rows(lines)))
            if len(self.loose) > MOST_LOOSE:
                return

    def blocks(self, stretch: Stretch) -> Iterator[Lines]:
        """Yield the lines of a stretch, counted and dated."""
        log, number = stretch.log, stretch.number
        clock = self.clock = copy.copy(stretch.clock) or Clock(day_of(log, self.zone), self.zone, self.tally.last)
        for block in blocks_of(log, stretch.begin, stretch.end):
            if isinstance(block, Skipped):
                place = block.source if is_changed(log) else block.source._replace(line=number)
                self.listener.tell(None, block._replace(source=place), 0)
                self.tally.lines += block.reason == OVERLONG
                number += block.reason == OVERLONG
                continue
            lines = Lines(block, log.label, number, self.kind, self.zone)
            number += len(lines)
            lines.date(clock)
            self.first = self.first or lines.first
            self._count(lines)
            self._forget(lines.ts[lines.is_line].min(initial=math.inf))
            if self.gatherer is not None:
                self.gatherer.count(lines, self.grammar, is_summed=stretch.is_summed)
            yield lines
            self.progress(len(block.text))
        if stretch.end is None:
            self.tally.bytes += log.size

    def _count(self, lines: Lines) -> None:
        tally, ts = self.tally, lines.ts[lines.is_line]
        tally.session_lines += len(ts)
        tally.lines += len(ts) + len(lines.aliens)
        for row, reason in lines.aliens:
            self.listener.tell(None, Skipped(reason, Locus(*lines.place(row))), 0)
        if not len(ts):
            return
        if tally.last is None:
            self.begin = tally.first = tally.last = ts.item(0)
        reached = np.maximum.accumulate(np.concatenate(([tally.last], ts)))
        for row in np.flatnonzero(ts - reached[:-1] > SILENCE).tolist():
            tally.silences.append((reached.item(row), ts.item(row)))
        tally.first = min(ts.min().item(), tally.last if tally.first is None else tally.first)
        tally.last = reached.item(-1)

    def _forget(self, begin: float) -> None:
        """End the sessions which no line from a moment on can go on with, once there are many."""
        if len(self.alive) < self._most or begin == math.inf:
            return
        for key, session in [*self.alive.items()]:
            if begin - session.end > self.grammar.longest_silence(key):
                self.alive.pop(key).close()
        self._most = max(MOST_ALIVE, 2 * len(self.alive))

    def lead(self, entries: Iterable[Entry], watch: Callable[[Any, Entry], object] | None = None) -> None:
        """Show lines to the sessions of their keys; `watch` sees the state of each session after each line of it."""
        alive, grammar, is_inner = self.alive, self.grammar, self.is_inner
        for entry in entries:
            key, ts, text, place = entry
            session = alive.get(key)
            if session is not None:
                fate = session.take(ts, text, place)
                if watch is not None and fate != "another":
                    watch(session, entry)
                if fate == "goes on":
                    continue
                alive.pop(key).close()
                if fate == "ends":
                    continue
            elif is_inner and not self.settled.get(key):
                is_new = grammar.begins(key, text) or ts - (self.begin or ts) > grammar.longest_silence(key)
                is_begun = key not in self.settled and is_new
                self.settled[key] = is_begun or grammar.ends(key, text)
                if not is_begun:
                    self.loose.append(entry)
                    continue
            self._open(entry, watch)

    def _open(self, entry: Entry, watch: Callable[[Any, Entry], object] | None) -> None:
        """Begin a session with a line, which may be all of it."""
        key, ts, text, place = entry
        session = self.grammar.open(key, ts, text, place, self.listener)
        if session is None:
            return
        fate = session.take(ts, text, place)
        if watch is not None:
            watch(session, entry)
        if fate == "ends":
            session.close()
        else:
            self.alive[key] = session

    def close(self) -> None:
        """End every session that is still open."""
        for session in self.alive.values():
            session.close()
        self.alive.clear()

    # -- stretches together ------------------------------------------------------------------------

    def join(self, stretch: Stretch, part: LogReader | None, rows: Callable[[Lines], Column]) -> None:
        """Go on with a stretch that another has read; where that is of no use, read the rows here."""
        day = day_of(stretch.log, self.zone)
        clock = (self.clock if stretch.begin else None) or Clock(day, self.zone, self.tally.last)
        bare = {key for key, session in self.alive.items() if session.is_bare}  # one may have gone on all the same
        is_alike = part is not None and clock.agrees(stretch.clock or Clock(day, self.zone), part.first)
        if part is None or not is_alike or any(map(part.settled.get, bare)):
            self.read(stretch._replace(clock=clock), rows)
            return
        self.lead(part.loose)
        for key, is_settled in part.settled.items():
            if is_settled and key in self.alive:
                self.alive.pop(key).close()
        for session in part.alive.values():
            session.listener = self.listener
        self.alive.update(part.alive)
        self._forget(math.inf if part.begin is None else part.begin)
        self.tally.add(part.tally, part.begin)
        if self.gatherer is not None and part.gatherer is not None:
            self.gatherer.add(part.gatherer)
        self.clock = part.clock if part.first is not None else clock


def by_node(logs: Iterable[LogFile]) -> list[list[LogFile]]:
    """Sort logs into one list for each kind of log of each node of a cluster."""
    nodes: dict[tuple[LogKind, str], list[LogFile]] = {}
    for log in logs:
        nodes.setdefault((log.kind, log.node), []).append(log)
    return list(nodes.values())
