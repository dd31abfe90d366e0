"""`breachkit restore`: choose the runs, show, ask, put back, tell."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from breachkit.cli import options, output
from breachkit.cli.output import BOOK

if TYPE_CHECKING:
    from breachkit.purge.needles import SoughtTexts
    from breachkit.purge.reach import Reach
    from breachkit.purge.restoration import Restored, RestoreRun
    from breachkit.purge.store import Run
    from breachkit.report.contract import Json

RunName = Annotated[str | None, typer.Argument(metavar="RUN", help="The run; else the only one that holds messages.")]
AllRuns = Annotated[bool, typer.Option("--all", help="Every run that holds messages.")]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="STRING", help="Only messages that hold this text (repeatable).")
]


@options.grouped(asked=options.QUEUES, product=options.PRODUCT)
def restore(
    run: RunName = None,
    *,
    asked: options.Asked,
    product: options.Output,
    all_runs: AllRuns = False,
    only: Only = None,
    raw_only: options.RawOnly = False,
    regex: options.Regex = False,
    ignore_case: options.IgnoreCase = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    quarantine: options.Quarantine = None,
    case: options.Case = None,
) -> None:
    """Put quarantined messages back where they were: the server will send them.

    Example: breachkit restore 20261120-101500-3fa2
    """
    from breachkit.cli.output import recorded
    from breachkit.errors import UsageError
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence
    from breachkit.purge.needles import SoughtTexts, parse_needles
    from breachkit.purge.reach import reach_of

    if run is not None and all_runs:
        raise UsageError("RUN and --all cannot both be meant; leave one of them out")
    texts = None if only is None else SoughtTexts(tuple(only), regex, ignore_case, raw_only=raw_only)
    if texts is not None:
        parse_needles(texts)
    with recorded(case) as outcome:
        where = find_evidence(asked)
        output.check(product.output_file, where, quarantine, case and case / BOOK)
        reach = reach_of(where, quarantine, with_outside=False)
        works = _works(reach, _runs(reach, run, all_runs=all_runs), texts)
        if dry_run:
            done = _plans(works)
            outcome.update(_outcome_json(done, dry_run=True))
            _tell(reach, done, product, "" if product.is_json else _shown(reach, done), dry_run=True)
        else:
            done = _execute(reach, works, product, outcome, yes=yes)
        output.finish(gather.Books(), is_incomplete=any(one.is_incomplete for one in done))


def _runs(reach: Reach, name: str | None, *, all_runs: bool) -> list[Run]:
    """Return the runs that are meant. Raises BreachkitError."""
    from breachkit.errors import PathUnreadableError, UsageError
    from breachkit.purge.store import holds_messages

    if name is not None:
        return reach.queues.run(name)
    try:
        holding = [run for run in reach.queues.runs() if holds_messages(run)]
    except OSError as error:
        raise PathUnreadableError(error.filename or ".", error) from None
    names = list(dict.fromkeys(run.name for run in holding))
    if len(names) > 1 and not all_runs:
        raise UsageError(f"several runs hold messages: {', '.join(names)}; name one of them, or --all")
    return holding


def _works(reach: Reach, runs: list[Run], only: SoughtTexts | None) -> list[RestoreRun]:
    from breachkit.purge.restoration import RestoreRun
    from breachkit.purge.search import TextSearch

    if only is None:
        return [RestoreRun(reach.queues, run) for run in runs]
    holds = TextSearch(only, reach.queues.rules.text_of).holds
    return [RestoreRun(reach.queues, run, holds) for run in runs]


def _plans(works: list[RestoreRun]) -> list[Restored]:
    from breachkit.errors import PathUnreadableError

    try:
        return [work.plan() for work in works]
    except OSError as error:
        raise PathUnreadableError(error.filename or ".", error) from None


def _shown(reach: Reach, plans: list[Restored]) -> str:
    from breachkit.report.restore_report import render_restore_plan

    return render_restore_plan(plans, reach.root)


def _outcome_json(done: list[Restored], *, dry_run: bool) -> Json:
    runs = [{"run": one.run, "restored": one.restored, "sha256": one.sha256} for one in done]
    return {"dry_run": dry_run, "runs": runs}


def _execute(
    reach: Reach, works: list[RestoreRun], product: options.Output, outcome: Json, *, yes: bool
) -> list[Restored]:
    from breachkit.cli import asking
    from breachkit.progress import bar
    from breachkit.report.words import count

    # who asked for no word before it gets none: to judge 100,000 messages twice takes a third of the time
    is_silent = yes and bool(works)
    plans = [] if is_silent else _plans(works)
    shown = "" if is_silent else _shown(reach, plans)
    number = None if is_silent else sum(plan.restored for plan in plans)
    if product.is_on_screen:
        output.write(shown, None)
    if number and not yes:
        if not product.is_on_screen and asking.can_ask():
            sys.stderr.write(shown)
        asking.ask(f"Put {count(number, 'message')} back into the queue, to be sent?", "restored")
    done: list[Restored] = []
    with asking.stoppable() as is_stopped:
        try:
            with bar(sys.stderr, "restored", number, " messages") as progress:
                for work in works:
                    done.append(work.execute(is_stopped, progress))
                    outcome.update(_outcome_json(done, dry_run=False))
        finally:  # before anything can fail to print
            _note([] if is_stopped() else done, works[len(done) :])
        if is_stopped():
            _stop(reach, done)
        _tell(reach, done, product, "" if product.is_on_screen else shown, dry_run=False)
    return done


def _note(done: list[Restored], ended: list[RestoreRun]) -> None:
    """Say what was put back, by runs that came to their end and by those that did not."""
    from breachkit.chain import hash_file
    from breachkit.report.words import count, name_journal

    rows = [(one.run, one.restored, one.journal, one.sha256) for one in done]
    for work in ended:
        with suppress(OSError):
            rows.append((work.run.name, work.restored, work.run.journal, hash_file(work.run.journal)[1]))
    for run, restored, journal, digest in rows:
        if restored:
            output.note(f"{count(restored, 'message')} put back; {name_journal(run, journal, digest)}")


def _stop(reach: Reach, done: list[Restored]) -> None:
    from breachkit.cli import asking
    from breachkit.report.words import name_journal

    moved = sum(one.restored for one in done)
    journals = [name_journal(one.run, one.journal, one.sha256) for one in done if one.restored]
    planned = moved + sum(one.untouched for one in done)
    raise asking.stopped(moved, planned, "restored", reach.command("restore", done[-1].run), journals)


def _tell(reach: Reach, done: list[Restored], product: options.Output, before: str, *, dry_run: bool) -> None:
    from breachkit.evidence import gather
    from breachkit.report.contract import dump
    from breachkit.report.restore_report import render_restored, restore_json

    if product.is_json:
        inputs = gather.inputs_of(reach.where, gather.Books(), None)
        text = dump(restore_json(done, inputs, reach.root, dry_run=dry_run))
    else:
        text = before if dry_run else before + render_restored(done, reach.root)
    output.write(text, product.output_file)
