"""The journal of one run: what is about to be done, then what was done, each line chained to the one before.

JSON lines (`chain`); the kinds are `KINDS`. A message is one entry, with all its files in the order in which they are
moved away: `intent {id, key, role, files: [{home, size, mtime_ns, device, inode, mode, uid, gid, sha256}]}`; all other
lines speak of ids. New journals are of format 2; in format 1 a message was one file, whose fields stood in the intent
itself, and both are read.

Room for the lines of a run is taken before its first move and lies at the end of the file as zeros until it is
used or given back, so a crash leaves: whole lines, perhaps one torn line, zeros. Only the first are believed.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from breachkit.chain import NEW, BrokenChainError, Chain, link, sha256
from breachkit.errors import BreachkitError
from breachkit.files import open_regular
from breachkit.purge.disk import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from breachkit.chain import End
    from breachkit.purge.disk import Disk

FORMAT = "breachkit-journal/2"
_FORMATS = frozenset({"breachkit-journal/1", FORMAT})
NAME = "journal.jsonl"

KINDS: dict[str, dict[str, type]] = {
    "run": {"format": str, "run": str, "began": str, "version": str, "wanted": list},
    "intent": {"id": int},
    "left": {"home": str, "outcome": str, "reason": str},
    "done": {"moved": list, "left": list},
    "replaced": {"id": int},
    "sent": {"ids": list},
    "end": {"ended": str, "moved": int, "stopped": bool},
    "restoring": {"ids": list},
    "restored": {"ids": list},
    "dropped": {"ids": list},
}
"""What each kind of line must hold. Paths are bytes read as UTF-8, odd ones as lone surrogates: any name survives."""
FILE_FIELDS = ("home", *Fingerprint._fields)
"""What an intent says of each file."""
_fields_of = itemgetter(*FILE_FIELDS)
_TYPES = (str, *[int] * 7, str)
"""Of a home and the fields of its fingerprint."""

REPLACED = ("size", "mtime_ns", "device", "inode", "sha256")
"""What a line says of a file that is not what was intended: its mode and owner are."""

State = Literal["intended", "moved", "sent", "left", "restoring", "restored", "dropped"]


def spell_path(path: str) -> str:
    """Spell a path for the journal: the same text whatever the locale, and every byte of it kept."""
    if os.name == "nt":
        return path.replace("\\", "/")
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "surrogateescape")


def path_of(spelled: str) -> str:
    """Turn a path of a journal into one for the operating system."""
    if os.name == "nt":
        return spelled.replace("/", "\\")
    # "surrogatepass" is not wanted: a journal with half a pair in it names no file, and is answered as such
    return spelled if spelled.isascii() else os.fsdecode(spelled.encode("utf-8", "surrogateescape"))


class JournalEntry(NamedTuple):
    """One message of a run."""

    number: int
    state: State
    homes: tuple[str, ...]
    """Of its files, as spelled in the journal: not to be believed."""
    prints: tuple[Fingerprint, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(one.size for one in self.prints)


class JournalEntries(Mapping[int, JournalEntry]):
    """The messages of a run by number: packed, a million of them take 350 MB, as records they took 850."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}
        self._packed: dict[int, bytes] = {}

    def __getitem__(self, number: int) -> JournalEntry:
        homes, prints = marshal.loads(self._packed[number])  # noqa: S302  see `put`
        return JournalEntry(number, self._states[number], homes, tuple([Fingerprint._make(one) for one in prints]))

    def __contains__(self, number: object) -> bool:
        return number in self._states

    def __iter__(self) -> Iterator[int]:
        return iter(self._states)

    def __len__(self) -> int:
        return len(self._states)

    def number_of_moved(self) -> int:
        """Count the messages that were, or may have been, moved."""
        return sum(state != "left" for state in self._states.values())

    def put(self, number: int, homes: tuple[str, ...], prints: Iterable[tuple[Any, ...]], state: State) -> None:
        """Add a message, or know it better."""
        self._packed[number] = marshal.dumps((homes, [tuple(one) for one in prints]))
        self._states[number] = state

    def set(self, number: int, state: State) -> None:
        """Take what became of a message. Raises KeyError, TypeError."""
        if type(number) is not int:
            raise TypeError(number)
        if number not in self._states:
            raise KeyError(number)
        self._states[number] = state


@dataclass(slots=True)
class History:
    """A run as its journal tells it."""

    end: End = NEW
    began: str = ""
    wanted: list[str] = field(default_factory=list)
    ended: str = ""
    """When, as the journal spells it; empty for a purge that was killed, or still runs."""
    is_hold: bool = False
    """Its messages were put on hold in the queue, not into the quarantine."""
    entries: JournalEntries = field(default_factory=JournalEntries)

    def fold(self, line: Mapping[str, Any]) -> None:
        """Take the next line. Raises KeyError, TypeError, ValueError, IndexError when it fits none before it."""
        if (line["line"] == 1) != (line["kind"] == "run"):
            raise ValueError(line["kind"])
        match line["kind"]:
            case "run":
                self.began, self.wanted = line["began"], [str(word) for word in line["wanted"]]
                self.is_hold = line.get("holds") is True
                if line["format"] not in _FORMATS:
                    raise ValueError(line["format"])
            case "intent":
                self._intend(line["id"], line.get("files", [line]))
            case "replaced":
                self._replace(line["id"], line.get("file", 0), line)
            case "done":
                self._set(line["moved"], "moved")
                self._set([row[0] for row in line["left"]], "left")
            case "end":
                self.ended = line["ended"]
            case "sent" | "restoring" | "restored" | "dropped" as state:
                self._set(line["ids"], state)

    def number_on_hold(self) -> int:
        """Count the messages that the run put on hold and did not take off again."""
        states = (entry.state for entry in self.entries.values())
        return sum(state in {"moved", "sent", "intended", "restoring"} for state in states) if self.is_hold else 0

    def _intend(self, number: int, files: list[dict[str, Any]]) -> None:
        if number in self.entries or number < 1 or not files:
            raise KeyError(number)
        rows = [_fields_of(row) for row in files]
        for row in rows:
            if tuple(map(type, row)) != _TYPES:
                raise TypeError(number)
        self.entries.put(number, tuple([row[0] for row in rows]), [row[1:] for row in rows], "intended")

    def _replace(self, number: int, file: int, row: Mapping[str, Any]) -> None:
        """Take what a file was that had its name when it was moved: only mode and owner are those of the first."""
        entry = self.entries[number]
        changed = {name: row[name] for name in REPLACED}
        prints = list(entry.prints)
        prints[file] = prints[file]._replace(**changed)
        if tuple(map(type, prints[file])) != _TYPES[1:]:
            raise TypeError(number)
        self.entries.put(number, entry.homes, prints, entry.state)

    def _set(self, numbers: Iterable[int], state: State) -> None:
        for number in numbers:
            self.entries.set(number, state)


def read_history(path: str) -> History:
    """Tell from a journal what became of each message, keeping no lines. Raises BreachkitError, OSError."""
    history = History()
    for line in read_lines(path, history):
        try:
            history.fold(line)
        except (KeyError, TypeError, ValueError, IndexError):
            raise _broken(path, line["line"], "it does not fit the lines before it") from None
    return history


def _broken(path: str, line: int, reason: str) -> BreachkitError:
    return BreachkitError(
        f"{path} line {line}: {reason}, so the journal was changed after it was written, and nothing was touched;"
        " compare it with a copy or with the SHA-256 in your notes"
    )


def read_lines(path: str, history: History) -> Iterator[dict[str, Any]]:
    """Yield each line that the chain vouches for; the history gets its end. Raises BreachkitError, OSError."""
    with open_regular(path) as stream:
        chain = Chain(stream, KINDS, "journal")
        try:
            yield from chain
        except BrokenChainError as error:
            raise _broken(path, error.number, error.why) from None
        history.end = chain.end


class Journal:
    """A journal open for writing: lines are gathered, then written and synced together by `commit`."""

    def __init__(self, disk: Disk, path: str, so_far: End | None = None) -> None:
        """Make a new journal, or go on with one; what a crash left after its last whole line is cut off.

        Raises FileExistsError, OSError.
        """
        self._disk = disk
        self._handle = disk.create(path) if so_far is None else disk.reopen(path)
        end = so_far or NEW
        os.ftruncate(self._handle, end.length)
        self._length = end.length
        self._last_hash = end.last_hash
        self._number = end.lines
        self._waiting: list[bytes] = []

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
