"""What the evidence accuses, for commands that only want to know whom: accounts, addresses, sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.cli import gather

if TYPE_CHECKING:
    from breachkit.cli.where import Where
    from breachkit.detect.compromise import Accusation
    from breachkit.detect.inquiry import Evidence


def has_evidence(where: Where) -> bool:
    """Tell whether there is anything to accuse somebody by."""
    return bool(where.layout.queues or where.layout.logs)


def read_evidence(where: Where, books: gather.Books) -> tuple[Evidence, gather.SmtpFacts]:
    """Read queue, logs and accounts into the tables of an inquiry."""
    from breachkit.cli.joins import evidence_of

    fingerprints = gather.run_fingerprints()
    messages = gather.read_messages(where, books, quarantined=True)
    queue_ids = {message.queue_id for message in messages if message.queue_id is not None}
    facts = gather.read_smtp(where, books, fingerprints, queue_ids)
    gather.read_doors(where, facts, books, fingerprints)
    # the command that judges the accounts reads their file itself and counts what it skips there
    accounts = gather.read_accounts(where, gather.Books())
    return evidence_of(messages, facts, accounts, fingerprints), facts


def accuse(where: Where, books: gather.Books) -> tuple[Accusation, gather.SmtpFacts]:
    """Judge every account; without evidence nobody is accused."""
    from breachkit.detect.compromise import Accusation
    from breachkit.detect.compromise import find_accounts

    if not has_evidence(where):
        return Accusation((), 0, {}, 0), gather.SmtpFacts()
    evidence, facts = read_evidence(where, books)
    return find_accounts(evidence), facts
