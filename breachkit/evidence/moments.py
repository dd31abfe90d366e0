"""A time, an age and a time zone, as people type them: one way to read each, wherever one is asked for.

Day and month in figures are read in the only order that gives a date; `.` stands between day and month in this order
everywhere it is used. `05/11/2026` is two days, six months apart, to people of two continents: it is refused with both
spelled out, since a wrong one would leave out, or purge, other messages without a word.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from breachkit.errors import UsageError
from breachkit.micros import EPOCH, LATEST

if TYPE_CHECKING:
    from datetime import tzinfo

_NOON = 12
_AGE = re.compile(r"-?\s*(\d{1,6})\s*([a-z]+)(?:\s+(?:ago|fa))?")
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "secondo", "secondi"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuto", "minuti"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "ora", "ore"), 3600),
    **dict.fromkeys(("d", "day", "days", "g", "giorno", "giorni"), 86_400),
    **dict.fromkeys(("w", "week", "weeks", "settimana", "settimane"), 604_800),
}
_DAYS_AGO = {"today": 0, "oggi": 0, "yesterday": 1, "ieri": 1}
_NOW = frozenset({"now", "adesso", "ora"})
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH_OF = {name: number for number, name in enumerate(_MONTHS, 1)}
_MONTH_OF |= {"gen": 1, "mag": 5, "giu": 6, "lug": 7, "ago": 8, "set": 9, "ott": 10, "dic": 12}
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|gio|ven|sab|dom)[a-zì]*\.?,?\s+(?=\d)")
_DATES = (
    re.compile(r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})"),
    re.compile(r"(?P<day>\d{1,2})(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<year>\d{4})"),
    re.compile(r"(?P<day>\d{1,2})[ -](?P<name>[a-z]{3,9})\.?,?[ -](?P<year>\d{4})"),
    re.compile(r"(?P<name>[a-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})"),
    re.compile(rf"(?P<word>{'|'.join(_DAYS_AGO)})"),
)
_CLOCK = re.compile(
    r"(?:(?:[t,]\s*|\s+)(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,]\d{1,9})?)?"
    r"(?:\s*(?P<half>[ap])\.?m\.?)?)?(?:\s*(?P<zone>z|(?:utc|gmt)?[+-]\d\d:?\d\d|(?:utc|gmt)(?:[+-]\d{1,2})?))?"
)
_OFFSET = re.compile(r"(?:utc|gmt)?\s*(?:([+-])\s*(\d{1,2})(?::?([0-5]\d))?)?")
_FARTHEST = timedelta(hours=14)


def read_moment(option: str, text: str, zone: tzinfo, now: datetime | None = None) -> datetime:
    """Read a time, or an age counted back from now. Raises UsageError, UsageError.

    Args:
        option: what it was given to.
        text: as typed; a date alone is its beginning.
        zone: of a time that names none.
        now: the moment ages are counted back from; None asks the clock.
    """
    now = now or datetime.now(UTC)
    plain = " ".join(text.lower().split())
    if plain in _NOW:
        return now.astimezone(zone)
    age = _AGE.fullmatch(plain)
    try:
        if age is not None and age[2] in _UNITS:
            return max(now - timedelta(seconds=int(age[1]) * _UNITS[age[2]]), EPOCH).astimezone(zone)
        ts = _read_time(option, text, plain, now.astimezone(zone))
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option} '{text}' is no time and no age; write 2026-11-20, 2026-11-20T08:45, 20.11.2026 or yesterday, or"
            " an age: 90m, 12h, 3d"
        ) from None
    # no evidence is beyond, and what lies at the ends of the calendar has no time in other zones
    return min(max(ts if ts.tzinfo is not None else ts.replace(tzinfo=zone), EPOCH), LATEST).astimezone(zone)


def _read_time(option: str, text: str, plain: str, now: datetime) -> datetime:
    """Read a date, perhaps with a time and a zone behind it. Raises ValueError, UsageError."""
    for start in {0, (weekday.end() if (weekday := _WEEKDAY.match(plain)) else 0)}:
        for pattern in _DATES:
            found = pattern.match(plain, start)
            clock = _CLOCK.fullmatch(plain, found.end()) if found is not None else None
            if found is not None and clock is not None:
                return _at(_read_day(option, text, found, now.date()), clock)
    return datetime.fromisoformat(plain.upper())


def _read_day(option: str, text: str, found: re.Match[str], today: date) -> date:
    """Make a day of what a pattern found. Raises ValueError, UsageError."""
    said = found.groupdict()
    if said.get("word"):
        return today - timedelta(days=_DAYS_AGO[said["word"]])
    year, day = int(said["year"]), int(said["day"])
    if said.get("name"):
        return date(year, _MONTH_OF.get(said["name"][:3], 0), day)
    month, is_year_first = int(said["month"]), found.start("year") < found.start("day")
    may_be_turned = not is_year_first and said["sign"] != "."
    if may_be_turned and max(day, month) <= len(_MONTHS) and day != month:
        days = f"{date(year, month, day)} or {date(year, day, month)}"
        raise UsageError(f"{option} '{text}' may be two days; write {days}")
    if may_be_turned and month > len(_MONTHS):
        day, month = month, day
    return date(year, month, day)


def _at(day: date, clock: re.Match[str]) -> datetime:
    """Add the time of day, and its zone if one was named. Raises ValueError."""
    hour = int(clock["hour"] or 0)
    if clock["half"]:
        if not 1 <= hour <= _NOON:
            raise ValueError(hour)
        hour = hour % _NOON + (_NOON if clock["half"] == "p" else 0)
    zone = _read_offset(clock["zone"].removeprefix("z")) if clock["zone"] else None
    return datetime.combine(day, time(hour, int(clock["minute"] or 0), int(clock["second"] or 0)), zone)


class Zone(NamedTuple):
    """A time zone, and its name as it is shown."""

    zone: tzinfo
    name: str


def read_zone(name: str | None) -> Zone:
    """Read a time zone: `Europe/Rome`, `CET`, `+01:00`, `UTC+1`, or a name of Windows; None is the machine's own.

    Raises:
        UsageError: it is none; abbreviations that several zones have are not guessed at.
    """
    if name is None:
        from tzlocal import get_localzone_name

        name = get_localzone_name() or "UTC"
    plain = " ".join(name.split())
    try:
        offset = _read_offset(plain.lower()) if plain else None
        if offset is not None:
            return Zone(offset, "UTC" if offset is UTC else str(offset))
        known = _known_zone(plain)
        return Zone(ZoneInfo(known), known)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"unknown time zone '{name}'; use a name such as Europe/Rome or UTC, or the offset: +01:00"
        ) from None


def _read_offset(text: str) -> timezone | None:
    """Read the distance from UTC; None when the text names a zone. Raises ValueError when no place has it."""
    found = _OFFSET.fullmatch(text)
    if found is None and text != "z":
        return None
    if found is None or found[1] is None:
        return UTC
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if offset > _FARTHEST:
        raise ValueError(text)
    return timezone(offset if found[1] == "+" else -offset) if offset else UTC


def _known_zone(name: str) -> str:
    """Spell a zone as the database does: in any case, or by its name on Windows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        from zoneinfo import available_timezones

        from tzlocal.windows_tz import win_tz

        spelled = {known.lower(): known for known in available_timezones()}
        windows = {known.lower(): zone for known, zone in win_tz.items()}
        return spelled.get(name.lower().replace(" ", "_")) or windows.get(name.lower(), name)
    return name
