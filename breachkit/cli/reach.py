"""What purge, restore and quarantine may touch: the queues of the evidence, and their quarantine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import NoQueueError, QueueOutsideError
from breachkit.purge.disk import Disk
from breachkit.purge.quarantine import find_queues

if TYPE_CHECKING:
    from breachkit.evidence.where import Where
    from breachkit.purge.quarantine import Queues
    from breachkit.servers import QueueFolder


class Reach(NamedTuple):
    """The queues that a command may touch."""

    where: Where
    quarantine: Path | None
    """The place that the user chose for it."""
    outside: QueueFolder | None
    """A queue that the evidence, not the user, puts outside the root."""
    queues: Queues
    root: Path | None
    """The root, absolute: what shown paths are relative to."""

    def command(self, name: str, *arguments: str) -> str:
        """Spell a command on the same queues and the same quarantine."""
        place = [] if self.quarantine is None else ["--quarantine", str(self.quarantine)]
        return self.where.command(name, *arguments, *place)

    def check(self) -> None:
        """Refuse to move anything out of a queue outside the root, or into what the server delivers.

        Raises QueueOutsideError, QuarantineInQueueError, QuarantineLinkError, UnmovableQueueError.
        """
        if self.outside is not None:
            raise QueueOutsideError(self.outside.path, self.outside.named_by or "by a link")
        self.queues.check()


def reach_of(where: Where, quarantine: Path | None, *, with_outside: bool = True) -> Reach:
    """Find what a command may touch. Raises NoQueueError, PathUnreadableError."""
    known = [queue for queue in where.layout.queues if not queue.is_quarantine]
    folders = [queue for queue in known if with_outside or not queue.is_outside]
    if not folders:
        raise NoQueueError(where.layout.root or ".", where.looked_for)
    queues = find_queues(where.queue, [folder.path for folder in folders], quarantine, Disk())
    outside = next((folder for folder in folders if folder.is_outside), None)
    root = None if where.layout.root is None else Path(os.path.abspath(where.layout.root))  # noqa: PTH100  links stay
    return Reach(where, quarantine, outside, queues, root)
