"""Logs of which a kind says no more than how a line is split and what the lines of one session tell.

Most servers log events, not dialogues: what a session tells is read when all its lines are there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from breachkit.logs.block import Usual
from breachkit.logs.hours import BEGUN
from breachkit.logs.kinds import Line
from breachkit.records import AuthAttempt, Delivery, Locus, Transaction
from breachkit.text.finder import make_finder

if TYPE_CHECKING:
    from breachkit.logs.block import Column, Lines
    from breachkit.logs.kinds import LogKind
    from breachkit.logs.reader import Fate
    from breachkit.logs.smtp import Listener, Place, Said
    from breachkit.records import SessionKind


class EventSession:
    """The lines of one session, until it ends."""

    helo = None
    has_dialogue = True
    is_bare = False

    def __init__(self, kind: LogKind, key: bytes, ts: float, place: Place, listener: Listener | None) -> None:
        self._log_kind, self.key, self.listener = kind, key, listener
        self.start, self.end, self.source = ts, ts, place
        self.kind: SessionKind = "server"
        self.thread = key.decode("utf-8", "replace")
        self.client_ip = ""
        """Of the first try that came in by an address."""
        self.won: tuple[int, AuthAttempt] | None = None
        self._lines: list[Line] = []

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of its key, unless it begins another session."""
        line = Line(self.key, ts, text, Locus(*place))
        if self._lines and self._log_kind.begins(line):
            return "another"
        self._lines.append(line)
        self.end = ts
        return "ends" if self._log_kind.ends(line) else "goes on"

    def close(self, *, is_open: bool = False) -> None:
        """End it: tell what its lines say."""
        listener, tries = self.listener, 0
        if listener is None:
            return
        for event in self._log_kind.read(self._lines, listener.fingerprints):
            if isinstance(event, AuthAttempt):
                self.client_ip = self.client_ip or event.client_ip
                if event.outcome == "success":
                    self.won = tries, event
                tries += 1
                listener.sink.tried(self, event, 0)
            elif isinstance(event, Transaction):
                listener.sink.sent(self, event)
            elif isinstance(event, Delivery):
                self.kind = "client" if self.won is None else "server"
                listener.sink.delivered(self, event)
        listener.sink.ended(self, is_open=is_open)


class EventGrammar:
    """How lines of such a log become sessions."""

    def __init__(self, kind: LogKind) -> None:
        self._kind = kind

    def find_usual(self, _octets: Column, _words: Column, start: Column) -> Usual:
        """Leave every line to be split by itself."""
        return Usual(np.zeros(len(start), np.bool_), start, start, start.copy())

    def open(self, key: bytes, ts: float, _text: bytes, place: Place, listener: Listener) -> EventSession:
        """Begin a session with any line."""
        return EventSession(self._kind, key, ts, place, listener)

    def begins(self, text: bytes) -> bool:
        """Tell whether a line begins a session."""
        return self._kind.begins(Line(b"", 0.0, text))

    def ends(self, text: bytes) -> bool:
        """Tell whether a line ends its session."""
        return self._kind.ends(Line(b"", 0.0, text))

    def is_told(self, _text: bytes) -> bool:
        """Say that no session is bare."""
        return True

    def said(self, text: bytes) -> Said:
        """Take every line for a note of the server."""
        return "note", self._kind.shown(text)

    def find_telling(self, lines: Lines) -> Column:
        """List the rows of lines in which one of the telling words stands."""
        words = self._kind.telling
        return lines.find(words, folded=False) if words else np.flatnonzero(lines.is_line)

    find_clients = find_telling

    def find_peer(self, lines: Lines, client_ip: str) -> Column:
        """List the rows of lines in which an address stands."""
        return lines.find([client_ip.encode()])

    def find_messages(self, lines: Lines, ids: frozenset[str]) -> Column:
        """List the rows of lines in which one of some ids stands."""
        finder = make_finder([one.encode() for one in ids])
        return lines.rows_at([begin for _, begin, _ in finder.find_matches_as_indexes(lines.text)])

    def count_levels(self, lines: Lines) -> tuple[int, int]:
        """Count all lines as those of dialogues: such a log has one level."""
        return int(np.count_nonzero(lines.is_line)), 0

    def find_steps(self, lines: Lines) -> Column:
        """Tell the lines that begin a session."""
        step = np.zeros(len(lines), np.int8)
        step[[row for row in np.flatnonzero(lines.is_line).tolist() if self.begins(lines.raw(row))]] = BEGUN
        return step
