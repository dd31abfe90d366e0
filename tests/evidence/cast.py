"""The small office in which most stories play."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import words
from .actors import Desk
from .knobs import Auth
from .letters import ALNUM
from .people import Account, Machine
from .world import World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .dice import Dice
    from .knobs import Knobs

OFFICE = "198.51.100.10"
MECHANISMS = (Auth.LOGIN, Auth.PLAIN, Auth.LOGIN_INITIAL, Auth.CRAM_MD5, Auth.PLAIN_TWO_STEP)


def person(dice: Dice, user: str, domain: str = "example.it", aliases: tuple[str, ...] = ()) -> Account:
    """Hire somebody with a decent secret that carries the canary."""
    secret = f"c4n4ry-{dice.text(ALNUM, 4)}-{dice.text(ALNUM, 5)}7"
    return Account(f"{user}@{domain}", secret, f"{user.title()} {dice.pick(words.LAST).title()}", aliases)


def home(number: int) -> Machine:
    """Give the machine somebody uses at home."""
    return Machine(f"198.51.100.{20 + number}", f"pc-{number}.lan")


def opened(dice: Dice, knobs: Knobs, now: datetime, users: Sequence[str]) -> World:
    """Open an office of people; the first secret of each is decent."""
    world = World(dice.branch("world"), knobs, now)
    world.hire(*(person(dice.branch(user), user) for user in users))
    return world


def desks(world: World, users: Sequence[str], mechanisms: Sequence[Auth] = MECHANISMS) -> list[Desk]:
    """Seat people at home, each with the form of login their mail program prefers."""
    return [
        Desk(world.accounts[f"{user}@{world.domain}"], home(number), mechanisms[number % len(mechanisms)])
        for number, user in enumerate(users)
    ]


def account(world: World, user: str) -> Account:
    return world.accounts[f"{user}@{world.domain}"]
