"""`breachkit quarantine`: list, show, verify and drop what purges have moved away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachkit.cli import options, output
from breachkit.cli.commands import make_app

if TYPE_CHECKING:
    from breachkit.cli.aside import Yard

quarantine = make_app(
    add_completion=False,
    help="List, show, verify or drop what purges have moved away.\n\nExample: breachkit quarantine list",
    no_args_is_help=True,
)

RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run.")]
RunNames = Annotated[list[str] | None, typer.Argument(metavar="RUN…", help="The runs (default: all).")]


@quarantine.command("list")
def list_runs(
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    timezone: options.Timezone = None,
    server: options.Server = None,
    place: options.Quarantine = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
) -> None:
    """List the runs: when, by what, and how many messages each still holds.

    Example: breachkit quarantine list --root /srv/icewarp
    """
    from breachkit.cli.keeping import Told, tell_list

    tell_list(_yard(root, queue, timezone, server, place, output_file), Told(output_format, output_file))


@quarantine.command("show")
def show_run(
    run: RunName,
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    timezone: options.Timezone = None,
    server: options.Server = None,
    place: options.Quarantine = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
) -> None:
    """Show the messages of a run: where each came from, its SHA-256 and what became of it.

    Example: breachkit quarantine show 20261120-101500-3fa2
    """
    from breachkit.cli.keeping import Told, tell_show

    tell_show(_yard(root, queue, timezone, server, place, output_file), run, Told(output_format, output_file))


@quarantine.command("verify")
def verify_runs(
    runs: RunNames = None,
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    timezone: options.Timezone = None,
    server: options.Server = None,
    place: options.Quarantine = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
) -> None:
    """Check the chain of each journal and the SHA-256 of each message that is held.

    Example: breachkit quarantine verify 20261120-101500-3fa2
    """
    from breachkit.cli.keeping import Told, tell_verify

    tell_verify(_yard(root, queue, timezone, server, place, output_file), runs or [], Told(output_format, output_file))


@quarantine.command("drop")
def drop(
    run: RunName,
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    timezone: options.Timezone = None,
    server: options.Server = None,
    place: options.Quarantine = None,
    yes: options.Yes = False,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
) -> None:
    """Delete for good what a run holds; its journal stays, with the SHA-256 of every message.

    Example: breachkit quarantine drop 20261120-101500-3fa2
    """
    from breachkit.cli.keeping import Told, tell_drop

    tell_drop(_yard(root, queue, timezone, server, place, output_file), run, Told(output_format, output_file), yes=yes)


def _yard(
    root: options.Root,
    queue: options.Queue,
    timezone: options.Timezone,
    server: options.Server,
    place: options.Quarantine,
    output_file: options.OutputFile,
) -> Yard:
    from breachkit.cli.aside import make_yard
    from breachkit.evidence.where import Asked, find_evidence

    where = find_evidence(Asked(root, queue, timezone=timezone, server=server))
    output.check(output_file, where, place)
    return make_yard(where, place, with_outside=False)
