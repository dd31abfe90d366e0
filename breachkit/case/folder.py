"""The folder of a case: a run never touches what an earlier one left.

The first run writes `report.html` and its fellows into the folder itself, each later one into `run-2`, `run-3` … in
it. Files are made exclusively, readable by us alone.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from breachkit.case.custody import NAME, unwritable
from breachkit.errors import BreachkitError
from breachkit.writing import make_folder, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MOST_RUNS = 10_000


class Place(NamedTuple):
    """Where one run of `investigate` writes."""

    case: Path
    path: Path
    number: int


def open_place(case: Path) -> Place:
    """Make the folder of a run, and that of the case if it is not there. Raises BreachkitError."""
    try:
        case.parent.mkdir(parents=True, exist_ok=True)
        try:
            make_folder(os.fspath(case))
        except FileExistsError:
            if not case.is_dir():
                raise
        if (case / NAME).exists():
            return _later(case)
        if any(case.iterdir()):
            raise BreachkitError(
                f"nothing was written: {case} is not empty and is no case; name a new folder with -o CASE"
            )
    except OSError as error:
        raise unwritable(case, error.strerror) from None
    return Place(case, case, 1)


def _later(case: Path) -> Place:
    for number in range(2, MOST_RUNS):
        path = case / f"run-{number}"
        try:
            make_folder(os.fspath(path))
        except FileExistsError:
            continue
        return Place(case, path, number)
    raise unwritable(case, f"it holds {MOST_RUNS:,} runs")


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
        raise unwritable(folder / name, error.strerror) from None
    return {name: digest.hexdigest()}
