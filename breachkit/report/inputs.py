"""What was read and what was not: the part that every report ends or begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from breachkit.report.contract import skipped_json
from breachkit.report.words import count, moment, place, size, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from breachkit.records import Locus
    from breachkit.report.contract import Json
    from breachkit.report.page import Page

LEVEL_WORDS = {
    "none": "no SMTP logs: nothing is known of sessions",
    "summary": "the log level is too low to see AUTH (summary lines only)",
    "unknown": "the logs show neither dialogue nor summary lines",
}


_SHOWN = 3
"""Files that are named where there may be many."""


class Gap(NamedTuple):
    """A time of which the logs hold no line."""

    start: datetime
    end: datetime
    node: str = ""
    """Whose logs, where there are several nodes."""

    def json(self, zone: tzinfo) -> Json:
        """Write the row of the contract."""
        named = {"node": self.node} if self.node else {}
        return {"from": stamp(self.start, zone), "to": stamp(self.end, zone), **named}


class NodeInputs(NamedTuple):
    """What one of several nodes gave."""

    node: str
    root: str
    is_read: bool
    messages: int = 0
    lines: int = 0
    bytes: int = 0
    log_level: str | None = None
    log_first: datetime | None = None
    log_last: datetime | None = None

    def json(self, zone: tzinfo) -> Json:
        """Write the row of the contract."""
        times = {"log_first": stamp(self.log_first, zone), "log_last": stamp(self.log_last, zone)}
        return {**self._asdict(), **times}


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one run read."""

    files: int
    messages: int
    lines: int
    bytes: int
    timezone: str
    zone: tzinfo
    server: str
    paths: tuple[str, ...]
    skipped: Mapping[str, tuple[int, tuple[Locus, ...]]]
    notes: tuple[str, ...]
    """What a reader must know of where the evidence was found."""
    unread: tuple[str, ...]
    """Logs of services that are not read."""
    passed_over: Sequence[tuple[str, str]] = ()
    """Every file where logs are that was not read as one, and why; those of `unread` and of `skipped`, too."""
    log_level: str = "none"
    log_first: datetime | None = None
    log_last: datetime | None = None
    log_gaps: tuple[Gap, ...] = ()
    doors: tuple[str, ...] = ()
    nodes: tuple[NodeInputs, ...] = ()
    """Where several were read; empty for a single server."""
    account_word: str = ""
    """What the server calls, in a queued message, the account that sent it."""

    @property
    def account_title(self) -> str:
        """What stands above a column of these."""
        return f"account ({self.account_word})" if self.account_word else "account"

    @property
    def shows_logins(self) -> bool:
        """True when the logs show the dialogue, so that an AUTH would be seen."""
        return self.log_level.startswith("debug")

    def head_json(self, schema: str) -> Json:
        """Write the keys that begin every object of the contract."""
        return {
            "schema": f"breachkit.{schema}/1",
            "inputs": {
                "files": self.files,
                "messages": self.messages,
                "lines": self.lines,
                "bytes": self.bytes,
                "timezone": self.timezone,
                "server": self.server,
                "paths": list(self.paths),
                "notes": list(self.notes),
                "unread": list(self.unread),
                "passed_over": [{"path": path, "reason": reason} for path, reason in self.passed_over],
                **({"nodes": [node.json(self.zone) for node in self.nodes]} if self.nodes else {}),
            },
            "skipped": skipped_json(self.skipped),
        }

    def logs_json(self) -> Json:
        """Write what the logs can show: their level, their reach and their gaps."""
        return {
            "log_level": self.log_level,
            "log_first": stamp(self.log_first, self.zone),
            "log_last": stamp(self.log_last, self.zone),
            "log_gaps": [gap.json(self.zone) for gap in self.log_gaps],
            "doors": list(self.doors),
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
        page.say(f"Other doors read: {', '.join(inputs.doors)} logs (failed and successful logins only).", indent=2)
    if inputs.unread:
        shown = ", ".join(inputs.unread[:3]) + (" …" if len(inputs.unread) > 3 else "")  # noqa: PLR2004
        page.say(f"Not read: {count(len(inputs.unread), 'log')} of other services ({shown}).", indent=2)
    others = [(path, reason) for path, reason in inputs.passed_over if path not in set(inputs.unread)]
    if others:
        shown = ", ".join(f"{path}: {reason}" for path, reason in others[:_SHOWN])
        more = f" and {len(others) - _SHOWN:,} more, all named by --format json" if len(others) > _SHOWN else ""
        page.say(f"Passed over: {count(len(others), 'file')} ({shown}{more}).", style="yellow", indent=2)
        page.say("Of what stands in them, and of days that no log holds, nothing is said here.", indent=2)
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
