"""Where a quarantine lies, and the runs in it; what each of them holds is told by `stock`.

`<parent of the topmost queue folder>/breachkit-quarantine/<run>/` holds `journal.jsonl` and `messages/`; one
store for each volume that queues lie on, so that a move is a rename. The files of a message are named by its number
in the journal (`00000007`, `00000007.1` …), so no name of a stranger is ever made by us, and none can meet another.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from breachkit.chain import LOCK
from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.files import QUARANTINE, long_path
from breachkit.purge import journal
from breachkit.purge.disk import is_full

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from breachkit.purge.disk import Disk
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


class Moved(Protocol):
    """A message of a run, as far as its place is asked for."""

    @property
    def number(self) -> int:
        """In the journal."""

    @property
    def homes(self) -> tuple[str, ...]:
        """Where its files came from, as spelled in the journal."""


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
        """Refuse a quarantine from which the server would deliver, that is a link, or that nothing can be renamed into.

        Raises BreachkitError, OSError.
        """
        for queue, store in self.stores.items():
            if self.rules.moving == "rename" and self.disk.volume_of(queue) != self.disk.volume_of(store.path):
                raise BreachkitError(
                    f"nothing was moved: {store.path} lies on another volume than {queue}, and files of this server are"
                    " only renamed: a copy could be sent twice; name a folder on the volume of the queue with"
                    " --quarantine DIR, outside the folders of the queue"
                )
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


def stored_file(run: Run, entry: Moved, place: int, hold: Callable[[str], str] | None) -> str:
    """Return where a file of a message lies that was moved: in the quarantine, or on hold in the queue.

    What it makes of a journal is not to be believed before it is checked.
    """
    return run.file(entry.number, place) if hold is None else hold(home_of(entry.homes[place], run.store))


def holds_messages(run: Run) -> bool:
    """Tell whether a run has something to restore, in its quarantine or on hold. Raises BreachkitError, OSError."""
    with os.scandir(long_path(run.messages)) as entries:
        if next(entries, None) is not None:
            return True
    first = next(journal.read_lines(run.journal, journal.History()), {})
    return bool(first.get("holds")) and journal.read_history(run.journal).number_on_hold() > 0


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
    return path if store.beside is None or os.path.isabs(path) else _join(store.beside, path)


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
