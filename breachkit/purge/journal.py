"""The journal of one run: what is about to be done, then what was done, each line chained to the one before.

JSON lines. Each has `line` (its number from 1), `prev` (SHA-256 of the bytes of the line before it, without its
end; zeros for the first) and `kind`; the kinds and their fields are `LINE_FIELDS`. The chain shows accident and
careless edits, not a forger who writes it all anew: hence the SHA-256 of the whole that the user writes down.

Room for the lines of a run is taken before its first move and lies at the end of the file as zeros until it is
used or given back, so a crash leaves: whole lines, perhaps one torn line, zeros. Only the first are believed.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from breachkit.errors import JournalBrokenError
from breachkit.files import long_path

if TYPE_CHECKING:
    from breachkit.purge.disk import Disk

FORMAT = "breachkit-journal/1"
NAME = "journal.jsonl"
ORIGIN = "0" * 64

LINE_FIELDS: dict[str, dict[str, type]] = {
    "run": {"format": str, "run": str, "began": str, "version": str, "wanted": list},
    "intent": {
        "id": int,
        "home": str,
        "size": int,
        "mtime_ns": int,
        "device": int,
        "inode": int,
        "mode": int,
        "uid": int,
        "gid": int,
        "sha256": str,
    },
    "left": {"home": str, "outcome": str, "reason": str},
    "done": {"moved": list, "left": list},
    "replaced": {"id": int, "size": int, "mtime_ns": int, "device": int, "inode": int, "sha256": str},
    "end": {"ended": str, "moved": int, "stopped": bool},
    "restoring": {"ids": list},
    "restored": {"ids": list},
    "dropped": {"ids": list},
}
"""What each kind of line must hold. Paths are bytes read as UTF-8, odd ones as lone surrogates: any name survives."""


_ENCODE = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
"""`json.dumps` makes an encoder for each line."""


class JournalLine(NamedTuple):
    """One line that the chain vouches for."""

    number: int
    kind: str
    fields: dict[str, Any]


class Reading(NamedTuple):
    """A journal as read: its lines, and how it ends."""

    lines: list[JournalLine]
    length: int
    """Bytes of the lines that are believed."""
    last_hash: str
    is_torn: bool
    """True when a crash left half a line at the end."""


def spell_path(path: str) -> str:
    """Spell a path for the journal: the same text whatever the locale, and every byte of it kept."""
    return path.replace("\\", "/") if os.name == "nt" else os.fsencode(path).decode("utf-8", "surrogateescape")


def path_of(spelled: str) -> str:
    """Turn a path of a journal into one for the operating system."""
    if os.name == "nt":
        return spelled.replace("/", "\\")
    # "surrogatepass" is not wanted: a journal with half a pair in it names no file, and is answered as such
    return os.fsdecode(spelled.encode("utf-8", "surrogateescape"))


def read_journal(path: str) -> Reading:
    """Read a journal and verify its chain. Raises JournalBrokenError, OSError."""
    with open(long_path(path), "rb") as stream:  # noqa: PTH123  strings, see `disk`
        raw = stream.read().rstrip(b"\0")
    whole, mark, torn = raw.rpartition(b"\n")
    lines: list[JournalLine] = []
    previous = ORIGIN
    for number, text in enumerate(whole.split(b"\n") if mark else [], 1):
        lines.append(_parse(path, number, text, previous))
        previous = hashlib.sha256(text).hexdigest()
    return Reading(lines, len(whole) + len(mark), previous, bool(torn))


def _parse(path: str, number: int, text: bytes, previous: str) -> JournalLine:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise JournalBrokenError(path, number, "it is no line of a journal") from None
    if not isinstance(fields, dict) or fields.get("line") != number or fields.get("prev") != previous:
        raise JournalBrokenError(path, number, "it does not follow from the line before it")
    kind = fields.get("kind")
    wanted = LINE_FIELDS.get(kind) if isinstance(kind, str) else None
    if wanted is None or any(type(fields.get(name)) is not needed for name, needed in wanted.items()):
        raise JournalBrokenError(path, number, "it is of no known kind")
    if (number == 1) != (kind == "run"):
        raise JournalBrokenError(path, number, "the first line, and no other, names the run")
    return JournalLine(number, str(kind), fields)


def sha256_of(path: str) -> str:
    """Return the SHA-256 of a journal, for the user's notes. Raises OSError."""
    with open(long_path(path), "rb") as stream:  # noqa: PTH123
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Journal:
    """A journal open for writing: lines are gathered, then written and synced together by `commit`."""

    def __init__(self, disk: Disk, path: str, handle: int, so_far: Reading) -> None:
        self.path = path
        self._disk = disk
        self._handle = handle
        self._length = so_far.length
        self._last_hash = so_far.last_hash
        self._number = len(so_far.lines)
        self._waiting: list[bytes] = []

    @classmethod
    def begin(cls, disk: Disk, path: str) -> Journal:
        """Make a new journal. Raises FileExistsError, OSError."""
        return cls(disk, path, disk.create(path), Reading([], 0, ORIGIN, is_torn=False))

    @classmethod
    def resume(cls, disk: Disk, path: str, so_far: Reading) -> Journal:
        """Open a journal to go on with it; what a crash left after its last whole line is cut off. Raises OSError."""
        handle = disk.reopen(path)
        os.ftruncate(handle, so_far.length)
        return cls(disk, path, handle, so_far)

    def reserve(self, size: int) -> None:
        """Take room for what is still to come, so that a move is never left without its line. Raises OSError."""
        try:
            self._disk.reserve(self._handle, self._length, size)
        except OSError:
            os.ftruncate(self._handle, self._length)
            raise

    def add(self, kind: str, **fields: object) -> None:
        """Gather one line."""
        self._number += 1
        line = {"line": self._number, "prev": self._last_hash, "kind": kind, **fields}
        text = _ENCODE(line).encode("ascii")
        self._last_hash = hashlib.sha256(text).hexdigest()
        self._waiting.append(text + b"\n")

    def commit(self) -> None:
        """Write what was gathered and wait until it is on the disk. Raises OSError."""
        if not self._waiting:
            return
        text = b"".join(self._waiting)
        os.lseek(self._handle, self._length, os.SEEK_SET)
        self._disk.write(self._handle, text)
        self._disk.sync(self._handle)
        self._length += len(text)
        self._waiting.clear()

    def close(self) -> None:
        """Give back the room that was not used. Raises OSError."""
        try:
            os.ftruncate(self._handle, self._length)
            self._disk.sync(self._handle)
        finally:
            os.close(self._handle)
