"""One incident, played through the doors of a running server, and its truth: what the server answered.

In office time people read and write, a newsletter and a copier send in names that are not their own, an old telephone
offers last year's password, and somebody mistypes. In the evening four addresses spray over many names. After midnight six
addresses guess at one account until they are in, by a login that no log names, and spam from four addresses to people
of whom few exist. In the morning its owner works as always, and the administrator holds six messages.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple

from tests.servers.live import visitors
from tests.servers.live.world import BUSY, CLOSED, DEFERRING, REFUSING, TAKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.servers.live.servers import Server

DOMAIN = "hotel-adler.example"
SPAM = (
    "Dear customer, your parcel is waiting at our depot.\n"
    "Please confirm the fee of 1.99 EUR at http://parcel-depot.example/confirm within 24 hours.\n"
)
SPAM_STRING = "http://parcel-depot.example/confirm"
_KINDS = {"partner": TAKING, "freemail": DEFERRING, "post": REFUSING, "bigmail": BUSY, "oldhost": CLOSED}


class Person(NamedTuple):
    """An account, where its owner sits, and how the computer there calls itself."""

    address: str
    password: str
    ip: str
    helo: str


class Truth(NamedTuple):
    """What breachkit should find; times are aware, UTC."""

    account: str
    entry_ip: str
    entry_seen_ts: datetime
    """The first message after the login that no log names."""
    spamming_ips: list[str]
    failures: int
    sessions_with_mail: int
    sent: int
    queued: int
    queued_by_account: dict[str, int]
    """Account → messages in the queue; `""`: nobody authenticated, as for bounces."""
    queued_spam: list[str]
    """Queue ids."""


def begin() -> datetime:
    """Return when a story begins that ends yesterday: its stamps and those that the kernel sets are near."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=2) + timedelta(hours=7, minutes=55)


class Story:
    """The people, drawn by a seed, and what they do."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._used: set[str] = set()
        names = ("anna.weber", "bruno.costa", "carla.jensen", "dmitri.orlov", "elena.rossi", "farid.haddad")
        drawn = self._draw.sample(names, len(names))
        self.people = [self._person(name, f"{self._draw.randrange(10**9):09d}-x", f"pc-{name[:2]}") for name in drawn]
        self.victim, self.phone_owner, self.mistyper = self.people[:3]
        self.newsletter = self._person("news", "N-48151623", "shop.local")
        self.copier = self._person("copier", "S-42108911", "copier")
        self.attackers = [self._ip(net) for net in (66, 91, 103, 185, 66, 91)]
        self.spammers = [self.attackers[2], self._ip(45), self._ip(141), self._ip(5)]
        self.accounts = {one.address: one.password for one in (*self.people, self.newsletter, self.copier)}
        self._failures = 0
        self._owners: dict[str, str] = {}
        self._spam: list[str] = []
        self._spam_ts: list[datetime] = []
        self._sessions = 0

    def tell(self, server: Server) -> Truth:
        """Play it all to a server that has these accounts, and a clock from `begin` on."""
        if server.clock is None:
            raise ValueError("a story needs a server with a clock")
        self._server, self._clock = server, server.clock
        self._day = self._clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        for kind, address in _KINDS.items():
            for number in range(3):
                server.world.add_domain(f"{kind}{number}.example", address)
        server.world.broken.add("nodns.example")
        for ip in (self.people[3].ip, self.attackers[0]):  # most of them have no name
            server.world.add_host(f"dsl-{ip.replace('.', '-')}.provider.example", ip)
        self._office_day()
        self._at(0, 21)
        self._spray()
        self._at(1, 0, 5)
        server.rotate()
        self._guess()
        self._pause(120, 300)
        self._spam_run(sessions=8)
        self._at(1, 4, 30)
        server.run_queue()
        self._spam_run(sessions=6)
        self._morning()
        server.run_queue()
        server.settle()
        return self._truth()

    def work_on(self) -> None:
        """Let those work whose accounts nobody took, after the end of the story."""
        self._pause(600, 900)
        for who in self.people[1:]:
            self._send(who, who.ip, [self._letter(who.address, [self._stranger("partner")], "thanks", "Good.\n")])
            self._pause(40, 400)

    def try_to_send(self) -> bool:
        """Let the owner of the account that was taken send; False: it was refused."""
        to = [self._stranger("partner")]
        return bool(
            self._send(self.victim, self.victim.ip, [self._letter(self.victim.address, to, "hi", "The list.\n")])
        )

    # --- people and time

    def _ip(self, net: int) -> str:
        while (made := f"127.{net}.{self._draw.randrange(1, 250)}.{self._draw.randrange(2, 250)}") in self._used:
            pass
        self._used.add(made)
        return made

    def _person(self, name: str, password: str, helo: str) -> Person:
        return Person(f"{name}@{DOMAIN}", password, self._ip(20), helo)

    def _at(self, days: int, hours: int, minutes: int = 0) -> None:
        """Go to a moment; nothing may be on its way then, as a jump must not fall into a delivery."""
        self._server.settle()
        self._clock.jump(self._day + timedelta(days=days, hours=hours, minutes=minutes))

    def _pause(self, least: int, most: int) -> None:
        self._server.settle()
        self._clock.jump(self._clock.now() + timedelta(seconds=self._draw.randint(least, most)))

    # --- what they do again and again

    def _try(self, ip: str, name: str, secret: str, *, plain: bool = False, is_rude: bool = False) -> bool:
        """Try a secret by SMTP and go; who is rude hangs up."""
        client = visitors.connect(ip, 587 if plain else 25, "ylmf-pc" if is_rude else "User")
        is_in = visitors.log_in(client, name, secret, plain=plain)
        if is_rude:
            client.close()
        else:
            client.quit()
        self._failures += name == self.victim.address and not is_in
        return is_in

    def _open_box(self, door: str, ip: str, name: str, secret: str) -> None:
        is_in = visitors.open_box(door, ip, name, secret)
        self._failures += name == self.victim.address and not is_in

    def _send(self, who: Person, ip: str, letters: Sequence[tuple[str, list[str], EmailMessage]]) -> list[str]:
        """Hand letters in, in one session; returns the queue ids of those that were taken."""
        taken = [one for one in self._server.submit(who.address, ip, letters) if one is not None]
        self._owners.update(dict.fromkeys(taken, who.address))
        self._sessions += who is self.victim and bool(taken)
        return taken

    def _letter(
        self, sender: str, recipients: list[str], subject: str, text: str
    ) -> tuple[str, list[str], EmailMessage]:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, recipients[0], subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{self._draw.randrange(16**12):012x}@{sender.rpartition('@')[2]}>"
        message.set_content(text)
        return sender, recipients, message

    def _stranger(self, kind: str) -> str:
        return f"{self._draw.choice('abcdefghkmprst')}{self._draw.randrange(10**6)}@{kind}{self._draw.randrange(3)}.example"

    # --- acts

    def _office_day(self) -> None:
        self._at(0, 8)
        self._office(15)
        self._from_outside(6)
        self._at(0, 10)
        letters = [self._newsletter(number) for number in range(40)]
        for start in range(0, len(letters), 20):
            self._send(self.newsletter, self.newsletter.ip, letters[start : start + 20])
            self._pause(5, 20)
        self._at(0, 12)
        self._phone(9)
        self._scan(10)
        self._try(self.mistyper.ip, self.mistyper.address, self.mistyper.password[:-1], plain=True)
        self._try(self.mistyper.ip, self.mistyper.address, self.mistyper.password + "0", plain=True)
        self._office(15)
        self._server.run_queue()

    def _office(self, rounds: int) -> None:
        for _ in range(rounds):
            who = self._draw.choice(self.people)
            self._open_box(self._draw.choice(("imap", "imap", "pop3")), who.ip, who.address, who.password)
            (kind,) = self._draw.choices(("partner", "freemail", "post", ""), (20, 2, 1, 8))
            to = self._stranger(kind) if kind else self._draw.choice(self.people).address
            self._send(who, who.ip, [self._letter(who.address, [to], "the offer", "Hello,\nhere is the offer.\n" * 3)])
            self._pause(40, 400)

    def _from_outside(self, number: int) -> None:
        """Other servers bring mail; one of it is for nobody."""
        for count in range(number):
            client = visitors.connect(f"127.30.{count + 1}.{self._draw.randrange(2, 200)}", 25, "mail.partner.example")
            to = self._draw.choice(self.people).address if count else f"nobody@{DOMAIN}"
            visitors.hand_in(client, *self._letter(self._stranger("partner"), [to], "hello", "Good morning.\n"))
            client.quit()
            self._pause(5, 60)

    def _newsletter(self, number: int) -> tuple[str, list[str], EmailMessage]:
        kind = "freemail" if number % 12 == 0 else "post" if number % 30 == 1 else "partner"
        _, recipients, message = self._letter(
            self.newsletter.address, [self._stranger(kind)], "Our offers", "Dear reader,\nthis month: warm coats.\n" * 4
        )
        message["List-Unsubscribe"] = f"<mailto:unsubscribe@{DOMAIN}>"
        message["Precedence"] = "bulk"
        return f"bounces@{DOMAIN}", recipients, message

    def _phone(self, times: int) -> None:
        owner = self.phone_owner
        for number in range(times):
            if number % 3:
                self._open_box("imap", owner.ip, owner.address, "last-year")
            else:
                self._try(owner.ip, owner.address, "last-year", plain=True)
            self._pause(280, 320)

    def _scan(self, number: int) -> None:
        for _ in range(number):
            letter = self._letter(f"scanner@{DOMAIN}", [self._draw.choice(self.people).address], "Scan", "A scan\n")
            self._send(self.copier, self.copier.ip, [letter])
            self._pause(60, 200)

    def _spray(self) -> None:
        sprayers = [self._ip(77) for _ in range(4)]
        names = [
            "admin",
            "info",
            "test",
            "office",
            "sales",
            *(one.address.partition("@")[0] for one in self.people[2:]),
        ]
        for number, name in enumerate(names):
            for secret in (name, "123456"):
                if number % 5 == 4:
                    self._open_box("pop3", sprayers[number % 4], f"{name}@{DOMAIN}", secret)
                else:
                    self._try(sprayers[number % 4], f"{name}@{DOMAIN}", secret, is_rude=number % 3 == 0)
                self._pause(2, 30)

    def _guess(self) -> None:
        for number in range(40):
            ip, secret = self._draw.choice(self.attackers), f"{self.victim.address[:5]}{number:02d}"
            if number % 8 == 3:
                self._open_box("imap", ip, self.victim.address, secret)
            else:
                self._try(ip, self.victim.address, secret, plain=number % 3 == 0, is_rude=number % 2 == 0)
            self._pause(20, 90)
        if not self._try(self.attackers[2], self.victim.address, self.victim.password):
            raise PermissionError("the right password was refused")

    def _spam_run(self, sessions: int) -> None:
        for number in range(sessions):
            letters = []
            for _ in range(self._draw.randint(8, 14)):
                sender = self._stranger(self._draw.choice(("bank", "freemail", "post")))
                (kind,) = self._draw.choices(
                    ("nowhere", "freemail", "post", "bigmail", "oldhost", "nodns", "partner"), (30, 30, 15, 8, 8, 5, 4)
                )
                to = [self._stranger(kind) for _ in range(self._draw.choice((1, 1, 1, 3, 6)))]
                to = [one.replace(one.partition("@")[2], "nodns.example") for one in to] if kind == "nodns" else to
                letters.append(self._letter(sender, to, f"Your parcel {self._draw.randrange(10**6)}", SPAM))
            self._spam_ts.append(self._clock.now())
            self._spam += self._send(self.victim, self.spammers[number % len(self.spammers)], letters)
            self._pause(20, 120)

    def _morning(self) -> None:
        self._at(1, 8)
        self._office(12)
        self._phone(6)
        self._scan(6)
        owner = self.victim
        self._open_box("imap", owner.ip, owner.address, owner.password)
        for _ in range(2):
            self._send(owner, owner.ip, [self._letter(owner.address, [self._stranger("partner")], "hi", "The list.\n")])
            self._pause(60, 200)
        queued = set(self._server.queued())
        self._server.hold([one for one in self._spam if one in queued][:6])
        self._at(1, 9, 40)

    def _truth(self) -> Truth:
        queued = self._server.queued()
        owners = Counter(self._owners.get(one, "") for one in queued)
        victim = self.victim.address
        return Truth(
            account=victim,
            entry_ip=self.attackers[2],
            entry_seen_ts=self._spam_ts[0],
            spamming_ips=sorted(self.spammers),
            failures=self._failures,
            sessions_with_mail=self._sessions,
            sent=sum(owner == victim for owner in self._owners.values()),
            queued=owners[victim],
            queued_by_account=dict(owners),
            queued_spam=sorted(set(self._spam) & set(queued)),
        )
