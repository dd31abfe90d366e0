"""What people read of a queued message, whichever server queues it: senders, a title, addresses in header values."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from breachkit.records import NULL_SENDER
from breachkit.text.charsets import decode_text, readable

KEPT_SPELLINGS = 4096
"""Senders whose spelling is remembered once it was read: a spam run has few, and some hold a megabyte."""

_BRACKETED = re.compile(r"<\s*([^<>\s]*)\s*>")
_PLAIN = re.compile(rb"<([!-;=?-~]+)>|([!#-'*+\--9=?A-~]++@[!#-'*+\--9=?A-~]++)")
"""What nearly all values are: one address in brackets, or one without."""
_BETWEEN = re.compile(r"[\s<>\"(),;:]+")
_FIELD = re.compile(rb"^(from|reply-to|subject)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)


class Letterhead(NamedTuple):
    """The fields of a header that name people and the matter."""

    header_from: str | None
    subject: str | None
    reply_to: str | None


def read_letterhead(header: bytes) -> Letterhead:
    """Read the first of each field of a header that is not cut off from its lines."""
    found: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(header):
        found.setdefault(name.lower(), value)
    sender, title, reply_to = (found.get(name) for name in (b"from", b"subject", b"reply-to"))
    return Letterhead(
        None if sender is None else sender_of(sender),
        None if title is None else title_of(title, header) or None,
        None if reply_to is None else sender_of(reply_to),
    )


def text_of(value: bytes) -> str:
    """Read a value, unfolded."""
    return " ".join(decode_text(value).split())


def title_of(value: bytes, raw: bytes) -> str:
    """Read a subject, unfolded; raw bytes by the charset of the text, as a reader does."""
    return text_of(value) if value.isascii() else " ".join(readable(value, raw).split())


def addresses(value: bytes) -> list[str]:
    """List the addresses in a value, in lower case."""
    plain = _PLAIN.fullmatch(value.strip())
    if plain:
        return [(plain[1] or plain[2]).decode("ascii").lower()]
    text = decode_text(value)
    # split, not search: a search for "word@word" is quadratic on a megabyte of one letter
    found = _BRACKETED.findall(text) or [word for word in _BETWEEN.split(text) if "@" in word.strip("@")]
    return [address.lower() for address in found if address]


@lru_cache(maxsize=KEPT_SPELLINGS)
def sender_of(value: bytes) -> str | None:
    """Read the one address of a value; NULL_SENDER where it says that there is none."""
    found = addresses(value)
    if found:
        return found[-1]  # "a@b <c@d>": the display name comes first
    return NULL_SENDER if value.strip() == b"<>" else None
