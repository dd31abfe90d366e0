"""Seeded chance that is the same on every Python.

Only `random.Random.random` is promised to repeat for ever; every other draw is made from it here.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Dice:
    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)
        self._seed = seed

    def branch(self, name: str) -> Dice:
        """Give an actor dice of its own, so that one actor's draws never move another's."""
        return Dice(f"{self._seed}/{name}")

    def fraction(self) -> float:
        return self._chance.random()

    def happens(self, share: float) -> bool:
        return self.fraction() < share

    def between(self, low: int, high: int) -> int:
        return low + int(self.fraction() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.fraction() * len(choices))]

    def shuffled(self, choices: Sequence[T]) -> list[T]:
        return sorted(choices, key=lambda _: self.fraction())

    def sample(self, choices: Sequence[T], count: int) -> list[T]:
        return self.shuffled(choices)[:count]

    def text(self, alphabet: str, length: int) -> str:
        return "".join(self.pick(alphabet) for _ in range(length))
