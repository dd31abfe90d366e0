"""The report of `contain`: what to do with a compromised account, in order; nothing of it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.report.inputs import render_skipped
from breachkit.report.page import Page
from breachkit.report.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.advice import Step
    from breachkit.detect.incident import Attackers
    from breachkit.report.contract import Json
    from breachkit.report.inputs import Inputs


class Contained(NamedTuple):
    """One account and its steps."""

    account: str
    verdict: str | None
    steps: tuple[Step, ...]
    is_safe: bool
    """False when the name must not stand in a command line: the commands say ACCOUNT instead."""


def contain_json(contained: Sequence[Contained], attackers: Attackers, minutes: int, inputs: Inputs) -> Json:
    """Write the object."""
    return {
        **inputs.head_json("contain"),
        "accounts": [
            {
                "account": one.account,
                "verdict": one.verdict,
                "steps": [{**step._asdict(), "commands": list(step.commands)} for step in one.steps],
            }
            for one in contained
        ],
        "block": list(attackers.ips),
        "block_minutes": minutes,
        "lawful": attackers.lawful,
    }


def render_contain(
    contained: Sequence[Contained],
    attackers: Attackers,
    minutes: int,
    inputs: Inputs,
    next_commands: list[str],
) -> str:
    """Write the catalogue for a terminal."""
    page = Page()
    page.say("Nothing below was run: these are lines for you to read, and then to run by hand.", style="bold")
    for one in contained:
        _render_account(page, one)
    page.heading(f"Addresses to block for {count(minutes, 'minute')}: {len(attackers.ips):,}")
    if attackers.ips:
        shown = ", ".join(attackers.ips[:10])
        page.say(shown + (f" … {len(attackers.ips) - 10:,} more" if len(attackers.ips) > 10 else ""), indent=2)  # noqa: PLR2004
    if attackers.lawful:
        used = count(attackers.lawful, "attacking address", "attacking addresses")
        page.say(f"{used} left out: an account used them lawfully too.", style="yellow", indent=2)
    render_skipped(page, inputs)
    page.commands(next_commands)
    return page.text()


def _render_account(page: Page, one: Contained) -> None:
    verdict = f" ({one.verdict})" if one.verdict else ""
    page.heading(f"{one.account}{verdict}")
    if not one.is_safe:
        page.say("Its name holds signs that mean something to a shell: put it for ACCOUNT yourself.", style="yellow")
    for number, step in enumerate(one.steps, 1):
        page.say(f"{number}. {step.title}", style="bold", indent=2)
        page.say(step.what, indent=5)
        for command in step.commands:
            page.literal(command, indent=7)
        page.say(f"side effect: {step.side_effect}", indent=5)
        page.say(f"undo: {step.undo}", indent=5)
        page.say(f"check: {step.check}", indent=5)
