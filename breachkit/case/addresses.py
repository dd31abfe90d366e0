"""Every address that attacked, once: the one list that the page's block list and the indicators are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.words import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from breachkit.case.investigation import Investigation
    from breachkit.report.contract import Json


def addresses_json(case: Investigation) -> list[Json]:
    """Write a row for each attacking address: those to block in the order of block lists, then the others.

    `blocked` says whether it may stand in a block list, `not_blocked_why` why not; `entered` names the accounts it came
    into, `failures` counts its failed logins.
    """
    wanted = {ip.ip: (ip, attacker) for attacker in case.found.attackers for ip in attacker.ips}
    visits = case.inquiry.visits_by([*wanted], ("successes", "failures", "first_seen", "last_seen"))
    visited = {str(ip): rows for ip, rows in visits.groupby(level="client_ip", observed=True)}
    found = {}
    for ip, (judged, attacker) in wanted.items():
        rows = visited.get(ip)
        entered = [] if rows is None else list(rows.index.get_level_values("account")[rows["successes"] > 0])
        first_seen: datetime = attacker.first_seen if rows is None else rows["first_seen"].min()
        last_seen: datetime = attacker.last_seen if rows is None else rows["last_seen"].max()
        found[ip] = {
            "ip": ip,
            "country": case.country(ip),
            "kind": attacker.kind,
            "blocked": judged.blocked,
            "not_blocked_why": judged.not_blocked_why,
            "entered": sorted({*entered} & {*attacker.accounts_entered}),
            "failures": 0 if rows is None else int(rows["failures"].sum()),
            "first_seen": stamp(first_seen, case.inputs.zone),
            "last_seen": stamp(last_seen, case.inputs.zone),
        }
    order = [ip for ip in case.containing.attackers.ips if ip in found]
    return [found[ip] for ip in dict.fromkeys([*order, *sorted(found)])]
