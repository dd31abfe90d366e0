"""The report of `purge`: the plan, what became of it, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.files import shown
from breachkit.report.inputs import head_json, render_inputs
from breachkit.report.page import Page
from breachkit.report.words import count, size
from breachkit.text.headers import decoded_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from breachkit.evidence.gather import Inputs
    from breachkit.purge.moves import Receipt
    from breachkit.purge.plan import Plan, Ranked
    from breachkit.report.contract import Json

SHOWN = 5
"""Rows of a table on a terminal."""
KEPT = 20
"""Rows of a list in JSON."""

STILL_OPEN = "Messages the server has open may still be delivered; the account's password comes first."
"""In the plan and at the end, on one line: a purge stops no attacker who still has the password."""

LEFT_WORDS = {
    "vanished": "vanished before they were moved (delivered, retried or taken by another)",
    "changed": "changed since the plan, left alone",
    "in_use": "held open by another program, left alone",
    "failed": "could not be moved",
}

SENT_WORDS = {"sent_meanwhile": "of them sent all the same: the server had begun to deliver them"}


class PurgeOutcome(NamedTuple):
    """What a real run did: its receipt, and the plan with all that a watch added to it."""

    receipt: Receipt
    plan: Plan
    is_cut: bool
    """The limit of moves ended the watch."""
    dropped: int
    """Messages deleted for good afterwards, as asked (`--drop`)."""
    is_hold: bool = False
    """They were put on hold in the queue, as asked (`--hold`)."""


class Unexplained(NamedTuple):
    """Planned messages that no suspect account and no campaign explains (`--explain`)."""

    messages: int
    auth_users: tuple[tuple[str | None, int], ...]
    examples: tuple[str, ...]
    without: str
    """What could not be asked, and why; empty when both could."""
    owners_own: int | None
    """Planned messages that came in, under a login, from addresses that attack nobody; None where no log tells."""


def purge_json(
    plan: Plan, outcome: PurgeOutcome | None, inputs: Inputs, root: Path | None, unexplained: Unexplained | None
) -> Json:
    """Write the object of the contract; without an outcome it is a dry run's."""
    receipt = None if outcome is None else outcome.receipt
    runs = () if receipt is None else receipt.runs
    more = {} if unexplained is None else {"unexplained": _unexplained_json(unexplained)}
    return {
        **head_json(inputs, "purge"),
        "run": receipt.run if receipt is not None and runs else None,
        "dry_run": outcome is None,
        "matched_by": {"raw": plan.raw, "decoded": plan.decoded, "reader": plan.reader, **_predicates(plan)},
        "messages": plan.messages,
        "planned": plan.planned if receipt is None else receipt.planned,
        **{name: 0 if receipt is None else getattr(receipt, name) for name in ("purged", *LEFT_WORDS)},
        "bytes": plan.bytes if receipt is None else receipt.bytes,
        "journal": runs[0].journal if runs else None,
        "quarantine": runs[0].path if runs else None,
        "journals": _journals(receipt),
        "dropped": 0 if outcome is None else outcome.dropped,
        "senders": _rows("auth_user", plan.auth_users, len(plan.auth_users)),
        "mail_froms": _rows("mail_from", plan.mail_froms, KEPT),
        "subjects": _rows("subject", plan.subjects, len(plan.subjects)),
        "samples": plan.samples,
        "left": [
            {"path": shown(path, root), "outcome": verdict.outcome, "reason": verdict.reason}
            for path, verdict in (() if receipt is None else receipt.left)
        ],
        "held": 0 if outcome is None or not outcome.is_hold else outcome.receipt.purged,
        "sent_meanwhile": 0 if receipt is None else receipt.sent_meanwhile,
        "owners_own": None if unexplained is None else unexplained.owners_own,
        **more,
    }


def _predicates(plan: Plan) -> Json:
    """Write the kinds of predicates other than STRINGs: each holds for all that is planned."""
    kinds = {kind: plan.planned - plan.bounces for kind in plan.wanted.kinds() if kind != "string"}
    return {**kinds, "bounces": plan.bounces} if plan.wanted.with_bounces else kinds


def _journals(receipt: Receipt | None) -> list[Json]:
    if receipt is None:
        return []
    return [{"path": run.journal, "sha256": digest} for run, digest in zip(receipt.runs, receipt.sha256, strict=True)]


def _rows(key: str, counts: Ranked, most: int) -> list[Json]:
    return [{key: name, "messages": number} for name, number in counts[:most]]


def _unexplained_json(unexplained: Unexplained) -> Json:
    return {
        "messages": unexplained.messages,
        "senders": _rows("auth_user", unexplained.auth_users, KEPT),
        "examples": list(unexplained.examples),
        "without": unexplained.without or None,
    }


def render_plan(plan: Plan, inputs: Inputs, unexplained: Unexplained | None, *, holds: bool) -> str:
    """Write the plan for a terminal."""
    page = Page()
    planned = f"{plan.planned:,} of {count(plan.messages, 'message')}"
    what = "to put on hold" if holds else "to move out of the queue"
    page.say(f"Plan: {planned} {what}, {size(plan.bytes)}", style="bold")
    if plan.wanted.asks_texts and plan.planned:
        page.say(f"matched: {plan.raw:,} byte for byte, {plan.decoded:,} only when decoded", indent=2)
        if plan.reader:
            number = count(plan.reader, "message")
            page.say(f"{number} only as a reader sees it (line ends, markup, signs without width)", indent=2)
    if plan.wanted.with_bounces:
        page.say(f"{count(plan.bounces, 'bounce')} that such messages caused, by the ids in the logs", indent=2)
    if plan.wanted.campaign:
        page.say(f"the campaign's string: {plan.wanted.campaign}", indent=2)
    if plan.takes_everything:
        page.say("This is every message of the queue: it needs --everything.", style="bold yellow", indent=2)
    _render_rows(page, inputs.account_title, plan.auth_users, "(none: no authentication)")
    _render_rows(page, "declared From", plan.mail_froms, "(unknown)")
    subjects = tuple((_readable(name), number) for name, number in plan.subjects)
    _render_rows(page, "subject", subjects, "(none)", plan.subjects_distinct)
    if plan.samples:
        page.say("samples", indent=2)
    for sample in plan.samples:
        page.say(sample.path, indent=4)
        page.say(f"{sample.mail_from or '(unknown)'}: {_readable(sample.subject) or '(no subject)'}", indent=6)
    if unexplained is not None:
        _render_unexplained(page, unexplained)
    render_inputs(page, inputs)
    if plan.planned:
        page.say()
        page.say(STILL_OPEN, style="yellow")
    return page.text()


def _readable(subject: str | None) -> str | None:
    return None if subject is None else decoded_words(subject)


def _render_rows(page: Page, title: str, counts: Ranked, nobody: str, distinct: int | None = None) -> None:
    if not counts:
        return
    hidden = f" ({SHOWN} of {distinct or len(counts):,})" if len(counts) > SHOWN else ""
    rows = [(f"{number:,}", name or nobody) for name, number in counts[:SHOWN]]
    page.table({"messages": "right", title + hidden: "left"}, rows)


def _render_unexplained(page: Page, unexplained: Unexplained) -> None:
    number = count(unexplained.messages, "message")
    style = "yellow" if unexplained.messages else "green"
    page.say(f"explained by no campaign and no suspect account: {number}", style=style, indent=2)
    for name, messages in unexplained.auth_users[:SHOWN]:
        page.say(f"{messages:,} of {name or '(none: no authentication)'}", indent=4)
    for example in unexplained.examples:
        page.say(example, indent=4)
    if unexplained.without:
        page.say(unexplained.without, indent=4)
    if unexplained.owners_own is None:
        page.say("the owners' own: unknown, no log shows who logged in from where", indent=2)
    else:
        own = count(unexplained.owners_own, "message")
        style = "yellow" if unexplained.owners_own else "green"
        page.say(f"look like the owners' own, from addresses that attack nobody: {own}", style=style, indent=2)


def render_dry_end(plan: Plan, command: str, instead: str) -> str:
    """Say what a dry run did, and how to do it for good: by a line, or in words where no line would do it."""
    page = Page()
    page.say("Nothing was moved: this was a dry run.", style="bold")
    if plan.planned:
        page.commands([command] if command else [])
    if plan.planned and instead:
        page.heading("Next")
        page.say(instead, indent=2)
    return page.text()


def render_by_hand(plan: Plan, lines: Sequence[str]) -> str:
    """Say which lines hold the messages of a plan."""
    page = Page()
    page.say("Nothing was moved: breachkit runs no program of the server.", style="bold")
    if plan.planned:
        page.commands(lines)
    return page.text()


def render_outcome(outcome: PurgeOutcome, root: Path | None, checks: list[str], undo: str) -> str:
    """Write what a real run did for a terminal."""
    page = Page()
    receipt = outcome.receipt
    if not receipt.planned:
        page.say("Nothing to move: no message is like that.", style="bold")
        return page.text()
    what = "put on hold" if outcome.is_hold else "moved"
    page.say(f"{receipt.purged:,} of {count(receipt.planned, 'message')} {what}, {size(receipt.bytes)}", style="bold")
    for name, words in {**SENT_WORDS, **LEFT_WORDS}.items():
        if number := getattr(receipt, name):
            page.say(f"{number:,} {words}", style="yellow", indent=2)
    for path, verdict in receipt.left:
        page.say(f"{shown(path, root)}: {verdict.reason}", style="dim", indent=4)
    if outcome.is_cut:
        page.say("The limit of --max-moves ended the watch: more has arrived.", style="yellow", indent=2)
    if outcome.dropped:
        page.say(f"{outcome.dropped:,} of them deleted for good; the journal keeps their SHA-256.", indent=2)
    if receipt.purged:
        page.say(STILL_OPEN, style="yellow")
    for run, digest in zip(receipt.runs, receipt.sha256, strict=True):
        page.heading("For the incident notes")
        page.say(f"run      {run.name}", indent=2)
        page.literal(f"journal  {run.journal}", indent=2)
        page.literal(f"sha256   {digest}", indent=2)
    page.commands(checks)
    if undo:
        page.say()
        page.literal(f"To undo: {undo}")
    return page.text()
