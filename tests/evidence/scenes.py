"""The ordinary days behind the stories built at test time, in forms that change with the seed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .actors import Run, inbound_mail, office_life
from .cast import desks, opened
from .clock import at
from .knobs import Head, IdForm, Knobs, Level, Stamp
from .letters import Pitch
from .people import Machine
from .truth import Verdict
from .words import LOAN_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .dice import Dice
    from .world import World

DAYS = (16, 17, 18, 19)
NOON = at(19, "12:00")
STAFF = ("anna", "laura", "marco", "sara")
LOANS = Pitch(LOAN_WORDS, "http://prestito-rapido.example/ok")
FORGED = ("credito@prestito-rapido.example", "ufficio@example.org", "dr.helen@example.net")


class Setting(NamedTuple):
    """What the evidence of a story shows of its ordinary days."""

    staff: tuple[str, ...] = STAFF
    letters: tuple[int, int] = (1, 3)
    accounts_file: bool = False
    level: Level | None = None


def assorted(dice: Dice) -> Knobs:
    """Draw a server's forms: none of them changes what happened."""
    return Knobs(
        stamp=dice.pick(tuple(Stamp)),
        ids=dice.pick(tuple(IdForm)),
        head=dice.pick(tuple(Head)),
        level=dice.pick((Level.DEBUG, Level.BOTH)),
        queue_eol=dice.pick(("\n", "\r\n")),
        log_eol=dice.pick(("\n", "\r\n")),
        bom=dice.happens(0.25),
        hex_width=dice.pick((4, 8)),
        rotate_bytes=dice.pick((20_000, 60_000, 10**9)),
        refusal=dice.pick(("501 5.7.0 Authentication failed", "535 5.7.8 Authentication credentials invalid")),
        recipient_header=dice.pick(("To", "Rcpt", "RcptTo", "Recipient")),
        suffix=dice.pick((".dat", ".tmp", ".eml", "")),
        priorities=dice.happens(0.4),
        long_ehlo=dice.happens(0.5),
        lost_ids=dice.pick((0.0, 0.2)),
    )


def ordinary(dice: Dice, setting: Setting | None = None) -> World:
    """Let four ordinary days pass in a small office."""
    setting = setting or Setting()
    knobs = replace(assorted(dice.branch("knobs")), accounts_file=setting.accounts_file)
    knobs = replace(knobs, level=setting.level) if setting.level else knobs
    world = opened(dice, knobs, NOON, setting.staff)
    pass_days(world, setting.staff, setting.letters)
    return world


def pass_days(world: World, staff: Sequence[str], letters: tuple[int, int] = (1, 3)) -> None:
    office_life(world, desks(world, staff), DAYS, letters)
    inbound_mail(world, DAYS, 3)


def bot(number: int, helo: str = "User") -> Machine:
    """Give one machine of somebody else's: neighbours, other networks, IPv6."""
    return Machine(
        (f"203.0.113.{150 + number}", f"192.0.2.{150 + number}", f"2001:db8:bad::{number:x}")[number % 3], helo
    )


def bots(count: int) -> tuple[Machine, ...]:
    return tuple(bot(number, helo) for number, helo in zip(range(count), HELOS * count, strict=False))


HELOS = ("ylmf-pc", "User", "[127.0.0.1]")


def campaign(machines: tuple[Machine, ...], letters: int = 60, bad_share: float = 0.7) -> Run:
    """Plan the usual run: forged senders and made-up recipients."""
    return Run(machines, FORGED, LOANS, letters, bad_share, backlog=(10, 1500))


def compromised(*entry: str) -> Verdict:
    return Verdict(("compromised",), entry)
