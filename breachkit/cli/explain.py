"""What group and find-account say of a purge: the string of a campaign, and what neither of them explains."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from breachkit.errors import CampaignGoneError
from breachkit.reading import gather
from breachkit.report.purge import Unexplained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.reading.where import Where
    from breachkit.records import Message

EXAMPLES = 3


def campaign_string(where: Where, wanted: str) -> str:
    """Group the queue again and return the purge string of a campaign. Raises CampaignGoneError."""
    from breachkit.cli.group import find_queue_campaigns

    found, _ = find_queue_campaigns(where, gather.Books())
    strings = {campaign.id: campaign.purge_string for campaign in found.campaigns}
    if wanted not in strings:
        raise CampaignGoneError(wanted, strings, where.command("group"))
    return strings[wanted]


def explain(where: Where, chosen: Sequence[Message]) -> Unexplained:
    """Ask the logs which accounts are suspect and the queue for its campaigns; count what neither explains.

    Lawful mass mail (`bulk`) is no explanation: it is what must not be purged.
    """
    from breachkit.cli.group import find_queue_campaigns

    found, messages = find_queue_campaigns(where, gather.Books())
    grouped = {messages[at].source for campaign in found.campaigns if not campaign.bulk for at in campaign.members}
    suspects = _suspects(where, messages)
    left = [one for one in chosen if one.source not in grouped and one.auth_user not in suspects]
    counts = Counter(message.auth_user for message in left)
    return Unexplained(
        len(left),
        tuple(sorted(counts.items(), key=lambda row: (-row[1], row[0] or ""))),
        tuple(message.source.path for message in left[:EXAMPLES]),
        "" if gather.smtp_logs(where) else "no logs: no account can be told suspect",
    )


def _suspects(where: Where, messages: Sequence[Message]) -> set[str | None]:
    """Name the accounts that find-account would not call clear."""
    if not gather.smtp_logs(where):
        return set()
    from breachkit.cli.accusing import judge_accounts

    found, _ = judge_accounts(where, gather.Books(), messages)
    return {one.account for one in found.accounts if one.verdict != "clear"}
