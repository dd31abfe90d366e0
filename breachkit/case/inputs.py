"""`inputs.json`: every file that was read, with its size, time and SHA-256, and what the logs do not hold."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.chain import hash_file
from breachkit.files import reason_of, shown
from breachkit.micros import is_possible
from breachkit.report.contract import dump, dump_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from breachkit.progress import Progress
    from breachkit.report.contract import Json


def hash_files(paths: Iterable[str], root: Path | None, progress: Progress) -> Iterator[Json]:
    """Hash each file once, in order of its path; one that is gone by now is listed with the reason."""
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
    """Write the file in pieces, one input a line: a queue may hold hundreds of thousands."""
    yield dump(masked(head)).removesuffix("\n}\n") + ',\n  "files": ['
    lead = "\n"
    for row in rows:
        yield f"{lead}    {dump_line(masked(row))}"
        lead = ",\n"
    yield "\n  ]\n}\n"


def paths_of(messages: Iterable[tuple[str, ...]], others: Iterable[os.PathLike[str] | str]) -> Iterator[str]:
    """List the files of messages and the others."""
    for files in messages:
        yield from files
    for path in others:
        yield os.fspath(path)
