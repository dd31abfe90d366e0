"""How numbers, times, shares and places are spelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.micros import EPOCH

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from breachkit.records import Locus


THOUSAND = 1000


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Spell a number with its noun: `1 message`, `2,040 messages`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Spell a share: `96.2 %`."""
    return f"{share * 100:.1f} %"


def of_the_queue(number: int, total: int, share: float) -> str:
    """Spell a part of the queue with what it is a part of: `119 of 125 queued messages (95.2 %)`."""
    return f"{number:,} of {count(total, 'queued message')} ({percent(share)})"


def moment(ts: datetime | None, zone: tzinfo) -> str:
    """Spell a time for people, with weekday and offset; `unknown` for None, and for the epoch: no clock was set."""
    return "unknown" if ts is None or ts == EPOCH else ts.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %z")


def stamp(ts: datetime | None, zone: tzinfo) -> str | None:
    """Spell a time for machines: ISO 8601 with offset and seconds, in the zone of the user; None as in `moment`."""
    return None if ts is None or ts == EPOCH else ts.astimezone(zone).isoformat(timespec="seconds")


def size(number: int) -> str:
    """Spell a number of bytes: `812 B`, `3.4 MB`."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < THOUSAND or unit == "TB":
            break
        amount /= THOUSAND
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def name_journal(run: str, journal: str, sha256: str) -> str:
    """Spell what belongs in the incident notes of a run."""
    return f"run {run}, journal {journal}, SHA-256 {sha256}"


def place(locus: Locus) -> str:
    """Spell where a fact stands: `logs/smtp/s20261120-00.log:57`."""
    return f"{locus.shown}:{locus.line}"
