"""What group and find-account say of a purge: the string of a campaign, and what neither of them explains."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

from breachkit.detect.containment import count_owners_own
from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.logs.facts import shows_logins
from breachkit.report.group_report import WHY
from breachkit.report.purge_report import Unexplained

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from breachkit.detect.campaigns.grouping import Grouped
    from breachkit.evidence.where import Where
    from breachkit.records import Message

EXAMPLES = 3


def find_campaign(where: Where, wanted: str, least: int | None) -> tuple[str, str]:
    """Group the queue again; return id and purge string of a campaign. Raises BreachkitError.

    Args:
        where: the evidence.
        wanted: its id, or its number in the list of `group`.
        least: messages of the smallest campaign, the same as for `group`.
    """
    from breachkit.detect.campaigns.grouping import group_queue

    found = group_queue(where, gather.Books(), least).campaigns
    campaign = found.named(wanted)
    if campaign is None:
        known = [one.id for one in found.campaigns]
        kind = "number" if len(wanted) < min(map(len, known), default=0) else "id"
        raise BreachkitError(
            f"nothing was moved: no campaign has the {kind} '{wanted}' now (there are: {', '.join(known) or 'none'});"
            f" look again with: {where.command('group')}"
        )
    if campaign.no_purge_why == "only-weak-string":
        raise BreachkitError(
            f"nothing was moved: all that the messages of campaign {campaign.id} share belongs to many owners, and a"
            " purge by it would take other mail too; name the account with --account, and a STRING of your own beside"
            " it"
        )
    if campaign.no_purge_why is not None:
        sys.stderr.write(f"breachkit: 'group' has no line for campaign {campaign.id}: {WHY[campaign.no_purge_why]}\n")
    return campaign.id, campaign.purge_string


def explain(where: Where, planned: Collection[str]) -> Unexplained:
    """Ask the logs which accounts are suspect and the queue for its campaigns; count what neither explains.

    Lawful mail (`bulk`) is no explanation: it is what must not be purged.

    Args:
        where: the evidence.
        planned: the messages that are to be moved, by the absolute path of the first file of each.
    """
    from breachkit.detect.campaigns.grouping import group_queue

    asked = group_queue(where, gather.Books())
    chosen = [one for one in asked.messages if os.path.abspath(one.files[0]) in planned]  # links stay
    rows = asked.campaigns.campaigns
    grouped = {asked.messages[at].source for campaign in rows if campaign.is_spam for at in campaign.members}
    suspects = set() if asked.accusation is None else set(asked.accusation.accused_names())
    left = [one for one in chosen if one.source not in grouped and one.auth_user not in suspects]
    counts = Counter(message.auth_user for message in left)
    return Unexplained(
        len(left),
        tuple(sorted(counts.items(), key=lambda row: (-row[1], row[0] or ""))),
        tuple(message.source.path for message in left[:EXAMPLES]),
        "no logs: nothing says which accounts are suspect" if asked.accusation is None else "",
        _owners_own(asked, chosen),
    )


def _owners_own(asked: Grouped, chosen: Sequence[Message]) -> int | None:
    """Count the planned messages that look like their owner's own; None where no log tells who sent what."""
    from breachkit.detect.campaigns.bulk import came_from

    found, facts = asked.accusation, asked.facts
    if found is None or facts is None or not shows_logins(facts.level):
        return None
    return count_owners_own(chosen, found, came_from(facts))
