"""Logs of the toy servers, read by what their kinds say and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line, LogKind, LogName, age_in
from breachkit.logs.syslog import PREFIX, split_syslog

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


def split_mail(name: bytes, text: bytes, zone: tzinfo) -> Line | None:
    """Split a line of a toy server that came through syslog."""
    found = split_syslog(text, zone)
    return None if found is None or found.tag != name else Line(found.pid, found.stamp, found.text)


def read_mail_name(name: str) -> LogName | None:
    return LogName(age=age_in(name)) if re.fullmatch(r"mail\.log(?:\.\d)?", name) else None


def in_mail_log(kind: LogKind, name: bytes) -> LogKind:
    """Make of a kind the same through syslog, in the `mail.log` that all products of a machine write into."""
    return replace(kind, read_name=read_mail_name, split=partial(split_mail, name), prefix=PREFIX)


def moment_of(line: Line) -> datetime:
    assert isinstance(line.stamp, float)
    return datetime.fromtimestamp(line.stamp, UTC)
