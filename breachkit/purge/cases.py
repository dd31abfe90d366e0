"""What is to be done with each message of a run, from its journal and from what lies on the disk.

Nothing of a journal is believed that would name a place: the source is derived from the message's number, the
target must lie below a queue folder of this run, and neither may be reached through a link.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.files import NotRegularError
from breachkit.purge.store import are_plain_folders, home_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence

    from breachkit.purge.disk import Disk
    from breachkit.purge.states import Entry
    from breachkit.purge.store import Queue, Run

Kind = Literal["put", "finish", "discard", "home", "missing", "changed", "conflict", "refused", "dropped", "unwanted"]
"""put: give it its name again · finish: it has it, take the other away · discard: a copy of one that never left ·
home: it is there already · refused: its home is no place in these queues · unwanted: not among --only."""

IN_QUARANTINE: frozenset[Kind] = frozenset({"changed", "conflict", "refused", "unwanted"})


class Case(NamedTuple):
    """One message of a run, and what is to be done with it."""

    kind: Kind
    entry: Entry
    target: str


class Judge:
    """Judges the messages of one run by their names; only `verify` reads what is put back."""

    def __init__(
        self, disk: Disk, run: Run, queues: Sequence[Queue], is_chosen: Callable[[str], bool] | None = None
    ) -> None:
        self._disk = disk
        self._run = run
        self._queues = sorted((queue.path for queue in queues), key=len, reverse=True)
        self._is_chosen = is_chosen
        self._known: dict[tuple[str, str], bool] = {}

    def judge(self, entries: Iterable[Entry]) -> list[Case]:
        """Judge every message that was, or may have been, moved. Raises OSError."""
        held = frozenset(self._disk.names(self._run.messages))  # to ask for each name took a tenth of a restore
        return [self._judge(entry, held) for entry in entries if entry.state != "left"]

    def _judge(self, entry: Entry, held: frozenset[str]) -> Case:
        target = home_of(entry.home, self._run.store)
        if entry.state == "dropped":
            return Case("dropped", entry, target)
        if entry.state == "restored":
            return Case("home", entry, target)
        is_place = self.queue_of(target) is not None
        if self._run.file_name(entry.number) not in held:
            return Case("home" if is_place and self._is_home(entry, target) else "missing", entry, target)
        if not is_place:
            return Case("refused", entry, target)
        if self._is_chosen is not None and not self._is_chosen(self._run.message(entry.number)):
            return Case("unwanted", entry, target)
        return Case(self._judge_place(entry, target), entry, target)

    def _judge_place(self, entry: Entry, target: str) -> Kind:
        """Judge a message that has something in the quarantine by what has its name at home."""
        there = self._disk.status(target)
        if there is None or self._is_ours(entry, target, there):
            return "put"
        source = self._disk.status(self._run.message(entry.number))
        if source is not None and (there.st_dev, there.st_ino) == (source.st_dev, source.st_ino):
            return "finish"
        if entry.state in {"intended", "restoring"} and self._is_home(entry, target):
            return "finish" if entry.state == "restoring" else "discard"
        return "conflict"

    def verify(self, entry: Entry) -> Literal["", "changed", "missing"]:
        """Hold what lies in the quarantine against the journal; nothing when it is the message. Raises OSError."""
        try:
            found = self._disk.fingerprint(self._run.message(entry.number))
        except FileNotFoundError:
            return "missing"
        except NotRegularError:
            return "changed"
        return "" if found.sha256 == entry.fingerprint.sha256 else "changed"

    def queue_of(self, target: str) -> str | None:
        """Return the queue folder a home lies in; None when it lies in none, or behind a link."""
        inside = (queue for queue in self._queues if are_plain_folders(target, queue, self._disk, self._known))
        return next(inside, None)

    def _is_home(self, entry: Entry, target: str) -> bool:
        """Tell whether the message itself has its old name, by its bytes."""
        try:
            return self._disk.fingerprint(target).sha256 == entry.fingerprint.sha256
        except OSError:
            return False

    def _is_ours(self, entry: Entry, target: str, there: os.stat_result) -> bool:
        """Tell whether a name is taken by what a crash left of `Disk.claim`."""
        mark = mark_of(self._run, entry)
        if entry.state != "restoring" or there.st_size > len(mark):
            return False
        try:
            return self._disk.is_marked(target, mark)
        except OSError:
            return False


def mark_of(run: Run, entry: Entry) -> bytes:
    """Spell what a name holds for a moment while a message is given it without a link."""
    return f"breachkit restores {run.name} {entry.number}\n".encode()
