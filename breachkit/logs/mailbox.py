"""One session of POP3, IMAP or web, as far as it is about logging in: a dialogue a line at a time.

The dialogue is that of RFC 1939 (`USER`, `PASS`, `+OK`, `-ERR`) or RFC 9051 (`tag LOGIN`, `tag AUTHENTICATE`, `tag OK`,
`tag NO`); whatever else a log holds is passed over.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.records import AuthAttempt, Locus
from breachkit.text.charsets import decode_text
from breachkit.text.sasl import MOST_RESPONSES, Credentials, Password, read_exchange, split_auth

if TYPE_CHECKING:
    from breachkit.logs.grammar import Listener
    from breachkit.logs.kinds import Place
    from breachkit.records import Outcome

_WORD = rb'(?:"((?:[^"\\]|\\.)*)"|(\S+))'
_POP_USER = re.compile(rb"USER (.+)", re.IGNORECASE)
_POP_PASS = re.compile(rb"PASS (.*)", re.IGNORECASE)
_POP_APOP = re.compile(rb"APOP (\S+) \S+", re.IGNORECASE)
_IMAP_LOGIN = re.compile(rb"(\S{1,32}) LOGIN " + _WORD + rb" " + _WORD, re.IGNORECASE)
_AUTHENTICATE = re.compile(rb"(?:(\S{1,32}) AUTHENTICATE|AUTH) (\S.*)", re.IGNORECASE)
TRY_WORDS = (b"<<< user ", b"<<< pass ", b"<<< apop ", b"<<< auth ", b" login ", b" authenticate ")
"""One of these stands in every line that begins a try, in letters of either case."""
_IMAP_OUTCOMES: dict[bytes, Outcome] = {b"OK": "success", b"NO": "failure", b"BAD": "failure"}
_LONGEST = 2_000
"""Bytes of a line that are searched: no user name or password is longer."""


class Mailbox:
    """The state of one session; no `Password` is kept in it, since it may travel between processes."""

    __slots__ = ("_client_ip", "_place", "_tag", "_typed", "end", "listener", "mechanism", "named", "responses")

    is_bare = False

    def __init__(self, client_ip: str, ts: float, listener: Listener) -> None:
        self._client_ip, self.end = client_ip, ts
        self.listener = listener
        self.named: str | None = None
        """What the client said with `USER`."""
        self.mechanism: str | None = None
        """Of the try under way."""
        self.responses: list[bytes] | None = None
        """Of an exchange; None where user and password stand in the command."""

    def received(self, text: bytes, place: Place) -> None:
        """Take a line of the client."""
        text = text[:_LONGEST]
        if self.mechanism is not None and self.responses is not None:
            if len(self.responses) < MOST_RESPONSES:
                self.responses.append(text.strip())
        elif found := _IMAP_LOGIN.match(text):
            self._begin("IMAP LOGIN", place, found[1], _unquoted(found[2], found[3]), _unquoted(found[4], found[5]))
        elif found := _AUTHENTICATE.match(text):
            self._begin("", place, found[1])
            self.mechanism, self.responses = split_auth(found[2])
        elif found := _POP_USER.match(text):
            self.named = decode_text(found[1]).strip() or None
        elif found := _POP_PASS.match(text):
            self._begin("POP3 USER", place, None, self.named, decode_text(found[1]))
        elif found := _POP_APOP.match(text):
            self._begin("POP3 APOP", place, None, decode_text(found[1]))

    def _begin(
        self, mechanism: str, place: Place, tag: bytes | None = None, user: str | None = None, password: str = ""
    ) -> None:
        self.mechanism, self.responses, self._place, self._tag = mechanism, None, place, tag
        # a password that the server has masked is left out
        self._typed = user, password if password.strip("*xX•.") else None

    def sent(self, ts: float, text: bytes) -> None:
        """Take a line of the server; tell of the try that it answers."""
        mechanism, listener, outcome = self.mechanism, self.listener, self._outcome_of(text)
        if mechanism is None or outcome is None:
            return
        self.mechanism = None
        user, secret = self._typed
        given = Credentials(user, None if secret is None else Password(secret))
        user, password = given if self.responses is None else read_exchange(mechanism, self.responses)
        at, seen = datetime.fromtimestamp(ts, listener.zone), listener.fingerprints.of_password(password)
        place = Locus(*self._place)
        listener.tell(
            self, AuthAttempt(listener.service, at, self._client_ip, user, mechanism, outcome, seen, place), 0
        )

    def _outcome_of(self, reply: bytes) -> Outcome | None:
        """Read the server's answer; None when this line does not answer the try under way."""
        if self.mechanism is None:
            return None
        if self._tag is None:
            return "success" if reply.startswith(b"+OK") else "failure" if reply.startswith(b"-ERR") else None
        tag, _, answer = reply.partition(b" ")
        return _IMAP_OUTCOMES.get(answer.split(b" ", 1)[0].upper()) if tag == self._tag else None

    def close(self) -> None:
        """End the session: a try that got no answer is none."""


def _unquoted(quoted: bytes | None, bare: bytes | None) -> str:
    if quoted is not None:
        return decode_text(re.sub(rb"\\(.)", rb"\1", quoted))
    return decode_text(bare or b"")
