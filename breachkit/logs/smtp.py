"""The dialogue of one SMTP session, a line at a time: the only grammar of SMTP here.

Everything a peer typed is a stranger's text, so only two things decide who said a line: the direction that the log
gives it, and the state of the dialogue (RFC 5321). A reply belongs to the oldest command that has none yet (commands
may be pipelined, RFC 2920), and a message id is believed only in the server's answer to the end of data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from breachkit.logs.envelope import Envelope, is_nobody, path_of
from breachkit.records import AuthAttempt, Delivery, Locus, Transaction
from breachkit.text.charsets import decode_text
from breachkit.text.sasl import MOST_RESPONSES, NOTHING, is_complete, read_exchange, split_auth

if TYPE_CHECKING:
    from breachkit.logs.envelope import Noted
    from breachkit.logs.grammar import Listener
    from breachkit.logs.kinds import Place
    from breachkit.records import DeliveryOutcome, Outcome, SessionKind
    from breachkit.text.sasl import Credentials

Role = Literal["command", "auth", "user", "secret", "content"]
"""What a line of the side that commands is: it says which lines may be shown."""

VERBS = frozenset(
    b"EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP AUTH STARTTLS ETRN TURN SIZE XCLIENT".split(),
)
_CONTENT_COUNT = re.compile(rb"\d+ bytes \(")
ACCEPTED_ID = re.compile(rb"message[- ]id:? +<?([^\s<>]{1,100}?)>?(?: |$)", re.IGNORECASE)
_MOST_AWAITED = 1_000
"""Commands without an answer that are remembered; a flood of them is not."""
_AFTER_CODE = frozenset({b" ", b"-", b""})


@dataclass(slots=True, eq=False)
class Dialogue:
    """The state of one session between its first line and its last."""

    client_ip: str
    thread: str
    start: float
    end: float
    source: Place
    listener: Listener
    asked: tuple[float, Place]
    """When and where the last AUTH was."""
    kept: Any = None
    """What the listener keeps of it."""
    kind: SessionKind | None = None
    role: Role = "command"
    has_dialogue: bool = False
    is_connected: bool = False
    is_in_content: bool = False
    tls_asked: bool = False
    has_deliveries: bool = False
    hello: bytes = b""
    awaited: list[tuple[bytes, bytes, Place]] = field(default_factory=list)
    begun: bytes | None = None
    """The first line of a reply of several."""
    message: Envelope | None = None
    summary_id: str | None = None
    noted: Noted | None = None
    mechanism: str | None = None
    """Of the AUTH under way."""
    responses: list[bytes] = field(default_factory=list)
    is_challenged: bool = False
    tries: int = 0
    won: tuple[int, AuthAttempt] | None = None
    """The last try that came in, and its number."""

    @property
    def helo(self) -> str | None:
        """How the client named itself."""
        return decode_text(self.hello)[:255] or None

    @property
    def credentials(self) -> Credentials:
        """What the exchange under way has given so far."""
        return NOTHING if self.mechanism is None else read_exchange(self.mechanism, self.responses)

    # -- lines -------------------------------------------------------------------------------------

    def received(self, ts: float, text: bytes, source: Place) -> None:
        """Take a line that the peer sent to the mail server."""
        if not self.has_dialogue:
            self.has_dialogue = True
            if self.kind is None:
                # what a log that begins in mid-session counts of a message's content is no reply
                is_reply = text[:3].isdigit() and text[3:4] in _AFTER_CODE and not _CONTENT_COUNT.match(text)
                self.kind = "client" if is_reply else "server"
        if self.kind == "server":
            self._take_command(ts, text, source)
        elif text[:3].isdigit():
            self._take_reply(ts, text)

    def sent(self, ts: float, text: bytes, source: Place) -> None:
        """Take a line that the mail server sent. Its form is the server's own word on which side it is on."""
        is_answer = text[:3].isdigit() and text[3:4] in _AFTER_CODE
        if not self.has_dialogue or (is_answer and self.kind == "client" and not self.awaited):
            self.kind = "server" if is_answer else "client"
            self.has_dialogue = True
        if self.kind == "client":
            self._take_command(ts, text, source)
        elif is_answer:
            self._take_reply(ts, text)

    # -- commands and replies ----------------------------------------------------------------------

    def _take_command(self, ts: float, text: bytes, source: Place) -> None:
        self.role = "content"
        if self.is_in_content:
            return
        if self.begun is not None:
            # real logs show only the first line of an EHLO reply: the next command ends it
            self._take_reply(ts, self.begun[:3] + b" " + self.begun[4:])
        verb = text.split(b" ", 1)[0].upper()
        if self.mechanism is not None and (self.is_challenged or self._may_respond(verb, text)):
            self.role = "user" if self.mechanism == "LOGIN" and not self.responses else "secret"
            if len(self.responses) < MOST_RESPONSES:
                self.responses.append(text.strip())
            self.is_challenged = False
            return
        self.role = "command"
        if verb == b"AUTH" and self.kind == "server":
            self.role = "auth"
            self._close_exchange(self.asked[0], "undetermined")
            self.mechanism, self.responses = split_auth(text[5:])
            self.asked = ts, source
        elif not text[:1].isdigit() or not _CONTENT_COUNT.match(text):
            self.tls_asked = verb == b"STARTTLS"
            self.awaited.append((verb, text, source))
            if len(self.awaited) > _MOST_AWAITED:
                del self.awaited[0]

    def _may_respond(self, verb: bytes, text: bytes) -> bool:
        """Tell a response of the AUTH exchange from the next command; after a 334 it is always a response."""
        is_over = self.mechanism is None or is_complete(self.mechanism, self.responses)
        return not is_over and verb not in VERBS and not text.upper().startswith((b"MAIL FROM", b"RCPT TO"))

    def _take_reply(self, ts: float, text: bytes) -> None:
        was_content, self.is_in_content = self.is_in_content, False
        if text[3:4] == b"-":
            self.is_in_content = was_content and self.kind == "client"
            self.begun = text
            return
        self.begun = None
        if self.mechanism is not None:
            code = text[:3]
            if code == b"334":
                self.is_challenged = True
                return
            if code == b"235" or code[:1] in b"45":  # 535 among them
                self._close_exchange(ts, "success" if code == b"235" else "failure")
                return
            self._close_exchange(self.asked[0], "undetermined")
        if self.awaited:
            self._answer(ts, self.awaited.pop(0), text)

    def _answer(self, ts: float, awaited: tuple[bytes, bytes, Place], reply: bytes) -> None:
        verb, command, source = awaited
        is_good = reply[:1] == b"2"
        if verb == b"RCPT":
            if self.message is not None:
                self.message.add(path_of(command), reply)
        elif verb == b"MAIL":
            self._end_message(ts, None)
            self.message = Envelope(path_of(command), source, is_taken=is_good)
        elif verb in {b"EHLO", b"HELO"}:
            self.hello = command[5:].strip()
        elif verb == b"STARTTLS":
            self.tls_asked = False
        elif verb == b"DATA" and reply[:3] == b"354":
            self.is_in_content = True
            self.awaited.insert(0, (b".", command, source))
        elif verb == b"." or (verb == b"BDAT" and command.upper().endswith(b"LAST")):
            self._end_message(ts, reply)
        elif verb == b"RSET" and is_good:
            self._end_message(ts, None)

    # -- AUTH --------------------------------------------------------------------------------------

    def _close_exchange(self, ts: float, outcome: Outcome) -> None:
        mechanism, self.mechanism, self.is_challenged = self.mechanism, None, False
        listener = self.listener
        if mechanism is None:
            return
        user, password = read_exchange(mechanism, self.responses)
        secret, distance = listener.fingerprints.of_password(password), 0
        if password is not None and user is not None and listener.distance_of is not None:
            distance = listener.distance_of(user, password.reveal())
        at, place = datetime.fromtimestamp(ts, listener.zone), Locus(*self.asked[1])
        attempt = AuthAttempt(listener.service, at, self.client_ip, user, mechanism, outcome, secret, place)
        if outcome == "success":
            self.won = self.tries, attempt
        self.tries += 1
        listener.tell(self, attempt, distance)

    # -- messages ----------------------------------------------------------------------------------

    def _end_message(self, ts: float, reply: bytes | None) -> None:
        """Close the message in hand: `reply` answered its end of data, None when it got none."""
        message, self.message = self.message, None
        summary_id, self.summary_id = self.summary_id, None
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
        self.hand_in(ts, message, queue_id if is_accepted else None, is_accepted=is_accepted)

    def hand_in(self, ts: float, message: Envelope, queue_id: str | None, *, is_accepted: bool) -> None:
        """Tell of a message that was handed in."""
        at, attempt = datetime.fromtimestamp(ts, self.listener.zone), None if self.won is None else self.won[0]
        rcpt_to, place = (tuple(message.taken), message.count, message.unknown), Locus(*message.source)
        sent = Transaction(at, message.mail_from, *rcpt_to, queue_id, is_accepted, attempt, self.helo, place)
        self.listener.tell(self, sent, 0)

    # -- deliveries --------------------------------------------------------------------------------

    def _deliver(self, ts: float, message: Envelope, reply: bytes | None) -> None:
        """Tell what came of each recipient: `reply` answered the end of data, a refusal the recipient alone."""
        answers = [(taken, reply or b"") for taken in message.taken] + message.refused
        for rcpt_to, answer in answers:
            outcome: DeliveryOutcome = "failed" if answer[:1] == b"5" else "deferred"
            outcome = "delivered" if answer[:1] == b"2" else outcome
            is_unknown = outcome == "failed" and is_nobody(answer)
            self._delivered(ts, (message.mail_from, rcpt_to), outcome, message.source, is_unknown)

    def _delivered(
        self,
        ts: float,
        path: tuple[str | None, str | None],
        outcome: DeliveryOutcome,
        source: Place,
        is_unknown: bool,
    ) -> None:
        self.has_deliveries = True
        at, queue_id = datetime.fromtimestamp(ts, self.listener.zone), self.noted.queue_id if self.noted else None
        self.listener.tell(self, Delivery(at, queue_id, *path, outcome, is_unknown, Locus(*source)), 0)

    def close(self) -> None:
        """End the session: what got no answer is undetermined."""
        self._close_exchange(self.asked[0], "undetermined")
        self._end_message(self.end, None)
        noted = self.noted
        if self.kind == "client" and not self.has_deliveries and noted is not None:
            outcome: DeliveryOutcome = "failed" if noted.is_nowhere else "deferred"
            named: list[str | None] = [*noted.addresses, None]
            for rcpt_to in named[1:-1] or [None]:
                self._delivered(self.end, (named[0], rcpt_to), outcome, self.source, noted.is_nowhere)
        self.listener.tell(self, None, 0)
