"""The sessions in Postfix's part of a mail log: clients, and what becomes of each message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.logs.envelope import address_of
from breachkit.logs.grammar import FORGOTTEN, LogSession, Syslog, moment_of
from breachkit.records import NULL_SENDER, AuthAttempt, Connection, Delivery, Locus, Transaction
from breachkit.servers.postfix.logs import FAILED, ID, PEER
from breachkit.spelling import spelled_ip
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from breachkit.logs.grammar import Fate, Listener
    from breachkit.logs.kinds import Place
    from breachkit.records import DeliveryOutcome

_CONNECT = re.compile(rb"connect from " + PEER)
_TAKEN = re.compile(
    rb"(?P<id>%b): client=" % ID
    + PEER
    + rb"(?:, sasl_method=(?P<method>[^,\s]+))?(?:, sasl_username=(?P<user>[^,\s]+))?"
)
_PICKED_UP = re.compile(rb"(%b): uid=\d+ from=<(.*)>" % ID)
_OWN_ID = re.compile(rb"(%b): message-id=<(?:\d{14}\.)?\1@" % ID)
"""What Postfix itself writes bears the queue id in its Message-ID: a bounce, or mail that had none."""
_FROM = re.compile(rb"%b: from=<(.*?)>, size=" % ID)
_TO = re.compile(
    rb"(?>%b: to=<(?P<to>.*?)>, (?:orig_to=<[^>]*>, )?relay=\S+, )(?>.*?dsn=(?P<dsn>[245]\.\d{1,3}\.\d{1,3}),"
    rb" status=(?P<status>[a-z]+))(?: \((?P<why>.*)\))?" % ID,
    re.DOTALL,
)
"""Atomic: each part is the first that fits, or a line of 64 kB that says all of it again and again takes minutes."""
_FATES: dict[bytes, DeliveryOutcome] = {
    b"sent": "delivered",
    b"deferred": "deferred",
    **dict.fromkeys((b"bounced", b"expired", b"undeliverable"), "failed"),
}
_NOBODY = frozenset({b"5.1.1", b"5.1.2", b"5.1.10", b"5.4.4"})
_UNTOLD = frozenset({b"(unavailable)", b""})


class Client(LogSession):
    """A client, from its connection to its end."""

    __slots__ = ("_user",)

    def __init__(self, key: bytes, ts: float, place: Place, listener: Listener) -> None:
        super().__init__(key, ts, place, listener)
        self._user: tuple[int, str] | None = None
        """Who is logged in, and the number of that try."""

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line; one that begins another session is not taken."""
        if ts - self.end > FORGOTTEN or (place != self.source and begins(self.key, text)):
            return "another"
        self.end = ts
        if connected := _CONNECT.fullmatch(text):
            self.tell(Connection(spelled_ip(connected["ip"]), None, Locus(*place)))
        elif failed := FAILED.fullmatch(text):
            user = None if failed["user"] in _UNTOLD | {None} else decode_text(failed["user"])
            client_ip, method = spelled_ip(failed["ip"]), decode_text(failed["method"])
            self.tell(AuthAttempt("smtp", moment_of(ts), client_ip, user, method, "failure", None, Locus(*place)))
        elif taken := _TAKEN.match(text):
            self._hand_in(ts, taken, Locus(*place))
        return "ends" if ends(self.key, text) else "goes on"

    def _hand_in(self, ts: float, taken: re.Match[bytes], source: Locus) -> None:
        client_ip, at = spelled_ip(taken["ip"]), moment_of(ts)
        self.tell(Connection(client_ip, None, source))
        user = decode_text(taken["user"]) if taken["user"] else None
        if user is None:
            self._user = None
        elif self._user is None or self._user[1] != user:
            method = decode_text(taken["method"] or b"other")
            self._user = self.tries, user
            self.tell(AuthAttempt("smtp", at, client_ip, user, method, "success", None, source))
        queue_id, attempt = taken["id"].decode(), self._user and self._user[0]
        self.tell(Transaction(at, None, (), 0, 0, queue_id, True, attempt, None, source))


class Message(LogSession):
    """What becomes of a message; retries repeat a line for each of its recipients, and the last one counts."""

    __slots__ = ("_is_own", "_last", "_sender")

    def __init__(self, key: bytes, ts: float, place: Place, listener: Listener) -> None:
        super().__init__(key, ts, place, listener)
        self.kind = "client"
        self._is_own = False
        self._sender: str | None = None
        self._last: dict[str, tuple[float, str | None, DeliveryOutcome, bool, Place]] = {}

    @property
    def queue_id(self) -> str:
        """Its id."""
        return self.key.rpartition(b" ")[2].decode()

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of its id; one that begins another session is not taken."""
        if ts - self.end > FORGOTTEN or (place != self.source and begins(self.key, text)):
            return "another"
        self.end = ts
        if gone := _TO.fullmatch(text):
            outcome = _FATES.get(gone["status"])
            if outcome is not None:
                rcpt_to = address_of(gone["to"])
                is_unknown = gone["status"] == b"bounced" and (
                    gone["dsn"] in _NOBODY or b"Host not found" in (gone["why"] or b"")
                )
                self._last.pop(rcpt_to, None)
                self._last[rcpt_to] = ts, self._sender, outcome, is_unknown, place
        elif named := _FROM.match(text):
            if self._is_own and not named[1] and self._sender is None:
                self._begin(ts, NULL_SENDER, place)
            self._sender = address_of(named[1])
        elif picked := _PICKED_UP.fullmatch(text):
            self._begin(ts, address_of(picked[2]), place)
        elif _OWN_ID.match(text):
            self._is_own = True
        return "ends" if ends(self.key, text) else "goes on"

    def _begin(self, ts: float, sender: str, place: Place) -> None:
        """Tell of a message that no client has handed in."""
        taken = (self.queue_id, True, None, None, Locus(*place))
        self.tell(Transaction(moment_of(ts), sender, (), 0, 0, *taken))

    def close(self) -> None:
        """End it: tell the last that became of each recipient."""
        queue_id = self.queue_id
        for rcpt_to, (ts, sender, outcome, is_unknown, place) in self._last.items():
            gone = Delivery(moment_of(ts), queue_id, sender, rcpt_to, outcome, is_unknown, Locus(*place))
            self.listener.tell(self, gone, 0)
        super().close()


def begins(key: bytes, text: bytes) -> bool:
    """Tell the line with which a client connects, and the first that every message has."""
    if key.endswith(b"]"):
        return text.startswith(b"connect from ")
    return text.startswith(b"message-id=", text.find(b": ") + 2)


def ends(key: bytes, text: bytes) -> bool:
    """Tell the line with which a client is gone, and the last that a message has."""
    if key.endswith(b"]"):
        return text.startswith(b"disconnect from ")
    return text.endswith(b": removed")


class PostfixLog(Syslog):
    """How lines become sessions."""

    def open(self, key: bytes, ts: float, _text: bytes, place: Place, listener: Listener) -> LogSession:
        """Begin a session with a line."""
        return (Client if key.endswith(b"]") else Message)(key, ts, place, listener)

    def begins(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line begins a session."""
        return begins(key, text)

    def ends(self, key: bytes, text: bytes) -> bool:
        """Tell whether a line ends its session."""
        return ends(key, text)

    def takes(self, _key: bytes, text: bytes) -> bool:
        """Tell a message that was taken in."""
        return text.partition(b": ")[2].startswith((b"client=", b"uid="))
