"""The book of a case: every breachkit command run on it, each line chained to the one before.

JSON lines in `custody.jsonl` (`chain`). A command writes `began` before it does anything and `ended` after, so
one that was killed has only the first. No forger is kept from writing it all anew: hence the closing SHA-256 that the
user writes down.
"""

from __future__ import annotations

import getpass
import os
import platform
from typing import TYPE_CHECKING

from breachkit import __version__
from breachkit.chain import BrokenChainError, Chain, hash_file, hold, link
from breachkit.errors import BreachkitError
from breachkit.files import long_path, open_regular
from breachkit.shells import line
from breachkit.writing import CREATE, FILE_MODE, REOPEN

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from breachkit.chain import End
    from breachkit.report.contract import Json

FORMAT = "breachkit-custody/1"
NAME = "custody.jsonl"
WANTED: dict[str, dict[str, type]] = {
    "began": {"format": str, "ts": str, "command": list, "version": str},
    "ended": {"ts": str, "began": int, "exit": int, "outcome": dict},
}
"""What each kind of line must hold."""


def unwritable(path: Path, reason: str | None) -> BreachkitError:
    """Say that a file or folder of a case cannot be written."""
    return BreachkitError(
        f"{path} cannot be written ({reason or 'unknown reason'}); make room or name another folder for the case"
    )


def read_book(path: Path) -> End:
    """Verify the chain of a book, and tell how it ends. Raises BreachkitError."""
    try:
        with open_regular(path / NAME) as stream:
            chain = Chain(stream, WANTED, "book")
            for _ in chain:
                pass
            return chain.end
    except BrokenChainError as error:
        raise BreachkitError(
            f"{path / NAME} line {error.number}: {error.why}, so it was changed after it was written, and nothing was"
            " done; compare it with a copy, or begin a new case with -o CASE"
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        raise BreachkitError(
            f"nothing was done: {path} holds no custody.jsonl, so it is no case; make one with: "
            + line(["breachkit", "investigate", "-o", str(path)])
        ) from None
    except OSError as error:
        raise unwritable(path / NAME, error.strerror) from None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a book, for the user's notes. Raises OSError."""
    return hash_file(os.fspath(path / NAME))[1]


def begin(path: Path, command: Sequence[str], now: datetime, *, is_named: bool = True) -> int:
    """Write that a command begins, and return the number of that line; a missing book is begun.

    Args:
        path: the folder of the case.
        command: its words, as typed.
        now: the moment.
        is_named: False leaves out who runs it and where (a case that is handed on).

    Raises:
        BreachkitError: nothing was written.
    """
    who = {"user": _user(), "host": platform.node() or None} if is_named else {"user": None, "host": None}
    fields = {"ts": now.isoformat(timespec="seconds"), "command": list(command), "version": __version__, **who}
    return _append(path, "began", {"format": FORMAT, **fields}, may_begin=True)


def end(path: Path, began: int, exit_code: int, outcome: Json, now: datetime) -> int:
    """Write how a command ended. Raises as `begin` does."""
    fields = {"ts": now.isoformat(timespec="seconds"), "began": began, "exit": exit_code, "outcome": outcome}
    return _append(path, "ended", fields, may_begin=False)


def _append(path: Path, kind: str, fields: Json, *, may_begin: bool) -> int:
    try:
        with hold(os.fspath(path)):
            if may_begin and not (path / NAME).exists():
                os.close(os.open(long_path(os.fspath(path / NAME)), os.O_RDWR | CREATE, FILE_MODE))
            so_far = read_book(path)
            torn = {"torn_bytes_cut": so_far.torn} if so_far.torn else {}
            line = link(so_far.lines + 1, so_far.last_hash, kind, {**fields, **torn})
            with os.fdopen(os.open(long_path(os.fspath(path / NAME)), REOPEN), "r+b") as stream:
                stream.truncate(so_far.length)
                stream.seek(so_far.length)
                stream.write(line + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
    except OSError as error:
        raise unwritable(path / NAME, error.strerror) from None
    return so_far.lines + 1


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return None
