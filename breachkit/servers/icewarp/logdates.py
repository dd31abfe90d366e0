"""The day of a log whose name says none: told by its lines.

Most lines have a time of day only. The greeting that the server sends to each client holds a date, and nobody else
can write one there.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from breachkit.servers.icewarp.lines import split_line
from breachkit.servers.icewarp.logtext import MOST_RUNS, read_lines

if TYPE_CHECKING:
    from datetime import date

    from breachkit.logs.kinds import LogFile
    from breachkit.servers.icewarp.logtext import Line

_GREETING = re.compile(rb">>> 220 .*; (?:[A-Za-z]{3}, )?(\d{1,2} [A-Za-z]{3} \d{4}) (\d\d:\d\d:\d\d)")
_NEARBY = 5
"""Seconds between the stamp of the line that greets, and the time in the greeting."""
_DAY = 86_400
_MIDNIGHT = 2 * 3600
"""A time of day that falls by more than this has passed midnight: see `lines.Clock`."""


class Dated(NamedTuple):
    """The day of the first line of a log, and what tells it."""

    day: date | None
    tail: tuple[int, int]
    """See `LogFile`."""
    by: str | None
    """What a reader must be told; None where each line has its own date, or there is none."""
    parts: tuple[tuple[date, tuple[int, int, int]], ...] = ()
    """Where it holds lines of several days that do not follow from its clock: the day of each run of them."""


GREETINGS = "the server's greetings in the lines"
LAST_WRITTEN = "when the file was last written to"


def date_of(log: LogFile) -> Dated:
    """Tell the day of a log by its lines: by their stamps, else by the greetings, which the server dates.

    Several logs may have been put together: where a greeting tells another day than the clock, which goes on to the
    next day where it falls, another part of it began at the greatest leap since the greeting before.

    Raises one of `files.broken()`.
    """
    days = _Days()
    end = 0
    for line in read_lines(log):
        end = line.end
        parts = split_line(line.text, UTC)
        if parts is None:
            continue
        if parts.ts is not None:
            return Dated(datetime.fromtimestamp(parts.ts, UTC).date(), (0, 0), None)
        days.pass_line(line, _seconds(parts.time or b"0:0:0"))
        greeted = _GREETING.match(line.text, parts.begin)
        if greeted:
            days.greet(greeted[1], _seconds(greeted[2]))
    if days.day is None:
        return Dated(None, (days.midnights, days.last or 0), None if days.last is None else LAST_WRITTEN)
    begins = days.begins
    ends = [*(begin for _, begin, _ in begins[1:]), end]
    runs = [(day, (begin, stop, first)) for (day, begin, first), stop in zip(begins, ends, strict=True)]
    return Dated(begins[0][0], (0, 0), GREETINGS, tuple(runs) if len(runs) > 1 and not log.form.runs else ())


def _seconds(time: bytes) -> int:
    hour, minute, second = map(int, time.split(b":"))
    return hour * 3600 + minute * 60 + second


class _Days:
    """The days of a log, by its greetings."""

    def __init__(self) -> None:
        self.last: int | None = None
        self.midnights = 0
        """Since the last greeting, or the beginning."""
        self.day: date | None = None
        """Of the last greeting."""
        self.begins: list[tuple[date, int, int]] = []
        """The day of the first line of each part, where that begins, and its number."""
        self._leap = (-1, 0, 1, 0)
        """The greatest since the last greeting: its size, the place and number of the line, midnights behind it."""

    def pass_line(self, line: Line, seconds: int) -> None:
        """Go on by a line."""
        if self.last is not None:
            ahead = seconds - self.last
            is_midnight = ahead < -_MIDNIGHT
            self.midnights += is_midnight
            size = ahead if ahead >= -_NEARBY else _DAY - ahead
            leap, offset, number, behind = self._leap
            is_greater = size > leap
            self._leap = (
                (size, line.offset, line.number, 0) if is_greater else (leap, offset, number, behind + is_midnight)
            )
        self.last = seconds

    def greet(self, spelled: bytes, seconds: int) -> None:
        """Take the date and the time of a greeting, which is the last line that was passed."""
        if self.last is None or abs(seconds - self.last) > _NEARBY:
            return
        try:
            told = datetime.strptime(spelled.decode(), "%d %b %Y").date()  # noqa: DTZ007  a day
        except ValueError:
            return
        if self.day is None:
            self.begins.append((told - timedelta(days=self.midnights), 0, 1))
        elif told != self.day + timedelta(days=self.midnights) and len(self.begins) < MOST_RUNS:
            _, offset, number, behind = self._leap
            self.begins.append((told - timedelta(days=behind), offset, number))
        self.day, self.midnights, self._leap = told, 0, (-1, 0, 1, 0)
