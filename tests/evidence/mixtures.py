"""Stories in which every form a server may have is drawn by chance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import people
from .actors import Desk, Guesser, brute_force, inbound_mail, office_life, spam_run
from .cast import account, desks, home, opened, person
from .clock import at, later
from .knobs import Archive, Auth, IdForm
from .people import break_in
from .scenes import DAYS, NOON, STAFF, assorted, bot, bots, campaign, compromised
from .telling import Told
from .truth import Judgement

if TYPE_CHECKING:
    from .dice import Dice
    from .world import World

SARA = "sara@example.it"
WAYS_TO_TYPE = (people.full, people.bare, people.shouted, people.percent, people.slash, people.alias)


def mixed_forms(dice: Dice) -> Told:
    """Aliases, bare names, signs for @, every mechanism, archived logs, and an export of the accounts."""
    archive = dice.pick(tuple(Archive))
    knobs = replace(assorted(dice.branch("knobs")), accounts_file=True, archive=archive, rotate_bytes=15_000)
    world = opened(dice, knobs, NOON, ())
    world.hire(*(person(dice.branch(user), user, aliases=(f"{user}.rossi", user[0] + "r")) for user in STAFF))
    seats = [_any_form(dice, desk) for desk in desks(world, STAFF) for _ in range(2)]
    office_life(world, seats, DAYS, (1, 2))
    inbound_mail(world, DAYS, 3)
    sara = account(world, "sara")
    typed = [form(sara) for form in WAYS_TO_TYPE]
    done = brute_force(world, typed, (Guesser(bot(0), 12), Guesser(bot(1), 5)), at(19, "05:00"))
    for turn, machine in enumerate(bots(2)):
        mechanism = dice.pick(tuple(Auth))
        way_in = break_in(sara, mechanism, dice.pick(typed))
        run = campaign((bot(0), machine), 30)
        spam_run(world, way_in, run, later(done, 60 + 900 * turn), at(19, "11:00"))
    return Told(world, Judgement({SARA: compromised("brute-force")}))


def _any_form(dice: Dice, desk: Desk) -> Desk:
    return desk._replace(mechanism=dice.pick(tuple(Auth)), typed=dice.pick(WAYS_TO_TYPE)(desk.account))


def masked_secrets(dice: Dice) -> Told:
    """The log shows three stars where a secret was; users and outcomes are all there is."""
    knobs = replace(assorted(dice.branch("knobs")), masked=True)
    world = opened(dice, knobs, NOON, STAFF)
    office_life(world, desks(world, STAFF, (Auth.LOGIN, Auth.LOGIN_INITIAL, Auth.CRAM_MD5)), DAYS, (1, 3))
    inbound_mail(world, DAYS, 3)
    sara = account(world, "sara")
    spam_run(world, break_in(sara, Auth.LOGIN_INITIAL), campaign(bots(2)), at(19, "08:00"), at(19, "11:40"))
    return Told(world, Judgement({SARA: compromised("first-try")}))


def two_domains(dice: Dice) -> Told:
    """Two companies on one server each have a Sara; only one of them is entered."""
    knobs = assorted(dice.branch("knobs"))
    world = opened(dice, knobs, NOON, STAFF)
    twin = person(dice.branch("twin"), "sara", "example.net")
    world.hire(twin)
    office_life(world, [*desks(world, STAFF), Desk(twin, home(12), Auth.PLAIN)], DAYS, (1, 3))
    inbound_mail(world, DAYS, 3)
    spam_run(world, break_in(twin), campaign(bots(2)), at(19, "08:00"), at(19, "11:40"))
    return Told(world, Judgement({twin.address: compromised("first-try")}))


def reused_ids(dice: Dice) -> Told:
    """Ids of three letters and five digits come round again: today's spam has the ids of Monday's letters."""
    knobs = replace(assorted(dice.branch("knobs")), ids=IdForm.LETTERS)
    world = opened(dice, knobs, NOON, STAFF)
    office_life(world, desks(world, STAFF), DAYS, (2, 3))
    _repeat_old_ids(world)
    sara = account(world, "sara")
    spam_run(world, break_in(sara), campaign(bots(2), 40), at(19, "08:00"), at(19, "11:40"))
    return Told(world, Judgement({SARA: compromised("first-try")}))


def _repeat_old_ids(world: World) -> None:
    waiting = {one.accepted.message_id for one in world.ledger.queued}
    monday = [one for one in world.ledger.accepted if one.ts.day == DAYS[0] and one.message_id not in waiting]
    world.repeat_ids([one.message_id for one in monday][:12])
