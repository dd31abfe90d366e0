"""One line of an IceWarp log: `PEER [THREAD] STAMP TEXT`, and the clock that dates it.

Real lines of 10.3.1: the peer padded to 16 columns, a thread id of 4 or 8 hex digits in brackets, a
stamp, the text. The stamp format is a setting with four values of which two have public samples; four
forms are accepted. Most carry no date: it is in the file's name.
"""

from __future__ import annotations

import copy
import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.micros import is_possible

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.servers import LogFile

RECEIVED = b"<<<"
SENT = b">>>"

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
ALIEN_LINE = "log line without 'ADDRESS [THREAD] TIME'"

TIME_OF_DAY = re.compile(rb"\d\d:\d\d:\d\d")
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DAY = 86_400
_QUARTER = 900
_LAST_HOUR = 23
_BACKWARDS = 2 * 3_600
"""A time of day that falls by more than this has passed midnight; less is two threads or a clock put back."""
_THREADS = 60
"""One that falls by more than this, in the hour that summer time's end repeats, is of its second pass."""
_LATE = 120
"""Seconds after its last line within which a log is written to the disk."""


Place = tuple[str, int, int]
"""What a Locus is made of; it is made only where one is kept, which few of a million lines need."""


class Clock:
    """Dates the lines of one log file: the day from its name, rolled on where the time of day falls.

    A file is written in order of time, so a fall means that midnight has passed; the next file has a
    new date in its name. Where summer time ends an hour is there twice: a fall within it begins the second.
    """

    __slots__ = (
        *("_day", "_fold", "_has_rolled", "_known", "_last", "_midnight", "_previous", "_quarters", "_zone"),
        "first",
    )

    def __init__(self, day: date, zone: tzinfo, previous: float | None = None) -> None:
        """Begin a file of a day; `previous` is the moment of the last line of the file before it."""
        self._zone = zone
        self._day = day
        self._previous = previous
        self._last: int | None = None
        self._known: tuple[bytes, float] = (b"", 0.0)
        self._has_rolled = False
        self._fold: Literal[0, 1] = 0
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

    def agrees(self, other: Clock, time: bytes | None) -> bool:
        """Tell whether two clocks stand alike once a time of day has come; they do where none comes."""
        if time is None:
            return True
        one, two = copy.copy(self), copy.copy(other)
        return one.at(time) == two.at(time) and (one._day, one._has_rolled, one._fold) == (two._day, two._has_rolled, two._fold)

    def _set_day(self, day: date) -> None:
        self._day = day
        self._midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp()
        self._set_fold(0)

    def _set_fold(self, fold: Literal[0, 1]) -> None:
        self._fold = fold
        day = datetime(self._day.year, self._day.month, self._day.day, tzinfo=self._zone, fold=fold)
        # by the quarter, since two days a year have 23 or 25 hours, or where half an hour is put back, half of one more
        self._quarters = [
            day.replace(hour=hour, minute=minute).timestamp() for hour in range(24) for minute in (0, 15, 30, 45)
        ]

    def _moment(self, seconds: int) -> float:
        # second 60 of 23:59 is there, too
        quarter = min(seconds // _QUARTER, len(self._quarters) - 1)
        return self._quarters[quarter] + seconds - quarter * _QUARTER

    def at(self, time: bytes) -> float | None:
        """Return the moment of a time of day `HH:MM:SS`, None when there is no such time."""
        if time == self._known[0]:  # many lines fall into one second
            return self._known[1]
        hour, minute, second = int(time[:2]), int(time[3:5]), int(time[6:8])
        if hour > 23 or minute > 59 or second > 60:  # noqa: PLR2004
            return None
        seconds = hour * 3600 + minute * 60 + second
        if self._last is None:
            self._begin(seconds)
        elif seconds < self._last - _BACKWARDS:
            self._set_day(self._day + timedelta(days=1))
            self._has_rolled = True
        elif self._has_rolled and seconds > self._last + _DAY - _BACKWARDS:
            # a straggler of the evening before, written after the first line of the new day
            return self._midnight - (_DAY - seconds)
        elif seconds < self._last - _THREADS:
            self._put_back(seconds)
        self._last = seconds
        self._known = (time, self._moment(seconds))
        self.first = self.first or self._known
        return self._known[1]

    def _begin(self, seconds: int) -> None:
        """Hold a first line against the file before: a whole day later it is a straggler of the evening before."""
        if self._previous is None:
            return
        ahead = self._moment(seconds) - self._previous
        if abs(ahead - _DAY) < _BACKWARDS / 2 and seconds >= _LAST_HOUR * 3600:
            self._set_day(self._day - timedelta(days=1))
        elif -_BACKWARDS < ahead < -_THREADS:
            self._put_back(seconds)

    def _put_back(self, seconds: int) -> None:
        """Take a time that falls for one of the second pass of an hour, where that hour is there twice."""
        first = self._moment(seconds)
        if not self._fold:
            self._set_fold(1)
            if self._moment(seconds) <= first:
                self._set_fold(0)


def day_of(log: LogFile, zone: tzinfo | None) -> date:
    """Return the day of the first line of a log: what is known of it, else told by when it was last written to.

    Args:
        log: the log.
        zone: of its server; None for that of this machine.
    """
    if log.day is not None:
        return log.day
    end = datetime.fromtimestamp(log.mtime, zone)
    midnights, last = log.tail
    is_behind = last > end.hour * 3600 + end.minute * 60 + end.second + _LATE
    return end.date() - timedelta(days=midnights + is_behind)


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
