"""Tries to log in as a stream of events with the field names of the Elastic Common Schema (ECS 8.17)."""

from __future__ import annotations

from datetime import UTC
from ipaddress import ip_address
from typing import TYPE_CHECKING

from breachkit.detect.accounts.inquiry import is_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from breachkit.case.investigation import Investigation
    from breachkit.report.contract import Json

ECS = "8.17.0"
OUTCOMES = {"success": "success", "failure": "failure", "undetermined": "unknown"}


def ecs_events(case: Investigation, named: Callable[[str], str] = str) -> Iterator[Json]:
    """Write every try to log in that the logs show, in order of time; a secret is in none.

    `named` gives people and addresses the names that the case has for them.
    """
    for row in case.inquiry.attempts.itertuples():
        account = row.account if isinstance(row.account, str) else None
        # people type their password where the name goes: a name that no account is known by stays away
        if not is_name(account):
            account = None
        country = case.country(str(row.client_ip))
        ip, account = named(str(row.client_ip)), account and named(account)
        yield {
            "@timestamp": row.ts.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),  # type: ignore[union-attr]
            "message": f"{OUTCOMES[str(row.outcome)]} of a login on {account or 'an unknown account'} from {ip}",
            "ecs": {"version": ECS},
            "event": {
                "kind": "event",
                "category": ["authentication"],
                "type": ["start"],
                "action": "login",
                "outcome": OUTCOMES[str(row.outcome)],
                "provider": case.inputs.server,
                "dataset": f"{case.inputs.server}.{row.service}",
                "module": "breachkit",
            },
            "source": {
                "address": ip,
                **({"ip": ip} if _is_ip(ip) else {}),
                **({"geo": {"country_iso_code": country}} if country else {}),
            },
            **({} if account is None else {"user": _user(account)}),
            "network": {"protocol": str(row.service) if row.service != "web" else "http"},
            "log": {"file": {"path": row.source.path}, "origin": {"file": {"line": row.source.line}}},  # type: ignore[union-attr]
            "related": {"ip": [ip] if _is_ip(ip) else [], "user": [account] if account else []},
        }


def _user(account: str) -> Json:
    name, _, domain = account.partition("@")
    return {"name": name, "domain": domain, "email": account} if domain else {"name": name}


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
