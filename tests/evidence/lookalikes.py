"""Stories in which nobody is guilty, however it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .actors import (
    Desk,
    Guesser,
    Stubborn,
    background_noise,
    brute_force,
    inbound_mail,
    mistype,
    office_life,
    stale_phone,
    write,
)
from .cast import OFFICE, account, home, opened
from .clock import at, later
from .innocents import Issue, TicketDay, newsletter_issue, ticket_day
from .people import Machine
from .scenes import DAYS, NOON, STAFF, Setting, assorted, bot, ordinary
from .telling import Told
from .truth import Judgement, Verdict
from .words import FIRST

if TYPE_CHECKING:
    from .dice import Dice

NOBODY = Judgement({})
ANY_SYMPTOM = (
    "one-sender-dominates",
    "tiny-messages",
    "random-recipients",
    "failing-recipients",
    "sender-not-account",
    "queue-growing",
    "sessions-multiplying",
)


def quiet(dice: Dice) -> Told:
    """Nothing happens at all."""
    world = ordinary(dice)
    background_noise(world, DAYS, 1)
    return Told(world, Judgement({}, symptoms_absent=ANY_SYMPTOM[1:]))


def newsletter(dice: Dice) -> Told:
    """A newsletter fills the queue this morning, as it did three days ago."""
    world = ordinary(dice, Setting((*STAFF, "notizie")))
    machine = Machine("198.51.100.60", "mailer.example.it")
    sender = account(world, "notizie")
    newsletter_issue(world, sender, machine, at(16, "10:00"), Issue("Le fiere di novembre", 90))
    newsletter_issue(world, sender, machine, at(19, "11:20"), Issue("Il mercatino di Natale", 90, lag=2500))
    return Told(world, Judgement({}, symptoms_absent=("sender-not-account", "failing-recipients")))


def ticket_system(dice: Dice) -> Told:
    """A ticket system writes as support@ and as its customers, every day, from one address."""
    world = ordinary(dice, Setting((*STAFF, "tickets")))
    for day in DAYS:
        busy = TicketDay(24, 0.05 if day < 19 else 0.3)
        ticket_day(world, account(world, "tickets"), Machine("192.0.2.60", "otrs.example.it"), at(day, "08:00"), busy)
    return Told(world, NOBODY)


def stale_phones(dice: Dice) -> Told:
    """Two phones offer one old secret each, one of them from its owner's own address."""
    world = ordinary(dice)
    stale_phone(world, Stubborn("laura@example.it", Machine("198.51.100.91", "[10.7.7.7]"), 70, 1800), at(17, "20:05"))
    stale_phone(world, Stubborn("marco@example.it", home(2), 25, 3600), at(18, "09:00"))
    return Told(world, NOBODY)


def merely_tried(dice: Dice) -> Told:
    """A night of guesses at Anna's account finds nothing; she goes on working."""
    world = ordinary(dice)
    brute_force(world, ("anna@example.it",), (Guesser(bot(0), 30), Guesser(bot(1), 12)), at(18, "23:10"))
    return Told(world, NOBODY)


def owner_mistypes(dice: Dice) -> Told:
    """Owners mistype, at their usual machines and once at a new one, and get in with the next try."""
    world = ordinary(dice)
    for user, number, moment in (("anna", 0, at(17, "08:02")), ("marco", 2, at(19, "08:15"))):
        mistype(world, account(world, user), home(number), moment)
    mistype(world, account(world, "laura"), Machine("198.51.100.140", "[172.20.10.3]"), at(18, "19:44"))
    return Told(world, NOBODY)


def travelling_owner(dice: Dice) -> Told:
    """Laura goes to a fair: hotel, train, another hotel; her own letters, her own name."""
    world = ordinary(dice)
    stops = ("198.51.100.150", "203.0.113.222", "2001:db8:a0::7", "192.0.2.230", "198.51.100.166")
    for turn, ip in enumerate(stops):
        desk = Desk(account(world, "laura"), Machine(ip, f"[192.168.{turn}.12]"))
        for minute in range(dice.between(1, 4)):
            write(world, dice.branch(ip), desk, later(at(18, "17:00"), turn * 11_000 + minute * 400))
    return Told(world, NOBODY)


def office_nat(dice: Dice) -> Told:
    """Thirty colleagues share one address; five mistype, and one phone is stale."""
    people = [*FIRST[:30]]
    world = opened(dice, assorted(dice.branch("knobs")), NOON, people)
    office = Machine(OFFICE, "[10.1.1.20]")
    office_life(world, [Desk(account(world, user), office) for user in people], (17, 18, 19), (0, 2))
    inbound_mail(world, (17, 18, 19), 3)
    for turn, user in enumerate(people[:5]):
        mistype(world, account(world, user), office, later(at(18, "08:01"), turn * 240))
    stale_phone(world, Stubborn(f"{people[7]}@example.it", office, 40, 2400), at(18, "07:00"))
    return Told(world, NOBODY)


def greetings(dice: Dice) -> Told:
    """Marco sends the season's greetings to everybody he knows, an hour long, from his own desk."""
    world = ordinary(dice)
    desk = Desk(account(world, "marco"), home(2))
    own = dice.branch("greetings")
    for turn in range(70):
        write(world, own, desk, later(at(19, "10:30"), turn * 45), None)
    return Told(world, NOBODY)


def dead_addresses(dice: Dice) -> Told:
    """Sara writes to an old list of her own; a third of it has moved on."""
    world = ordinary(dice, Setting((*STAFF, "notizie")))
    newsletter_issue(
        world, account(world, "sara"), home(3), at(19, "10:30"), Issue("Ci siamo trasferiti", 14, 0.35, per_session=1)
    )
    machine = Machine("198.51.100.60", "mailer.example.it")
    newsletter_issue(world, account(world, "notizie"), machine, at(19, "11:00"), Issue("Offerte", 80, lag=4000))
    return Told(world, Judgement({"sara@example.it": Verdict(("clear", "suspect"))}))


def weak_but_alone(dice: Dice) -> Told:
    """Marco's password is his user name; nobody else has found out yet."""
    world = ordinary(dice, Setting(staff=("anna", "laura", "sara"), accounts_file=dice.happens(0.5)))
    marco = account(world, "anna")._replace(
        address="marco@example.it", name="Marco", secret="marco", weak="equals-username"
    )
    world.hire(marco)
    office_life(world, [Desk(marco, home(2))], DAYS, (2, 4))
    return Told(world, NOBODY)
