"""The stories, by name, and the one way to build them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import entries, gaps, lookalikes, mixtures, shipped, signals, strangers
from .telling import Told, tell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .dice import Dice
    from .truth import Truth

SHIPPED: dict[str, Callable[[Dice], Told]] = {
    "guide": shipped.guide,
    "brute-force": shipped.brute_forced,
    "two-accounts": shipped.two_accounts,
}
"""The stories kept in `sample_queues/icewarp`."""

GUILTY: dict[str, Callable[[Dice], Told]] = {
    "brute-force-entry": entries.brute_force_entry,
    "distributed": entries.distributed,
    "spray": entries.spray,
    "spray-group": entries.spray_group,
    "first-try": entries.first_try,
    "unknown-entry": entries.unknown_entry,
    "imap-door": entries.imap_door,
    "share-guilty": signals.share_guilty,
    "sender-guilty": signals.sender_guilty,
    "failures-guilty": signals.failures_guilty,
    "places-guilty": signals.places_guilty,
    "destination-guilty": signals.destination_guilty,
    "burst-guilty": signals.burst_guilty,
    "secret-guilty": signals.secret_guilty,
    "no-logs": gaps.no_logs,
    "no-queue": gaps.no_queue,
    "low-level": gaps.low_level,
    "log-gap": gaps.log_gap,
    "rotation-midnight": gaps.rotation_midnight,
    "mixed-forms": mixtures.mixed_forms,
    "masked-secrets": mixtures.masked_secrets,
    "two-domains": mixtures.two_domains,
    "reused-ids": mixtures.reused_ids,
}

INNOCENT: dict[str, Callable[[Dice], Told]] = {
    "quiet": lookalikes.quiet,
    "newsletter": lookalikes.newsletter,
    "ticket-system": lookalikes.ticket_system,
    "stale-phone": lookalikes.stale_phones,
    "merely-tried": lookalikes.merely_tried,
    "owner-mistypes": lookalikes.owner_mistypes,
    "travelling-owner": lookalikes.travelling_owner,
    "office-nat": lookalikes.office_nat,
    "greetings": lookalikes.greetings,
    "dead-addresses": lookalikes.dead_addresses,
    "weak-but-alone": lookalikes.weak_but_alone,
    "hostile-text": strangers.hostile_text,
}

PAIRS: dict[str, tuple[str, str]] = {
    "share": ("share-guilty", "newsletter"),
    "sender": ("sender-guilty", "ticket-system"),
    "failures": ("failures-guilty", "stale-phone"),
    "places": ("places-guilty", "travelling-owner"),
    "destination": ("destination-guilty", "dead-addresses"),
    "burst": ("burst-guilty", "greetings"),
    "secret": ("secret-guilty", "weak-but-alone"),
}
"""For each signal the story of a guilty account and of an innocent one."""

STORIES: dict[str, Callable[[Dice], Told]] = {**SHIPPED, **GUILTY, **INNOCENT}


def build(name: str, target: Path, seed: int = 1) -> Truth:
    """Build one story into `target`, which becomes its evidence root, and give its truth."""
    return tell(name, STORIES[name], target, seed)
