"""Runs that say in the accounts' own names what everybody says, around one contact; and innocent mail that looks so."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.campaigns.office import Office
from tests.campaigns.tongue import Tongue, token

from .test_campaigns import Mail, letter

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.campaigns.letter import Letter

    Copy = Callable[[random.Random, Tongue, int], Letter]

SIZE = 20
FOREIGN = Tongue(random.Random(99), 3000)
CONTACT = "http://odd-boxes.example/may"


def queue(copy: Copy, seed: int = 1) -> Mail:
    """Write copies first, then the mail of an office that has the same set phrases."""
    rng = random.Random(seed)
    tongue = Tongue(rng, 1500)
    copies = [copy(rng, tongue, at) for at in range(SIZE)]
    return Mail(*copies, *Office(rng, tongue, staff=25).letters(100))


def phrases(rng: random.Random, tongue: Tongue) -> str:
    return tongue.paragraph(rng, rng.randint(200, 400), 0.85)


def copy(rng: random.Random, tongue: Tongue, around: str = f"\n{CONTACT}\n", **changes: Any) -> Letter:
    return letter(rng, phrases(rng, tongue) + around + phrases(rng, tongue), **changes)


def unheard(rng: random.Random) -> str:
    return " ".join(rng.choices(FOREIGN.words, k=60))


def of(name: str) -> dict[str, str]:
    return {"account": name, "mail_from": name, "header_from": name}


GUILTY: dict[str, Copy] = {
    "in the middle": lambda rng, tongue, _: copy(rng, tongue),
    "at the end": lambda rng, tongue, _: letter(rng, f"{phrases(rng, tongue)}\n{CONTACT}\n"),
    "a number": lambda rng, tongue, _: copy(rng, tongue, "\ncall +44 7700 900123 now\n"),
    "an address": lambda rng, tongue, _: copy(rng, tongue, "\nmrs.fine@odd-boxes.example\n"),
    "a link that names its reader": lambda rng, tongue, at: copy(
        rng, tongue, f"\n{CONTACT}?to=reader{at}@x{at}.example\n", rcpt=f"reader{at}@x{at}.example"
    ),
    "through three accounts": lambda rng, tongue, at: copy(rng, tongue, **of(f"p{at % 3}@house.example")),
    "as if it answered": lambda rng, tongue, _: copy(rng, tongue, subject=f"Re: {token(rng)}"),
}
INNOCENT: dict[str, Copy] = {
    "some of it answers": lambda rng, tongue, at: copy(
        rng, tongue, headers=(f"In-Reply-To: <{token(rng)}@x.example>",) if at % 4 == 0 else ()
    ),
    "some of it quotes": lambda rng, tongue, at: copy(
        rng, tongue, f"\n{CONTACT}\n" + ("\n> what was asked\n> before\n" if at % 4 == 0 else "")
    ),
    "to the same readers": lambda rng, tongue, at: copy(rng, tongue, rcpt=f"reader{at % 9}@elsewhere.example"),
    "another page each time": lambda rng, tongue, at: copy(
        rng, tongue, f"\nhttp://odd-boxes.example/{tongue.words[at]}\n"
    ),
    "a numbered page each time, in a language of its own": lambda rng, _, at: letter(
        rng, f"http://odd-boxes.example/{4100 + at}.html\n" + unheard(rng)
    ),
    "signed": lambda rng, tongue, _: copy(rng, tongue, f"\nAnna Verdi, {CONTACT}\n"),
    "signed for the house": lambda rng, tongue, _: copy(
        rng, tongue, f"\n{CONTACT}\nhttps://www.hq.example/\n", **of("anna@hq.example")
    ),
    "a list": lambda rng, tongue, _: copy(rng, tongue, headers=("List-Id: <boxes.lists.example>",)),
    "many colleagues": lambda rng, tongue, at: copy(rng, tongue, **of(f"p{at % 9}@house.example")),
    "a day": lambda rng, tongue, _: copy(rng, tongue, "\non 06/08/2002 it was\n"),
}


@pytest.mark.parametrize("name", GUILTY)
def test_what_is_sent_out_around_one_contact_is_a_run(name: str) -> None:
    [campaign] = [one for one in queue(GUILTY[name]).grouped().campaigns if not one.bulk]
    assert campaign.members == tuple(range(SIZE))
    assert {row.text: row.elsewhere for row in campaign.strings}[campaign.purge_string] == 0


@pytest.mark.parametrize("name", INNOCENT)
def test_what_people_write_about_one_contact_is_none(name: str) -> None:
    assert [one.purge_string for one in queue(INNOCENT[name]).grouped().campaigns if not one.bulk] == []
