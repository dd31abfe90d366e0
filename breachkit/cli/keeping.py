"""The steps of `quarantine`: list, show, verify and drop."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import asking, options, output
from breachkit.errors import PathUnreadableError
from breachkit.evidence import gather
from breachkit.purge.quarantine import find_changed, take_stock
from breachkit.purge.restore import drop_run
from breachkit.report import quarantine as report
from breachkit.report.contract import dump
from breachkit.report.words import count, name_journal

if TYPE_CHECKING:
    from breachkit.cli.aside import Yard
    from breachkit.purge.quarantine import Run, Stock
    from breachkit.report.contract import Json


class Told(NamedTuple):
    """Where the product goes, and in which form."""

    output_format: options.Format
    output_file: Path | None

    def tell(self, yard: Yard, schema: str, keys: Json, text: str) -> None:
        """Write the product."""
        if self.output_format is options.Format.JSON:
            inputs = gather.inputs_of(yard.where, gather.Books(), None)
            text = dump({**inputs.head_json(schema), **keys})
        output.write(text, self.output_file)


def _stock(yard: Yard, runs: list[Run]) -> list[Stock]:
    try:
        return [take_stock(yard.disk, run) for run in runs]
    except OSError as error:
        raise PathUnreadableError(error.filename or ".", error.strerror or "unknown reason") from None


def tell_list(yard: Yard, told: Told) -> None:
    """List the runs."""
    stock = _stock(yard, yard.runs())
    told.tell(yard, "quarantine-list", report.list_json(stock), report.render_list(stock))


def tell_show(yard: Yard, name: str, told: Told) -> None:
    """Show one run. Raises NoSuchRunError."""
    stock = _stock(yard, yard.run(name))
    told.tell(yard, "quarantine-show", report.show_json(stock), report.render_show(stock))


def tell_verify(yard: Yard, names: list[str], told: Told) -> None:
    """Verify runs; incomplete when a message is gone or changed. Raises NoSuchRunError, JournalBrokenError."""
    runs = [run for name in names for run in yard.run(name)] if names else yard.runs()
    checked = [(custody, find_changed(yard.disk, custody)) for custody in _stock(yard, runs)]
    told.tell(yard, "quarantine-verify", report.verify_json(checked), report.render_verify(checked))
    is_wrong = any(changed or custody.count("gone") for custody, changed in checked)
    output.finish(gather.Books(), findings=False, is_incomplete=is_wrong)


def tell_drop(yard: Yard, name: str, told: Told, *, yes: bool) -> None:
    """Delete what a run holds, once its name was typed. Raises NoSuchRunError, NobodyToAskError, DeclinedError."""
    runs = yard.run(name)
    number = sum(custody.count("held") for custody in _stock(yard, runs))
    if number and not yes:
        asking.ask_for(name, f"Type {name} to DELETE {count(number, 'message')} for good", "deleted")
    done = [drop_run(yard.disk, run) for run in runs]
    for one in done:
        output.note(f"{count(one.dropped, 'message')} deleted; {name_journal(one.run, one.journal, one.sha256)}")
    told.tell(yard, "quarantine-drop", report.drop_json(done), report.render_drop(done))
