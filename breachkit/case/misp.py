"""The indicators as a MISP event (MISP core format, draft-dulaunoy-misp-core-format)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.case.stix import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.case.indicators import Indicator
    from breachkit.report.contract import Json

TYPES = {
    "ipv4": ("ip-src", "Network activity"),
    "ipv6": ("ip-src", "Network activity"),
    "email": ("email-src", "Payload delivery"),
    "url": ("url", "Network activity"),
    "domain": ("domain", "Network activity"),
    "subject": ("email-subject", "Payload delivery"),
    "text": ("email-body", "Payload delivery"),
}
"""Type and category of an attribute."""

ORGANISATION, COMPLETED, MEDIUM = "0", "2", "2"
"""Distribution: your organisation only. Analysis: completed. Threat level: medium."""


def misp_json(indicators: Sequence[Indicator], findings: Json) -> Json:
    """Write the event; it is shared with nobody until its owner says so."""
    created = datetime.fromisoformat(findings["case"]["created"])
    accounts = ", ".join(account["account"] for account in findings["accused"]) or "none"
    return {
        "Event": {
            "uuid": str(uuid.uuid5(NAMESPACE, f"misp {created.isoformat()} {accounts}")),
            "info": f"Spam from a stolen mailbox: {accounts}",
            "date": f"{created:%Y-%m-%d}",
            "timestamp": str(int(created.timestamp())),
            "published": False,
            "analysis": COMPLETED,
            "threat_level_id": MEDIUM,
            "distribution": ORGANISATION,
            "Tag": [{"name": "tlp:amber"}],
            "Attribute": [_attribute_json(one, created) for one in indicators],
        },
    }


def _attribute_json(one: Indicator, created: datetime) -> Json:
    kind, category = TYPES[one.kind]
    return {
        "uuid": str(uuid.uuid5(NAMESPACE, f"misp {created.isoformat()} {one.kind} {one.value}")),
        "type": kind,
        "category": category,
        "value": one.value,
        "to_ids": one.to_block,
        "comment": one.comment,
        "distribution": "5",  # as the event
        "timestamp": str(int(created.timestamp())),
        **({} if one.first_seen is None else {"first_seen": one.first_seen}),
        **({} if one.last_seen is None else {"last_seen": one.last_seen}),
    }
