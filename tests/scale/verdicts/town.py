"""The town around one server: people and where they sit, customers and strangers, providers and their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import text
from .base import DAY, HOUR, MINUTE, SECOND, Account, Fate, Knobs, Letter, Login, Rcpt, Relay, Spot, Truth
from .clock import Clock
from .server import Server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.evidence.dice import Dice

RESERVED = (0, 10, 100, 127, 169, 172, 192, 198, 203)
SPELLINGS = ("address", "address", "address", "bare", "bare", "upper", "alias", "backslash", "percent")


class Town:
    def __init__(self, knobs: Knobs, dice: Dice) -> None:
        self.knobs = knobs
        self.clock = Clock(knobs.first_day, knobs.offset)
        self.dice = dice.branch("town")
        self.server = Server(knobs, self.clock, dice.branch("server").text("abcdef", 16))
        self.accounts: dict[str, Account] = {}
        self.truths: list[Truth] = []
        self.relays: list[Relay] = []
        self.shared: set[str] = set()
        """Addresses that lawful people share with whoever else is there."""
        self._prefixes: set[str] = set()
        self.providers = [self.prefix() for _ in range(4)]
        self.carriers = [self.prefix() for _ in range(2)]
        self.office = self.address(self.prefix())
        self.vpn = [self.address(self.prefix()) for _ in range(3)]
        self.language = knobs.languages[0]
        self.firms = [self._firm() for _ in range(60)]
        self.customers = [self._customer() for _ in range(260)]
        self.guests: list[Account] = []
        """People whose mail goes through the office's one address."""

    # addresses -------------------------------------------------------------------------------------------------

    def prefix(self) -> str:
        """Give a block of addresses that nobody has yet."""
        while True:
            first = self.dice.between(2, 222)
            made = f"{first}.{self.dice.between(0, 255)}"
            if first not in RESERVED and made not in self._prefixes:
                self._prefixes.add(made)
                return made

    def address(self, prefix: str) -> str:
        return f"{prefix}.{self.dice.between(0, 255)}.{self.dice.between(1, 254)}"

    def net6(self) -> str:
        """Give the /64 of one household."""
        return f"2001:db8:{self.dice.between(1, 65535):x}:{self.dice.between(1, 65535):x}"

    def address6(self, net: str) -> str:
        return f"{net}:" + ":".join(f"{self.dice.between(4096, 65535):x}" for _ in range(4))

    def home(self) -> Spot:
        ip = (
            self.address6(self.net6())
            if self.dice.happens(self.knobs.v6)
            else self.address(self.dice.pick(self.providers))
        )
        return Spot(
            ip,
            self.dice.pick(("[192.168.1.{n}]", "PC-{n}", "laptop-{n}.lan", "[192.168.0.{n}]")).format(
                n=self.dice.between(2, 250)
            ),
        )

    def lan(self) -> Spot:
        return Spot(
            f"192.168.{self.dice.between(50, 59)}.{self.dice.between(2, 250)}", f"ws{self.dice.between(10, 999)}"
        )

    def desk(self) -> Spot:
        """Give a desk: on the server's own network, or behind the office's one address."""
        return Spot(self.office, f"PC{self.dice.between(10, 999)}") if self.knobs.nat else self.lan()

    def abroad(self) -> Spot:
        """Give a machine of a country far away, that nobody of the house uses."""
        six = self.dice.happens(self.knobs.v6 / 2)
        ip = self.address6(self.net6()) if six else self.address(self.prefix())
        helos = ("User", "localhost", "WIN-{t}", "[127.0.0.1]", "{t}", "vps-{t}", "DESKTOP-{t}", "mail.{t}.example")
        return Spot(ip, self.dice.pick(helos).format(t=text.token(self.dice, 6)))

    def machine(self, name: str, *, inside: bool = False) -> Spot:
        """Give a server that runs a programme of the house."""
        return Spot(self.lan().ip if inside else self.address(self.prefix()), name)

    # people ----------------------------------------------------------------------------------------------------

    def person(self) -> Account:
        language = self.dice.pick(self.knobs.languages)
        while True:
            first, last = self.dice.pick(text.FIRST[language]), self.dice.pick(text.LAST[language])
            user = f"{first}.{last}" if self.dice.happens(0.7) else f"{first[0]}{last}{self.dice.between(1, 99)}"
            address = f"{user}@{self.dice.pick(self.knobs.domains)}"
            if address not in self.accounts:
                return self._hire(
                    Account(address, self._secret(), f"{first.title()} {last.title()}", language=language)
                )

    def role(self, *names: str) -> Account:
        """Hire an account that is no person."""
        base = self.dice.pick(names)
        domain = self.dice.pick(self.knobs.domains)
        number = 0
        while f"{base}{number or ''}@{domain}" in self.accounts:
            number += 1
        address = f"{base}{number or ''}@{domain}"
        return self._hire(Account(address, self._secret(), base.title(), language=self.language))

    def _secret(self) -> str:
        return f"{text.token(self.dice, 5).title()}{self.dice.pick('!?-_')}{text.token(self.dice, 4)}"

    def _hire(self, one: Account) -> Account:
        others = {alias for known in self.accounts.values() for alias in known.aliases}
        alias = f"{one.user.split('.')[-1]}{self.dice.between(1, 9)}{text.token(self.dice, 2)}"
        one.aliases = (alias,) if alias not in others else ()
        one.typed = self.spelled(one, self.dice.pick(SPELLINGS))
        one.mechanism = self.dice.pick(("LOGIN", "LOGIN", "PLAIN", "LOGIN-INITIAL", "CRAM-MD5"))
        self.accounts[one.address] = one
        return one

    def spelled(self, one: Account, form: str) -> str:
        """Spell a user name as programmes do; a bare name only where the house has one domain."""
        single = len(self.knobs.domains) == 1
        match form:
            case "bare" if single:
                return one.user
            case "upper":
                return one.address.upper()
            case "alias" if single and one.aliases and self.knobs.accounts_file:
                return one.aliases[0]
            case "backslash":
                return f"{one.domain}\\{one.user}"
            case "percent":
                return f"{one.user}%{one.domain}"
            case _:
                return one.address

    def login(self, one: Account) -> Login:
        return Login(one.address, one.typed, one.secret, ok=True, mechanism=one.mechanism)

    def slip(self, one: Account, secret: str) -> Login:
        """Give what an owner's machine offers in vain."""
        return Login(one.address, one.typed, secret, ok=False, mechanism=one.mechanism)

    def guess(self, one: Account, secret: str, typed: str = "") -> Login:
        return Login(
            one.address,
            typed or one.address,
            secret,
            ok=False,
            mechanism=self.dice.pick(("LOGIN", "PLAIN", "LOGIN")),
            hostile=True,
        )

    def steal(self, one: Account, typed: str = "") -> Login:
        """Give what a thief offers who knows the secret."""
        mechanism = self.dice.pick(("LOGIN", "LOGIN", "PLAIN"))
        return Login(one.address, typed or one.address, one.secret, ok=True, mechanism=mechanism, hostile=True)

    # the world outside -----------------------------------------------------------------------------------------

    def _firm(self) -> str:
        return f"{self.dice.pick(text.FIRMS)}-{self.dice.pick(text.TRADES)}{self.dice.pick(('', '', '24', '-gmbh', '-srl'))}.example"

    def _customer(self) -> str:
        domain = self.dice.pick(self.firms) if self.dice.happens(0.7) else self.dice.pick(text.FREEMAIL)
        return f"{text.stranger(self.dice)}@{domain}"

    def living(self, dice: Dice) -> Rcpt:
        """Give somebody who is there, though some servers make us wait."""
        share = dice.fraction()
        fate = Fate.LATER if share < self.knobs.later / 3 else Fate.GREY if share < self.knobs.later else Fate.GOOD
        return Rcpt(dice.pick(self.customers), fate)

    def reader(self, dice: Dice, dead: float) -> Rcpt:
        """Give a recipient of a list, of whom a share is no longer there."""
        share = dice.fraction()
        if share >= dead:
            return self.fresh(dice, self.living(dice).fate)
        fate = Fate.DEAD if share < dead * 0.75 else Fate.NO_MX if share < dead * 0.9 else Fate.REFUSED
        return self.fresh(dice, fate)

    def fresh(self, dice: Dice, fate: Fate) -> Rcpt:
        """Give an address that nobody else writes to."""
        if fate is Fate.NO_MX:
            return Rcpt(f"{text.stranger(dice)}@{dice.pick(text.FIRMS)}{text.token(dice, 3)}.example", fate)
        domain = dice.pick(text.FREEMAIL) if dice.happens(0.5) else dice.pick(self.firms)
        return Rcpt(f"{text.stranger(dice)}{dice.between(0, 9)}@{domain}", fate)

    def victim(self, dice: Dice, dead: float, later: float) -> Rcpt:
        """Give an address of a spammer's list."""
        share = dice.fraction()
        if share < dead:
            return self.fresh(dice, dice.pick((Fate.DEAD, Fate.DEAD, Fate.NO_MX, Fate.REFUSED)))
        return self.fresh(dice, Fate.LATER if share < dead + later else Fate.GOOD)

    def colleague(self, dice: Dice) -> Rcpt:
        return Rcpt(dice.pick(list(self.accounts)), Fate.LOCAL)

    # letters ---------------------------------------------------------------------------------------------------

    def note(self, dice: Dice, one: Account, *, sender: str = "", rcpts: Sequence[Rcpt] = ()) -> Letter:
        """Write an ordinary letter of a person."""
        if not rcpts:
            dead = dice.happens(self.knobs.dead)
            outside = self.fresh(dice, Fate.DEAD) if dead else self.living(dice)
            rcpts = [self.colleague(dice)] if dice.happens(0.35) else [outside]
        sender = sender or one.address
        body = text.hand(dice, one.language, one.name)
        extra = dice.between(0, 90_000) if dice.happens(0.3) else 0
        return Letter(sender, list(rcpts), text.title(dice, one.language), body, f"{one.name} <{sender}>", extra=extra)

    def spam(self, dice: Dice, pitch: text.Pitch, sender: str, rcpts: Sequence[Rcpt]) -> Letter:
        title, body = pitch.fill(dice)
        return Letter(sender, list(rcpts), title, body, f'"{title.split()[0]}" <{sender}>')

    # time ------------------------------------------------------------------------------------------------------

    def office_time(self, dice: Dice, day: int) -> int:
        return day * DAY + self.knobs.opens * HOUR + dice.between(0, (self.knobs.closes - self.knobs.opens) * HOUR - 1)

    def works(self, day: int) -> bool:
        return self.knobs.weekend or self.clock.weekday(day * DAY) < 5

    @property
    def workdays(self) -> list[int]:
        days = [day for day in range(self.knobs.days) if self.works(day)]
        return days or [self.knobs.days - 1]

    def span(self, dice: Dice, least: int, most: int) -> tuple[int, int]:
        """Give a stretch of so many hours that the logs show, near their end."""
        first = max(self.knobs.log_start + 40 * MINUTE, self.knobs.now - 30 * HOUR)
        length = min(dice.between(least * HOUR, most * HOUR), self.knobs.now - first - 20 * MINUTE)
        start = first + dice.between(0, self.knobs.now - 10 * MINUTE - length - first)
        return start, start + length

    # life ------------------------------------------------------------------------------------------------------

    def send(
        self, at: int, spot: Spot, one: Account, letters: Sequence[Letter], lag: tuple[int, int] = (1, 20)
    ) -> None:
        if at < self.knobs.now:
            self.server.submit(at, spot, [self.login(one)], letters, lag)

    def live(self, one: Account, spots: Sequence[Spot] = (), letters: tuple[int, int] = (1, 4)) -> None:
        """Let an owner write ordinary letters through the days, from the desk, sometimes from home or a phone."""
        dice = self.dice.branch(f"life {one.address}")
        if not one.spots:
            one.spots = list(spots) or self._spots(one)
        for day in self.workdays:
            for _ in range(dice.between(*letters)):
                spot = one.spots[0] if dice.happens(0.75) else dice.pick(one.spots)
                at = self.office_time(dice, day)
                if spot is not one.spots[0] and dice.happens(0.5):
                    at = day * DAY + dice.between(self.knobs.closes * HOUR, 23 * HOUR)
                self.send(at, spot, one, [self.note(dice, one) for _ in range(1 + dice.happens(0.2))])
            if dice.happens(0.5):
                self.server.door(
                    self.office_time(dice, day), dice.pick(("imap", "pop3")), one.spots[0], [self.login(one)]
                )

    def _spots(self, one: Account) -> list[Spot]:
        spots = [self.desk() if self.dice.happens(0.75) else self.home()]
        if spots[0].ip == self.office:
            self.guests.append(one)
        while self.dice.happens(0.4):
            spots.append(self.home())
        return spots

    def guesses(self, one: Account, spots: Sequence[Spot], start: int, end: int, tries: int) -> None:
        """Let somebody try unlike secrets through a stretch of time."""
        dice = self.dice.branch(f"guesses {one.address} {start}")
        for number in range(tries):
            at = start + (end - start) * number // tries + dice.between(0, SECOND)
            secret = f"{dice.pick(('summer', 'qwert', one.user[:5], 'pass', 'hello', 'ciao'))}{dice.between(1, 9999)}"
            self.server.submit(at, dice.pick(spots), [self.guess(one, secret)], ())
