"""The report of `doctor`: which evidence is there, what is missing, and the lines that collect it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.contract import dated
from breachkit.report.inputs import head_json, render_skipped
from breachkit.report.page import Page
from breachkit.report.words import count, moment, size

if TYPE_CHECKING:
    from breachkit.detect.checkup import Checkup, Part
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json

SHOWN = 4
"""Paths on a terminal."""


def doctor_json(found: Checkup, inputs: Inputs) -> Json:
    """Write the object of the contract."""
    return {
        **head_json(inputs, "doctor"),
        "found": [dated(part, inputs.zone) for part in found.found],
        "missing": found.missing,
        "disk_free": found.disk_free,
    }


def render_doctor(found: Checkup, inputs: Inputs, following: list[str]) -> str:
    """Write the report for a terminal."""
    page = Page()
    page.say("Found" if found.found else "Nothing was found", style="bold")
    for part in found.found:
        _render_part(page, part, inputs)
    if found.disk_free is not None:
        page.say(f"free for a quarantine: {size(found.disk_free)}", indent=2)
    page.heading("Missing" if found.missing else "Nothing is missing")
    for lack in found.missing:
        page.say(f"{lack.what}: {lack.why}", style="yellow", indent=2)
        for line in lack.lines:
            page.literal(line, indent=6)
    render_skipped(page, inputs)
    page.commands(following)
    return page.text()


def _render_part(page: Page, part: Part, inputs: Inputs) -> None:
    of = part.version or part.product
    number = "" if part.messages is None else f", {count(part.messages, 'message')}"
    page.say(f"{part.kind.replace('-', ' ')} ({of}){number}", style="green", indent=2)
    more = f" … {len(part.paths) - SHOWN:,} more" if len(part.paths) > SHOWN else ""
    page.say(", ".join(part.paths[:SHOWN]) + more, indent=6)
    if part.first is not None and part.last is not None:
        page.say(f"from {moment(part.first, inputs.zone)} to {moment(part.last, inputs.zone)}", indent=6)
    if part.level is not None:
        page.say(f"level: {part.level}", indent=6)
