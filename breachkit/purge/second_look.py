"""A second look at what was moved: a server that had opened a message before may have written to it, or sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.purge.journal import REPLACED, read_history
from breachkit.purge.store import home_of, stored_file

if TYPE_CHECKING:
    import os

    from breachkit.purge.disk import Disk, Fingerprint
    from breachkit.purge.journal import Journal
    from breachkit.purge.store import Run
    from breachkit.servers import Queue


def find_sent(rules: Queue, disk: Disk, run: Run, journal: Journal) -> int:
    """Journal which of the moved messages were sent all the same, and count them. Raises BreachkitError, OSError.

    A delivery agent marks in the message whom it served (Postfix), or writes a journal beside its old place (Exim).
    """
    sent = []
    history = read_history(run.journal)
    hold = rules.hold if history.is_hold else None
    for entry in history.entries.values():
        if entry.state != "moved":
            continue
        files = [stored_file(run, entry, place, hold) for place in range(len(entry.homes))]
        known = zip(files, entry.prints, strict=True)
        written = [place for place, (path, one) in enumerate(known) if not is_same_file(disk.status(path), one)]
        for place in written:
            note_replaced(disk, files[place], journal, (entry.number, place))
        trail = None if rules.trail is None else rules.trail(home_of(entry.homes[0], run.store))
        if written or (trail is not None and disk.status(trail) is not None):
            sent.append(entry.number)
    if sent:
        journal.add("sent", ids=sent)
    return len(sent)


def note_replaced(disk: Disk, path: str, journal: Journal, file: tuple[int, int]) -> None:
    """Journal what a file is that was moved and is not what was intended. Raises OSError.

    Args:
        disk: where it lies.
        path: its own, now.
        journal: of its run.
        file: the number of the message, and the place among its files.
    """
    found = disk.fingerprint(path)._asdict()
    journal.add("replaced", id=file[0], file=file[1], **{name: found[name] for name in REPLACED})


def is_same_file(status: os.stat_result | None, known: Fingerprint) -> bool:
    """Tell whether a status is that of the very file, unchanged."""
    return (
        status is not None
        and status.st_ino == known.inode
        and status.st_mtime_ns == known.mtime_ns
        and status.st_size == known.size
        and status.st_dev == known.device
    )
