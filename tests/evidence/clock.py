"""The server's wall clock, in all the ways a log may write it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from .knobs import Stamp

ROME = ZoneInfo("Europe/Rome")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def at(day: int, clock: str, month: int = 11, year: int = 2026) -> datetime:
    """Give the moment of `clock` (HH:MM or HH:MM:SS) on a day, in Rome."""
    hour, minute, second = (*(int(part) for part in clock.split(":")), 0)[:3]
    return datetime(year, month, day, hour, minute, second, tzinfo=ROME)


def later(ts: datetime, seconds: float) -> datetime:
    """Add elapsed time: across UTC, because Rome changes its clocks."""
    return (ts.astimezone(UTC) + timedelta(seconds=seconds)).astimezone(ROME)


def seconds_between(start: datetime, end: datetime) -> float:
    return (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds()


def rfc822(ts: datetime) -> str:
    return f"{DAYS[ts.weekday()]}, {ts.day:02d} {MONTHS[ts.month - 1]} {ts:%Y %H:%M:%S %z}"


def iso(ts: datetime) -> str:
    return ts.replace(microsecond=0).isoformat()


def stamped(ts: datetime, form: Stamp) -> str:
    match form:
        case Stamp.TIME:
            return f"{ts:%H:%M:%S}"
        case Stamp.MILLIS:
            return f"{ts:%H:%M:%S}.{ts.microsecond // 1000:03d}"
        case Stamp.ISO:
            return f"{ts:%Y-%m-%dT%H:%M:%S}"
        case Stamp.SLASHED:
            return f"{ts:%Y/%m/%d %H:%M:%S}"
        case Stamp.RFC822:
            return rfc822(ts)
