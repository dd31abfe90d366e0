"""What the evidence accuses: queue, logs and accounts read once, and every account judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.detect.passwords.weakness import distance_of
from breachkit.evidence import gather
from breachkit.logs.facts import LogFacts
from breachkit.logs.listing import read_own_addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.cli.several import Together
    from breachkit.detect.accounts.inquiry import Evidence
    from breachkit.detect.accounts.verdict import Accusation
    from breachkit.evidence.where import Where
    from breachkit.records import Message


def has_evidence(where: Where) -> bool:
    """Tell whether there is anything to accuse somebody by."""
    return bool(where.layout.queues or where.logs or where.skipped)


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
    counted = books if counts_accounts else gather.Books(notes=books.notes)
    accounts = gather.read_accounts(where, counted)
    from breachkit.cli.joins import evidence_of  # pandas takes 0.3 s

    own = read_own_addresses(where.logs)
    return evidence_of(messages, facts, accounts, fingerprints, own), facts


def judge_accounts(
    where: Where,
    books: gather.Books,
    messages: Sequence[Message],
    jobs: int | None = None,
) -> tuple[Accusation, LogFacts]:
    """Judge every account, in the light of the messages that are queued."""
    evidence, facts = read_evidence(where, books, messages, jobs=jobs)
    from breachkit.detect.accounts.judgement import find_accounts  # pandas, as above

    return find_accounts(evidence), facts


def accused_names(found: Accusation) -> list[str]:
    """Name the accounts that are not clear, worst first."""
    return [one.account for one in found.accused]


def accuse_together(together: Together) -> Accusation:
    """Judge every account of several nodes in the light of what all of them saw."""
    from breachkit.cli.joins import evidence_of
    from breachkit.detect.accounts.judgement import find_accounts

    stitched = together.stitched
    return find_accounts(
        evidence_of(stitched.messages, stitched.facts, stitched.accounts, together.fingerprints),
    )


def accuse(where: Where, books: gather.Books, jobs: int | None = None) -> tuple[Accusation, LogFacts]:
    """Read all there is and judge every account; without evidence nobody is accused."""
    if not has_evidence(where):
        from breachkit.detect.accounts.verdict import Accusation

        return Accusation((), 0, {}, 0), LogFacts()
    return judge_accounts(where, books, gather.read_messages(where, books, quarantined=True, jobs=jobs), jobs)
