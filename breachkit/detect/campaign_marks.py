"""What makes a string telling: whom it points at, and how long it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STRONG = 20
"""Bytes from which on a string is a phrase rather than a word or two."""
PHRASE = 24
"""Bytes from which on a string makes a line a shared one."""

SPECIFIC = re.compile(
    rb"(?:https?://|www\.)(?!www\.)[\w-]+(?:\.[\w-]+)+|[\w-]{3,}(?:\.[a-z0-9-]{2,})*\.[a-z]{2,}/|[\w.+-]+@[\w-]+\.[\w.-]+"
    rb"|(?:\+|\b0)\d[\d ()./-]{7,}\d|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b|\b(?:bc1|0x|[13])[A-Za-z0-9]{25,60}\b",
    re.IGNORECASE,
)
"""What points at one party: a host, an address of a person, a telephone number, an account of a bank or a coin."""
_GROUPS = re.compile(rb"\b\d+(?: \d{2,})+\b")
DIGITS = 9
"""Digits from which on groups of them, with a blank between, are a number rather than a date or a price."""


def house(domain: str) -> str:
    """Shorten a domain to what one party registers: `news.shop.example` → `shop.example`."""
    labels = domain.split(".")
    is_second = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3  # noqa: PLR2004  co.uk, com.br
    return ".".join(labels[-3:] if is_second else labels[-2:])


def rests(text: bytes) -> Iterator[bytes]:
    """Yield the numbers of groups of digits: what a line end leaves of a telephone number, without its `+` or 0."""
    for hit in _GROUPS.finditer(text):
        if sum(map(str.isdigit, hit[0].decode())) >= DIGITS:
            yield hit[0]


def pointers(text: bytes) -> Iterator[bytes]:
    """Yield what in a string points at somebody, with all that is written in one with it."""
    for hit in SPECIFIC.finditer(text):
        yield text[: hit.start()].rpartition(b" ")[2] + hit[0] + text[hit.end() :].partition(b" ")[0]
