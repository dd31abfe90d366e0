"""Records of one node → a partial file that is whole or not there."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.cluster.keys import key_check
from breachkit.cluster.partial import partial_lines
from breachkit.errors import PartialExistsError
from breachkit.errors import PathUnwritableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from breachkit.reading.node import NodeRecords


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
    if path.exists():
        raise PartialExistsError(path)
    unfinished = path.with_name(path.name + ".unfinished")
    digest, lines, size = hashlib.sha256(), 0, 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as stream:
            for line in partial_lines(records, key_check(key)):
                stream.write(line)
                digest.update(line)
                lines, size = lines + 1, size + len(line)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise PathUnwritableError("--partial", path, error.strerror or "unknown reason") from None
    skipped: dict[str, int] = {}
    for books in records.books.values():
        for reason, (number, _) in books.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + number
    return Carried(path, lines, size, digest.hexdigest(), skipped)
