"""One line of an IceWarp log: `PEER [THREAD] STAMP TEXT`.

Real lines of 10.3.1: the peer padded to 16 columns, a thread id of 4 or 8 hex digits in brackets, a
stamp, the text. The stamp format is a setting with four values of which two have public samples; four
forms are accepted. Most carry no date: it is in the file's name.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from breachkit.micros import is_possible

if TYPE_CHECKING:
    from datetime import tzinfo

_LINE = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"((?![\"'])[^\s:]{1,64}?|\[?[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?::?\d{1,3}(?:\.\d{1,3}){3})?(?:%\w{1,16})?\]?)"
    rb"[ \t]*\[([0-9A-Fa-f]{4,16})\] "
    rb"(?:"
    rb"(\d\d:\d\d:\d\d)(?:[.,:]\d{1,6})?"
    rb"|(\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d)(?:[.,]\d{1,6})?(Z|[+-]\d\d:?\d\d)?"
    rb"|(?:[A-Za-z]{3}, )?(\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d)(?: ([+-]\d{4}|[A-Z]{3,4}))?"
    rb")(?: (.*))?",
    re.DOTALL,
)
"""A peer with a colon in it is an IPv6 address, or else a line of `grep`: `FILE:PEER`, `NUMBER:PEER`."""
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}


class Parts(NamedTuple):
    """A line, split; either a time of day or a whole moment is known of it."""

    peer: bytes
    thread: bytes
    time: bytes | None
    """`HH:MM:SS`, for a clock to date."""
    ts: float | None
    begin: int
    """Where its text begins; its end when it has none."""


def split_line(text: bytes, zone: tzinfo) -> Parts | None:
    """Split a line; None when it does not begin as a line of a session does."""
    found = _LINE.match(text)
    if not found:
        return None
    peer, thread, time, iso, iso_zone, rfc, rfc_zone, rest = found.groups()
    begin = len(text) if rest is None else found.start(8)
    if time is not None:
        return Parts(peer, thread, time, None, begin)
    ts = _moment(_iso(iso), iso_zone, zone) if iso is not None else _moment(_rfc(rfc), rfc_zone, zone)
    return Parts(peer, thread, None, ts, begin) if ts is not None and is_possible(ts) else None


def _iso(stamp: bytes) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp.decode().replace("/", "-"))
    except ValueError:
        return None


def _rfc(stamp: bytes) -> datetime | None:
    day, month, year, time = stamp.split(b" ")
    try:
        hour, minute, second = map(int, time.split(b":"))
        return datetime(int(year), _MONTHS.get(month.lower(), 0), int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def _moment(naive: datetime | None, offset: bytes | None, zone: tzinfo) -> float | None:
    if naive is None:
        return None
    if offset in {b"Z", b"GMT", b"UTC"}:
        return naive.replace(tzinfo=UTC).timestamp()
    if offset is None or offset[:1] not in {b"+", b"-"}:
        return naive.replace(tzinfo=zone).timestamp()
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 23 or minutes > 59:  # noqa: PLR2004
        return None
    shift = timedelta(hours=hours, minutes=minutes)
    return naive.replace(tzinfo=timezone(-shift if offset[:1] == b"-" else shift)).timestamp()
