"""What the runs of a quarantine hold, by their journals and their folders; it only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.chain import hash_file
from breachkit.micros import is_possible
from breachkit.purge.journal import path_of, read_history
from breachkit.purge.store import file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.purge.disk import Disk
    from breachkit.purge.journal import JournalEntries, JournalEntry
    from breachkit.purge.store import Run

Whereabouts = Literal["held", "gone", "restored", "dropped", "left", "hold"]
"""`hold`: the run put it on hold in the queue, where the server's own commands reach it."""


class StoredFile(NamedTuple):
    """One file of a message of a run."""

    name: str
    """In the folder of the run's messages."""
    home: str
    """Where it came from, by the journal: relative where the tree may be copied as a whole."""
    size: int
    sha256: str


class StoredMessage(NamedTuple):
    """One message of a run, and where it is; `gone` when it should be held and is not there."""

    entry: JournalEntry
    whereabouts: Whereabouts

    @property
    def files(self) -> list[StoredFile]:
        """All its files, the one that names it first."""
        known = enumerate(zip(self.entry.homes, self.entry.prints, strict=True))
        number = self.entry.number
        return [StoredFile(file_name(number, at), path_of(home), one.size, one.sha256) for at, (home, one) in known]


@dataclass(frozen=True, slots=True)
class Stock:
    """What one run holds, as its journal and its folder show it."""

    run: Run
    began: str
    """Empty when the journal names no time that a purge can have had."""
    wanted: tuple[str, ...]
    ended: str
    """Empty when the purge was killed, or still runs."""
    is_torn: bool
    is_hold: bool
    """It put messages on hold in the queue; none lies in the quarantine."""
    entries: JournalEntries
    whereabouts: dict[int, Whereabouts]
    """Of each message, by its number."""
    sha256: str
    """Of the journal."""

    @property
    def is_ended(self) -> bool:
        """False when the purge was killed, or still runs."""
        return bool(self.ended)

    @property
    def messages(self) -> Iterator[StoredMessage]:
        """Each message, and where it is."""
        return (StoredMessage(self.entries[number], where) for number, where in self.whereabouts.items())

    def count(self, whereabouts: Whereabouts) -> int:
        """Count the messages that are there."""
        return sum(known == whereabouts for known in self.whereabouts.values())

    @property
    def bytes(self) -> int:
        """Bytes of the messages that are held."""
        return sum(held.entry.size for held in self.messages if held.whereabouts == "held")


def take_stock(disk: Disk, run: Run) -> Stock:
    """Tell what a run holds. Raises BreachkitError, OSError."""
    history = read_history(run.journal)
    there = set(disk.names(run.messages))
    return Stock(
        run=run,
        began=_time(history.began),
        wanted=tuple(history.wanted),
        ended=_time(history.ended),
        is_torn=bool(history.end.torn),
        is_hold=history.is_hold,
        entries=history.entries,
        whereabouts={
            entry.number: _whereabouts(entry, there, is_hold=history.is_hold) for entry in history.entries.values()
        },
        sha256=hash_file(run.journal)[1],
    )


def _time(text: str) -> str:
    try:
        ts = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text if ts.tzinfo is not None and is_possible(ts.timestamp()) else ""


def _whereabouts(entry: JournalEntry, there: set[str], *, is_hold: bool) -> Whereabouts:
    if entry.state == "left":
        return "left"
    if any(file_name(entry.number, place) in there for place in range(len(entry.homes))):
        return "held"
    match entry.state:
        case "restored" | "dropped" as state:
            return state
        case "intended":
            return "left"
        case _:
            return "hold" if is_hold else "gone"


def find_changed(disk: Disk, stock: Stock) -> list[StoredMessage]:
    """Hash every message that is held, and return those that are not what the journal says."""
    return [held for held in stock.messages if held.whereabouts == "held" and not _is_sound(disk, stock.run, held)]


def _is_sound(disk: Disk, run: Run, held: StoredMessage) -> bool:
    for place, known in enumerate(held.entry.prints):
        try:
            if disk.fingerprint(run.file(held.entry.number, place)).sha256 != known.sha256:
                return False
        except FileNotFoundError:
            # a purge that was killed has not moved all files of its last message, a restore may have put some back
            if held.entry.state not in {"intended", "restoring"}:
                return False
        except OSError:
            return False
    return True
