"""One value of a partial result, believed only by type and length: the file may be a forger's.

Each function returns the value it was given, or raises ValueError. What they let pass is what the readers of
breachkit make themselves, with room to spare.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from breachkit.nodes.partial import EPOCH, MICROSECOND

LONGEST_TEXT = 1 << 20
"""Characters: one address may fill a head of a message, of which 1 MiB is read."""

LONGEST_LIST = 1 << 20
"""Values: so may recipients."""

MOST = 1 << 48
"""Counts, sizes and offsets: 256 TiB, and 32,768 of them can be added up in 64 bits."""

EARLIEST, LATEST = datetime(1700, 1, 1, tzinfo=UTC), datetime(2250, 1, 1, tzinfo=UTC)
"""What pandas holds in nanoseconds, with room for a clock set wrong."""


def text(value: Any) -> str:
    """Take a text."""
    if type(value) is not str or len(value) > LONGEST_TEXT:
        raise ValueError("no text, or one too long")
    return value


def text_or_none(value: Any) -> str | None:
    """Take a text, or what is unknown."""
    return None if value is None else text(value)


def number(value: Any) -> int:
    """Take a count, a size or an offset: no negative one."""
    if type(value) is not int or not 0 <= value <= MOST:
        raise ValueError("no count")
    return value


def flag(value: Any) -> bool:
    """Take a yes or no."""
    if type(value) is not bool:
        raise ValueError("neither true nor false")
    return value


def row(value: Any) -> list[Any]:
    """Take a list, of anything."""
    if type(value) is not list or len(value) > LONGEST_LIST:
        raise ValueError("no list, or one too long")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Take a list of texts."""
    return tuple(text(one) for one in row(value))


def one_of(value: Any, *allowed: str) -> Any:
    """Take one of a few words."""
    if value not in allowed or type(value) is not str:
        raise ValueError("an unknown word")
    return value


def moment(value: Any) -> datetime:
    """Take a time in microseconds since the epoch. Raises OverflowError too, for no year of ours."""
    if type(value) is not int:
        raise ValueError("no time")
    ts = EPOCH + value * MICROSECOND
    if not EARLIEST <= ts <= LATEST:
        raise ValueError("no time of our calendar")
    return ts


def seconds_or_none(value: Any) -> float | None:
    """Take a time in seconds since the epoch, or what is unknown."""
    if value is None:
        return None
    if type(value) not in {int, float} or not math.isfinite(value):
        raise ValueError("no time")
    moment(int(value) * 1_000_000)
    return float(value)


def fingerprint_or_none(value: Any) -> bytes | None:
    """Take the fingerprint of a secret, 8 bytes in hex, or what is unknown."""
    if value is None:
        return None
    if len(text(value)) != 16:  # noqa: PLR2004  8 bytes
        raise ValueError("no fingerprint")
    return bytes.fromhex(value)
