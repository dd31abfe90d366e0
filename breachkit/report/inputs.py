"""What was read and what was not: the part that every report ends or begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.contract import dated, skipped_json
from breachkit.report.words import count, moment, place, size, stamp

if TYPE_CHECKING:
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json
    from breachkit.report.page import Page

LEVEL_WORDS = {
    "none": "no SMTP logs: nothing is known of sessions",
    "summary": "the log level is too low to see AUTH (summary lines only)",
    "unknown": "the logs show neither dialogue nor summary lines",
}


_SHOWN = 3
"""Files that are named where there may be many."""


def head_json(inputs: Inputs, schema: str) -> Json:
    """Write the keys that begin every object of the contract."""
    return {
        "schema": f"breachkit.{schema}/1",
        "inputs": {
            "files": inputs.files,
            "messages": inputs.messages,
            "lines": inputs.lines,
            "bytes": inputs.bytes,
            "timezone": inputs.timezone,
            "server": inputs.server,
            "paths": inputs.paths,
            "notes": inputs.notes,
            "unread": inputs.unread,
            "passed_over": [{"path": path, "reason": reason} for path, reason in inputs.passed_over],
            **({"nodes": [dated(node, inputs.zone) for node in inputs.nodes]} if inputs.nodes else {}),
        },
        "skipped": skipped_json(inputs.skipped),
    }


def logs_json(inputs: Inputs) -> Json:
    """Write what the logs can show: their level, their reach and their gaps."""
    return {
        "log_level": inputs.log_level,
        "log_first": stamp(inputs.log_first, inputs.zone),
        "log_last": stamp(inputs.log_last, inputs.zone),
        "log_gaps": [
            {"from": stamp(start, inputs.zone), "to": stamp(end, inputs.zone), **({"node": node} if node else {})}
            for start, end, node in inputs.log_gaps
        ],
        "doors": inputs.doors,
    }


def render_inputs(page: Page, inputs: Inputs) -> None:
    """Say what was read, and what could not be."""
    page.heading("What was read")
    read = f"{count(inputs.messages, 'message')}, {count(inputs.lines, 'log line')}, {size(inputs.bytes)}"
    page.say(f"{read} in {count(inputs.files, 'file')} of {inputs.server}; times in {inputs.timezone}.", indent=2)
    for node in inputs.nodes:
        given = f"{count(node.messages, 'message')}, {count(node.lines, 'log line')}" if node.is_read else "no answer"
        page.say(f"{node.node}  {given}", style="" if node.is_read else "yellow", indent=4)
    if inputs.log_first is not None and inputs.log_last is not None:
        reach = f"{moment(inputs.log_first, inputs.zone)} to {moment(inputs.log_last, inputs.zone)}"
        page.say(f"The SMTP logs reach from {reach}; they show: {inputs.log_level}.", indent=2)
    if inputs.log_level in LEVEL_WORDS:
        page.say(f"Missing: {LEVEL_WORDS[inputs.log_level]}.", style="yellow", indent=2)
    for start, end, whose in inputs.log_gaps[:5]:
        gap = f"{moment(start, inputs.zone)} to {moment(end, inputs.zone)}"
        of_node = f" of {whose}" if whose else ""
        page.say(f"Missing: no log line{of_node} from {gap}.", style="yellow", indent=2)
    if inputs.doors:
        page.say(f"Other logs read: {', '.join(inputs.doors)} (failed and successful logins only).", indent=2)
    if inputs.unread:
        shown = ", ".join(inputs.unread[:_SHOWN]) + (" …" if len(inputs.unread) > _SHOWN else "")
        page.say(f"Not read: {count(len(inputs.unread), 'log')} of other services ({shown}).", indent=2)
    others = [(path, reason) for path, reason in inputs.passed_over if path not in set(inputs.unread)]
    if others:
        shown = ", ".join(f"{path}: {reason}" for path, reason in others[:_SHOWN])
        more = f" and {len(others) - _SHOWN:,} more, all named by --format json" if len(others) > _SHOWN else ""
        page.say(f"Passed over: {count(len(others), 'file')} ({shown}{more}).", style="yellow", indent=2)
        page.say("This report says nothing of what is in them, nor of days without a log.", indent=2)
    _render_doubts(page, inputs)


def render_skipped(page: Page, inputs: Inputs) -> None:
    """Say what could not be read, where nothing else of the inputs matters."""
    if inputs.notes or inputs.skipped:
        page.heading("What was not read")
        _render_doubts(page, inputs)


def _render_doubts(page: Page, inputs: Inputs) -> None:
    for note in inputs.notes:
        page.say(f"Note: {note}.", style="yellow", indent=2)
    for reason, (number, examples) in sorted(inputs.skipped.items()):
        where = ", ".join(place(locus) for locus in examples)
        page.say(f"Skipped: {number:,} x {reason} ({where})", style="yellow", indent=2)
