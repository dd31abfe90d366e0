"""What people do to a name to make a password of it, undone.

A password is taken apart once into the few dozen words it may have been made of (case, leet, reversal,
doubling, what stands before or after), and these are looked up among the names of its account. To try
everything on every name instead costs a thousand times as much; `candidates` does that for hashes, where
nothing can be undone. The transformations are those of John the Ripper's `single` rules and the issue's own:
season, month and year around a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.detect.vocabulary import fold

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from breachkit.detect.vocabulary import Vocabulary

SEASONS = ("estate", "inverno", "primavera", "autunno", "summer", "winter", "spring", "autumn", "fall")
MONTHS = (
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
AROUND = (
    *SEASONS,
    *MONTHS,
    *[
        "the",
        "my",
        "mr",
        "dr",
        "amy",
        "il",
        "la",
        "sono",
        "ciao",
        "ti",
        "amo",
        "love",
        "pass",
        "password",
        "pwd",
        "pw",
        "psw",
        "mail",
        "pec",
    ],
)
AFTER = (*AROUND, *["s", "es", "d", "ed", "ing", "it", "com", "web", "admin", "casa", "ufficio", "lavoro"])
"""Words put before or after a name."""

LONGEST_AFFIX = 8
"""Digits and signs before or after a name: a date of birth has eight."""

LEET = str.maketrans("4@310!|$57+8962l", "aaeioiissttbggzi")
"""Digits and signs that stand for letters; `1`, `!`, `l` and `i` all fall together, in names as in passwords."""

UNSHIFT = str.maketrans('~!@#$%^&*()_+|{}:"<>?', "`1234567890-=\\[];',./")
_KEYS = "`1234567890-=\\qwertyuiop[]asdfghjkl;'zxcvbnm,./"
RIGHT = str.maketrans(_KEYS, "1234567890-=\\\\wertyuiop[]]sdfghjkl;''xcvbnm,./\\")
LEFT = str.maketrans(_KEYS, "``1234567890-=qqwertyuiop[aasdfghjkl;zzxcvbnm,.")
"""A hand that sits one key too far to the right or left; the last key of a row stays where it is."""

VOWELS = str.maketrans("", "", "aeiou")
_SIGNS = str.maketrans("", "", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")

_LONGEST = 64
"""Letters of a password that are looked at: a longer one is no name with something added."""


def sources_of(secret: str, vocabulary: Vocabulary) -> int:
    """Tell from whose names a password was made, as a mask like `Vocabulary.words`; 0 for nobody's."""
    low = fold(secret)
    if len(low) > _LONGEST or not low:
        return 0
    found = 0
    hits = set(cores(secret)).intersection(vocabulary.text.translate(LEET).split("\n"))
    if hits:
        found |= _owners(vocabulary, lambda word: word.translate(LEET) in hits)
    return found | _parts_of_words(low, vocabulary) | _shifted(low, vocabulary) | _turned_pairs(low, vocabulary)


def cores(secret: str) -> Iterator[str]:
    """Yield what a password may have been made of, leet undone; both ways round where it is reversed."""
    low = fold(secret)
    leet = low.translate(LEET)
    for begin, end in spans(low):
        yield from _unfolded(leet[begin:end])
        raw = low[begin:end]
        if not raw.isalnum():
            yield from _unfolded(raw.translate(_SIGNS).translate(LEET))
    for turn in (1, 2):
        yield leet[turn:] + leet[:turn]
        yield leet[-turn:] + leet[:-turn]
    for text in (low, low[1:]):
        for stem in _stems(text):
            yield stem.translate(LEET)
    unshifted = low.translate(UNSHIFT)
    if unshifted != low:  # `cRACK(^` for `Crack96`
        yield unshifted.translate(LEET)


def _unfolded(core: str) -> Iterator[str]:
    """Undo reversal, doubling and reflection."""
    yield core
    yield core[::-1]
    half, odd = divmod(len(core), 2)
    if half > 1 and not odd and core[:half] in {core[half:], core[half:][::-1]}:
        yield core[:half]
        yield core[:half][::-1]


def spans(low: str) -> Iterator[tuple[int, int]]:
    """Yield where a name may begin and end: without what people put before and after one."""
    size = len(low)
    starts, worded_starts = _starts(low)
    ends, worded_ends = _ends(low)
    for begin in starts:
        for end in (*ends, *worded_ends):
            if end - begin > 1:
                yield begin, end
    for begin in worded_starts:
        for end in ends:
            if end - begin > 1:
                yield begin, end
    if size > 2:  # noqa: PLR2004  one letter on one side, nothing on the other: John's `$[a-z]` and `^[a-z]`
        yield 1, size
        yield 0, size - 1


def _starts(low: str) -> tuple[range, list[int]]:
    signs = _run(low)
    worded: list[int] = []
    if low.startswith(AROUND, signs):
        for word in AROUND:
            if low.startswith(word, signs):
                after = signs + len(word)
                worded.extend(range(after, after + _run(low[after:]) + 1))
    return range(signs + 1), worded


def _run(low: str) -> int:
    """Count the digits and signs at the beginning."""
    size = 0
    for sign in low[:LONGEST_AFFIX]:
        if sign.isalpha():
            break
        size += 1
    return size


def _ends(low: str) -> tuple[range, list[int]]:
    size = len(low)
    signs = size - _run(low[::-1])
    worded: list[int] = []
    if low.endswith(AFTER, 0, signs):
        for word in AFTER:
            if low.endswith(word, 0, signs):
                before = signs - len(word)
                worded.extend(range(before - _run(low[:before][::-1]), before + 1))
    return range(signs, size + 1), worded


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
            if len(stem) > 2 and stem[-1] == stem[-2]:  # noqa: PLR2004
                yield stem[:-1]
    if low.endswith("ie"):
        yield low[:-2] + "y"
    elif low.endswith("y"):
        yield low[:-1] + "ie"


def _parts_of_words(low: str, vocabulary: Vocabulary) -> int:
    """Look for a word cut short, one with a letter left out, one without its vowels."""
    found = 0
    if len(low) > 1 and low in vocabulary.text and "\n" not in low:
        found |= _owners(vocabulary, lambda word: low in word)
    size = len(low) + 1
    for word in [word for word in vocabulary.words if len(word) == size]:
        if _lacks_one(word, low):
            found |= vocabulary.words[word]
    if not any(vowel in low for vowel in "aeiou"):
        half = low[: len(low) // 2]
        wanted = {low, half} if half * 2 == low else {low}
        if not wanted.isdisjoint(vocabulary.text.translate(VOWELS).split("\n")):
            found |= _owners(vocabulary, lambda word: word.translate(VOWELS) in wanted)
    return found


def _owners(vocabulary: Vocabulary, is_wanted: Callable[[str], bool]) -> int:
    found = 0
    for word, bits in vocabulary.words.items():
        if is_wanted(word):
            found |= bits
    return found


def _lacks_one(word: str, low: str) -> bool:
    place = next((at for at, sign in enumerate(low) if word[at] != sign), len(low))
    return word[place + 1 :] == low[place:]


def _shifted(low: str, vocabulary: Vocabulary) -> int:
    """Look for a word typed one or two keys too far to the right or left."""
    wanted = {low.translate(UNSHIFT), *(low[begin:end] for begin, end in spans(low) if end - begin > 2)}  # noqa: PLR2004
    keyed = vocabulary.text.translate(UNSHIFT)
    right, left = keyed.translate(RIGHT), keyed.translate(LEFT)
    texts = (right, right.translate(RIGHT), left, left.translate(LEFT))
    together = "".join(texts)
    hits = [core for core in wanted if f"\n{core}\n" in together]
    found = 0
    for text in texts if hits else ():
        for typed, bits in zip(text.split("\n")[1:-1], vocabulary.words.values(), strict=True):
            if typed in hits:
                found |= bits
    return found


def _turned_pairs(low: str, vocabulary: Vocabulary) -> int:
    """Look for two words, one of them reversed."""
    found = 0
    for piece in vocabulary.pieces:
        for rest in (
            low[len(piece) :] if low.startswith(piece) else "",
            low[: -len(piece)] if low.endswith(piece) else "",
        ):
            turned = rest[::-1]
            if turned and (turned in vocabulary.pieces or (len(rest) > 1 and turned in vocabulary.words)):
                found |= vocabulary.words[piece]
    return found & -found
