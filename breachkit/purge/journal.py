"""The journal of one run: what is about to be done, then what was done, each line chained to the one before.

JSON lines (`chain`); the kinds and their fields are `LINE_FIELDS`. No forger is kept from writing it all anew: hence
the SHA-256 of the whole that the user writes down.

Room for the lines of a run is taken before its first move and lies at the end of the file as zeros until it is
used or given back, so a crash leaves: whole lines, perhaps one torn line, zeros. Only the first are believed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.errors import JournalBrokenError
from breachkit.files import open_regular
from breachkit.purge.chain import NEW, BrokenChainError, Chain, link
from breachkit.purge.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from breachkit.purge.chain import End
    from breachkit.purge.disk import Disk

FORMAT = "breachkit-journal/1"
BLOCK = 1 << 20
"""Bytes of a journal that are hashed at a time."""
NAME = "journal.jsonl"

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


class JournalLine(NamedTuple):
    """One line that the chain vouches for."""

    number: int
    kind: str
    fields: dict[str, Any]


def spell_path(path: str) -> str:
    """Spell a path for the journal: the same text whatever the locale, and every byte of it kept."""
    return path.replace("\\", "/") if os.name == "nt" else os.fsencode(path).decode("utf-8", "surrogateescape")


def path_of(spelled: str) -> str:
    """Turn a path of a journal into one for the operating system."""
    if os.name == "nt":
        return spelled.replace("/", "\\")
    # "surrogatepass" is not wanted: a journal with half a pair in it names no file, and is answered as such
    return os.fsdecode(spelled.encode("utf-8", "surrogateescape"))


class Reading:
    """A journal, read line by line by whoever iterates over it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.end = NEW
        """How it ends, once all of it was read."""

    def __iter__(self) -> Iterator[JournalLine]:
        """Return each line that its chain vouches for. Raises JournalBrokenError, OSError."""
        with open_regular(self.path) as stream:
            chain = Chain(stream, LINE_FIELDS, "journal")
            try:
                for fields in chain:
                    yield _line(fields)
            except BrokenChainError as error:
                raise JournalBrokenError(self.path, error.number, error.why) from None
            self.end = chain.end


def _line(fields: dict[str, Any]) -> JournalLine:
    line = JournalLine(fields["line"], fields["kind"], fields)
    if (line.number == 1) != (line.kind == "run"):
        raise BrokenChainError(line.number, "the first line, and no other, names the run")
    return line


def sha256_of(path: str) -> str:
    """Return the SHA-256 of a journal, for the user's notes. Raises OSError."""
    with open_regular(path) as stream:
        digest = sha256()
        while block := stream.read(BLOCK):
            digest.update(block)
        return digest.hexdigest()


class Journal:
    """A journal open for writing: lines are gathered, then written and synced together by `commit`."""

    def __init__(self, disk: Disk, path: str, handle: int, so_far: End) -> None:
        self.path = path
        self._disk = disk
        self._handle = handle
        self._length = so_far.length
        self._last_hash = so_far.last_hash
        self._number = so_far.lines
        self._waiting: list[bytes] = []

    @classmethod
    def begin(cls, disk: Disk, path: str) -> Journal:
        """Make a new journal. Raises FileExistsError, OSError."""
        return cls(disk, path, disk.create(path), NEW)

    @classmethod
    def resume(cls, disk: Disk, path: str, so_far: End) -> Journal:
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
        self.add_fields(kind, fields)

    def add_fields(self, kind: str, fields: Mapping[str, object]) -> None:
        """Gather one line."""
        self._number += 1
        text = link(self._number, self._last_hash, kind, fields)
        self._last_hash = sha256(text).hexdigest()
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
