"""`breachkit group`."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from breachkit.cli import options, output
from breachkit.cli.accusing import accused_names
from breachkit.errors import NoQueueError
from breachkit.evidence import gather
from breachkit.evidence.again import Reader
from breachkit.evidence.where import find_evidence
from breachkit.progress import bar
from breachkit.shells import is_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breachkit.detect.campaigns.campaign import Campaign, Campaigns
    from breachkit.detect.campaigns.lawful import Judged
    from breachkit.detect.campaigns.plain_groups import PlainGroups
    from breachkit.detect.compromise import Accusation
    from breachkit.evidence.where import Where
    from breachkit.records import Message
    from breachkit.report.inputs import Inputs


@options.grouped(asked=options.evidence(), product=options.FINDINGS)
def group(
    *,
    asked: options.Asked,
    product: options.Product,
    by: Annotated[options.By, typer.Option("--by", help="What a group shares.")] = options.By.CONTENT,
    min_messages: Annotated[
        int | None,
        typer.Option(
            "--min-messages", min=2, metavar="N", help="The smallest group (default: 5, or 0.1 % of the queue)."
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, metavar="N", help="Show only the N biggest groups.")
    ] = None,
) -> None:
    """Group the queue into spam campaigns, and name the string to purge each one by.

    Example: breachkit group --root /srv/copy-of-icewarp
    """
    where = find_evidence(asked)
    output.check(product.output_file, where)
    books = gather.Books()
    if by is options.By.CONTENT:
        found = group_queue(where, books, min_messages)
        inputs = gather.inputs_of(where, books, found.facts)
        output.write(_told(where, found, inputs, (top, min_messages), is_json=product.is_json), product.output_file)
        findings = any(one.no_purge_why in {None, "only-weak-string"} for one in found.campaigns.campaigns)
    else:
        groups, inputs = _groups(where, books, _queued(where, books), by, min_messages)
        output.write(_listed(groups, inputs, top, is_json=product.is_json), product.output_file)
        findings = False
    output.finish(books, findings=product.fail_on_findings and findings)


class Grouped(NamedTuple):
    """The campaigns of a queue, and what they rest on."""

    campaigns: Campaigns
    messages: list[Message]
    """What the members of campaigns point to."""
    accusation: Accusation | None
    """None where there are no logs."""
    facts: gather.SmtpFacts | None


def group_queue(where: Where, books: gather.Books, least: int | None = None) -> Grouped:
    """Find the campaigns; where there are logs, what they say of the accounts counts too. Raises NoQueueError."""
    from breachkit.detect.campaigns.grouping import find_campaigns

    messages = _queued(where, books)
    found, facts = None, None
    if gather.smtp_logs(where):
        from breachkit.cli.accusing import judge_accounts

        found, facts = judge_accounts(where, books, messages)
    else:
        for skipped in where.skipped:  # else said with the logs that were read
            books.skip(skipped)
    judged = told_apart(found, facts) if found is not None and facts is not None else None
    reader = Reader(where, books)
    with bar(sys.stderr, "grouping", None, " messages") as progress:
        campaigns = find_campaigns(messages, reader, progress=progress, least=least, judged=judged)
    return Grouped(campaigns, messages, found, facts)


def _queued(where: Where, books: gather.Books) -> list[Message]:
    """Read the messages, quarantined ones too. Raises NoQueueError."""
    if not where.layout.queues:
        raise NoQueueError(where.layout.root or ".", where.looked_for)
    return gather.read_messages(where, books, quarantined=True)


def told_apart(found: Accusation, facts: gather.SmtpFacts) -> Judged | None:
    """Say whom the logs acquit and whom they accuse; None where AUTH is not to be seen."""
    from breachkit.detect.campaigns.lawful import Judged

    if not facts.level.startswith("debug"):
        return None
    clear = [one.account for one in found.accounts if one.verdict == "clear" and one.auth_successes]
    spelled = _spellings(one.account for one in found.accounts)
    return Judged(
        frozenset(name for account in clear for name in spelled[account]),
        frozenset(name for account in accused_names(found) for name in spelled[account]),
        frozenset(one.client_ip for one in found.accused_relays),
        came_from(facts),
    )


def came_from(facts: gather.SmtpFacts) -> dict[str | None, str | None]:
    """Tell from the logs from which address each message was handed in, by its id."""
    sends = facts.sends
    return {sends.queue_id(row): sends.name("client_ip", row) for row in range(len(sends))}


def _spellings(accounts: Iterable[str]) -> dict[str, list[str]]:
    """List what the queue may call each account: itself, and its bare name where no other account has it."""
    names = [(account, account.partition("@")[0]) for account in accounts]
    counts = Counter(bare for _, bare in names)
    return {account: [account] if counts[bare] > 1 else [account, bare] for account, bare in names}


def _groups(
    where: Where, books: gather.Books, messages: Sequence[Message], by: options.By, least: int | None
) -> tuple[PlainGroups, Inputs]:
    """Group by one plain property."""
    from breachkit.detect.campaigns.plain_groups import find_groups

    queued = [message for message in messages if not message.quarantined]
    groups = find_groups(queued, by.value, Reader(where, books), least or 1)
    # no log was looked for, so none is missing
    return groups, replace(gather.inputs_of(where, books, None), log_level="not read")


def _told(where: Where, found: Grouped, inputs: Inputs, asked: tuple[int | None, int | None], *, is_json: bool) -> str:
    """Write the product; `asked` are --top and --min-messages."""
    from breachkit.report.contract import dump
    from breachkit.report.group import group_json, render_group

    top, least = asked
    if is_json:
        return dump(group_json(found.campaigns, inputs, top))
    rows = found.campaigns.campaigns
    commands = {one.id: _purge_by(where, one, least) for one in rows if one.no_purge_why is None}
    held = found.accusation
    is_held = held is not None and bool(held.accused or held.accused_relays)
    contain = [where.command("contain", *accused_names(held))] if held is not None and is_held else []
    return render_group(found.campaigns, inputs, commands, contain, top)


def _purge_by(where: Where, campaign: Campaign, least: int | None) -> str:
    by_id = not is_safe(campaign.purge_string) and least is not None
    again = ["--min-messages", str(least)] if by_id else []
    return where.purge(campaign.id, campaign.purge_string, *again)


def _listed(groups: PlainGroups, inputs: Inputs, top: int | None, *, is_json: bool) -> str:
    from breachkit.report.contract import dump
    from breachkit.report.group import groups_json, render_groups

    return dump(groups_json(groups, inputs, top)) if is_json else render_groups(groups, inputs, top)
