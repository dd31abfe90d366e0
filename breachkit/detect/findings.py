"""What breachkit claims: a finding cannot be built without evidence, and says how grave and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.records import Locus

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
