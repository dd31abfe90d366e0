"""The steps of a purge: look, show, ask, move, watch, tell."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import asking, output
from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.evidence.queued import queue_pieces
from breachkit.parallel import Piece, processors
from breachkit.progress import bar, silent
from breachkit.purge.plan import Predicates, Tally
from breachkit.purge.search import PieceSearch, Watch, look_through
from breachkit.purge.store import name_run
from breachkit.report.contract import dump
from breachkit.report.purge_report import (
    PurgeOutcome,
    purge_json,
    render_by_hand,
    render_dry_end,
    render_outcome,
    render_plan,
)
from breachkit.report.words import count, name_journal
from breachkit.shells import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from breachkit.cli.options import Output
    from breachkit.evidence.gather import Inputs
    from breachkit.purge.moves import QueuePurge, Receipt
    from breachkit.purge.plan import Plan, Planned
    from breachkit.purge.reach import Reach
    from breachkit.records import Message, Skipped
    from breachkit.report.contract import Json
    from breachkit.report.purge_report import Unexplained

PAUSE = 2.0
"""Seconds between two looks at the queues."""
SETTLING = 3 * PAUSE
"""Seconds for which messages are tried again that the server works on."""
BLINK = 0.1
"""Seconds of sleep after which a stop is noticed."""


class PurgeOptions(NamedTuple):
    """How a purge is to be done, as typed."""

    everything: bool
    explain: bool
    dry_run: bool
    yes: bool
    drop: bool
    hold: bool
    watch: float | None
    max_moves: int | None
    jobs: int | None
    product: Output


@dataclass(slots=True)
class Work:
    """One purge, from the look to the report."""

    reach: Reach
    wanted: Predicates
    chosen: PurgeOptions
    words: list[str]
    """The predicates, spelled again: for the journal and for the next command."""
    look: PieceSearch
    watch: Watch | None
    tally: Tally = field(default_factory=Tally)
    unexplained: Unexplained | None = None
    bounces: frozenset[str] = frozenset()
    """The bounces that are taken along, by the names of their first files."""
    logs: gather.Books = field(default_factory=gather.Books)
    """What could not be read of the logs, where they were asked for bounces."""

    def first(self) -> list[Planned]:
        """Look through all of the queues; returns what is to be moved, if anything is."""
        passed_over: list[Skipped] = []
        pieces = self._pieces(passed_over) if self.watch is None else self.watch.first(self._pieces(passed_over))
        with bar(sys.stderr, "queue", None, " messages") as progress:
            self.tally = look_through(pieces, self.look, self.chosen.jobs or processors(), progress)
        self.tally.pass_over(passed_over)
        return self.tally.planned()

    def again(self, watch: Watch, most: int) -> list[Planned]:
        """Look for messages that arrived since; no more than `most` are taken."""
        taken: list[Planned] = []
        for piece in watch.ripe(self._pieces([]), time.time()):
            self.tally.add(self.look(piece))
            taken += self.tally.planned()
            if len(taken) == most:
                break
        return taken

    def once_more(self, names: AbstractSet[str]) -> list[Planned]:
        """Look through the queues for messages of the plan; they are counted already."""
        looks = {self.look: names - self.bounces, self._take_any(): names & self.bounces}
        jobs = self.chosen.jobs or processors()
        return [
            hit
            for look, sought in looks.items()
            if sought
            for hit in look_through(self._pieces([]), look, jobs, silent).planned()
            if os.path.basename(hit.files[0]) in sought
        ]

    def take_bounces(self, bounces: Sequence[Message]) -> list[Planned]:
        """Add bounces to the plan."""
        tally, look = Tally(), self._take_any()
        tops = tuple(os.path.join(place, "") for place in self._places())
        for one in bounces:
            folder = os.path.dirname(os.path.abspath(one.files[0]))
            if os.path.join(folder, "").startswith(tops):
                tally.add(look(Piece(folder, [tuple(map(os.path.basename, one.files))])))
        self.tally.add_bounces(tally)
        hits = self.tally.planned()
        self.bounces = frozenset(os.path.basename(hit.files[0]) for hit in hits)
        return hits

    def _take_any(self) -> PieceSearch:
        return PieceSearch(
            Predicates(is_all=True), self.reach.queues.rules, self.reach.where.zone, self.reach.root, keeps=True
        )

    def _pieces(self, passed_over: list[Skipped]) -> Iterator[Piece]:
        return queue_pieces(self._places(), self.reach.queues.rules, self.reach.root, passed_over)

    def _places(self) -> list[str]:
        """List the queue folders that messages are taken from: what is on hold is not put there again."""
        places, hold = [place.path for place in self.reach.queues.places], self.reach.queues.rules.hold
        if hold is None or not self.chosen.hold:
            return places
        return [path for path in places if hold(os.path.join(path, "x")) != os.path.join(path, "x")]

    def plan(self) -> Plan:
        """Sum up what was found so far."""
        return self.tally.plan(self.wanted, self.reach.root)

    def books(self) -> gather.Books:
        """Open the books of what was read."""
        books, counts, skipped = gather.Books(), self.tally.counts, self.tally.skips()
        books.files, books.found_messages, books.bytes = counts["files"], counts["messages"], counts["bytes"]
        books.messages = counts["messages"] - len(skipped)
        for one in skipped:
            books.skip(one)
        books.merge(self.logs.skipped)
        return books

    def inputs(self) -> Inputs:
        """Close the books; a purge asks no logs, so nothing is said of their level. Raises UnbalancedError."""
        return replace(gather.inputs_of(self.reach.where, self.books(), None), log_level="not read")

    def shown(self, plan: Plan) -> str:
        """Write the plan as text."""
        return render_plan(plan, self.inputs(), self.unexplained, holds=self.chosen.hold)

    def tell(
        self, plan: Plan, outcome: PurgeOutcome | None, text: Callable[[], str], by_hand: Sequence[str] | None = None
    ) -> None:
        """Write the product: the object of the contract, or the text, which takes 60 ms to lay out."""
        if self.chosen.product.is_json:
            made = purge_json(plan, outcome, self.inputs(), self.reach.root, self.unexplained)
            product = dump(made if by_hand is None else {**made, "by_hand": list(by_hand)})
        else:
            product = text()
        output.write(product, self.chosen.product.output_file)


def run_purge(reach: Reach, wanted: Predicates, chosen: PurgeOptions, words: list[str], recorded: Json) -> None:
    """Do it, and say in `recorded` what was done. Raises BreachkitErrors; ends with the exit code of the books."""
    if chosen.hold:
        _check_hold(reach)
    if not chosen.dry_run:
        reach.check()
    keeps = chosen.explain or chosen.hold or wanted.with_bounces or not chosen.dry_run
    look = PieceSearch(wanted, reach.queues.rules, reach.where.zone, reach.root, keeps=keeps)
    work = Work(reach, wanted, chosen, words, look, None if chosen.watch is None else Watch())
    hits = work.first()
    if wanted.with_bounces:
        from breachkit.purge.bounces import find_caused

        hits += work.take_bounces(find_caused(reach, wanted, {hit.files[0] for hit in hits}, work.logs))
    plan = work.plan()
    if work.watch is None and not plan.bounces:  # else what is wanted is known, by the logs
        _hint(reach, plan)
    if chosen.explain:
        from breachkit.cli.explain import explain

        work.unexplained = explain(reach.where, {hit.files[0] for hit in hits})
    outcome = None
    if chosen.hold and reach.queues.rules.hold is None:
        recorded |= {"dry_run": True, "planned": plan.planned}
        _tell_by_hand(work, plan, hits)
    elif chosen.dry_run:
        recorded |= {"dry_run": True, "planned": plan.planned}
        work.tell(plan, None, lambda: work.shown(plan) + render_dry_end(plan, *_again(work, plan)))
    else:
        plan.permit(everything=chosen.everything, max_moves=chosen.max_moves)
        outcome = _execute(work, plan, hits, recorded)
    receipt = None if outcome is None else outcome.receipt
    is_left = receipt is not None and (receipt.planned != receipt.purged or receipt.sent_meanwhile > 0)
    output.finish(work.books(), findings=False, is_incomplete=is_left)


def _check_hold(reach: Reach) -> None:
    """Refuse to hold messages where nothing holds any. Raises BreachkitError."""
    rules = reach.queues.rules
    if rules.hold is None:
        if rules.by_hand is not None:
            return
        raise BreachkitError(
            f"nothing was moved: {reach.title} has no place for messages on hold; leave --hold out: purge moves"
            " them to the quarantine, and restore brings them back"
        )
    for place in reach.queues.places:
        folder = os.path.dirname(rules.hold(os.path.join(place.path, "x")))
        if not reach.queues.disk.is_plain_folder(folder):
            raise BreachkitError(
                f"nothing was moved: there is no folder {folder} to hold messages in; name the whole spool, or leave"
                " --hold out"
            )


def _tell_by_hand(work: Work, plan: Plan, hits: Sequence[Planned]) -> None:
    """Print the server's own lines that hold the messages of a plan: breachkit runs no program of the server."""
    by_hand = work.reach.queues.rules.by_hand
    names = [os.path.basename(hit.files[0]) for hit in hits]
    lines = by_hand(names).splitlines() if by_hand is not None and names else []
    work.tell(plan, None, lambda: work.shown(plan) + render_by_hand(plan, lines), lines)


def _hint(reach: Reach, plan: Plan) -> None:
    """Refuse a name that stands nowhere, and say what a STRING that hits nothing might have been.

    Raises BreachkitError.
    """
    from breachkit.cli.hinting import refuse_unknown, text_hints

    refuse_unknown(reach.where, plan)
    for hint in text_hints(reach, plan):
        output.note(f"breachkit: {hint}")


def _recorded_json(outcome: PurgeOutcome) -> Json:
    receipt = outcome.receipt
    counts = {name: getattr(receipt, name) for name in ("planned", "purged", "vanished", "changed", "in_use", "failed")}
    return {
        "dry_run": False,
        "run": receipt.run if receipt.runs else None,
        **counts,
        "sent_meanwhile": receipt.sent_meanwhile,
        "dropped": outcome.dropped,
        "journals": list(receipt.sha256),
    }


def _again(work: Work, plan: Plan) -> tuple[str, str]:
    """Spell the command that does what a dry run showed; where no line would do it, say what would."""
    outside, everything = work.reach.outside, work.chosen.everything
    if outside is not None:
        return "", f"{outside.path} lies outside the root: a purge takes it only where it is named with --queue."
    if plan.takes_everything and not everything:
        return "", "If every message is meant, run the same command again with --everything, without --dry-run."
    arguments = [*work.words, *(["--everything"] if everything else [])]
    if guarded("purge", arguments) != arguments:
        return "", "Run the same command again, without --dry-run."
    return work.reach.command("purge", *arguments), ""


def _note_copy(reach: Reach) -> None:
    """Say that files elsewhere may be a copy: whoever purges one stops nothing."""
    root = reach.root
    installed = {os.path.abspath(path) for one in reach.where.products for path in one.server.default_roots}
    if reach.queues.rules.hold_still is not None and root is not None and os.fspath(root) not in installed:
        output.note(
            f"breachkit: {root} is not where {reach.title} is installed: if this is a copy, the queue that the server"
            " sends from stays as it is"
        )


def _execute(work: Work, plan: Plan, hits: list[Planned], recorded: Json) -> PurgeOutcome:
    name = name_run(datetime.now(UTC))
    product = work.chosen.product
    _note_copy(work.reach)
    shown = "" if product.is_json and work.chosen.yes else work.shown(plan)
    if product.is_on_screen:
        output.write(shown, None)
    if plan.planned or work.watch is not None:
        _ask(work, plan, name, shown)
    # a run that is stopped, or meets a full disk, has moved something too
    recorded |= {"dry_run": False, "run": name, "planned": plan.planned}
    with asking.stoppable() as is_stopped:
        outcome = _move(work, plan, hits, name, is_stopped)
        recorded |= _recorded_json(outcome)
        where, receipt = work.reach.where, outcome.receipt
        checks = [where.command("scan"), *([work.reach.command("verify")] if where.listing.is_likely else [])]
        undo = work.reach.command("restore", receipt.run) if receipt.purged > outcome.dropped else ""
        before = "" if product.is_on_screen else shown
        work.tell(outcome.plan, outcome, lambda: before + render_outcome(outcome, work.reach.root, checks, undo))
    return outcome


def _ask(work: Work, plan: Plan, name: str, shown: str) -> None:
    if work.chosen.yes:
        return
    if not work.chosen.product.is_on_screen and asking.can_ask():
        sys.stderr.write(shown)
    number = count(plan.planned, "message")
    if work.chosen.drop:
        asking.ask_for(name, f"Type {name} to DELETE {number} for good", "moved")
    else:
        more = f", and for {work.chosen.watch:g} minutes what arrives" if work.chosen.watch is not None else ""
        what = f"Put {number} on hold" if work.chosen.hold else f"Move {number} to the quarantine"
        asking.ask(f"{what}{more}?", "moved")


def _move(work: Work, plan: Plan, hits: list[Planned], name: str, is_stopped: Callable[[], bool]) -> PurgeOutcome:
    """Execute a plan, and watch for more if asked; what was done is said on stderr before anything can fail to print.

    Raises BreachkitError.
    """
    from breachkit.purge.moves import QueuePurge

    reach = work.reach
    with QueuePurge(reach.queues, name, work.words, drops=work.chosen.drop, holds=work.chosen.hold) as run:
        try:
            with bar(sys.stderr, "moved", plan.planned, " messages") as progress:
                run.take(hits, datetime.now(UTC), is_stopped, progress)
            _settle(work, run, is_stopped)
            limit = work.chosen.max_moves or plan.default_moves
            is_cut = work.watch is not None and _watch(work, work.watch, run, limit, is_stopped)
            receipt = run.close(datetime.now(UTC), is_stopped=is_stopped())
        except BreachkitError:
            with suppress(OSError):
                _note(run.abandon())
            raise
        if is_stopped():
            following = reach.where.command("scan")
            if receipt.purged:
                following += f"; to undo: {reach.command('restore', name)}"
            raise asking.stopped(receipt.purged, receipt.planned, "moved", following, _journals(receipt))
        dropped = run.deleted
        if work.chosen.drop:
            from breachkit.purge.deletion import drop_run

            drops = [drop_run(reach.queues.disk, held) for held in receipt.runs]
            receipt = replace(receipt, sha256=tuple(one.sha256 for one in drops))
            dropped += sum(one.dropped for one in drops)
        _note(receipt)
    return PurgeOutcome(receipt, work.plan(), is_cut, dropped, is_hold=work.chosen.hold)


def _settle(work: Work, run: QueuePurge, is_stopped: Callable[[], bool]) -> None:
    """Take what the server had in hand, or had put elsewhere, when it was to be moved: it is free again in a moment."""
    if not run.unsettled:
        return
    for _ in _rounds(time.monotonic() + SETTLING, is_stopped):
        found = work.once_more(run.unsettled.keys())
        run.take(found, datetime.now(UTC), is_stopped)
        if not (found and run.unsettled):
            return


def _note(receipt: Receipt) -> None:
    for journal in _journals(receipt):
        output.note(f"{count(receipt.purged, 'message')} moved; {journal}")


def _journals(receipt: Receipt) -> list[str]:
    pairs = zip(receipt.runs, receipt.sha256, strict=True)
    return [name_journal(run.name, run.journal, digest) for run, digest in pairs]


def _watch(work: Work, watch: Watch, run: QueuePurge, limit: int, is_stopped: Callable[[], bool]) -> bool:
    """Repeat the plan on what arrives; True when the limit ended it."""
    end = time.monotonic() + 60 * (work.chosen.watch or 0)
    for _ in _rounds(end, is_stopped):
        left, before = limit - run.moved, run.moved
        taken = work.again(watch, left)
        run.take(taken, datetime.now(UTC), is_stopped)
        now = datetime.now(work.reach.where.zone)
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
