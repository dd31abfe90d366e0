"""The report of `contain`: what to do with a compromised account, in order; nothing of it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.find_account_report import WHY_WORDS
from breachkit.report.inputs import head_json, render_skipped
from breachkit.report.page import Page
from breachkit.report.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.detect.containment import Attackers, Contained
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json


SHOWN = 10
"""Addresses on a terminal."""


def contain_json(contained: Sequence[Contained], attackers: Attackers, minutes: int, inputs: Inputs) -> Json:
    """Write the object."""
    return {
        **head_json(inputs, "contain"),
        "accounts": [{"account": one.account, "verdict": one.verdict, "steps": one.steps} for one in contained],
        "block": attackers.ips,
        "block_minutes": minutes,
        "lawful": len(attackers.kept),
        "not_blocked": [{"ip": ip.ip, "why": ip.not_blocked_why} for ip in attackers.kept],
    }


def render_contain(
    contained: Sequence[Contained], attackers: Attackers, minutes: int, inputs: Inputs, next_commands: list[str]
) -> str:
    """Write the catalogue for a terminal."""
    page = Page()
    page.say("Nothing below was run: these are lines for you to read, and then to run by hand.", style="bold")
    if not contained:
        page.say("No account looks compromised; these addresses attacked and entered none.", style="bold")
    for one in contained:
        _render_account(page, one)
    page.heading(f"Addresses to block for {count(minutes, 'minute')}: {len(attackers.ips):,}")
    if attackers.ips:
        more = f" … {len(attackers.ips) - SHOWN:,} more" if len(attackers.ips) > SHOWN else ""
        page.say(", ".join(attackers.ips[:SHOWN]) + more, indent=2)
    for ip in attackers.kept[:SHOWN]:
        why = WHY_WORDS[ip.not_blocked_why] if ip.not_blocked_why else ""
        page.say(f"not {ip.ip}: {why}", style="yellow", indent=2)
    if len(attackers.kept) > SHOWN:
        page.say(f"… {len(attackers.kept) - SHOWN:,} more are not to be blocked", style="yellow", indent=2)
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
