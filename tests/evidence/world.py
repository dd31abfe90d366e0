"""A small simulated IceWarp server: who may log in, what it accepts, where it delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clock import later, rfc822
from .delivery import deliver
from .exchange import exchange
from .knobs import Auth, IdForm, Knobs, Level
from .ledger import Accepted, Attempt, Ledger
from .letters import Fate
from .queuefiles import message_size
from .reports import failure_report
from .tape import Talk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .dice import Dice
    from .letters import Letter
    from .people import Account, Login, Machine

HOST_IP = "192.0.2.17"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LEGIBLE = (Auth.LOGIN, Auth.LOGIN_INITIAL, Auth.PLAIN, Auth.PLAIN_TWO_STEP)


class World:
    def __init__(self, dice: Dice, knobs: Knobs, now: datetime, domain: str = "example.it") -> None:
        self.dice = dice
        self.knobs = knobs
        self.now = now
        """The moment the evidence is copied: nothing happens after it."""
        self.domain = domain
        self.host = f"mail.{domain}"
        self.accounts: dict[str, Account] = {}
        self.ledger = Ledger()
        self.talks: list[Talk] = []
        self.overload: tuple[datetime, int] | None = None
        """Since when everybody's letters wait, and for how many seconds at most."""
        self.remote_ips: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._ids: set[str] = set()
        self._again: list[str] = []

    def hire(self, *accounts: Account) -> None:
        for account in accounts:
            self.accounts[account.address] = account
            self._names[account.address] = account.address
            for name in account.aliases:
                self._names[f"{name}@{account.domain}"] = account.address

    def resolve(self, typed: str) -> str:
        """Give the address that the server understands by what a client typed."""
        name = typed.lower()
        for sign in "%/":
            name = name if "@" in name else name.replace(sign, "@")
        address = name if "@" in name else f"{name}@{self.domain}"
        return self._names.get(address, address)

    def talk(self, peer: str, start: datetime, door: str = "smtp") -> Talk:
        talk = Talk(peer, start, self.dice, door)
        self.talks.append(talk)
        return talk

    def submit(
        self, machine: Machine, start: datetime, letters: Sequence[Letter], *logins: Login, lag: int = 8
    ) -> list[Accepted]:
        """Let a client connect, authenticate (as often as it has logins) and hand over its letters."""
        talk = self.greeted(machine, start)
        sender = None
        for login in logins:
            sender = self.authenticate(talk, machine, login)
        taken = [] if logins and sender is None else [self._take(talk, machine, one, sender) for one in letters]
        self.part(talk)
        for one in taken:
            deliver(self, one, lag + self._wait(one.ts))
        return taken

    def _wait(self, ts: datetime) -> int:
        return self.dice.between(0, self.overload[1]) if self.overload and ts >= self.overload[0] else 0

    def greeted(self, machine: Machine, start: datetime) -> Talk:
        talk = self.talk(machine.ip, start)
        talk.note(f"Connected, local IP={HOST_IP}")
        talk.say(f"220 {self.host} ESMTP {self.knobs.banner}; {rfc822(talk.now)}")
        talk.hear(f"EHLO {machine.helo}")
        talk.say(f"250-{self.host} Hello {machine.helo} [{machine.ip}], pleased to meet you.")
        if self.knobs.long_ehlo:
            for able in ("250-ENHANCEDSTATUSCODES", "250-SIZE", "250-AUTH LOGIN PLAIN CRAM-MD5 XOAUTH2", "250 HELP"):
                talk.say(able)
        return talk

    def part(self, talk: Talk) -> None:
        talk.hear("QUIT")
        talk.say(f"221 2.0.0 {self.host} closing connection")
        talk.note("Disconnected")

    def authenticate(self, talk: Talk, machine: Machine, login: Login) -> str | None:
        """Judge one login as the server does: by comparing the secret."""
        challenge = f"<{self.dice.between(10**6, 10**7)}.{int(talk.now.timestamp())}@{self.host}>"
        exchange(talk, login, challenge, masked=self.knobs.masked)
        ok = self.admits(login)
        talk.wait(0.0 if ok else 0.5, 0.1 if ok else 2.0)
        talk.say("235 2.0.0 Authentication successful" if ok else self.knobs.refusal)
        self.enter(talk, machine, login)
        return self.resolve(login.typed) if ok else None

    def admits(self, login: Login) -> bool:
        account = self.accounts.get(self.resolve(login.typed))
        return account is not None and account.secret == login.secret

    def enter(self, talk: Talk, machine: Machine, login: Login) -> None:
        """Put an attempt into the ledger at the moment of the server's verdict."""
        legible = login.mechanism in LEGIBLE and not self.knobs.masked and self.knobs.level in (Level.DEBUG, Level.BOTH)
        account, ok = self.resolve(login.typed), self.admits(login)
        self.ledger.attempts.append(Attempt(talk.now, talk.door, machine.ip, account, ok, login.hostile, legible))

    def _take(self, talk: Talk, machine: Machine, letter: Letter, sender: str | None) -> Accepted:
        talk.hear(f"MAIL FROM:<{letter.mail_from}>")
        talk.say(f"250 2.1.0 <{letter.mail_from}>... Sender ok")
        for rcpt in letter.rcpts:
            talk.hear(f"RCPT TO:<{rcpt.address}>")
            way = "" if rcpt.fate is Fate.LOCAL else "; will forward"
            talk.say(f"250 2.1.5 <{rcpt.address}>... Recipient ok{way}")
        talk.hear("DATA")
        talk.say('354 Enter mail, end with "." on a line by itself')
        talk.wait(0.1, 1.2)
        return self._receive(talk, machine, letter, sender)

    def _receive(self, talk: Talk, machine: Machine, letter: Letter, sender: str | None) -> Accepted:
        draft = Accepted(talk.now, self.new_id(talk.now), sender, machine.ip, machine.helo, letter)
        size = message_size(draft, self.host)
        talk.hear(f"{size + 5} bytes (overall data transfer speed={self.dice.between(40_000, 90_000_000)} B/s)")
        talk.note("Start of mail processing")
        talk.wait(0.2, 1.5)
        first = letter.rcpts[0].address
        talk.summarise(f"<{letter.mail_from}> <{first}> {len(letter.rcpts)} {size} 00:00:01 OK {draft.message_id}")
        talk.say(f"250 2.6.0 {size} bytes received in 00:00:01; Message id {draft.message_id} accepted for delivery")
        accepted = draft._replace(ts=talk.now)
        self.ledger.accepted.append(accepted)
        return accepted

    def new_id(self, ts: datetime) -> str:
        """Name a message in the server's old or new way; never the same name twice by itself."""
        if self._again:
            return self._again.pop(0)
        while True:
            if self.knobs.ids is IdForm.DIGITS:
                name = f"{ts:%Y%m%d%H%M%S}{self.dice.between(0, 9999):04d}"
            else:
                name = self.dice.text(UPPER, 3) + f"{self.dice.between(0, 99_999):05d}"
            if name not in self._ids:
                self._ids.add(name)
                return name

    def repeat_ids(self, names: list[str]) -> None:
        """Let the old form of id come round again, as it does in life: `names` are the next ones given."""
        self._again = list(names)

    def bounce(self, accepted: Accepted, after: float, fate: Fate) -> None:
        """Send the server's own report of failure to whoever the message claimed as its sender."""
        ts = later(accepted.ts, after)
        deliver(self, failure_report(accepted, ts, self.new_id(ts), self.host, fate), 5)
