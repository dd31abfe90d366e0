"""Tries to log in at POP3, IMAP and web: a dialogue a line at a time, and the reading of logs for it.

The dialogue is that of RFC 1939 (`USER`, `PASS`, `+OK`, `-ERR`) or RFC 9051 (`tag LOGIN`, `tag AUTHENTICATE`, `tag OK`,
`tag NO`); whatever else a log holds is passed over, and the caller says what was not read.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from breachkit.files import OVERLONG
from breachkit.logs.block import alien_in, digest_of
from breachkit.logs.reader import Reader, Span, add_tally, by_node
from breachkit.logs.smtp import Listener
from breachkit.records import AuthAttempt, Locus, Skipped
from breachkit.text.sasl import MOST_RESPONSES, Credentials, Password, decode_text, read_exchange, split_auth

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.logs.facts import LogTally, Reading
    from breachkit.logs.kinds import LogFile
    from breachkit.logs.smtp import Place
    from breachkit.records import Outcome, Service

SERVICES: frozenset[Service] = frozenset({"pop3", "imap", "web"})

_WORD = rb'(?:"((?:[^"\\]|\\.)*)"|(\S+))'
_POP_USER = re.compile(rb"USER (.+)", re.IGNORECASE)
_POP_PASS = re.compile(rb"PASS (.*)", re.IGNORECASE)
_POP_APOP = re.compile(rb"APOP (\S+) \S+", re.IGNORECASE)
_POP_AUTH = re.compile(rb"AUTH (\S.*)", re.IGNORECASE)
_IMAP_LOGIN = re.compile(rb"(\S{1,32}) LOGIN " + _WORD + rb" " + _WORD, re.IGNORECASE)
_IMAP_AUTHENTICATE = re.compile(rb"(\S{1,32}) AUTHENTICATE (\S.*)", re.IGNORECASE)
TRY_WORDS = (b"<<< user ", b"<<< pass ", b"<<< apop ", b"<<< auth ", b" login ", b" authenticate ")
"""One of these stands in every line that begins a try, in letters of either case."""
_LONGEST = 2_000
"""Bytes of a line that are searched: no user name or password is longer."""


class Try:
    """One try under way."""

    __slots__ = ("credentials", "mechanism", "place", "responses", "tag")

    def __init__(self, mechanism: str, place: Place, tag: bytes | None = None) -> None:
        self.mechanism, self.place, self.tag = mechanism, place, tag
        self.credentials = Credentials(None, None)
        self.responses: list[bytes] | None = None
        """Of an exchange; None where the credentials stand in the command."""

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


class Mailbox:
    """The state of one session, as far as it is about logging in."""

    __slots__ = ("_client_ip", "end", "listener", "under_way", "user")

    listener: Listener | None

    def __init__(self, client_ip: str, ts: float, listener: Listener) -> None:
        self._client_ip, self.end, self.listener = client_ip, ts, listener
        self.user: str | None = None
        self.under_way: Try | None = None

    @property
    def is_idle(self) -> bool:
        """True when what was said so far tells nothing of what is to come."""
        return self.under_way is None and self.user is None

    def received(self, text: bytes, place: Place) -> None:
        """Take a line of the client."""
        text = text[:_LONGEST]
        if self.under_way is not None and self.under_way.responses is not None:
            if len(self.under_way.responses) < MOST_RESPONSES:
                self.under_way.responses.append(text.strip())
        elif found := _IMAP_LOGIN.match(text):
            user, password = _unquoted(found[2], found[3]), _unquoted(found[4], found[5])
            self._begin("IMAP LOGIN", place, Credentials(user, _visible(password)), found[1])
        elif found := _IMAP_AUTHENTICATE.match(text):
            self._begin_exchange(found[2], place, found[1])
        elif found := _POP_USER.match(text):
            self.user = decode_text(found[1]).strip() or None
        elif found := _POP_PASS.match(text):
            self._begin("POP3 USER", place, Credentials(self.user, _visible(decode_text(found[1]))))
        elif found := _POP_APOP.match(text):
            self._begin("POP3 APOP", place, Credentials(decode_text(found[1]), None))
        elif found := _POP_AUTH.match(text):
            self._begin_exchange(found[1], place)

    def _begin(self, mechanism: str, place: Place, credentials: Credentials, tag: bytes | None = None) -> None:
        self.under_way = Try(mechanism, place, tag)
        self.under_way.credentials = credentials

    def _begin_exchange(self, argument: bytes, place: Place, tag: bytes | None = None) -> None:
        mechanism, responses = split_auth(argument)
        self.under_way = Try(mechanism, place, tag)
        self.under_way.responses = responses

    def sent(self, ts: float, text: bytes) -> None:
        """Take a line of the server; tell of the try that it answers."""
        tried, listener = self.under_way, self.listener
        outcome = None if tried is None else tried.outcome_of(text)
        if tried is None or outcome is None or listener is None:
            return
        self.under_way = None
        user, password = (
            tried.credentials if tried.responses is None else read_exchange(tried.mechanism, tried.responses)
        )
        at, secret = datetime.fromtimestamp(ts, listener.zone), listener.fingerprints.of_password(password)
        place = Locus(*tried.place)
        row = AuthAttempt(listener.service, at, self._client_ip, user, tried.mechanism, outcome, secret, place)
        listener.sink.tried(self, row, 0)

    def close(self, *, is_open: bool = False) -> None:
        """End the session: a try that got no answer is none."""


def _unquoted(quoted: bytes | None, bare: bytes | None) -> str:
    if quoted is not None:
        return decode_text(re.sub(rb"\\(.)", rb"\1", quoted))
    return decode_text(bare or b"")


def _visible(password: str) -> Password | None:
    """Leave out a password that the server has masked."""
    return None if not password.strip("*xX•.") else Password(password)


class Tries:
    """Keeps the tries that were answered."""

    def __init__(self) -> None:
        self._answered: list[AuthAttempt] = []

    def tried(self, _session: object, attempt: AuthAttempt, _distance: int) -> None:
        """Keep a try."""
        self._answered.append(attempt)

    def sent(self, *_: object) -> None:
        """Keep nothing of that."""

    delivered = sent

    def ended(self, _session: object, *, is_open: bool) -> None:
        """Keep nothing of that."""

    def take(self) -> list[AuthAttempt]:
        """Return the tries since this was asked."""
        answered, self._answered = self._answered, []
        return answered


def read_logins(logs: Sequence[LogFile], reading: Reading, tally: LogTally) -> Iterator[AuthAttempt | Skipped]:
    """Read the answered tries to log in at POP3, IMAP and web, and tell which logs could not be read.

    Lines of another form are not skipped evidence here: the grammar of these logs is not known to be this one.
    """
    for node in by_node(logs, SERVICES):
        service = min(node[0].services & SERVICES)
        tries, skipped = Tries(), list[Skipped]()
        listener = Listener(reading.zone, reading.fingerprints, None, tries, service)
        reader = Reader(node[0].kind, reading.zone, listener)
        reader.skip, reader.progress = skipped.append, reading.progress
        for log in node:
            for lines in reader.blocks(Span(log)):
                # a session is of interest from the line that begins a try on
                keys = np.array([digest_of(key) for key in reader.alive], np.uint64)
                begun = lines.key[reader.grammar.find_telling(lines)]
                is_wanted = np.isin(lines.key, np.concatenate((begun, keys))) & lines.is_line
                reader.lead(lines.entries(np.flatnonzero(is_wanted)))
                yield from tries.take()
        reader.close()
        yield from tries.take()
        yield from (one for one in skipped if one.reason not in {OVERLONG, alien_in(node[0].kind)})
        add_tally(tally, reader.tally)
