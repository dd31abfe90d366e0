"""`breachkit group`."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from breachkit.cli import options, output
from breachkit.cli.accusing import accused_names, judge_accounts
from breachkit.errors import NoQueueError
from breachkit.evidence import gather
from breachkit.evidence.again import Reader
from breachkit.evidence.where import find_evidence
from breachkit.progress import bar
from breachkit.shells import is_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breachkit.detect.accounts.verdict import Accusation
    from breachkit.detect.campaigns.campaign import Campaigns, Judged
    from breachkit.detect.campaigns.plain_groups import PlainGroups
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Message


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
    from breachkit.report.contract import dump
    from breachkit.report.group import group_json, groups_json, render_group, render_groups

    where = find_evidence(asked)
    output.check(product.output_file, where)
    books = gather.Books()
    findings = False
    if by is options.By.CONTENT:
        found = group_queue(where, books, min_messages)
        inputs = gather.inputs_of(where, books, found.facts)
        findings = any(one.is_spam for one in found.campaigns.campaigns)
        if product.is_json:
            text = dump(group_json(found.campaigns, inputs, top))
        else:
            text = render_group(found.campaigns, inputs, *_following(where, found, min_messages), top)
    else:
        groups = _groups(_queued(where, books), by, Reader(where, books), min_messages)
        # no log was looked for, so none is missing
        inputs = replace(gather.inputs_of(where, books, None), log_level="not read")
        text = dump(groups_json(groups, inputs, top)) if product.is_json else render_groups(groups, inputs, top)
    output.write(text, product.output_file)
    output.finish(books, findings=product.fail_on_findings and findings)


class Grouped(NamedTuple):
    """The campaigns of a queue, and what they rest on."""

    campaigns: Campaigns
    messages: list[Message]
    """What the members of campaigns point to."""
    accusation: Accusation | None
    """None where there are no logs."""
    facts: LogFacts | None


def group_queue(where: Where, books: gather.Books, least: int | None = None) -> Grouped:
    """Find the campaigns; where there are logs, what they say of the accounts counts too. Raises NoQueueError."""
    from breachkit.detect.campaigns.grouping import find_campaigns

    messages = _queued(where, books)
    found, facts, judged = None, None, None
    if gather.smtp_logs(where):
        found, facts = judge_accounts(where, books, messages)
        judged = judged_by_logs(found, facts)
    else:
        for skipped in where.skipped:  # else said with the logs that were read
            books.skip(skipped)
    reader = Reader(where, books)
    with bar(sys.stderr, "grouping", None, " messages") as progress:
        campaigns = find_campaigns(messages, reader, progress=progress, least=least, judged=judged)
    return Grouped(campaigns, messages, found, facts)


def _queued(where: Where, books: gather.Books) -> list[Message]:
    """Read the messages, quarantined ones too. Raises NoQueueError."""
    if not where.layout.queues:
        raise NoQueueError(where.layout.root or ".", where.looked_for)
    return gather.read_messages(where, books, quarantined=True)


def judged_by_logs(found: Accusation, facts: LogFacts) -> Judged | None:
    """Say whom the logs acquit and whom they accuse; None where AUTH is not to be seen."""
    from breachkit.detect.campaigns.campaign import Judged

    if not facts.level.startswith("debug"):
        return None
    bare = Counter(one.account.partition("@")[0] for one in found.accounts)

    def spelled(accounts: Iterable[str]) -> frozenset[str]:
        """List what the queue may call accounts: themselves, and the bare name where no other account has it."""
        names = {name for name in (account.partition("@")[0] for account in accounts) if bare[name] == 1}
        return frozenset({*accounts, *names})

    return Judged(
        spelled([one.account for one in found.accounts if one.verdict == "clear" and one.auth_successes]),
        spelled(accused_names(found)),
        frozenset(one.client_ip for one in found.accused_relays),
        came_from(facts),
    )


def came_from(facts: LogFacts) -> dict[str | None, str | None]:
    """Tell from the logs from which address each message was handed in, by its id."""
    sends = facts.sends
    return {sends.queue_id(row): sends.name("client_ip", row) for row in range(len(sends))}


def _groups(messages: Sequence[Message], by: options.By, reader: Reader, least: int | None) -> PlainGroups:
    """Group by one plain property."""
    from breachkit.detect.campaigns.plain_groups import find_groups

    return find_groups([message for message in messages if not message.quarantined], by.value, reader, least or 1)


def _following(where: Where, found: Grouped, least: int | None) -> tuple[dict[str, str], list[str]]:
    """Spell the purge of each campaign that may be purged, by its id, and what contains the accused before any."""
    commands = {}
    for one in found.campaigns.campaigns:
        if one.no_purge_why is None:
            # a string that a shell might read is purged by the id, which has to be found again
            again = ["--min-messages", str(least)] if least is not None and not is_safe(one.purge_string) else []
            commands[one.id] = where.purge(one.id, one.purge_string, *again)
    held = found.accusation
    is_held = held is not None and bool(held.accused or held.accused_relays)
    return commands, [where.command("contain", *accused_names(held))] if held is not None and is_held else []
