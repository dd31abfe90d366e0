r"""Lines as syslog writes them, whichever daemon of a mail server sent them.

Two forms are in use: `Nov 12 01:35:05 host tag[pid]: text` (RFC 3164 §4.1: neither year nor zone), and the one that
rsyslog writes into files by default on Debian 12 and later, `2026-11-12T01:35:05.123456+00:00 host tag[pid]: text`
(RSYSLOG_FileFormat, its stamp by RFC 3339). A tag is what the daemon calls itself, slashes included.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from breachkit.logs.kinds import Line, LogName, Prefix, TimeOfDay, age_in
from breachkit.micros import is_possible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo
    from pathlib import Path

MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
A_MONTH = b"|".join(MONTHS)
"""As a regular expression of bytes."""
_NUMBERS = {month: number for number, month in enumerate(MONTHS, 1)}
_LINE = re.compile(
    rb"(?:(?P<month>" + A_MONTH + rb") (?P<day>[ \d]\d) (?P<time>\d\d:\d\d:\d\d)"
    rb"|(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?))"
    rb" (?P<head>[^\s\[\]]{0,254}[^\s\[\]:] [^\s\[\]:]{1,100}(?:\[\d{1,10}\])?): ?(?P<text>.*)",
    re.DOTALL,
)
PREFIX = Prefix(
    "MONTH DAY TIME HOST DAEMON[PROCESS]:",
    rb"(?:(?:" + A_MONTH + rb") [ \d]\d |\d{4}-\d\d-\d\dT)\d\d:\d\d:\d\d"
    rb"(?=[^\s\[\]]* [^\s\[\]]{0,254}[^\s\[\]:] [^\s\[\]:]{1,100}(?:\[\d{1,10}\])?:)",
)
"""Of every kind of log that comes through syslog: so the products that write into one file share it."""

_MAIL_NAME = re.compile(r"mail\.?log(?:[-.]\d{1,10})*(?:\.(?:gz|bz2|xz))?")
_MOST_NAMES = 2_000
_MAIL_PLACES = ("var/log", "log", "logs", ".")


def read_mail_name(name: str) -> LogName | None:
    """Read the name of what syslog keeps of mail: `mail.log.1`, `maillog-20261115`, `mail.log.2.gz`."""
    # a date is that of the last line; the stamps of the lines tell the first
    return LogName(age=age_in(name)) if _MAIL_NAME.fullmatch(name) else None


def first_named(folder: Path, root: Path, is_wanted: Callable[[str], object]) -> list[Path]:
    """List what lies in a folder and has a name that is wanted, in order; of the root, which may be a queue, not all.

    Raises OSError.
    """
    with os.scandir(folder) as entries:
        names = (entry.name for entry in islice(entries, _MOST_NAMES if folder == root else None))
        return [folder / name for name in sorted(filter(is_wanted, names))]


def find_named(root: Path, places: Iterable[str], is_wanted: Callable[[str], object]) -> Iterator[Path]:
    """List what is named so in some folders below a root, those left out that are not there or denied."""
    for folder in (root / place for place in places):
        if folder.is_dir():
            with suppress(PermissionError):
                yield from first_named(folder, root, is_wanted)


def find_mail_logs(root: Path) -> Iterator[Path]:
    """List what syslog has kept of mail below a root; not what it keeps of all daemons, which repeats these lines."""
    return find_named(root, _MAIL_PLACES, read_mail_name)


def day_of_year(month: bytes, day: bytes, time: bytes) -> TimeOfDay:
    """Read a stamp that says no year."""
    return TimeOfDay(time, _NUMBERS[month], int(day))


class Head(NamedTuple):
    """What stands between the stamp of a line and its text."""

    host: bytes
    tag: bytes
    pid: bytes
    """Empty where the daemon does not say it."""


@lru_cache(maxsize=4096)
def read_head(head: bytes) -> Head:
    """Split `HOST TAG[PID]`."""
    host, _, sender = head.rpartition(b" ")
    tag, _, pid = sender.partition(b"[")
    return Head(host, tag, pid[:-1])


def moment_in(stamp: bytes, zone: tzinfo) -> float | None:
    """Read a stamp of RFC 3339, whose zone is the given one where it names none; None where there is no such time."""
    try:
        moment = datetime.fromisoformat(stamp.decode())
    except ValueError:
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    return seconds if is_possible(seconds) else None


def split_syslog(key_of: Callable[[bytes, bytes], bytes], text: bytes, zone: tzinfo) -> Line | None:
    """Split a line, whose stamp has a zone or is of the given one; None when it is none of syslog."""
    found = _LINE.match(text)
    if not found:
        return None
    stamp = (
        day_of_year(found["month"], found["day"], found["time"])
        if found["iso"] is None
        else moment_in(found["iso"], zone)
    )
    return None if stamp is None else Line(key_of(found["head"], found["text"]), stamp, found["text"])
