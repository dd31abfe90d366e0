"""The report of `verify`: what is closed, what is open, what cannot be told; and the one line of a monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.closure import STATUSES, is_closed
from breachkit.report.inputs import head_json, logs_json, render_inputs
from breachkit.report.page import Page
from breachkit.report.words import clean, moment, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from breachkit.detect.closure import Check, Pace
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json

STYLES = {"open": "bold red", "unknown": "yellow", "ok": "green"}
QUESTIONS = {
    "queue-clean": "Is the queue clean?",
    "no-entry-since": "Has an attacker come in since?",
    "no-attacker-since": "Do the attackers still try?",
    "password-changed": "Is the password changed?",
    "left-behind": "Is anything left behind in the account?",
    "settings": "Are the settings mended?",
    "delivery-failures": "Is mail delivered again?",
}
ANSWERS = {
    False: "NOT CLOSED",
    None: "NOT KNOWN TO BE CLOSED: something that it needs could not be read",
    True: "CLOSED",
}


class Verified(NamedTuple):
    """What was asked, and the answers."""

    since: datetime
    run: str | None
    """The purge whose end that is; None for a time that was named."""
    accounts: tuple[str, ...]
    checks: tuple[Check, ...]


def verify_json(found: Verified, inputs: Inputs) -> Json:
    """Write the object of the contract."""
    return {
        **head_json(inputs, "verify"),
        "since": stamp(found.since, inputs.zone),
        "run": found.run,
        "accounts": found.accounts,
        "closed": is_closed(found.checks),
        "checks": found.checks,
        **logs_json(inputs),
    }


def render_verify(found: Verified, inputs: Inputs, following: Sequence[str]) -> str:
    """Write the report for a terminal, the worst first."""
    page = Page()
    closed = is_closed(found.checks)
    page.say(ANSWERS[closed], style="bold green" if closed else "bold red")
    of_run = f", the end of the purge {found.run}" if found.run else ""
    page.say(f"since {moment(found.since, inputs.zone)}{of_run}", indent=2)
    if found.accounts:
        page.say(f"accounts: {', '.join(found.accounts)}", indent=2)
    for check in sorted(found.checks, key=lambda check: STATUSES.index(check.status)):
        page.say(f"{check.status:8}{QUESTIONS[check.name]}", style=STYLES[check.status])
        page.say(f"{check.detail}.", indent=8)
        if check.evidence and check.status != "ok":
            page.places(check.evidence, indent=8)
    render_inputs(page, inputs)
    page.commands(list(following))
    return page.text()


class Thresholds(NamedTuple):
    """From where on a monitor warns, and calls; None: never."""

    warn_queue: int | None
    crit_queue: int | None
    warn_rate: int | None
    crit_rate: int | None


WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
"""By the exit code of a monitoring plugin (Nagios Plugin Development Guidelines, "Plugin Return Codes")."""


def monitor_line(entry: Check, pace: Pace, limits: Thresholds, *, is_incomplete: bool) -> tuple[int, str]:
    """Write the line of a monitoring plugin, and its exit code.

    Performance data as the Nagios Plugin Development Guidelines have it: `label=value;warn;crit`.

    Args:
        entry: whether an attacking address came in.
        pace: what waits, and what the busiest account sends.
        limits: the thresholds.
        is_incomplete: some of the evidence could not be read.
    """
    said = [f"{pace.queued:,} messages queued"]
    if pace.account is not None:
        said.append(f"busiest account {pace.account} {pace.rate:,} an hour")
    said.append(f"attackers: {entry.detail}")
    levels = [_level(pace.queued, limits.warn_queue, limits.crit_queue)]
    levels.append(_level(pace.rate, limits.warn_rate, limits.crit_rate))
    levels.append(2 if entry.status == "open" else 0)
    is_unknown = is_incomplete or entry.status == "unknown"
    code = 3 if is_unknown and not any(levels) else max(levels)
    figures = [_figure("queue", pace.queued, limits.warn_queue, limits.crit_queue)]
    figures.append(_figure("rate", pace.rate, limits.warn_rate, limits.crit_rate))
    # `|` parts the text from the figures: an account's name may hold one
    text = clean("; ".join(said)).replace("|", "/")
    return code, f"BREACHKIT {WORDS[code]} - {text} | {' '.join(figures)}\n"


def _level(number: int, warn: int | None, crit: int | None) -> int:
    if crit is not None and number >= crit:
        return 2
    return int(warn is not None and number >= warn)


def _figure(name: str, number: int, warn: int | None, crit: int | None) -> str:
    limits = ";".join("" if limit is None else str(limit) for limit in (warn, crit))
    return f"{name}={number};{limits};0"
