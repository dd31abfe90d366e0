"""The ways an account is entered: one story for each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import doors
from .actors import Guesser, brute_force, knock, spam_run, wrong_secret, wrong_secrets
from .cast import account, home, opened
from .clock import at, later
from .knobs import Span
from .people import break_in, guess, login
from .scenes import NOON, STAFF, Setting, assorted, bot, bots, campaign, compromised, ordinary, pass_days
from .telling import Told
from .truth import Judgement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .dice import Dice
    from .people import Machine
    from .world import World

SARA = "sara@example.it"
CROWD = ("anna", "bruno", "carla", "dario", "elena", "fabio", "laura", "marco", "nadia", "omar", "sara", "ugo")
RECENT = Span(at(1, "00:00"), at(19, "00:00"))
"""What is missing when only today's log was kept."""


def brute_force_entry(dice: Dice) -> Told:
    """One address guesses most of 18 secrets, is let in, and sends."""
    world = ordinary(dice)
    guessers = (Guesser(bot(0), 13), Guesser(bot(3), 5))
    done = brute_force(world, (SARA, "SARA@EXAMPLE.IT"), guessers, at(19, "05:10"))
    return sara_sends(world, bots(1), done, "brute-force")


def sara_sends(world: World, machines: tuple[Machine, ...], done: datetime, *entry: str) -> Told:
    spam_run(world, break_in(account(world, "sara")), campaign(machines), later(done, 90), at(19, "11:50"))
    return Told(world, Judgement({SARA: compromised(*entry)}))


def distributed(dice: Dice) -> Told:
    """Seven addresses share fourteen guesses, two each; the one that gets in also sends."""
    world = ordinary(dice)
    swarm = bots(7)
    done = brute_force(world, (SARA,), [Guesser(one, 2) for one in swarm], at(19, "03:00"), gap=(200, 900))
    return sara_sends(world, (swarm[0], *swarm[4:]), done, "distributed-guessing")


def spray(dice: Dice) -> Told:
    """One address tries two secrets on each of twelve accounts; one of them opens."""
    world = ordinary(dice, Setting(CROWD, (1, 1)))
    done = _spray(world, [bot(0)], at(19, "04:00"))
    return sara_sends(world, bots(1), done, "password-spray")


def spray_group(dice: Dice) -> Told:
    """Four neighbours try two secrets on each of twelve accounts, every one at a third of them."""
    world = ordinary(dice, Setting(CROWD, (1, 1)))
    group = [bot(number) for number in (0, 3, 6, 9)]
    done = _spray(world, group, at(19, "04:00"))
    return sara_sends(world, (group[0], group[1]), done, "password-spray")


def _spray(world: World, group: Sequence[Machine], start: datetime) -> datetime:
    dice = world.dice.branch("spray")
    now = start
    for secret in wrong_secrets(dice, 2):
        for turn, name in enumerate(CROWD):
            knock(world, group[turn % len(group)], now, guess(f"{name}@{world.domain}", secret))
            now = later(now, dice.between(30, 200))
    return now


def first_try(dice: Dice) -> Told:
    """A stolen password opens at once, after days of the owner's ordinary letters."""
    return sara_sends(ordinary(dice), bots(3), at(19, "07:30"), "first-try")


def unknown_entry(dice: Dice) -> Told:
    """Only today's log was kept, and the spam is as old as it."""
    knobs = replace(assorted(dice.branch("knobs")), lost_logs=(RECENT,))
    world = opened(dice, knobs, NOON, STAFF)
    pass_days(world, STAFF)
    return sara_sends(world, bots(2), at(19, "05:40"), "unknown")


def imap_door(dice: Dice) -> Told:
    """The guesses fall on IMAP, where nobody looked; SMTP sees a first try."""
    world = ordinary(dice)
    _owner_reads(world)
    secrets, now = wrong_secrets(world.dice.branch("imap"), 16), at(19, "04:20")
    for first in range(0, len(secrets), 2):
        doors.imap(world, bot(0), now, [guess(SARA, secret) for secret in secrets[first : first + 2]])
        now = later(now, 75)
    doors.imap(world, bot(0), now, [break_in(account(world, "sara"))])
    return sara_sends(world, bots(1), later(now, 600), "brute-force")


def _owner_reads(world: World) -> None:
    """Let everybody read their mail too; one of them still by POP3, with a slip."""
    for day in (17, 18):
        doors.imap(world, home(3), at(day, "08:31"), [login(account(world, "sara"))])
        doors.pop3(world, home(2), at(day, "08:40"), login(account(world, "marco")))
    slip = login(account(world, "marco"))._replace(secret=wrong_secret(world.dice))
    doors.pop3(world, home(2), at(18, "12:02"), slip)
