"""`breachkit quarantine`: list, show, verify and drop what purges have moved away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachkit.cli import Command, make_app, options, output

if TYPE_CHECKING:
    from pathlib import Path

    from breachkit.purge.reach import Reach
    from breachkit.report.contract import Json

quarantine = make_app(
    add_completion=False,
    help="List, show, verify or drop what purges have moved away.\n\nExample: breachkit quarantine list",
    no_args_is_help=True,
)

RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run.")]
RunNames = Annotated[list[str] | None, typer.Argument(metavar="RUN…", help="The runs (default: all).")]


@quarantine.command("list", cls=Command)
@options.grouped(asked=options.QUEUES, product=options.PRODUCT)
def list_runs(*, asked: options.Asked, product: options.Output, place: options.Quarantine = None) -> None:
    """List the runs: when, by what, and how many messages each still holds.

    Example: breachkit quarantine list --root /srv/icewarp
    """
    from breachkit.report.quarantine_report import list_json, render_list

    reach = _reach(asked, place, product)
    stock = reach.stocks()
    _tell(reach, product, "list", list_json(stock), render_list(stock))


@quarantine.command("show", cls=Command)
@options.grouped(asked=options.QUEUES, product=options.PRODUCT)
def show_run(run: RunName, *, asked: options.Asked, product: options.Output, place: options.Quarantine = None) -> None:
    """Show the messages of a run: where each came from, its SHA-256 and what became of it.

    Example: breachkit quarantine show 20261120-101500-3fa2
    """
    from breachkit.report.quarantine_report import render_show, show_json

    reach = _reach(asked, place, product)
    stock = reach.stocks(reach.queues.run(run))
    _tell(reach, product, "show", show_json(stock), render_show(stock))


@quarantine.command("verify", cls=Command)
@options.grouped(asked=options.QUEUES, product=options.PRODUCT)
def verify_runs(
    runs: RunNames = None, *, asked: options.Asked, product: options.Output, place: options.Quarantine = None
) -> None:
    """Check the chain of each journal and the SHA-256 of each message that is held.

    Example: breachkit quarantine verify 20261120-101500-3fa2
    """
    from breachkit.evidence import gather
    from breachkit.purge.stock import find_changed
    from breachkit.report.quarantine_report import render_verify, verify_json

    reach = _reach(asked, place, product)
    chosen = [one for name in runs for one in reach.queues.run(name)] if runs else reach.queues.runs()
    checked = [(stock, find_changed(reach.queues.disk, stock)) for stock in reach.stocks(chosen)]
    _tell(reach, product, "verify", verify_json(checked), render_verify(checked))
    is_wrong = any(changed or stock.count("gone") for stock, changed in checked)
    output.finish(gather.Books(), is_incomplete=is_wrong)


@quarantine.command("drop", cls=Command)
@options.grouped(asked=options.QUEUES, product=options.PRODUCT)
def drop(
    run: RunName,
    *,
    asked: options.Asked,
    product: options.Output,
    place: options.Quarantine = None,
    yes: options.Yes = False,
) -> None:
    """Delete for good what a run holds; its journal stays, with the SHA-256 of every message.

    Example: breachkit quarantine drop 20261120-101500-3fa2
    """
    from breachkit.cli import asking
    from breachkit.purge.deletion import drop_run
    from breachkit.report.quarantine_report import drop_json, render_drop
    from breachkit.report.words import count, name_journal

    reach = _reach(asked, place, product)
    runs = reach.queues.run(run)
    number = sum(stock.count("held") for stock in reach.stocks(runs))
    if number and not yes:
        asking.ask_for(run, f"Type {run} to DELETE {count(number, 'message')} for good", "deleted")
    done = [drop_run(reach.queues.disk, one) for one in runs]
    for one in done:
        output.note(f"{count(one.dropped, 'message')} deleted; {name_journal(one.run, one.journal, one.sha256)}")
    _tell(reach, product, "drop", drop_json(done), render_drop(done))


def _reach(asked: options.Asked, place: Path | None, product: options.Output) -> Reach:
    from breachkit.evidence.where import find_evidence
    from breachkit.purge.reach import reach_of

    where = find_evidence(asked)
    output.check(product.output_file, where, place)
    return reach_of(where, place, with_outside=False)


def _tell(reach: Reach, product: options.Output, name: str, keys: Json, text: str) -> None:
    from breachkit.evidence import gather
    from breachkit.report.contract import dump
    from breachkit.report.inputs import head_json

    if product.is_json:
        inputs = gather.inputs_of(reach.where, gather.Books(), None)
        text = dump({**head_json(inputs, f"quarantine-{name}"), **keys})
    output.write(text, product.output_file)
