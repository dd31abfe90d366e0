"""What the name of a log says that people have renamed, and which files are worth a look by their names."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from breachkit.logs.kinds import LogName

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.logs.kinds import LogKind

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)(?:-(\d{1,3})(?!\d))?")
_NODE = re.compile(r"[a-z]{1,16}\d{1,3}(?=[-_]$)", re.IGNORECASE)
_AGE = re.compile(r"\.(\d{1,3})(?:\.\w{1,4})?$")
_ENDING = re.compile(r"\.(?:log|txt|bak|old|gz|bz2|xz|zip|tar|tgz|tbz2?|txz|7z|rar|zst)(?:\.\d{1,3})?$", re.IGNORECASE)
_TAR = re.compile(r"\.(?:tar(?:\.\w+)?|t[gbx]z2?)$", re.IGNORECASE)
_MAYBE = re.compile(r"log|(?:19|20)\d\d[-_.]?\d\d|\.(?:[blotxz7r]\w{1,4}|gz|zip|zst)(?:\.|$)", re.IGNORECASE)
"""In every name that may be one of a log; asked of 200,000 names where the root is a queue."""
PACKED_NAME = re.compile(r"\.(?:gz|bz2|xz|zip|tar|tgz|tbz2?|txz)$", re.IGNORECASE)


def day_in(digits: str) -> date | None:
    """Read `YYYYMMDD`; None where that is no date."""
    with suppress(ValueError):
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return None


def age_in(name: str) -> int:
    """Tell how often a log was renamed since it was written: 2 of `.log.2`."""
    aged = _AGE.search(name)
    return int(aged[1]) if aged else 0


def read_name(name: str, kinds: Iterable[LogKind]) -> LogName:
    """Read any name: what the kind that knows it for one of its own says, else what a date in it does."""
    for kind in kinds:
        told = kind.read_name(name)
        if told is not None:
            return told._replace(kind=kind)
    dates = {day: found for found in _DATE.finditer(name) if (day := day_in(f"{found[1]}{found[3]}{found[4]}"))}
    if len(dates) != 1:
        return LogName(age=age_in(name), is_exact=False)  # none, or two: which one it is, the lines must tell
    ((day, found),) = dates.items()
    node = _NODE.search(name[: found.start()])
    return LogName(node[0].lower() if node else "", day, int(found[5] or 0), age_in(name), is_exact=False)


def may_be_log(name: str, kinds: Iterable[LogKind]) -> bool:
    """Tell whether a file that lies anywhere is worth a look, by its name."""
    if not _MAYBE.search(name):
        return False
    told = read_name(name, kinds)
    if _TAR.search(name):
        return told.kind is not None or "log" in name.lower()  # else a backup of everything would be unpacked
    return told.kind is not None or told.day is not None or bool(_ENDING.search(name))
