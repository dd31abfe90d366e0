"""What purge, restore and quarantine may touch: the queues of the evidence, and their quarantine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.purge.disk import Disk
from breachkit.purge.stock import take_stock
from breachkit.purge.store import find_queues
from breachkit.shells import is_safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.evidence.where import Where
    from breachkit.purge.stock import Stock
    from breachkit.purge.store import Queues, Run
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

    @property
    def title(self) -> str:
        """What the server is called whose queues these are."""
        return next(one.server.title for one in self.where.products if one.server.queue is self.queues.rules)

    def command(self, name: str, *arguments: str) -> str:
        """Spell a command on the same queues and the same quarantine."""
        place = [] if self.quarantine is None else ["--quarantine", str(self.quarantine)]
        return self.where.command(name, *arguments, *place)

    def stocks(self, runs: Iterable[Run] | None = None) -> list[Stock]:
        """Tell what runs of the quarantine hold, by default all of them. Raises BreachkitError."""
        try:
            return [take_stock(self.queues.disk, run) for run in (self.queues.runs() if runs is None else runs)]
        except OSError as error:
            raise PathUnreadableError(error.filename or ".", error) from None

    def check(self) -> None:
        """Refuse to move anything out of a queue outside the root, or into what the server delivers.

        Raises BreachkitError.
        """
        if self.outside is not None:
            path, named_by = self.outside.path, self.outside.named_by or "by a link"
            raise BreachkitError(
                f"nothing was moved: {path} lies outside the root ({named_by}) and may be the live queue; if it is"
                f" meant, name {f'it with --queue {path}' if is_safe(str(path)) else 'that folder with --queue'}"
            )
        self.queues.check()


def reach_of(where: Where, quarantine: Path | None, *, with_outside: bool = True) -> Reach:
    """Find what a command may touch. Raises BreachkitError."""
    known = [queue for queue in where.layout.queues if not queue.is_quarantine]
    folders = [queue for queue in known if with_outside or not queue.is_outside]
    if not folders:
        raise where.no_queue()
    queues = find_queues(where.queue, [folder.path for folder in folders], quarantine, Disk())
    outside = next((folder for folder in folders if folder.is_outside), None)
    root = None if where.layout.root is None else Path(os.path.abspath(where.layout.root))
    return Reach(where, quarantine, outside, queues, root)
