"""`breachkit show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachkit.cli import options, output

if TYPE_CHECKING:
    from breachkit.detect.shown import ShownMessage
    from breachkit.evidence.where import Where

Wanted = Annotated[
    str,
    typer.Argument(metavar="FILE|ID", help="A file of the queue, or the name of one, or the id of a message."),
]
WithCampaign = Annotated[
    bool, typer.Option("--campaign", help="Group the queue, and say which campaign it belongs to (takes as long).")
]


@options.grouped(asked=options.evidence("since", "until"), product=options.PRODUCT)
def show(
    wanted: Wanted,
    *,
    asked: options.Asked,
    product: options.Output,
    campaign: WithCampaign = False,
) -> None:
    """Show one message of the queue as its reader sees it, who sent it, and its session; harmless on a terminal.

    Example: breachkit show YAR93710 --root /srv/copy-of-icewarp
    """
    from breachkit.detect.shown import read_shown
    from breachkit.evidence import gather
    from breachkit.evidence.messages import file_of
    from breachkit.evidence.where import find_evidence
    from breachkit.report.contract import dump
    from breachkit.report.show_report import render_show, show_json

    where, books = find_evidence(asked, is_optional=True), gather.Books()
    output.check(product.output_file, where, file_of(where, wanted))
    shown, facts = read_shown(where, wanted, books, with_campaign=campaign)
    inputs = gather.inputs_of(where, books, facts)
    text = dump(show_json(shown, inputs)) if product.is_json else render_show(shown, inputs, _following(where, shown))
    output.end(text, product, books)


def _following(where: Where, shown: ShownMessage) -> list[str]:
    """Spell what to run next: the sessions of its account, and all like it."""
    if not shown.is_evidence:
        return []
    message = shown.message
    traced = [where.command("trace", message.queue_id)] if shown.session is not None and message.queue_id else []
    return [*traced, where.command("group")]
