"""What purge, restore and quarantine share: the queues they may touch, and where their quarantine lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import NoQueueError, NoSuchRunError, PathUnreadableError, QueueOutsideError
from breachkit.purge.disk import Disk
from breachkit.purge.quarantine import QueuePlace, check_store, find_runs, stores_of

if TYPE_CHECKING:
    from breachkit.evidence.where import Where
    from breachkit.purge.quarantine import Run, Store
    from breachkit.servers import QueueFolder


class Yard(NamedTuple):
    """The queues of a command and the place beside them."""

    where: Where
    quarantine: Path | None
    disk: Disk
    folders: tuple[QueueFolder, ...]
    """The queue folders, absolute; never one of a quarantine."""
    queues: tuple[QueuePlace, ...]
    stores: dict[str, Store]
    root: Path | None
    """The root, absolute: what shown paths are relative to."""

    def command(self, name: str, *arguments: str) -> str:
        """Spell a command on the same queues and the same quarantine."""
        place = [] if self.quarantine is None else ["--quarantine", str(self.quarantine)]
        return self.where.command(name, *arguments, *place)

    def runs(self) -> list[Run]:
        """List the runs of the quarantine, oldest first. Raises PathUnreadableError."""
        try:
            return find_runs(self.stores.values(), self.disk)
        except OSError as error:
            raise PathUnreadableError(error.filename or ".", error.strerror or "unknown reason") from None

    def run(self, name: str) -> list[Run]:
        """Return the folders of one run, one for each volume. Raises NoSuchRunError."""
        runs = self.runs()
        found = [run for run in runs if run.name == name]
        if not found:
            raise NoSuchRunError(name, dict.fromkeys(run.name for run in runs))
        return found

    def refuse_outside(self) -> None:
        """Touch no queue that the evidence, not the user, puts outside the root. Raises QueueOutsideError."""
        for folder in self.folders:
            if folder.is_outside:
                raise QueueOutsideError(folder.path, folder.named_by or "by a link")

    def check(self) -> None:
        """Make sure that no quarantine lies where the server delivers from.

        Raises QuarantineInQueueError, QuarantineLinkError.
        """
        for store in dict.fromkeys(self.stores.values()):
            check_store(store, self.queues, lambda path: self.where.queue.is_live(Path(path)), self.disk)


def make_yard(where: Where, quarantine: Path | None, *, with_outside: bool = True) -> Yard:
    """Make the yard of a command. Raises NoQueueError, PathUnreadableError."""
    known = [queue for queue in where.layout.queues if not queue.is_quarantine]
    folders = tuple(
        queue._replace(path=Path(os.path.abspath(queue.path)))  # noqa: PTH100  links stay as they are
        for queue in known
        if with_outside or not queue.is_outside
    )
    if not folders:
        raise NoQueueError(where.layout.root or ".", where.looked_for)
    queues = tuple(_place(folder.path, where.queue.home(folder.path)) for folder in folders)
    try:
        stores = stores_of(queues, None if quarantine is None else str(quarantine))
    except OSError as error:
        raise PathUnreadableError(error.filename or ".", error.strerror or "unknown reason") from None
    root = None if where.layout.root is None else Path(os.path.abspath(where.layout.root))  # noqa: PTH100
    return Yard(where, quarantine, Disk(), folders, queues, stores, root)


def _place(path: Path, beside: Path) -> QueuePlace:
    return QueuePlace(os.path.abspath(path), os.path.abspath(beside))  # noqa: PTH100  links stay as they are
