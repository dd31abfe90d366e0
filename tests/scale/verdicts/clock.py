"""The wall clock of a drawn server, in the forms its log may write."""

from __future__ import annotations

from datetime import datetime, timedelta

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Clock:
    """Milliseconds since the first midnight, told as dates; the zone does not change within a drawn server."""

    def __init__(self, first_day: tuple[int, int, int], offset: str) -> None:
        self._first = datetime(*first_day)  # noqa: DTZ001 -- the wall clock of a server, its zone stands beside
        self._offset = offset
        self._stamps: dict[int, str] = {}

    def moment(self, at: int) -> datetime:
        return self._first + timedelta(seconds=at // 1000)

    def iso(self, at: int) -> str:
        return f"{self.moment(at):%Y-%m-%dT%H:%M:%S}{self._offset}"

    def digits(self, at: int) -> str:
        return f"{self.moment(at):%Y%m%d%H%M%S}"

    def date(self, at: int) -> str:
        return f"{self.moment(at):%Y%m%d}"

    def weekday(self, at: int) -> int:
        return self.moment(at).weekday()

    def epoch(self, at: int) -> float:
        """Give the moment for a file's time, as of Greenwich."""
        return datetime.fromisoformat(self.iso(at)).timestamp()

    def rfc822(self, at: int) -> str:
        ts = self.moment(at)
        return f"{DAYS[ts.weekday()]}, {ts.day:02d} {MONTHS[ts.month - 1]} {ts:%Y %H:%M:%S} {self._offset.replace(':', '')}"

    def stamp(self, at: int, form: str) -> str:
        """Write a moment as the log does; many lines are of one second."""
        second = at // 1000
        if second not in self._stamps:
            self._stamps[second] = self._stamp(at, form)
        return f"{self._stamps[second]}.{at % 1000:03d}" if form == "millis" else self._stamps[second]

    def _stamp(self, at: int, form: str) -> str:
        ts = self.moment(at)
        match form:
            case "iso":
                return f"{ts:%Y-%m-%dT%H:%M:%S}"
            case "slashed":
                return f"{ts:%Y/%m/%d %H:%M:%S}"
            case "rfc822":
                return self.rfc822(at)
            case _:
                return f"{ts:%H:%M:%S}"
