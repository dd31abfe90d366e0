"""Where a quarantine lies, and the runs in it.

`<parent of the topmost queue folder>/breachkit-quarantine/<run>/` holds `journal.jsonl` and `messages/`; one
store for each volume that queues lie on, so that a move is a rename. A message's file there is named by its
number in the journal, so no name of a stranger is ever made by us, and none can meet another.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import DiskFullError, QuarantineInQueueError, QuarantineLinkError, QuarantineUnwritableError
from breachkit.files import QUARANTINE, long_path
from breachkit.purge import journal
from breachkit.purge.disk import is_full

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from breachkit.purge.disk import Disk

MESSAGES = "messages"
LOCK = "lock"
_NO_NAMES = frozenset({"", os.curdir, os.pardir})


class Queue(NamedTuple):
    """A queue folder as purge and restore know it; both paths absolute."""

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

    def message(self, number: int) -> str:
        """Where the message of that number in the journal lies."""
        return f"{_messages_of(self.store.path, self.name)}{os.sep}{number:08d}"

    def file_name(self, number: int) -> str:
        """Name the file of a message."""
        return f"{number:08d}"


@lru_cache(maxsize=64)
def _messages_of(store: str, name: str) -> str:
    """Asked for again with each message that is moved."""
    return _join(store, name, MESSAGES)


def _join(folder: str, *names: str) -> str:
    """Join names to a folder; `os.path.join` took a third of a restore, and none of these names is absolute."""
    return os.sep.join((folder.rstrip(os.sep), *names))  # noqa: PTH118  strings, see `disk`


def make_queue(path: os.PathLike[str] | str, beside: os.PathLike[str] | str) -> Queue:
    """Make a queue of two paths, which need not be absolute; links in them stay as they are."""
    return Queue(os.path.abspath(path), os.path.abspath(beside))  # noqa: PTH100


def store_of(queue: Queue, quarantine: str | None) -> Store:
    """Return the store for a queue: the one the user chose, else the one beside the topmost queue folder."""
    if quarantine is not None:
        return Store(os.path.abspath(quarantine), None)  # noqa: PTH100
    return Store(_join(queue.beside, QUARANTINE), queue.beside)


def stores_of(queues: Iterable[Queue], quarantine: str | None) -> dict[str, Store]:
    """Return the store for each queue folder: one for each volume. Raises OSError."""
    chosen: dict[int, Store] = {}
    stores: dict[str, Store] = {}
    for queue in queues:
        volume = os.stat(long_path(queue.path)).st_dev  # noqa: PTH116
        stores[queue.path] = chosen.setdefault(volume, store_of(queue, quarantine))
    return stores


def check_store(store: Store, queues: Sequence[Queue], is_live: Callable[[str], bool], disk: Disk) -> None:
    """Refuse a place from which the server would deliver, and one that is a link.

    Raises QuarantineInQueueError, QuarantineLinkError.
    """
    real = os.path.realpath(store.path)
    if is_live(real) or is_live(store.path) or any(_is_below(real, os.path.realpath(queue.path)) for queue in queues):
        raise QuarantineInQueueError(store.path)
    status = disk.status(store.path)
    # a folder that the user named may be reached by a link; one that lies beside a queue may not
    if status is not None and not disk.is_plain_folder(real if store.beside is None else store.path):
        raise QuarantineLinkError(store.path)


def _is_below(path: str, folder: str) -> bool:
    path, folder = os.path.normcase(path), os.path.normcase(folder)
    return path == folder or path.startswith(_join(folder, ""))


def name_run(now: datetime) -> str:
    """Name a run by its moment; the last digits keep two of one second apart."""
    return f"{now:%Y%m%d-%H%M%S}-{os.urandom(2).hex()}"


def make_run(disk: Disk, store: Store, name: str) -> Run:
    """Make the folders of a new run. Raises DiskFullError, QuarantineUnwritableError."""
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
        if is_full(error):
            raise DiskFullError(store.path, 0, "moved") from None
        raise QuarantineUnwritableError(store.path, error.strerror or "unknown reason") from None
    return run


def remove_run(disk: Disk, run: Run) -> None:
    """Take away the folders of a run that holds no message and no line."""
    for name in (journal.NAME, LOCK):
        disk.unlink(_join(run.path, name))
    for folder in (run.messages, run.path, run.store.path):
        disk.remove_folder(folder)


def find_runs(stores: Iterable[Store], disk: Disk) -> list[Run]:
    """List the runs of the stores, oldest first; links among them are none."""
    runs: list[Run] = []
    for store in dict.fromkeys(stores):
        if store.beside is not None and not disk.is_plain_folder(store.path):
            continue
        try:
            names = sorted(os.listdir(long_path(store.path)))  # noqa: PTH208
        except (FileNotFoundError, NotADirectoryError):
            continue
        runs += [run for run in (Run(name, store) for name in names) if _is_run(run, disk)]
    return sorted(runs, key=lambda run: run.name)


def _is_run(run: Run, disk: Disk) -> bool:
    return (
        disk.is_plain_folder(run.path) and disk.is_plain_folder(run.messages) and disk.status(run.journal) is not None
    )


def holds_messages(run: Run) -> bool:
    """Tell whether anything lies in a run's quarantine. Raises OSError."""
    with os.scandir(long_path(run.messages)) as entries:
        return next(entries, None) is not None


def spell_home(path: str, store: Store) -> str:
    """Spell where a message came from, for the journal: relative where the tree may be copied as a whole."""
    full = path if _is_spelled_out(path) else os.path.abspath(path)  # noqa: PTH100
    if store.beside is not None and full.startswith(above := _join(store.beside, "")):
        full = full[len(above) :]
    return journal.spell_path(full)


def _is_spelled_out(path: str) -> bool:
    """Tell that a path is absolute and has no `.`, `..` or empty part; False means nothing."""
    return os.name == "posix" and path[:1] == "/" and "/." not in path and "//" not in path and path[-1] != "/"


def home_of(spelled: str, store: Store) -> str:
    """Turn a home of a journal into an absolute path; what it says is not to be believed before it is checked."""
    path = journal.path_of(spelled)
    # a path of a journal may be anything, an absolute one too
    return os.path.join(store.beside, path) if store.beside is not None else path  # noqa: PTH118


def are_plain_folders(path: str, top: str, disk: Disk, known: dict[tuple[str, str], bool]) -> bool:
    """Tell whether a path lies below a folder with no link, junction or `..` between the two.

    `known` keeps what was found for the next path: by the folder at the top, and the one that was looked at.
    """
    above, _, name = path.rpartition(os.sep)
    if known.get((top, above)) and name not in _NO_NAMES and "\0" not in name and not os.altsep:
        return True
    if "\0" in path or not path.startswith(_join(top, "")):
        return False
    parts = path[len(_join(top, "")) :].split(os.sep)  # noqa: PTH206  `..` must be seen, not resolved
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
