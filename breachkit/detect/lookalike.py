"""Is a local part a name somebody chose, or letters thrown by a machine?"""

from __future__ import annotations

import re

SHORTEST = 6
"""Letters and digits from which on anything can be told."""

_NEITHER = re.compile(r"[^a-z0-9]")
_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_TURN = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_HARD = re.compile(r"(?=([bcdfghjkmpqtvwxz][bcdfgjkmpqvwxz]))")
"""Pairs of consonants that hardly stand side by side in names of European languages (th, ch, st … left out)."""

_SOFT = frozenset(re.findall("..", "bbccddffggkkmmppttzzckmpmbdgdvkwpftzczdzgdpktkkmtmbptdmcmkkvmf"))
"""Pairs that names do have: doubled letters, Mc-, -mp-, -ck-, -cz- …"""


def is_random_looking(local: str) -> bool:
    """Tell made-up letters from a name; a wrong answer for one name is expected, so count many.

    Signs: letters and digits in turn, five consonants in a row, hardly a vowel, pairs of consonants that
    names do not have.
    """
    lower = local.lower()
    plain = lower if lower.isascii() and lower.isalnum() else _NEITHER.sub("", lower)
    letters = plain if plain.isalpha() else _DIGIT.sub("", plain)
    if len(plain) < SHORTEST:
        return False
    if len(_TURN.findall(plain)) >= 3:  # noqa: PLR2004  a year at the end is one turn, a date in the middle two
        return True
    if len(letters) < SHORTEST - 1:
        return False
    vowels = sum(map(letters.count, "aeiouy"))
    hard = sum(pair not in _SOFT for pair in _HARD.findall(letters))
    return bool(_RUN.search(letters)) or vowels * 5 < len(letters) or hard * 4 >= len(letters)
