"""What the values of a queue file's fields say: text, addresses, and the server's own trace line."""

from __future__ import annotations

import re
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.micros import is_possible
from breachkit.micros import micros_of
from breachkit.records import NULL_SENDER
from breachkit.sasl import decode_text

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT_SPELLINGS = 4096
"""Senders whose spelling is remembered once it was read: a spam run has few, and some hold a megabyte."""

_BRACKETED = re.compile(r"<\s*([^<>\s]*)\s*>")
_PLAIN = re.compile(rb"<([!-;=?-~]+)>|([!#-'*+\--9=?A-~]++@[!#-'*+\--9=?A-~]++)")
"""What nearly all values are: one address in brackets, or one without."""
_BETWEEN = re.compile(r"[\s<>\"(),;:]+")
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


def received(values: Sequence[bytes]) -> Received:
    """Read the topmost Received, and below it those the same server wrote, for the first ASMTP id."""
    if not values:
        return Received(None, None, None)
    top = text_of(values[0])
    peer, by = peer_and_by(top)
    chosen = _RECEIVED_ID.search(top)
    if by and not (chosen and chosen[1].upper() == "ASMTP"):  # else the topmost is the first of them
        lines = [top, *map(text_of, values[1:])]
        own = [line for line in lines if (found := _RECEIVED_BY.search(line)) and found[1] == by]
        ids = [found for line in own if (found := _RECEIVED_ID.search(line))]
        chosen = next((found for found in ids if found[1].upper() == "ASMTP"), ids[0] if ids else None)
    return Received(chosen[2] if by and chosen else None, peer, micros_of(date_of(top)))


def peer_and_by(text: str) -> tuple[str | None, str | None]:
    """Read from a trace line the address of the client, and which server took the message."""
    peer, by = _RECEIVED_PEER.match(text), _RECEIVED_BY.search(text)
    return peer[1] if peer else None, by[1] if by else None


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
