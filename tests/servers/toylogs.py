"""Logs of the toy servers, read by what their kinds say and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line

if TYPE_CHECKING:
    from datetime import tzinfo


_LINE = re.compile(rb"(\w+)\[(\d+)\]: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.+)")


def split(name: bytes, text: bytes, zone: tzinfo) -> Line | None:
    """Split a line of a toy server."""
    found = _LINE.fullmatch(text)
    if found is None or found[1] != name:
        return None
    stamp = datetime.strptime(found[3].decode(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    return Line(found[2], stamp.timestamp(), found[4])


def moment_of(line: Line) -> datetime:
    assert isinstance(line.stamp, float)
    return datetime.fromtimestamp(line.stamp, UTC)
