"""What a command writes: its product and where to, its line in the custody of a case, and its exit code."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from breachkit.errors import BreachkitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from breachkit.cli.options import Output
    from breachkit.evidence.gather import Books
    from breachkit.evidence.where import Where
    from breachkit.nodes.several import Several
    from breachkit.report.contract import Json


class Exit(IntEnum):
    """The exit codes; the table in the README is the same."""

    DONE = 0
    NOT_DONE = 1
    USAGE = 2
    INCOMPLETE = 3
    FINDINGS = 10


def prepare_streams() -> None:
    """Make stdout and stderr UTF-8 without translation of line ends; a console gets `?` rather than a crash."""
    # one that was closed before we began is None, and its number would go to the next file that is opened
    sys.stdout = sys.stdout or _nowhere(os.O_RDONLY)  # printing fails, and that is said
    sys.stderr = sys.stderr or _nowhere(os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if stream.isatty():
            reconfigure(errors="replace")
        else:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="")


def _nowhere(flags: int) -> TextIO:
    return os.fdopen(os.open(os.devnull, flags), "r" if flags == os.O_RDONLY else "w")


def note(text: str) -> None:
    """Write a line to stderr, for the incident notes; whether anybody can read it changes nothing."""
    from breachkit.report.words import clean

    with suppress(OSError, ValueError):
        sys.stderr.write(f"{clean(text)}\n")
        sys.stderr.flush()


def check(path: Path | None, where: Where | Several | None, *read: Path | None, option: str = "--output") -> None:
    """Refuse to write the product over evidence, before any work is done. Raises BreachkitError.

    Args:
        path: what was named; None and `-` are stdout.
        where: the evidence, or nodes that have it.
        read: other files and folders that were named to be read.
        option: what named the place.
    """
    if path is None or str(path) == "-":
        return
    from breachkit.evidence.where import check_target

    check_target(option, path, [*(where.evidence() if where else ()), *filter(None, read)])


def check_terminal(product: Output) -> None:
    """Refuse to show passwords anywhere but to a person at a terminal. Raises UsageError."""
    if product.is_json or product.output_file is not None or not sys.stdout.isatty():
        raise UsageError("--show-passwords writes text to a terminal only; drop it, or run without --format and pipes")


def write(text: str | Iterable[str], path: Path | None) -> None:
    """Write the product, or its pieces, to stdout or, now that all is done, to a file.

    The file is written whole or not at all: after an error an older file is still there. A closed pipe ends only the
    printing.
    """
    pieces = (text,) if isinstance(text, str) else text
    if path is not None and str(path) != "-":
        try:
            _write_file(path, pieces)
        except OSError as error:
            reason = error.strerror or "unknown reason"
            raise BreachkitError(f"{path} cannot be written ({reason}); choose another --output FILE") from None
        return
    try:
        sys.stdout.writelines(pieces)
        sys.stdout.flush()
    except OSError as error:
        give_up_stdout()
        if error.errno not in {errno.EPIPE, errno.EINVAL}:  # EINVAL: how Windows says that a pipe is closed
            raise BreachkitError(stdout_sentence(error)) from None


def stdout_sentence(error: OSError) -> str:
    """Say that the product cannot be printed, because the disk that stdout goes to is full, or it is closed."""
    reason = error.strerror or "it is closed"
    return f"stdout cannot be written ({reason}); write elsewhere, or name a file with --output FILE"


def give_up_stdout() -> None:
    """Let what is left in the buffer of stdout go nowhere: at exit it would be flushed, and fail, once more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write_file(path: Path, pieces: Iterable[str]) -> None:
    encoded = (piece.encode("utf-8", "backslashreplace") for piece in pieces)
    try:
        is_regular = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        is_regular = True
    if is_regular:
        from breachkit.writing import write_whole

        write_whole(path.resolve(), encoded, replaces=True)
        return
    with path.open("wb") as stream:  # a device or a pipe has no other name
        stream.writelines(encoded)


def finish(books: Books, *, findings: bool = False, is_incomplete: bool = False) -> None:
    """End a command with the exit code that its books and findings call for."""
    if findings:
        raise typer.Exit(Exit.FINDINGS)
    if books.skipped or is_incomplete:
        raise typer.Exit(Exit.INCOMPLETE)


def end(text: str | Iterable[str], product: Output, books: Books, *, findings: bool = False) -> None:
    """Write the product of a command, and end it as `finish` does; findings count where the user asked for that."""
    write(text, product.output_file)
    finish(books, findings=findings and product.fail_on_findings)


BOOK = "custody.jsonl"
"""The file of a case that says what was done on it."""


@contextmanager
def recorded(
    case: Path | None, command: Sequence[str] | None = None, *, is_new: bool = False, is_named: bool = True
) -> Iterator[Json]:
    """Run a command under the eyes of a case; what the caller puts in the object is its outcome.

    Args:
        case: its folder; None records nothing.
        command: its words; None: as typed.
        is_new: the case may have no custody yet.
        is_named: False leaves out who runs it and where.

    Raises:
        BreachkitError: before the command did anything.
    """
    outcome: Json = {}
    if case is None:
        yield outcome
        return
    from breachkit.case import custody

    if not is_new:
        custody.read_book(case)
    began = custody.begin(case, sys.argv[1:] if command is None else command, datetime.now(UTC), is_named=is_named)
    code = int(Exit.NOT_DONE)
    try:
        yield outcome
        code = int(Exit.DONE)
    except (typer.Exit, BreachkitError) as ended:
        code = int(ended.exit_code)
        raise
    finally:
        digest = custody.end(case, began, code, outcome, datetime.now(UTC))
        note(f"custody: SHA-256 {digest} (write it in the incident notes)")
