"""People and machines at work: owners, colleagues, servers of the internet, and those who attack."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import words
from .clock import at, later
from .knobs import Auth
from .letters import ALNUM, Fate, Letter, Pitch, Rcpt, business, spam
from .people import Account, Login, Machine, guess, login

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .dice import Dice
    from .ledger import Accepted
    from .world import World


class Desk(NamedTuple):
    """An owner at one of their machines."""

    account: Account
    machine: Machine
    mechanism: Auth = Auth.LOGIN
    typed: str = ""


def customer(dice: Dice) -> str:
    return f"{dice.pick(words.FIRST)}.{dice.pick(words.LAST)}@{dice.pick(words.CUSTOMERS)}"


def office_hour(dice: Dice, day: int, first: int = 8, last: int = 18) -> datetime:
    return later(at(day, f"{first:02d}:00"), dice.between(0, (last - first) * 3600 - 1))


def office_life(world: World, desks: Sequence[Desk], days: Sequence[int], letters: tuple[int, int] = (2, 4)) -> None:
    """Let everybody write to colleagues and customers through the working day."""
    dice = world.dice.branch("office")
    for day in days:
        for desk in desks:
            for _ in range(dice.between(*letters)):
                ts = office_hour(dice, day)
                if ts < world.now:
                    write(world, dice, desk, ts)


def write(world: World, dice: Dice, desk: Desk, ts: datetime, fate: Fate | None = None) -> None:
    """Send one ordinary letter."""
    rcpts = _colleague(world, dice, desk) if fate is None and dice.happens(0.4) else (_outside(dice, fate),)
    letter = business(dice, desk.account.address, desk.account.name or desk.account.user, rcpts)
    world.submit(desk.machine, ts, [letter], login(desk.account, desk.mechanism, desk.typed))


def _colleague(world: World, dice: Dice, desk: Desk) -> tuple[Rcpt, ...]:
    others = [one for one in sorted(world.accounts) if one != desk.account.address] or [desk.account.address]
    return tuple(Rcpt(one, Fate.LOCAL) for one in dice.sample(others, dice.between(1, 2)))


def _outside(dice: Dice, fate: Fate | None) -> Rcpt:
    share = dice.fraction()
    usual = Fate.DEFERRED if share < 0.06 else Fate.UNKNOWN if share < 0.08 else Fate.DELIVERED
    return Rcpt(customer(dice), fate or usual)


def inbound_mail(world: World, days: Sequence[int], count: int) -> None:
    """Let servers of the internet bring mail for the accounts, without authentication."""
    dice = world.dice.branch("inbound")
    for day in days:
        for _ in range(count):
            ts = office_hour(dice, day, 1, 23)
            if ts < world.now:
                bring(world, dice, ts)


def bring(world: World, dice: Dice, ts: datetime) -> None:
    writer = customer(dice)
    reader = dice.pick(sorted(world.accounts))
    letter = business(dice, writer, writer.partition("@")[0], (Rcpt(reader, Fate.LOCAL),))
    domain = writer.partition("@")[2]
    world.submit(Machine(f"198.51.100.{200 + words.CUSTOMERS.index(domain)}", f"mx.{domain}"), ts, [letter])


def knock(world: World, machine: Machine, start: datetime, *logins: Login) -> None:
    """Offer logins in one session and leave without a letter."""
    world.submit(machine, start, [], *logins)


def background_noise(world: World, days: Sequence[int], count: int) -> None:
    """Let strangers try names that every server is tried with; none of them exists here."""
    dice = world.dice.branch("noise")
    for day in days:
        for _ in range(count):
            name = f"{dice.pick(('admin', 'test', 'info', 'scanner', 'backup'))}@{world.domain}"
            machine = Machine(f"203.0.113.{dice.between(230, 250)}", dice.pick(words.ATTACKER_HELOS))
            ts = office_hour(dice, day, 0, 24)
            if ts < world.now:
                knock(world, machine, ts, guess(name, wrong_secret(dice)))


def wrong_secret(dice: Dice) -> str:
    """Make up a guess; some carry the canary."""
    return f"c4n4ry{dice.text(ALNUM, 4)}" if dice.happens(0.3) else f"{dice.pick(words.GUESSES)}{dice.between(0, 99)}"


def wrong_secrets(dice: Dice, count: int) -> list[str]:
    """Make up guesses no two of which are alike."""
    made: list[str] = []
    while len(made) < count:
        secret = wrong_secret(dice)
        made += [secret] if secret not in made else []
    return made


class Guesser(NamedTuple):
    machine: Machine
    tries: int


def brute_force(
    world: World, typed: Sequence[str], guessers: Sequence[Guesser], start: datetime, gap: tuple[int, int] = (20, 90)
) -> datetime:
    """Try unlike secrets in turn from each guesser; give the moment after the last."""
    dice = world.dice.branch(f"guessing {typed[0]}")
    turns = dice.shuffled([one.machine for one in guessers for _ in range(one.tries)])
    now = start
    for machine, secret in zip(turns, wrong_secrets(dice, len(turns)), strict=True):
        knock(world, machine, now, guess(dice.pick(typed), secret, dice.pick((Auth.LOGIN, Auth.LOGIN, Auth.PLAIN))))
        now = later(now, dice.between(*gap))
    return now


class Run(NamedTuple):
    """One spam run: who sends, from where, what, to whom."""

    machines: tuple[Machine, ...]
    senders: tuple[str, ...]
    pitch: Pitch
    letters: int
    bad_share: float = 0.7
    """How many recipients do not exist."""
    per_session: tuple[int, int] = (2, 6)
    rcpts: tuple[int, int] = (1, 1)
    backlog: tuple[int, int] = (10, 400)
    """Seconds until the overloaded server tries a message for the first time."""


def spam_run(world: World, way_in: Login, run: Run, start: datetime, end: datetime) -> list[Accepted]:
    """Send a run through one account, spread over its machines and the hours."""
    dice = world.dice.branch(f"spam {way_in.typed} {start.isoformat()}")
    letters = [_spam_letter(dice, run) for _ in range(run.letters)]
    sent: list[Accepted] = []
    length = end.timestamp() - start.timestamp()
    while letters:
        handful = [letters.pop() for _ in range(min(len(letters), dice.between(*run.per_session)))]
        ts = later(start, length * (run.letters - len(letters) - len(handful)) / run.letters + dice.between(0, 40))
        first = not sent
        machine = run.machines[0] if first else dice.pick(run.machines)
        sent += world.submit(machine, ts, handful, way_in, lag=dice.between(*run.backlog))
    return sent


def _spam_letter(dice: Dice, run: Run) -> Letter:
    rcpts = tuple(_victim(dice, run.bad_share) for _ in range(dice.between(*run.rcpts)))
    return spam(dice, dice.pick(run.senders), rcpts, run.pitch)


def _victim(dice: Dice, bad_share: float) -> Rcpt:
    """Make up a recipient as spammers do; most do not exist, some at domains that do not either."""
    if not dice.happens(bad_share):
        return Rcpt(customer(dice), Fate.DELIVERED if dice.happens(0.8) else Fate.DEFERRED)
    if dice.happens(0.5):
        return Rcpt(f"{_random_name(dice)}@{dice.text(ALNUM, dice.between(6, 11))}.example", Fate.NO_MX)
    return Rcpt(f"{_random_name(dice)}@{dice.pick(words.CUSTOMERS)}", Fate.UNKNOWN)


def _random_name(dice: Dice) -> str:
    return dice.pick("bcdfghjkmpqvwxz") + dice.text(ALNUM, dice.between(5, 11))


class Stubborn(NamedTuple):
    """A machine that offers one stale secret for ever."""

    typed: str
    machine: Machine
    times: int
    every: int
    """Seconds."""


def stale_phone(world: World, phone: Stubborn, start: datetime) -> None:
    """Let a phone in a drawer offer the password of last year, again and again."""
    for turn in range(phone.times):
        ts = later(start, turn * phone.every + turn % 7)
        if ts < world.now:
            knock(world, phone.machine, ts, Login(phone.typed, "c4n4ry-lastyear"))


def mistype(world: World, account: Account, machine: Machine, ts: datetime) -> None:
    """Let an owner mistype, see the refusal, and get in with the second try of the same session."""
    world.submit(machine, ts, [], Login(account.address, account.secret[:-1] + "8"), login(account))
