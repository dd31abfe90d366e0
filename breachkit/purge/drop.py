"""Deleting for good what a run holds; the journal stays, with the SHA-256 of every message."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breachkit.errors import DiskFullError, QuarantineUnwritableError
from breachkit.purge.disk import is_full
from breachkit.purge.journal import Journal, sha256_of
from breachkit.purge.lock import hold
from breachkit.purge.quarantine import BATCH
from breachkit.purge.states import read_history

if TYPE_CHECKING:
    from breachkit.purge.disk import Disk
    from breachkit.purge.states import Entry
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
    """Delete the messages that a run holds. Raises JournalBrokenError, RunBusyError, DiskFullError,
    QuarantineUnwritableError.
    """  # noqa: D205  the errors fill the line
    try:
        with hold(run):
            return _drop(disk, run)
    except OSError as error:
        if is_full(error):
            raise DiskFullError(run.path, 0, "dropped") from None
        raise QuarantineUnwritableError(run.path, error.strerror or "unknown reason") from None


def _drop(disk: Disk, run: Run) -> Dropped:
    history = read_history(run.journal)
    held = [entry for entry in history.entries.values() if _is_held(disk, run, entry)]
    if held:
        journal = Journal.resume(disk, run.journal, history.end)
        try:
            for start in range(0, len(held), BATCH):
                _drop_batch(disk, run, journal, held[start : start + BATCH])
        finally:
            journal.close()
    disk.sync_folder(run.messages)
    return Dropped(
        run.name,
        len(held),
        sum(entry.fingerprint.size for entry in held),
        len(disk.names(run.messages)),
        run.journal,
        sha256_of(run.journal),
    )


def _is_held(disk: Disk, run: Run, entry: Entry) -> bool:
    status = disk.status(run.message(entry.number))
    return status is not None and stat.S_ISREG(status.st_mode)


def _drop_batch(disk: Disk, run: Run, journal: Journal, held: list[Entry]) -> None:
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
        disk.unlink(run.message(entry.number))
    if not is_journalled:
        journal.commit()
