"""How lines become sessions, and who listens to these: by what a kind of log says, unless its product knows more.

Most servers log events, not dialogues: what a session tells is read when all its lines are there.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from breachkit.logs.kinds import Line
from breachkit.records import AuthAttempt, Connection, Delivery, Locus
from breachkit.text import make_finder

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from breachkit.logs.kinds import Event, IsKnown, LogKind, Place
    from breachkit.logs.lines import Column, Lines
    from breachkit.records import Service, SessionKind
    from breachkit.text.sasl import Fingerprints

IDLE = 24 * 3600
"""Seconds after which a line of a key belongs to another session: none lives that long in silence."""

Said = tuple[Literal["received", "sent", "note"], bytes]
"""A line by its direction, and what was said."""

Fate = Literal["goes on", "ends", "another"]
"""What becomes of a session with a line: it goes on, it ends with it, or the line begins another one."""


class Listener(NamedTuple):
    """Who listens to sessions, and how they are read; nobody while they travel between processes."""

    zone: tzinfo
    fingerprints: Fingerprints
    tell: Callable[[Any, Event | None, int], object]
    """Takes a session, an event of it, and of a try what `distance_of` says; None for the event when the session has
    ended, for the session where a line could not be read."""
    distance_of: Callable[[str, str], int] | None = None
    """Tells of a user name and the secret typed with it what is kept beside its fingerprint."""
    service: Service = "smtp"

    def __reduce__(self) -> tuple[Any, ...]:
        return Listener, (UTC, None, None)


class LogSession:
    """The lines of one session, until it ends. Any other class of sessions has the same methods."""

    has_dialogue = True
    is_bare = False
    """True where so little is known of it that what looks like the beginning of another may still be its own."""

    def __init__(self, kind: LogKind, key: bytes, ts: float, place: Place, listener: Listener) -> None:
        self._log_kind, self._key, self.listener = kind, key, listener
        self.start, self.end, self.source = ts, ts, place
        self.kind: SessionKind = "server"
        self.thread = (key.partition(b" ")[2] if kind.within else key).decode("utf-8", "replace")
        self.client_ip = ""
        """Of the first event that has one."""
        self.helo: str | None = None
        self.won: tuple[int, AuthAttempt] | None = None
        """The last try that came in, and its number."""
        self.kept: Any = None
        """What a listener keeps of it."""
        self._lines: list[Line] = []

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of its key; one that begins another session is not taken."""
        line = Line(self._key, ts, text, Locus(*place))
        if self._lines and self._log_kind.begins(line):
            return "another"
        self._lines.append(line)
        self.end = ts
        return "ends" if self._log_kind.ends(line) else "goes on"

    def close(self) -> None:
        """End it: tell what its lines say."""
        listener, tries = self.listener, 0
        for event in self._log_kind.read(self._lines, listener.fingerprints):
            if isinstance(event, Connection):
                self.client_ip, self.helo = self.client_ip or event.client_ip, self.helo or event.helo
                continue
            if isinstance(event, AuthAttempt):
                self.client_ip = self.client_ip or event.client_ip
                if event.outcome == "success":
                    self.won = tries, event
                tries += 1
            elif isinstance(event, Delivery):
                self.kind = "client" if self.won is None else "server"
            listener.tell(self, event, 0)
        listener.tell(self, None, 0)


class Grammar:
    """How the lines of a kind of log become sessions."""

    has_levels = False
    """Whether its product can be told to write less, so that dialogues and logins may be missing."""

    def __init__(self, kind: LogKind) -> None:
        self._kind = kind

    def find_usual(self, _octets: Column, _words: Column, start: Column) -> tuple[Column, Column, Column, Column]:
        """Tell of all lines at once, by where they begin, which have the form that is usual for the product.

        Returns which do, the place behind the key (which begins where the line does and has 16 bytes or more), where
        `HH:MM:SS` stands, and where the text begins; each other line is split by itself.
        """
        return np.zeros(len(start), np.bool_), start, start, start.copy()

    def open(self, key: bytes, ts: float, _text: bytes, place: Place, listener: Listener) -> Any:
        """Begin a session with a line; None when the line belongs to no session."""
        if not key:
            return None
        return LogSession(self._kind, key, ts, place, listener)

    def begins(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line begins a session, whatever stands before; `is_bare` is the exception."""
        return bool(key) and self._kind.begins(Line(key, 0.0, text))

    def ends(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line ends its session."""
        return bool(key) and self._kind.ends(Line(key, 0.0, text))

    def said(self, key: bytes, text: bytes, is_known: IsKnown) -> Said:
        """Split a text into its direction and what was said; names that are not known may be masked."""
        return "note", self._kind.shown(Line(key, 0.0, text), is_known)

    def find_telling(self, lines: Lines) -> Column:
        """List the rows of lines one of which stands in every session that matters to an account."""
        words = self._kind.telling
        return lines.find(words, folded=False) if words else np.flatnonzero(lines.is_line)

    def find_clients(self, lines: Lines) -> Column:
        """List the rows of lines without one of which no session is one in which the server delivers."""
        return self.find_telling(lines)

    def find_peer(self, lines: Lines, client_ip: str) -> Column:
        """List the rows of lines of sessions with an address, in its canonical form."""
        return lines.find([client_ip.encode()])

    def find_messages(self, lines: Lines, ids: frozenset[str]) -> Column:
        """List the rows of lines in which one of some messages is named."""
        return lines.rows_at(make_finder([one.encode() for one in ids]).find_matches_as_indexes(lines.text))

    def count_levels(self, lines: Lines) -> tuple[int, int]:
        """Count the lines of dialogues, and those of summaries."""
        return int(np.count_nonzero(lines.is_line)), 0

    def find_begun(self, lines: Lines, *, is_summed: bool) -> tuple[Column, Column]:
        """List the rows of lines with which a session begins, and of those by which a message is taken in.

        `is_summed`: the log holds summaries only, and no dialogue.
        """
        rows = [] if is_summed else np.flatnonzero(lines.is_line).tolist()
        read = [(row, line) for row in rows if (line := Line(lines.name(row), 0.0, lines.raw(row))).key]
        begun, taken = ([row for row, line in read if does(line)] for does in (self._kind.begins, self._kind.takes))
        return np.array(begun, np.int64), np.array(taken, np.int64)
