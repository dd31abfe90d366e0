"""What the values of a queue file's fields say: text, addresses, the server's own trace line, and message ids.

Ids of old servers have 3 letters and 5 digits (`YAR93710`) and are not unique over time; from version 11 on they have
18 digits, the local time `YYYYMMDDhhmmss` and 4 more (vendor logs).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from breachkit.micros import is_possible, micros_of
from breachkit.servers.letterhead import KEPT_SPELLINGS, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

STAMPED_ID = re.compile(r"(?:19|20)\d{16}")
ANY_ID = re.compile(r"\b(?:[A-Z]{3}\d{5}|(?:19|20)\d{16})\b")

_COMMENT = re.compile(r"\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\)")
"""Up to four levels of parentheses, which are left out of a trace line: `by host ((My Server)) with …` has two."""
_AUTHENTICATED = re.compile(r"ASMTPS?|(?:[EL]|UTF8)?[SL]MTPS?A", re.IGNORECASE)
"""IceWarp's own word for mail handed in after a login, and those of RFC 3848 and RFC 6531."""
_RECEIVED_BY = re.compile(r"\bby\s+(\S+)")
_RECEIVED_ID = re.compile(r"\bwith\s+(\S+)\s+id\s+([^\s;]+)")
_RECEIVED_PEER = re.compile(r"\A(?:from\s+\S*\s*)?\(\[?(?:IPv6:)?([0-9A-Fa-f.:]+)\]?\)", re.IGNORECASE)
_DATE = re.compile(
    rb"([0-9]{1,2}\s+[A-Za-z]{3}\s+[0-9]{4})\s+([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(?:\s+([+-][0-9]{4}))?"
)
"""A time behind the last semicolon of a trace line."""
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}


class TraceLine(NamedTuple):
    """The clauses of one trace line."""

    client_ip: str | None
    """None where the server hides it."""
    by: str | None
    is_authenticated: bool
    queue_id: str | None


def received(values: Sequence[bytes]) -> tuple[str | None, str | None]:
    """Read the id of a message and the address of its client from its trace lines (RFC 5321 §4.4).

    The topmost counts, and below it those the same server wrote, for the first id of authenticated mail.
    """
    if not values:
        return None, None
    first = trace_of(text_of(values[0]))
    chosen = first.queue_id
    if first.by and not first.is_authenticated:
        own = [trace for value in values if (trace := trace_of(text_of(value))).by == first.by and trace.queue_id]
        chosen = next((trace.queue_id for trace in own if trace.is_authenticated), own[0].queue_id if own else None)
    return chosen if first.by else None, first.client_ip


def trace_of(text: str) -> TraceLine:
    """Read the clauses of a trace line; the server's own title, TLS and the like stand in parentheses between them."""
    bare = _COMMENT.sub(" ", text)
    peer, by, id_clause = _RECEIVED_PEER.match(text), _RECEIVED_BY.search(bare), _RECEIVED_ID.search(bare)
    return TraceLine(
        peer[1] if peer and _is_host(peer[1]) else None,
        by[1] if by else None,
        id_clause is not None and _AUTHENTICATED.fullmatch(id_clause[1]) is not None,
        id_clause[2] if id_clause else None,
    )


@lru_cache(maxsize=KEPT_SPELLINGS)
def _is_host(address: str) -> bool:
    """Tell whether it is the address of a host; a name in its place is none."""
    try:
        return not ip_address(address).is_unspecified
    except ValueError:
        return False


def time_of(value: bytes) -> int | None:
    """Read the time behind the last semicolon of a trace line, in microseconds since the epoch."""
    # by hand: the email package takes 15 us for a date, and a queue has 200,000
    found = _DATE.search(value, value.rfind(b";") + 1)
    if found is None:
        return None
    day, hour, minute, second, offset = found.groups(b"0")
    seconds = (int(hour) * 60 + int(minute)) * 60 + int(second)
    midnight = _midnight(day, offset)
    is_time = hour < b"24" and minute < b"60" and second < b"60"
    return midnight + seconds * 1_000_000 if midnight is not None and is_time else None


@lru_cache(maxsize=1024)
def _midnight(day: bytes, offset: bytes) -> int | None:
    """Return when a day began, in the zone of an offset; None for a day that no calendar has."""
    number, month, year = day.decode("ascii").split()
    minutes = int(offset[1:3] or 0) * 60 + int(offset[3:] or 0)
    try:
        zone = timezone(timedelta(minutes=-minutes if offset.startswith(b"-") else minutes))
        ts = datetime(int(year), _MONTHS[month.lower()], int(number), tzinfo=zone)
    except (ValueError, KeyError):
        return None
    return micros_of(ts) if is_possible(ts.timestamp()) else None


def time_of_id(queue_id: str, zone: tzinfo) -> datetime | None:
    """Return the time an 18-digit id was given, None for any other."""
    if not STAMPED_ID.fullmatch(queue_id):
        return None
    month, day, hour, minute, second = (int(queue_id[place : place + 2]) for place in range(4, 14, 2))
    try:  # strptime takes three times as long, and a queue has 200,000 ids
        ts = datetime(int(queue_id[:4]), month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return ts if is_possible(ts.timestamp()) else None
