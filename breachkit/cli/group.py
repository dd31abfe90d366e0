"""`breachkit group`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from breachkit.cli import options, output

if TYPE_CHECKING:
    from breachkit.detect.campaigns.grouping import Grouped
    from breachkit.evidence import gather
    from breachkit.evidence.where import Where

By = Annotated[
    Literal["content", "local-sender", "from", "subject", "url"], typer.Option("--by", help="What a group shares.")
]
Least = Annotated[
    int | None,
    typer.Option("--min-messages", min=2, metavar="N", help="The smallest group (default: 5, or 0.1 % of the queue)."),
]
Top = Annotated[int | None, typer.Option("--top", min=1, metavar="N", help="Show only the N biggest groups.")]


@options.grouped(asked=options.evidence(), product=options.FINDINGS)
def group(
    *,
    asked: options.Asked,
    product: options.Output,
    by: By = "content",
    min_messages: Least = None,
    top: Top = None,
) -> None:
    """Group the queue into spam campaigns, and name the string to purge each one by.

    Example: breachkit group --root /srv/copy-of-icewarp
    """
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence
    from breachkit.report.contract import dump
    from breachkit.report.group_report import group_json, render_group

    where, books = find_evidence(asked), gather.Books()
    output.check(product.output_file, where)
    if by != "content":
        return _group_plainly(where, books, product, by, min_messages, top)
    from breachkit.detect.campaigns.grouping import group_queue  # numpy, and a plain grouping needs none

    found = group_queue(where, books, min_messages)
    campaigns, inputs = found.campaigns, gather.inputs_of(where, books, found.facts)
    if product.is_json:
        text = dump(group_json(campaigns, inputs, top))
    else:
        text = render_group(campaigns, inputs, _purges(where, found, min_messages), _contain(where, found), top)
    return output.end(text, product, books, findings=any(one.is_spam for one in campaigns.campaigns))


def _group_plainly(
    where: Where, books: gather.Books, product: options.Output, by: By, least: int | None, top: int | None
) -> None:
    """Group by one plain property."""
    from breachkit.detect.campaigns.plain_groups import find_groups
    from breachkit.evidence import gather
    from breachkit.evidence.again import MessageReader
    from breachkit.report.contract import dump
    from breachkit.report.group_report import groups_json, render_groups

    queued = [message for message in gather.read_queued(where, books) if not message.quarantined]
    groups = find_groups(queued, by, MessageReader(where, books), least or 1)
    # no log was looked for, so none is missing
    inputs = replace(gather.inputs_of(where, books, None), log_level="not read")
    text = dump(groups_json(groups, inputs, top)) if product.is_json else render_groups(groups, inputs, top)
    # a plain group is no finding
    output.end(text, product, books)


def _purges(where: Where, found: Grouped, least: int | None) -> dict[str, str]:
    """Spell the purge of each campaign that may be purged, by its id."""
    from breachkit.shells import is_safe

    commands = {}
    for one in found.campaigns.campaigns:
        if one.no_purge_why is None:
            # a string that a shell might read is purged by the id, which has to be found again
            again = ["--min-messages", str(least)] if least is not None and not is_safe(one.purge_string) else []
            commands[one.id] = where.purge(one.id, one.purge_string, *again)
    return commands


def _contain(where: Where, found: Grouped) -> list[str]:
    """Spell what contains the accused before anything is purged; nothing where nobody is accused."""
    accused = found.accusation
    if accused is None or not (accused.accused or accused.accused_relays):
        return []
    return [where.command("contain", *accused.accused_names())]
