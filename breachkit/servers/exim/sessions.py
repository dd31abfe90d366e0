"""The sessions in Exim's main log: clients that hand in messages or fail to log in, and what becomes of a message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.logs.envelope import KEPT_RECIPIENTS, address_of, is_nobody
from breachkit.logs.forms import DATE_TIME, find_dated
from breachkit.logs.grammar import FORGOTTEN, Grammar, LogSession, moment_of
from breachkit.records import AuthAttempt, Connection, Delivery, Locus, Skipped, Transaction
from breachkit.servers.exim.logs import CONNECTION, FAILURE, OF_MESSAGE, arrival_in, moment_in
from breachkit.spelling import spelled_ip
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from breachkit.logs.forms import Usual
    from breachkit.logs.grammar import Fate, Listener
    from breachkit.logs.kinds import Place
    from breachkit.logs.lines import Column, Lines
    from breachkit.records import DeliveryOutcome, Outcome

ODD_ARRIVAL = "arrival whose client cannot be told from what it called itself"
BETWEEN_MESSAGES = 1800
"""Seconds of silence after which a process that takes a message is another one with the same number."""
_LOCAL_ARRIVAL = re.compile(rb"\S+ <= (\S+)")
_ADDRESS = re.compile(rb"[^\"<>@]+@[^\"<>]+")
_RECIPIENT = re.compile(rb" +(\S+)(?: \([^)]*\))?(?: <([^<>]*)>)?")
_REPLY = re.compile(rb": ([245]\d\d[ -].*)", re.DOTALL)
_NOWHERE = re.compile(
    rb"Unrouteable address|non-existent hosts|Unknown user|no such (?:user|domain|host)", re.IGNORECASE
)
_CONNECTED = b"SMTP connection from "
_BEGUN = b" (TCP/IP connection count = "
_FATES: dict[bytes, DeliveryOutcome] = {
    **dict.fromkeys((b"=>", b"->", b">>", b"*>"), "delivered"),
    b"==": "deferred",
    b"**": "failed",
}
_ARROW, _DONE = b" <= ", b" Completed"
_MARK = 2
"""Bytes of what stands behind the id and tells what became of a recipient."""


class Client(LogSession):
    """A client that hands in messages, or fails to log in; without ports, what one process takes from one address."""

    __slots__ = ("_last", "_user")

    def __init__(self, key: bytes, ts: float, place: Place, listener: Listener) -> None:
        super().__init__(key, ts, place, listener)
        self._user: tuple[int, str] | None = None
        """Who is logged in, and the number of that try."""
        self._last = 0.0
        """When the last message was handed in."""

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line; one that begins another session is not taken."""
        if (place != self.source and begins(text)) or ts - self.end > BETWEEN_MESSAGES:
            return "another"
        self.end = ts
        arrived = arrival_in(text) if is_arrival(text) else None
        if arrived is not None:
            self._hand_in(ts, text, arrived, Locus(*place))
        elif failed := FAILURE.fullmatch(text):
            user = decode_text(failed["user"] or b"") or None
            outcome: Outcome = "failure" if failed["code"] == b"5" else "undetermined"
            seen = (spelled_ip(failed["ip"]), user, _mechanism(failed["name"]), outcome, None, Locus(*place))
            self.tell(AuthAttempt("smtp", moment_of(ts), *seen))
        elif connected := CONNECTION.match(text):
            self.tell(Connection(spelled_ip(connected["ip"]), _helo(connected), Locus(*place)))
        return "ends" if is_end(self.key, text) else "goes on"

    def _hand_in(self, ts: float, text: bytes, arrived: re.Match[bytes], source: Locus) -> None:
        client_ip, helo, at = spelled_ip(arrived["ip"]), _helo(arrived), moment_of(ts)
        self.tell(Connection(client_ip, helo, source))
        user = decode_text(arrived["user"]) if arrived["user"] else None
        if user is None:
            self._user = None
        elif self._user is None or self._user[1] != user or ts - self._last > BETWEEN_MESSAGES:
            self._user = self.tries, user
            self.tell(AuthAttempt("smtp", at, client_ip, user, _mechanism(arrived["name"]), "success", None, source))
        self._last = ts
        rcpt_to = list(dict.fromkeys(map(address_of, _recipients_of(text[arrived.end() :]))))
        recipients = (tuple(rcpt_to[:KEPT_RECIPIENTS]), len(rcpt_to), 0)
        queue_id, attempt = text.partition(b" ")[0].decode(), self._user and self._user[0]
        sender = address_of(arrived["sender"].strip(b"<>"))
        self.tell(Transaction(at, sender, *recipients, queue_id, True, attempt, helo, source))


class Message(LogSession):
    """What becomes of a message; retries repeat a line for each of its recipients, and the last one counts."""

    __slots__ = ("_last", "_sender")

    def __init__(self, key: bytes, ts: float, place: Place, listener: Listener) -> None:
        super().__init__(key, ts, place, listener)
        self.kind = "client"
        self._sender: str | None = None
        self._last: dict[str, tuple[float, str | None, DeliveryOutcome, bool, Place]] = {}

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of its id."""
        if ts - self.end > FORGOTTEN:
            return "another"
        self.end = ts
        behind = len(self.key) + 1 + _MARK
        mark = text[behind - _MARK : behind]
        if mark == b"<=" and (arrived := _LOCAL_ARRIVAL.match(text)):
            if b" H=" in text:
                self.tell(Skipped(ODD_ARRIVAL, Locus(*place)))
            self._sender = address_of(arrived[1].strip(b"<>"))
            taken = (self.key.decode(), True, None, None, Locus(*place))
            self.tell(Transaction(moment_of(ts), self._sender, (), 0, 0, *taken))
        elif (outcome := _FATES.get(mark)) and (told := _RECIPIENT.match(text, behind)):
            rcpt_to = address_of((told[2] or told[1]).rstrip(b":"))
            is_unknown = outcome == "failed" and _is_nowhere(text[told.start(1) :])
            self._last.pop(rcpt_to, None)
            self._last[rcpt_to] = ts, self._sender, outcome, is_unknown, place
        return "ends" if text.endswith(_DONE) else "goes on"

    def close(self) -> None:
        """End it: tell the last that became of each recipient."""
        queue_id = self.key.decode()
        for rcpt_to, (ts, sender, outcome, is_unknown, place) in self._last.items():
            gone = Delivery(moment_of(ts), queue_id, sender, rcpt_to, outcome, is_unknown, Locus(*place))
            self.listener.tell(self, gone, 0)
        super().close()


def _recipients_of(text: bytes) -> list[bytes]:
    """Read who a message is for, at the end of an arrival with `+received_recipients`.

    All that follows the last `for` is addresses; else that word is of the subject. Word by word: one pattern for all of
    them took minutes on a subject of sixteen addresses without blanks and a quote behind.
    """
    words = text.rpartition(b" for ")[2].split() if b" for " in text else []
    return words if all(map(_ADDRESS.fullmatch, words)) else []


def _is_nowhere(text: bytes) -> bool:
    reply = _REPLY.search(text)
    return is_nobody(reply[1]) if reply else bool(_NOWHERE.search(text))


def _helo(found: re.Match[bytes]) -> str | None:
    return decode_text(found["helo"]) if found["helo"] else None


def _mechanism(name: bytes) -> str:
    """Tell the mechanism from the name that the administrator gave the authenticator: `dovecot_login`."""
    upper = name.upper()
    return next((word for word in ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2") if word.encode() in upper), "other")


def begins(text: bytes) -> bool:
    """Tell a connection that was opened."""
    return text.startswith(_CONNECTED) and _BEGUN in text


def is_end(key: bytes, text: bytes) -> bool:
    """Tell a connection that was closed or lost, a message that is done with, and a line that stands alone.

    A failed login that names no port is a session of its own.
    """
    if text.startswith(_CONNECTED):
        return _BEGUN not in text
    return text.endswith(_DONE) or (key.startswith(b"[") and key.endswith(b"]"))


def is_arrival(text: bytes) -> bool:
    """Tell a message that was taken in."""
    return _ARROW in text[:30]


class EximLog(Grammar):
    """How lines of the main log, and of the reject log, become sessions."""

    def find_usual(self, octets: Column, words: Column, start: Column) -> Usual:
        """Tell lines with a stamp without a zone, and no process."""
        return find_dated(octets, words, start)

    def read_stamp(self, line: bytes, zone: tzinfo) -> float | None:
        """Read the stamp of a line."""
        return moment_in(line[: len(DATE_TIME) - 1], None, zone)

    def open(self, key: bytes, ts: float, _text: bytes, place: Place, listener: Listener) -> LogSession:
        """Begin a session with a line."""
        return (Client if b"[" in key else Message)(key, ts, place, listener)

    def begins(self, _key: bytes, text: bytes) -> bool:
        """Tell a connection that was opened."""
        return begins(text)

    def longest_silence(self, key: bytes) -> float:
        """Return the seconds of silence behind which a line of a key always begins another session."""
        return BETWEEN_MESSAGES if b"[" in key else FORGOTTEN

    def ends(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line ends its session."""
        return is_end(key, text)

    def takes(self, _key: bytes, text: bytes) -> bool:
        """Tell a message that was taken in."""
        return is_arrival(text)

    def find_begun_keys(self, lines: Lines) -> Iterator[bytes]:
        """List the ids of messages that were taken in: nothing becomes of them before."""
        for row in lines.find([_ARROW], folded=False).tolist():
            named = OF_MESSAGE.match(lines.raw(row))
            if named is not None:
                yield named[1]
