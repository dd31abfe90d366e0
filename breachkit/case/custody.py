"""The book of a case: every breachkit command run on it, each line chained to the one before.

JSON lines in `custody.jsonl`. Each has `line` (its number from 1), `prev` (SHA-256 of the bytes of the line before
it, without its end; zeros for the first) and `kind`. A command writes `began` before it does anything and `ended`
after, so one that was killed has only the first. The chain shows accident and careless edits, not a forger who
writes it all anew: hence the closing SHA-256 that the user writes down.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from breachkit import __version__
from breachkit.errors import CaseUnwritableError
from breachkit.errors import CustodyBrokenError
from breachkit.errors import NoCaseError
from breachkit.purge.disk import Disk
from breachkit.purge.lock import hold
from breachkit.purge.store import Run
from breachkit.purge.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from breachkit.report.contract import Json

FORMAT = "breachkit-custody/1"
NAME = "custody.jsonl"
ORIGIN = "0" * 64
WANTED: dict[str, dict[str, type]] = {
    "began": {"format": str, "ts": str, "command": list, "version": str},
    "ended": {"ts": str, "began": int, "exit": int, "outcome": dict},
}
"""What each kind of line must hold."""


class Chain(NamedTuple):
    """A book as read."""

    lines: list[dict[str, Any]]
    length: int
    """Bytes of the lines that are believed."""
    last_hash: str
    torn: int
    """Bytes of half a line that a crash left at the end."""


def read_chain(path: Path) -> Chain:
    """Read a book and verify its chain. Raises NoCaseError, CustodyBrokenError, CaseUnwritableError."""
    try:
        raw = (path / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NoCaseError(path) from None
    except OSError as error:
        raise CaseUnwritableError(path / NAME, error.strerror or "unknown reason") from None
    whole, mark, torn = raw.rpartition(b"\n")
    lines: list[dict[str, Any]] = []
    previous = ORIGIN
    for number, text in enumerate(whole.split(b"\n") if mark else [], 1):
        lines.append(_parse(path / NAME, number, text, previous))
        previous = hashlib.sha256(text).hexdigest()
    return Chain(lines, len(whole) + len(mark), previous, len(torn))


def _parse(path: Path, number: int, text: bytes, previous: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise CustodyBrokenError(path, number, "it is no line of a book") from None
    if not isinstance(fields, dict) or fields.get("line") != number or fields.get("prev") != previous:
        raise CustodyBrokenError(path, number, "it does not follow from the line before it")
    kind = fields.get("kind")
    wanted = WANTED.get(kind) if isinstance(kind, str) else None
    if wanted is None or any(type(fields.get(name)) is not needed for name, needed in wanted.items()):
        raise CustodyBrokenError(path, number, "it is of no known kind")
    return fields


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a book, for the user's notes. Raises OSError."""
    return hashlib.sha256((path / NAME).read_bytes()).hexdigest()


def begin(path: Path, command: Sequence[str], now: datetime, *, is_named: bool = True) -> int:
    """Write that a command begins, and return the number of that line; a missing book is begun.

    Args:
        path: the folder of the case.
        command: its words, as typed.
        now: the moment.
        is_named: False leaves out who runs it and where (a case that is handed on).

    Raises:
        CustodyBrokenError, CaseUnwritableError, RunBusyError: nothing was written.
    """
    who = {"user": _user(), "host": platform.node() or None} if is_named else {"user": None, "host": None}
    fields = {"ts": now.isoformat(timespec="seconds"), "command": list(command), "version": __version__, **who}
    return _append(path, {"kind": "began", "format": FORMAT, **fields}, may_begin=True)


def end(path: Path, began: int, exit_code: int, outcome: Json, now: datetime) -> int:
    """Write how a command ended. Raises as `begin` does."""
    fields = {"ts": now.isoformat(timespec="seconds"), "began": began, "exit": exit_code, "outcome": outcome}
    return _append(path, {"kind": "ended", **fields}, may_begin=False)


def _append(path: Path, fields: Json, *, may_begin: bool) -> int:
    disk, book = Disk(), os.fspath(path / NAME)
    try:
        with hold(Run(path.name, Store(os.fspath(path.parent), None))):
            if may_begin and not (path / NAME).exists():
                os.close(disk.create(book))
            chain = read_chain(path)
            number = len(chain.lines) + 1
            torn = {"torn_bytes_cut": chain.torn} if chain.torn else {}
            line = {"line": number, "prev": chain.last_hash, **fields, **torn}
            handle = disk.reopen(book)
            try:
                os.ftruncate(handle, chain.length)
                os.lseek(handle, chain.length, os.SEEK_SET)
                disk.write(handle, json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n")
                disk.sync(handle)
            finally:
                os.close(handle)
    except OSError as error:
        raise CaseUnwritableError(path / NAME, error.strerror or "unknown reason") from None
    return number


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return None
