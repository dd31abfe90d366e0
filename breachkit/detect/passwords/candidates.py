"""What people make of a name, done to every name: for hashes and fingerprints, where nothing can be undone.

The likeliest come first, since a slow hash lets only a handful be tried. Everything made here `undoing` takes
apart again; a property in the tests holds the two together.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.detect.passwords.undoing import LEFT, MONTHS, RIGHT, SEASONS, VOWELS
from breachkit.detect.passwords.vocabulary import fold, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from breachkit.detect.passwords.vocabulary import AccountNames, Vocabulary

LIKELIEST = 20
"""Candidates tried on a slow hash: at 0.1 to 0.3 s each, 2 to 6 seconds an account."""

_SIGNS = "!.?@#$*-_+%&=,;:/()'\"<>[]{}\\^`|~"
_ENDINGS = {"y": ("ies", "ied"), **dict.fromkeys("aeio", ("ing",))}
_BRACKETS = ("()", "{}", "[]", "<>")
_YEARS = tuple(str(year) for year in range(1900, datetime.now(UTC).year + 2))[::-1]
_DIGITS = tuple(f"{number}" for number in range(10)) + tuple(f"{number:02}" for number in range(100))
_NUMBERS = ("123", "1234", "12345", "123456", "007", "321", "12", *(digit * 3 for digit in "0123456789"))
_LONG_NUMBERS = tuple(digit * times for times in (4, 5, 6) for digit in "0123456789")
_WORDS = words("estate inverno primavera autunno pass password mail pec web s ed ing 's !! !!!")
_BEFORE = words("1 2 123 ! . the my mr dr amy The My Mr Dr Amy mr. Mr. dr. Dr. __ la il")
_LEET_SETS = words("a4 a@ e3 i1 l1 o0 s$ s5 t7")
_CURRENT = 12
"""Years back from now that people put behind a name together with a sign."""


def likeliest(names: AccountNames, vocabulary: Vocabulary, popular: Iterable[str]) -> list[str]:
    """Choose the few candidates that a slow hash is tried with."""
    spelled = (*names.usernames[:2], *names.aliases[:3])
    near = (made for name in names.usernames[:1] for made in _likely(name))
    pieces = (word.capitalize() + tail for word in vocabulary.pieces[:2] for tail in ("", "1", "123"))
    mixed = itertools.chain(spelled, itertools.islice(near, 8), itertools.islice(popular, 4), pieces, near)
    return list(itertools.islice(dict.fromkeys(mixed), LIKELIEST))


def candidates(names: AccountNames, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield what may be the password of an account, the likeliest first, each once."""
    seen: set[str] = set()
    spelled = (*names.usernames, *names.aliases)
    singles = list(dict.fromkeys((*spelled, *vocabulary.singles)))
    for round_, is_paired in (
        (_as_it_is, False),
        (_likely, False),
        (_turned, False),
        (_added, False),
        (_likely, True),
        (_misspelled, False),
        (_turned, True),
    ):
        for made in itertools.chain.from_iterable(map(round_, vocabulary.pairs() if is_paired else singles)):
            if made not in seen:
                seen.add(made)
                yield made


def _as_it_is(word: str) -> Iterator[str]:
    yield word


def _likely(word: str) -> Iterator[str]:
    low, capital = word.lower(), word.capitalize()
    years = _YEARS[1:3]
    yield from (low, capital, f"{low}1", f"{low}123", f"{capital}123", f"{capital}1", f"{capital}!")
    yield from (f"{form}{year}" for form in (low, capital) for year in years)
    yield from (word.upper(), f"{low}!", f"{capital}{years[0]}!", low[::-1], low * 2)


def _turned(word: str) -> Iterator[str]:
    """Yield the word in other shapes, nothing added."""
    low = fold(word)
    bare = low.translate(VOWELS)
    shapes = [low, low[::-1], low * 2, low + low[::-1], low[::-1] * 2, bare, low.replace("y", "ie"), *_leet(low)]
    shapes += [bare * 2, *(low[:-1] + ending for ending in _ENDINGS.get(low[-1:], ()))]
    for shape in dict.fromkeys(shapes):
        yield from _cased(shape)
    for form in (low, low.capitalize()):
        yield form * 2
        yield from (form[turn:] + form[:turn] for turn in (1, 2, -1, -2))
        yield from (form[:at] + "." + form[at:] for at in (1, 2))
    yield from (digit + low + "s" for digit in "0123456789")
    for table in (RIGHT, LEFT) if low.isalnum() else ():
        for shape in (low.translate(table), low.translate(table).translate(table)):
            yield shape
            yield shape.capitalize()


def _cased(shape: str) -> Iterator[str]:
    capital = shape.capitalize()
    yield from (shape, capital, shape.upper(), shape.title(), capital.swapcase(), shape[:-1] + shape[-1:].upper())
    turns = [sign.upper() if at % 2 else sign for at, sign in enumerate(shape)]
    yield from ("".join(turns), "".join(turns).swapcase())
    yield "".join(sign if sign in "aeiou" else sign.upper() for sign in shape)


def _leet(low: str) -> Iterator[str]:
    pairs = [pair for pair in _LEET_SETS if pair[0] in low]
    for size in range(1, min(len(pairs), 5) + 1):
        for chosen in itertools.combinations(pairs, size):
            yield low.translate({ord(pair[0]): pair[1] for pair in chosen})


def _added(word: str) -> Iterator[str]:
    """Yield the word with digits, years, seasons and signs before or after it."""
    low = fold(word)
    for form in (low, low.capitalize(), low.upper(), low[::-1]):
        for tail in _tails():
            yield form + tail
        for head in (*_BEFORE, *_SIGNS, *"0123456789"):
            yield head + form
        yield from (sign + form + sign for sign in (*_SIGNS, "1"))
        yield from (pair[0] + form + pair[1] for pair in _BRACKETS)
    for shape in _leet(low):
        for form in (shape, shape.capitalize()):
            yield from (form + tail for tail in (*_DIGITS[:10], "123", "!", ".", *_YEARS[:_CURRENT]))


def _tails() -> Iterator[str]:
    yield from (*_SIGNS, *_DIGITS, *_NUMBERS, *_YEARS, *_WORDS, *_LONG_NUMBERS)
    for year in _YEARS[:_CURRENT]:
        yield from (year + sign for sign in "!.@#?")
        yield from (sign + year for sign in "!.@#_-")
        yield from (season + year for season in SEASONS)
    yield from (number + "!" for number in (*_DIGITS[:10], "123", "1234", "12"))
    yield from ("." + season for season in (*SEASONS, *MONTHS))


def _misspelled(word: str) -> Iterator[str]:
    """Yield the word cut short, with a letter left out, added or in the other case."""
    low = fold(word)
    letters = "abcdefghijklmnopqrstuvwxyz"
    for form in (low, low.capitalize()):
        yield from (form[:end] for end in range(3, len(form)))
        yield from (form[:at] + form[at + 1 :] for at in range(len(form)))
        yield form[1:].capitalize()
        yield from (form[:at] + form[at].swapcase() + form[at + 1 :] for at in range(len(form)))
        yield from (form + letter for letter in letters + letters.upper())
    yield from (letter + low for letter in letters + letters.upper())
    yield from (low[begin:end] for begin in (1, 2, 3) for end in range(begin + 2, len(low) + 1))
