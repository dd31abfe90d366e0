"""Arguments → one call → a report; one file for each command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from breachkit import __version__
from breachkit.cli.contain import contain
from breachkit.cli.find_account import find_account
from breachkit.cli.group import group
from breachkit.cli.harden import harden
from breachkit.cli.investigate import investigate
from breachkit.cli.output import prepare_streams
from breachkit.cli.purge import purge
from breachkit.cli.quarantine import quarantine
from breachkit.cli.restore import restore
from breachkit.cli.scan import scan
from breachkit.cli.trace import trace
from breachkit.cli.weak_passwords import weak_passwords
from breachkit.errors import BreachkitError

INTERRUPTED = 130
"""What typer makes of Ctrl-C."""

app = typer.Typer(
    name="breachkit",
    help="From an exploding mail queue to the compromised account, with the evidence kept.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich costs 65 ms a start, and its markup is a hole for evidence
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,  # locals hold passwords
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"breachkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """From an exploding mail queue to the compromised account, with the evidence kept."""


app.command("investigate")(investigate)
app.command("scan")(scan)
app.command("group")(group)
app.command("find-account")(find_account)
app.command("trace")(trace)
app.command("weak-passwords")(weak_passwords)
app.command("harden")(harden)
app.command("contain")(contain)
app.command("purge")(purge)
app.command("restore")(restore)
app.add_typer(quarantine, name="quarantine")


def run() -> int:
    """Run the command line and return its exit code; a sentence that ends a run is printed here, once."""
    prepare_streams()
    try:
        app(prog_name="breachkit")
    except BreachkitError as error:
        from breachkit.report.sanitize import clean

        sys.stderr.write(f"breachkit: {clean(str(error))}\n")
        return error.exit_code
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stderr.write("breachkit: stopped by Ctrl-C; nothing was written\n")
            return 1
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
