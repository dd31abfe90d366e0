"""Accounts with passwords of known classes; the variants are drawn from John the Ripper's own rules."""

from __future__ import annotations

import random
import string
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.passwords.lists import PASSWORDS
from tests.scale.johnrules import apply, single_rules

if TYPE_CHECKING:
    from breachkit.detect.passwords.weakness import Weakness

STARTS = [
    "ma",
    "lu",
    "gio",
    "ste",
    "ro",
    "fran",
    "pa",
    "an",
    "chi",
    "bar",
    "el",
    "ales",
    "fe",
    "ni",
    "da",
    "car",
    "gia",
    "mi",
    "va",
    "si",
    "ka",
    "to",
    "be",
    "ju",
    "ol",
    "wil",
    "han",
]
MIDDLES = [
    "ri",
    "ca",
    "van",
    "fa",
    "ber",
    "ces",
    "o",
    "na",
    "a",
    "ra",
    "le",
    "san",
    "de",
    "co",
    "vi",
    "lo",
    "te",
    "mo",
    "ne",
    "ta",
    "",
]
ENDS = ["o", "a", "i", "e", "na", "no", "ra", "ri", "lla", "tti", "ni", "co", "la", "ro", "son", "ez", "ski"]
ROLES = [
    "info",
    "ordini",
    "vendite",
    "acquisti",
    "amministrazione",
    "segreteria",
    "ufficio",
    "tecnico",
    "support",
    "office",
]

NAMED: tuple[Weakness, ...] = (
    *("equals-username", "equals-alias", "username-variant", "alias-variant", "name-variant", "domain-variant"),
)
PLANTED: tuple[Weakness, ...] = ("blank", *NAMED, "common", "shared")


class Planted(NamedTuple):
    """One account and what was done to its password; None for a random one."""

    address: str
    username: str
    alias: str
    name: str
    password: str
    planted: Weakness | None

    @property
    def line(self) -> str:
        """Spell it as a table with a header has it."""
        cells = (self.address, self.username, self.alias, self.name, self.password)
        return ";".join('"' + cell.replace('"', '""') + '"' for cell in cells)


HEADER = "Indirizzo;Nome utente;Alias;Nome completo;Password"


def populate(seed: int, size: int, weak_share: float = 0.5) -> list[Planted]:
    """Make accounts; of the weak ones each class gets the same share."""
    dice = random.Random(seed)
    accounts = []
    secret = ""
    for number in range(size):
        planted = dice.choice(PLANTED) if dice.random() < weak_share else None
        person = _person(dice, number)
        if planted != "shared":
            accounts.append(person._replace(password=_password(dice, person, planted), planted=planted))
            continue
        secret = secret or random_password(dice)
        accounts.append(person._replace(password=secret, planted=planted))
        if dice.random() < 0.5 and sum(one.password == secret for one in accounts[-60:]) > 1:
            secret = ""
    owners = Counter(one.password for one in accounts)
    return [
        one._replace(planted=None) if one.planted == "shared" and owners[one.password] == 1 else one for one in accounts
    ]


def _word(dice: random.Random) -> str:
    return dice.choice(STARTS) + dice.choice(MIDDLES) + dice.choice(ENDS)


def _person(dice: random.Random, number: int) -> Planted:
    first, last = _word(dice), _word(dice)
    username = dice.choice(
        [f"{first}.{last}", f"{first[0]}{last}", f"{last}.{first[0]}", f"{first}{number % 100}", last]
    )
    domain = f"{_word(dice)}{dice.choice(['', '-', ''])}{_word(dice)}.{dice.choice(['it', 'com', 'example.net'])}"
    alias = dice.choice([dice.choice(ROLES), _word(dice), f"{_word(dice)}.{_word(dice)}"])
    # the number keeps addresses apart and belongs to the alias of nobody
    return Planted(f"{username}@{domain}", username, alias, f"{first.title()} {last.title()}", "", None)


def random_password(dice: random.Random) -> str:
    """Make a password that nobody should call weak."""
    signs = dice.choice([string.ascii_letters + string.digits, string.ascii_lowercase + string.digits])
    signs += dice.choice(["", "!$.%-_@"])
    return "".join(dice.choice(signs) for _ in range(dice.randint(8, 14)))


def _password(dice: random.Random, person: Planted, planted: Weakness | None) -> str:
    first, last = person.name.split()
    domain = person.address.partition("@")[2]
    match planted:
        case None:
            return random_password(dice)
        case "blank":
            return ""
        case "equals-username":
            return person.username
        case "equals-alias":
            return dice.choice([person.alias, person.address])
        case "common":
            return dice.choice(PASSWORDS)
    bases = {
        "username-variant": [person.username],
        "alias-variant": [person.alias],
        "name-variant": [first, last, first + last, person.name.lower()],
        "domain-variant": [domain.split(".")[0], domain],
    }[planted]
    return _variant(dice, dice.choice(bases), {person.username, person.alias, person.address})


def _variant(dice: random.Random, word: str, taken: set[str]) -> str:
    """Draw a variant by a rule of John's, such as a person could type: three letters and more."""
    while True:
        made = apply(dice.choice(single_rules()), word)
        if made and made not in taken and len(made) > 2:
            return made
