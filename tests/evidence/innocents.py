"""Accounts that look guilty and are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .actors import customer
from .clock import later
from .letters import Fate, Rcpt, newsletter, ticket
from .people import login

if TYPE_CHECKING:
    from datetime import datetime

    from .dice import Dice
    from .people import Account, Machine
    from .world import World


class Issue(NamedTuple):
    """One mailing of a newsletter."""

    topic: str
    copies: int
    unknown: float = 0.02
    deferred: float = 0.04
    lag: int = 20
    every: int = 25
    """Seconds between two sessions."""
    per_session: int = 4


def newsletter_issue(world: World, account: Account, machine: Machine, start: datetime, issue: Issue) -> None:
    """Send one copy to each subscriber, from the one machine that always does."""
    dice = world.dice.branch(f"{account.address} {issue.topic}")
    copies = [newsletter(dice, account.address, _subscriber(dice, issue), issue.topic) for _ in range(issue.copies)]
    for turn, first in enumerate(range(0, issue.copies, issue.per_session)):
        handful = copies[first : first + issue.per_session]
        world.submit(machine, later(start, turn * issue.every), handful, login(account), lag=issue.lag)


def _subscriber(dice: Dice, issue: Issue) -> Rcpt:
    share = dice.fraction()
    if share < issue.unknown:
        return Rcpt(customer(dice), Fate.UNKNOWN)
    return Rcpt(customer(dice), Fate.DEFERRED if share < issue.unknown + issue.deferred else Fate.DELIVERED)


class TicketDay(NamedTuple):
    """One day of a ticket system."""

    letters: int
    deferred: float = 0.03
    every: int = 600


def ticket_day(world: World, account: Account, machine: Machine, start: datetime, day: TicketDay) -> None:
    """Write as support@ and, when a customer answers another, in that customer's name."""
    dice = world.dice.branch(f"{account.address} {start.isoformat()}")
    for turn in range(day.letters):
        declared = f"support@{world.domain}" if dice.happens(0.6) else customer(dice)
        fate = Fate.DEFERRED if dice.happens(day.deferred) else Fate.DELIVERED
        ts = later(start, turn * day.every + dice.between(0, day.every // 2))
        if ts < world.now:
            world.submit(machine, ts, [ticket(dice, declared, Rcpt(customer(dice), fate))], login(account))
