"""One run of purge: fingerprint, journal the intents, move, journal what happened.

A message is moved with all its files or not at all. A crash leaves each file in one of two places, and the journal's
intents tell which names to look at: no act is done before its intent is on the disk. What was done is journalled
after, and need not survive.
"""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from breachkit import __version__
from breachkit.chain import hash_file, hold
from breachkit.errors import UnbalancedError
from breachkit.files import SHARING_VIOLATIONS, NotRegularError
from breachkit.progress import silent
from breachkit.purge.disk import is_full
from breachkit.purge.journal import FORMAT, Journal
from breachkit.purge.plan import identity_of
from breachkit.purge.second_look import find_sent, is_same_file, note_replaced
from breachkit.purge.store import (
    BATCH,
    LAST_ROOM,
    are_plain_folders,
    make_run,
    remove_run,
    spell_home,
    trouble_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from breachkit.progress import Progress
    from breachkit.purge.disk import Fingerprint
    from breachkit.purge.plan import Planned
    from breachkit.purge.store import Queues, Run, Store

LINE_ROOM = 400
"""Bytes that the lines of one message may take, those of its files left aside."""
FILE_ROOM = 340
"""Bytes that one of its files may take, the home left aside."""
LOCKED_BATCH = 64
"""Messages of a batch where the server's own lock is held on each: a process may open some hundreds of files."""
KEPT_EXAMPLES = 3

MoveOutcome = Literal["moved", "vanished", "changed", "in_use", "failed"]

_BY_THE_SERVER = frozenset({"vanished", "changed", "in_use"})
_BUSY = frozenset({errno.EBUSY, errno.ETXTBSY})
_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Verdict(NamedTuple):
    """What became of one message, and why it was left if it was."""

    outcome: MoveOutcome
    reason: str


MOVED = Verdict("moved", "")
CHANGED = Verdict("changed", "changed since the plan")
IN_USE = Verdict("in_use", "held open by another program")
NAME_TAKEN = Verdict("failed", "the name is taken where it would be put")
OTHER_VOLUME = Verdict("failed", "on another volume, and these files must not be copied")
NO_ROOM = Verdict("failed", "the disk is full")
LINK_ABOVE = Verdict("failed", "a link lies above it")
TORN = Verdict("failed", "not all of its files could be moved or put back: restore makes it whole")


def verdict_of(error: OSError) -> Verdict:
    """Tell what a failed act means for a message."""
    if getattr(error, "winerror", None) in SHARING_VIOLATIONS or error.errno in _BUSY:
        return IN_USE
    if isinstance(error, NotRegularError):
        return CHANGED
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Verdict("vanished", "gone: delivered, retried or taken by another")
    if error.errno in _DENIED:
        return Verdict("failed", "access denied: run as Administrator (root)")
    return NO_ROOM if is_full(error) else Verdict("failed", error.strerror or "unknown reason")


class _Moving(NamedTuple):
    """One message on its way: its number in the journal, and what it is."""

    number: int
    hit: Planned
    prints: tuple[Fingerprint, ...]


@dataclass(slots=True)
class _Volume:
    """The quarantine of one volume: its run folder and its journal."""

    run: Run
    journal: Journal
    last: int = 0
    """The number of its last message."""
    failure: OSError | None = None
    """The disk is full: no more are tried."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a purge did; `planned` = `purged` + `vanished` + `changed` + `in_use` + `failed` + `untouched`."""

    run: str
    planned: int
    purged: int
    vanished: int
    changed: int
    in_use: int
    failed: int
    untouched: int
    """Messages not come to, because the user stopped the run."""
    sent_meanwhile: int
    """Of those purged, messages that the server had begun to deliver: sent, perhaps not to everybody, or being sent."""
    bytes: int
    """Bytes of the messages that were moved."""
    runs: tuple[Run, ...]
    """The run's folder on each volume; none when nothing was to be moved."""
    sha256: tuple[str, ...]
    """The closing SHA-256 of each journal."""
    left: tuple[tuple[str, Verdict], ...]
    """Some of those left alone, with the reason."""


class QueuePurge:
    """One run of purge: it may take several plans, one after the other (`--watch`); close it to get the receipt."""

    def __init__(
        self, queues: Queues, name: str, wanted: Sequence[str], *, drops: bool = False, holds: bool = False
    ) -> None:
        """Begin nothing yet.

        Args:
            queues: what may be touched.
            name: of the run.
            wanted: the predicates, as typed.
            drops: a full disk is to be freed: where no line has room, messages are deleted at once.
            holds: messages are put on hold in the queue, not into the quarantine; what lies beside them stays.
        """
        self.name = name
        self.deleted = 0
        """Messages deleted at once, since a full disk had no room for the journal before."""
        self._drops = drops
        self._disk = queues.disk
        self._stores = queues.stores
        self._rules = queues.rules
        self._hold = queues.rules.hold if holds else None
        # the innermost first
        self._queues = sorted(queues.stores, key=len, reverse=True)
        self._above: dict[str, tuple[str, str]] = {}
        self._wanted = list(wanted)
        self._volumes: dict[Store, _Volume] = {}
        self._open = ExitStack()
        self._verdicts: Counter[str] = Counter()
        self._planned = 0
        self._bytes = 0
        self._left: list[tuple[str, Verdict]] = []
        self._sent = 0
        self.unsettled: dict[str, MoveOutcome] = {}
        """Messages that were left because the server works on them, by the name of their first file; no others where
        the server has no locks: a later plan may take them."""

    @property
    def moved(self) -> int:
        """How many messages lie in the quarantine so far."""
        return self._verdicts["moved"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def take(
        self, hits: Sequence[Planned], now: datetime, is_stopped: Callable[[], bool], progress: Progress = silent
    ) -> None:
        """Move the hits of one plan, batch by batch; a stop ends it after the batch in hand.

        Raises BreachkitError: what was moved until then is journalled and stays moved.
        """
        self._planned += len(hits)
        for hit in hits:
            self._forget(hit)
        size = BATCH if self._rules.hold_still is None else LOCKED_BATCH
        for store in dict.fromkeys(self._stores.values()):
            mine = [hit for hit in hits if self._stores[self._place_of(hit.files[0])[0]] == store]
            volume = self._volumes.get(store) or (self._begin(store, now) if mine else None)
            has_room = False
            for start in range(0, len(mine), size):
                if volume is None or is_stopped():
                    return
                batch = mine[start : start + size]
                try:
                    has_room = has_room or self._reserve(volume, mine[start:])
                    self._take(volume, batch, has_room=has_room)
                except OSError as error:
                    raise trouble_of(error, store.path, self.moved, "moved") from None
                progress(len(batch))

    def _place_of(self, path: str) -> tuple[str, str]:
        """Return the queue folder that a file lies below, and its role."""
        above = path.rpartition(os.sep)[0]
        if above not in self._above:
            queue = next(queue for queue in self._queues if path.startswith(queue + os.sep))
            self._above[above] = queue, self._rules.role(Path(above))
        return self._above[above]

    def _reserve(self, volume: _Volume, hits: list[Planned]) -> bool:
        """Take room in the journal for all that is to come; False when there is none and the run is to free some."""
        try:
            volume.journal.reserve(sum(_room(self._with_beside(hit)) for hit in hits) + LAST_ROOM)
        except OSError as error:
            if self._drops and is_full(error):
                return False
            if not volume.last:  # leave nothing behind of a run that could not begin
                remove_run(self._disk, self._volumes.pop(volume.run.store).run)
            raise
        return True

    def _begin(self, store: Store, now: datetime) -> _Volume:
        run = make_run(self._disk, store, self.name)
        try:
            self._open.enter_context(hold(run.path))
            journal = Journal(self._disk, run.journal)
            self._open.callback(journal.close)
            self._disk.sync_folder(run.path)
            self._disk.sync_folder(store.path)
        except OSError as error:
            remove_run(self._disk, run)
            raise trouble_of(error, store.path, self.moved, "moved") from None
        began = now.isoformat(timespec="seconds")
        more = {} if self._hold is None else {"holds": True}
        journal.add("run", format=FORMAT, run=self.name, began=began, version=__version__, wanted=self._wanted, **more)
        self._volumes[store] = _Volume(run, journal)
        return self._volumes[store]

    def _take(self, volume: _Volume, hits: list[Planned], *, has_room: bool) -> None:
        """Move one batch; the server's own locks are kept until it is done. Raises OSError."""
        with ExitStack() as locks:
            entries = self._intend(volume, hits, locks)
            if has_room:
                volume.journal.commit()
                verdicts = self._move(volume, entries)
            else:
                verdicts = {entry.number: self._delete(entry) for entry in entries}
        done = [number for number, verdict in verdicts.items() if verdict is MOVED]
        # one that is torn stays intended: its files lie in both places
        left = [[number, *one] for number, one in verdicts.items() if one is not MOVED and one is not TORN]
        volume.journal.add("done", moved=done, left=left)
        for entry in entries:
            self._count(entry.hit, verdicts[entry.number], sum(one.size for one in entry.prints))
        if not has_room:
            volume.journal.add("dropped", ids=done)
            volume.journal.commit()
            self.deleted += len(done)
        if volume.failure is not None:
            with suppress(OSError):  # what was done is known from the intents too
                volume.journal.commit()
            raise volume.failure

    def _intend(self, volume: _Volume, hits: list[Planned], locks: ExitStack) -> list[_Moving]:
        """Gather the lines of what is still as planned: on the disk once the journal is committed."""
        known: dict[tuple[str, str], bool] = {}
        store, entries = volume.run.store, []
        for hit in hits:
            whole = self._with_beside(hit)
            found = self._check(whole, known, locks)
            homes = [spell_home(path, store) for path in whole.files]
            if isinstance(found, Verdict):
                volume.journal.add("left", home=homes[0], outcome=found.outcome, reason=found.reason)
                self._count(hit, found, 0)
                continue
            volume.last += 1
            entries.append(_Moving(volume.last, whole, found))
            role, key = self._place_of(hit.files[0])[1], homes[0].rpartition("/")[2]
            files = [{"home": home, **one._asdict()} for home, one in zip(homes, found, strict=True)]
            volume.journal.add("intent", id=volume.last, key=key, role=role, files=files)
        return entries

    def _with_beside(self, hit: Planned) -> Planned:
        """Add the files that go with a message and were not searched."""
        if self._rules.beside is None or self._hold is not None:
            return hit
        beside = [path for path in self._rules.beside(hit.files[0]) if path not in hit.files]
        there = [path for path in beside if self._disk.status(path) is not None]
        return hit._replace(files=(*hit.files, *there)) if there else hit

    def _check(
        self, hit: Planned, known: dict[tuple[str, str], bool], locks: ExitStack
    ) -> tuple[Fingerprint, ...] | Verdict:
        """Look again at a message just before it is moved: its fingerprints when it is still the one of the plan."""
        for path in hit.files:
            if not are_plain_folders(path, self._top_of(path, hit.files[0]), self._disk, known):
                return LINK_ABOVE
        try:
            found = tuple(map(self._disk.fingerprint, hit.files))
            if not identity_of(found).startswith(hit.identity):  # what lies beside it comes last, and was not planned
                return CHANGED
            if self._rules.hold_still is not None:
                if not locks.enter_context(self._rules.hold_still(hit.files, hit.files)):
                    return IN_USE
                # only looked at: some locks are lost when a file is read
                pairs = zip(hit.files, found, strict=True)
                if not all(is_same_file(self._disk.status(path), one) for path, one in pairs):
                    return IN_USE
        except OSError as error:
            return verdict_of(error)
        return found

    def _top_of(self, path: str, first: str) -> str:
        """Return the folder below which no link may lead to a file: the queue, or what it has in common with that."""
        top = self._place_of(first)[0]
        return top if path.startswith(top + os.sep) else os.path.commonpath([path, first])

    def _move(self, volume: _Volume, entries: list[_Moving]) -> dict[int, Verdict]:
        """Move messages whose intents are journalled; once the disk is full (`failure`) no more are tried."""
        copied: dict[int, list[int]] = {}
        verdicts = {entry.number: self._rename(volume, entry, copied) for entry in entries}
        if copied:
            self._disk.sync_folder(volume.run.messages)
        for entry in entries:
            if entry.number in copied and verdicts[entry.number] is MOVED:
                verdicts[entry.number] = self._finish_copies(volume.run, entry, copied[entry.number])
        return verdicts

    def _rename(self, volume: _Volume, entry: _Moving, copied: dict[int, list[int]]) -> Verdict:
        """Move the files of a message in their order; those that lie on another volume are only copied yet."""
        if volume.failure is not None:
            return NO_ROOM
        number, hit, prints = entry
        for place, (path, known) in enumerate(zip(hit.files, prints, strict=True)):
            target = self._target(volume.run, entry, place)
            verdict, reached = MOVED, place
            try:
                if self._hold is not None and self._disk.status(target) is not None:
                    return NAME_TAKEN
                self._disk.rename(path, target)
                reached += 1
                if not is_same_file(self._disk.status(target), known):
                    verdict = self._keep_stranger(volume, entry, place)
            except OSError as error:
                if error.errno == errno.EXDEV and self._rules.moving == "rename":
                    verdict = OTHER_VOLUME
                elif error.errno == errno.EXDEV:
                    copied.setdefault(number, []).append(place)
                    verdict = self._copy(volume, path, target, known)
                else:
                    verdict = self._refusal(volume, error)
            if verdict is not MOVED:
                return verdict if self._undo(volume.run, entry, reached, copied.get(number, ())) else TORN
        return MOVED

    def _target(self, run: Run, entry: _Moving, place: int) -> str:
        """Return where a file of a message is moved."""
        return run.file(entry.number, place) if self._hold is None else self._hold(entry.hit.files[place])

    def _refusal(self, volume: _Volume, error: OSError) -> Verdict:
        if is_full(error):
            volume.failure = error
        return verdict_of(error)

    def _copy(self, volume: _Volume, path: str, target: str, known: Fingerprint) -> Verdict:
        try:
            return MOVED if self._disk.copy(path, target, known) else CHANGED
        except OSError as error:
            return self._refusal(volume, error)

    def _keep_stranger(self, volume: _Volume, entry: _Moving, place: int) -> Verdict:
        """Give a file that took the name between check and rename its name again; else keep it, as it is."""
        target = self._target(volume.run, entry, place)
        try:
            self._disk.place(target, entry.hit.files[place])
            self._disk.unlink(target)
        except OSError:
            note_replaced(self._disk, target, volume.journal, (entry.number, place))
            return MOVED
        return CHANGED

    def _undo(self, run: Run, entry: _Moving, files: int, copied: Sequence[int]) -> bool:
        """Put back the first files of a message, the last of them first; False where that cannot be done."""
        try:
            for place in reversed(range(files)):
                stored = self._target(run, entry, place)
                if place not in copied and self._disk.status(stored) is not None:
                    self._disk.give(stored, entry.hit.files[place], run.mark(entry.number))
                self._disk.unlink(stored)
        except OSError:
            return False
        return True

    def _finish_copies(self, run: Run, entry: _Moving, copied: list[int]) -> Verdict:
        """Take the originals away, now that the names of all copies are on the disk too."""
        files, verdict, taken = entry.hit.files, CHANGED, 0
        try:
            if all(is_same_file(self._disk.status(files[place]), entry.prints[place]) for place in copied):
                for place in copied:
                    self._disk.unlink(files[place])
                    taken += 1
                return MOVED
        except OSError as error:
            verdict = verdict_of(error)
        return verdict if not taken and self._undo(run, entry, len(files), copied) else TORN

    def _delete(self, entry: _Moving) -> Verdict:
        """Delete a message for good, on a disk so full that no line can be journalled before some are gone.

        Only for a user who asked for that (`--drop`). A crash before the commit that follows loses the SHA-256 of
        this batch, and nothing that was to be kept.
        """
        try:
            for path in entry.hit.files:
                self._disk.unlink(path)
        except OSError as error:
            return verdict_of(error)
        return MOVED

    def _forget(self, hit: Planned) -> None:
        """Take back what became of a message when it was planned before, and left."""
        outcome = self.unsettled.pop(os.path.basename(hit.files[0]), None)
        if outcome is not None:
            self._planned -= 1
            self._verdicts[outcome] -= 1
            name = os.path.basename(hit.files[0])
            self._left = [one for one in self._left if os.path.basename(one[0]) != name]

    def _count(self, hit: Planned, verdict: Verdict, size: int) -> None:
        self._verdicts[verdict.outcome] += 1
        if self._rules.hold_still is not None and verdict.outcome in _BY_THE_SERVER:
            self.unsettled[os.path.basename(hit.files[0])] = verdict.outcome
        if verdict is MOVED:
            self._bytes += size
        elif sum(known.outcome == verdict.outcome for _, known in self._left) < KEPT_EXAMPLES:
            self._left.append((hit.files[0], verdict))

    def close(self, now: datetime, *, is_stopped: bool) -> Receipt:
        """End the run and its journals. Raises BreachkitError."""
        for store, volume in self._volumes.items():
            ended = now.isoformat(timespec="seconds")
            try:
                if self._rules.hold_still is not None:
                    volume.journal.commit()
                    self._sent += find_sent(self._rules, self._disk, volume.run, volume.journal)
                volume.journal.add("end", ended=ended, moved=self.moved, stopped=is_stopped)
                volume.journal.commit()
                self._disk.sync_folder(volume.run.messages)
            except OSError as error:
                raise trouble_of(error, store.path, self.moved, "moved") from None
        self._open.close()
        receipt = self._receipt()
        if receipt.untouched and not is_stopped:
            raise UnbalancedError(f"{receipt.planned} messages planned", f"{receipt.untouched} never come to")
        return receipt

    def abandon(self) -> Receipt:
        """End a run that cannot go on: its journals are closed as they are, and tell what was done."""
        with suppress(OSError):  # what ended it may end this too
            self._open.close()
        return self._receipt()

    def _receipt(self) -> Receipt:
        runs = tuple(volume.run for volume in self._volumes.values())
        counts = {name: self._verdicts[name] for name in ("vanished", "changed", "in_use", "failed")}
        return Receipt(
            run=self.name,
            planned=self._planned,
            purged=self.moved,
            untouched=self._planned - self._verdicts.total(),
            sent_meanwhile=self._sent,
            bytes=self._bytes,
            runs=runs,
            sha256=tuple(hash_file(run.journal)[1] for run in runs),
            left=tuple(self._left),
            **counts,
        )


def _room(hit: Planned) -> int:
    """Reckon the bytes of the lines of one message: the name of its first file stands in them twice."""
    spelled = [len(path) if path.isascii() and path.isprintable() else len(json.dumps(path)) for path in hit.files]
    return LINE_ROOM + spelled[0] + sum(FILE_ROOM + length for length in spelled)
