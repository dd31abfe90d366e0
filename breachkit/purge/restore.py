"""Putting messages back: exclusively, verified, and again after a crash from the journal alone."""

from __future__ import annotations

import errno
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breachkit.errors import DiskFullError, QuarantineUnwritableError, UnbalancedError
from breachkit.files import QUARANTINE, NotRegularError
from breachkit.progress import silent
from breachkit.purge.cases import IN_QUARANTINE, Case, Judge, mark_of
from breachkit.purge.disk import is_full
from breachkit.purge.journal import Journal, sha256_of
from breachkit.purge.lock import hold
from breachkit.purge.quarantine import BATCH, KEPT_EXAMPLES, LAST_ROOM
from breachkit.purge.states import read_history
from breachkit.writing import NO_LINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from breachkit.progress import Progress
    from breachkit.purge.disk import Disk
    from breachkit.purge.states import History
    from breachkit.purge.store import Queue, Run

ACTS = frozenset({"put", "finish", "discard"})
"""The cases in which something is to be done."""
ID_ROOM = 24
"""Bytes of the journal that restoring one message may take."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did, or would do.

    Books: `found` = `restored` + `already_there` + `missing` + `in_quarantine` + `dropped`.
    """

    run: str
    found: int
    """Messages of the run that were, or may have been, moved."""
    restored: int
    already_there: int
    missing: int
    """Neither in the quarantine nor at home: taken by somebody, or delivered after an unfinished purge."""
    changed: int
    conflicts: int
    """Another message has the name now; both are kept."""
    refused: int
    """The journal names a home that lies in none of these queues."""
    failed: int
    dropped: int
    not_chosen: int
    in_quarantine: int
    untouched: int
    """Messages not come to, because the user stopped the run; they are `in_quarantine` too."""
    bytes: int
    is_torn: bool
    """A crash had left half a line at the end of the journal."""
    journal: str
    sha256: str
    left: tuple[tuple[str, str], ...]
    """Some of those not restored: where they belong, and why not."""

    @property
    def is_incomplete(self) -> bool:
        """Whether a message that was asked for could not be put back."""
        return bool(self.missing or self.changed or self.conflicts or self.refused or self.failed)


class Restore:
    """A restore of one run: look at the plan, then do it."""

    def __init__(
        self, disk: Disk, run: Run, queues: Sequence[Queue], is_chosen: Callable[[str], bool] | None = None
    ) -> None:
        self._disk = disk
        self.run = run
        self._queues = queues
        self._is_chosen = is_chosen
        self._done: Counter[str] = Counter()
        self._left: list[tuple[str, str]] = []

    def plan(self, *, is_verified: bool = True) -> Restored:
        """Tell what a restore would do. Raises JournalBrokenError, OSError.

        Args:
            is_verified: False takes the bytes of the messages for those of the journal: who does not wait for an
                answer sees them verified once, when they are put back.
        """
        history = read_history(self.run.journal)
        judge = self._judge()
        cases = judge.judge(history.entries.values())
        for case in cases:
            reason = judge.verify(case.entry) if is_verified and case.kind == "put" else ""
            self._count(reason or case.kind, case)
        return self._result(cases, history, is_stopped=False)

    def execute(self, is_stopped: Callable[[], bool], progress: Progress = silent) -> Restored:
        """Do it. Raises JournalBrokenError, RunBusyError, DiskFullError, QuarantineUnwritableError."""
        try:
            with hold(self.run):
                return self._execute(is_stopped, progress)
        except OSError as error:
            if is_full(error):
                raise DiskFullError(self.run.path, self.restored, "restored") from None
            raise QuarantineUnwritableError(self.run.path, error.strerror or "unknown reason") from None

    @property
    def restored(self) -> int:
        """How many messages were put back so far."""
        return self._done["put"] + self._done["finish"]

    def _judge(self) -> Judge:
        self._done.clear()
        self._left.clear()
        return Judge(self._disk, self.run, self._queues, self._is_chosen)

    def _execute(self, is_stopped: Callable[[], bool], progress: Progress) -> Restored:
        history = read_history(self.run.journal)
        judge = self._judge()
        cases = judge.judge(history.entries.values())
        acts = [case for case in cases if case.kind in ACTS]
        for case in cases:
            if case.kind not in ACTS:
                self._count(case.kind, case)
        if acts:
            journal = Journal.resume(self._disk, self.run.journal, history.end)
            try:
                journal.reserve(2 * ID_ROOM * len(acts) + LAST_ROOM)
                self._act(journal, judge, acts, is_stopped, progress)
                journal.commit()
            finally:
                journal.close()
        self._tidy(cases)
        return self._result(cases, history, is_stopped=True)

    def _act(
        self, journal: Journal, judge: Judge, acts: list[Case], is_stopped: Callable[[], bool], progress: Progress
    ) -> None:
        for start in range(0, len(acts), BATCH):
            if is_stopped():
                return
            self._restore(journal, judge, acts[start : start + BATCH])
            progress(len(acts[start : start + BATCH]))

    def _restore(self, journal: Journal, judge: Judge, acts: list[Case]) -> None:
        journal.add("restoring", ids=[case.entry.number for case in acts])
        journal.commit()
        done: list[Case] = []
        for case in acts:
            reason = self._put(case, judge) if case.kind == "put" else ""
            if reason:
                self._count(reason, case)
            else:
                done.append(case)
        # the names at home are on the disk before the others go
        for folder in {os.path.dirname(case.target) for case in done}:  # noqa: PTH120  see `disk`
            self._disk.sync_folder(folder)
        for case in done:
            self._disk.unlink(self.run.message(case.entry.number))
            self._count(case.kind, case)
        journal.add("restored", ids=[case.entry.number for case in done])

    def _put(self, case: Case, judge: Judge) -> str:
        """Give a message its name again; returns what kept it from it, or nothing."""
        try:
            # just before it gets its name: what the journal vouches for is what is sent
            reason = judge.verify(case.entry)
            if not reason:
                self._bring(case, judge)
        except FileExistsError:
            return "conflict"
        except OSError as error:
            if is_full(error):
                raise
            return "failed"
        return reason

    def _bring(self, case: Case, judge: Judge) -> None:
        source = self.run.message(case.entry.number)
        try:
            self._place(source, case, judge)
        except FileNotFoundError:  # the folder of its home, most likely
            self._make_way(case.target, judge)
            self._place(source, case, judge)

    def _make_way(self, target: str, judge: Judge) -> None:
        """Make the folders again that the server has removed meanwhile, below the queue folder only."""
        queue = judge.queue_of(target) or os.path.dirname(target)  # noqa: PTH120
        folder = queue
        for part in os.path.dirname(target)[len(queue) + 1 :].split(os.sep):  # noqa: PTH120, PTH206
            above, folder = folder, os.path.join(folder, part)  # noqa: PTH118
            if part and self._disk.status(folder) is None:
                self._disk.make_folder_like(folder, above)

    def _place(self, source: str, case: Case, judge: Judge) -> None:
        try:
            self._disk.place(source, case.target)
        except FileExistsError:
            self._disk.claim_marked(source, case.target, mark_of(self.run, case.entry))
        except OSError as error:
            if error.errno == errno.EXDEV:
                self._place_copy(source, case, judge)
            elif error.errno in NO_LINKS:
                self._disk.claim(source, case.target, mark_of(self.run, case.entry))
            else:
                raise

    def _place_copy(self, source: str, case: Case, judge: Judge) -> None:
        """Bring a message home from another volume: a copy is made beside the queue, then gets its name at once.

        A copy made in the queue itself could be delivered half written.
        """
        staged = self._staged(case, judge)
        self._disk.unlink(staged)  # what a crash left
        if not self._disk.copy(source, staged, case.entry.fingerprint):
            raise OSError(errno.EIO, "the copy is not the same", staged)
        try:
            self._disk.place(staged, case.target)
        except OSError as error:
            if error.errno not in NO_LINKS | {errno.EXDEV}:
                self._disk.unlink(staged)
                raise
            # a volume mounted within the queue, or one without links
            self._disk.copy(source, case.target, case.entry.fingerprint)
        self._disk.unlink(staged)

    def _staged(self, case: Case, judge: Judge) -> str:
        folder = self._stage(judge.queue_of(case.target))
        for made in (os.path.dirname(os.path.dirname(folder)), os.path.dirname(folder), folder):  # noqa: PTH120
            if self._disk.status(made) is None:
                self._disk.make_folder(made)
            if not self._disk.is_plain_folder(made):
                raise NotRegularError(errno.ELOOP, "a link where a folder of ours should be", made)
        return os.path.join(folder, f"{case.entry.number:08d}")  # noqa: PTH118

    def _stage(self, queue: str | None) -> str:
        beside = next(known.beside for known in self._queues if known.path == queue)
        return os.path.join(beside, QUARANTINE, self.run.name, "restoring")  # noqa: PTH118

    def _tidy(self, cases: list[Case]) -> None:
        """Take away what a crash left of staged copies: each was also in the quarantine, or is at home."""
        for queue in self._queues:
            folder = self._stage(queue.path)
            if self._disk.is_plain_folder(folder):
                for case in cases:
                    self._disk.unlink(os.path.join(folder, f"{case.entry.number:08d}"))  # noqa: PTH118
                for _ in range(3):
                    self._disk.remove_folder(folder)
                    folder = os.path.dirname(folder)  # noqa: PTH120

    def _count(self, kind: str, case: Case) -> None:
        self._done[kind] += 1
        self._bytes_of(kind, case)
        is_left = kind in IN_QUARANTINE or kind in {"failed", "missing"}
        if is_left and kind != "unwanted" and sum(known == kind for _, known in self._left) < KEPT_EXAMPLES:
            self._left.append((case.target, kind))

    def _bytes_of(self, kind: str, case: Case) -> None:
        if kind in {"put", "finish"}:
            self._done["bytes"] += case.entry.fingerprint.size

    def _result(self, cases: list[Case], history: History, *, is_stopped: bool) -> Restored:
        done = self._done
        counted = sum(number for kind, number in done.items() if kind != "bytes")
        untouched = len(cases) - counted if is_stopped else 0
        result = Restored(
            run=self.run.name,
            found=len(cases),
            restored=self.restored,
            already_there=done["home"] + done["discard"],
            missing=done["missing"],
            changed=done["changed"],
            conflicts=done["conflict"],
            refused=done["refused"],
            failed=done["failed"],
            dropped=done["dropped"],
            not_chosen=done["unwanted"],
            in_quarantine=sum(done[kind] for kind in IN_QUARANTINE) + done["failed"] + untouched,
            untouched=untouched,
            bytes=done["bytes"],
            is_torn=bool(history.end.torn),
            journal=self.run.journal,
            sha256=sha256_of(self.run.journal),
            left=tuple(self._left),
        )
        return _balanced(result)


def _balanced(result: Restored) -> Restored:
    """Check that every message of the run is somewhere. Raises UnbalancedError."""
    placed = result.restored + result.already_there + result.missing + result.in_quarantine + result.dropped
    if placed != result.found:
        raise UnbalancedError(f"{result.found} messages in the run", f"{placed} accounted for")
    return result
