"""What the values of a queue file's fields say: text, addresses, and the server's own trace line."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from breachkit.micros import is_possible, micros_of
from breachkit.records import NULL_SENDER
from breachkit.text.charsets import readable
from breachkit.text.sasl import decode_text

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT_SPELLINGS = 4096
"""Senders whose spelling is remembered once it was read: a spam run has few, and some hold a megabyte."""

_BRACKETED = re.compile(r"<\s*([^<>\s]*)\s*>")
_PLAIN = re.compile(rb"<([!-;=?-~]+)>|([!#-'*+\--9=?A-~]++@[!#-'*+\--9=?A-~]++)")
"""What nearly all values are: one address in brackets, or one without."""
_BETWEEN = re.compile(r"[\s<>\"(),;:]+")
_COMMENT = re.compile(r"\([^()]*\)")
_DEEPEST_COMMENT = 4
"""Levels of parentheses that are left out of a trace line: `by host ((My Server)) with …` has two."""
_AUTHENTICATED = re.compile(r"ASMTPS?|(?:[EL]|UTF8)?[SL]MTPS?A", re.IGNORECASE)
"""IceWarp's own word for mail handed in after a login, and those of RFC 3848 and RFC 6531."""
_RECEIVED_BY = re.compile(r"\bby\s+(\S+)")
_RECEIVED_ID = re.compile(r"\bwith\s+(\S+)\s+id\s+([^\s;]+)")
_RECEIVED_PEER = re.compile(r"\A(?:from\s+\S*\s*)?\(\[?(?:IPv6:)?([0-9A-Fa-f.:]+)\]?\)", re.IGNORECASE)
_RECEIVED_DATE = re.compile(r"(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))?(?:\s+([+-])(\d\d)(\d\d))?")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}


class Received(NamedTuple):
    """What the server's own trace line says (RFC 5321 §4.4)."""

    queue_id: str | None
    client_ip: str | None
    ts: int | None
    """Microseconds since the epoch."""


def text_of(value: bytes) -> str:
    """Read a value, unfolded."""
    return " ".join(decode_text(value).split())


def title_of(value: bytes, raw: bytes) -> str:
    """Read a subject, unfolded; raw bytes by the charset of the text, as a reader does."""
    return text_of(value) if value.isascii() else " ".join(readable(value, raw).split())


def addresses(value: bytes) -> list[str]:
    """List the addresses in a value, in lower case."""
    plain = _PLAIN.fullmatch(value)
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


class Trace(NamedTuple):
    """The clauses of one trace line."""

    client_ip: str | None
    """None where the server hides it."""
    by: str | None
    is_authenticated: bool
    queue_id: str | None


def received(values: Sequence[bytes]) -> Received:
    """Read the topmost Received, and below it those the same server wrote, for the first id of authenticated mail."""
    if not values:
        return Received(None, None, None)
    top = text_of(values[0])
    first = trace_of(top)
    chosen = first.queue_id
    if first.by and not first.is_authenticated:
        own = [trace for value in values if (trace := trace_of(text_of(value))).by == first.by and trace.queue_id]
        chosen = next((trace.queue_id for trace in own if trace.is_authenticated), own[0].queue_id if own else None)
    return Received(chosen if first.by else None, first.client_ip, micros_of(date_of(top)))


def trace_of(text: str) -> Trace:
    """Read the clauses of a trace line; the server's own title, TLS and the like stand in parentheses between them."""
    bare = without_comments(text)
    by, id_clause = _RECEIVED_BY.search(bare), _RECEIVED_ID.search(bare)
    return Trace(
        _peer_of(text),
        by[1] if by else None,
        id_clause is not None and _AUTHENTICATED.fullmatch(id_clause[1]) is not None,
        id_clause[2] if id_clause else None,
    )


def without_comments(text: str) -> str:
    """Leave out what stands in parentheses."""
    for _ in range(_DEEPEST_COMMENT):
        text, number = _COMMENT.subn(" ", text)
        if not number:
            break
    return text


def _peer_of(text: str) -> str | None:
    """Read the address of the client; a name in its place, or an address of no host, is none."""
    found = _RECEIVED_PEER.match(text)
    try:
        return found[1] if found and not ip_address(found[1]).is_unspecified else None
    except ValueError:
        return None


def date_of(received: str) -> datetime | None:
    """Read the time behind the last semicolon of a trace line."""
    # by hand: the email package takes 15 us for a date, and a queue has 200,000
    found = _RECEIVED_DATE.search(received.rpartition(";")[2])
    if not found or found[2].lower() not in _MONTHS:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        zone = _offset(sign, int(hours or 0), int(minutes or 0))
        ts = datetime(
            int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second or 0), tzinfo=zone
        )
    except ValueError:
        return None
    return ts if is_possible(ts.timestamp()) else None


@lru_cache(maxsize=64)
def _offset(sign: str | None, hours: int, minutes: int) -> timezone:
    """Make the zone of an offset, once. Raises ValueError."""
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
