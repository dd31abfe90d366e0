"""The indicators as a STIX 2.1 bundle (OASIS, STIX Version 2.1, 2021-06-10)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.case.indicators import Indicator
    from breachkit.report.contract import Json

NAMESPACE = uuid.UUID("8f1d7bd2-5a4e-4f0e-9f1a-2f0c9d0c6b11")
"""Of breachkit: the same value in the same case has the same id."""

PATTERNS = {
    "ipv4": "[ipv4-addr:value = '{}']",
    "ipv6": "[ipv6-addr:value = '{}']",
    "email": "[email-message:from_ref.value = '{}']",
    "url": "[url:value = '{}']",
    "domain": "[domain-name:value = '{}']",
    "subject": "[email-message:subject = '{}']",
    "text": "[email-message:body LIKE '%{}%']",
}
LONGEST = 1_000
"""Letters of a text in a pattern."""


def stix_json(indicators: Sequence[Indicator], findings: Json) -> Json:
    """Write the bundle: who says so, each indicator, and a report that holds them together."""
    created = _stamp(findings["case"]["created"])
    times = {"created": created, "modified": created}
    author = {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{uuid.uuid5(NAMESPACE, 'breachkit')}",
        "created": "2026-11-21T00:00:00.000Z",
        "modified": "2026-11-21T00:00:00.000Z",
        "name": f"breachkit {__version__}",
        "identity_class": "system",
    }
    objects = [_indicator_json(one, times, author["id"], created) for one in indicators]
    accounts = ", ".join(account["account"] for account in findings["accused"]) or "none"
    report = {
        "type": "report",
        "spec_version": "2.1",
        "id": f"report--{uuid.uuid5(NAMESPACE, created + accounts)}",
        "created_by_ref": author["id"],
        **times,
        "name": f"Spam from a stolen mailbox: {accounts}",
        "report_types": ["indicator"],
        "published": created,
        "object_refs": [author["id"], *(one["id"] for one in objects)],
    }
    return {
        "type": "bundle",
        "id": f"bundle--{uuid.uuid5(NAMESPACE, 'bundle' + created + accounts)}",
        "objects": [author, *objects, report],
    }


def _indicator_json(one: Indicator, times: Json, author: str, created: str) -> Json:
    seen = None if one.first_seen is None else _stamp(one.first_seen)
    text = one.value[:LONGEST]
    if one.kind == "text":
        text = text.replace("%", "_")  # `_` stands for any one sign in LIKE, as `%` itself cannot be escaped
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(NAMESPACE, f'{created} {one.kind} {one.value}')}",
        "created_by_ref": author,
        **times,
        "name": f"{one.kind}: {one.value}"[:250],
        "description": one.comment,
        "indicator_types": ["malicious-activity" if one.to_block else "anomalous-activity"],
        "pattern": PATTERNS[one.kind].format(_quoted(text)),
        "pattern_type": "stix",
        "valid_from": seen or created,
    }


def _quoted(text: str) -> str:
    r"""Spell a string constant of a pattern: only `\` and `'` are escaped (STIX 2.1 §9.6)."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _stamp(ts: str) -> str:
    return datetime.fromisoformat(ts).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
