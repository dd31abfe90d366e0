"""The report of `restore`: what would go back, what went back, and what did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.files import shown
from breachkit.report.inputs import head_json
from breachkit.report.page import Page
from breachkit.report.words import count, size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from breachkit.evidence.gather import Inputs
    from breachkit.purge.restoration import Restored
    from breachkit.report.contract import Json

NUMBERS = ("restored", "already_there", "missing", "changed", "conflicts", "dropped")
"""The numbers of the contract."""
MORE_NUMBERS = ("refused", "failed", "not_chosen", "in_quarantine", "bytes")

WORDS = {
    "already_there": "already there",
    "missing": "neither in the quarantine nor in the queue",
    "changed": "changed since the purge, or sent meanwhile: left in the quarantine",
    "conflicts": "whose name another message has now: left in the quarantine",
    "refused": "that the journal puts outside these queues: left in the quarantine",
    "failed": "that could not be put back: left in the quarantine",
    "dropped": "deleted by an earlier drop",
    "not_chosen": "not asked for (--only): left in the quarantine",
    "untouched": "not come to: left in the quarantine",
}
LEFT_WORDS = {
    "missing": "gone",
    "changed": "not as it was purged",
    "sent": "the server had begun to deliver it: sent, perhaps not to everybody",
    "owner": "owner or mode is not what it was; set it right (chown, chmod), then restore again",
    "copied": "a copy, not the file itself; the server tells a message by its inode",
    "conflict": "the name is taken",
    "refused": "not in these queues",
    "failed": "could not be written",
}


def restore_json(done: Sequence[Restored], inputs: Inputs, root: Path | None, *, dry_run: bool) -> Json:
    """Write the object of the contract: sums over the runs, and each run."""
    names = list(dict.fromkeys(one.run for one in done))
    return {
        **head_json(inputs, "restore"),
        "run": names[0] if len(names) == 1 else None,
        "dry_run": dry_run,
        **{name: sum(getattr(one, name) for one in done) for name in (*NUMBERS, *MORE_NUMBERS)},
        "runs": [_run_json(one, root) for one in done],
    }


def _run_json(one: Restored, root: Path | None) -> Json:
    return {
        "run": one.run,
        **{name: getattr(one, name) for name in (*NUMBERS, *MORE_NUMBERS)},
        "torn": one.is_torn,
        "journal": one.journal,
        "sha256": one.sha256,
        "left": [{"path": shown(path, root), "reason": LEFT_WORDS[kind]} for path, kind in one.left],
    }


def render_restore_plan(plans: Sequence[Restored], root: Path | None) -> str:
    """Write what a restore would do, for a terminal."""
    page = Page()
    if not plans:
        page.say("Nothing to restore: no run holds messages.", style="bold")
    for plan in plans:
        page.say(
            f"Plan: put {count(plan.restored, 'message')} of run {plan.run} back, {size(plan.bytes)}", style="bold"
        )
        _render_rest(page, plan, root)
    if any(plan.restored for plan in plans):
        page.say("The server will send what is put back into its queue.", style="yellow")
    return page.text()


def render_restored(done: Sequence[Restored], root: Path | None) -> str:
    """Write what a restore did, for a terminal."""
    page = Page()
    for one in done:
        page.say(f"{count(one.restored, 'message')} of run {one.run} put back, {size(one.bytes)}", style="bold")
        _render_rest(page, one, root)
        page.literal(f"journal  {one.journal}", indent=2)
        page.literal(f"sha256   {one.sha256}", indent=2)
    return page.text()


def _render_rest(page: Page, one: Restored, root: Path | None) -> None:
    for name, words in WORDS.items():
        if number := getattr(one, name):
            style = "" if name in {"already_there", "dropped", "not_chosen"} else "yellow"
            page.say(f"{number:,} {words}", style=style, indent=2)
    for path, kind in one.left:
        page.say(f"{shown(path, root)}: {LEFT_WORDS[kind]}", style="dim", indent=4)
    if one.is_torn:
        page.say("A crash left half a line at the end of the journal: dropped.", style="yellow", indent=2)
