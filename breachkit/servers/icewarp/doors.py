"""Tries to log in at the other doors: POP3, IMAP and web logs of IceWarp.

Only the SMTP grammar has public samples. These logs are read when their lines have the same prefix and
the dialogue of RFC 1939 (`USER`, `PASS`, `+OK`, `-ERR`) or RFC 9051 (`tag LOGIN`, `tag AUTHENTICATE`,
`tag OK`, `tag NO`); whatever else they hold is passed over, and the caller says what was not read.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.files import OVERLONG
from breachkit.records import AuthAttempt, Locus, Skipped
from breachkit.servers.icewarp import codes
from breachkit.servers.icewarp.lines import RECEIVED, SENT
from breachkit.servers.icewarp.machine import IDLE, canonical, entry_of
from breachkit.servers.icewarp.segments import order_by
from breachkit.servers.icewarp.sessions import by_node
from breachkit.servers.icewarp.sift import Holding, names_of, sift
from breachkit.servers.icewarp.spans import Counter
from breachkit.servers.icewarp.stitch import count_up
from breachkit.text.sasl import Credentials, Exchange, Password, decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.logs.kinds import LogFile
    from breachkit.records import Outcome, Service
    from breachkit.servers import LogTally, Reading
    from breachkit.servers.icewarp.blocks import Column, Lines
    from breachkit.servers.icewarp.machine import Key, LogEntry

DOORS: frozenset[Service] = frozenset({"pop3", "imap", "web"})

_WORD = rb'(?:"((?:[^"\\]|\\.)*)"|(\S+))'
_POP_USER = re.compile(rb"USER (.+)", re.IGNORECASE)
_POP_PASS = re.compile(rb"PASS (.*)", re.IGNORECASE)
_POP_APOP = re.compile(rb"APOP (\S+) \S+", re.IGNORECASE)
_POP_AUTH = re.compile(rb"AUTH (\S.*)", re.IGNORECASE)
_IMAP_LOGIN = re.compile(rb"(\S{1,32}) LOGIN " + _WORD + rb" " + _WORD, re.IGNORECASE)
_IMAP_AUTHENTICATE = re.compile(rb"(\S{1,32}) AUTHENTICATE (\S.*)", re.IGNORECASE)
_BEGINNINGS = ("<<< USER ", "<<< PASS ", "<<< APOP ", "<<< AUTH ", " LOGIN ", " AUTHENTICATE ")
"""One of these stands in every line that begins a try."""
_EDGES = (codes.CONNECTED, codes.DISCONNECTED)
_LONGEST = 2_000
"""Bytes of a line that are searched: no user name or password is longer."""


class Knock:
    """One try under way at a door."""

    __slots__ = ("credentials", "exchange", "mechanism", "source", "tag")

    def __init__(self, mechanism: str, entry: LogEntry, credentials: Credentials, tag: bytes | None = None) -> None:
        self.mechanism = mechanism
        self.source = Locus(*entry[4])
        self.credentials = credentials
        self.exchange: Exchange | None = None
        self.tag = tag

    def outcome_of(self, reply: bytes) -> Outcome | None:
        """Read the server's answer; None when this line does not answer the try."""
        if self.tag is None:
            if reply.startswith(b"+OK"):
                return "success"
            return "failure" if reply.startswith(b"-ERR") else None
        tag, _, answer = reply.partition(b" ")
        if tag != self.tag:
            return None
        word = answer.split(b" ", 1)[0].upper()
        return {b"OK": "success", b"NO": "failure", b"BAD": "failure"}.get(word)  # type: ignore[return-value]


class Door:
    """The state of one session at a door."""

    __slots__ = ("knock", "last", "user")

    def __init__(self) -> None:
        self.user: str | None = None
        self.knock: Knock | None = None
        self.last = 0.0

    def received(self, entry: LogEntry) -> None:
        """Take a line of the client."""
        text = entry[3][:_LONGEST]
        if self.knock is not None and self.knock.exchange is not None:
            self.knock.exchange.add(text)
        elif found := _IMAP_LOGIN.match(text):
            user, password = _unquoted(found[2], found[3]), _unquoted(found[4], found[5])
            self.knock = Knock("IMAP LOGIN", entry, Credentials(user, _visible(password)), found[1])
        elif found := _IMAP_AUTHENTICATE.match(text):
            self._begin_exchange(entry, found[2], found[1])
        elif found := _POP_USER.match(text):
            self.user = decode_text(found[1]).strip() or None
        elif found := _POP_PASS.match(text):
            self.knock = Knock("POP3 USER", entry, Credentials(self.user, _visible(decode_text(found[1]))))
        elif found := _POP_APOP.match(text):
            self.knock = Knock("POP3 APOP", entry, Credentials(decode_text(found[1]), None))
        elif found := _POP_AUTH.match(text):
            self._begin_exchange(entry, found[1], None)

    def _begin_exchange(self, entry: LogEntry, argument: bytes, tag: bytes | None) -> None:
        exchange = Exchange(argument)
        self.knock = Knock(exchange.mechanism, entry, Credentials(None, None), tag)
        self.knock.exchange = exchange

    def sent(self, entry: LogEntry, service: Service, reading: Reading) -> AuthAttempt | None:
        """Take a line of the server; return the try that it answers."""
        knock = self.knock
        if knock is None:
            return None
        (peer, _), ts, _, text, _ = entry
        outcome = knock.outcome_of(text)
        if outcome is None:
            return None
        self.knock = None
        user, password = knock.exchange.credentials() if knock.exchange else knock.credentials
        return AuthAttempt(
            service,
            datetime.fromtimestamp(ts, reading.zone),
            canonical(peer),
            user,
            knock.mechanism,
            outcome,
            reading.fingerprints.of_password(password),
            knock.source,
        )


def _unquoted(quoted: bytes | None, bare: bytes | None) -> str:
    if quoted is not None:
        return decode_text(re.sub(rb"\\(.)", rb"\1", quoted))
    return decode_text(bare or b"")


def _visible(password: str) -> Password | None:
    """Leave out a password that the server has masked."""
    return None if not password.strip("*xX•.") else Password(password)


def read_doors(logs: Sequence[LogFile], reading: Reading, tally: LogTally) -> Iterator[AuthAttempt | Skipped]:
    """Read the answered tries to log in at POP3, IMAP and web doors, and tell which logs could not be read.

    Lines of another form are not skipped evidence here: the grammar of these logs is not known to be this one.
    """
    for node_logs in by_node(logs, DOORS):
        service = node_logs[0].service
        if service is not None:
            counter = Counter(None)
            doors = Doors(service, reading)
            skipped: list[Skipped] = []
            for label, lines, begun in sift(node_logs, reading, counter, Holding(_BEGINNINGS), skipped.append):
                yield from doors.take(lines, label, begun)
            yield from (one for one in skipped if one.reason != OVERLONG)
            count_up(tally, [counter.counted()])


class _Sorted(NamedTuple):
    """The lines of a block sorted by key, cut where another session of the key begins."""

    key: Column
    order: Column
    code: Column
    ts: Column
    stretch: Column
    """A number for each session."""


class _Entries:
    """Makes entries of some lines of a block: lists are asked faster than columns."""

    def __init__(self, lines: Lines, label: str) -> None:
        self._text = lines.text
        self._label = label
        columns = (lines.begin, lines.stop, lines.ts, lines.offset, lines.number)
        self._rows = list(zip(*(column.tolist() for column in columns), strict=True))

    def of(self, row: int, name: Key) -> LogEntry:
        """Make an entry of a line."""
        begin, stop, ts, offset, number = self._rows[row]
        return entry_of(name, ts, self._text[begin:stop], (self._label, offset, number))


class Doors:
    """Takes blocks of lines, and shows a `Door` only what belongs to a try: from its beginning to its answer.

    No other line changes what a door knows.
    """

    def __init__(self, service: Service, reading: Reading) -> None:
        self._service = service
        self._reading = reading
        self._open: dict[int, Door] = {}
        """Those that know something, by key."""

    def take(self, lines: Lines, label: str, begun: Column) -> list[AuthAttempt]:
        """Take a block; return the tries that were answered in it, in order.

        Args:
            lines: the block.
            label: its log.
            begun: the rows that may begin a try.
        """
        is_begun = np.zeros(len(lines.key), np.bool_)
        is_begun[begun] = True
        told = np.flatnonzero(codes.are_marked(lines.code) | np.isin(lines.code, _EDGES))
        if not len(told):
            return []
        lines, is_begun = lines.pick(told), is_begun[told]
        block, entries = _sorted(lines), _Entries(lines, label)
        is_begun = is_begun[block.order]
        doors = self._going_on(block)
        is_begun[[place for place, door in doors.values() if door.knock is not None]] = True
        here = {stretch: door for stretch, (_, door) in doors.items()}
        names = names_of(lines.pick(block.order[is_begun]))
        found: list[tuple[int, AuthAttempt]] = []
        behind = 0
        keys, stretches, order = (column.tolist() for column in (block.key, block.stretch, block.order))
        for begin in np.flatnonzero(is_begun).tolist():
            door = here.setdefault(stretches[begin], Door())
            name = names[keys[begin]]
            place = max(begin, behind)
            # behind the beginning only what an answer is awaited for
            while place < len(stretches) and stretches[place] == stretches[begin] and (place == begin or door.knock):
                row = order[place]
                attempt = self._show(door, entries.of(row, name))
                if attempt is not None:
                    found.append((row, attempt))
                place += 1
            behind = max(behind, place)
        self._keep(block, here)
        return [attempt for _, attempt in sorted(found, key=lambda pair: pair[0])]

    def _show(self, door: Door, entry: LogEntry) -> AuthAttempt | None:
        if entry[2] == RECEIVED:
            door.received(entry)
        return door.sent(entry, self._service, self._reading) if entry[2] == SENT else None

    def _going_on(self, block: _Sorted) -> dict[int, tuple[int, Door]]:
        """Find the doors that were open before: by session, the place of the first line here."""
        known = np.fromiter(self._open, np.uint64, len(self._open))
        first = np.searchsorted(block.key, known)
        is_here = block.key[np.minimum(first, len(block.key) - 1)] == known
        doors: dict[int, tuple[int, Door]] = {}
        for key, place in zip(known[is_here].tolist(), first[is_here].tolist(), strict=True):
            door = self._open.pop(key)
            if block.code[place] not in _EDGES and block.ts[place] - door.last <= IDLE:
                doors[int(block.stretch[place])] = place, door
        return doors

    def _keep(self, block: _Sorted, here: dict[int, Door]) -> None:
        """Keep the doors whose sessions may go on in the next block."""
        last = np.searchsorted(block.stretch, [*here], "right") - 1
        key = block.key[last].tolist()
        goes_on = np.append(block.key[1:] != block.key[:-1], True)[last].tolist()
        ts = block.ts[last].tolist()
        for door, *known in zip(here.values(), key, goes_on, ts, strict=True):
            if known[1] and (door.user or door.knock):
                door.last = known[2]
                self._open[known[0]] = door


def _sorted(lines: Lines) -> _Sorted:
    order = order_by(lines.key)
    key, code, ts = lines.key[order], lines.code[order], lines.ts[order]
    begins = np.isin(code, _EDGES)
    begins[1:] |= (key[1:] != key[:-1]) | (ts[1:] - ts[:-1] > IDLE)
    return _Sorted(key, order, code, ts, np.cumsum(begins))
