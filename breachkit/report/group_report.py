"""The report of `group`: the campaigns in the queue, the strings they share, and the command to purge each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.contract import counted_json, dated, senders_json, share
from breachkit.report.inputs import head_json, render_inputs
from breachkit.report.page import Page
from breachkit.report.words import count, moment, percent, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from breachkit.detect.campaigns.campaign import Campaign, Campaigns, NamedCount
    from breachkit.detect.campaigns.plain_groups import PlainGroups
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json

SHOWN_NAMES = 3
SHOWN_STRINGS = 4

WHY = {
    "cleared": "the logs show its accounts, and accuse none of them",
    "list-mail": "a mailing list, or its lawful sender, by its own word",
    "unauthenticated": "nobody logged in for it, and no address that it came from is accused",
    "only-weak-string": "all that its messages share belongs to many owners: a purge by it would take other mail too",
}
NOT_JUDGED = "Nobody was judged: no log shows who logged in. Only the messages themselves say what is lawful."
BY_WORDS = {
    "from": "declared From",
    "subject": "subject, numbers left out",
    "url": "host of a link",
}


def group_json(found: Campaigns, inputs: Inputs, top: int | None) -> Json:
    """Write the object of the contract."""
    return {
        **head_json(inputs, "group"),
        "by": "content",
        "judged": found.judged,
        "campaigns": [_campaign_json(campaign, inputs.zone) for campaign in found.campaigns[:top]],
        "campaigns_found": len(found.campaigns),
        "ungrouped": found.ungrouped,
    }


def _campaign_json(campaign: Campaign, zone: tzinfo) -> Json:
    return {
        "id": campaign.id,
        "messages": campaign.messages,
        "quarantined_messages": campaign.quarantined_messages,
        "share": share(campaign.share),
        "bulk": campaign.bulk,
        "no_purge_why": campaign.no_purge_why,
        "strings": campaign.strings,
        "auth_users": counted_json("auth_user", campaign.auth_users),
        "mail_froms": senders_json(campaign.mail_froms, campaign.messages),
        "mail_froms_distinct": len(campaign.mail_froms),
        "subjects": campaign.subjects,
        "client_ips_distinct": campaign.client_ips,
        "purge_string": campaign.purge_string,
        "first_seen": stamp(campaign.first_seen, zone),
        "last_seen": stamp(campaign.last_seen, zone),
    }


def groups_json(found: PlainGroups, inputs: Inputs, top: int | None) -> Json:
    """Write the object for a plain grouping: no campaigns, since nothing says that such a group is one."""
    return {
        **head_json(inputs, "group"),
        "by": found.by,
        "campaigns": [],
        "groups": [
            {
                **dated(row, inputs.zone),
                "share": share(row.share),
                "auth_users": counted_json("auth_user", row.auth_users),
                "mail_froms": senders_json(row.mail_froms, row.messages),
            }
            for row in found.groups[:top]
        ],
        "ungrouped": found.ungrouped,
    }


def render_group(
    found: Campaigns, inputs: Inputs, commands: Mapping[str, str], contain: Sequence[str], top: int | None
) -> str:
    """Write the report for a terminal.

    Args:
        found: the campaigns; they are numbered as they stand there.
        inputs: what was read.
        commands: the purge of each that may be purged, by its id.
        contain: what comes before any purge; empty where nobody is accused.
        top: how many campaigns to show; None for all.
    """
    page = Page()
    shown = found.campaigns[:top]
    if not found.campaigns:
        page.say("No campaign: no string is shared by messages that look like one spam run.", style="bold green")
    else:
        _render_summary(page, found)
    if not found.judged:
        page.say(NOT_JUDGED, style="yellow")
    kept = [(number, one) for number, one in enumerate(shown, 1) if one.no_purge_why is not None]
    for number, campaign in enumerate(shown, 1):
        if campaign.no_purge_why is None:
            _render_campaign(page, number, campaign, inputs.zone)
    if kept:
        page.heading("Not to be purged by a string")
    for number, campaign in kept:
        _render_kept(page, number, campaign)
    if len(found.campaigns) > len(shown):
        page.say(f"{count(len(found.campaigns) - len(shown), 'more group')} without --top", indent=2)
    render_inputs(page, inputs)
    purges = [commands[one.id] for one in shown if one.id in commands]
    if contain:
        page.commands([*contain, *purges])
    else:
        page.commands(purges, title="Next: change the password of the account first, then")
    return page.text()


def _render_summary(page: Page, found: Campaigns) -> None:
    spam = [campaign for campaign in found.campaigns if campaign.is_spam]
    held = sum(campaign.messages for campaign in spam)
    total = found.ungrouped + sum(campaign.messages for campaign in found.campaigns)
    style = "bold red" if spam else "bold green"
    ofall = percent(held / total) if total else "0 %"
    page.say(f"{count(len(spam), 'campaign')}: {held:,} of {count(total, 'message')} ({ofall})", style=style)
    page.say(f"{found.ungrouped:,} in no group", indent=2)


def _render_campaign(page: Page, number: int, campaign: Campaign, zone: tzinfo) -> None:
    page.heading(f"{number}. {count(campaign.messages, 'message')}, {percent(campaign.share)} of the queue")
    if campaign.quarantined_messages:
        page.say(f"in quarantine {campaign.quarantined_messages:,} more", indent=3)
    page.say(f"id            {campaign.id}", indent=3)
    page.say(f"purge string  {campaign.purge_string}", style="bold", indent=3)
    page.say(f"account       {_names(campaign.auth_users, 'none: no authentication')}", indent=3)
    page.say(f"declared From {_names(campaign.mail_froms, 'unknown')}", indent=3)
    for at, subject in enumerate(campaign.subjects):
        page.say(f"{'subjects      ' if not at else '              '}{subject}", indent=3)
    page.say(f"seen          {moment(campaign.first_seen, zone)} to", indent=3)
    page.say(f"              {moment(campaign.last_seen, zone)}", indent=3)
    others = [row for row in campaign.strings if row.text != campaign.purge_string][:SHOWN_STRINGS]
    if others:
        page.say("also shared", indent=3)
        rows = [(row.text, f"{row.messages:,}", f"{row.elsewhere:,}") for row in others]
        page.table(["string", "here", "elsewhere"], rows, indent=5)


def _names(rows: Sequence[NamedCount], unknown: str) -> str:
    named = ", ".join(f"{row.name or unknown} ({row.messages:,})" for row in rows[:SHOWN_NAMES])
    return named + (f" and {len(rows) - SHOWN_NAMES:,} others" if len(rows) > SHOWN_NAMES else "")


def _render_kept(page: Page, number: int, campaign: Campaign) -> None:
    title = campaign.subjects[0] if campaign.subjects else campaign.purge_string
    page.say(f"{number}. {count(campaign.messages, 'message')}: {title}", indent=2)
    page.say(f"id      {campaign.id}", indent=5)
    page.say(f"account {_names(campaign.auth_users, 'none: no authentication')}", indent=5)
    page.say(f"from    {_names(campaign.mail_froms, 'unknown')}", indent=5)
    page.say(f"why     {WHY[campaign.no_purge_why or '']}", indent=5)
    if campaign.no_purge_why == "only-weak-string":
        page.say(f"shared  {campaign.purge_string}", indent=5)
        page.say("Purge such mail by --account, and by a STRING of your own beside it.", indent=5)


def render_groups(found: PlainGroups, inputs: Inputs, top: int | None) -> str:
    """Write a plain grouping for a terminal."""
    page = Page()
    page.say(f"{count(len(found.groups), 'group')} by {BY_WORDS.get(found.by, inputs.account_title)}", style="bold")
    rows = [
        (
            row.name or "(none)",
            f"{row.messages:,}",
            percent(row.share),
            _names(row.auth_users[:1], "none") if len(row.auth_users) == 1 else f"{len(row.auth_users):,} accounts",
            moment(row.first_seen, inputs.zone)[4:20],
            moment(row.last_seen, inputs.zone)[4:20],
        )
        for row in found.groups[:top]
    ]
    page.table(["group", "messages", "share", "account", "first", "last"], rows)
    if top is not None and len(found.groups) > top:
        page.say(f"{count(len(found.groups) - top, 'more group')} without --top", indent=2)
    if found.ungrouped:
        page.say(f"{found.ungrouped:,} in no group", indent=2)
    render_inputs(page, inputs)
    return page.text()
