"""The evidence of an inquiry: queue, logs and accounts, read once, and every account judged by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.detect.accounts.verdict import Accusation
from breachkit.detect.passwords.weakness import distance_of
from breachkit.evidence import gather
from breachkit.logs.facts import LogFacts
from breachkit.logs.listing import read_own_addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.detect.accounts.inquiry import Evidence
    from breachkit.evidence.where import Where
    from breachkit.records import Message


def read_evidence(
    where: Where,
    books: gather.Books,
    messages: Sequence[Message],
    *,
    counts_accounts: bool = True,
    by_hour: bool = False,
    jobs: int | None = None,
) -> tuple[Evidence, LogFacts]:
    """Read logs and accounts into the tables of an inquiry about queued messages.

    Args:
        where: where the evidence is.
        books: what was read and skipped is counted there.
        messages: the queued and quarantined ones.
        jobs: processes to read with; None for one a processor.
        counts_accounts: False for a command that reads the accounts itself, and counts what it skips then.
        by_hour: count sessions and messages by the hour, too.
    """
    fingerprints = gather.run_fingerprints()
    queue_ids = {message.queue_id for message in messages if message.queue_id is not None}
    facts = gather.read_smtp(where, books, fingerprints, queue_ids, jobs, by_hour=by_hour, distance_of=distance_of)
    gather.read_doors(where, facts, books, fingerprints, jobs)
    accounts = gather.read_accounts(where, books if counts_accounts else gather.Books(notes=books.notes))
    from breachkit.detect.accounts.inquiry import evidence_of  # pandas takes 0.3 s

    return evidence_of(messages, facts, accounts, fingerprints, read_own_addresses(where.logs)), facts


def accuse(
    where: Where, books: gather.Books, messages: Sequence[Message] | None = None, jobs: int | None = None
) -> tuple[Accusation, LogFacts]:
    """Judge every account by all there is; without evidence nobody is accused.

    Args:
        where: where the evidence is.
        books: what was read and skipped is counted there.
        messages: the queued and quarantined ones, where they are read already.
        jobs: processes to read with; None for one a processor.
    """
    if not where.has_evidence:
        return Accusation((), 0, {}, 0), LogFacts()
    if messages is None:
        messages = gather.read_messages(where, books, quarantined=True, jobs=jobs)
    evidence, facts = read_evidence(where, books, messages, jobs=jobs)
    from breachkit.detect.accounts.judgement import find_accounts  # pandas, as above

    return find_accounts(evidence), facts


def read_targets(where: Where, books: gather.Books) -> tuple[frozenset[str], LogFacts]:
    """Find the accounts that attacking addresses tried; none where there are no logs."""
    if not where.logs:
        return frozenset(), LogFacts()
    messages = gather.read_messages(where, books, quarantined=True)
    evidence, facts = read_evidence(where, books, messages, counts_accounts=False)
    from breachkit.detect.accounts.inquiry import Inquiry  # pandas, as above
    from breachkit.detect.incident import targets_of

    return targets_of(Inquiry(evidence)), facts
