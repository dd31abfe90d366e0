"""Deleting what a run holds for good; its journal stays, with the SHA-256 of every message."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breachkit.chain import hash_file, hold
from breachkit.purge.disk import is_full
from breachkit.purge.journal import Journal, read_history
from breachkit.purge.store import BATCH, trouble_of

if TYPE_CHECKING:
    from breachkit.purge.disk import Disk
    from breachkit.purge.journal import JournalEntry
    from breachkit.purge.store import Run


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a drop did."""

    run: str
    dropped: int
    bytes: int
    strangers: int
    """Files in the run's folder that its journal does not know; they are left."""
    journal: str
    sha256: str


def drop_run(disk: Disk, run: Run) -> Dropped:
    """Delete for good what a run holds; the journal stays, with the SHA-256 of every message.

    Raises BreachkitError.
    """
    try:
        with hold(run.path):
            history = read_history(run.journal)
            held, size = [], 0
            for entry in history.entries.values():
                if _is_held(disk, run, entry):
                    held.append(entry.number)
                    size += entry.size
            if held:
                journal = Journal(disk, run.journal, history.end)
                try:
                    for start in range(0, len(held), BATCH):
                        _drop(disk, run, journal, [history.entries[number] for number in held[start : start + BATCH]])
                finally:
                    journal.close()
            disk.sync_folder(run.messages)
            strangers = len(disk.names(run.messages))
            return Dropped(run.name, len(held), size, strangers, run.journal, hash_file(run.journal)[1])
    except OSError as error:
        raise trouble_of(error, run.path, 0, "dropped") from None


def _is_held(disk: Disk, run: Run, entry: JournalEntry) -> bool:
    found = [disk.status(run.file(entry.number, place)) for place in range(len(entry.homes))]
    return any(status is not None and stat.S_ISREG(status.st_mode) for status in found)


def _drop(disk: Disk, run: Run, journal: Journal, held: list[JournalEntry]) -> None:
    """Journal, then delete: a crash between the two leaves files that the next drop deletes.

    On a full disk the line has no room until something is deleted; only then does it come after.
    """
    journal.add("dropped", ids=[entry.number for entry in held])
    is_journalled = True
    try:
        journal.commit()
    except OSError as error:
        if not is_full(error):
            raise
        is_journalled = False
    for entry in held:
        for place in range(len(entry.homes)):
            disk.unlink(run.file(entry.number, place))
    if not is_journalled:
        journal.commit()
