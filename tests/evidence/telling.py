"""From a story to its folder: evidence, truth, and the page that tells it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from .dice import Dice
from .logfiles import write_logs
from .queuefiles import Waiting, write_queue
from .truth import Judgement, Truth, truth_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .ledger import Queued
    from .world import World


class Told(NamedTuple):
    """A story that has happened: its world and what it knows of its accounts."""

    world: World
    judgement: Judgement
    page: Callable[[Truth], str] | None = None
    """The README of a shipped story."""
    no_queue: bool = False


def tell(name: str, story: Callable[[Dice], Told], target: Path, seed: int) -> Truth:
    """Let a story happen and write everything it leaves behind into an empty `target`."""
    told = story(Dice(f"{name}/{seed}"))
    target.mkdir(parents=True, exist_ok=True)
    for old in ("mail", "logs"):
        shutil.rmtree(target / old, ignore_errors=True)
    _write_evidence(told, target)
    truth = truth_of(name, seed, told.world, told.judgement)
    (target / "expected.json").write_bytes(truth.rendered().encode())
    if told.page:
        (target / "README.md").write_bytes(told.page(truth).encode())
    return truth


def _write_evidence(told: Told, target: Path) -> None:
    world = told.world
    dice = world.dice.branch("files")
    if not told.no_queue:
        waiting = [_placed(world, dice, one) for one in world.ledger.queued]
        write_queue(target, waiting, world.knobs, world.host)
    write_logs(target, world.talks, world.knobs, dice.branch("logs"))
    if world.knobs.accounts_file:
        (target / "users.csv").write_bytes(_accounts_file(world).encode())


def _placed(world: World, dice: Dice, one: Queued) -> Waiting:
    """Choose the folder: the queue itself for the untried, retry (or the lowest priority) for the rest."""
    if not world.knobs.priorities:
        folder = "retry" if one.tried else ""
    elif one.tried:
        folder = dice.pick(("priority_4", "priority_4", "retry"))
    else:
        folder = dice.pick(("", "priority_0", "priority_1", "priority_2", "priority_3"))
    return Waiting(one.accepted, one.rcpts, folder, dice.happens(world.knobs.lost_ids))


def _accounts_file(world: World) -> str:
    """Print what `tool export account "*@*" u_type u_accountdisabled u_mailbox u_alias u_password` prints."""
    rows = [
        f"{one.address},{one.kind},0,{one.user},{';'.join((one.user, *one.aliases))},{one.secret},"
        for one in world.accounts.values()
    ]
    return "".join(f"{row}\r\n" for row in rows)
