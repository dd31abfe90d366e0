"""One server's evidence spread over two nodes: sessions in which every AUTH failed go to the second one."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FAILED = re.compile(rb">>> 5\d\d .*[Aa]uthentication failed|>>> 535")
_LINE = re.compile(rb"(\S+)\s+\[([0-9A-F]+)\] ")


def spread(root: Path, target: Path, *, every: int = 1) -> tuple[Path, Path]:
    """Copy a root into two, and move every n-th failing session to the other; return both.

    A failed session hands over no message, so that nothing else need move with it.
    """
    first, second = target / "first", target / "second"
    shutil.copytree(root, first)
    (second / "mail" / "_outgoing").mkdir(parents=True)
    logs = sorted((first / "logs").rglob("*.log"), key=lambda log: log.name)
    # a session may go on in the next log
    entries = [(log, line) for log in logs for line in log.read_bytes().splitlines(keepends=True)]
    sessions = _sessions([line for _, line in entries])
    failing = [own for own in sessions if _fails([entries[number][1] for number in own])]
    assert failing, "a story without failures tells nothing here"
    moved = {number for own in failing[::every] for number in own}
    for log in logs:
        own = [number for number, (place, _) in enumerate(entries) if place == log]
        other = second / log.relative_to(first)
        other.parent.mkdir(parents=True, exist_ok=True)
        # the first line stands on both, so that both logs reach back as far
        other.write_bytes(b"".join(entries[number][1] for number in own if number in moved or number == own[0]))
        log.write_bytes(b"".join(entries[number][1] for number in own if number not in moved))
    return first, second


def _sessions(lines: list[bytes]) -> list[list[int]]:
    """Sort lines by session: peer, thread, and how often that thread was connected."""
    found: dict[tuple[bytes, bytes, int], list[int]] = {}
    begun: dict[tuple[bytes, bytes], int] = {}
    for number, line in enumerate(lines):
        parsed = _LINE.match(line)
        key = (parsed[1], parsed[2]) if parsed else (b"", b"")
        begun[key] = begun.get(key, 0) + (b" Connected" in line)
        found.setdefault((*key, begun[key]), []).append(number)
    return list(found.values())


def _fails(lines: list[bytes]) -> bool:
    text = b"".join(lines)
    return bool(_FAILED.search(text)) and b">>> 235" not in text
