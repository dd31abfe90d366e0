"""The report of `scan`: what is in the queues, and the symptoms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.contract import dated, share
from breachkit.report.inputs import head_json, logs_json, render_inputs
from breachkit.report.page import Page
from breachkit.report.words import count, moment, percent, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.detect.findings import Finding
    from breachkit.detect.inventory import Inventory, NameRow
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json

SHOWN = 10
"""Rows of a table on a terminal."""


def scan_json(scan: Inventory, symptoms: Sequence[Finding], inputs: Inputs) -> Json:
    """Write the object of the contract."""
    return {
        **head_json(inputs, "scan"),
        **dated(scan, inputs.zone),
        "senders": [row._asdict() | {"share": share(row.share)} for row in scan.senders],
        "mail_froms": [_named("mail_from", row) for row in scan.mail_froms],
        "recipient_domains": [_named("domain", row) for row in scan.recipient_domains],
        "symptoms": [
            {"name": one.name, "detail": one.detail, "severity": one.severity, "evidence": one.evidence}
            for one in symptoms
        ],
        **logs_json(inputs),
    }


def _named(key: str, row: NameRow) -> Json:
    return {key: row.name, "messages": row.messages, "share": share(row.share)}


def render_scan(scan: Inventory, symptoms: Sequence[Finding], inputs: Inputs, next_command: str) -> str:
    """Write the report for a terminal."""
    page = Page()
    page.say(f"{count(scan.messages, 'message')} in the queue, {size(scan.bytes)}", style="bold")
    if scan.messages:
        page.say(f"oldest {moment(scan.oldest, inputs.zone)}, newest {moment(scan.newest, inputs.zone)}", indent=2)
        page.say(
            f"arrived: {scan.arrived_last_hour:,} in the last hour, {scan.arrived_last_day:,} in the last day", indent=2
        )
    rows = [(row.path, f"{row.messages:,}", size(row.bytes)) for row in scan.queues]
    page.table(["queue", "messages", "bytes"], rows)
    if scan.messages:
        _render_senders(page, scan, inputs.account_title)
    if scan.sessions_by_day:
        page.heading("SMTP sessions by day")
        days = [
            (row.day, f"{row.sessions:,}", f"{row.busiest:,}", row.busiest_hour) for row in scan.sessions_by_day[-8:]
        ]
        page.table(["day", "sessions", "busiest hour", "at"], days)
    _render_symptoms(page, symptoms)
    render_inputs(page, inputs)
    page.commands([next_command])
    return page.text()


def _render_senders(page: Page, scan: Inventory, title: str) -> None:
    page.heading(f"By {title}")
    senders = [
        (
            row.auth_user or "(none: no authentication)",
            f"{row.messages:,}",
            percent(row.share),
            f"{row.mail_froms:,}",
            f"{row.recipients:,}",
        )
        for row in scan.senders[:SHOWN]
    ]
    page.table(["account", "messages", "share", "senders", "recipients"], senders)
    _render_names(page, "By declared From", "sender", scan.mail_froms, scan.mail_froms_distinct)
    _render_names(page, "By recipient domain", "domain", scan.recipient_domains, scan.recipient_domains_distinct)


def _render_names(page: Page, title: str, column: str, rows: tuple[NameRow, ...], distinct: int) -> None:
    page.heading(f"{title} ({min(SHOWN, distinct)} of {distinct:,})" if distinct > SHOWN else title)
    cells = [(row.name or "(unknown)", f"{row.messages:,}", percent(row.share)) for row in rows[:SHOWN]]
    page.table([column, "messages", "share"], cells)


def _render_symptoms(page: Page, symptoms: Sequence[Finding]) -> None:
    page.heading("Symptoms of a break-in" if symptoms else "No symptom of a break-in")
    for symptom in symptoms:
        page.say(f"{symptom.name}: {symptom.detail}", style="red", indent=2)
        page.places(symptom.evidence[:2], indent=4)
