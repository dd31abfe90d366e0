"""Logs of the toy servers, read by what their kinds say and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line, LogKind, LogName, age_in
from breachkit.logs.syslog import PREFIX, read_head, split_syslog

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


def key_of(name: bytes, head: bytes, _text: bytes) -> bytes:
    """Tell the session of a line of a toy server that came through syslog; one of another is of none."""
    _, tag, pid = read_head(head)
    return pid if tag == name else b""


def read_mail_name(name: str) -> LogName | None:
    return LogName(age=age_in(name)) if re.fullmatch(r"mail\.log(?:\.\d)?", name) else None


def in_mail_log(kind: LogKind, name: bytes) -> LogKind:
    """Make of a kind the same through syslog, in the `mail.log` that all products of a machine write into."""
    key = partial(key_of, name)
    split_line = partial(split_syslog, key)
    syslog = "breachkit.logs.grammar:Syslog"
    return replace(kind, read_name=read_mail_name, split=split_line, prefix=PREFIX, grammar=syslog, key_of=key)


def moment_of(line: Line) -> datetime:
    assert isinstance(line.stamp, float)
    return datetime.fromtimestamp(line.stamp, UTC)
