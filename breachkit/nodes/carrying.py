"""Records of one node → a partial file that is whole or not there."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import PartialExistsError, PathUnwritableError
from breachkit.nodes.keys import key_check
from breachkit.nodes.partial import partial_lines
from breachkit.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from breachkit.evidence.node import NodeRecords


class Carried(NamedTuple):
    """One partial file, as it was written."""

    path: Path
    lines: int
    bytes: int
    sha256: str
    """Of the whole file, as `sha256sum` prints it."""
    skipped: Mapping[str, int]


def carry(records: NodeRecords, path: Path, key: bytes) -> Carried:
    """Write a partial file, readable by its owner only. Raises PartialExistsError, PathUnwritableError."""
    if os.path.lexists(path):
        raise PartialExistsError(path)
    digest, lines, size = hashlib.sha256(), 0, 0

    def counted() -> Iterator[bytes]:
        nonlocal lines, size
        for line in partial_lines(records, key_check(key)):
            digest.update(line)
            lines, size = lines + 1, size + len(line)
            yield line

    try:
        write_whole(path, counted())
    except FileExistsError:
        raise PartialExistsError(path) from None
    except OSError as error:
        raise PathUnwritableError("--partial", path, error.strerror or "unknown reason") from None
    skipped: dict[str, int] = {}
    for books in records.books.values():
        for reason, (number, _) in books.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + number
    return Carried(path, lines, size, digest.hexdigest(), skipped)
