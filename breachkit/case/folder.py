"""The folder of a case: a run never touches what an earlier one left.

The first run writes `report.html` and its fellows into the folder itself, each later one into `run-2`, `run-3` … in
it. Files are made exclusively, readable by us alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING
from typing import NamedTuple
from typing import Self

from breachkit.case.custody import NAME
from breachkit.errors import CaseInEvidenceError
from breachkit.errors import CaseUnwritableError
from breachkit.errors import NotACaseError
from breachkit.purge.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST_RUNS = 10_000
_HIDDEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
"""Signs that JSON may hold and that a terminal obeys, a reader does not see, or takes for the end of a line."""


class Place(NamedTuple):
    """Where one run of `investigate` writes."""

    case: Path
    path: Path
    number: int


def open_place(case: Path, evidence: Iterable[Path]) -> Place:
    """Make the folder of a run. Raises CaseInEvidenceError, NotACaseError, CaseUnwritableError.

    Args:
        case: the folder of the case; made if it is not there.
        evidence: folders in or below which nothing may be written.
    """
    _refuse(case, evidence)
    disk = Disk()
    try:
        case.parent.mkdir(parents=True, exist_ok=True)
        try:
            disk.make_folder(os.fspath(case))
        except FileExistsError:
            if not case.is_dir():
                raise
        if (case / NAME).exists():
            return _later(case, disk)
        if any(case.iterdir()):
            raise NotACaseError(case)
    except OSError as error:
        raise CaseUnwritableError(case, error.strerror or "unknown reason") from None
    return Place(case, case, 1)


def _later(case: Path, disk: Disk) -> Place:
    for number in range(2, MOST_RUNS):
        path = case / f"run-{number}"
        try:
            disk.make_folder(os.fspath(path))
        except FileExistsError:
            continue
        return Place(case, path, number)
    raise CaseUnwritableError(case, f"it holds {MOST_RUNS:,} runs")


def _refuse(case: Path, evidence: Iterable[Path]) -> None:
    real = case.resolve()
    for folder in evidence:
        if real.is_relative_to(folder.resolve()):
            raise CaseInEvidenceError(case, folder)


class Output:
    """One file of a run: text in pieces, hashed as it goes. Raises CaseUnwritableError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._disk = Disk()
        self._digest = hashlib.sha256()
        self._handle = -1
        self._waiting: list[bytes] = []
        self._size = 0

    def __enter__(self) -> Self:
        try:
            self._handle = self._disk.create(os.fspath(self.path))
        except OSError as error:
            raise CaseUnwritableError(self.path, error.strerror or "unknown reason") from None
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._flush()
            self._disk.sync(self._handle)
        finally:
            os.close(self._handle)

    def write(self, text: str) -> None:
        """Add text; lone surrogates of odd names are spelled out."""
        piece = text.encode("utf-8", "backslashreplace")
        self._waiting.append(piece)
        self._size += len(piece)
        if self._size >= 1 << 20:
            self._flush()

    def _flush(self) -> None:
        block = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        try:
            self._disk.write(self._handle, block)
        except OSError as error:
            raise CaseUnwritableError(self.path, error.strerror or "unknown reason") from None
        self._digest.update(block)

    @property
    def sha256(self) -> str:
        """The hash of what was written."""
        return self._digest.hexdigest()


def write_texts(folder: Path, name: str, pieces: Iterable[str]) -> dict[str, str]:
    """Write one file and return its name with its SHA-256; JSON is safe to print. Raises CaseUnwritableError."""
    is_json = name.endswith((".json", ".jsonl"))
    with Output(folder / name) as output:
        for piece in pieces:
            output.write(_HIDDEN.sub(_escaped, piece) if is_json else piece)
    return {name: output.sha256}


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
