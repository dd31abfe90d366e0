"""Writing a command into the custody of a case: that it began before it does anything, and how it ended."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from breachkit.cli.output import Exit, note
from breachkit.errors import BreachkitError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from breachkit.report.contract import Json


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
        custody.end(case, began, code, outcome, datetime.now(UTC))
        note(f"custody: SHA-256 {custody.sha256_of(case)} (write it in the incident notes)")
