"""Is a password one that everybody uses? Told by the list that zxcvbn ships: 30,000 of leaks, commonest first."""

from __future__ import annotations

import re
from functools import cache

from breachkit.detect.passwords.undoing import LEET, MONTHS, SEASONS
from breachkit.detect.passwords.vocabulary import fold

COMMONEST = 2000
"""Passwords of the list that are found with something added, too."""

_SHORTEST = 4
_ADDED = re.compile(r"[\W\d_]{0,5}([^\W\d_].{2,}?)[\W\d_]{0,6}")
_DATED = re.compile(rf"[\W_]?(?:{'|'.join(SEASONS + MONTHS)})[\W_]?(?:\d{{2}}|(?:19|20)\d{{2}})?[\W_]{{0,2}}")
"""`Estate2024!`: the season in which the policy last asked for a new one."""


@cache
def passwords() -> tuple[str, ...]:
    """Load the list, commonest first."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # 60 ms and 10 MB, for one command

    return tuple(FREQUENCY_LISTS["passwords"])


@cache
def _listed() -> tuple[frozenset[str], frozenset[str]]:
    everything = passwords()
    stems = (word for word in everything[:COMMONEST] if len(word) >= _SHORTEST and not word.isdigit())
    return frozenset(everything), frozenset(word.translate(LEET) for word in stems)


def is_popular(secret: str) -> bool:
    """Tell a password of the list in any case, or one of its commonest with leet, digits, years or signs added."""
    low = fold(secret)
    everything, commonest = _listed()
    if low in everything or _DATED.fullmatch(low):
        return True
    if len(low) > 24:  # noqa: PLR2004  no word of the list is that long
        return False
    added = _ADDED.fullmatch(low)
    return low.translate(LEET) in commonest or bool(added and added[1].translate(LEET) in commonest)
