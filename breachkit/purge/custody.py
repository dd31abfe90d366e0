"""What a run holds, and whether it is still what the journal says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.micros import is_possible
from breachkit.purge.journal import sha256_of
from breachkit.purge.states import read_history

if TYPE_CHECKING:
    from breachkit.purge.disk import Disk
    from breachkit.purge.states import Entry
    from breachkit.purge.store import Run

Whereabouts = Literal["held", "gone", "restored", "dropped", "left"]


class Held(NamedTuple):
    """One message of a run, and where it is; `gone` when it should be held and is not there."""

    entry: Entry
    whereabouts: Whereabouts


@dataclass(frozen=True, slots=True)
class Custody:
    """One run, as its journal and its folder show it."""

    run: Run
    began: str
    """Empty when the journal names no time that a purge can have had."""
    wanted: tuple[str, ...]
    is_ended: bool
    """False when the purge was killed, or still runs."""
    is_torn: bool
    messages: tuple[Held, ...]
    sha256: str
    """Of the journal."""

    def count(self, whereabouts: Whereabouts) -> int:
        """Count the messages that are there."""
        return sum(held.whereabouts == whereabouts for held in self.messages)

    @property
    def bytes(self) -> int:
        """Bytes of the messages that are held."""
        return sum(held.entry.fingerprint.size for held in self.messages if held.whereabouts == "held")


def take_stock(disk: Disk, run: Run) -> Custody:
    """Tell what a run holds. Raises JournalBrokenError, OSError."""
    history = read_history(run.journal)
    there = set(disk.names(run.messages))
    return Custody(
        run=run,
        began=_time(history.began),
        wanted=tuple(history.wanted),
        is_ended=history.is_ended,
        is_torn=bool(history.end.torn),
        messages=tuple(Held(entry, _whereabouts(run, entry, there)) for entry in history.entries.values()),
        sha256=sha256_of(run.journal),
    )


def _time(text: str) -> str:
    try:
        ts = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text if ts.tzinfo is not None and is_possible(ts.timestamp()) else ""


def _whereabouts(run: Run, entry: Entry, there: set[str]) -> Whereabouts:
    if entry.state == "left":
        return "left"
    if run.file_name(entry.number) in there:
        return "held"
    if entry.state == "restored":
        return "restored"
    if entry.state == "dropped":
        return "dropped"
    return "left" if entry.state == "intended" else "gone"


def find_changed(disk: Disk, custody: Custody) -> list[Held]:
    """Hash every message that is held, and return those that are not what the journal says."""
    return [held for held in custody.messages if held.whereabouts == "held" and not _is_sound(disk, custody.run, held)]


def _is_sound(disk: Disk, run: Run, held: Held) -> bool:
    try:
        return disk.fingerprint(run.message(held.entry.number)).sha256 == held.entry.fingerprint.sha256
    except OSError:
        return False
