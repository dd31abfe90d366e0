"""A log of a real run, repeated to any size: in other months, under other names, with other ids.

What a copy says is what the run's server said; only stamps, message ids, process ids, client addresses and the house's
domain are its own, so that no two copies are one incident. Copies of one window stand line beside line, as the sessions
of a busy server do.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

AT_ONCE = 60
"""Copies that lie in the same days."""
DAYS = 3
"""From one window to the next; the runs have two days and a bit."""
YEAR = 2026
"""Of the runs, where their stamps do not say it."""
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_EXIM_ID = re.compile(r"\b([0-9A-Za-z]{6})-([0-9A-Za-z]{6})-([0-9A-Za-z]{2})\b")
_POSTFIX_ID = re.compile(r"(?<=[: ])[0-9A-F]{10,12}\b")
_PID = re.compile(r"\[(\d{1,7})\](?=:)")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d")
_CLASSIC = "%Y %b %d %H:%M:%S"
_HOUSE = "hotel-adler.example"


def write_repeated(lines: Sequence[str], path: Path, size: int, parts: Callable[[str], str]) -> None:
    """Write so many bytes of copies of the lines, in order of time; `parts` marks what is a copy's own."""
    marked = [parts(line) for line in lines if _STAMP.match(line)]  # Exim folds some of its lines
    span = timedelta(days=DAYS)
    written, window = 0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        while written < size:
            for line in _window(marked, window, span * window):
                written += stream.write(line)
                if written >= size:
                    break
            window += 1


def _window(marked: Sequence[str], window: int, shift: timedelta) -> Iterator[str]:
    """Yield the lines of all copies of one window."""
    seconds = int(shift.total_seconds())
    moved: dict[str, str] = {}
    for line in marked:
        stamp = _STAMP.match(line)
        if stamp is None:
            continue
        if stamp[0] not in moved:
            moved[stamp[0]] = _moved(stamp[0], shift)
        text = moved[stamp[0]] + line[stamp.end() :]
        for copy in range(AT_ONCE):
            yield _own(text, copy, window, seconds)


def _moved(stamp: str, shift: timedelta) -> str:
    """Move a stamp in time, in its own form."""
    if stamp[:4].isdigit():
        return (datetime.fromisoformat(stamp) + shift).isoformat(stamp[10])
    return (datetime.strptime(f"{YEAR} {stamp}", _CLASSIC) + shift).strftime(_CLASSIC)[5:]  # noqa: DTZ007  it has no zone


def _own(text: str, copy: int, window: int, seconds: int) -> str:
    """Give a line what is its copy's own."""
    text = text.replace(_HOUSE, f"hotel{copy}.example").replace("127.", f"{60 + copy}.")
    text = re.sub("\x01(.*?)\x02", lambda found: moved_exim_id(found[1], copy, seconds), text)
    text = re.sub("\x03(.*?)\x02", lambda found: f"{int(found[1], 16) + (window * AT_ONCE + copy) * 0x100001:X}", text)
    return re.sub("\x04(.*?)\x02", lambda found: str(int(found[1]) + copy * 8192), text)


def exim_parts(line: str) -> str:
    """Mark the ids in a line of Exim's main log."""
    return _EXIM_ID.sub("\x01\\g<0>\x02", line)


def postfix_parts(line: str) -> str:
    """Mark queue ids and process ids in a line of Postfix."""
    return _PID.sub("[\x04\\1\x02]", _POSTFIX_ID.sub("\x03\\g<0>\x02", line))


def moved_exim_id(spelled: str, copy: int, seconds: int) -> str:
    """Move an id in time, and give it another process."""
    moment, process, rest = spelled.split("-")
    return f"{_base62(_number(moment) + seconds)}-{_base62(_number(process) + copy * 40_000)}-{rest}"


def _number(text: str) -> int:
    total = 0
    for letter in text:
        total = 62 * total + _LETTERS.index(letter)
    return total


def _base62(number: int) -> str:
    text = ""
    for _ in range(6):
        number, rest = divmod(number, 62)
        text = _LETTERS[rest] + text
    return text
