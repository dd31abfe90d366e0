"""What the maker of a mail server advises: rules for its settings, steps for a compromised account."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Bearing = Literal["sender", "foreign-sender", "guessing", "weak-password", "volume", "open-door"]
"""What of an incident a setting would have stopped."""

RuleKind = Literal["exactly", "at-least", "between", "filled", "unlike", "holds", "addresses", "preferred", "optional"]
"""`exactly`, `at-least` and `between` are numbers that pass or fail; `filled` fails when empty, `unlike` when it is one
of some words, `holds` when none of them stands in it; `addresses` fails on a range too wide and is else for a person to
review; `preferred` and `optional` are advice when they differ."""


VALUE = "VALUE"

_BETWEEN = re.compile(r"[;,|\s\"']+")


def entries_of(value: str) -> list[str]:
    """Split a list of addresses, as people and tools write it; a range with blanks in it is one entry."""
    entries: list[str] = []
    is_range = False
    for entry in _BETWEEN.split(value):
        if entries and (entry == "-" or is_range):
            entries[-1] += entry
        elif entry:
            entries.append(entry)
        is_range = entry == "-"
    return entries


class Console(NamedTuple):
    """Where a setting stands in the administrator's console, in English and in Italian."""

    path: str
    """`Mail > Security > Advanced`."""
    en: str
    path_it: str
    it: str | None
    """None where no document of the vendor in Italian names it."""


class SettingRule(NamedTuple):
    """What one setting should be, why, and the line that mends it."""

    name: str
    kind: RuleKind
    low: int
    high: int
    recommended: str
    """In words, for people."""
    why: str
    fix: str
    """The line that writes the recommended value; for a list, with `VALUE` in place of what was read."""
    bearing: Bearing | None = None
    unit: str = ""
    """`minutes`: a value with a unit is turned into minutes first."""
    spellings: tuple[str, ...] = ()
    """Other names under which versions of the server print it."""
    words: tuple[str, ...] = ()
    """Of `unlike` and `holds`; in lower case."""
    look: str = ""
    """The line that prints its present value."""
    console: Console | None = None
    """None where the server has no console, or where the setting stands there is not known."""


class Step(NamedTuple):
    """One step of containment, as text: nothing of it is ever run."""

    title: str
    what: str
    commands: tuple[str, ...]
    side_effect: str
    undo: str
    check: str
