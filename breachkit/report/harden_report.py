"""The report of `harden`: each setting against the guides, and the line that mends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from breachkit.detect.hardening import SEVERAL, STATUSES, UNWRITABLE
from breachkit.report.inputs import head_json, render_skipped
from breachkit.report.page import Page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from breachkit.detect.hardening import Hardening, JudgedSetting
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json

STYLES = {"fail": "bold red", "advice": "yellow", "unknown": "dim", "pass": "green"}
HEADINGS = {
    "fail": "FAIL: these left the door open",
    "advice": "ADVICE: for you to decide",
    "unknown": "UNKNOWN: not in the settings that were read",
    "pass": "PASS",
}


def harden_json(found: Hardening, inputs: Inputs) -> Json:
    """Write the object of the contract."""
    return {
        **head_json(inputs, "harden"),
        "settings": found.judged,
        "other_settings": found.others,
        "notes": found.advice,
    }


def render_harden(found: Hardening, inputs: Inputs, next_commands: list[str]) -> str:
    """Write the report for a terminal."""
    settings = found.judged
    page = Page()
    numbers = {status: sum(setting.status == status for setting in settings) for status in STATUSES}
    page.say(", ".join(f"{number} {status}" for status, number in numbers.items()), style="bold")
    for status in STATUSES:
        chosen = [setting for setting in settings if setting.status == status]
        if chosen:
            page.heading(f"{HEADINGS[status]} ({len(chosen)})")
        for setting in chosen:
            _render_setting(page, setting)
        if status == "unknown" and chosen:
            page.say("breachkit harden --print-commands prints the lines that collect them.", indent=2)
    page.heading("Also")
    for sentence in found.advice:
        page.say(sentence, indent=2)
    if found.others:
        page.say(f"{found.others:,} other settings in the file were not looked at.", indent=2)
    # of the logs no more is said than what a setting would have stopped
    render_skipped(page, replace(inputs, notes=tuple(note for note in inputs.notes if note not in inputs.log_notes)))
    page.commands(next_commands)
    return page.text()


def _render_setting(page: Page, setting: JudgedSetting) -> None:
    value = "?" if setting.value is None else setting.value or "(empty)"
    if setting.status == "pass":
        page.say(f"{setting.name}: {value}", style=STYLES["pass"], indent=2)
        return
    if setting.status == "unknown" and setting.value is None:
        page.say(f"{setting.name} (recommended {setting.recommended})", style=STYLES["unknown"], indent=2)
        return
    said = f"{setting.name}: {value} (recommended {setting.recommended})"
    place = setting.console
    if place is None:
        page.say(said, style=STYLES[setting.status], indent=2)
    else:
        page.say(f"{place.en} [{place.path}]", style=STYLES[setting.status], indent=2)
        page.say(f"{place.it or ''} [{place.path_it}]".strip(), style="dim", indent=4)
        page.say(said, indent=4)
    page.say(setting.why, indent=4)
    for line in setting.fix.split("\n"):
        # a line to copy is never folded
        page.say(line, indent=4) if line in {SEVERAL, UNWRITABLE} else page.literal(line, indent=4)


def render_commands(commands: Mapping[str, Sequence[str]]) -> str:
    """Write the lines that collect the settings, for each operating system."""
    page = Page()
    for system, lines in commands.items():
        page.say(f"# {system}: run in the server's folder; then: breachkit harden settings.txt", style="bold")
        for line in lines:
            page.literal(line)
        page.say()
    return page.text()
