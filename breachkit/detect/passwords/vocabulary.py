"""The words that belong to one account: what its owner makes a password of.

The words of a user name, the aliases, the full name and the domain, each as it stands and in its pieces, and
the pairs that one can make of them (`mario` + `rossi`, `m` + `rossi`). Each word remembers whose it is.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PAIRED = 6
"""Words of an account that are paired with one another, as John the Ripper's single mode pairs them."""

PAIR_BITS = 4
"""How much higher in a mask a pair of words stands than a single one, as its worst word's."""

SHORTEST = 2
"""Letters from which on a piece of a name is a word."""

_PIECES = re.compile(r"[^\W_]+")
_RUNS = re.compile(r"[^\W\d_]{3,}")


def words(text: str) -> tuple[str, ...]:
    """List the words of a text: a list that is read as one."""
    return tuple(text.split())


_GENERIC = frozenset(
    words("it com net org eu info biz edu gov gob ac co uk de fr es ch www mail smtp imap pop posta webmail local")
)
"""Labels of a domain that name nobody."""


class AccountNames(NamedTuple):
    """What an account is called, as spelled; the address counts as an alias of its own."""

    usernames: tuple[str, ...]
    aliases: tuple[str, ...]
    full_name: str = ""
    domain: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """The words of one account, lower case and without accents."""

    singles: dict[str, int]
    """Each single word with whose it is: bit 0 the user name's, 1 an alias's, 2 the full name's, 3 the domain's."""
    pieces: tuple[str, ...]
    """Those of which pairs are made."""

    @cached_property
    def text(self) -> str:
        """All words and pairs between line ends, so that one search looks through them all."""
        return "\n".join(("", *self.singles, *_pairs(self.pieces), ""))

    def pairs(self) -> list[str]:
        """List the pairs of words."""
        return _pairs(self.pieces)

    def owners(self, is_wanted: Callable[[str], bool]) -> int:
        """Tell whose the wanted words are, as a mask, pairs four bits higher. Slow: ask only when one was found."""
        found = 0
        for word, bits in self.singles.items():
            if is_wanted(word):
                found |= bits
        for first in self.pieces:
            for second in self.pieces:
                if first != second and any(map(is_wanted, _pair(first, second))):
                    bits = self.singles[first] | self.singles[second]
                    found |= (bits & -bits) << PAIR_BITS
        return found


def _pair(first: str, second: str) -> tuple[str, str, str]:
    return first + second, first[0] + second, first + second[0]


def _pairs(pieces: tuple[str, ...]) -> list[str]:
    return [pair for first in pieces for second in pieces if first != second for pair in _pair(first, second)]


def fold(text: str) -> str:
    """Spell in lower case and without accents."""
    low = text.lower()
    if low.isascii():
        return low
    return "".join(sign for sign in unicodedata.normalize("NFKD", low) if not unicodedata.combining(sign))


def names_of_address(address: str, usernames: Iterable[str], aliases: Iterable[str], full_name: str) -> AccountNames:
    """Gather what an account is called.

    The local part of its address is an alias where the user name is another; of a user name that is an address it
    is one too. An alias that is the user name too counts as user name.
    """
    local, _, domain = address.partition("@")
    users = tuple(dict.fromkeys(part for name in usernames for part in (name, name.partition("@")[0]) if part))
    users = users or (local,)
    taken = {name.lower() for name in users}
    others = (name for name in dict.fromkeys((*aliases, local, address)) if name.lower() not in taken)
    return AccountNames(users, tuple(others), full_name, domain)


def vocabulary_of(names: AccountNames) -> Vocabulary:
    """Take the names of an account to words and pairs of words."""
    words: dict[str, int] = {}
    for bit, (texts, is_alias, is_domain) in enumerate(
        (
            (names.usernames, False, False),
            (names.aliases, True, False),
            ((names.full_name,), False, False),
            ((names.domain,), False, True),
        )
    ):
        for text in texts:
            for word in _words(fold(text), is_domain=is_domain, is_alias=is_alias):
                # the pieces of an alias that the user name has too are the user name's
                if not (is_alias and words.get(word, 0) & 1):
                    words[word] = words.get(word, 0) | 1 << bit
    whole = {"".join(_PIECES.findall(fold(alias))) for alias in names.aliases if "@" in alias}
    pieces = tuple([word for word in words if word.isalnum() and word not in whole][:PAIRED])
    return Vocabulary(words, pieces)


def _words(text: str, *, is_domain: bool, is_alias: bool) -> Iterator[str]:
    text = text.strip()
    if not text:
        return
    yield text
    if is_alias and "@" in text:
        yield "".join(_PIECES.findall(text))
        return  # the pieces of an address are its local part's and its domain's
    if text.isalpha():
        return
    if is_domain:
        yield from (label for label in text.split(".") if label not in _GENERIC)
    pieces = [piece for piece in _PIECES.findall(text) if not (is_domain and piece in _GENERIC)]
    if len(pieces) > 1:
        yield "".join(pieces)
    if is_domain:
        yield "".join(_PIECES.findall(text))
    for piece in pieces:
        if len(piece) >= SHORTEST:
            yield piece
            if not piece.isalpha():
                yield from _RUNS.findall(piece)
