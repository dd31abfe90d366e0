"""For each signal a guilty account that shows it and little else; the innocents are the look-alikes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .actors import Desk, Guesser, Run, brute_force, office_life, spam_run
from .cast import account, home
from .clock import at, later
from .innocents import Issue, newsletter_issue
from .knobs import Auth
from .people import Account, Machine, break_in, login
from .scenes import DAYS, FORGED, LOANS, STAFF, Setting, bot, bots, campaign, compromised, ordinary
from .telling import Told
from .truth import Judgement, Verdict

if TYPE_CHECKING:
    from .dice import Dice

SARA = "sara@example.it"
AT_LEAST_SUSPECT = Verdict(("compromised", "suspect"), ("first-try",))


def share_guilty(dice: Dice) -> Told:
    """The queue is Sara's: in her own name, to people who mostly exist, from machines she never had."""
    world = ordinary(dice)
    run = Run(bots(2), (SARA,), LOANS, 80, bad_share=0.05, backlog=(1500, 9000))
    spam_run(world, break_in(account(world, "sara")), run, at(19, "10:40"), at(19, "11:55"))
    return Told(world, Judgement({SARA: AT_LEAST_SUSPECT}, ("one-sender-dominates",), ("sender-not-account",)))


def sender_guilty(dice: Dice) -> Told:
    """A dozen letters under other names, lost in the queue of a newsletter."""
    world = ordinary(dice, Setting((*STAFF, "notizie")))
    machine = Machine("198.51.100.60", "mailer.example.it")
    newsletter_issue(world, account(world, "notizie"), machine, at(16, "10:00"), Issue("Ottobre", 60))
    newsletter_issue(world, account(world, "notizie"), machine, at(19, "11:20"), Issue("Novembre", 80, lag=2500))
    run = Run((bot(1),), FORGED, LOANS, 14, bad_share=0.1, backlog=(1000, 9000))
    spam_run(world, break_in(account(world, "sara")), run, at(19, "10:30"), at(19, "11:50"))
    return Told(world, Judgement({SARA: compromised("first-try")}))


def failures_guilty(dice: Dice) -> Told:
    """Fifteen failures, one success, and then only a few letters in Sara's own name."""
    world = ordinary(dice)
    done = brute_force(world, (SARA,), (Guesser(bot(0), 15),), at(19, "06:00"))
    run = Run((bot(0),), (SARA,), LOANS, 12, bad_share=0.1)
    spam_run(world, break_in(account(world, "sara")), run, later(done, 60), at(19, "11:00"))
    return Told(world, Judgement({SARA: compromised("brute-force")}))


def places_guilty(dice: Dice) -> Told:
    """Eight machines all over the world use an account that had one."""
    return _stolen(dice, campaign(bots(8), 40, bad_share=0.3))


def _stolen(dice: Dice, run: Run) -> Told:
    world = ordinary(dice)
    spam_run(world, break_in(account(world, "sara"), Auth.PLAIN), run, at(19, "08:10"), at(19, "11:50"))
    return Told(world, Judgement({SARA: compromised("first-try")}))


def destination_guilty(dice: Dice) -> Told:
    """Sara's own name, and nine recipients of ten were never born."""
    return _stolen(dice, Run((bot(2),), (SARA,), LOANS, 50, bad_share=0.9, backlog=(5, 300)))


def burst_guilty(dice: Dice) -> Told:
    """Two letters a day for days, then ninety in an hour, nearly all delivered before anybody looked."""
    world = ordinary(dice, Setting(letters=(1, 2)))
    run = Run(bots(2), (SARA,), LOANS, 90, bad_share=0.04, backlog=(2, 60))
    spam_run(world, break_in(account(world, "sara")), run, at(19, "10:00"), at(19, "11:00"))
    return Told(world, Judgement({SARA: AT_LEAST_SUSPECT}))


def secret_guilty(dice: Dice) -> Told:
    """The password of the account is its alias, and somebody typed it."""
    world = ordinary(dice, Setting(accounts_file=True))
    desk = Account("vendite@example.it", "ordini", "Vendite", ("ordini",), weak="equals-alias")
    world.hire(desk)
    office_life(world, [Desk(desk, home(8), Auth.PLAIN, "vendite")], DAYS, (2, 3))
    spam_run(world, break_in(desk, typed="ordini"), campaign(bots(1), 45), at(19, "07:00"), at(19, "11:30"))
    world.submit(home(8), at(19, "11:40"), [], login(desk))
    return Told(world, Judgement({desk.address: compromised("first-try")}))
