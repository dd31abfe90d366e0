"""What the names of IceWarp's logs say, and what is left of that when people have renamed them.

`axyyyymmdd-nn.log` (vendor document): `a` type, `x` optional server id, date, `nn` rotation from 00. `s20220921.txt`
exists too.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from breachkit.records import Service

SERVICES: dict[str, Service] = {"s": "smtp", "p": "pop3", "m": "imap", "c": "web"}
"""Log types that are read. `c` is web and control, not "client" (vendor document)."""
_OTHERS = "efgi"
"""Those that are not: errors, FTP, groupware, instant messages."""

_NAME = re.compile(
    rf"(?P<type>[{''.join(SERVICES)}{_OTHERS}])(?P<node>[a-z]?\d*?)(?P<day>(?:19|20)\d{{6}})(?:-(?P<number>\d+))?"
    r"\.(?:log|txt)(?:\.(?:gz|bz2|xz))?",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    rf"(?<![a-z0-9])(?P<type>[{''.join(SERVICES)}{_OTHERS}])(?P<node>[a-z0-9]?)"
    r"(?P<day>(?:19|20)\d{6})(?!\d)(?:-(?P<number>\d{1,4})(?!\d))?",
    re.IGNORECASE,
)
"""The same within another name: `mail1_s20261120-00.log.1`."""
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)(?:-(\d{1,3})(?!\d))?")
_AGE = re.compile(r"\.(\d{1,3})(?:\.\w{1,4})?$")
_LOG_LIKE = re.compile(
    r"\.(?:log|txt|bak|old|gz|bz2|xz|zip|tar|tgz|tbz2?|txz|7z|rar|zst)(?:\.\d{1,3})?$", re.IGNORECASE
)
_MAYBE = re.compile(r"(?:19|20)\d\d[-_.]?\d\d|\.(?:[blotxz7r]\w{1,4}|gz|zip|zst)(?:\.|$)", re.IGNORECASE)
"""In every name that may be one of a log; asked of 200,000 names where the root is a queue."""
PACKED_NAME = re.compile(r"\.(?:gz|bz2|xz|zip|tar|tgz|tbz2?|txz)$", re.IGNORECASE)


class LogName(NamedTuple):
    """What the name of a log file says."""

    service: Service | None
    node: str
    day: date
    number: int


class Told(NamedTuple):
    """What any name says: less than that of a log does."""

    is_typed: bool = False
    """It says what the log tells of."""
    service: Service | None = None
    node: str = ""
    day: date | None = None
    number: int = 0
    age: int = 0
    """How often it was renamed since: `.log.2` is older than `.log.1`."""


def parse_name(name: str) -> LogName | None:
    """Read the name of a log file; None when it is none."""
    found = _NAME.fullmatch(name)
    written = found and _date(found["day"])
    if not found or not written:
        return None
    return LogName(SERVICES.get(found["type"].lower()), found["node"].lower(), written, int(found["number"] or 0))


def read_name(name: str) -> Told:
    """Read any name for what it may say of a log."""
    exact = parse_name(name)
    if exact is not None:
        return Told(True, *exact)
    aged = _AGE.search(name)
    age = int(aged[1]) if aged else 0
    for found in _WITHIN.finditer(name):
        written = _date(found["day"])
        if written:
            node = f"{name[: found.start()]}{found['node']}".strip("_-. ()").lower()
            service = SERVICES.get(found["type"].lower())
            return Told(True, service, node, written, int(found["number"] or 0), age)
    dates = {}
    for found in _DATE.finditer(name):
        written = _date(f"{found[1]}{found[3]}{found[4]}")
        if written:
            dates[written] = found
    if len(dates) != 1:
        return Told(age=age)  # none, or two: which one it is, the lines must tell
    ((day, found),) = dates.items()
    prefix = re.search(r"[a-z]{1,16}\d{1,3}(?=[-_]$)", name[: found.start()], re.IGNORECASE)
    return Told(node=prefix[0].lower() if prefix else "", day=day, number=int(found[5] or 0), age=age)


def _date(digits: str) -> date | None:
    with suppress(ValueError):
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return None


def may_be_log(name: str) -> bool:
    """Tell whether a file that lies anywhere is worth a look, by its name."""
    if not _MAYBE.search(name):
        return False
    told = read_name(name)
    if re.search(r"\.(?:tar(?:\.\w+)?|t[gbx]z2?)$", name, re.IGNORECASE):
        return told.is_typed or "log" in name.lower()  # else a backup of everything would be unpacked
    return told.day is not None or bool(_LOG_LIKE.search(name))
