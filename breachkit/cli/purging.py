"""The steps of a purge: look, show, ask, move, watch, tell."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import asking, options, output
from breachkit.cli.looking import Look
from breachkit.errors import BreachkitError, StoppedError
from breachkit.evidence import gather
from breachkit.parallel import processors
from breachkit.progress import bar
from breachkit.purge.plan import planned_of
from breachkit.purge.quarantine import name_run
from breachkit.purge.watch import PAUSE, Watch
from breachkit.report.contract import dump
from breachkit.report.purge import Outcome, purge_json, render_dry_end, render_outcome, render_plan
from breachkit.report.words import count, name_journal
from breachkit.shells import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from breachkit.cli.aside import Yard
    from breachkit.purge.moves import Purge, Receipt
    from breachkit.purge.plan import Plan, Wanted
    from breachkit.report.contract import Json
    from breachkit.report.inputs import Inputs
    from breachkit.report.purge import Unexplained

BLINK = 0.1
"""Seconds of sleep after which a stop is noticed."""


class Manner(NamedTuple):
    """How a purge is to be done, as typed."""

    everything: bool
    explain: bool
    dry_run: bool
    yes: bool
    drop: bool
    watch: float | None
    max_moves: int | None
    jobs: int | None
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


class Predicates(NamedTuple):
    """The predicates, spelled again: for the journal and for the next command."""

    strings: list[str]
    options: list[str]

    @property
    def words(self) -> list[str]:
        """All of them."""
        return [*self.strings, *self.options]


@dataclass(slots=True)
class Work:
    """One purge, from the look to the report."""

    yard: Yard
    look: Look
    manner: Manner
    predicates: Predicates
    unexplained: Unexplained | None = None

    def inputs(self) -> Inputs:
        """Close the books; a purge asks no logs, so nothing is said of their level. Raises UnbalancedError."""
        return replace(gather.inputs_of(self.yard.where, self.look.books, None), log_level="not read")

    def shown(self, plan: Plan) -> str:
        """Write the plan as text."""
        return render_plan(plan, self.inputs(), self.unexplained)

    def tell(self, plan: Plan, outcome: Outcome | None, text: Callable[[], str]) -> None:
        """Write the product: the object of the contract, or the text, which takes 60 ms to lay out."""
        if self.manner.is_json:
            product = dump(purge_json(plan, outcome, self.inputs(), self.yard.root, self.unexplained))
        else:
            product = text()
        output.write(product, self.manner.output_file)


def run_purge(yard: Yard, wanted: Wanted, manner: Manner, predicates: Predicates, recorded: Json) -> None:
    """Do it, and say in `recorded` what was done. Raises BreachkitErrors; ends with the exit code of the books."""
    if not manner.dry_run:
        yard.refuse_outside()
        yard.check()
    watch = None if manner.watch is None else Watch()
    jobs = manner.jobs or processors()
    look = Look(yard, wanted, gather.Books(), jobs, keep=manner.explain, moves=not manner.dry_run, watch=watch)
    plan = look.once()
    if watch is None:
        _hint(yard, plan)
    work = Work(yard, look, manner, predicates)
    if manner.explain:
        from breachkit.cli.explain import explain

        work.unexplained = explain(yard.where, look.chosen)
    outcome = None
    if manner.dry_run:
        recorded |= {"dry_run": True, "planned": plan.planned}
        work.tell(plan, None, lambda: work.shown(plan) + render_dry_end(plan, *_again(work, plan)))
    else:
        plan.permit(everything=manner.everything, max_moves=manner.max_moves)
        outcome = _execute(work, plan, recorded)
    is_left = outcome is not None and outcome.receipt.planned != outcome.receipt.purged
    output.finish(look.books, findings=False, is_incomplete=is_left)


def _hint(yard: Yard, plan: Plan) -> None:
    """Refuse a name that stands nowhere, and say what a STRING that hits nothing might have been.

    Raises UnknownNameError, PathUnreadableError.
    """
    from breachkit.cli.hinting import refuse_unknown, text_hints

    refuse_unknown(yard.where, plan)
    for hint in text_hints(yard, plan):
        output.note(f"breachkit: {hint}")


def _recorded_json(outcome: Outcome) -> Json:
    receipt = outcome.receipt
    counts = {name: getattr(receipt, name) for name in ("planned", "purged", "vanished", "changed", "in_use", "failed")}
    return {
        "dry_run": False,
        "run": receipt.run if receipt.runs else None,
        **counts,
        "dropped": outcome.dropped,
        "journals": list(receipt.sha256),
    }


def _again(work: Work, plan: Plan) -> tuple[str, str]:
    """Spell the command that does what a dry run showed; where no line would do it, say what would."""
    yard, manner, words = work.yard, work.manner, work.predicates.words
    outside = next((folder.path for folder in yard.folders if folder.is_outside), None)
    if outside is not None:
        return "", f"{outside} lies outside the root: a purge takes it only where it is named with --queue."
    if plan.takes_everything and not manner.everything:
        return "", "If every message is meant, run the same command again with --everything, without --dry-run."
    arguments = [*words, *(["--everything"] if manner.everything else [])]
    if guarded("purge", arguments) != arguments:
        return "", "Run the same command again, without --dry-run."
    return yard.command("purge", *arguments), ""


def _execute(work: Work, plan: Plan, recorded: Json) -> Outcome:
    name = name_run(datetime.now(UTC))
    shown = "" if work.manner.is_json and work.manner.yes else work.shown(plan)
    if work.manner.is_text_on_stdout:
        output.write(shown, None)
    if plan.planned or work.look.watch is not None:
        _ask(work, plan, name, shown)
    # a run that is stopped, or meets a full disk, has moved something too
    recorded |= {"dry_run": False, "run": name, "planned": plan.planned}
    with asking.stoppable() as is_stopped:
        outcome = _move(work, plan, name, is_stopped)
        recorded |= _recorded_json(outcome)
        _tell(work, outcome, shown)
    return outcome


def _tell(work: Work, outcome: Outcome, shown: str) -> None:
    where, receipt = work.yard.where, outcome.receipt
    checks = [*([where.command("find-account")] if where.listing.is_likely else []), where.command("scan")]
    undo = work.yard.command("restore", receipt.run) if receipt.purged > outcome.dropped else ""
    before = "" if work.manner.is_text_on_stdout else shown
    work.tell(outcome.plan, outcome, lambda: before + render_outcome(outcome, work.yard.root, checks, undo))


def _ask(work: Work, plan: Plan, name: str, shown: str) -> None:
    if work.manner.yes:
        return
    if not work.manner.is_text_on_stdout and asking.can_ask():
        sys.stderr.write(shown)
    number = count(plan.planned, "message")
    if work.manner.drop:
        asking.ask_for(name, f"Type {name} to DELETE {number} for good", "moved")
    else:
        more = f", and for {work.manner.watch:g} minutes what arrives" if work.manner.watch is not None else ""
        asking.ask(f"Move {number} to the quarantine{more}?", "moved")


def _move(work: Work, plan: Plan, name: str, is_stopped: Callable[[], bool]) -> Outcome:
    """Execute a plan, and watch for more if asked; what was done is said on stderr before anything can fail to print.

    Raises StoppedError, DiskFullError, QuarantineUnwritableError.
    """
    from breachkit.purge.moves import Purge

    yard = work.yard
    with Purge(yard.disk, yard.stores, name, work.predicates.words, drops=work.manner.drop) as run:
        try:
            with bar(sys.stderr, "moved", plan.planned, " messages") as progress:
                run.take(plan.hits, datetime.now(UTC), is_stopped, progress)
            limit = work.manner.max_moves or plan.default_moves
            is_cut = work.look.watch is not None and _watch(work, run, limit, is_stopped)
            receipt = run.close(datetime.now(UTC), is_stopped=is_stopped())
        except BreachkitError:
            with suppress(OSError):
                _note(run.abandon())
            raise
        if is_stopped():
            undo = yard.command("restore", name) if receipt.purged else ""
            following = yard.where.command("scan")
            raise StoppedError(receipt.purged, receipt.planned, "moved", following, undo, _journals(receipt))
        dropped = run.deleted
        if work.manner.drop:
            from breachkit.purge.restore import drop_run

            drops = [drop_run(yard.disk, held) for held in receipt.runs]
            receipt = replace(receipt, sha256=tuple(one.sha256 for one in drops))
            dropped += sum(one.dropped for one in drops)
        _note(receipt)
    return Outcome(receipt, work.look.tally.plan(plan.wanted, work.yard.root), is_cut, dropped)


def _note(receipt: Receipt) -> None:
    for journal in _journals(receipt):
        output.note(f"{count(receipt.purged, 'message')} moved; {journal}")


def _journals(receipt: Receipt) -> list[str]:
    pairs = zip(receipt.runs, receipt.sha256, strict=True)
    return [name_journal(run.name, run.journal, digest) for run, digest in pairs]


def _watch(work: Work, run: Purge, limit: int, is_stopped: Callable[[], bool]) -> bool:
    """Repeat the plan on what arrives; True when the limit ended it."""
    end = time.monotonic() + 60 * (work.manner.watch or 0)
    for _ in _rounds(end, is_stopped):
        left = limit - run.moved
        taken = work.look.again(left)
        before = run.moved
        run.take([planned_of(one.hit) for one in taken], datetime.now(UTC), is_stopped)
        now = datetime.now(work.yard.where.zone)
        done = f"{len(taken):,} planned, {run.moved - before:,} moved; {run.moved:,} in all"
        output.note(f"watch {now:%H:%M:%S}: {done}")
        if len(taken) == left:
            return True
    return False


def _rounds(end: float, is_stopped: Callable[[], bool]) -> Iterable[None]:
    while time.monotonic() < end and not is_stopped():
        pause = min(end, time.monotonic() + PAUSE)
        while time.monotonic() < pause and not is_stopped():
            time.sleep(BLINK)
        if not is_stopped():
            yield
