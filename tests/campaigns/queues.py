"""A queue on disk, and the truth about it."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.files import read_whole

from .letter import STAMP, Letter, written
from .office import Office
from .spammers import KINDS, copy_of, disguised, plan_run
from .tongue import Tongue, token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from breachkit.records import Message

SHARES = (
    (0.40, 0.08, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002),
    (0.2, 0.15, 0.1, 0.08, 0.04, 0.02, 0.006, 0.002, 0.002),
)
"""Shares of the queue that runs have; 60 % in all."""


class Truth(NamedTuple):
    """Which file belongs to which run (None: innocent), and what kind each run is of."""

    run_of: dict[str, str | None]
    kind_of: dict[str, str]
    about: dict[str, str]


class Reading:
    """Reads messages again, one after the other."""

    def __call__(self, message: Message) -> bytes:
        return read_whole(message.files[0])

    def each(
        self, messages: Sequence[Message], look: Callable[[bytes], Any], _progress: Callable[[int], object]
    ) -> Iterator[Any]:
        return (look(self(message)) for message in messages)


def build_queue(
    folder: Path, messages: int, seed: int, innocent: list[Letter] | None = None, *, is_disguised: bool = False
) -> Truth:
    """Write a queue of `messages` files, 60 % spam, below `folder`.

    Args:
        folder: where to.
        messages: how many; with `innocent` as many as make its mail 40 %.
        seed: the same gives the same queue.
        innocent: replaces the office's mail.
        is_disguised: give every run that changes its words the disguise that shows least.
    """
    rng = random.Random(f"campaigns {seed}")
    tongue = Tongue(rng)
    office = Office(rng, tongue)
    victims = [one.address for one in rng.sample(office.colleagues, 12)]
    shares = SHARES[seed % len(SHARES)]
    runs = [plan_run(rng, tongue, f"run{at}", KINDS[(at + seed) % 4], victims) for at in range(len(shares))]
    if is_disguised:
        runs = [disguised(run) for run in runs]
    letters: list[Letter] = []
    total = messages if innocent is None else int(len(innocent) / 0.4)
    for run, share in zip(runs, shares, strict=True):
        letters += [copy_of(run, rng, tongue, _rcpt(rng, office)) for _ in range(round(total * share))]
    letters += office.letters(total - len(letters)) if innocent is None else innocent
    rng.shuffle(letters)
    run_of = {}
    for at, letter in enumerate(letters):
        name = write_letter(folder, letter, rng, at)
        run_of[name] = letter.campaign
    about = {
        run.name: f"{run.kind} {run.identity} {run.where} {run.filler} {len(run.accounts)} {run.lure.place}"
        for run in runs
    }
    return Truth(run_of, {run.name: run.kind for run in runs}, about)


def _rcpt(rng: random.Random, office: Office) -> str:
    return f"{token(rng)}@{token(rng)}.example" if rng.random() < 0.6 else office.stranger()


def write_letter(folder: Path, letter: Letter, rng: random.Random, number: int) -> str:
    """Write one file and return its path relative to the folder."""
    below = "retry/" if rng.random() < 0.25 else ""
    name = f"{below}{token(rng, 8, 8)}{number:06d}.dat"
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    envelope = letter.raw is not None or letter.mail_from != letter.header_from or number % 3 > 0
    path.write_bytes(written(letter, rng, envelope=envelope, eol="\r\n" if number % 2 else "\n"))
    stamp = STAMP.timestamp() + letter.second
    os.utime(path, (stamp, stamp))
    return name
