"""The steps of a restore: choose the runs, show, ask, put back, tell."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.chain import hash_file
from breachkit.cli import asking, options, output
from breachkit.errors import PathUnreadableError, SeveralRunsError, StoppedError
from breachkit.evidence import gather
from breachkit.progress import bar
from breachkit.purge.quarantine import holds_messages
from breachkit.purge.restore import Restore
from breachkit.purge.search import Hit
from breachkit.report.contract import dump
from breachkit.report.restore import render_restore_plan, render_restored, restore_json
from breachkit.report.words import count, name_journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.cli.aside import Yard
    from breachkit.purge.quarantine import Run
    from breachkit.purge.restore import Restored
    from breachkit.purge.search import Search
    from breachkit.report.contract import Json


class Manner(NamedTuple):
    """How a restore is to be done, as typed."""

    dry_run: bool
    yes: bool
    output_format: options.Format
    output_file: Path | None

    @property
    def is_json(self) -> bool:
        """Whether the product is JSON."""
        return self.output_format is options.Format.JSON

    @property
    def is_text_on_stdout(self) -> bool:
        """Whether the plan can be read where the product goes."""
        return not self.is_json and self.output_file in {None, Path("-")}


def choose_runs(yard: Yard, name: str | None, *, all_runs: bool) -> list[Run]:
    """Return the runs that are meant. Raises NoSuchRunError, SeveralRunsError, PathUnreadableError."""
    if name is not None:
        return yard.run(name)
    try:
        holding = [run for run in yard.runs() if holds_messages(run)]
    except OSError as error:
        raise PathUnreadableError(error.filename or ".", error.strerror or "unknown reason") from None
    names = list(dict.fromkeys(run.name for run in holding))
    if len(names) > 1 and not all_runs:
        raise SeveralRunsError(names)
    return holding


def run_restore(yard: Yard, runs: list[Run], search: Search | None, manner: Manner, outcome: Json) -> None:
    """Do it, and say in `outcome` what was done. Raises BreachkitErrors; ends with the exit code of the books."""

    def is_chosen(files: list[str]) -> bool:
        return search is None or any(isinstance(search.look(path), Hit) for path in files)

    works = [Restore(yard.disk, run, yard.queues, None if search is None else is_chosen) for run in runs]
    # who asked for no word before it gets none: to judge 100,000 messages twice takes a third of the time
    ahead = [] if manner.yes and manner.is_json and not manner.dry_run else works
    try:
        plans = [work.plan(is_verified=manner.dry_run or not manner.yes) for work in ahead]
    except OSError as error:
        raise PathUnreadableError(error.filename or ".", error.strerror or "unknown reason") from None
    shown = "" if manner.is_json and (manner.yes or manner.dry_run) else render_restore_plan(plans, yard.root)
    if manner.dry_run:
        outcome |= _outcome_json(plans, dry_run=True)
        _tell(yard, plans, manner, lambda: shown)
        done = plans
    else:
        done = _execute(yard, works, plans, manner, shown, outcome)
    output.finish(gather.Books(), findings=False, is_incomplete=any(one.is_incomplete for one in done))


def _outcome_json(done: list[Restored], *, dry_run: bool) -> Json:
    runs = [{"run": one.run, "restored": one.restored, "sha256": one.sha256} for one in done]
    return {"dry_run": dry_run, "runs": runs}


def _execute(
    yard: Yard, works: list[Restore], plans: list[Restored], manner: Manner, shown: str, outcome: Json
) -> list[Restored]:
    number = sum(plan.restored for plan in plans) if plans else None
    if manner.is_text_on_stdout:
        output.write(shown, None)
    if number and not manner.yes:
        if not manner.is_text_on_stdout and asking.can_ask():
            sys.stderr.write(shown)
        asking.ask(f"Put {count(number, 'message')} back into the queue, to be sent?", "restored")
    done: list[Restored] = []
    with asking.stoppable() as is_stopped:
        try:
            with bar(sys.stderr, "restored", number, " messages") as progress:
                for work in works:
                    done.append(work.execute(is_stopped, progress))
                    outcome |= _outcome_json(done, dry_run=False)
        finally:  # before anything can fail to print
            for one in [] if is_stopped() else done:
                _note(one.run, one.restored, one.journal, one.sha256)
            for work in works[len(done) :]:
                with suppress(OSError):
                    _note(work.run.name, work.restored, work.run.journal, hash_file(work.run.journal)[1])
        if is_stopped():
            moved = sum(one.restored for one in done)
            raise StoppedError(
                moved,
                sum(one.restored + one.untouched for one in done),
                "restored",
                yard.command("restore", done[-1].run),
                journals=[name_journal(one.run, one.journal, one.sha256) for one in done if one.restored],
            )
        before = "" if manner.is_text_on_stdout else shown
        _tell(yard, done, manner, lambda: before + render_restored(done, yard.root))
    return done


def _note(run: str, restored: int, journal: str, digest: str) -> None:
    if restored:
        output.note(f"{count(restored, 'message')} put back; {name_journal(run, journal, digest)}")


def _tell(yard: Yard, done: list[Restored], manner: Manner, text: Callable[[], str]) -> None:
    if manner.is_json:
        inputs = gather.inputs_of(yard.where, gather.Books(), None)
        product = dump(restore_json(done, inputs, yard.root, dry_run=manner.dry_run))
    else:
        product = text()
    output.write(product, manner.output_file)
