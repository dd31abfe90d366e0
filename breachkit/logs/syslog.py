r"""Lines as syslog writes them, whichever daemon of a mail server sent them.

Two forms are in use: `Nov 12 01:35:05 host tag[pid]: text` (RFC 3164 §4.1: neither year nor zone), and the one that
rsyslog writes into files by default on Debian 12 and later, `2026-11-12T01:35:05.123456+00:00 host tag[pid]: text`
(RSYSLOG_FileFormat, its stamp by RFC 3339). A tag is what the daemon calls itself, slashes included.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from breachkit.logs.kinds import Prefix, TimeOfDay
from breachkit.micros import is_possible

if TYPE_CHECKING:
    from datetime import tzinfo

_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_LINE = re.compile(
    rb"(?:(?P<month>" + _MONTHS.replace(b" ", b"|") + rb") (?P<day>[ \d]\d) (?P<time>\d\d:\d\d:\d\d)"
    rb"|(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?))"
    rb" (?P<host>[^\s\[\]]{1,255}) (?P<tag>[^\s\[\]:]{1,100})(?:\[(?P<pid>\d{1,10})\])?: ?(?P<text>.*)",
    re.DOTALL,
)
PREFIX = Prefix(
    "MONTH DAY TIME HOST DAEMON[PROCESS]:",
    rb"(?:(?:" + _MONTHS.replace(b" ", b"|") + rb") [ \d]\d |\d{4}-\d\d-\d\dT)\d\d:\d\d:\d\d",
)
"""Of every kind of log that comes through syslog: so the products that write into one file share it."""


class SyslogLine(NamedTuple):
    """A line of syslog, split."""

    stamp: float | TimeOfDay
    host: bytes
    tag: bytes
    pid: bytes
    """Empty where the daemon does not say it."""
    text: bytes


def split_syslog(text: bytes, zone: tzinfo) -> SyslogLine | None:
    """Split a line, whose stamp has a zone or is of the given one; None when it is none of syslog."""
    found = _LINE.match(text)
    if not found:
        return None
    stamp: float | TimeOfDay
    if found["iso"] is None:
        stamp = TimeOfDay(found["time"], _MONTHS.split().index(found["month"]) + 1, int(found["day"]))
    else:
        try:
            moment = datetime.fromisoformat(found["iso"].decode())
        except ValueError:
            return None
        stamp = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
        if not is_possible(stamp):
            return None
    return SyslogLine(stamp, found["host"], found["tag"], found["pid"] or b"", found["text"])
