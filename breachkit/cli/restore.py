"""`breachkit restore`."""

from __future__ import annotations

from typing import Annotated

import typer

from breachkit.cli import options, output
from breachkit.cli.casebook import BOOK

RunName = Annotated[str | None, typer.Argument(metavar="RUN", help="The run; else the only one that holds messages.")]
AllRuns = Annotated[bool, typer.Option("--all", help="Every run that holds messages.")]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="STRING", help="Only messages that hold this text (repeatable).")
]


def restore(
    run: RunName = None,
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    timezone: options.Timezone = None,
    server: options.Server = None,
    all_runs: AllRuns = False,
    only: Only = None,
    raw_only: options.RawOnly = False,
    regex: options.Regex = False,
    ignore_case: options.IgnoreCase = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    quarantine: options.Quarantine = None,
    case: options.Case = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
) -> None:
    """Put quarantined messages back where they were: the server will send them.

    Example: breachkit restore 20261120-101500-3fa2
    """
    from breachkit.cli.aside import make_yard
    from breachkit.cli.casebook import recorded
    from breachkit.cli.restoring import Manner, choose_runs, run_restore
    from breachkit.errors import ClashingOptionsError
    from breachkit.evidence.where import Asked, find_evidence
    from breachkit.purge.needles import Texts
    from breachkit.purge.search import Search

    if run is not None and all_runs:
        raise ClashingOptionsError("RUN", "--all")
    search = None if only is None else Search(Texts(tuple(only), regex, ignore_case, raw_only=raw_only))
    with recorded(case) as outcome:
        where = find_evidence(Asked(root, queue, timezone=timezone, server=server))
        output.check(output_file, where, quarantine, case and case / BOOK)
        yard = make_yard(where, quarantine, with_outside=False)
        runs = choose_runs(yard, run, all_runs=all_runs)
        run_restore(yard, runs, search, Manner(dry_run, yes, output_format, output_file), outcome)
