"""Is a local part a name somebody chose, or letters thrown by a machine?"""

from __future__ import annotations

import re

SHORTEST = 6
"""Letters and digits from which on anything can be told."""

_NEITHER = re.compile(r"[^a-z0-9]")
_PIECE = re.compile(r"[a-z]+|[0-9]+")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{2,}")
_RUN = 5
_SIGNS = str.maketrans("", "", "".join(chr(sign) for sign in range(128) if not chr(sign).isalnum()))
_DIGITS = str.maketrans("", "", "0123456789")
_VOWELS = str.maketrans("", "", "aeiouy")
"""What `translate` takes out of a text: three times as fast as a pattern."""
_FIRST_OF_HARD = "bcdfghjkmpqtvwxz"
_SECOND_OF_HARD = "bcdfgjkmpqvwxz"
"""Pairs of consonants that hardly stand side by side in names of European languages (th, ch, st … left out)."""

_SOFT = frozenset(re.findall("..", "bbccddffggkkmmppttzzckmpmbdgdvkwpftzczdzgdpktkkmtmbptdmcmkkvmf"))
"""Pairs that names do have: doubled letters, Mc-, -mp-, -ck-, -cz- …"""

_HARD = frozenset(one + other for one in _FIRST_OF_HARD for other in _SECOND_OF_HARD) - _SOFT


def is_random_looking(local: str) -> bool:
    """Tell made-up letters from a name; a wrong answer for one name is expected, so count many.

    Signs: letters and digits in turn, five consonants in a row, hardly a vowel, pairs of consonants that
    names do not have.
    """
    lower = local.lower()
    plain = lower.translate(_SIGNS) if lower.isascii() else _NEITHER.sub("", lower)
    if len(plain) < SHORTEST:
        return False
    if plain.isalpha():
        letters = plain
    elif len(_PIECE.findall(plain)) > 3:  # a year at the end is one turn, a date in the middle two
        return True
    else:
        letters = plain.translate(_DIGITS)
    if len(letters) < SHORTEST - 1:
        return False
    if (len(letters) - len(letters.translate(_VOWELS))) * 5 < len(letters):
        return True
    runs = _CONSONANTS.findall(letters)
    hard = sum([run[at : at + 2] in _HARD for run in runs for at in range(len(run) - 1)])
    return hard * 4 >= len(letters) or (len(runs) > 0 and max(map(len, runs)) >= _RUN)
