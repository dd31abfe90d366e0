r"""The names of people, and where they stand in a text: `anna.rossi`, `Anna Rossi`, `EXAMPLE\anna`, `anna%example.it`.

A name that is a word of the language, or as short as one, is found by what stands beside it only: accounts are called
`mail`, `info` and `first`, and a text in which those are blanked out says nothing any more. A name also hides behind
`%40`, `=2E` or `&#64;`: it is found in the text as it is read, and replaced in the text as it stands.
"""

from __future__ import annotations

import html
import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from breachkit.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SHORTEST = 3
"""Letters of a name from which on it is looked for in texts."""
LONGEST = 5
"""Words of a name that are looked for side by side."""
JOINED = 6
"""Letters of a name from which on its words are looked for without a sign between them: `annarossi`."""
_ROLES = """
abuse account admin administrator billing contact demo fax guest hello help helpdesk hostmaster info job jobs list lists
logs mail mailbox marketing news newsletter office orders postmaster press print printer privacy root sales scan scanner
security service smtp spam staff support system team test tests user users web webmaster webmail
"""
"""Accounts of no person (RFC 2142 and what offices add), which no list of words has."""

_TOKEN = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s._'+-]{1,3}")
_AT_HOME = re.compile(r"([\w.+'-]{1,128})([%=/])([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_OF_DOMAIN = re.compile(r"([\w.-]{1,253})\\([\w.+'-]{1,128})(?!\\)")

_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_QUOTED = re.compile(r"(?:=[0-9A-Fa-f]{2}|=[ \t]*\r?\n)+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,32});")
_BYTE = re.compile(r"[%=]([0-9A-Fa-f]{2})")
CHAINS = (
    *((_PERCENT,), (_PERCENT, _PERCENT), (_QUOTED,), (_QUOTED, _PERCENT)),
    *((_QUOTED, _ENTITY), (_ENTITY,), (_ENTITY, _PERCENT)),
)
"""Escapes of URLs (RFC 3986 §2.1), quoted-printable with its soft ends of lines (RFC 2045 §6.7) and HTML, and what is
undone after what: a link of a mail in quoted-printable holds percent signs."""


def read_through(text: str, chain: Sequence[re.Pattern[str]]) -> tuple[str, list[int]] | None:
    """Undo the escapes of a chain; None where one of them is not used.

    Returns:
        What is read, and for each of its letters, and for its end, where that stands in the text.
    """
    starts = list(range(len(text) + 1))
    for escapes in chain:
        letters: list[str] = []
        places: list[int] = []
        at = 0
        for found in escapes.finditer(text):
            letters += text[at : found.start()]
            places += starts[at : found.start()]
            for letter, offset in _letters(found[0]):
                letters.append(letter)
                places.append(starts[found.start() + offset])
            at = found.end()
        if not at:
            return None
        letters += text[at:]
        places += starts[at:]
        text, starts = "".join(letters), places
    return text, starts


def _letters(escaped: str) -> Iterator[tuple[str, int]]:
    """Undo escapes that stand side by side; each letter with its place among them."""
    if escaped.startswith("&"):
        yield from ((letter, 0) for letter in html.unescape(escaped))
        return
    escapes = list(_BYTE.finditer(escaped))
    at = 0
    for letter in bytes(int(one[1], 16) for one in escapes).decode("utf-8", "surrogateescape"):
        size = len(letter.encode("utf-8", "surrogateescape"))
        # a byte that is of no letter of UTF-8 is one of Latin-1
        yield chr(ord(letter) & 0xFF) if size == 1 else letter, escapes[at].start()
        at += size


@cache
def _words() -> tuple[frozenset[str], frozenset[str]]:
    """List words that stand in any text, and family names, which are words too when they are spelled small."""
    # a word stands in the list in which it is commonest only: `mark` is a first name, `mail` is not
    words = {*FREQUENCY_LISTS["english_wikipedia"], *FREQUENCY_LISTS["us_tv_and_film"], *_ROLES.split()}
    return frozenset(words), frozenset(FREQUENCY_LISTS["surnames"])


class People:
    """What accounts answer to."""

    def __init__(self, names: Iterable[str]) -> None:
        """Make one of addresses, user names and aliases."""
        self._known = {name.lower() for name in names if name}
        self._domains = {name.rpartition("@")[2] for name in self._known if "@" in name} - {""}
        self._locals = {name.rpartition("@")[0] or name for name in self._known}
        self._labels = {domain.partition(".")[0] for domain in self._domains}
        self._first: set[str] = set()
        self._phrases: dict[tuple[str, ...], str | None] = {}
        """Words side by side, and how they must be spelled; None for any spelling."""
        self._tall: set[str] = set()
        """Single words that are names only with a capital."""
        for local in self._locals:
            self._learn(local)

    def is_known(self, text: str) -> bool:
        """Tell whether a whole text is the name of an account, as spelled or as its address."""
        low = text.lower()
        return low in self._known or low in self._locals or spelled(low) in self._known

    def find(self, text: str, beside: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Find names in a text.

        Args:
            text: it.
            beside: places that are no text of people, as the domains of addresses.
        """
        for found in _AT_HOME.finditer(text):
            if found[3].lower().rstrip(".") in self._domains:
                begin = found.start(1) + found[1].rfind("+") + 1
                if found[2] == "%" or text[begin : found.end(1)].lower() in self._locals:
                    yield begin, found.end(1)
        for found in _OF_DOMAIN.finditer(text):
            local = found[2].rstrip(".'-")
            if found[1].lower() in self._domains | self._labels and local.lower() in self._locals:
                yield found.start(2), found.start(2) + len(local)
        for begin, end in self._side_by_side(text):
            if not any(first <= begin and end <= last for first, last in beside):
                yield begin, end

    def _side_by_side(self, text: str) -> Iterator[tuple[int, int]]:
        tokens = [(found[0].lower(), *found.span()) for found in _TOKEN.finditer(text)]
        at = 0
        while at < len(tokens):
            number = self._longest(text, tokens[at : at + LONGEST]) if tokens[at][0] in self._first else 0
            if number:
                yield tokens[at][1], tokens[at + number - 1][2]
            at += number or 1

    def _longest(self, text: str, tokens: Sequence[tuple[str, int, int]]) -> int:
        """Return how many words from the first on are a name."""
        is_near = [_BETWEEN.fullmatch(text, one[2], other[1]) is not None for one, other in pairwise(tokens)]
        for number in range(len(tokens), 0, -1):
            said = tuple(token for token, *_ in tokens[:number])
            if said not in self._phrases or not all(is_near[: number - 1]):
                continue
            begin, end = tokens[0][1], tokens[number - 1][2]
            exact = self._phrases[said]
            is_tall = text[begin].isupper() or number > 1 or said[0] not in self._tall
            if exact in {None, text[begin:end].lower()} and is_tall:
                return number
        return 0

    def _learn(self, local: str) -> None:
        said = tuple(_TOKEN.findall(local))
        if sum(map(len, said)) < SHORTEST or not said or "".join(said).isdigit() or local in self._labels:
            return
        words, families = _words()
        is_word = [one in words or one.isdigit() or len(one) < SHORTEST for one in said]
        if len(said) == 1:
            if not is_word[0]:
                self._add(said, None)
                self._tall |= families & {*said}
        elif all(is_word):
            self._add(said, local)
        else:
            self._add(said, None)
            if len(said) == len(("first name", "family name")):
                self._add(said[::-1], None)
            if sum(map(len, said)) >= JOINED:
                self._add(("".join(said),), None)

    def _add(self, said: tuple[str, ...], exact: str | None) -> None:
        if len(said) <= LONGEST:
            self._first.add(said[0])
            # who may be spelled in any way is not bound by another who must be spelled exactly
            self._phrases[said] = exact if self._phrases.get(said, exact) == exact else None
