"""The folder of a case: what each run wrote, and the book of every breachkit command run on it.

The first run writes into the folder itself, each later one into `run-2`, `run-3` … in it; nothing is overwritten. The
book, `custody.jsonl`, has chained JSON lines (`chain`): `began` before a command does anything, `ended` after it, so
one that was killed has only the first. No forger is kept from writing it all anew: hence the closing SHA-256 that the
user writes down.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from breachkit import __version__
from breachkit.chain import BrokenChainError, Chain, hash_file, hold, link
from breachkit.errors import BreachkitError
from breachkit.files import long_path, open_regular, reason_of, shown
from breachkit.micros import is_possible
from breachkit.report.contract import dump, dump_line
from breachkit.shells import line
from breachkit.writing import CREATE, FILE_MODE, REOPEN, make_folder, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from breachkit.chain import End
    from breachkit.progress import Progress
    from breachkit.report.contract import Json

FORMAT = "breachkit-custody/1"
NAME = "custody.jsonl"
WANTED: dict[str, dict[str, type]] = {
    "began": {"format": str, "ts": str, "command": list, "version": str},
    "ended": {"ts": str, "began": int, "exit": int, "outcome": dict},
}
"""What each kind of line must hold."""
MOST_RUNS = 10_000


class RunFolder(NamedTuple):
    """Where one run of `investigate` writes."""

    case: Path
    path: Path
    number: int


def open_run(case: Path) -> RunFolder:
    """Make the folder of a run, and that of the case if it is not there. Raises BreachkitError."""
    try:
        case.parent.mkdir(parents=True, exist_ok=True)
        try:
            make_folder(os.fspath(case))
        except FileExistsError:
            if not case.is_dir():
                raise
        if not (case / NAME).exists():
            if any(case.iterdir()):
                raise BreachkitError(
                    f"nothing was written: {case} is not empty and is no case; name a new folder with -o CASE"
                )
            return RunFolder(case, case, 1)
        for number in range(2, MOST_RUNS):
            path = case / f"run-{number}"
            try:
                make_folder(os.fspath(path))
            except FileExistsError:
                continue
            return RunFolder(case, path, number)
    except OSError as error:
        raise _unwritable(case, error.strerror) from None
    raise _unwritable(case, f"it holds {MOST_RUNS:,} runs")


def write_texts(folder: Path, name: str, pieces: Iterable[str]) -> dict[str, str]:
    """Write one file and return its name with its SHA-256. Raises BreachkitError."""
    digest = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for piece in pieces:
            text = piece.encode("utf-8", "backslashreplace")  # lone surrogates of odd names are spelled out
            digest.update(text)
            yield text

    try:
        write_whole(folder / name, hashed())
    except OSError as error:
        raise _unwritable(folder / name, error.strerror) from None
    return {name: digest.hexdigest()}


def hash_inputs(paths: Iterable[str], root: Path | None, progress: Progress) -> Iterator[Json]:
    """Hash each file of the evidence once, in order of its path; one that is gone is listed with the reason."""
    for path in sorted(set(paths)):
        name = shown(path, root)
        try:
            status, digest = hash_file(path, follows=False)
        except OSError as error:
            yield {"path": name, "size": None, "mtime": None, "sha256": None, "reason": reason_of(error)}
            continue
        finally:
            progress(1)
        seconds = status.st_mtime_ns // 10**9
        mtime = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds") if is_possible(seconds) else None
        yield {"path": name, "size": status.st_size, "mtime": mtime, "sha256": digest}


def render_inputs(head: Json, rows: Iterable[Json], masked: Callable[[Json], Json]) -> Iterator[str]:
    """Write `inputs.json` in pieces, one input a line: a queue may hold hundreds of thousands."""
    yield dump(masked(head)).removesuffix("\n}\n") + ',\n  "files": ['
    lead = "\n"
    for row in rows:
        yield f"{lead}    {dump_line(masked(row))}"
        lead = ",\n"
    yield "\n  ]\n}\n"


def read_book(path: Path) -> End:
    """Verify the chain of a book, and return how it ends. Raises BreachkitError."""
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
        raise _unwritable(path / NAME, error.strerror) from None


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
    said = {"ts": now.isoformat(timespec="seconds"), "command": list(command), "version": __version__, **who}
    return _append(path, "began", {"format": FORMAT, **said})


def end(path: Path, began: int, exit_code: int, outcome: Json, now: datetime) -> str:
    """Write how a command ended; return the SHA-256 of the book, for the user's notes. Raises as `begin` does."""
    said = {"ts": now.isoformat(timespec="seconds"), "began": began, "exit": exit_code, "outcome": outcome}
    _append(path, "ended", said)
    return hash_file(os.fspath(path / NAME))[1]


def _append(path: Path, kind: str, said: Json) -> int:
    try:
        with hold(os.fspath(path)):
            if kind == "began" and not (path / NAME).exists():
                os.close(os.open(long_path(os.fspath(path / NAME)), os.O_RDWR | CREATE, FILE_MODE))
            so_far = read_book(path)
            torn = {"torn_bytes_cut": so_far.torn} if so_far.torn else {}
            written = link(so_far.lines + 1, so_far.last_hash, kind, {**said, **torn})
            with os.fdopen(os.open(long_path(os.fspath(path / NAME)), REOPEN), "r+b") as stream:
                stream.truncate(so_far.length)
                stream.seek(so_far.length)
                stream.write(written + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
    except OSError as error:
        raise _unwritable(path / NAME, error.strerror) from None
    return so_far.lines + 1


def _unwritable(path: Path, reason: str | None) -> BreachkitError:
    return BreachkitError(
        f"{path} cannot be written ({reason or 'unknown reason'}); make room or name another folder for the case"
    )


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user without a name
        return None
