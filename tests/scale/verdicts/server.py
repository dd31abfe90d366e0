"""The simulated server: what it hears, says, delivers and keeps waiting."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from collections import defaultdict
from typing import TYPE_CHECKING

from .base import DAY, HOUR, MINUTE, SECOND, Attempt, Fate, Letter, Login, Rcpt, Sent, Session, Spot, Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .base import Knobs
    from .clock import Clock

PAUSES = (0, 30 * MINUTE, 3 * HOUR, 9 * HOUR, DAY, DAY, DAY)
LOCAL_IP = "192.168.40.9"


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Server:
    def __init__(self, knobs: Knobs, clock: Clock, seed: str) -> None:
        self.knobs = knobs
        self.clock = clock
        self.sessions: list[Session] = []
        self.attempts: list[Attempt] = []
        self.sent: list[Sent] = []
        self.waiting: list[Waiting] = []
        self._chance = random.Random(seed).random
        self._ids: set[str] = set()
        self._mx: dict[str, str] = {}
        self._blocking: dict[str, bool] = {}

    def between(self, low: int, high: int) -> int:
        return low + int(self._chance() * (high - low + 1))

    def submit(
        self,
        at: int,
        spot: Spot,
        logins: Sequence[Login],
        letters: Sequence[Letter],
        lag: tuple[int, int] = (1, 20),
    ) -> int:
        """Let a client connect, log in (as often as it has logins) and hand over its letters; give the end."""
        if at >= self.knobs.now:
            return at
        lines: list[tuple[int, str]] = []
        now = self._greet(lines, at, spot)
        who: Login | None = None
        for login in logins:
            now = self._auth(lines, now, spot, login)
            if login.ok:
                who = login
        taken = []
        for letter in letters if who or not logins else ():
            now, sent = self._take(lines, now, spot, who, letter)
            taken.append(sent)
        now += self.between(5, 300)
        lines.append((now, "<<< QUIT"))
        lines.append((now + 3, f">>> 221 2.0.0 {self.knobs.host} closing connection"))
        lines.append((now + 9, "Disconnected"))
        self._keep("smtp", spot.ip, lines)
        for sent in taken:
            self.deliver(sent, sent.at + self.between(lag[0] * SECOND, lag[1] * SECOND))
        return now

    def _keep(self, door: str, peer: str, lines: list[tuple[int, str]]) -> None:
        """Keep a session if any of it falls into the logs."""
        if lines[-1][0] >= self.knobs.log_start and lines[0][0] <= self.knobs.now:
            self.sessions.append(Session(door, peer, lines))

    def _greet(self, lines: list[tuple[int, str]], at: int, spot: Spot) -> int:
        host = self.knobs.host
        lines.append((at, f"Connected, local IP={LOCAL_IP}"))
        lines.append((at + 2, f">>> 220 {host} ESMTP IceWarp 13.0.3.7 x64; {self.clock.rfc822(at)}"))
        at += self.between(20, 400)
        lines.append((at, f"<<< EHLO {spot.helo}"))
        lines.append((at + 1, f">>> 250-{host} Hello {spot.helo} [{spot.ip}], pleased to meet you."))
        lines.append((at + 1, ">>> 250-AUTH LOGIN PLAIN CRAM-MD5"))
        lines.append((at + 1, ">>> 250 HELP"))
        return at + 2

    def _auth(self, lines: list[tuple[int, str]], at: int, spot: Spot, login: Login) -> int:
        for text in self._exchange(login, at):
            at += self.between(1, 150)
            lines.append((at, text))
        at += self.between(2, 300) if login.ok else self.between(200, 2500)
        lines.append((at, ">>> 235 2.0.0 Authentication successful" if login.ok else f">>> {self.knobs.refusal}"))
        self._enter(at, "smtp", spot.ip, login)
        return at

    def _enter(self, at: int, door: str, ip: str, login: Login) -> None:
        self.attempts.append(Attempt(at, door, ip, login.account, login.ok, login.hostile))

    def _exchange(self, login: Login, at: int) -> list[str]:
        masked = self.knobs.masked
        name = login.typed if login.typed == "***" else b64(login.typed)
        secret = "***" if masked else b64(login.secret)
        plain = "***" if "***" in (name, secret) else b64(f"\0{login.typed}\0{login.secret}")
        match login.mechanism:
            case "LOGIN-INITIAL":
                return [f"<<< AUTH LOGIN {name}", ">>> 334 UGFzc3dvcmQ6", f"<<< {secret}"]
            case "PLAIN" if not masked:
                return [f"<<< AUTH PLAIN {plain}"]
            case "CRAM-MD5":
                challenge = f"<{at}.{self.between(1000, 9999)}@{self.knobs.host}>"
                digest = hmac.new(login.secret.encode(), challenge.encode(), hashlib.md5).hexdigest()
                return ["<<< AUTH CRAM-MD5", f">>> 334 {b64(challenge)}", f"<<< {b64(f'{login.typed} {digest}')}"]
            case _:
                return [
                    "<<< AUTH LOGIN",
                    ">>> 334 VXNlcm5hbWU6",
                    f"<<< {name}",
                    ">>> 334 UGFzc3dvcmQ6",
                    f"<<< {secret}",
                ]

    def _take(
        self, lines: list[tuple[int, str]], at: int, spot: Spot, who: Login | None, letter: Letter
    ) -> tuple[int, Sent]:
        at += self.between(10, 200)
        lines.append((at, f"<<< MAIL FROM:<{letter.mail_from}>"))
        lines.append((at + 1, f">>> 250 2.1.0 <{letter.mail_from}>... Sender ok"))
        for rcpt in letter.rcpts:
            at += self.between(5, 60)
            way = "" if rcpt.fate is Fate.LOCAL else "; will forward"
            lines.append((at, f"<<< RCPT TO:<{rcpt.address}>"))
            lines.append((at + 1, f">>> 250 2.1.5 <{rcpt.address}>... Recipient ok{way}"))
        at += self.between(5, 60)
        size = len(letter.body) + 500 + letter.extra
        lines.append((at, "<<< DATA"))
        lines.append((at + 1, '>>> 354 Enter mail, end with "." on a line by itself'))
        at += self.between(50, 900)
        lines.append((at, f"<<< {size} bytes (overall data transfer speed={self.between(40_000, 9_000_000)} B/s)"))
        lines.append((at, "Start of mail processing"))
        at += self.between(20, 900)
        name = self.new_id(at)
        first = letter.rcpts[0].address
        lines.append((at, f"*** <{letter.mail_from}> <{first}> {len(letter.rcpts)} {size} 00:00:01 OK {name}"))
        lines.append((at, f">>> 250 2.6.0 {size} bytes received in 00:00:01; Message id {name} accepted for delivery"))
        masked = who is None or who.typed == "***"
        sent = Sent(at, name, "" if masked else who.account, spot, letter, who is None or who.hostile)  # type: ignore[union-attr]
        self.sent.append(sent)
        return at + 1, sent

    def new_id(self, at: int) -> str:
        while True:
            if self.knobs.ids == "digits":
                name = f"{self.clock.digits(at)}{self.between(0, 9999):04d}"
            else:
                name = "".join(chr(65 + self.between(0, 25)) for _ in range(3)) + f"{self.between(0, 99_999):05d}"
            if name not in self._ids:
                self._ids.add(name)
                return name

    def door(self, at: int, door: str, spot: Spot, logins: Sequence[Login]) -> None:
        """Hold an IMAP or POP3 session; the attempts count only where the server writes such a log."""
        if (
            at >= self.knobs.now
            or not (self.knobs.imap if door == "imap" else self.knobs.pop3)
            or self.knobs.level == "summary"
        ):
            return
        lines = [(at, f"Connected, local IP={LOCAL_IP}")]
        for tag, login in enumerate(logins, 1):
            at += self.between(20, 500)
            secret = "***" if self.knobs.masked else login.secret
            if door == "imap":
                lines.append((at, f"<<< a{tag} LOGIN {login.typed} {secret}"))
                lines.append((at + 9, f">>> a{tag} OK LOGIN completed" if login.ok else f">>> a{tag} NO LOGIN failed"))
            else:
                lines.append((at, f"<<< USER {login.typed}"))
                lines.append((at + 2, ">>> +OK"))
                lines.append((at + 5, f"<<< PASS {secret}"))
                lines.append((at + 9, ">>> +OK 4 messages" if login.ok else ">>> -ERR [AUTH] authentication failed"))
            self._enter(at + 9, door, spot.ip, login)
            at += 10
        lines.append((at + 500, "Disconnected"))
        self._keep(door, spot.ip, lines)

    def inbound(self, at: int, spot: Spot, sender: str, reader: str, size: int) -> None:
        """Let a server of the internet bring a letter."""
        self.submit(at, spot, (), [Letter(sender, [Rcpt(reader, Fate.LOCAL)], "", "", extra=size)])

    def deliver(self, sent: Sent, at: int) -> None:
        """Try at once and then at growing intervals; what is left at the end is the queue."""
        left = [rcpt for rcpt in sent.letter.rcpts if rcpt.fate is not Fate.LOCAL]
        tried = False
        for turn, pause in enumerate(PAUSES):
            at += pause + (self.between(0, 4 * MINUTE) if turn else 0)
            if at > self.knobs.now or not left:
                break
            tried = True
            gone = at - sent.at >= self.knobs.dead_hours * HOUR
            left, lost = self._round(sent, left, at, turn, gone=gone)
            self._bounce(sent, lost, at)
        if left and sent.at <= self.knobs.now:
            self.waiting.append(Waiting(sent, [rcpt.address for rcpt in left], "retry" if tried else ""))

    def _round(self, sent: Sent, left: list[Rcpt], at: int, turn: int, *, gone: bool) -> tuple[list[Rcpt], list[Rcpt]]:
        by_domain: dict[str, list[Rcpt]] = defaultdict(list)
        for rcpt in left:
            by_domain[rcpt.address.partition("@")[2]].append(rcpt)
        still: list[Rcpt] = []
        lost: list[Rcpt] = []
        for domain, group in by_domain.items():
            today = [self._now(rcpt, domain, at) for rcpt in group]
            self._carry(sent, domain, today, at, turn)
            for rcpt, said in zip(group, today, strict=True):
                if said.fate in (Fate.LATER, Fate.DOWN) or (said.fate is Fate.GREY and turn == 0):
                    still.append(rcpt)
                elif rcpt.fate in (Fate.DEAD, Fate.NO_MX, Fate.REFUSED):
                    (lost if gone else still).append(rcpt)
            at += self.between(0, 1500)
        return still, lost

    def _now(self, rcpt: Rcpt, domain: str, at: int) -> Rcpt:
        """Give a recipient the fate of the moment: many servers make a listed one wait, whoever writes."""
        if at < self.knobs.blocked_at or rcpt.fate not in (Fate.GOOD, Fate.GREY):
            return rcpt
        if domain not in self._blocking:
            self._blocking[domain] = self._chance() < self.knobs.blocked_share
        return rcpt._replace(fate=Fate.LATER) if self._blocking[domain] else rcpt

    def _bounce(self, sent: Sent, lost: list[Rcpt], at: int) -> None:
        """Report to the declared sender; where that is a stranger, the report may wait for ever."""
        sender = sent.letter.mail_from
        if not lost or not sender or sender.partition("@")[2] in self.knobs.domains or self._chance() < 0.6:
            return
        fate = Fate.NO_MX if self._chance() < 0.3 else Fate.LATER if self._chance() < 0.3 else Fate.GOOD
        report = Letter("", [Rcpt(sender, fate)], "Delivery failure", f"Not delivered: {lost[0].address}\n")
        name = self.new_id(at)
        own = Sent(at, name, "", Spot("127.0.0.1", self.knobs.host), report, hostile=False)
        self.deliver(own, at + 2 * SECOND)

    def _carry(self, sent: Sent, domain: str, group: list[Rcpt], at: int, turn: int) -> None:
        """Hold one client session."""
        if at + MINUTE < self.knobs.log_start:
            return
        sender, host = sent.letter.mail_from, self.knobs.host
        fates = {rcpt.fate for rcpt in group}
        if fates <= {Fate.NO_MX, Fate.DOWN}:
            why = "no MX record for" if Fate.NO_MX in fates else "connection timed out to"
            lines = [(at, f"Client session, from <{sender}> to <{group[0].address}>")]
            lines.append((at + 900, f"Unable to connect to remote server: {why} {domain}"))
            lines.append((at + 905, "Disconnected"))
            self._keep("smtp", "SYSTEM", lines)
            return
        peer = self._mx.setdefault(domain, f"{self.between(11, 223)}.{self.between(0, 255)}.{self.between(0, 255)}.25")
        lines = [
            (at, f"Client session, connected to mx.{domain}"),
            (at + 20, f"<<< 220 mx.{domain} ESMTP"),
            (at + 21, f">>> EHLO {host}"),
            (at + 60, f"<<< 250 mx.{domain} Hello {host}"),
            (at + 61, f">>> MAIL FROM:<{sender}>"),
            (at + 90, "<<< 250 2.1.0 Ok"),
        ]
        at += 100
        good = 0
        for rcpt in group:
            lines.append((at, f">>> RCPT TO:<{rcpt.address}>"))
            answer = _answer(rcpt, turn)
            good += answer.startswith("250")
            lines.append((at + 40, f"<<< {answer}"))
            at += 50
        if good:
            lines.append((at, ">>> DATA"))
            lines.append((at + 30, "<<< 354 End data with <CR><LF>.<CR><LF>"))
            lines.append((at + 40, f">>> {len(sent.letter.body) + 500} bytes (overall data transfer speed=900000 B/s)"))
            lines.append((at + 200, "<<< 250 2.0.0 Ok: queued"))
            at += 210
        lines.append((at, ">>> QUIT"))
        status = "OK" if good else _answer(group[0], turn)
        lines.append((at + 5, f"*** <{sender}> <{group[0].address}> {len(group)} 0 00:00:01 {status} {sent.id}"))
        lines.append((at + 9, "Disconnected"))
        self._keep("smtp", peer, lines)


def _answer(rcpt: Rcpt, turn: int) -> str:
    match rcpt.fate:
        case Fate.DEAD:
            return f"550 5.1.1 <{rcpt.address}>: Recipient address rejected: User unknown"
        case Fate.REFUSED:
            return "554 5.7.1 Message rejected due to content or reputation"
        case Fate.LATER:
            return "451 4.7.1 Try again later"
        case Fate.GREY if turn == 0:
            return "450 4.2.0 Greylisted, see you in a while"
        case _:
            return "250 2.1.5 Ok"
