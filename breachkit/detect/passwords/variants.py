"""What people make of a name to have a password: undone for passwords in clear, done for hashes and fingerprints.

A password in clear is taken apart once into the few dozen words it may have been made of (case, leet, reversal,
doubling, what stands before or after), and these are looked up among the names of its account (`sources_of`). To try
everything on every name instead costs a thousand times as much; `candidates` does that where nothing can be undone,
the likeliest first, since a slow hash lets only a handful be tried. A property in the tests holds the two together.
The transformations are those of John the Ripper's `single` rules, and season, month and year around a name.
"""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from breachkit.detect.passwords.vocabulary import PAIR_BITS, fold, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from breachkit.detect.passwords.vocabulary import AccountNames, Vocabulary


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


LIKELIEST = 20
"""Candidates tried on a slow hash: at 0.1 to 0.3 s each, 2 to 6 seconds an account."""

_EACH_SIGN = "!.?@#$*-_+%&=,;:/()'\"<>[]{}\\^`|~"
_IN_PLACE_OF = {"y": ("ies", "ied"), **dict.fromkeys("aeio", ("ing",))}
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
        (lambda word: (word,), False),
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
    shapes += [bare * 2, *(low[:-1] + ending for ending in _IN_PLACE_OF.get(low[-1:], ()))]
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
        for head in (*_BEFORE, *_EACH_SIGN, *"0123456789"):
            yield head + form
        yield from (sign + form + sign for sign in (*_EACH_SIGN, "1"))
        yield from (pair[0] + form + pair[1] for pair in _BRACKETS)
    for shape in _leet(low):
        for form in (shape, shape.capitalize()):
            yield from (form + tail for tail in (*_DIGITS[:10], "123", "!", ".", *_YEARS[:_CURRENT]))


def _tails() -> Iterator[str]:
    yield from (*_EACH_SIGN, *_DIGITS, *_NUMBERS, *_YEARS, *_WORDS, *_LONG_NUMBERS)
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
