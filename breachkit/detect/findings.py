"""What breachkit claims: a finding cannot be built without evidence, and says how grave and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.records import Locus

_Z = 1.96
KEPT_EVIDENCE = 5
"""Loci that a finding carries: enough to look it up, and the same number whatever the size of the evidence."""


class Severity(StrEnum):
    """How grave it would be if true."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Confidence(StrEnum):
    """How sure the evidence makes us."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Family(StrEnum):
    """What kind of fact a signal rests on; a verdict wants more than one kind."""

    QUEUE = "queue"
    SENDER = "sender"
    DESTINATION = "destination"
    PLACE = "place"
    ENTRY = "entry"


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim, with the places that bear it out."""

    name: str
    detail: str
    evidence: tuple[Locus, ...]
    severity: Severity = Severity.MEDIUM

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"a finding without evidence: {self.name}")


@dataclass(frozen=True, slots=True)
class Signal(Finding):
    """A finding about one account, of one family."""

    family: Family = Family.QUEUE


def first(evidence: Iterable[Locus]) -> tuple[Locus, ...]:
    """Keep the first places in order of path and offset, each once."""
    return tuple(sorted(set(evidence))[:KEPT_EVIDENCE])


def lower_bound(hits: int, tried: int) -> float:
    """Return the lower end of the 95 % interval of a share (E. B. Wilson, JASA 22, 1927, 209-212); 0 of nothing.

    A share of few is no share: six of six say less than sixty of a hundred.
    """
    if tried <= 0 or hits <= 0:
        return 0.0
    share, spread = min(hits / tried, 1.0), _Z * _Z / tried
    middle = share + spread / 2
    return (middle - _Z * sqrt(share * (1 - share) / tried + spread / (4 * tried))) / (1 + spread)
