"""One run of purge: fingerprint, journal the intents, move, journal what happened.

A crash leaves each message in one of two places, and the journal's intents tell which names to look at: no
act is done before its intent is on the disk. What was done is journalled after, and need not survive.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from breachkit import __version__
from breachkit.errors import DiskFullError, QuarantineUnwritableError, UnbalancedError
from breachkit.progress import silent
from breachkit.purge.disk import is_full
from breachkit.purge.journal import FORMAT, Journal, sha256_of
from breachkit.purge.lock import hold
from breachkit.purge.store import are_plain_folders, make_run, remove_run, spell_home
from breachkit.purge.volume import CHANGED, LINK_ABOVE, MOVED, Verdict, Volume, verdict_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from breachkit.progress import Progress
    from breachkit.purge.disk import Disk
    from breachkit.purge.search import Hit
    from breachkit.purge.store import Run, Store

BATCH = 1024
"""Messages whose intents are synced together: a sync costs 1 to 6 ms, a rename 0.016 ms. A stop waits for a batch."""
LINE_ROOM = 640
"""Bytes that the lines of one message may take, its home left aside."""
LAST_ROOM = 4096
"""Bytes for the lines that are not of one message."""
KEPT_EXAMPLES = 3


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
    bytes: int
    """Bytes of the messages that were moved."""
    runs: tuple[Run, ...]
    """The run's folder on each volume; none when nothing was to be moved."""
    sha256: tuple[str, ...]
    """The closing SHA-256 of each journal."""
    left: tuple[tuple[str, Verdict], ...]
    """Some of those left alone, with the reason."""


class Purge:
    """One run of purge: it may take several plans, one after the other (`--watch`); close it to get the receipt."""

    def __init__(
        self, disk: Disk, stores: Mapping[str, Store], name: str, wanted: Sequence[str], *, drops: bool = False
    ) -> None:
        self.name = name
        self.deleted = 0
        """Messages deleted at once, since a full disk had no room for the journal before."""
        self._drops = drops
        self._disk = disk
        self._stores = stores
        # the innermost first
        self._queues = [(queue, queue + os.sep) for queue in sorted(stores, key=len, reverse=True)]
        self._queue_above: dict[str, str] = {}
        self._wanted = list(wanted)
        self._volumes: dict[Store, Volume] = {}
        self._open = ExitStack()
        self._verdicts: Counter[str] = Counter()
        self._planned = 0
        self._bytes = 0
        self._left: list[tuple[str, Verdict]] = []

    @property
    def moved(self) -> int:
        """How many messages lie in the quarantine so far."""
        return self._verdicts["moved"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()

    def take(
        self, hits: Sequence[Hit], now: datetime, is_stopped: Callable[[], bool], progress: Progress = silent
    ) -> None:
        """Move the hits of one plan, batch by batch; a stop ends it after the batch in hand.

        Raises DiskFullError, QuarantineUnwritableError: what was moved until then is journalled and stays moved.
        """
        self._planned += len(hits)
        for store in dict.fromkeys(self._stores.values()):
            mine = [hit for hit in hits if self._stores[self._queue_of(hit)] == store]
            volume = self._volumes.get(store) or (self._begin(store, now) if mine else None)
            has_room = False
            for start in range(0, len(mine), BATCH):
                if volume is None or is_stopped():
                    return
                has_room = has_room or self._reserve(volume, mine[start:])
                self._take(volume, mine[start : start + BATCH], has_room=has_room)
                progress(len(mine[start : start + BATCH]))

    def _queue_of(self, hit: Hit) -> str:
        above = hit.path.rpartition(os.sep)[0]
        queue = self._queue_above.get(above)
        if queue is None:
            queue = next(queue for queue, top in self._queues if hit.path.startswith(top))
            self._queue_above[above] = queue
        return queue

    def _reserve(self, volume: Volume, hits: list[Hit]) -> bool:
        """Take room in the journal for all that is to come; False when there is none and the run is to free some."""
        try:
            volume.journal.reserve(sum(_room(hit) for hit in hits) + LAST_ROOM)
        except OSError as error:
            if self._drops and is_full(error):
                return False
            if volume.is_fresh:
                self._abandon(volume.run.store)
            raise self._sentence(error, volume.run.store) from None
        return True

    def _begin(self, store: Store, now: datetime) -> Volume:
        run = make_run(self._disk, store, self.name)
        try:
            self._open.enter_context(hold(run))
            journal = Journal.begin(self._disk, run.journal)
            self._open.callback(journal.close)
            self._disk.sync_folder(run.path)
            self._disk.sync_folder(store.path)
        except OSError as error:
            remove_run(self._disk, run)
            raise self._sentence(error, store) from None
        journal.add(
            "run",
            format=FORMAT,
            run=self.name,
            began=now.isoformat(timespec="seconds"),
            version=__version__,
            wanted=self._wanted,
        )
        self._volumes[store] = Volume(self._disk, run, journal)
        return self._volumes[store]

    def _abandon(self, store: Store) -> None:
        """Leave nothing behind of a run that could not begin."""
        remove_run(self._disk, self._volumes.pop(store).run)

    def _take(self, volume: Volume, hits: list[Hit], *, has_room: bool) -> None:
        try:
            ready = self._ready(volume, hits)
            entries = volume.intend(ready)
            if has_room:
                volume.journal.commit()
            verdicts = volume.move(entries) if has_room else volume.delete(entries)
            for entry in entries:
                self._count(entry.hit, verdicts[entry.number])
            if not has_room:
                volume.journal.commit()
                self.deleted += sum(verdict is MOVED for verdict in verdicts.values())
        except OSError as error:
            raise self._sentence(error, volume.run.store) from None
        if volume.failure is not None:
            with suppress(OSError):  # what was done is known from the intents too
                volume.journal.commit()
            raise self._sentence(volume.failure, volume.run.store)

    def _ready(self, volume: Volume, hits: list[Hit]) -> list[Hit]:
        """Return those that are still as planned; the others are journalled as left."""
        known: dict[tuple[str, str], bool] = {}
        ready: list[Hit] = []
        for hit in hits:
            verdict = self._check(hit, known)
            if verdict is None:
                ready.append(hit)
                continue
            home = spell_home(hit.path, volume.run.store)
            volume.journal.add("left", home=home, outcome=verdict.outcome, reason=verdict.reason)
            self._count(hit, verdict)
        return ready

    def _check(self, hit: Hit, known: dict[tuple[str, str], bool]) -> Verdict | None:
        """Look again at a message just before it is moved; None when it is still the one of the plan."""
        if not are_plain_folders(hit.path, self._queue_of(hit), self._disk, known):
            return Verdict("failed", LINK_ABOVE)
        try:
            found = self._disk.fingerprint(hit.path)
        except OSError as error:
            return verdict_of(error)
        same = found[:4] == hit.fingerprint[:4] and found.sha256 == hit.fingerprint.sha256
        return None if same else Verdict("changed", CHANGED)

    def _count(self, hit: Hit, verdict: Verdict) -> None:
        self._verdicts[verdict.outcome] += 1
        if verdict is MOVED:
            self._bytes += hit.fingerprint.size
        elif sum(known.outcome == verdict.outcome for _, known in self._left) < KEPT_EXAMPLES:
            self._left.append((hit.path, verdict))

    def _sentence(self, error: OSError, store: Store) -> DiskFullError | QuarantineUnwritableError:
        if is_full(error):
            return DiskFullError(store.path, self.moved, "moved")
        return QuarantineUnwritableError(store.path, error.strerror or "unknown reason")

    def close(self, now: datetime, *, is_stopped: bool) -> Receipt:
        """End the run and its journals. Raises DiskFullError, QuarantineUnwritableError."""
        for volume in self._volumes.values():
            ended = now.isoformat(timespec="seconds")
            try:
                volume.journal.add("end", ended=ended, moved=self.moved, stopped=is_stopped)
                volume.journal.commit()
                self._disk.sync_folder(volume.run.messages)
            except OSError as error:
                raise self._sentence(error, volume.run.store) from None
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
            bytes=self._bytes,
            runs=runs,
            sha256=tuple(sha256_of(run.journal) for run in runs),
            left=tuple(self._left),
            **counts,
        )


def _room(hit: Hit) -> int:
    path = hit.path
    is_plain = path.isascii() and path.isprintable() and '"' not in path and "\\" not in path
    return LINE_ROOM + len(path if is_plain else json.dumps(path))
