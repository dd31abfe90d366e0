"""The queue grouped: its messages read, its campaigns found, and what the logs say of the accounts counted in."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.reading import accuse
from breachkit.detect.campaigns.campaign import Judged
from breachkit.evidence import gather
from breachkit.evidence.again import MessageReader
from breachkit.logs.facts import shows_logins
from breachkit.progress import bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breachkit.detect.accounts.verdict import Accusation
    from breachkit.detect.campaigns.campaign import Campaign, Campaigns
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Message


class Grouped(NamedTuple):
    """The campaigns of a queue, and what they rest on."""

    campaigns: Campaigns
    messages: list[Message]
    """What the members of campaigns point to."""
    accusation: Accusation | None
    """None where there are no logs."""
    facts: LogFacts | None

    def campaign_of(self, message: Message) -> Campaign | None:
        """Return the campaign that a message belongs to."""
        at = next((at for at, one in enumerate(self.messages) if one.source == message.source), None)
        return next((campaign for campaign in self.campaigns.campaigns if at in campaign.members), None)


def group_queue(where: Where, books: gather.Books, least: int | None = None) -> Grouped:
    """Find the campaigns; where there are logs, what they say of the accounts counts too. Raises BreachkitError."""
    messages = read_queued(where, books)
    found, facts = None, None
    if gather.smtp_logs(where):
        found, facts = accuse(where, books, messages)
    else:
        for skipped in where.skipped:  # else said with the logs that were read
            books.skip(skipped)
    return Grouped(find_judged(where, books, messages, found, facts, least), messages, found, facts)


def read_queued(where: Where, books: gather.Books) -> list[Message]:
    """Read the messages, quarantined ones too. Raises BreachkitError."""
    if not where.layout.queues:
        raise where.no_queue()
    return gather.read_messages(where, books, quarantined=True)


def find_judged(
    where: Where,
    books: gather.Books,
    messages: Sequence[Message],
    found: Accusation | None,
    facts: LogFacts | None,
    least: int | None = None,
) -> Campaigns:
    """Find the campaigns of messages that are read, in the light of verdicts on the accounts, if there are any."""
    from breachkit.detect.campaigns.grouping import find_campaigns  # numpy, and a plain grouping needs none

    judged = None if found is None or facts is None else judged_by_logs(found, facts)
    with bar(sys.stderr, "grouping", None, " messages") as progress:
        return find_campaigns(messages, MessageReader(where, books), progress=progress, least=least, judged=judged)


def judged_by_logs(found: Accusation, facts: LogFacts) -> Judged | None:
    """Say whom the logs acquit and whom they accuse; None where AUTH is not to be seen."""
    if not shows_logins(facts.level):
        return None
    bare = Counter(one.account.partition("@")[0] for one in found.accounts)

    def spelled(accounts: Iterable[str]) -> frozenset[str]:
        """List what the queue may call accounts: themselves, and the bare name where no other account has it."""
        names = {name for name in (account.partition("@")[0] for account in accounts) if bare[name] == 1}
        return frozenset({*accounts, *names})

    return Judged(
        spelled([one.account for one in found.accounts if one.verdict == "clear" and one.auth_successes]),
        spelled(found.accused_names()),
        frozenset(one.client_ip for one in found.accused_relays),
        came_from(facts),
    )


def came_from(facts: LogFacts) -> dict[str | None, str | None]:
    """Tell from the logs from which address each message was handed in, by its id."""
    sends = facts.sends
    return {sends.queue_id(row): sends.name("client_ip", row) for row in range(len(sends))}
