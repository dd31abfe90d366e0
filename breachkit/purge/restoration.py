"""Putting messages back: exclusively, verified, and again after a crash from the journal.

Nothing of a journal is believed that would name a place: the source is derived from the message's number, the
target must lie below a queue folder of this run, and neither may be reached through a link. A message goes back with
all its files or not at all, the first of them last, for that is the one the server looks for.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.chain import hash_file, hold
from breachkit.errors import UnbalancedError
from breachkit.files import QUARANTINE, NotRegularError
from breachkit.progress import silent
from breachkit.purge.disk import is_full
from breachkit.purge.journal import Journal, read_history
from breachkit.purge.second_look import compare, has_trail, is_in_use
from breachkit.purge.store import BATCH, LAST_ROOM, are_plain_folders, file_name, home_of, stored_file, trouble_of
from breachkit.writing import NO_LINKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from breachkit.progress import Progress
    from breachkit.purge.journal import History, JournalEntry
    from breachkit.purge.store import QueuePlace, Queues, Run

ID_ROOM = 24
"""Bytes of the journal that restoring one message may take."""
KEPT_EXAMPLES = 3

RestoreKind = Literal[
    "put", "finish", "discard", "home", "missing", "changed", "sent", "conflict", "refused", "dropped", "unwanted"
]
"""put: give it its names again · finish: it has them, take the others away · discard: a copy of one that never left ·
home: it is there already · sent: the server had begun to deliver it · refused: its home is no place in these queues ·
unwanted: not among --only."""

_ACTS = frozenset({"put", "finish", "discard"})
"""The cases in which something is to be done."""
_CHANGED = ("changed", "sent", "sending", "owner", "copied")
"""What is counted as changed: by its bytes, by the server that sent or sends it, by its owner or mode, by its inode."""
_IN_QUARANTINE = frozenset({*_CHANGED, "conflict", "refused", "unwanted", "failed"})


class RestoreCase(NamedTuple):
    """One message of a run, and what is to be done with it."""

    kind: RestoreKind
    entry: JournalEntry
    targets: tuple[str, ...]
    puts: tuple[int, ...] = ()
    """Those of its files that are to be given their names."""


_Act = tuple[int, RestoreKind, tuple[int, ...]]
"""The number of a message, and what is to be done with it: a million cases are not kept."""


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
    """Not all of it in the quarantine or at home: taken by somebody, or delivered after an unfinished purge."""
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


class RestoreRun:
    """A restore of one run: look at the plan, then do it.

    Args:
        queues: where messages may be put back.
        run: the run.
        is_chosen: whether a message is wanted, by where its files lie in the quarantine; None: all are.
    """

    def __init__(self, queues: Queues, run: Run, is_chosen: Callable[[list[str]], bool] | None = None) -> None:
        self._disk = queues.disk
        self.run = run
        self._queues = sorted(queues.places, key=lambda queue: len(queue.path), reverse=True)
        self._hold: Callable[[str], str] | None = None
        self._is_chosen = is_chosen
        self._rules = queues.rules
        self._known: dict[tuple[str, str], bool] = {}
        self._done: Counter[str] = Counter()
        self._bytes = 0
        self._left: list[tuple[str, str]] = []

    def _source(self, entry: JournalEntry, place: int) -> str:
        """Where a file of a message lies: in the quarantine, or on hold."""
        return stored_file(self.run, entry, place, self._hold)

    def plan(self) -> Restored:
        """Tell what a restore would do. Raises BreachkitError, OSError."""
        self._open_books()
        history = read_history(self.run.journal)
        for case in self._judged(history):
            reason = self._verify(case) if case.kind == "put" else ""
            self._count(reason or case.kind, case)
        return self._result(history)

    def execute(self, is_stopped: Callable[[], bool], progress: Progress = silent) -> Restored:
        """Do it. Raises BreachkitError."""
        try:
            with hold(self.run.path):
                self._open_books()
                history = read_history(self.run.journal)
                acts: list[_Act] = []
                for case in self._judged(history):
                    if case.kind in _ACTS:
                        acts.append((case.entry.number, case.kind, case.puts))
                    else:
                        self._count(case.kind, case)
                if acts:
                    self._act(acts, history, is_stopped, progress)
                self._tidy(history)
                return self._result(history)
        except OSError as error:
            raise trouble_of(error, self.run.path, self.restored, "restored") from None

    @property
    def restored(self) -> int:
        """How many messages were put back so far."""
        return self._done["put"] + self._done["finish"]

    # ---- what is to be done with each message, by its names; only `_verify` reads what is put back

    def _open_books(self) -> None:
        self._done.clear()
        self._left.clear()
        self._bytes = 0

    def _judged(self, history: History) -> Iterator[RestoreCase]:
        """Judge every message that was, or may have been, moved. Raises OSError."""
        self._hold = self._rules.hold if history.is_hold else None
        held = frozenset(self._disk.names(self.run.messages))  # to ask for each name took a tenth of a restore
        return (self._judge(entry, held) for entry in history.entries.values() if entry.state != "left")

    def _targets(self, entry: JournalEntry) -> tuple[str, ...]:
        """Where the files of a message are to be put."""
        homes = self._homes(entry)
        return homes if self._rules.back_to is None else tuple(map(self._rules.back_to, homes))

    def _homes(self, entry: JournalEntry) -> tuple[str, ...]:
        """Where its files came from."""
        return tuple([home_of(home, self.run.store) for home in entry.homes])

    def _judge(self, entry: JournalEntry, held: frozenset[str]) -> RestoreCase:
        targets = self._targets(entry)
        if entry.state in {"dropped", "restored"}:
            return RestoreCase("dropped" if entry.state == "dropped" else "home", entry, targets)
        places = range(len(targets))
        stored = [place for place in places if self._is_stored(entry, place, held)]
        is_place = all(self._top_of(target, targets) for target in targets) and self._is_source(entry)
        if stored and (entry.state == "sent" or not is_place):
            return RestoreCase("refused" if not is_place else "sent", entry, targets)
        away = [place for place in places if place not in stored]
        if away and not self._has_rest(entry, targets, away, is_place=is_place):
            return RestoreCase("missing", entry, targets)
        if stored and self._is_chosen is not None and not self._is_chosen(self._searched(entry, stored)):
            return RestoreCase("unwanted", entry, targets)
        kinds = [self._judge_file(entry, place, targets[place]) for place in stored]
        puts = tuple([place for place, kind in zip(stored, kinds, strict=True) if kind == "put"])
        if "conflict" in kinds or puts:
            return RestoreCase("conflict" if "conflict" in kinds else "put", entry, targets, puts)
        return RestoreCase("finish" if "finish" in kinds else "discard" if kinds else "home", entry, targets)

    def _has_rest(self, entry: JournalEntry, targets: tuple[str, ...], away: list[int], *, is_place: bool) -> bool:
        """Tell whether those files of a message that are not in the quarantine are at home.

        Where files are only renamed the names tell, since the server rewrites what is at home; a message of which no
        file is here never left, or was put back, and may have been sent since.
        """
        if self._rules.moving == "copy":
            return is_place and all(self._is_home(entry, place, targets[place]) for place in away)
        if len(away) == len(targets):
            return entry.state in {"intended", "restoring"}
        return is_place and all(self._disk.status(targets[place]) is not None for place in away)

    def _searched(self, entry: JournalEntry, stored: list[int]) -> list[str]:
        """Return where the files of a message lie that a search looks into: not those that went beside it."""
        homes = self._homes(entry)
        beside = () if self._rules.beside is None else self._rules.beside(homes[0])
        return [self._source(entry, place) for place in stored if place == 0 or homes[place] not in beside]

    def _judge_file(self, entry: JournalEntry, place: int, target: str) -> RestoreKind:
        """Judge a file that lies in the quarantine by what has its name at home."""
        there = self._disk.status(target)
        if there is None or self._is_ours(entry, target, there):
            return "put"
        if self._rules.moving == "rename":
            return "conflict"
        source = self._disk.status(self._source(entry, place))
        if source is not None and (there.st_dev, there.st_ino) == (source.st_dev, source.st_ino):
            return "finish"
        if entry.state in {"intended", "restoring"} and self._is_home(entry, place, target):
            return "finish" if entry.state == "restoring" else "discard"
        return "conflict"

    def _verify(self, case: RestoreCase) -> str:
        """Hold what is to be put back against the journal; nothing when it is the message. Raises OSError."""
        files = [self._source(case.entry, place) for place in range(len(case.targets))]
        for place in case.puts:
            reason = compare(self._rules, self._disk, files[place], case.entry.prints[place])
            if reason:
                return reason
        homes = self._homes(case.entry)
        if len(case.puts) < len(homes):  # some of it is at home since a kill, and its first file comes last
            return ""
        if has_trail(self._rules, self._disk, homes):
            return "sent"
        return "sending" if is_in_use(self._rules, files, homes) else ""

    def _queue_of(self, target: str) -> QueuePlace | None:
        """Return the queue a home lies in; None when it lies in none, or behind a link."""
        for queue in self._queues:
            if are_plain_folders(target, queue.path, self._disk, self._known):
                return queue
        return None

    def _top_of(self, target: str, targets: tuple[str, ...]) -> str | None:
        """Return the folder below which a file of a message may be put; None where it may not, or lies behind a link.

        It is the queue; for what lies beside the message it is what the two have in common.
        """
        queue = self._queue_of(target)
        if queue is not None:
            return queue.path
        # `targets[0]` may be another place than the message had: the logs of what was active lie where they did
        if (
            self._rules.beside is None
            or self._queue_of(targets[0]) is None
            or target not in self._rules.beside(targets[0])
        ):
            return None
        top = os.path.commonpath([target, targets[0]])
        return top if are_plain_folders(target, top, self._disk, self._known) else None

    def _is_stored(self, entry: JournalEntry, place: int, held: frozenset[str]) -> bool:
        if self._hold is None:
            return file_name(entry.number, place) in held
        return self._disk.status(self._source(entry, place)) is not None

    def _is_source(self, entry: JournalEntry) -> bool:
        """Tell whether what the journal says of a message that is on hold is its place: behind no link, in a queue."""
        places = range(len(entry.homes))
        return self._hold is None or all(self._queue_of(self._source(entry, place)) is not None for place in places)

    def _is_home(self, entry: JournalEntry, place: int, target: str) -> bool:
        """Tell whether a file of a message has its old name, by its bytes."""
        try:
            return self._disk.fingerprint(target).sha256 == entry.prints[place].sha256
        except OSError:
            return False

    def _is_ours(self, entry: JournalEntry, target: str, there: os.stat_result) -> bool:
        """Tell whether a name is taken by what a crash left of `Disk.give`."""
        mark = self.run.mark(entry.number)
        if entry.state not in {"intended", "restoring"} or there.st_size > len(mark):
            return False
        try:
            return self._disk.is_marked(target, mark)
        except OSError:
            return False

    # ---- doing it

    def _act(self, acts: list[_Act], history: History, is_stopped: Callable[[], bool], progress: Progress) -> None:
        journal = Journal(self._disk, self.run.journal, history.end)
        try:
            journal.reserve(2 * ID_ROOM * len(acts) + LAST_ROOM)
            for start in range(0, len(acts), BATCH):
                if is_stopped():
                    break
                entries = [(history.entries[number], kind, puts) for number, kind, puts in acts[start : start + BATCH]]
                batch = [RestoreCase(kind, entry, self._targets(entry), puts) for entry, kind, puts in entries]
                journal.add("restoring", ids=[case.entry.number for case in batch])
                journal.commit()
                self._restore(journal, batch)
                progress(len(batch))
            journal.commit()
        finally:
            journal.close()

    def _restore(self, journal: Journal, acts: list[RestoreCase]) -> None:
        done: list[RestoreCase] = []
        for case in acts:
            reason = self._put(case)
            if reason:
                self._count(reason, case)
            else:
                done.append(case)
        # the names at home are on the disk before the others go
        for folder in {os.path.dirname(target) for case in done for target in case.targets}:
            self._disk.sync_folder(folder)
        for case in done:
            # what was renamed is not there any more; on hold the server may have put it there again
            for place in range(len(case.targets)) if self._rules.moving == "copy" else ():
                self._disk.unlink(self._source(case.entry, place))
            self._count(case.kind, case)
        journal.add("restored", ids=[case.entry.number for case in done])

    def _put(self, case: RestoreCase) -> str:
        """Give a message its names again, the first of them last; returns what kept it from it, or nothing."""
        placed: list[int] = []
        try:
            # just before it gets its names: what the journal vouches for is what is sent
            reason = self._verify(case)
            if not reason:
                for place in reversed(case.puts):
                    self._bring(case, place)
                    placed.append(place)
                return ""
        except FileExistsError:
            reason = "conflict"
        except OSError as error:
            if is_full(error):
                self._take_back(case, placed)
                raise
            reason = "failed"
        self._take_back(case, placed)
        return reason

    def _take_back(self, case: RestoreCase, placed: list[int]) -> None:
        """Take away the names that a message was given whose others it could not be given: all or none.

        What cannot be taken back is left as a kill would leave it, and the next restore finishes it.
        """
        for place in reversed(placed):
            stored = self._source(case.entry, place)
            with suppress(OSError):
                if self._disk.status(stored) is None:  # it was renamed, where links are not to be had
                    self._disk.rename(case.targets[place], stored)
                else:
                    self._disk.unlink(case.targets[place])

    def _bring(self, case: RestoreCase, place: int) -> None:
        source, target = self._source(case.entry, place), case.targets[place]
        try:
            self._give(source, target, case, place)
        except FileNotFoundError:  # the folder of its home, most likely
            self._make_way(target, self._top_of(target, case.targets))
            self._give(source, target, case, place)

    def _make_way(self, target: str, top: str | None) -> None:
        """Make the folders again that the server has removed meanwhile, below the queue folder only."""
        folder = top or os.path.dirname(target)
        for part in os.path.dirname(target)[len(folder) + 1 :].split(os.sep):
            above, folder = folder, os.path.join(folder, part)
            if part and self._disk.status(folder) is None:
                self._disk.make_folder_like(folder, above)

    def _give(self, source: str, target: str, case: RestoreCase, place: int) -> None:
        if self._rules.moving == "rename":
            # its name is its id, which no other can have while it is there; with a second name for a moment, as below,
            # a kill in that moment would leave one that is sent, and is restored and sent again
            if self._disk.status(target) is not None:
                raise FileExistsError(errno.EEXIST, "exists", target)
            self._disk.rename(source, target)
            return
        try:
            self._disk.give(source, target, self.run.mark(case.entry.number))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._give_copy(source, target, case, place)

    def _give_copy(self, source: str, target: str, case: RestoreCase, place: int) -> None:
        """Bring a file home from another volume: a copy is made beside the queue, then gets its name at once.

        A copy made in the queue itself could be delivered half written.
        """
        staged = self._staged(target, file_name(case.entry.number, place))
        self._disk.unlink(staged)  # what a crash left
        known = case.entry.prints[place]
        if not self._disk.copy(source, staged, known):
            raise OSError(errno.EIO, "the copy is not the same", staged)
        try:
            self._disk.place(staged, target)
        except OSError as error:
            if error.errno not in NO_LINKS | {errno.EXDEV}:
                self._disk.unlink(staged)
                raise
            # a volume mounted within the queue, or one without links
            self._disk.copy(source, target, known)
        self._disk.unlink(staged)

    def _staged(self, target: str, name: str) -> str:
        queue = self._queue_of(target)
        if queue is None:
            raise NotRegularError(errno.ELOOP, "no place in these queues any more", target)
        folder = self._stage(queue)
        for made in (os.path.dirname(os.path.dirname(folder)), os.path.dirname(folder), folder):
            if self._disk.status(made) is None:
                self._disk.make_folder(made)
            if not self._disk.is_plain_folder(made):
                raise NotRegularError(errno.ELOOP, "a link where a folder of ours should be", made)
        return os.path.join(folder, name)

    def _stage(self, queue: QueuePlace) -> str:
        return os.path.join(queue.beside, QUARANTINE, self.run.name, "restoring")

    def _tidy(self, history: History) -> None:
        """Take away what a crash left of staged copies: each was also in the quarantine, or is at home."""
        for queue in self._queues:
            folder = self._stage(queue)
            if self._disk.is_plain_folder(folder):
                for entry in history.entries.values():
                    for place in range(len(entry.homes)):
                        self._disk.unlink(os.path.join(folder, file_name(entry.number, place)))
                for _ in range(3):
                    self._disk.remove_folder(folder)
                    folder = os.path.dirname(folder)

    def _count(self, kind: str, case: RestoreCase) -> None:
        self._done[kind] += 1
        if kind in {"put", "finish"}:
            self._bytes += case.entry.size
        is_left = kind in _IN_QUARANTINE or kind == "missing"
        if is_left and kind != "unwanted" and sum(known == kind for _, known in self._left) < KEPT_EXAMPLES:
            self._left.append((case.targets[0], kind))

    def _result(self, history: History) -> Restored:
        """Close the books. Raises UnbalancedError."""
        done, found = self._done, history.entries.number_of_moved()
        untouched = found - done.total()
        result = Restored(
            run=self.run.name,
            found=found,
            restored=self.restored,
            already_there=done["home"] + done["discard"],
            missing=done["missing"],
            changed=sum(done[kind] for kind in _CHANGED),
            conflicts=done["conflict"],
            refused=done["refused"],
            failed=done["failed"],
            dropped=done["dropped"],
            not_chosen=done["unwanted"],
            in_quarantine=sum(done[kind] for kind in _IN_QUARANTINE) + untouched,
            untouched=untouched,
            bytes=self._bytes,
            is_torn=bool(history.end.torn),
            journal=self.run.journal,
            sha256=hash_file(self.run.journal)[1],
            left=tuple(self._left),
        )
        placed = result.restored + result.already_there + result.missing + result.in_quarantine + result.dropped
        if placed != result.found:
            raise UnbalancedError(f"{result.found} messages in the run", f"{placed} accounted for")
        return result
