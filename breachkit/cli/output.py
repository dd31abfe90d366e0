"""What a command writes, and where to; exit codes."""

from __future__ import annotations

import errno
import os
import sys
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from breachkit.reading.gather import Books


class Exit(IntEnum):
    """The exit codes; the table in the README is the same."""

    DONE = 0
    NOT_DONE = 1
    USAGE = 2
    INCOMPLETE = 3
    FINDINGS = 10


def prepare_streams() -> None:
    """Make stdout and stderr UTF-8 without translation of line ends; a console gets `?` rather than a crash."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if stream.isatty():
            reconfigure(errors="replace")
        else:
            reconfigure(encoding="utf-8", errors="backslashreplace", newline="")


def write(text: str | Iterable[str], path: Path | None) -> None:
    """Write the product, or its pieces, to stdout or, now that all is done, to a file.

    A closed pipe ends the printing only.
    """
    pieces = (text,) if isinstance(text, str) else text
    if path is not None and str(path) != "-":
        try:
            with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                stream.writelines(pieces)
        except OSError as error:
            from breachkit.errors import OutputFileError

            raise OutputFileError(path, error.strerror or "unknown reason") from None
        return
    try:
        sys.stdout.writelines(pieces)
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in {errno.EPIPE, errno.EINVAL}:  # EINVAL: how Windows says that a pipe is closed
            raise
        # what is left in the buffer must not be flushed at exit into the closed pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def finish(books: Books, *, findings: bool, say: Callable[[], str] | None = None, is_incomplete: bool = False) -> None:
    """End a command with the exit code that its books and findings call for."""
    if say is not None:
        typer.echo(say(), err=True)
    if findings:
        raise typer.Exit(Exit.FINDINGS)
    if books.skipped or is_incomplete:
        raise typer.Exit(Exit.INCOMPLETE)
