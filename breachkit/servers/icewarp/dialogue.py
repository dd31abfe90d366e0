"""One SMTP session as it is read: lines in, what happened out.

Everything a peer typed is a stranger's text, so only two things decide who said a line: the direction
marker at its fixed place, and the state of the dialogue (RFC 5321): a reply belongs to the oldest command
that has none yet (commands may be pipelined, RFC 2920), and a message id is believed only in the
server's answer to the end of data.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.records import NULL_SENDER
from breachkit.records import AuthAttempt
from breachkit.records import Delivery
from breachkit.records import Locus
from breachkit.records import Transaction
from breachkit.sasl import Exchange
from breachkit.sasl import decode_text
from breachkit.servers.icewarp.ids import ANY_ID

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.records import DeliveryOutcome
    from breachkit.records import Outcome
    from breachkit.records import SessionKind
    from breachkit.sasl import Fingerprints

KEPT_RECIPIENTS = 100
"""Recipients of one message that are kept by name; all are counted."""

VERBS = frozenset(
    b"EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP AUTH STARTTLS ETRN TURN SIZE XCLIENT".split(),
)
_AUTH_CODES = (b"334", b"235")
_PATH = re.compile(rb"(?:FROM|TO)[ \t]*:[ \t]*(?:<([^>]*)>|([^\s<>]+))", re.IGNORECASE)
_CONTENT_COUNT = re.compile(rb"\d+ bytes \(")
_ACCEPTED_ID = re.compile(rb"message[- ]id:? +<?([^\s<>]{1,100}?)>?(?: |$)", re.IGNORECASE)
_SUMMARY = re.compile(rb"\*\*\* <(.*)> <(.*)> (\d+) (\d+) \d+:\d\d:\d\d (.*)", re.DOTALL)
_ENHANCED = re.compile(rb"\d{3}[ -]([245])\.(\d{1,3})\.\d{1,3}\b")
_NOWHERE = re.compile(
    rb"\b(?:no|not|non-?exist\w*|unable|cannot|can't|could|fail\w*|missing|without|unknown|invalid)\b.*"
    rb"\b(?:mx|dns|host\w*|domain|a record)\b"
    rb"|\b(?:mx|dns|host\w*|domain)\b.*\b(?:no|not|unable|fail\w*|missing|unknown|error|nxdomain)\b|nxdomain",
    re.IGNORECASE,
)
_REFUSED_US = re.compile(rb"spam|black|block|list|reputation|policy|denied|relay|spf|dkim|dmarc|authenti", re.IGNORECASE)
_CLIENT_MARK = b"client session"
_NOTE_READ = 400
"""Bytes of a note that are searched: a note may quote a stranger at length."""


def address_of(raw: bytes) -> str:
    """Spell an address of an envelope: lower case; `<>` when it is the empty reverse path."""
    return decode_text(raw).strip().lower() or NULL_SENDER


def path_of(argument: bytes) -> str | None:
    """Read the path of `MAIL FROM:<…>` or `RCPT TO:<…>` (RFC 5321 §3.3), brackets optional."""
    found = _PATH.search(argument)
    if not found:
        return None
    return address_of(found[1] if found[1] is not None else found[2])


def is_nobody(reply: bytes) -> bool:
    """Tell a refusal that means "no such recipient" from one that is about the sender (RFC 3463 §3.2)."""
    enhanced = _ENHANCED.match(reply)
    if enhanced:
        return enhanced[1] == b"5" and enhanced[2] == b"1"
    return reply[:3] in {b"550", b"551", b"553"} and not _REFUSED_US.search(reply[3:_NOTE_READ])


class Dialogue:
    """The state of one session between its opening and its end."""

    __slots__ = (
        "_awaited",
        "_challenged",
        "_client_ip",
        "_exchange",
        "_exchange_source",
        "_exchange_ts",
        "_fingerprints",
        "_in_content",
        "_last_success",
        "_message",
        "_noted",
        "_summary_id",
        "_tls_asked",
        "_zone",
        "attempts",
        "deliveries",
        "end",
        "has_dialogue",
        "helo",
        "is_connected",
        "kind",
        "source",
        "start",
        "thread",
        "transactions",
    )

    def __init__(self, client_ip: str, thread: str, ts: float, source: Locus, reader: tuple[tzinfo, Fingerprints]) -> None:
        self._zone, self._fingerprints = reader
        self._client_ip = client_ip
        self.thread = thread
        self.start = self.end = ts
        self.source = source
        self.kind: SessionKind | None = None
        self.helo: str | None = None
        self.attempts: list[AuthAttempt] = []
        self.transactions: list[Transaction] = []
        self.deliveries: list[Delivery] = []
        self.has_dialogue = False
        self.is_connected = False
        self._awaited: list[tuple[bytes, bytes, Locus]] = []
        self._exchange: Exchange | None = None
        self._exchange_source = source
        self._exchange_ts = ts
        self._challenged = False
        self._in_content = False
        self._last_success: int | None = None
        self._message: Envelope | None = None
        self._summary_id: str | None = None
        self._noted = Noted()
        self._tls_asked = False

    @property
    def client_ip(self) -> str:
        """The peer's address, canonical; a word where the log has one."""
        return self._client_ip

    @property
    def is_banner_due(self) -> bool:
        """False when a `220` is the opening of another session, not part of this one."""
        return not self.has_dialogue or self._tls_asked or self.kind == "client"

    def _at(self, ts: float) -> datetime:
        return datetime.fromtimestamp(ts, self._zone)

    # -- lines -------------------------------------------------------------------------------------

    def received(self, ts: float, text: bytes, source: Locus) -> None:
        """Take a line that the peer sent to the mail server."""
        self.end = ts
        if self.kind is None and not self.has_dialogue:
            self.kind = "client" if text[:3].isdigit() else "server"
        self.has_dialogue = True
        if self.kind == "client":
            self._take_reply(ts, text)
        else:
            self._take_command(ts, text, source)

    def sent(self, ts: float, text: bytes, source: Locus) -> None:
        """Take a line that the mail server sent. Its form is the server's own word on which side it is on."""
        self.end = ts
        is_reply = text[:3].isdigit() and text[3:4] in {b" ", b"-", b""}
        if not self.has_dialogue or (is_reply and self.kind == "client" and not self._awaited):
            self.kind = "server" if is_reply else "client"
        self.has_dialogue = True
        if self.kind == "client":
            self._take_command(ts, text, source)
        elif is_reply:
            self._take_reply(ts, text)

    def note(self, ts: float, text: bytes, source: Locus) -> None:
        """Take a line without a direction: what the mail server says about the session."""
        self.end = ts
        if text.startswith(b"***"):
            self._take_summary(ts, text, source)
            return
        if _CLIENT_MARK in text[:_NOTE_READ].lower() and not self.has_dialogue:
            self.kind = "client"
        if self.kind == "client":
            self._noted.add(text[:_NOTE_READ])

    # -- commands and replies ----------------------------------------------------------------------

    def _take_command(self, ts: float, text: bytes, source: Locus) -> None:
        if self._in_content:
            return
        verb = text.split(b" ", 1)[0].upper()
        if self._exchange is not None and self._is_response(verb, text):
            self._exchange.add(text)
            self._challenged = False
            return
        if verb == b"AUTH" and self.kind == "server":
            self._close_exchange(self._exchange_ts, "undetermined")
            self._exchange, self._challenged = Exchange(text[5:]), False
            self._exchange_ts, self._exchange_source = ts, source
        elif not _CONTENT_COUNT.match(text):
            self._tls_asked = verb == b"STARTTLS"
            self._awaited.append((verb[:8], text, source))

    def _is_response(self, verb: bytes, text: bytes) -> bool:
        """Tell a response of the AUTH exchange from the next command; after a 334 it is always a response."""
        if self._challenged:
            return True
        exchange = self._exchange
        if exchange is None or exchange.is_complete:
            return False
        return verb not in VERBS and not text.upper().startswith((b"MAIL FROM", b"RCPT TO"))

    def _take_reply(self, ts: float, text: bytes) -> None:
        code = text[:3]
        if not code.isdigit():
            return
        was_content, self._in_content = self._in_content, False
        if text[3:4] == b"-":
            self._in_content = was_content and self.kind == "client"
            return
        if self._exchange is not None and (code in _AUTH_CODES or code[:1] in b"45"):
            self._answer_exchange(ts, code)
            return
        if self._exchange is not None:
            self._close_exchange(self._exchange_ts, "undetermined")
        if not self._awaited:
            return
        verb, command, source = self._awaited.pop(0)
        self._answer(ts, verb, command, text, source)

    def _answer(self, ts: float, verb: bytes, command: bytes, reply: bytes, source: Locus) -> None:
        is_good = reply[:1] == b"2"
        if verb in {b"EHLO", b"HELO"}:
            self.helo = decode_text(command[5:].strip())[:255] or None
        elif verb == b"STARTTLS":
            self._tls_asked = False
        elif verb == b"MAIL":
            self._end_message(ts, None)
            self._message = Envelope(path_of(command), is_good, source)
        elif verb == b"RCPT" and self._message is not None:
            self._message.add(path_of(command), reply)
        elif verb == b"DATA" and reply[:3] == b"354":
            self._in_content = True
            self._awaited.insert(0, (b".", command, source))
        elif verb == b"." or (verb == b"BDAT" and command.upper().endswith(b"LAST")):
            self._end_message(ts, reply)
        elif verb == b"RSET" and is_good:
            self._end_message(ts, None)

    # -- AUTH --------------------------------------------------------------------------------------

    def _answer_exchange(self, ts: float, code: bytes) -> None:
        if code == b"334":
            self._challenged = True
        else:
            self._close_exchange(ts, "success" if code == b"235" else "failure")

    def _close_exchange(self, ts: float, outcome: Outcome) -> None:
        exchange, self._exchange, self._challenged = self._exchange, None, False
        if exchange is None:
            return
        user, password = exchange.credentials()
        secret = self._fingerprints.of_password(password)
        if outcome == "success":
            self._last_success = len(self.attempts)
        self.attempts.append(
            AuthAttempt(
                "smtp", self._at(ts), self._client_ip, user, exchange.mechanism, outcome, secret, self._exchange_source
            ),
        )

    # -- messages ----------------------------------------------------------------------------------

    def _end_message(self, ts: float, reply: bytes | None) -> None:
        """Close the message in hand: `reply` answered its end of data, None when it got none."""
        message, self._message = self._message, None
        summary_id, self._summary_id = self._summary_id, None
        if message is None:
            return
        if self.kind == "client":
            self._deliver(ts, message, reply)
            return
        is_accepted = reply is not None and reply[:1] == b"2"
        if not is_accepted and not message.count and message.is_taken:
            return  # MAIL FROM alone: nothing was offered
        found = _ACCEPTED_ID.search(reply) if is_accepted and reply else None
        queue_id = decode_text(found[1]) if found else summary_id
        self._add_transaction(ts, message, queue_id if is_accepted else None, is_accepted=is_accepted)

    def _add_transaction(self, ts: float, message: Envelope, queue_id: str | None, *, is_accepted: bool) -> None:
        self.transactions.append(
            Transaction(
                ts=self._at(ts),
                mail_from=message.mail_from,
                rcpt_to=tuple(message.taken),
                rcpt_count=message.count,
                rcpt_unknown=message.unknown,
                queue_id=queue_id,
                accepted=is_accepted,
                attempt=self._last_success,
                source=message.source,
            ),
        )

    def _take_summary(self, ts: float, text: bytes, source: Locus) -> None:
        """Read `*** <from> <to> recipients bytes hh:mm:ss status [id]` from the right: the left is a stranger's."""
        found = _SUMMARY.match(text)
        if not found:
            return
        *words, last = found[5].split() or [b""]
        queue_id = decode_text(last) if words or ANY_ID.fullmatch(decode_text(last)) else None
        if self.kind == "client":
            self._noted.add(text[:_NOTE_READ])
        elif self._message is not None:
            self._summary_id = queue_id
        elif not self.has_dialogue:
            message = Envelope(address_of(found[1]), is_taken=True, source=source)
            message.taken = [address_of(found[2])]
            message.count = min(int(found[3][:9]), 1_000_000)
            self._add_transaction(ts, message, queue_id, is_accepted=found[5].upper().startswith(b"OK"))

    # -- deliveries --------------------------------------------------------------------------------

    def _deliver(self, ts: float, message: Envelope, reply: bytes | None) -> None:
        final: DeliveryOutcome = "deferred"
        if reply is not None and reply[:1] in b"25":
            final = "delivered" if reply[:1] == b"2" else "failed"
        is_unknown = final == "failed" and reply is not None and is_nobody(reply)
        for rcpt_to in message.taken:
            self._add_delivery(ts, (message.mail_from, rcpt_to), final, message.source, is_unknown=is_unknown)
        for rcpt_to, refusal in message.refused:
            outcome: DeliveryOutcome = "failed" if refusal[:1] == b"5" else "deferred"
            unknown = outcome == "failed" and is_nobody(refusal)
            self._add_delivery(ts, (message.mail_from, rcpt_to), outcome, message.source, is_unknown=unknown)

    def _add_delivery(
        self,
        ts: float,
        path: tuple[str | None, str | None],
        outcome: DeliveryOutcome,
        source: Locus,
        *,
        is_unknown: bool,
    ) -> None:
        self.deliveries.append(
            Delivery(self._at(ts), self._noted.queue_id, path[0], path[1], outcome, is_unknown, source),
        )

    def close(self) -> None:
        """End the session: what got no answer is undetermined."""
        self._close_exchange(self._exchange_ts, "undetermined")
        self._end_message(self.end, None)
        noted = self._noted
        if self.kind == "client" and not self.deliveries and noted.is_anything:
            outcome: DeliveryOutcome = "failed" if noted.is_nowhere else "deferred"
            for rcpt_to in noted.addresses[1:] or [None]:
                mail_from = noted.addresses[0] if noted.addresses else None
                self._add_delivery(self.end, (mail_from, rcpt_to), outcome, self.source, is_unknown=noted.is_nowhere)


class Envelope:
    """One message on its way through a session."""

    __slots__ = ("count", "is_taken", "mail_from", "refused", "source", "taken", "unknown")

    def __init__(self, mail_from: str | None, is_taken: bool, source: Locus) -> None:  # noqa: FBT001
        self.mail_from = mail_from
        self.is_taken = is_taken
        self.source = source
        self.taken: list[str] = []
        self.refused: list[tuple[str | None, bytes]] = []
        self.count = 0
        self.unknown = 0

    def add(self, rcpt_to: str | None, reply: bytes) -> None:
        """Take one recipient and the answer to it."""
        self.count += 1
        if reply[:1] == b"2":
            if rcpt_to is not None and len(self.taken) < KEPT_RECIPIENTS:
                self.taken.append(rcpt_to)
            return
        self.unknown += is_nobody(reply)
        if len(self.refused) < KEPT_RECIPIENTS:
            self.refused.append((rcpt_to, reply[:_NOTE_READ]))


class Noted:
    """What the notes of a client session say: all that is known of one that never reached a server.

    The marker `Client session` and an end for want of an MX record are the guide's; the wording of both is
    not public, so words are looked for, not sentences.
    """

    __slots__ = ("addresses", "is_anything", "is_nowhere", "queue_id")

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.queue_id: str | None = None
        self.is_nowhere = False
        self.is_anything = False

    def add(self, text: bytes) -> None:
        """Take one note."""
        self.is_anything = True
        self.is_nowhere = self.is_nowhere or bool(_NOWHERE.search(text))
        if len(self.addresses) < KEPT_RECIPIENTS:
            found = [address_of(one) for one in re.findall(rb"<([^<>\s]*)>", text)]
            self.addresses += [address for address in found if address not in self.addresses]
        named = ANY_ID.search(text.decode("latin-1"))
        self.queue_id = self.queue_id or (named[0] if named else None)
