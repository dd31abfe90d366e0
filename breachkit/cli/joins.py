"""Facts in memory → what the detectors take: hourly counts, fates of recipients, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from breachkit.detect.findings import first
from breachkit.detect.inquiry import Evidence
from breachkit.detect.symptoms import Fates
from breachkit.detect.symptoms import Hours
from breachkit.tables import attempts_table
from breachkit.tables import deliveries_table
from breachkit.tables import messages_table
from breachkit.tables import sends_table

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from breachkit.reading.gather import SmtpFacts
    from breachkit.records import Account
    from breachkit.records import Message
    from breachkit.sasl import Fingerprints


def hours_of(facts: SmtpFacts) -> Hours | None:
    """Put the hourly counts in series; None without logs."""
    if not facts.sessions:
        return None
    return Hours(
        sessions=_by_hour(facts.sessions),
        accepted=_by_hour(facts.accepted),
        source={pd.Timestamp(hour, unit="s", tz="UTC"): source for hour, source in facts.sources.items()},
    )


def _by_hour(counts: Counter[int]) -> pd.Series[int]:
    hours = sorted(counts)
    index = pd.to_datetime(hours, unit="s", utc=True)
    return pd.Series([counts[hour] for hour in hours], index=index, dtype="int64")


def fates_of(facts: SmtpFacts) -> Fates | None:
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


def evidence_of(
    messages: Sequence[Message],
    facts: SmtpFacts,
    accounts: Sequence[Account],
    fingerprints: Fingerprints,
) -> Evidence:
    """Put everything an inquiry needs in tables."""
    return Evidence(
        messages=messages_table(messages),
        attempts=attempts_table(facts.attempts),
        sends=sends_table(facts.sends),
        deliveries=deliveries_table(facts.deliveries),
        accounts=accounts,
        fingerprint=fingerprints.of,
        log_first=None if facts.first is None else pd.Timestamp(facts.first),
        is_auth_visible=facts.level.startswith("debug"),
    )
