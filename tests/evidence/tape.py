"""Conversations as the simulated server hears them, before any file is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .clock import later

if TYPE_CHECKING:
    from datetime import datetime

    from .dice import Dice

HEARD = "<<< "
SAID = ">>> "
NOTE = ""


class Line(NamedTuple):
    ts: datetime
    mark: str
    text: str
    summary: bool = False


class Talk:
    """One conversation with one peer: lines with a clock that only goes forward."""

    def __init__(self, peer: str, start: datetime, dice: Dice, door: str = "smtp") -> None:
        self.peer = peer
        self.now = start
        self.door = door
        self.lines: list[Line] = []
        self._dice = dice

    def wait(self, low: float, high: float) -> None:
        self.now = later(self.now, round(low + (high - low) * self._dice.fraction(), 3))

    def hear(self, text: str) -> None:
        """Take what the peer sent, after a little network time."""
        self.wait(0.02, 0.4)
        self.lines.append(Line(self.now, HEARD, text))

    def say(self, text: str) -> None:
        self.wait(0.001, 0.05)
        self.lines.append(Line(self.now, SAID, text))

    def note(self, text: str) -> None:
        self.lines.append(Line(self.now, NOTE, text))

    def summarise(self, text: str) -> None:
        self.lines.append(Line(self.now, NOTE, f"*** {text}", summary=True))
