"""What people do to a name to make a password of it, undone.

A password is taken apart once into the few dozen words it may have been made of (case, leet, reversal,
doubling, what stands before or after), and these are looked up among the names of its account. To try
everything on every name instead costs a thousand times as much; `candidates` does that for hashes, where
nothing can be undone. The transformations are those of John the Ripper's `single` rules and the issue's own:
season, month and year around a name.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from breachkit.detect.passwords.vocabulary import PAIR_BITS, fold, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.detect.passwords.vocabulary import Vocabulary

SEASONS = words("estate inverno primavera autunno summer winter spring autumn fall")
MONTHS = words(
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre january "
    "february march april may june july august september october november december"
)
AROUND = (*SEASONS, *MONTHS, *words("the my mr dr amy il la sono ciao ti amo love pass password pwd pw psw mail pec"))
AFTER = (*AROUND, *words("s es d ed ing it com web admin casa ufficio lavoro"))
"""Words put before or after a name."""
_AFTER_BACK = tuple(word[::-1] for word in AFTER)

LONGEST_AFFIX = 8
"""Digits and signs before or after a name: a date of birth has eight."""

LEET = str.maketrans("4@310!|$57+8962l", "aaeioiissttbggzi")
"""Digits and signs that stand for letters; `1`, `!`, `l` and `i` all fall together, in names as in passwords."""

UNSHIFT = str.maketrans('~!@#$%^&*()_+|{}:"<>?', "`1234567890-=\\[];',./")
_KEYS = "`1234567890-=\\qwertyuiop[]asdfghjkl;'zxcvbnm,./"
RIGHT = str.maketrans(_KEYS, "1234567890-=\\\\wertyuiop[]]sdfghjkl;''xcvbnm,./\\")
LEFT = str.maketrans(_KEYS, "``1234567890-=qqwertyuiop[aasdfghjkl;zzxcvbnm,.")
"""A hand that sits one key too far to the right or left; the last key of a row stays where it is."""

_SHIFTED = dict(zip("`1234567890-=\\[];',./", '~!@#$%^&*()_+|{}:"<>?', strict=True))


def _sources(*tables: dict[int, int]) -> dict[str, str]:
    """List for each key which keys end up there when shifted, with and without the capital key."""
    sources: dict[str, str] = {}
    for key in _KEYS:
        typed = key
        for table in tables:
            typed = typed.translate(table)
        sources[typed] = sources.get(typed, "") + key + _SHIFTED.get(key, "")
    return sources


def _twice(table: dict[int, int]) -> dict[int, int]:
    return {key: ord(chr(typed).translate(table)) for key, typed in table.items()}


SHIFTS = (RIGHT, _twice(RIGHT), LEFT, _twice(LEFT))
_SHIFTS = tuple((table, _sources(table)) for table in SHIFTS)
_ENDINGS = ("s", "d", "ing", "ie", "y")
NO_LETTERS = "0123456789 !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_ENDS = 3
_TOO_SHORT = 2
_WORDED = re.compile("|".join(word for word in AFTER if len(word) > _ENDS))
_DIGITS_AND_SIGNS = "0123456789!.?#@$*-_+"
VOWELS = str.maketrans("", "", "aeiou")
_SIGNS = str.maketrans("", "", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

_LONGEST = 64
"""Letters of a password that are looked at: a longer one is no name with something added."""


def sources_of(secret: str, vocabulary: Vocabulary) -> int:
    """Tell from whose names a password was made, as a mask like `Vocabulary.singles`; 0 for nobody's."""
    low = fold(secret)
    if len(low) > _LONGEST or not low:
        return 0
    found = 0
    hits = cores(low).intersection(vocabulary.text.translate(LEET).split("\n"))
    if hits:
        found |= vocabulary.owners(lambda word: word.translate(LEET) in hits)
    found |= _parts_of_words(low, vocabulary) | _shifted(low, vocabulary) | _turned_pairs(low, vocabulary)
    singles = found & ((1 << PAIR_BITS) - 1)
    return singles or found >> PAIR_BITS  # a pair explains only what no single word does


def is_conceivable(secret: str, names: str) -> bool:
    """Tell whether a password may be made of these names at all; false for most random ones, at a tenth the cost.

    All but three letters at each end must be letters of the names, or of them shifted, unless a word such as a
    season stands beside them.
    """
    low = fold(secret)
    known, shifted = _letters_of(names)
    rest = low.strip(NO_LETTERS)[_ENDS:-_ENDS].strip(known)  # what stands between letters of the names
    if all(sign in known for sign in rest if sign.isalpha()) or _WORDED.search(low):
        return True
    typed = low.translate(UNSHIFT).rstrip(_DIGITS_AND_SIGNS)
    return any(not typed.strip(letters) for letters in shifted)


@lru_cache(maxsize=1 << 14)
def _letters_of(names: str) -> tuple[str, list[str]]:
    """Return the letters of names, and those of each shifted hand: who guesses tries few names again and again."""
    known = fold(names)
    keys = "".join(set(known.translate(UNSHIFT)))
    return known + NO_LETTERS, [keys.translate(table) for table, _ in _SHIFTS]


def cores(low: str) -> set[str]:
    """List what a password may have been made of, leet undone; both ways round where it may be reversed."""
    leet = low.translate(LEET)
    is_plain = low.isalnum()
    found: set[str] = set()
    for begin, end in spans(low):
        _unfold(leet[begin:end], found)
        if not is_plain and not low[begin:end].isalnum():
            _unfold(low[begin:end].translate(_SIGNS).translate(LEET), found)
    for turn in (1, 2):
        found.add(leet[turn:] + leet[:turn])
        found.add(leet[-turn:] + leet[:-turn])
    if low.endswith(_ENDINGS):
        found.update(stem.translate(LEET) for text in (low, low[1:]) for stem in _stems(text))
    if not is_plain:  # `cRACK(^` for `Crack96`
        found.add(low.translate(UNSHIFT).translate(LEET))
    return found


def _unfold(core: str, found: set[str]) -> None:
    """Add a word as it is, its reversal, and what was doubled or reflected to make it."""
    found.add(core)
    found.add(core[::-1])
    half, odd = divmod(len(core), 2)
    if half > 1 and not odd and core[:half] in {core[half:], core[half:][::-1]}:
        found.add(core[:half])
        found.add(core[:half][::-1])


def spans(low: str) -> list[tuple[int, int]]:
    """List where a name may begin and end: without what people put before and after one."""
    size = len(low)
    starts, worded_starts = _begins(low, AROUND)
    behind, worded_behind = _begins(low[::-1], _AFTER_BACK)
    ends, worded_ends = [size - at for at in behind], [size - at for at in worded_behind]
    found = [(begin, end) for begin in starts for end in (*ends, *worded_ends) if end - begin > 1]
    found += [(begin, end) for begin in worded_starts for end in ends if end - begin > 1]
    if size > _TOO_SHORT:  # one letter on one side, nothing on the other: John's `$[a-z]` and `^[a-z]`
        found += [(1, size), (0, size - 1)]
    return found


def _begins(low: str, words: tuple[str, ...]) -> tuple[range, list[int]]:
    """List where a name may begin behind digits and signs, and where behind a word and further signs."""
    signs = _run(low)
    worded: list[int] = []
    for word in words if low.startswith(words, signs) else ():
        if low.startswith(word, signs):
            after = signs + len(word)
            worded.extend(range(after, after + _run(low[after:]) + 1))
    return range(signs + 1), worded


def _run(low: str) -> int:
    """Count the digits and signs at the beginning."""
    return next((at for at, sign in enumerate(low[:LONGEST_AFFIX]) if sign.isalpha()), len(low[:LONGEST_AFFIX]))


def _stems(low: str) -> Iterator[str]:
    """Undo `-s`, `-ed`, `-ing` and `mary` for `marie`."""
    if low.endswith(("ies", "ied")):
        yield low[:-3] + "y"
    if low.endswith("ves"):
        yield low[:-3] + "f"
        yield low[:-3] + "fe"
    for ending in ("s", "es", "d", "ed", "ing"):
        if low.endswith(ending):
            stem = low[: -len(ending)]
            yield stem
            yield from (stem + vowel for vowel in "aeio")
            if len(stem) > _TOO_SHORT and stem[-1] == stem[-2]:
                yield stem[:-1]
    if low.endswith("ie"):
        yield low[:-2] + "y"
    elif low.endswith("y"):
        yield low[:-1] + "ie"


def _parts_of_words(low: str, vocabulary: Vocabulary) -> int:
    """Look for a word cut short, one with a letter left out, one without its vowels."""
    found = 0
    text = vocabulary.text
    if len(low) > 1 and low in text and "\n" not in low:
        found |= vocabulary.owners(lambda word: low in word)
    half = len(low) // 2
    if f"\n{low[:half]}" in text or f"{low[half:]}\n" in text:  # one of its halves is whole, whatever is missing
        size = len(low) + 1
        found |= vocabulary.owners(lambda word: len(word) == size and _lacks_one(word, low))
    if not any(vowel in low for vowel in "aeiou"):
        wanted = {low, low[:half]} if low[:half] * 2 == low else {low}
        if not wanted.isdisjoint(text.translate(VOWELS).split("\n")):
            found |= vocabulary.owners(lambda word: word.translate(VOWELS) in wanted)
    return found


def _lacks_one(word: str, low: str) -> bool:
    place = next((at for at, sign in enumerate(low) if word[at] != sign), len(low))
    return word[place + 1 :] == low[place:]


def _shifted(low: str, vocabulary: Vocabulary) -> int:
    """Look for a word typed one or two keys too far to the right or left, perhaps with digits or signs after it."""
    wanted = {low.translate(UNSHIFT), low.rstrip(_DIGITS_AND_SIGNS), low.rstrip("!.?").translate(UNSHIFT)}
    found = 0
    for table, sources in _SHIFTS:
        for core in wanted:
            if len(core) > _TOO_SHORT and _may_begin(core, sources, vocabulary.text):
                found |= vocabulary.owners(partial(_is_typed_as, table, core))
    return found


def _is_typed_as(table: dict[int, int], core: str, word: str) -> bool:
    return word.translate(UNSHIFT).translate(table) == core


def _may_begin(core: str, sources: dict[str, str], text: str) -> bool:
    """Tell whether some word begins as this one did before it was shifted: sorts out nearly all without work."""
    firsts, seconds = sources.get(core[0], ""), sources.get(core[1], "")
    thirds = sources.get(core[2], "")
    return any(f"\n{a}{b}{c}" in text for a in firsts for b in seconds for c in thirds)


def _turned_pairs(low: str, vocabulary: Vocabulary) -> int:
    """Look for two words, one of them reversed."""
    found = 0
    for piece in vocabulary.pieces:
        for rest in (
            low[len(piece) :] if low.startswith(piece) else "",
            low[: -len(piece)] if low.endswith(piece) else "",
        ):
            turned = rest[::-1]
            if turned and (turned in vocabulary.pieces or (len(rest) > 1 and turned in vocabulary.singles)):
                found |= vocabulary.singles[piece]
    return (found & -found) << PAIR_BITS
