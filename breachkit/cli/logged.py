"""What the logs count, as the symptoms take it: sessions by the hour, fates of recipients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.detect.findings import first
from breachkit.detect.symptoms import Fates, Hours

if TYPE_CHECKING:
    from breachkit.logs.facts import LogFacts


def hours_of(facts: LogFacts) -> Hours | None:
    """Take the hourly counts; None without logs."""
    return Hours(facts.sessions, facts.accepted, facts.sources) if facts.sessions else None


def fates_of(facts: LogFacts) -> Fates | None:
    """Count what became of recipients; None when the logs tell of no delivery."""
    fates: dict[tuple[str | None, str | None, str | None], bool] = {}
    places = []
    for delivery in facts.deliveries:
        if delivery.outcome != "deferred":
            path = (delivery.queue_id, delivery.mail_from, delivery.rcpt_to)
            fates[path] = fates.get(path, False) or delivery.is_unknown
            if delivery.is_unknown:
                places.append(delivery.source)
    refused = sum(sent.rcpt_unknown for *_, sent in facts.sends)
    if not fates and not refused:
        return None
    places += [sent.source for *_, sent in facts.sends if sent.rcpt_unknown]
    return Fates(len(fates) + refused, sum(fates.values()) + refused, first(places))
