"""Logs of one server → the sessions that matter → their events.

1. Which sessions matter? `find_keys` lists the keys of lines that tell so; a superset does no harm.
2. All lines of these keys, and no others, go to their sessions, a line at a time (`Reader.read`).

Both are done in spans of the logs, by several processes where that pays. A span knows nothing of what stands before it:
it takes for granted how its clock stands, and puts aside the lines of sessions that may have begun before. The parent
puts spans together in order (`Reader.join`); where one took for granted what turns out otherwise, the parent reads it
again, going on from what it knows.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np

from breachkit.files import OVERLONG
from breachkit.logs.block import Lines, blocks_of
from breachkit.logs.clock import Clock, day_of
from breachkit.logs.facts import LogTally
from breachkit.logs.kinds import PLAIN
from breachkit.logs.logtext import is_changed
from breachkit.progress import silent
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo

    from breachkit.logs.block import Column, Entry, Usual
    from breachkit.logs.hours import Hours
    from breachkit.logs.kinds import LogFile, LogKind
    from breachkit.logs.smtp import Place, Said
    from breachkit.progress import Progress
    from breachkit.records import Service

SILENCE = 12 * 3600
"""Seconds without any line that are reported as a gap of the log."""
MOST_LOOSE = 1 << 17
"""Lines that a span puts aside; where there are more, the parent reads it."""

Fate = Literal["goes on", "ends", "another"]
"""What becomes of a session with a line: it goes on, it ends with it, or the line begins another one."""


class Session(Protocol):
    """One session: it takes its lines, and tells the listener what they come to."""

    listener: Any
    """None while the session travels between processes."""

    @property
    def is_bare(self) -> bool:
        """True where so little is known of it that what looks like the beginning of another may still be its own."""

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of its key; one that begins another session is not taken."""

    def close(self, *, is_open: bool = False) -> None:
        """End it. `is_open` says that only the logs have ended."""


class Grammar(Protocol):
    """How the lines of a kind of log become sessions; it can be pickled."""

    def find_usual(self, octets: Column, words: Column, start: Column) -> Usual:
        """Tell which lines have the usual form; `words` are the eight bytes that begin at each place."""

    def open(self, key: bytes, ts: float, text: bytes, place: Place, listener: Any) -> Session | None:
        """Begin a session with a line; None when the line belongs to no session."""

    def begins(self, text: bytes) -> bool:
        """Tell whether a line begins a session, whatever stands before; `Session.is_bare` is the exception."""

    def ends(self, text: bytes) -> bool:
        """Tell whether a line ends its session."""

    def is_told(self, text: bytes) -> bool:
        """Tell whether a session of which this is a line is not bare."""

    def said(self, text: bytes) -> Said:
        """Split a text into its direction and what was said."""

    def find_peer(self, lines: Lines, client_ip: str) -> Column:
        """List the rows of lines of sessions with an address, in its canonical form."""

    def find_clients(self, lines: Lines) -> Column:
        """List the rows of lines without one of which no session is one in which the server delivers."""

    def find_telling(self, lines: Lines) -> Column:
        """List the rows of lines one of which stands in every session that matters."""

    def find_messages(self, lines: Lines, ids: frozenset[str]) -> Column:
        """List the rows of lines in which one of some messages is named as handed in."""

    def count_levels(self, lines: Lines) -> tuple[int, int]:
        """Count the lines of dialogues, and those of summaries."""

    def find_steps(self, lines: Lines) -> Column:
        """Tell what each line means to `Hours`."""


class Span(NamedTuple):
    """The lines of a log that begin between two places of it."""

    log: LogFile
    begin: int = 0
    end: int | None = None
    number: int = 1
    """Of its first line."""
    clock: Clock | None = None
    """As it is taken to stand before the first line; None to set it by what is known of the log."""

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return (self.log.size if self.end is None else self.end) - self.begin


def cut(logs: Iterable[LogFile], size: int) -> list[Span]:
    """Cut logs into spans of so many bytes; archives are not cut."""
    spans = []
    for log in logs:
        is_plain = log.form == PLAIN
        begins = [*range(0, log.size, size)] if is_plain and log.size else [0]
        spans += [Span(log, begin, end) for begin, end in zip(begins, [*begins[1:], None], strict=True)]
    return spans


# -- which sessions matter -------------------------------------------------------------------------


class Head(NamedTuple):
    """What a first look at a span tells."""

    keys: Column
    """Digests of the keys that matter, each once."""
    lines: int
    first: bytes | None
    """The first time of day that a clock has to date."""


def find_keys(span: Span, zone: tzinfo, find: Callable[[Lines], Column]) -> Head:
    """List the keys of the lines that a function finds."""
    keys, number, first = [np.zeros(0, np.uint64)], 0, None
    for block in blocks_of(span.log, span.begin, span.end):
        if isinstance(block, Skipped):
            number += block.reason == OVERLONG
            continue
        lines = Lines(block, span.log.label, 1, span.log.kind, zone)
        first = first or lines.first
        number += len(lines)
        keys.append(np.unique(lines.keys_at(find(lines))))
    return Head(np.unique(np.concatenate(keys)), number, first)


class Wanted:
    """A set of keys by their digests. A few others are in it too, which does no harm."""

    def __init__(self, keys: Column) -> None:
        bits = max(16, (64 * len(keys)).bit_length())
        self._shift = np.uint64(64 - bits)
        self._is_held = np.zeros(1 << bits, np.bool_)
        self._is_held[keys >> self._shift] = True

    def rows(self, lines: Lines) -> Column:
        """List the rows of lines of these keys."""
        found: Column = np.flatnonzero(self._is_held[lines.key >> self._shift] & lines.is_line)
        return found


# -- the sessions that matter ----------------------------------------------------------------------


class Part(NamedTuple):
    """What the reading of one span comes to."""

    facts: Any
    """What its listener has gathered."""
    tally: LogTally
    begin: float | None
    """The moment of the first line."""
    hours: Hours | None
    loose: list[Entry]
    """Lines of sessions that may have begun before, in order."""
    settled: list[bytes]
    """Keys of which a session certainly began anew."""
    alive: dict[bytes, Session]
    """Those that are open at its end."""
    clock: Clock
    first: bytes | None
    """The first time of day that its clock has dated."""


class Reader:
    """Takes the lines of one server in order."""

    def __init__(self, kind: LogKind, zone: tzinfo, listener: Any, *, is_inner: bool = False) -> None:
        """Begin; `is_inner` says that lines stand before, of which nothing is known here."""
        self.kind, self.grammar, self.zone = kind, kind.sessions(), zone
        self.listener, self.is_inner = listener, is_inner
        self.hours: Hours | None = None
        self.is_inside: Callable[[Column], Column] = lambda ts: np.ones(len(ts), np.bool_)
        self.skip: Callable[[Skipped], object] = bool
        self.progress: Progress = silent
        self.tally = LogTally()
        self.begin: float | None = None
        self.clock: Clock | None = None
        self.first: bytes | None = None
        self.alive: dict[bytes, Session] = {}
        self.loose: list[Entry] = []
        self._is_told: dict[bytes, bool] = {}
        self.settled: dict[bytes, None] = {}

    def read(self, span: Span, wanted: Wanted | None) -> None:
        """Read one span: the lines of the wanted keys go to their sessions; None wants all."""
        for lines in self.blocks(span):
            self.lead(lines.entries(np.flatnonzero(lines.is_line) if wanted is None else wanted.rows(lines)))
            if len(self.loose) > MOST_LOOSE:
                return

    def blocks(self, span: Span) -> Iterator[Lines]:
        """Yield the lines of a span, counted and dated."""
        log = span.log
        self.clock = copy.copy(span.clock) if span.clock else Clock(day_of(log, self.zone), self.zone, self.tally.last)
        number = span.number
        for block in blocks_of(log, span.begin, span.end):
            if isinstance(block, Skipped):
                self.skip(block if is_changed(log) else block._replace(source=block.source._replace(line=number)))
                self.tally.lines += block.reason == OVERLONG
                number += block.reason == OVERLONG
                continue
            lines = Lines(block, log.label, number, self.kind, self.zone)
            number += len(lines)
            lines.date(self.clock)
            self.first = self.first or lines.first
            self._count(lines)
            yield lines
            self.progress(len(block.text))
        if span.end is None:
            self.tally.bytes += log.size

    def _count(self, lines: Lines) -> None:
        tally, ts = self.tally, lines.ts[lines.is_line]
        tally.session_lines += len(ts)
        tally.lines += len(ts) + len(lines.aliens)
        for row, reason in lines.aliens:
            self.skip(Skipped(reason, Locus(*lines.place(row))))
        dialogue, summaries = self.grammar.count_levels(lines)
        tally.dialogue_lines += dialogue
        tally.summary_lines += summaries
        if self.hours is not None:
            self.hours.take(lines, self.grammar.find_steps(lines), self.is_inside(lines.ts))
        if not len(ts):
            return
        if tally.last is None:
            self.begin = tally.first = tally.last = ts.item(0)
        reached = np.maximum.accumulate(np.concatenate(([tally.last], ts)))
        for row in np.flatnonzero(ts - reached[:-1] > SILENCE).tolist():
            tally.silences.append((reached.item(row), ts.item(row)))
        tally.first = min(ts.min().item(), tally.last if tally.first is None else tally.first)
        tally.last = reached.item(-1)

    def lead(self, entries: Iterable[Entry], watch: Callable[[Any, float, bytes, Place], object] | None = None) -> None:
        """Show lines to the sessions of their keys; `watch` sees each line with the state of its session after it."""
        alive, grammar, listener, is_inner = self.alive, self.grammar, self.listener, self.is_inner
        for key, ts, text, place in entries:
            session = alive.get(key)
            if session is not None:
                fate = session.take(ts, text, place)
                if watch is not None and fate != "another":
                    watch(session, ts, text, place)
                if fate == "goes on":
                    continue
                alive.pop(key).close()
                if fate == "ends":
                    continue
            elif is_inner and key not in self.settled and self._is_loose(key, text):
                self.loose.append((key, ts, text, place))
                continue
            begun = grammar.open(key, ts, text, place, listener)
            if begun is not None:
                alive[key] = begun
                begun.take(ts, text, place)
                if watch is not None:
                    watch(begun, ts, text, place)

    def _is_loose(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line may go on with a session of before."""
        if self.grammar.begins(text) and self._is_told.get(key, True):
            self.settled[key] = None
            return False
        self._is_told[key] = self._is_told.get(key, False) or self.grammar.is_told(text)
        if self.grammar.ends(text):
            self.settled[key] = None
        return True

    # -- spans together ----------------------------------------------------------------------------

    def join(self, span: Span, part: Part | None, wanted: Wanted | None, add: Callable[[Any], object]) -> None:
        """Go on with a span that another process has read, else read it here.

        Args:
            span: what was read.
            part: what it came to; None where that is of no use.
            wanted: the keys.
            add: takes the facts of the part.
        """
        clock = self.clock if span.begin else None
        clock = clock or Clock(day_of(span.log, self.zone), self.zone, self.tally.last)
        taken = span.clock or Clock(day_of(span.log, self.zone), self.zone)
        if part is None or not clock.agrees(taken, part.first) or self._is_doubtful(part):
            self.read(span._replace(clock=clock), wanted)
            return
        self.lead(part.loose)
        for key in part.settled:
            if key in self.alive:
                self.alive.pop(key).close()
        for session in part.alive.values():
            session.listener = self.listener
        self.alive.update(part.alive)
        add(part.facts)
        add_tally(self.tally, part.tally, part.begin)
        if self.hours is not None and part.hours is not None:
            self.hours.add(part.hours)
        self.clock = part.clock if part.first is not None else clock

    def _is_doubtful(self, part: Part) -> bool:
        """Tell whether a session that was taken for a new one may have gone on."""
        bare = {key for key, session in self.alive.items() if session.is_bare}
        return not bare.isdisjoint(part.settled)

    def part(self, facts: Any) -> Part | None:
        """Say what an inner span came to; None where that is of no use to anybody."""
        if len(self.loose) > MOST_LOOSE or self.clock is None:
            return None
        for session in self.alive.values():
            session.listener = None
        return Part(
            facts, self.tally, self.begin, self.hours, self.loose, [*self.settled], self.alive, self.clock, self.first
        )

    def close(self) -> None:
        """End every session that is still open."""
        for session in self.alive.values():
            session.close(is_open=True)
        self.alive.clear()


def by_node(logs: Iterable[LogFile], services: frozenset[Service]) -> list[list[LogFile]]:
    """Sort the logs of some services into one list for each kind of log of each node of a cluster."""
    nodes: dict[tuple[LogKind, str], list[LogFile]] = {}
    for log in logs:
        if log.services & services:
            nodes.setdefault((log.kind, log.node), []).append(log)
    return list(nodes.values())


def add_tally(tally: LogTally, other: LogTally, begin: float | None = None) -> None:
    """Add what was counted of further lines.

    Args:
        tally: is added to.
        other: what is added.
        begin: the moment of the first of the lines, where they go on from the ones before.
    """
    for name in ("lines", "session_lines", "bytes", "dialogue_lines", "summary_lines"):
        setattr(tally, name, getattr(tally, name) + getattr(other, name))
    if other.first is None or other.last is None:
        return
    last = None if begin is None else tally.last
    for start, end in (*([] if last is None or begin is None else [(last, begin)]), *other.silences):
        since = start if last is None else max(start, last)
        if end - since > SILENCE:
            tally.silences.append((since, end))
    tally.first = other.first if tally.first is None else min(tally.first, other.first)
    tally.last = other.last if tally.last is None else max(tally.last, other.last)
