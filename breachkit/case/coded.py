"""Texts as they are read once their escapes are undone, with the place of each letter in the text itself.

A name hides behind `%40`, `=2E` or `&#64;`: it is found in the text that is read, and replaced in the one that stands.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Code(NamedTuple):
    """One way to escape letters."""

    run: re.Pattern[str]
    """Escapes that stand side by side: together they are bytes of a text."""
    one: re.Pattern[str]


PERCENT = Code(re.compile(r"(?:%[0-9A-Fa-f]{2})+"), re.compile(r"%([0-9A-Fa-f]{2})"))
"""URLs (RFC 3986 §2.1)."""
QUOTED = Code(re.compile(r"(?:=[0-9A-Fa-f]{2}|=[ \t]*\r?\n)+"), re.compile(r"=([0-9A-Fa-f]{2})|=[ \t]*\r?\n"))
"""Quoted-printable, its soft ends of lines too (RFC 2045 §6.7)."""
ENTITY = Code(re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,32});"), re.compile(r".+"))
"""HTML."""

CHAINS: tuple[tuple[Code, ...], ...] = (
    *((PERCENT,), (PERCENT, PERCENT), (QUOTED,), (QUOTED, PERCENT), (QUOTED, ENTITY), (ENTITY,), (ENTITY, PERCENT)),
)
"""What is undone after what: a link of a mail in quoted-printable holds percent signs."""


def read_through(text: str, chain: tuple[Code, ...]) -> tuple[str, list[int]] | None:
    """Undo the escapes of a chain; None where one of its codes is not used.

    Returns:
        What is read, and for each of its letters, and for its end, where that stands in the text.
    """
    if chain[0].run.search(text) is None:
        return None
    starts = list(range(len(text) + 1))
    for code in chain:
        letters: list[str] = []
        places: list[int] = []
        at = 0
        for found in code.run.finditer(text):
            letters += text[at : found.start()]
            places += starts[at : found.start()]
            for letter, offset in _letters(code, found[0]):
                letters.append(letter)
                places.append(starts[found.start() + offset])
            at = found.end()
        if not at:
            return None
        letters += text[at:]
        places += starts[at:]
        text, starts = "".join(letters), places
    return text, starts


def _letters(code: Code, run: str) -> Iterator[tuple[str, int]]:
    """Undo escapes that stand side by side; each letter with its place among them."""
    if code is ENTITY:
        yield from ((letter, 0) for letter in html.unescape(run))
        return
    escapes = [(int(found[1], 16), found.start()) for found in code.one.finditer(run) if found[1]]
    held = bytes(value for value, _ in escapes)
    at = 0
    while at < len(held):
        length = next((size for size in (1, 2, 3, 4) if _is_letter(held[at : at + size])), 0)
        letter = held[at : at + length].decode() if length else chr(held[at])
        yield letter, escapes[at][1]
        at += length or 1


def _is_letter(held: bytes) -> bool:
    try:
        held.decode()
    except UnicodeDecodeError:
        return False
    return True
