"""How lines become sessions, and who listens to these: by what a kind of log says, unless its product knows more.

Most servers log events, not dialogues: what a session tells is read when all its lines are there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from breachkit.logs.forms import Usual, find_syslog, read_stamp
from breachkit.logs.kinds import Line
from breachkit.records import AuthAttempt, Connection, Delivery, Locus
from breachkit.text import make_finder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

    from breachkit.logs.kinds import Event, IsKnown, LogKind, Place, Stamp
    from breachkit.logs.lines import Column, Lines
    from breachkit.records import Service, SessionKind
    from breachkit.text.sasl import Fingerprints

IDLE = 24 * 3600
"""Seconds after which a line of a key belongs to another session of a dialogue: none lives that long in silence."""
FORGOTTEN = 5 * 24 * 3600
"""The same of any other: servers try a message again at least once a day, and give it up after four or five."""

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


def moment_of(ts: float) -> datetime:
    """Tell the moment of a line of a log of events."""
    return datetime.fromtimestamp(ts, UTC)


class LogSession:
    """One session of a log of events, until it ends. Any other class of sessions has the same methods."""

    __slots__ = ("client_ip", "end", "helo", "kept", "key", "kind", "listener", "source", "start", "tries", "won")

    has_dialogue = True
    is_bare = False
    """True where so little is known of it that what looks like the beginning of another may still be its own."""

    def __init__(self, key: bytes, ts: float, place: Place, listener: Listener) -> None:
        self.key, self.listener = key, listener
        self.start, self.end, self.source = ts, ts, place
        self.kind: SessionKind = "server"
        self.client_ip = ""
        """Of the first event that has one."""
        self.helo: str | None = None
        self.tries = 0
        self.won: tuple[int, AuthAttempt] | None = None
        """The last try that came in, and its number."""
        self.kept: Any = None
        """What a listener keeps of it."""

    @property
    def thread(self) -> str:
        """The key as it is shown."""
        return self.key.decode("utf-8", "replace")

    def tell(self, event: Event) -> None:
        """Tell of an event."""
        if isinstance(event, Connection):
            self.client_ip, self.helo = self.client_ip or event.client_ip, self.helo or event.helo
            return
        if isinstance(event, AuthAttempt):
            self.client_ip = self.client_ip or event.client_ip
            if event.outcome == "success":
                self.won = self.tries, event
            self.tries += 1
        elif isinstance(event, Delivery):
            self.kind = "client" if self.won is None else "server"
        self.listener.tell(self, event, 0)

    def close(self) -> None:
        """End it."""
        self.listener.tell(self, None, 0)


class LineSession(LogSession):
    """One that is read when all its lines are there, as its kind of log says."""

    __slots__ = ("_lines", "_log_kind")

    def __init__(self, log_kind: LogKind, key: bytes, ts: float, place: Place, listener: Listener) -> None:
        super().__init__(key, ts, place, listener)
        self._log_kind = log_kind
        self._lines: list[Line] = []

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of its key; one that begins another session is not taken."""
        line = Line(self.key, ts, text, Locus(*place))
        if ts - self.end > FORGOTTEN or (self._lines and self._log_kind.begins(line)):
            return "another"
        self._lines.append(line)
        self.end = ts
        return "ends" if self._log_kind.ends(line) else "goes on"

    def close(self) -> None:
        """End it: tell what its lines say."""
        for event in self._log_kind.read(self._lines, self.listener.fingerprints):
            self.tell(event)
        super().close()


class Grammar:
    """How the lines of a kind of log become sessions."""

    has_dialogues = False
    """Whether its lines are those of dialogues: few of these matter, and its product can be told not to log them."""

    def __init__(self, kind: LogKind) -> None:
        self._kind = kind

    def find_usual(self, _octets: Column, _words: Column, start: Column) -> Usual:
        """Tell of all lines at once, by where they begin, which have the form that is usual for the product.

        Each other line is split by itself.
        """
        return Usual(np.zeros(len(start), np.bool_), start, start, ())

    def read_stamp(self, _line: bytes, _zone: tzinfo) -> Stamp | None:
        """Read the stamp of a line of the usual form, of which all before its text is given; None: it is no time."""
        return None

    def open(self, key: bytes, ts: float, _text: bytes, place: Place, listener: Listener) -> Any:
        """Begin a session with a line; None when the line belongs to no session."""
        return LineSession(self._kind, key, ts, place, listener)

    def begins(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line begins a session, whatever stands before; `is_bare` is the exception."""
        return self._kind.begins(Line(key, 0.0, text))

    def longest_silence(self, _key: bytes) -> float:
        """Return the seconds of silence behind which a line of a key always begins another session."""
        return FORGOTTEN

    def ends(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line ends its session."""
        return self._kind.ends(Line(key, 0.0, text))

    def takes(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line says that a message was taken in."""
        return self._kind.takes(Line(key, 0.0, text))

    def said(self, key: bytes, text: bytes, is_known: IsKnown) -> Said:
        """Split a text into its direction and what was said; names that are not known may be masked."""
        return "note", self._kind.shown(Line(key, 0.0, text), is_known)

    def find_begun_keys(self, _lines: Lines) -> Iterable[bytes]:
        """List keys of sessions of which lines of other sessions tell that they begin there."""
        return ()

    def find_telling(self, lines: Lines) -> Column:
        """List the rows of lines one of which stands in every session that matters to an account."""
        return np.flatnonzero(lines.is_line)

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
        read = [(row, key, lines.raw(row)) for row in rows if (key := lines.name(row))]
        begun, taken = ([row for row, key, text in read if does(key, text)] for does in (self.begins, self.takes))
        return np.array(begun, np.int64), np.array(taken, np.int64)


class Syslog(Grammar):
    """Of lines that come through syslog."""

    def find_usual(self, octets: Column, words: Column, start: Column) -> Usual:
        """Tell lines of the two forms of syslog, where keys can be told of them."""
        if self._kind.key_of is None:
            return super().find_usual(octets, words, start)
        return find_syslog(octets, words, start)

    def read_stamp(self, line: bytes, zone: tzinfo) -> Stamp | None:
        """Read the stamp of a line."""
        return read_stamp(line, zone)


class Shared(Syslog):
    """Of kinds that share each file: every key begins with the number of the kind whose grammar its lines have."""

    def __init__(self, kind: LogKind) -> None:
        super().__init__(kind)
        self._grammars = [one.sessions() for one in kind.within]

    def _of(self, key: bytes) -> tuple[Grammar, bytes]:
        number, _, own = key.partition(b" ")
        return self._grammars[int(number)], own

    def open(self, key: bytes, ts: float, text: bytes, place: Place, listener: Listener) -> Any:
        """Begin a session with a line."""
        grammar, own = self._of(key)
        return grammar.open(own, ts, text, place, listener)

    def begins(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line begins a session, whatever stands before."""
        grammar, own = self._of(key)
        return grammar.begins(own, text)

    def longest_silence(self, key: bytes) -> float:
        """Return the seconds of silence behind which a line of a key always begins another session."""
        grammar, own = self._of(key)
        return grammar.longest_silence(own)

    def ends(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line ends its session."""
        grammar, own = self._of(key)
        return grammar.ends(own, text)

    def takes(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line says that a message was taken in."""
        grammar, own = self._of(key)
        return grammar.takes(own, text)

    def said(self, key: bytes, text: bytes, is_known: IsKnown) -> Said:
        """Split a text into its direction and what was said."""
        grammar, own = self._of(key)
        return grammar.said(own, text, is_known)
