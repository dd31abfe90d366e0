"""The head of a queue file of IceWarp: each part of it is read when it is asked for, and what its values say.

The vendor's staff count every file of the queue as a message, whatever its name, so nothing is filtered
by extension. `LocalSender`, `From` and `MsgID` near the top are the guide's word; the exact syntax of the
head is unknown, so two shapes are read, as `text.message` tells them apart: (a) one header block; (b) an envelope
block, a blank line, then the RFC 5322 message. A file with neither is still a message, with nothing known of it.

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
from breachkit.servers.letterhead import (
    FROM,
    KEPT_SPELLINGS,
    REPLY_TO,
    addresses,
    field,
    sender_in,
    sender_of,
    text_of,
    title_in,
)
from breachkit.text.message import blocks_of, is_cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
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


_LOCAL_SENDER, _MSG_ID, _RECEIVED, _TO, _CC, _ENVELOPE_TO = map(
    field, (b"localsender", b"msgid", b"received", b"to", b"cc", b"rcpt(?:to)?|recipients?")
)


def each_file(_folder: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Every file is a message, whatever its name."""
    return zip(names, strict=False)


def read_head(files: Sequence[tuple[str, bytes]], zone: tzinfo, is_whole: bool) -> QueueHead | None:
    """Read the head of a queue file; None when it is not whole and its end is not in sight."""
    ((_, raw),) = files
    return None if not is_whole and is_cut(raw) else QueueHead(raw, zone)


class QueueHead:
    """What a head says; see `servers.Head`."""

    __slots__ = ("_around", "_first", "_has_envelope", "_own", "_traced", "_zone")

    def __init__(self, raw: bytes, zone: tzinfo) -> None:
        blocks = blocks_of(raw)
        self._first = blocks[0][0]
        self._own, self._around, _ = blocks[-1]
        self._has_envelope = len(blocks) > 1
        self._zone = zone
        self._traced: tuple[str | None, str | None] | None = None

    def _trace(self) -> tuple[str | None, str | None]:
        if self._traced is None:
            self._traced = received(_RECEIVED.findall(self._own) or _RECEIVED.findall(self._first))
        return self._traced

    @property
    def queue_id(self) -> str | None:
        """The id: in a field of its own, else of the trace line."""
        found = _MSG_ID.search(self._first)
        return (text_of(found[1]) if found else "") or self._trace()[0]

    @property
    def auth_user(self) -> str | None:
        """LocalSender: an address, or a bare name."""
        found = _LOCAL_SENDER.search(self._first)
        return (sender_of(found[1]) or text_of(found[1]).lower() or None) if found else None

    @property
    def mail_from(self) -> str | None:
        """The declared sender: of the envelope, where there is one."""
        return sender_in(FROM, self._first)

    @property
    def header_from(self) -> str | None:
        """The sender by the message's own header."""
        return sender_in(FROM, self._own)

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """The recipients: the envelope's, else those of the header."""
        named = _ENVELOPE_TO.findall(self._first) + (_TO.findall(self._first) if self._has_envelope else [])
        return _named(named) or _named(_TO.findall(self._own) + _CC.findall(self._own))

    @property
    def subject(self) -> str | None:
        """The subject, unfolded."""
        return title_in(self._own, self._around)

    @property
    def reply_to(self) -> str | None:
        """Where answers are asked for."""
        return sender_in(REPLY_TO, self._own)

    @property
    def client_ip(self) -> str | None:
        """The true peer, of the trace line."""
        return self._trace()[1]

    @property
    def ts(self) -> int | None:
        """The time of the trace line, else of the id."""
        found = _RECEIVED.search(self._own) or _RECEIVED.search(self._first)
        ts = time_of(found[1]) if found else None
        if ts is None and (queue_id := self.queue_id):
            return micros_of(time_of_id(queue_id, self._zone))
        return ts


def _named(values: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for value in values for address in addresses(value)))
