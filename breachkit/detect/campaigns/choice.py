"""Which of the strings of a run to purge by: it covers the run and hits nothing else.

A string is looked for in the bytes of a message, decoded, and as a reader sees it: as `purge` does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.detect.campaigns.marks import SPECIFIC, STRONG, bare, is_weak, pointers, rests
from breachkit.text import make_finder
from breachkit.text.message import added_by_decoding, typed_texts
from breachkit.text.seen import SeenString, normal, paragraphs_seen

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from numpy.typing import NDArray

LONGEST = 200
SHORTEST = 6
MOST_TRIED = 24
"""Strings of a run that are looked for in every message."""
HANDY = 80
"""Characters that a person still compares at a glance."""
OUTSIDE_WEIGHT = 10
"""One message hit outside a run weighs as much as so many of its own missed."""
LOSS_SHARE = 0.002
"""Below this share of a run, differences between strings do not count: the handier one is taken."""
MOST_MISSED = 0.005
"""Share of a run that a string may miss before one of a lesser kind is taken."""
MOSTLY = 0.95
"""Share of the holders of a part of a number that hold all of it, from which on the others are looked at."""
SEVERAL = 3
"""Phrases from which on half of them tell a run."""
POINTER, PHRASE, FRAGMENT = 0, 1, 2
"""Kinds of strings, the best first: one that points at somebody, a phrase, neither."""

_HALF_WORD = re.compile(r"\w+\Z")


class Tried(NamedTuple):
    """One string and the messages that hold it."""

    text: str
    holders: NDArray[np.int32]
    """Indexes of the messages, sorted."""


def candidates_of(
    closed: Iterable[bytes], nested: Iterable[bytes], *, may_be_weak: bool = False
) -> tuple[list[str], list[str]]:
    """Spell the strings of a run so that they can be purged by, the most telling first.

    Links and numbers that stand alone are always among them: what is longer may be broken where they are not.

    Args:
        closed: the strings of nearly all its messages.
        nested: those of a part of them.
        may_be_weak: the run has no string but such as belong to many.
    """
    closed = list(closed)
    alone = {word.decode("utf-8", "ignore") for raw in closed for word in (*pointers(raw), *rests(raw))}
    every = dict.fromkeys(text for raw in closed for text in _spelled(raw))
    whole = [text for text in every if may_be_weak or not is_weak(text.encode())]
    parts = {text for raw in nested for text in _spelled(raw)[:1] if may_be_weak or not is_weak(text.encode())}
    alone_first = sorted(whole, key=lambda text: (text not in alone, *_preference(text)))
    # what holds a link covers no more than the link: those of the others that most messages hold get their turn
    widest = [text for text in whole if _kind(text) != POINTER][: MOST_TRIED // 4]
    # lines end between the groups of a telephone number, and not within one
    groups = sorted({group for text in alone for group in text.split() if group.isdigit() and len(group) >= SHORTEST})
    turns = (*alone_first[: MOST_TRIED // 2], *groups[: MOST_TRIED // 6], *widest, *alone_first)
    best = list(dict.fromkeys(turns))[:MOST_TRIED]
    return best, sorted(parts - set(best), key=lambda text: (-len(text), text))[: MOST_TRIED // 3]


def names_of(closed: Iterable[bytes], *, may_be_weak: bool = False) -> list[str]:
    """Spell the strings of a run that are of the best kind; the best one alone where all are fragments."""
    spelled, _ = candidates_of(closed, (), may_be_weak=may_be_weak)
    kind = min(map(_kind, spelled), default=POINTER)
    best = [text for text in spelled if _kind(text) == kind]
    return best[:1] if kind == FRAGMENT else best


def _spelled(raw: bytes) -> list[str]:
    """Spell a string as it is, and without the half word that chance put at its end; hidden signs cut it."""
    visible = "".join(sign if sign.isprintable() else "\n" for sign in raw.decode("utf-8", "ignore"))
    cut = [piece.strip()[:LONGEST].strip() for piece in visible.split("\n")]
    spelled = dict.fromkeys(text for piece in cut for text in (piece, _HALF_WORD.sub("", piece).rstrip()))
    return [one for one in spelled if len(one) >= SHORTEST]


def _preference(text: str) -> tuple[bool, bool, int, str]:
    """Order strings by how well a person can judge them: what points at somebody, then phrases, then fragments."""
    return _kind(text) != POINTER, len(text) > HANDY, -min(len(text), HANDY), text


def choose(tried: Sequence[Tried], read: Callable[[int], Iterable[str]], own: Collection[str] = ()) -> Tried | None:
    """Choose the string that covers a run best and hits least else; None when no message holds any.

    Args:
        tried: strings of a run, and who holds each.
        read: the texts of a message, as they are and decoded.
        own: the domains of the house: what points there is its signature rather than what the run is for.

    A run's core are the messages that hold most of the strings of the best kind (a phrase that chance put into many
    copies has no say against the link that all of them carry), and those that hold half of several phrases
    (a line may end within a telephone number). Strings that hold a shorter one have no vote.
    """
    held = [one for one in tried if len(one.holders)]
    if not held:
        return None
    kinds = {one.text: _kind(one.text, own) for one in held}
    best = min(kinds.values())
    size = 1 + max(int(one.holders[-1]) for one in held)
    votes, _ = _votes([one for one in held if kinds[one.text] == best], size)
    core = votes * 2 >= votes.max()
    votes, voters = _votes([one for one in held if kinds[one.text] != FRAGMENT], size)
    if voters >= SEVERAL:
        core |= votes * 2 >= voters
    numbers = [one.text for one in held if kinds[one.text] == POINTER]
    for one in held:
        is_group = one.text.isdigit() and one.text not in numbers
        whole = [text for text in numbers if is_group and one.text in text.split()]
        if whole and int(core[one.holders].sum()) >= MOSTLY * len(one.holders):
            # a line end within the number; but six digits stand by chance, too, in one of a million places
            form = re.compile("|".join(r"\s+".join(map(re.escape, text.split())) for text in whole))
            strangers = [at for at in one.holders.tolist() if not core[at]]
            core[[at for at in strangers if any(form.search(text) for text in read(at))]] = True

    def rank(one: Tried) -> tuple[int, int, int, tuple[bool, bool, int, str]]:
        """Put first what does all that is asked of a string, of these the better kind, then what misses less."""
        size, hit = int(core.sum()), int(core[one.holders].sum())
        outside = len(one.holders) - hit
        lost = size - hit + OUTSIDE_WEIGHT * outside
        is_enough = not outside and lost <= MOST_MISSED * size
        is_little = lost <= LOSS_SHARE * size
        return 0 if is_enough else lost, kinds[one.text], 0 if is_little else lost, _preference(one.text)

    return min(held, key=rank)


def _votes(tried: Sequence[Tried], size: int) -> tuple[NDArray[np.int64], int]:
    """Count, for each message, which of some strings it holds, without those that hold another; and how many vote."""
    voting = [one for one in tried if not any(other.text in one.text for other in tried if other is not one)]
    places = [one.holders for one in voting]
    return np.bincount(np.concatenate(places) if places else [], minlength=size), len(voting)


def _kind(text: str, own: Collection[str] = ()) -> int:
    raw = bare(text.encode())
    hits = [hit[0].decode().lower() for hit in SPECIFIC.finditer(raw)]
    if any(rests(raw)) or not all(any(domain in hit for domain in own) for hit in hits):
        return POINTER
    return PHRASE if len(raw.decode("utf-8", "ignore")) >= STRONG and not hits else FRAGMENT


class StringSearch:
    """Tells which strings a message holds, each on one line; it travels between processes."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._finder = make_finder([text.encode() for text in texts])

    def __reduce__(self) -> tuple[object, ...]:
        return _search_of, (type(self), tuple(self._texts))

    def __call__(self, raw: bytes) -> list[int]:
        """Return the indexes of the strings that stand in the bytes of a message or in one of its decoded texts."""
        matches = self._finder.find_matches_as_indexes(_texts_of(raw), overlapping=True) if self._texts else ()
        return list({match[0] for match in matches})


class SeenSearch(StringSearch):
    """Tells which strings a message holds only as a reader sees it; it travels between processes."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._seen = [SeenString(text) for text in texts]
        self._finder = make_finder([normal(text).encode() for text in texts])

    def __call__(self, raw: bytes) -> list[int]:
        """Return the indexes of the strings that a message holds so, and neither in its bytes nor decoded."""
        typed = list(typed_texts(raw))
        seen = "\n".join(paragraph for text, kind in typed for paragraph in paragraphs_seen(text, kind)).encode()
        found = {match[0] for match in self._finder.find_matches_as_indexes(seen, overlapping=True)}
        text = _texts_of(raw) if found else b""
        return [at for at in found if self._texts[at].encode() not in text and self._seen[at].is_in(typed)]


def _texts_of(raw: bytes) -> bytes:
    return b"\n".join([raw, *map(str.encode, added_by_decoding(raw).texts)])


@lru_cache(maxsize=1)
def _search_of(kind: type[StringSearch], texts: tuple[str, ...]) -> StringSearch:
    """Make it once in each process that it is handed to: with every piece of the work it is handed over again."""
    return kind(texts)
