"""The names of IceWarp's log files: what each tells of, and in which order they were written.

`axyyyymmdd-nn.log` (vendor document): `a` type, `x` optional server id, date, `nn` rotation from 00.
`s20220921.txt` exists too. Old files may be archived as `.gz` or in a `.zip`.
"""

from __future__ import annotations

import glob
import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.files import Block
from breachkit.files import Found
from breachkit.files import open_handle
from breachkit.files import read_blocks
from breachkit.files import reason_of
from breachkit.files import shown
from breachkit.files import walk
from breachkit.files import zip_members
from breachkit.micros import is_possible
from breachkit.records import Locus
from breachkit.records import Skipped
from breachkit.servers import FoundLogs
from breachkit.servers import LogFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from breachkit.records import Service

SERVICES: dict[str, Service] = {"s": "smtp", "p": "pop3", "m": "imap", "c": "web"}
"""Log types that are read. `c` is web and control, not "client" (vendor document)."""

_NAME = re.compile(
    r"(?P<type>[a-z])(?P<node>[a-z0-9]*?)(?P<day>(?:19|20)\d{6})(?:-(?P<number>\d+))?\.(?:log|txt)(?:\.gz)?",
    re.IGNORECASE,
)
_SUFFIXES = (".log", ".txt", ".gz", ".zip")


class LogName(NamedTuple):
    """What the name of a log file says."""

    service: Service | None
    node: str
    day: date
    number: int


def parse_name(name: str) -> LogName | None:
    """Read the name of a log file; None when it is none."""
    found = _NAME.fullmatch(name)
    if not found:
        return None
    day = found["day"]
    try:
        written = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return None
    return LogName(SERVICES.get(found["type"].lower()), found["node"].lower(), written, int(found["number"] or 0))


def find_logs(places: Sequence[Path], root: Path | None) -> FoundLogs:
    """List the logs in folders, files and globs, in the order in which they were written.

    A file named itself is read as an SMTP log whatever its name; in a folder only names of logs count.
    Copies of one log (the same bytes in an archive and beside it) are listed once.
    """
    met = [one for place in places for one in _in_place(place, root)]
    logs = [one for one in met if isinstance(one, LogFile)]
    denied = tuple(one for one in met if isinstance(one, Skipped))
    return FoundLogs(tuple(sorted(_without_copies(logs), key=_order)), denied)


def _order(log: LogFile) -> tuple[str, date, int, float, str]:
    return log.node, log.day or date.fromtimestamp(log.mtime), log.number, log.mtime, log.label  # noqa: DTZ012  server-local


def _in_place(place: Path, root: Path | None) -> Iterator[LogFile | Skipped]:
    if os.path.isdir(place):  # noqa: PTH112  False for what may not be asked
        for found in walk(os.fspath(place), root):
            if isinstance(found, Skipped):
                yield found
            elif found.path.lower().endswith(_SUFFIXES):
                yield from _logs_in(found, root, is_named=False)
        return
    text = os.fspath(place)
    paths = [text] if os.path.lexists(text) else sorted(glob.glob(text, recursive=True))  # noqa: PTH207  absolute patterns
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112  False for what may not be asked
            yield from _in_place(Path(path), root)
            continue
        try:
            handle, status = open_handle(path)
        except OSError as error:
            yield Skipped(reason_of(error), Locus(shown(path, root), 0, 1))
            continue
        os.close(handle)
        yield from _logs_in(Found(path, status.st_size, status.st_mtime), root, is_named=True)


def _logs_in(found: Found, root: Path | None, *, is_named: bool) -> Iterator[LogFile]:
    path = Path(found.path)
    label = shown(path, root)
    if not is_possible(found.mtime):
        found = found._replace(mtime=0.0)
    if path.suffix.lower() != ".zip":
        yield from _log(
            path.name, LogFile(path, None, label, None, "", None, 0, found.size, found.mtime), is_named=is_named
        )
        return
    members = zip_members(found.path)
    if members is None:  # to be met, and counted, when it is read
        yield LogFile(path, "?", label, "smtp", "", None, 0, found.size, found.mtime)
        return
    for member in members:
        base = member.filename.replace("\\", "/").rpartition("/")[2]
        log = LogFile(
            path, member.filename, f"{label}!{member.filename}", None, "", None, 0, member.file_size, found.mtime
        )
        yield from _log(base if parse_name(base) else path.stem + ".log", log, is_named=is_named)


def _log(name: str, log: LogFile, *, is_named: bool) -> Iterator[LogFile]:
    parsed = parse_name(name)
    if parsed is not None:
        yield log._replace(service=parsed.service, node=parsed.node, day=parsed.day, number=parsed.number)
    elif is_named:
        yield log._replace(service="smtp")


def _without_copies(logs: list[LogFile]) -> Iterator[LogFile]:
    """Leave out a log that stands twice; two unlike logs of one name come from two servers: tell them apart."""
    named: dict[tuple[object, ...], list[LogFile]] = {}
    places = {(log.path, log.member): log for log in logs}
    for log in sorted(
        places.values(), key=lambda log: (log.member is not None, log.path.suffix.lower() == ".gz", log.label)
    ):
        name = (log.service, log.node, log.day, log.number) if log.day else (log.label,)
        named.setdefault(name, []).append(log)
    for first, *others in named.values():
        yield first
        seen = {_digest(first)} if others else set()
        for log in others:
            digest = _digest(log)
            if digest not in seen:
                seen.add(digest)
                yield log._replace(node=f"{log.node}#{len(seen)}")


def _digest(log: LogFile) -> bytes:
    """Digest the text of a log; one that cannot be read is the copy of none."""
    import hashlib  # noqa: PLC0415  OpenSSL takes 3 to 8 ms, and few logs must be compared

    digest = hashlib.sha256()
    for block in read_blocks(str(log.path), log.member, log.label):
        digest.update(block.text if isinstance(block, Block) else f"{block.reason} {block.source}".encode())
    return digest.digest()
