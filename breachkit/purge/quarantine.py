"""Where a quarantine lies, the runs in it, and what each of them holds.

`<parent of the topmost queue folder>/breachkit-quarantine/<run>/` holds `journal.jsonl` and `messages/`; one
store for each volume that queues lie on, so that a move is a rename. The files of a message are named by its number
in the journal (`00000007`, `00000007.1` …), so no name of a stranger is ever made by us, and none can meet another.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.chain import LOCK, hash_file
from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.files import QUARANTINE, long_path
from breachkit.micros import is_possible
from breachkit.purge import journal
from breachkit.purge.disk import is_full

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from breachkit.purge.disk import Disk
    from breachkit.purge.journal import JournalEntries, JournalEntry
    from breachkit.servers import Queue

BATCH = 1024
"""Messages whose lines are synced together: a sync costs 1 to 6 ms, a rename 0.016 ms. A stop waits for a batch."""
LAST_ROOM = 4096
"""Bytes of a journal for the lines that are not of one message."""
_NO_NAMES = frozenset({"", os.curdir, os.pardir})


class QueuePlace(NamedTuple):
    """A queue folder as purge and restore know it; both paths absolute, links in them as they are."""

    path: str
    beside: str
    """The folder that its quarantine is made in: the parent of the topmost queue folder."""


class Store(NamedTuple):
    """A folder of runs."""

    path: str
    beside: str | None
    """What paths in its journals are relative to, so that a copied tree can be restored where it lies; None when
    the user chose the place: they are absolute then."""


class Run(NamedTuple):
    """One run's folder."""

    name: str
    store: Store

    @property
    def path(self) -> str:
        """The folder."""
        return _join(self.store.path, self.name)

    @property
    def messages(self) -> str:
        """The folder of its messages."""
        return _messages_of(self.store.path, self.name)

    @property
    def journal(self) -> str:
        """Its journal."""
        return _join(self.path, journal.NAME)

    def file(self, number: int, place: int = 0) -> str:
        """Where a file of the message of that number in the journal lies."""
        return f"{_messages_of(self.store.path, self.name)}{os.sep}{file_name(number, place)}"

    def mark(self, number: int) -> bytes:
        """Spell what a name holds for a moment while a file of that message is given it without a link."""
        return f"breachkit restores {self.name} {number}\n".encode()


def file_name(number: int, place: int = 0) -> str:
    """Name a file of a message by the number of that message, and its place among the message's files."""
    return f"{number:08d}.{place}" if place else f"{number:08d}"


@lru_cache(maxsize=64)
def _messages_of(store: str, name: str) -> str:
    """Asked for again with each message that is moved."""
    return _join(store, name, "messages")


def _join(folder: str, *names: str) -> str:
    """Join names to a folder; `os.path.join` took a third of a restore, and none of these names is absolute."""
    return os.sep.join((folder.rstrip(os.sep), *names))


class Queues(NamedTuple):
    """The queues that a command may touch, and where their quarantine lies."""

    rules: Queue
    """How their server queues messages."""
    places: tuple[QueuePlace, ...]
    stores: dict[str, Store]
    """The store for each queue folder."""
    disk: Disk

    def runs(self) -> list[Run]:
        """List the runs of the quarantine, oldest first; links among them are none. Raises PathUnreadableError."""
        try:
            found = [run for store in dict.fromkeys(self.stores.values()) for run in _runs_in(store, self.disk)]
        except OSError as error:
            raise PathUnreadableError(error.filename or ".", error) from None
        return sorted(found, key=lambda run: run.name)

    def run(self, name: str) -> list[Run]:
        """Return the folders of one run, one for each volume. Raises BreachkitError."""
        runs = self.runs()
        found = [run for run in runs if run.name == name]
        if not found:
            names = ", ".join(dict.fromkeys(run.name for run in runs)) or "none"
            raise BreachkitError(
                f"no run '{name}' in the quarantine of these queues (there: {names}); name the same --root or --queue"
                " as for the purge, and --quarantine DIR if it was given"
            )
        return found

    def check(self) -> None:
        """Refuse a quarantine from which the server would deliver, or that is a link, and a queue that forbids moves.

        Raises BreachkitError.
        """
        for store in dict.fromkeys(self.stores.values()):
            real = os.path.realpath(store.path)
            is_live = self.rules.is_live(Path(real)) or self.rules.is_live(Path(store.path))
            if is_live or any(_is_below(real, os.path.realpath(queue.path)) for queue in self.places):
                raise BreachkitError(
                    f"nothing was moved: {store.path} lies in a queue folder, and the server would deliver what is put"
                    " there; name a folder elsewhere with --quarantine DIR"
                )
            status = self.disk.status(store.path)
            # a folder that the user named may be reached by a link; one that lies beside a queue may not
            if status is not None and not self.disk.is_plain_folder(real if store.beside is None else store.path):
                raise BreachkitError(
                    f"nothing was moved: {store.path} is a link or no folder; remove it, or name another with"
                    " --quarantine DIR"
                )


def find_queues(rules: Queue, folders: Iterable[Path], quarantine: Path | None, disk: Disk) -> Queues:
    """Find the store of each queue folder: one for each volume, or the one that the user chose.

    Raises PathUnreadableError.
    """
    chosen: dict[int, Store] = {}
    places, stores = [], {}
    for folder in folders:
        path, beside = os.path.abspath(folder), os.path.abspath(rules.home(folder))
        places.append(QueuePlace(path, beside))
        store = Store(_join(beside, QUARANTINE), beside)
        if quarantine is not None:
            store = Store(os.path.abspath(quarantine), None)
        try:
            volume = os.stat(long_path(path)).st_dev
        except OSError as error:
            raise PathUnreadableError(folder, error) from None
        stores[path] = chosen.setdefault(volume, store)
    return Queues(rules, tuple(places), stores, disk)


def _is_below(path: str, folder: str) -> bool:
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(_join(folder, ""))


def name_run(now: datetime) -> str:
    """Name a run by its moment; the last digits keep two of one second apart."""
    return f"{now:%Y%m%d-%H%M%S}-{os.urandom(2).hex()}"


def make_run(disk: Disk, store: Store, name: str) -> Run:
    """Make the folders of a new run. Raises BreachkitError."""
    run = Run(name, store)
    try:
        for folder in (store.path, run.path, run.messages):
            try:
                disk.make_folder(folder)
            except FileExistsError:
                if folder != store.path:
                    raise
    except OSError as error:
        disk.remove_folder(run.path)
        raise trouble_of(error, store.path, 0, "moved") from None
    return run


def trouble_of(error: OSError, path: str, done: int, verb: str) -> BreachkitError:
    """Make the sentence for what ended a run: `done` messages were moved, restored or dropped until then."""
    if is_full(error):
        journalled = f"{done:,} messages were {verb}, all journalled" if done else f"nothing was {verb}"
        return BreachkitError(
            f"the disk of {path} is full: {journalled}, nothing is lost; free some space ('breachkit quarantine drop"
            " RUN' frees what earlier runs hold), or name a folder on another disk with --quarantine DIR"
        )
    return BreachkitError(
        f"{path} cannot be written ({error.strerror or 'unknown reason'}), so nothing more was moved; run as"
        " Administrator (root), or name another folder with --quarantine DIR"
    )


def remove_run(disk: Disk, run: Run) -> None:
    """Take away the folders of a run that holds no message and no line."""
    for name in (journal.NAME, LOCK):
        disk.unlink(_join(run.path, name))
    for folder in (run.messages, run.path, run.store.path):
        disk.remove_folder(folder)


def _runs_in(store: Store, disk: Disk) -> list[Run]:
    if store.beside is not None and not disk.is_plain_folder(store.path):
        return []
    try:
        runs = [Run(name, store) for name in disk.names(store.path)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    plain = [run for run in runs if disk.is_plain_folder(run.path) and disk.is_plain_folder(run.messages)]
    return [run for run in plain if disk.status(run.journal) is not None]


def holds_messages(run: Run) -> bool:
    """Tell whether anything lies in a run's quarantine. Raises OSError."""
    with os.scandir(long_path(run.messages)) as entries:
        return next(entries, None) is not None


def spell_home(path: str, store: Store) -> str:
    """Spell where a file came from, for the journal: relative where the tree may be copied as a whole."""
    is_spelled_out = os.name == "posix" and path[:1] == "/" and "/." not in path and "//" not in path
    full = path if is_spelled_out else os.path.abspath(path)
    if store.beside is not None and full.startswith(above := _join(store.beside, "")):
        full = full[len(above) :]
    return journal.spell_path(full)


def home_of(spelled: str, store: Store) -> str:
    """Turn a home of a journal into an absolute path; what it says is not to be believed before it is checked."""
    path = journal.path_of(spelled)
    # a path of a journal may be anything, an absolute one too
    return os.path.join(store.beside, path) if store.beside is not None else path


def are_plain_folders(path: str, top: str, disk: Disk, known: dict[tuple[str, str], bool]) -> bool:
    """Tell whether a path lies below a folder with no link, junction or `..` between the two.

    `known` keeps what was found for the next path: by the folder at the top, and the one that was looked at.
    """
    above, _, name = path.rpartition(os.sep)
    if known.get((top, above)) and name not in _NO_NAMES and "\0" not in name and not os.altsep:
        return True
    if "\0" in path or not path.startswith(_join(top, "")):
        return False
    parts = path[len(_join(top, "")) :].split(os.sep)
    if any(part in _NO_NAMES for part in parts) or (os.altsep and os.altsep in path):
        return False
    folder = top
    for part in parts[:-1]:
        folder = _join(folder, part)
        if (top, folder) not in known:
            known[top, folder] = disk.is_plain_folder(folder) or disk.status(folder) is None
        if not known[top, folder]:
            return False
    known[top, above] = True
    return True


Whereabouts = Literal["held", "gone", "restored", "dropped", "left"]


class StoredMessage(NamedTuple):
    """One message of a run, and where it is; `gone` when it should be held and is not there."""

    entry: JournalEntry
    whereabouts: Whereabouts


@dataclass(frozen=True, slots=True)
class Stock:
    """What one run holds, as its journal and its folder show it."""

    run: Run
    began: str
    """Empty when the journal names no time that a purge can have had."""
    wanted: tuple[str, ...]
    is_ended: bool
    """False when the purge was killed, or still runs."""
    is_torn: bool
    entries: JournalEntries
    whereabouts: dict[int, Whereabouts]
    """Of each message, by its number."""
    sha256: str
    """Of the journal."""

    @property
    def messages(self) -> Iterator[StoredMessage]:
        """Each message, and where it is."""
        return (StoredMessage(self.entries[number], where) for number, where in self.whereabouts.items())

    def count(self, whereabouts: Whereabouts) -> int:
        """Count the messages that are there."""
        return sum(known == whereabouts for known in self.whereabouts.values())

    @property
    def bytes(self) -> int:
        """Bytes of the messages that are held."""
        return sum(held.entry.size for held in self.messages if held.whereabouts == "held")


def take_stock(disk: Disk, run: Run) -> Stock:
    """Tell what a run holds. Raises BreachkitError, OSError."""
    history = journal.read_history(run.journal)
    there = set(disk.names(run.messages))
    return Stock(
        run=run,
        began=_time(history.began),
        wanted=tuple(history.wanted),
        is_ended=history.is_ended,
        is_torn=bool(history.end.torn),
        entries=history.entries,
        whereabouts={entry.number: _whereabouts(entry, there) for entry in history.entries.values()},
        sha256=hash_file(run.journal)[1],
    )


def _time(text: str) -> str:
    try:
        ts = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text if ts.tzinfo is not None and is_possible(ts.timestamp()) else ""


def _whereabouts(entry: JournalEntry, there: set[str]) -> Whereabouts:
    if entry.state == "left":
        return "left"
    if any(file_name(entry.number, place) in there for place in range(len(entry.homes))):
        return "held"
    if entry.state == "restored" or entry.state == "dropped":  # noqa: PLR1714  a type checker follows this
        return entry.state
    return "left" if entry.state == "intended" else "gone"


def find_changed(disk: Disk, stock: Stock) -> list[StoredMessage]:
    """Hash every message that is held, and return those that are not what the journal says."""
    return [held for held in stock.messages if held.whereabouts == "held" and not _is_sound(disk, stock.run, held)]


def _is_sound(disk: Disk, run: Run, held: StoredMessage) -> bool:
    for place, known in enumerate(held.entry.prints):
        try:
            if disk.fingerprint(run.file(held.entry.number, place)).sha256 != known.sha256:
                return False
        except FileNotFoundError:
            # a purge that was killed has not moved all files of its last message, a restore may have put some back
            if held.entry.state not in {"intended", "restoring"}:
                return False
        except OSError:
            return False
    return True
