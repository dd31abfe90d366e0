"""What every story is told with: a town, dice of its own, and the ways to send much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import text
from .base import MINUTE, SECOND, Relay, Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .base import Account, Letter, Spot
    from .town import Town

CLEAR = ("clear",)
UNSURE = ("clear", "suspect")
GUILTY = ("compromised",)
STORIES: dict[str, Callable[[Stage], None]] = {}


def story(kind: str) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Enter a story under the name of its kind."""

    def enter(tell: Callable[[Stage], None]) -> Callable[[Stage], None]:
        STORIES[kind] = tell
        return tell

    return enter


class Stage:
    def __init__(self, town: Town, kind: str, number: int) -> None:
        self.town = town
        self.kind = kind
        self.dice = town.dice.branch(f"{kind} {number}")
        self.knobs = town.knobs

    # truth -----------------------------------------------------------------------------------------------------

    def innocent(self, one: Account, how: str, expected: tuple[str, ...] = CLEAR) -> None:
        self._tell(one, expected, how, ())

    def guilty(
        self, one: Account, how: str, entries: tuple[str, ...] = ("first-try",), expected: tuple[str, ...] = GUILTY
    ) -> None:
        self._tell(one, expected, how, entries)

    def _tell(self, one: Account, expected: tuple[str, ...], how: str, entries: tuple[str, ...]) -> None:
        one.special = self.kind
        names = (one.address, one.user, one.typed, *one.aliases, *(f"{alias}@{one.domain}" for alias in one.aliases))
        told = tuple(dict.fromkeys(name.lower() for name in names))
        self.town.truths.append(Truth(one.address, told, self.kind, expected, how, entries))

    def relay(self, ips: Sequence[str], how: str, expected: tuple[str, ...] = ("compromised", "suspect")) -> None:
        self.town.relays.append(Relay(tuple(ips), self.kind, expected, how))

    # people ----------------------------------------------------------------------------------------------------

    def worker(self, letters: tuple[int, int] = (1, 4), spots: Sequence[Spot] = ()) -> Account:
        """Hire a person who works as people do."""
        one = self.town.person()
        self.town.live(one, spots, letters)
        return one

    # sending ---------------------------------------------------------------------------------------------------

    def bulk(
        self,
        one: Account,
        spot: Spot,
        start: int,
        letters: Sequence[Letter],
        *,
        handful: int = 20,
        gap: tuple[int, int] = (1, 30),
        lag: tuple[int, int] = (1, 120),
    ) -> int:
        """Let a programme hand over letters, so many in a session, one session after the other."""
        at = start
        for first in range(0, len(letters), handful):
            if at >= self.knobs.now:
                break
            login = [self.town.login(one)]
            at = self.town.server.submit(at, spot, login, letters[first : first + handful], lag)
            at += self.dice.between(gap[0] * SECOND, gap[1] * SECOND)
        return at

    def spread(self, one: Account, spot: Spot, letters: Sequence[Letter], start: int, end: int) -> None:
        """Let a programme send letters one by one, whenever there is one."""
        for letter in letters:
            self.town.send(start + int(self.dice.fraction() * (end - start)), spot, one, [letter])

    def plan(self) -> Plan:
        """Draw how a thief works."""
        dice = self.dice
        return Plan(
            pitch=text.Pitch(dice),
            dead=dice.between(8, 60) / 100,
            later=dice.between(5, 45) / 100,
            lag=(1, dice.pick((60, 600, 7200, 40_000))),
            rcpts=dice.pick((1, 1, 1, 3, 8)),
            handful=dice.pick((1, 1, 3, 6)),
        )

    def run(
        self,
        one: Account,
        spots: Sequence[Spot],
        plan: Plan,
        count: int,
        *,
        span: tuple[int, int],
        senders: Sequence[str],
    ) -> None:
        """Let a thief send so many messages through a stretch of time, from each of the places in turn."""
        dice, town = self.dice, self.town
        start, end = span
        done = 0
        turn = 0
        while done < count:
            number = min(dice.between(1, plan.handful), count - done)
            at = start + (end - start) * done // count + dice.between(0, 20 * SECOND)
            letters = []
            for _ in range(number):
                rcpts = [town.victim(dice, plan.dead, plan.later) for _ in range(dice.between(1, plan.rcpts))]
                letters.append(town.spam(dice, plan.pitch, dice.pick(senders), rcpts))
            spot = spots[turn] if turn < len(spots) else dice.pick(spots)
            town.server.submit(at, spot, [town.steal(one, plan.typed)], letters, plan.lag)
            done += number
            turn += 1

    def forged(self, count: int) -> list[str]:
        """Make up senders of domains that have nothing to do with the house."""
        return [f"{text.stranger(self.dice)}@{text.token(self.dice, 8)}.example" for _ in range(count)]

    def abroad(self, least: int, most: int) -> list[Spot]:
        return [self.town.abroad() for _ in range(self.dice.between(least, most))]

    def tonight(self, least: int = 1, most: int = 8) -> tuple[int, int]:
        return self.town.span(self.dice, least, most)

    def mornings(self) -> list[int]:
        return self.town.workdays

    def around(self, at: int, minutes: int) -> int:
        return max(0, at + self.dice.between(-minutes * MINUTE, minutes * MINUTE))


class Plan:
    """How one thief works."""

    def __init__(
        self, *, pitch: text.Pitch, dead: float, later: float, lag: tuple[int, int], rcpts: int, handful: int
    ) -> None:
        self.pitch = pitch
        self.dead = dead
        self.later = later
        self.lag = lag
        self.rcpts = rcpts
        self.handful = handful
        self.typed = ""
