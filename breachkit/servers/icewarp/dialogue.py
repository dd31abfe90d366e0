"""One SMTP session as it is read: lines in, what happened out.

Everything a peer typed is a stranger's text, so only two things decide who said a line: the direction
marker at its fixed place, and the state of the dialogue (RFC 5321): a reply belongs to the oldest command
that has none yet (commands may be pipelined, RFC 2920), and a message id is believed only in the
server's answer to the end of data.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from breachkit.records import AuthAttempt, Delivery, Locus, Transaction
from breachkit.servers.icewarp.envelope import NOTE_READ, Envelope, Noted, address_of, is_nobody, path_of
from breachkit.servers.icewarp.ids import ANY_ID
from breachkit.text.sasl import NOTHING, Exchange, decode_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.records import DeliveryOutcome, Outcome, SessionKind
    from breachkit.servers.icewarp.lines import Place
    from breachkit.text.sasl import Credentials, Fingerprints

Role = Literal["command", "auth", "user", "secret", "content"]
"""What a line of the side that commands is: it says which lines may be shown."""


VERBS = frozenset(
    b"EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP AUTH STARTTLS ETRN TURN SIZE XCLIENT".split(),
)
_AUTH_CODES = (b"334", b"235")
_CONTENT_COUNT = re.compile(rb"\d+ bytes \(")
ACCEPTED_ID = re.compile(rb"message[- ]id:? +<?([^\s<>]{1,100}?)>?(?: |$)", re.IGNORECASE)
_SUMMARY_END = re.compile(rb"> (\d{1,6}) \d{1,15} \d{1,6}:\d\d:\d\d ([^<>]*)\Z")
CLIENT_MARK = b"client session"
_MOST_AWAITED = 1_000
"""Commands without an answer that are remembered; a flood of them is not."""


class Dialogue:
    """The state of one session between its opening and its end."""

    __slots__ = (
        "_awaited",
        "_begun",
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
        "role",
        "source",
        "start",
        "thread",
        "transactions",
    )

    def __init__(
        self, client_ip: str, thread: str, ts: float, source: Locus, reader: tuple[tzinfo, Fingerprints]
    ) -> None:
        self._zone, self._fingerprints = reader
        self._client_ip = client_ip
        self.thread = thread
        self.start = self.end = ts
        self.source = source
        self.kind: SessionKind | None = None
        self.role: Role = "command"
        self.helo: str | None = None
        self.attempts: list[AuthAttempt] = []
        self.transactions: list[Transaction] = []
        self.deliveries: list[Delivery] = []
        self.has_dialogue = False
        self.is_connected = False
        self._begun: bytes | None = None
        self._awaited: list[tuple[bytes, bytes, Place]] = []
        self._exchange: Exchange | None = None
        self._exchange_source: Place = (source.path, source.offset, source.line)
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
    def credentials(self) -> Credentials:
        """What the exchange under way has given so far."""
        return self._exchange.credentials() if self._exchange is not None else NOTHING

    @property
    def mechanism(self) -> str | None:
        """The mechanism of the exchange under way."""
        return self._exchange.mechanism if self._exchange is not None else None

    @property
    def is_banner_due(self) -> bool:
        """False when a `220` is the opening of another session, not part of this one."""
        return not self.has_dialogue or self._tls_asked or self.kind == "client"

    def _at(self, ts: float) -> datetime:
        return datetime.fromtimestamp(ts, self._zone)

    # -- lines -------------------------------------------------------------------------------------

    def received(self, ts: float, text: bytes, source: Place) -> None:
        """Take a line that the peer sent to the mail server."""
        self.end = ts
        if self.kind is None and not self.has_dialogue:
            # what a log that begins in mid-session counts of a message's content is no reply
            self.kind = "client" if _is_reply(text) and not _CONTENT_COUNT.match(text) else "server"
        self.has_dialogue = True
        if self.kind == "client":
            self._take_reply(ts, text)
        else:
            self._take_command(ts, text, source)

    def sent(self, ts: float, text: bytes, source: Place) -> None:
        """Take a line that the mail server sent. Its form is the server's own word on which side it is on."""
        self.end = ts
        is_reply = _is_reply(text)
        if not self.has_dialogue or (is_reply and self.kind == "client" and not self._awaited):
            self.kind = "server" if is_reply else "client"
        self.has_dialogue = True
        if self.kind == "client":
            self._take_command(ts, text, source)
        elif is_reply:
            self._take_reply(ts, text)

    def note(self, ts: float, text: bytes, source: Place) -> None:
        """Take a line without a direction: what the mail server says about the session."""
        self.end = ts
        if text.startswith(b"***"):
            self._take_summary(ts, text, source)
            return
        if CLIENT_MARK in text[:NOTE_READ].lower() and not self.has_dialogue:
            self.kind = "client"
        if self.kind == "client":
            self._noted.add(text[:NOTE_READ])

    # -- commands and replies ----------------------------------------------------------------------

    def _take_command(self, ts: float, text: bytes, source: Place) -> None:
        self.role = "content"
        if self._in_content:
            return
        if self._begun is not None:
            # real logs show only the first line of an EHLO reply: the next command ends it
            self._take_reply(ts, self._begun[:3] + b" " + self._begun[4:])
        verb = text.split(b" ", 1)[0].upper()
        if self._exchange is not None and self._is_response(verb, text):
            self.role = "user" if self._exchange.awaits_user else "secret"
            self._exchange.add(text)
            self._challenged = False
            return
        self.role = "command"
        if verb == b"AUTH" and self.kind == "server":
            self.role = "auth"
            self._close_exchange(self._exchange_ts, "undetermined")
            self._exchange, self._challenged = Exchange(text[5:]), False
            self._exchange_ts, self._exchange_source = ts, source
        elif not _CONTENT_COUNT.match(text):
            self._tls_asked = verb == b"STARTTLS"
            self._awaited.append((verb[:8], text, source))
            del self._awaited[:-_MOST_AWAITED]

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
            self._begun = text
            return
        self._begun = None
        if self._exchange is not None and (code in _AUTH_CODES or code[:1] in b"45"):
            self._answer_exchange(ts, code)
            return
        if self._exchange is not None:
            self._close_exchange(self._exchange_ts, "undetermined")
        if not self._awaited:
            return
        verb, command, source = self._awaited.pop(0)
        self._answer(ts, verb, command, text, source)

    def _answer(self, ts: float, verb: bytes, command: bytes, reply: bytes, source: Place) -> None:
        is_good = reply[:1] == b"2"
        if verb in {b"EHLO", b"HELO"}:
            self.helo = decode_text(command[5:].strip())[:255] or None
        elif verb == b"STARTTLS":
            self._tls_asked = False
        elif verb == b"MAIL":
            self._end_message(ts, None)
            self._message = Envelope(path_of(command), Locus(*source), is_taken=is_good)
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
        place = Locus(*self._exchange_source)
        attempt = AuthAttempt("smtp", self._at(ts), self._client_ip, user, exchange.mechanism, outcome, secret, place)
        self.attempts.append(attempt)

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
        found = ACCEPTED_ID.search(reply) if is_accepted and reply else None
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
                helo=self.helo,
                source=message.source,
            ),
        )

    def _take_summary(self, ts: float, text: bytes, source: Place) -> None:
        """Read `*** <from> <to> recipients bytes hh:mm:ss status [id]` from the right: the left is a stranger's."""
        found = _SUMMARY_END.search(text)
        if not found:
            return
        *status, last = found[2].split() or [b""]
        queue_id = decode_text(last) if status or ANY_ID.fullmatch(decode_text(last)) else None
        if self.kind == "client":
            self._noted.add(text[:NOTE_READ])
        elif self._message is not None:
            self._summary_id = queue_id
        elif not self.has_dialogue:
            mail_from, _, rcpt_to = text[5 : found.start()].rpartition(b"> <")
            message = Envelope(address_of(mail_from), Locus(*source), is_taken=True)
            message.taken, message.count = [address_of(rcpt_to)], int(found[1])
            self._add_transaction(ts, message, queue_id, is_accepted=found[2].upper().startswith(b"OK"))

    # -- deliveries --------------------------------------------------------------------------------

    def _deliver(self, ts: float, message: Envelope, reply: bytes | None) -> None:
        final: DeliveryOutcome = "deferred"
        if reply is not None and reply[:1] in b"25":
            final = "delivered" if reply[:1] == b"2" else "failed"
        is_unknown = final == "failed" and reply is not None and is_nobody(reply)
        for taken in message.taken:
            self._add_delivery(ts, (message.mail_from, taken), final, message.source, is_unknown=is_unknown)
        for rcpt_to, refusal in message.refused:
            outcome: DeliveryOutcome = "failed" if refusal[:1] == b"5" else "deferred"
            is_unknown = outcome == "failed" and is_nobody(refusal)
            self._add_delivery(ts, (message.mail_from, rcpt_to), outcome, message.source, is_unknown=is_unknown)

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
            named: list[str | None] = [*noted.addresses]
            mail_from = named[0] if named else None
            for rcpt_to in named[1:] or [None]:
                self._add_delivery(self.end, (mail_from, rcpt_to), outcome, self.source, is_unknown=noted.is_nowhere)


def _is_reply(text: bytes) -> bool:
    return text[:3].isdigit() and text[3:4] in {b" ", b"-", b""}
