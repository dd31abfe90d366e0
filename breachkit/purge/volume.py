"""Moving messages into the quarantine of one volume, and what became of each.

A rename within the volume; where that cannot be, a copy, verified and synced before the original goes.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.files import SHARING_VIOLATIONS, NotRegularError
from breachkit.purge.disk import is_full
from breachkit.purge.store import spell_home

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from breachkit.purge.disk import Disk, Fingerprint
    from breachkit.purge.journal import Journal
    from breachkit.purge.search import Hit
    from breachkit.purge.store import Run

Outcome = Literal["moved", "vanished", "changed", "in_use", "failed"]

ACCESS_DENIED = "access denied: run as Administrator (root)"
LINK_ABOVE = "a link lies above it"
CHANGED = "changed since the plan"
DELIVERED = "gone: delivered, retried or taken by another"
HELD_OPEN = "held open by another program"
NO_ROOM = "the disk is full"

_BUSY = frozenset({errno.EBUSY, errno.ETXTBSY})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Verdict(NamedTuple):
    """What became of one message, and why it was left if it was."""

    outcome: Outcome
    reason: str


MOVED = Verdict("moved", "")


def verdict_of(error: OSError) -> Verdict:
    """Tell what a failed act means for a message."""
    code = getattr(error, "winerror", None)
    if code in SHARING_VIOLATIONS or error.errno in _BUSY:
        return Verdict("in_use", HELD_OPEN)
    if isinstance(error, NotRegularError):
        return Verdict("changed", CHANGED)
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Verdict("vanished", DELIVERED)
    if error.errno in _DENIED:
        return Verdict("failed", ACCESS_DENIED)
    return Verdict("failed", error.strerror or "unknown reason")


def is_same_file(status: os.stat_result | None, wanted: Fingerprint) -> bool:
    """Tell whether a status is that of the very file, unchanged."""
    return (
        status is not None
        and status.st_ino == wanted.inode
        and status.st_mtime_ns == wanted.mtime_ns
        and status.st_size == wanted.size
        and status.st_dev == wanted.device
    )


class Moving(NamedTuple):
    """One message on its way: its number in the journal, and what it is."""

    number: int
    hit: Hit


class Volume:
    """The quarantine of one volume: its run folder and its journal."""

    def __init__(self, disk: Disk, run: Run, journal: Journal) -> None:
        self.run = run
        self.journal = journal
        self.failure: OSError | None = None
        self._disk = disk
        self._last = 0

    @property
    def is_fresh(self) -> bool:
        """Whether no intent was ever journalled."""
        return self._last == 0

    def intend(self, hits: Iterable[Hit]) -> list[Moving]:
        """Gather the lines of what is about to be moved: on the disk once the journal is committed."""
        entries: list[Moving] = []
        for hit in hits:
            self._last += 1
            entries.append(Moving(self._last, hit))
            home = spell_home(hit.path, self.run.store)
            self.journal.add_fields("intent", {"id": self._last, "home": home, **hit.fingerprint._asdict()})
        return entries

    def move(self, entries: list[Moving]) -> dict[int, Verdict]:
        """Move messages whose intents are journalled; once the disk is full (`failure`) no more are tried."""
        copied: list[Moving] = []
        verdicts = {entry.number: self._rename(entry, copied) for entry in entries}
        if copied:
            self._disk.sync_folder(self.run.messages)
        verdicts.update((entry.number, self._finish_copy(entry)) for entry in copied)
        self._journal_done(verdicts)
        return verdicts

    def delete(self, entries: list[Moving]) -> dict[int, Verdict]:
        """Delete messages for good, on a disk so full that no line can be journalled before some are gone.

        Only for a user who asked for that (`--drop`). A crash before the commit that follows loses the SHA-256 of
        this batch, and nothing that was to be kept.
        """
        verdicts = {entry.number: self._delete(entry) for entry in entries}
        self._journal_done(verdicts)
        self.journal.add("dropped", ids=[number for number, verdict in verdicts.items() if verdict is MOVED])
        return verdicts

    def _delete(self, entry: Moving) -> Verdict:
        try:
            self._disk.unlink(entry.hit.path)
        except OSError as error:
            return verdict_of(error)
        return MOVED

    def _journal_done(self, verdicts: Mapping[int, Verdict]) -> None:
        moved = [number for number, verdict in verdicts.items() if verdict is MOVED]
        left = [[number, *verdict] for number, verdict in verdicts.items() if verdict is not MOVED]
        self.journal.add("done", moved=moved, left=left)

    def _rename(self, entry: Moving, copied: list[Moving]) -> Verdict:
        if self.failure is not None:
            return Verdict("failed", NO_ROOM)
        target = self.run.message(entry.number)
        try:
            self._disk.rename(entry.hit.path, target)
        except OSError as error:
            return self._copy(entry, copied) if error.errno == errno.EXDEV else self._note(error)
        same = is_same_file(self._disk.status(target), entry.hit.fingerprint)
        return MOVED if same else self._put_back(entry)

    def _note(self, error: OSError) -> Verdict:
        if is_full(error):
            self.failure = error
            return Verdict("failed", NO_ROOM)
        return verdict_of(error)

    def _copy(self, entry: Moving, copied: list[Moving]) -> Verdict:
        try:
            matches = self._disk.copy(entry.hit.path, self.run.message(entry.number), entry.hit.fingerprint)
        except OSError as error:
            return self._note(error)
        if matches:
            copied.append(entry)
        return MOVED if matches else Verdict("changed", CHANGED)

    def _finish_copy(self, entry: Moving) -> Verdict:
        """Take an original away, now that the name of its copy is on the disk too."""
        verdict = Verdict("changed", CHANGED)
        try:
            if is_same_file(self._disk.status(entry.hit.path), entry.hit.fingerprint):
                self._disk.unlink(entry.hit.path)
                return MOVED
        except OSError as error:
            verdict = verdict_of(error)
        self._disk.unlink(self.run.message(entry.number))
        return verdict

    def _put_back(self, entry: Moving) -> Verdict:
        """Give a message that took the name between check and rename its name again; else keep it, as it is."""
        target = self.run.message(entry.number)
        try:
            self._disk.place(target, entry.hit.path)
            self._disk.unlink(target)
        except OSError:
            found = self._disk.fingerprint(target)
            kept = {name: value for name, value in found._asdict().items() if name not in {"mode", "uid", "gid"}}
            self.journal.add("replaced", id=entry.number, **kept)
            return MOVED
        return Verdict("changed", CHANGED)
