"""The reports of `quarantine`: runs, their messages, whether they are sound, and what was deleted."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from breachkit.report.page import Page
from breachkit.report.words import count, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.purge.deletion import Dropped
    from breachkit.purge.stock import Stock, StoredMessage
    from breachkit.report.contract import Json

SHOWN = 50
"""Messages of a run on a terminal."""


def _run_json(custody: Stock) -> Json:
    return {
        "run": custody.run.name,
        "began": custody.began or None,
        "wanted": list(custody.wanted),
        "ended": custody.is_ended,
        "torn": custody.is_torn,
        "held": custody.count("held"),
        "bytes": custody.bytes,
        "restored": custody.count("restored"),
        "dropped": custody.count("dropped"),
        "gone": custody.count("gone"),
        "on_hold": custody.count("hold"),
        "journal": custody.run.journal,
        "sha256": custody.sha256,
    }


def list_json(stock: Sequence[Stock]) -> Json:
    """Write the runs."""
    return {"runs": [_run_json(custody) for custody in stock]}


def render_list(stock: Sequence[Stock]) -> str:
    """Write the runs for a terminal."""
    page = Page()
    page.say(f"{count(len(stock), 'run')} in the quarantine", style="bold")
    for custody in stock:
        if custody.is_hold:
            page.say(f"{custody.run.name}: {count(custody.count('hold'), 'message')} on hold in the queue")
        else:
            page.say(f"{custody.run.name}: holds {count(custody.count('held'), 'message')}, {size(custody.bytes)}")
        page.say(f"began {custody.began or 'at an unknown time'}, by: {' '.join(custody.wanted)}", indent=2)
        done = [f"{custody.count(word):,} {word}" for word in ("restored", "dropped", "gone") if custody.count(word)]
        if done:
            page.say(", ".join(done), indent=2)
        if not custody.is_ended:
            page.say("The purge did not come to its end; restore works all the same.", style="yellow", indent=2)
    return page.text()


def show_json(stock: Sequence[Stock]) -> Json:
    """Write the messages of a run."""
    return {
        "runs": [
            {**_run_json(custody), "messages": [_held_json(held) for held in custody.messages]} for custody in stock
        ],
    }


def _held_json(held: StoredMessage) -> Json:
    files = [{"path": file.home, "bytes": file.size, "sha256": file.sha256} for file in held.files]
    return {
        "id": held.entry.number,
        "path": files[0]["path"],
        "bytes": held.entry.size,
        "sha256": files[0]["sha256"],
        "where": held.whereabouts,
        "files": files,
    }


def render_show(stock: Sequence[Stock]) -> str:
    """Write the messages of a run for a terminal."""
    page = Page()
    for custody in stock:
        page.say(f"{custody.run.name}: {count(len(custody.whereabouts), 'message')}", style="bold")
        page.literal(f"folder   {custody.run.path}", indent=2)
        page.literal(f"sha256   {custody.sha256}", indent=2)
        rows = [
            (file.name, held.whereabouts, file.home, file.sha256)
            for held in islice(custody.messages, SHOWN)
            for file in held.files
        ]
        page.table(["file", "", "from", "sha256"], rows)
        if len(custody.whereabouts) > SHOWN:
            page.say(f"… {len(custody.whereabouts) - SHOWN:,} more with --format json", indent=2)
    return page.text()


def verify_json(checked: Sequence[tuple[Stock, list[StoredMessage]]]) -> Json:
    """Write what was checked and what is not as it was."""
    return {
        "runs": [
            {
                **_run_json(custody),
                "changed": len(changed),
                "examples": [_held_json(held) for held in changed[:SHOWN]],
            }
            for custody, changed in checked
        ],
    }


def render_verify(checked: Sequence[tuple[Stock, list[StoredMessage]]]) -> str:
    """Write what was checked for a terminal."""
    page = Page()
    if not checked:
        page.say("No run in the quarantine.")
    for custody, changed in checked:
        sound = not changed and not custody.count("gone")
        words = "sound" if sound else "NOT as it was purged"
        page.say(
            f"{custody.run.name}: {words}; {count(custody.count('held'), 'message')} held",
            style="bold green" if sound else "bold red",
        )
        page.literal(f"journal  {custody.run.journal}", indent=2)
        page.literal(f"sha256   {custody.sha256}", indent=2)
        for held in changed[:SHOWN]:
            page.say(f"{held.files[0].name} is not what was purged from {held.files[0].home}", indent=2)
        if custody.count("gone"):
            page.say(f"{count(custody.count('gone'), 'message')} gone without a line in the journal", indent=2)
    return page.text()


def drop_json(done: Sequence[Dropped]) -> Json:
    """Write what was deleted."""
    return {
        "run": done[0].run if done else None,
        "dropped": sum(one.dropped for one in done),
        "bytes": sum(one.bytes for one in done),
        "strangers": sum(one.strangers for one in done),
        "journals": [{"path": one.journal, "sha256": one.sha256} for one in done],
    }


def render_drop(done: Sequence[Dropped]) -> str:
    """Write what was deleted for a terminal."""
    page = Page()
    for one in done:
        page.say(f"{count(one.dropped, 'message')} of run {one.run} deleted, {size(one.bytes)}", style="bold")
        if one.strangers:
            page.say(f"{count(one.strangers, 'file')} that the journal does not know: left", style="yellow", indent=2)
        page.literal(f"journal  {one.journal}", indent=2)
        page.literal(f"sha256   {one.sha256}", indent=2)
    return page.text()
