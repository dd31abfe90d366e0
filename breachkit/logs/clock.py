"""When a line was written: most stamps lack the date, which the name of the file, a greeting or its age tells."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.logs.kinds import date_in
from breachkit.logs.logtext import MOST_RUNS, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from breachkit.logs.kinds import LogFile, TimeOfDay
    from breachkit.logs.logtext import RawLine, Run

_DAY = 86_400
_QUARTER = 900
_LAST_HOUR = 23
_BACKWARDS = 2 * 3_600
"""A time of day that falls by more than this has passed midnight; less is two threads or a clock put back."""
_THREADS = 60
"""One that falls by more than this, in the hour that summer time's end repeats, is of its second pass."""
_LATE = 120
"""Seconds after its last line within which a log is written to the disk."""
_NEARBY = 5
"""Seconds between the stamp of a line in which the server writes a date, and the time with that."""


class Clock:
    """Dates the lines of one log file: the day from its name, rolled on where the time of day falls.

    A file is written in order of time, so a fall means that midnight has passed; the next file has a
    new date in its name. Where summer time ends an hour is there twice: a fall within it begins the second.
    """

    __slots__ = ("_day", "_fold", "_has_rolled", "_known", "_last", "_midnight", "_previous", "_quarters", "_zone")

    def __init__(self, day: date, zone: tzinfo, previous: float | None = None) -> None:
        """Begin a file of a day; `previous` is the moment of the last line of the file before it."""
        self._zone = zone
        self._day = day
        self._previous = previous
        self._last: int | None = None
        self._known: tuple[bytes, float] = (b"", 0.0)
        self._has_rolled = False
        self._fold: Literal[0, 1] = 0
        self._set_day(day)

    def agrees(self, other: Clock, stamp: TimeOfDay | None) -> bool:
        """Tell whether two clocks stand alike once a stamp has come; they do where none comes."""
        if stamp is None:
            return True
        one, two = copy.copy(self), copy.copy(other)
        return one.moment_of(stamp) == two.moment_of(stamp) and all(
            getattr(one, name) == getattr(two, name) for name in ("_day", "_fold", "_has_rolled", "_last")
        )

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
        if hour > 23 or minute > 59 or second > 60:
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
        return self._known[1]

    def moment_of(self, stamp: TimeOfDay) -> float | None:
        """Return the moment of a stamp; where it says the day, its year is that nearest to the line before.

        None when there is no such time.
        """
        if stamp.month and (stamp.month, stamp.day) != (self._day.month, self._day.day):
            years = range(self._day.year - 1, self._day.year + 2)
            days = [day for year in years if (day := _date(year, stamp.month, stamp.day))]
            if not days:
                return None
            self._set_day(min(days, key=lambda day: abs(day - self._day)))
            self._last = self._previous = None
            self._known, self._has_rolled = (b"", 0.0), False
        return self.at(stamp.time)

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


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


class Dated(NamedTuple):
    """The day of the first line of a log, and what tells it."""

    day: date | None
    tail: tuple[int, int] = (0, 0)
    """See `LogFile`."""
    by: str | None = None
    """What a reader must be told, `%s` being the log; None where each line has its own date, or there is none."""
    parts: tuple[tuple[date, Run], ...] = ()
    """Where it holds lines of several days that do not follow from its clock: the day of each run of them."""


GREETINGS = "the day of %s is taken from the server's greetings in the lines, since no name says it"
LAST_WRITTEN = "the day of %s is taken from when the file was last written to, since no name says it"
NEIGHBOURS = timedelta(days=31)
"""Between logs that lie together."""
BESIDE = "the year of %s is taken from the logs beside it, since no line says it"
YEAR = "the year of %s is taken from when the file was last written to, since no line says it"


def date_of(log: LogFile) -> Dated:
    """Tell the day of a log by its lines: by their stamps, else by the dates that the server writes in some of them.

    Several logs may have been put together: where such a date tells another day than the clock, which goes on to the
    next day where it falls, another part of it began at the greatest leap since the date before.

    Raises OSError.
    """
    days, split, read_date = _Days(), log.kind.split, log.kind.read_date
    end, last = 0, b""
    for raw in read_lines(log):
        end = raw.end
        line = split(raw.text, UTC)
        if line is None or line.stamp is None:
            continue
        if isinstance(line.stamp, float):
            return Dated(datetime.fromtimestamp(line.stamp, UTC).date())
        if line.stamp.month:
            return _dated_by_year(log, line.stamp)
        if line.stamp.time != last:  # many lines fall into one second
            last = line.stamp.time
            days.pass_line(raw, int(last[:2]) * 3600 + int(last[3:5]) * 60 + int(last[6:]))
        written = read_date and read_date(line)
        if written:
            days.take(written)
    if days.day is None:
        return Dated(None, (days.midnights, days.last or 0), None if days.last is None else LAST_WRITTEN)
    begins = days.begins
    ends = [*(begin for _, begin, _ in begins[1:]), end]
    runs = [(day, (begin, stop, first)) for (day, begin, first), stop in zip(begins, ends, strict=True)]
    return Dated(begins[0][0], (0, 0), GREETINGS, tuple(runs) if len(runs) > 1 and not log.form.runs else ())


def _dated_by_year(log: LogFile, stamp: TimeOfDay) -> Dated:
    """Take the latest year in which the day was there when the log was renamed or written to, or a day after."""
    named = date_in(log.path.name)
    end = (named or datetime.fromtimestamp(log.mtime, UTC).date()) + timedelta(days=1)
    days = (_date(year, stamp.month, stamp.day) for year in range(end.year, end.year - 9, -1))  # 29 February
    return Dated(next((day for day in days if day and day <= end), None), by=YEAR if named is None else None)


def year_beside(day: date, beside: Iterable[date]) -> date | None:
    """Return a day in the one year in which it is near to days of other logs; None where there is none such."""
    near: set[date] = set()
    for other in beside:
        moved = (_date(year, day.month, day.day) for year in range(other.year - 1, other.year + 2))
        near.update(one for one in moved if one and abs(one - other) < NEIGHBOURS)
    return near.pop() if len(near) == 1 else None


class _Days:
    """The days of a log, by the dates in its lines."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.midnights = 0
        """Since the last date, or the beginning."""
        self.day: date | None = None
        """The last date."""
        self.begins: list[tuple[date, int, int]] = []
        """The day of the first line of each part, where that begins, and its number."""
        self._leap = (-1, 0, 1, 0)
        """The greatest since the last date: its size, the place and number of the line, midnights behind it."""

    def pass_line(self, line: RawLine, seconds: int) -> None:
        """Go on by a line."""
        if self.last is not None:
            ahead = seconds - self.last
            is_midnight = ahead < -_BACKWARDS
            self.midnights += is_midnight
            size = ahead if ahead >= -_NEARBY else _DAY - ahead
            leap, offset, number, behind = self._leap
            is_greater = size > leap
            self._leap = (
                (size, line.offset, line.number, 0) if is_greater else (leap, offset, number, behind + is_midnight)
            )
        self.last = seconds

    def take(self, written: datetime) -> None:
        """Take a date of the last line that was passed."""
        seconds = written.hour * 3600 + written.minute * 60 + written.second
        if self.last is None or abs(seconds - self.last) > _NEARBY:
            return
        told = written.date()
        if self.day is None:
            self.begins.append((told - timedelta(days=self.midnights), 0, 1))
        elif told != self.day + timedelta(days=self.midnights) and len(self.begins) < MOST_RUNS:
            _, offset, number, behind = self._leap
            self.begins.append((told - timedelta(days=behind), offset, number))
        self.day, self.midnights, self._leap = told, 0, (-1, 0, 1, 0)
