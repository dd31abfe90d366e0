"""Log files: conversations interleaved by the clock, with thread ids, rotation and archives."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import TYPE_CHECKING, NamedTuple

from .clock import stamped
from .knobs import Archive, Knobs, Level, Stamp

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from .dice import Dice
    from .tape import Line, Talk

FOLDERS = {"smtp": ("smtp", "s"), "imap": ("imap", "m"), "pop3": ("pop3", "p")}
HEX = "0123456789ABCDEF"


class Uttered(NamedTuple):
    ts: datetime
    serial: int
    peer: str
    thread: str
    line: Line


def write_logs(root: Path, talks: list[Talk], knobs: Knobs, dice: Dice) -> None:
    if knobs.level is Level.NONE:
        return
    for door, (folder, letter) in FOLDERS.items():
        heard = _uttered([talk for talk in talks if talk.door == door], knobs, dice.branch(door))
        kept = [one for one in heard if not any(span.holds(one.ts) for span in knobs.lost_logs)]
        if kept or door == "smtp":
            _write_days(root / "logs" / folder, letter, [one for one in kept if _is_shown(one.line, knobs)], knobs)


def _is_shown(line: Line, knobs: Knobs) -> bool:
    if knobs.level is Level.SUMMARY:
        return line.summary
    return knobs.level is Level.BOTH or not line.summary


def _uttered(talks: list[Talk], knobs: Knobs, dice: Dice) -> list[Uttered]:
    """Give every talk a thread of the server's cache and put all lines in the order of the clock."""
    ordered = sorted(talks, key=lambda talk: talk.lines[0].ts)
    threads = _threads(ordered, knobs, dice)
    lines = [
        Uttered(line.ts, serial, talk.peer, thread, line)
        for serial, (talk, thread) in enumerate(zip(ordered, threads, strict=True))
        for line in talk.lines
    ]
    return sorted(lines, key=lambda one: (one.ts, one.serial))


def _threads(talks: list[Talk], knobs: Knobs, dice: Dice) -> list[str]:
    """Hand out thread ids as a cache does: again and again, and now and then to two peers at once."""
    pool = sorted({dice.text(HEX, 4).rjust(knobs.hex_width, "0") for _ in range(knobs.threads)})
    busy: dict[tuple[str, str], datetime] = {}
    given = []
    for talk in talks:
        start = talk.lines[0].ts
        busy = {key: end for key, end in busy.items() if end >= start}
        shared = dice.happens(0.03)
        taken = {thread for peer, thread in busy if not shared or peer == talk.peer}
        free = [thread for thread in pool if thread not in taken]
        if not free:
            free = [dice.text(HEX, 4).rjust(knobs.hex_width, "0")]
            pool = sorted({*pool, *free})
        thread = dice.pick(free)
        busy[talk.peer, thread] = talk.lines[-1].ts
        given.append(thread)
    return given


def rendered(one: Uttered, knobs: Knobs) -> bytes:
    """Write one line: the peer padded to 16 columns, or one space as in the oldest samples."""
    peer = one.peer if knobs.stamp is Stamp.RFC822 else f"{one.peer:<15}"
    text = f"{peer} [{one.thread}] {stamped(one.ts, knobs.stamp)} {one.line.mark}{one.line.text}{knobs.log_eol}"
    return text.encode("utf-8", "surrogateescape")


def _write_days(folder: Path, letter: str, lines: list[Uttered], knobs: Knobs) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files = _rotated(letter, lines, knobs)
    last_day = max(files, default="")[: len("s20261118")]
    for name, content in files.items():
        archive = Archive.NONE if name.startswith(last_day) else knobs.archive
        _write(folder, name, content, archive)


def _rotated(letter: str, lines: list[Uttered], knobs: Knobs) -> dict[str, bytes]:
    """Begin a file at midnight and whenever one is full, whoever is speaking."""
    files: dict[str, bytearray] = {}
    counts: dict[str, int] = {}
    for one in lines:
        day = f"{letter}{one.ts:%Y%m%d}"
        current = files.get(f"{day}-{counts.setdefault(day, 0):02d}.log", b"")
        if len(current) >= knobs.rotate_bytes:
            counts[day] += 1
        files.setdefault(f"{day}-{counts[day]:02d}.log", bytearray()).extend(rendered(one, knobs))
    return {name: bytes(content) for name, content in files.items()}


def _write(folder: Path, name: str, content: bytes, archive: Archive) -> None:
    match archive:
        case Archive.NONE:
            (folder / name).write_bytes(content)
        case Archive.GZ:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        case Archive.ZIP:
            (folder / f"{name.removesuffix('.log')}.zip").write_bytes(_zipped(name, content))


def _zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        bundle.writestr(zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0)), content)
    return packed.getvalue()
