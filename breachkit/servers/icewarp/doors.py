"""Tries to log in at the other doors: POP3, IMAP and web logs of IceWarp.

Only the SMTP grammar has public samples. These logs are read when their lines have the same prefix and
the dialogue of RFC 1939 (`USER`, `PASS`, `+OK`, `-ERR`) or RFC 9051 (`tag LOGIN`, `tag AUTHENTICATE`,
`tag OK`, `tag NO`); whatever else they hold is passed over, and the caller says what was not read.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.records import AuthAttempt
from breachkit.records import Locus
from breachkit.records import Skipped
from breachkit.sasl import Credentials
from breachkit.sasl import Exchange
from breachkit.sasl import Password
from breachkit.sasl import decode_text
from breachkit.servers.icewarp.lines import RECEIVED
from breachkit.servers.icewarp.lines import SENT
from breachkit.servers.icewarp.machine import IDLE
from breachkit.servers.icewarp.machine import canonical
from breachkit.servers.icewarp.sessions import by_node
from breachkit.servers.icewarp.sessions import read_entries

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from breachkit.records import Outcome
    from breachkit.records import Service
    from breachkit.servers import LogFile
    from breachkit.servers import LogTally
    from breachkit.servers import Reading
    from breachkit.servers.icewarp.machine import Key
    from breachkit.servers.icewarp.machine import LogEntry

DOORS: frozenset[Service] = frozenset({"pop3", "imap", "web"})

_WORD = rb'(?:"((?:[^"\\]|\\.)*)"|(\S+))'
_POP_USER = re.compile(rb"USER (.+)", re.IGNORECASE)
_POP_PASS = re.compile(rb"PASS (.*)", re.IGNORECASE)
_POP_APOP = re.compile(rb"APOP (\S+) \S+", re.IGNORECASE)
_POP_AUTH = re.compile(rb"AUTH (\S.*)", re.IGNORECASE)
_IMAP_LOGIN = re.compile(rb"(\S{1,32}) LOGIN " + _WORD + rb" " + _WORD, re.IGNORECASE)
_IMAP_AUTHENTICATE = re.compile(rb"(\S{1,32}) AUTHENTICATE (\S.*)", re.IGNORECASE)
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
    """Read the answered tries to log in at POP3, IMAP and web doors.

    Lines of another form are not skipped evidence here: the grammar of these logs is not known to be this one.
    """
    for node_logs in by_node(logs, DOORS):
        service = node_logs[0].service
        if service is not None:
            yield from _attempts(read_entries(node_logs, reading, tally), service, reading)


def _attempts(entries: Iterable[LogEntry | Skipped], service: Service, reading: Reading) -> Iterator[AuthAttempt]:
    alive: dict[Key, Door] = {}
    for entry in entries:
        if isinstance(entry, Skipped):
            continue
        key, ts, marker, text, _ = entry
        if not marker:
            if text.startswith((b"Connected", b"Disconnected")):
                alive.pop(key, None)
            continue
        door = alive.get(key)
        if door is None or ts - door.last > IDLE:
            door = alive[key] = Door()
        door.last = ts
        if marker == RECEIVED:
            door.received(entry)
        elif marker == SENT and (attempt := door.sent(entry, service, reading)):
            yield attempt
