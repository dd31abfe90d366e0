"""Stories of which a part of the evidence is missing, or is cut where it hurts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .actors import Guesser, brute_force, spam_run
from .cast import account, opened
from .clock import at, later
from .knobs import Archive, Knobs, Level, Span
from .people import break_in
from .scenes import NOON, STAFF, Setting, assorted, bot, bots, campaign, compromised, ordinary, pass_days
from .telling import Told
from .truth import Judgement, Verdict

if TYPE_CHECKING:
    from .dice import Dice
    from .world import World

SARA = "sara@example.it"
BLIND = Verdict(("compromised", "suspect"), ("unknown", None))
"""Without a visible AUTH nobody can know how the account was entered."""


def _sara_is_used(world: World) -> None:
    way_in = break_in(account(world, "sara"))
    spam_run(world, way_in, campaign(bots(3), 70, 0.8), at(19, "07:30"), at(19, "11:50"))


def _office(dice: Dice, knobs: Knobs) -> World:
    world = opened(dice, knobs, NOON, STAFF)
    pass_days(world, STAFF)
    return world


def no_logs(dice: Dice) -> Told:
    """Somebody copied the queue and forgot the logs."""
    world = ordinary(dice, Setting(level=Level.NONE))
    _sara_is_used(world)
    return Told(world, Judgement({SARA: BLIND}, ("one-sender-dominates", "sender-not-account")))


def no_queue(dice: Dice) -> Told:
    """Somebody emptied the queue before anyone could look."""
    world = ordinary(dice)
    _sara_is_used(world)
    world.ledger.queued.clear()
    return Told(world, Judgement({SARA: compromised("first-try")}), no_queue=True)


def low_level(dice: Dice) -> Told:
    """The log level is *summary*: a line for each message, none for the logins."""
    world = ordinary(dice, Setting(level=Level.SUMMARY))
    _sara_is_used(world)
    return Told(world, Judgement({SARA: BLIND}))


def log_gap(dice: Dice) -> Told:
    """The log of one ordinary day was lost; the story before and after it is whole."""
    knobs = replace(assorted(dice.branch("knobs")), lost_logs=(Span(at(17, "00:00"), at(18, "00:00")),))
    world = _office(dice, knobs)
    _sara_is_used(world)
    return Told(world, Judgement({SARA: compromised("first-try")}))


def rotation_midnight(dice: Dice) -> Told:
    """Small files, old ones archived, and a break-in whose sessions cross midnight and every rotation."""
    archive = dice.pick((Archive.GZ, Archive.ZIP))
    knobs = replace(assorted(dice.branch("knobs")), rotate_bytes=6_000, archive=archive, threads=6)
    world = _office(dice, knobs)
    brute_force(world, (SARA,), (Guesser(bot(0), 21),), at(18, "23:20"), gap=(60, 110))
    way_in = break_in(account(world, "sara"))
    run = campaign((bot(0),), 8, 0.9)._replace(per_session=(8, 8))
    spam_run(world, way_in, run, at(18, "23:59:56"), at(19, "00:00:30"))
    spam_run(world, way_in, campaign(bots(3), 60, 0.8), later(at(19, "00:20"), 0), at(19, "03:00"))
    return Told(world, Judgement({SARA: compromised("brute-force")}))
