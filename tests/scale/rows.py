"""What a measurement is: a row of the table, the evidence it needs, our command and the peer's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scale.bench import Bench

Check = Callable[[bytes], str]
"""Reads what a command wrote to stdout; returns what is wrong with it, or nothing."""


class Act(NamedTuple):
    """One command to be timed, as a whole process."""

    command: tuple[str, ...]
    check: Check = lambda _written: ""
    before: Callable[[], object] = lambda: None
    """What has to be made ready for this run; not timed."""
    codes: frozenset[int] = frozenset({0})
    """The exit codes that mean that it worked."""
    folder: Path | None = None
    """Where it runs."""
    on_terminal: bool = False
    """Whether its stderr is a terminal."""


class Pair(NamedTuple):
    """Our command and the peer's for a given turn, counted from 0."""

    ours: Callable[[int], Act]
    peer: Callable[[int], Act]
    is_peer_first: bool = False
    """True when ours undoes what the peer did; else they take turns in beginning."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. A module of `tests.scale` adds lines by a tuple of them named `ROWS`."""

    name: str
    job: str
    against: str
    """The peer, in words."""
    most: float
    """The ratio of times that is allowed."""
    build: Callable[[Bench], Pair]
    """Makes the evidence. Raises CannotError where that cannot be done here."""
    needs: tuple[str, ...] = ()
    """Programs of the peer; a row whose peer is missing is said to be so."""
    turns: int = 0
    """Least number of turns, where it is more than the user's."""


class CannotError(Exception):
    """A row cannot be measured on this machine; its text says why."""


def always(act: Act) -> Callable[[int], Act]:
    """Run the same command in every turn."""
    return lambda _turn: act
