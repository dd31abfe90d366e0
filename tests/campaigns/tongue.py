"""Invented words and sentences: a language for each seed, with frequent words and rare ones, as languages have."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

ONSETS = [*"bcdfglmnprstvz", "br", "cl", "dr", "fr", "gr", "pr", "st", "tr"]
NUCLEI = [*"aeiou", "ai", "ea", "io", "ue"]
ACCENTS = "àèéìòùüçñöß"


class Tongue:
    """Words by frequency, sentences of them, and set phrases that everybody uses."""

    def __init__(self, rng: random.Random, size: int = 4000) -> None:
        words: dict[str, None] = {}
        while len(words) < size:
            words["".join(rng.choice(ONSETS) + rng.choice(NUCLEI) for _ in range(rng.choice((1, 2, 2, 3, 3, 4))))] = (
                None
            )
        self.words = list(words)
        self._weights = [1 / (rank + 6) for rank in range(size)]
        self.phrases = [self.sentence(rng, 5, 11) for _ in range(70)]
        self.greetings = [self.sentence(rng, 1, 2) for _ in range(8)]
        self.closings = [self.sentence(rng, 2, 3) for _ in range(6)]

    def some(self, rng: random.Random, count: int) -> list[str]:
        return rng.choices(self.words, self._weights, k=count)

    def sentence(self, rng: random.Random, least: int = 6, most: int = 14) -> str:
        chosen = self.some(rng, rng.randint(least, most))
        if rng.random() < 0.2:
            chosen[0] += rng.choice(ACCENTS)
        return " ".join(chosen).capitalize()

    def paragraph(self, rng: random.Random, size: int, phrase_share: float = 0.15) -> str:
        """Write lines until `size` characters are full; some are set phrases."""
        lines: list[str] = []
        while sum(map(len, lines)) < size:
            own = rng.random() >= phrase_share
            lines.append((self.sentence(rng) if own else rng.choice(self.phrases)) + rng.choice(".....?!"))
        return wrapped(" ".join(lines), rng.choice((72, 76, 998)))

    def name(self, rng: random.Random) -> str:
        return f"{rng.choice(self.words).capitalize()} {rng.choice(self.words).capitalize()}"


def wrapped(text: str, width: int) -> str:
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line])


def token(rng: random.Random, least: int = 5, most: int = 12) -> str:
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(least, most)))


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices("0123456789", k=count))
