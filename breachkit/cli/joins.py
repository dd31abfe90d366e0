"""Facts in memory → the tables that an inquiry takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from breachkit.detect.accounts.inquiry import Evidence
from breachkit.tables import attempts_table, deliveries_table, messages_table, sends_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.logs.facts import LogFacts
    from breachkit.records import Account, Message
    from breachkit.text.sasl import Fingerprints


def evidence_of(
    messages: Sequence[Message],
    facts: LogFacts,
    accounts: Sequence[Account],
    fingerprints: Fingerprints,
    own_addresses: frozenset[str] = frozenset(),
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
        own_addresses=own_addresses,
    )
