"""Every address that attacked, once: the one list that the page's block list and the indicators are made of."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from breachkit.case.accused import accused_of
from breachkit.report.words import stamp

if TYPE_CHECKING:
    from breachkit.case.investigation import Investigation
    from breachkit.detect.compromise import Place
    from breachkit.report.contract import Json


def addresses_json(case: Investigation) -> list[Json]:
    """Write a row for each address that attacked an accused account: those to block in order, then the others.

    `blocked` says whether it may stand in a block list, `not_blocked_why` why not; `entered` and `tried` name the
    accused accounts it came into, and those it only tried.
    """
    places: dict[str, list[tuple[str, Place]]] = {}
    for account in accused_of(case):
        for place in account.client_ips:
            if place.attacking:
                places.setdefault(_spelled(place.ip), []).append((account.account, place))
    blocked = [ip for ip in case.containing.attackers.ips if ip in places]
    return [_address_json(case, ip, places[ip]) for ip in dict.fromkeys([*blocked, *sorted(places)])]


def _address_json(case: Investigation, ip: str, visited: list[tuple[str, Place]]) -> Json:
    moments = [moment for _, place in visited for moment in (place.first_seen, place.last_seen)]
    is_blocked = ip in case.containing.attackers.ips
    return {
        "ip": ip,
        "country": case.country(ip),
        "blocked": is_blocked,
        "not_blocked_why": None if is_blocked else _why(ip),
        "entered": [account for account, place in visited if place.successes],
        "tried": [account for account, place in visited if not place.successes],
        "first_seen": stamp(min(moments), case.inputs.zone),
        "last_seen": stamp(max(moments), case.inputs.zone),
    }


def _spelled(ip: str) -> str:
    """Spell an address as block lists do; a word of evidence stays as it is."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ip
    return str(getattr(address, "ipv4_mapped", None) or address)


def _why(ip: str) -> str:
    """Tell why an address that attacked is not blocked: an account used it lawfully, or nothing comes from it."""
    try:
        address = ip_address(ip)
    except ValueError:
        return "no address"
    return "loopback" if address.is_loopback or address.is_unspecified or address.is_multicast else "usual"
