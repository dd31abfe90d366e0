"""Which planned messages no campaign and no suspect account explains: what a purge should not take unseen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from breachkit.cli import gather
from breachkit.report.purge import Unexplained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.cli.where import Where
    from breachkit.records import Message

EXAMPLES = 3


def explain(where: Where, chosen: Sequence[Message]) -> Unexplained:
    """Ask the logs which accounts are suspect, and count the messages of others."""
    suspects = _suspects(where)
    left = [message for message in chosen if message.auth_user is None or message.auth_user not in suspects]
    counts = Counter(message.auth_user for message in left)
    ranked = sorted(counts.items(), key=lambda row: (-row[1], row[0] or ""))
    without = "" if where.layout.logs else "no logs: no account can be told suspect"
    return Unexplained(len(left), tuple(ranked), tuple(message.source.path for message in left[:EXAMPLES]), without)


def _suspects(where: Where) -> set[str]:
    """Name the accounts that find-account would not call clear."""
    from breachkit.cli.joins import evidence_of
    from breachkit.detect.compromise import find_accounts

    books = gather.Books()
    fingerprints = gather.run_fingerprints()
    messages = gather.read_messages(where, books, quarantined=True)
    queue_ids = {message.queue_id for message in messages if message.queue_id is not None}
    facts = gather.read_smtp(where, books, fingerprints, queue_ids)
    gather.read_doors(where, facts, books, fingerprints)
    accounts = gather.read_accounts(where, books)
    found = find_accounts(evidence_of(messages, facts, accounts, fingerprints))
    return {one.account for one in found.accounts if one.verdict != "clear"}
