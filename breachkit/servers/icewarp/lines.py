"""One line of an IceWarp log: `PEER [THREAD] STAMP TEXT`, and the clock that dates it.

Real lines of 10.3.1: the peer padded to 16 columns, a thread id of 4 or 8 hex digits in brackets, a
stamp, the text. The stamp format is a setting with four values of which two have public samples; four
forms are accepted. Most carry no date: it is in the file's name.
"""

from __future__ import annotations

import copy
import re
from datetime import UTC
from datetime import date
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.micros import is_possible

if TYPE_CHECKING:
    from datetime import tzinfo

RECEIVED = b"<<<"
SENT = b">>>"

_LINE = re.compile(
    rb"(\S{1,64}?)[ \t]*\[([0-9A-Fa-f]{4,16})\] "
    rb"(?:"
    rb"(\d\d:\d\d:\d\d)(?:[.,:]\d{1,6})?"
    rb"|(\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d)(?:[.,]\d{1,6})?(Z|[+-]\d\d:?\d\d)?"
    rb"|(?:[A-Za-z]{3}, )?(\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d)(?: ([+-]\d{4}|[A-Z]{3,4}))?"
    rb")(?: (.*))?",
    re.DOTALL,
)
ALIEN_LINE = "log line without 'ADDRESS [THREAD] TIME'"

TIME_OF_DAY = re.compile(rb"\d\d:\d\d:\d\d")
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DAY = 86_400
_LAST_HOUR = 23
_BACKWARDS = 2 * 3_600
"""A time of day that falls by more than this has passed midnight; less is two threads or a clock put back
(summer time ends)."""


Place = tuple[str, int, int]
"""What a Locus is made of; it is made only where one is kept, which few of a million lines need."""


class Clock:
    """Dates the lines of one log file: the day from its name, rolled on where the time of day falls.

    A file is written in order of time, so a fall means that midnight has passed; the next file has a
    new date in its name.
    """

    __slots__ = ("_day", "_has_rolled", "_hours", "_known", "_last", "_midnight", "_previous", "_zone", "first")

    def __init__(self, day: date, zone: tzinfo, previous: float | None = None) -> None:
        """Begin a file of a day; `previous` is the moment of the last line of the file before it."""
        self._zone = zone
        self._day = day
        self._previous = previous
        self._last: int | None = None
        self._known: tuple[bytes, float] = (b"", 0.0)
        self._has_rolled = False
        self.first: tuple[bytes, float] | None = None
        """The first time it dated, and the moment that it took that for."""
        self._set_day(day)

    def set_back(self, before: Clock) -> None:
        """Stand as another clock does."""
        for name in self.__slots__:
            setattr(self, name, getattr(before, name))

    def goes_on_as(self, first: tuple[bytes, float]) -> bool:
        """Tell whether this clock and one that began with `first` stand alike once that time has come."""
        later = copy.copy(self)
        return later.at(first[0]) == first[1] and not later._has_rolled  # noqa: SLF001  its own copy

    def _set_day(self, day: date) -> None:
        self._day = day
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        self._midnight = midnight.timestamp()
        # by the hour, since two days a year have 23 or 25 of them
        self._hours = [midnight.replace(hour=hour).timestamp() for hour in range(24)]

    def at(self, time: bytes) -> float | None:
        """Return the moment of a time of day `HH:MM:SS`, None when there is no such time."""
        if time == self._known[0]:  # many lines fall into one second
            return self._known[1]
        hour, minute, second = int(time[:2]), int(time[3:5]), int(time[6:8])
        if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004
            return None
        seconds = hour * 3600 + minute * 60 + second
        if self._last is None:
            self._begin(hour, minute, second)
        elif seconds < self._last - _BACKWARDS:
            self._set_day(self._day + timedelta(days=1))
            self._has_rolled = True
        elif self._has_rolled and seconds > self._last + _DAY - _BACKWARDS:
            # a straggler of the evening before, written after the first line of the new day
            return self._midnight - (_DAY - seconds)
        self._last = seconds
        self._known = (time, self._hours[hour] + minute * 60 + second)
        self.first = self.first or self._known
        return self._known[1]

    def _begin(self, hour: int, minute: int, second: int) -> None:
        """Take a first line a whole day after the file before for a straggler of the evening before."""
        if self._previous is None:
            return
        ahead = self._hours[hour] + minute * 60 + second - self._previous
        if ahead > _DAY - _BACKWARDS / 2 and ahead - _DAY > -_BACKWARDS and hour == _LAST_HOUR:
            self._set_day(self._day - timedelta(days=1))


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
