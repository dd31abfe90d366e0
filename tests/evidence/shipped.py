"""The three stories kept in `sample_queues/icewarp`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import pages, words
from .actors import (
    Desk,
    Guesser,
    Run,
    Stubborn,
    background_noise,
    brute_force,
    inbound_mail,
    knock,
    office_life,
    spam_run,
    stale_phone,
)
from .cast import account, desks, home, opened
from .clock import at, later
from .innocents import Issue, TicketDay, newsletter_issue, ticket_day
from .knobs import Auth, Head, IdForm, Knobs, Level, Stamp
from .letters import Fate, Pitch
from .people import Account, Machine, break_in, guess
from .telling import Told
from .truth import Judgement, Verdict

if TYPE_CHECKING:
    from .dice import Dice
    from .world import World


def guide(dice: Dice) -> Told:
    """The vendor guide's own case: `user`, password `user`, and a declared sender called pippo."""
    knobs = Knobs(
        stamp=Stamp.TIME,
        ids=IdForm.LETTERS,
        head=Head.ONE_BLOCK,
        banner="IceWarp 10.3.1",
        version="10.3.1",
        suffix=".tmp",
        accounts_file=True,
        rotate_bytes=60_000,
    )
    world = opened(dice, knobs, at(20, "11:30"), ("anna", "marco", "laura", "giulia"))
    user = Account("user@example.it", "user", "Ufficio Ordini", ("ordini",), weak="equals-username")
    world.hire(user, Account("tutti@example.it", "", "Tutti", (), kind=1))
    colleagues = [*desks(world, ("anna", "marco", "laura", "giulia")), Desk(user, home(9), Auth.LOGIN, "user")]
    world.overload = (at(20, "09:30"), 5400)
    office_life(world, colleagues, (17, 18, 19, 20))
    inbound_mail(world, (17, 18, 19, 20), 6)
    background_noise(world, (18, 19, 20), 2)
    run = Run((Machine("203.0.113.155", "ylmf-pc"),), ("pippo@gmail.com",), PILLS, 130, bad_share=0.85)
    sent = spam_run(world, break_in(user, Auth.LOGIN, "user"), run, at(20, "08:45:52"), at(20, "11:05"))
    for one in [one for one in sent if one.letter.rcpts[0].fate is Fate.UNKNOWN][:5]:
        world.bounce(one, 1200, Fate.UNKNOWN)
    verdict = Verdict(("compromised",), ("first-try",))
    symptoms = (*RUNAWAY, "tiny-messages", "random-recipients")
    return Told(world, Judgement({"user@example.it": verdict}, symptoms), pages.guide)


PILLS = Pitch(words.PILL_WORDS, "http://pillole.example/v")
CASINO = Pitch(words.CASINO_WORDS, "http://fortuna-club.example/join", long=True)
PARCEL = Pitch(words.PARCEL_WORDS, "http://riprogramma-consegna.example/p")
RUNAWAY = ("one-sender-dominates", "failing-recipients", "sender-not-account", "queue-growing", "sessions-multiplying")


def brute_forced(dice: Dice) -> Told:
    """Anna's password is guessed overnight, beside a newsletter, a stale phone and an account merely tried."""
    knobs = Knobs(stamp=Stamp.MILLIS, head=Head.ENVELOPE, refusal="535 5.7.8 Authentication credentials invalid")
    users = ("anna", "carla", "laura", "marco", "newsletter", "sara")
    world = opened(dice, knobs, at(19, "07:40"), users)
    office_life(world, desks(world, ("anna", "carla", "laura", "marco", "sara")), (16, 17, 18), (1, 3))
    inbound_mail(world, (16, 17, 18, 19), 5)
    phone = Stubborn("laura@example.it", Machine("198.51.100.77", "[10.34.2.9]"), 36, 4000)
    stale_phone(world, phone, at(17, "09:02"))
    world.overload = (at(19, "05:30"), 5400)
    _newsletter(world)
    _anna_is_guessed(world)
    verdict = Verdict(("compromised",), ("brute-force",))
    return Told(world, Judgement({"anna@example.it": verdict}, RUNAWAY), pages.brute_force)


def _newsletter(world: World) -> None:
    machine = Machine("198.51.100.60", "mailer.example.it")
    for day, topic in ((16, words.NEWSLETTER_TOPICS[0]), (18, words.NEWSLETTER_TOPICS[1])):
        newsletter_issue(world, account(world, "newsletter"), machine, at(day, "15:00"), Issue(topic, 34, unknown=0.03))
    morning = Issue(words.NEWSLETTER_TOPICS[2], 32, lag=1800)
    newsletter_issue(world, account(world, "newsletter"), machine, at(19, "06:45"), morning)


def _anna_is_guessed(world: World) -> None:
    anna = account(world, "anna")
    main = Machine("203.0.113.177", "User")
    others = (Machine("203.0.113.178", "User"), Machine("203.0.113.181", "WIN-8LQ2D0F7"))
    tried = (Guesser(main, 22), Guesser(others[0], 7), Guesser(others[1], 6))
    typed = ("anna@example.it", "anna@example.it", "ANNA@example.it", "anna%example.it")
    done = brute_force(world, typed, tried, at(18, "22:12"), gap=(50, 190))
    brute_force(world, ("carla@example.it",), (Guesser(main, 8),), at(18, "21:20"))
    brute_force(world, ("info@example.it",), (Guesser(main, 5),), at(18, "21:50"))
    knock(world, main, later(done, 60), break_in(anna, Auth.LOGIN))
    bots = (
        Machine("203.0.113.177", "User"),
        Machine("192.0.2.140", "[127.0.0.1]"),
        Machine("192.0.2.151", "localhost"),
        Machine("2001:db8:6b::1f", "smtp"),
    )
    senders = (
        "bonus@fortuna-club.example",
        "anna@example.it",
        "desk@harbour-freight.example",
        "vip@example.net",
        "m.rossi@example.com",
    )
    run = Run(bots, senders, CASINO, 90, bad_share=0.62, backlog=(10, 3000))
    spam_run(world, break_in(anna, Auth.PLAIN), run, at(19, "00:31"), at(19, "07:20"))


def two_accounts(dice: Dice) -> Told:
    """Two stolen passwords serve one campaign, beside a ticket system that writes in other people's names."""
    knobs = Knobs(
        stamp=Stamp.RFC822,
        hex_width=8,
        queue_eol="\n",
        log_eol="\n",
        bom=True,
        level=Level.DEBUG,
        recipient_header="Rcpt",
        priorities=True,
        rotate_bytes=120_000,
        lost_ids=0.1,
    )
    users = ("renzo", "paola", "laura", "marco", "walter", "helpdesk")
    world = opened(dice, knobs, at(18, "14:30"), users)
    office_life(world, desks(world, ("renzo", "paola", "laura", "marco", "walter")), (13, 16, 17, 18), (1, 3))
    world.overload = (at(18, "11:30"), 7200)
    inbound_mail(world, (16, 17, 18), 5)
    for day in (13, 16, 17, 18):
        start = at(day, "08:05")
        ticket_day(
            world,
            account(world, "helpdesk"),
            Machine("192.0.2.60", "tickets.example.it"),
            start,
            TicketDay(11, 0.04, 2500),
        )
    _stolen(world)
    stolen = Verdict(("compromised",), ("first-try",))
    verdicts = {"renzo@example.it": stolen, "paola@example.it": stolen}
    symptoms = ("failing-recipients", "sender-not-account", "queue-growing", "sessions-multiplying")
    return Told(world, Judgement(verdicts, symptoms), pages.two_accounts)


def _stolen(world: World) -> None:
    first, second, third, fourth = (
        Machine("192.0.2.201", "DESKTOP-5T9QK1R"),
        Machine("192.0.2.202", "[192.168.1.4]"),
        Machine("203.0.113.140", "smtp"),
        Machine("2001:db8:66::25", "static.example"),
    )
    for minute, name in enumerate(("laura", "marco", "walter", "amministrazione")):
        for turn in range(2):
            secret = f"c4n4ry{name}{turn + 2024}"
            knock(
                world, second, at(18, f"09:{10 + 3 * minute + turn}"), guess(f"{name}@example.it", secret, Auth.PLAIN)
            )
            knock(world, third, at(18, f"09:{30 + 3 * minute + turn}"), guess(f"{name}@example.it", secret.title()))
    senders = ("avvisi@corriere-espresso.example", "noreply@pacchi.example", "servizio@example.org")
    renzo = Run((first, second, third), senders, PARCEL, 62, bad_share=0.5, rcpts=(1, 2), backlog=(10, 2500))
    paola = Run((third, second, fourth), senders, PARCEL, 48, bad_share=0.5, rcpts=(1, 2), backlog=(10, 2500))
    spam_run(world, break_in(account(world, "renzo"), Auth.PLAIN), renzo, at(18, "10:05"), at(18, "14:20"))
    spam_run(world, break_in(account(world, "paola"), Auth.LOGIN), paola, at(18, "10:50"), at(18, "14:20"))
