"""What of the incident others may look for: attacking addresses, senders, links, domains and texts of the spam.

Made of the findings, so that a redacted case gives redacted indicators. Values are real here, never defanged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from typing import Literal
from typing import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.report.contract import Json

Kind = Literal["ipv4", "ipv6", "email", "url", "domain", "subject", "text"]
COLUMNS = ("type", "value", "first_seen", "last_seen", "to_block", "comment")

_HOST = re.compile(r"https?://(?:[^/@\s]*@)?([A-Za-z0-9.-]{1,253})", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+%=~!#$&'*/?^`{|}-]{1,64}@[A-Za-z0-9.-]{1,253}")
MOST_SENDERS = 20
"""Declared senders of one campaign: a run under thousands of forged names tells nothing by them."""


class Indicator(NamedTuple):
    """One thing to look for."""

    kind: Kind
    value: str
    first_seen: str | None
    last_seen: str | None
    to_block: bool
    """False for what is odd but also lawful elsewhere: a subject, a forged sender who is a victim too."""
    comment: str


def indicators_of(findings: Json) -> list[Indicator]:
    """Collect them, each value once."""
    found: dict[tuple[str, str], Indicator] = {}
    for indicator in (*_addresses(findings), *_texts(findings)):
        found.setdefault((indicator.kind, indicator.value), indicator)
    return sorted(found.values(), key=lambda one: (_ORDER.index(one.kind), one.value))


_ORDER: tuple[Kind, ...] = ("ipv4", "ipv6", "email", "url", "domain", "subject", "text")


def _addresses(findings: Json) -> Iterator[Indicator]:
    """List the attacking addresses; one that an account used lawfully too is not to be blocked."""
    blocked = set(findings["contain"]["block"])
    for account in findings["accused"]:
        for place in account["places"]:
            if place["role"] == "attacker":
                kind: Kind = "ipv6" if ":" in place["ip"] else "ipv4"
                country = f", {place['country']}" if place["country"] else ""
                what = "entered" if place["successes"] else "tried"
                comment = f"{what} {account['account']}{country}"
                is_blocked = place["ip"] in blocked
                comment += "" if is_blocked else "; used lawfully too, or no public address"
                yield Indicator(kind, place["ip"], place["first_seen"], place["last_seen"], is_blocked, comment)


def _texts(findings: Json) -> Iterator[Indicator]:
    own = {account["account"].rpartition("@")[2] for account in findings["find-account"]["accounts"]}
    for campaign in findings["campaigns"]:
        if campaign["bulk"]:
            continue
        seen = (campaign["first_seen"], campaign["last_seen"])
        comment = f"campaign {campaign['id']}, {campaign['messages']} messages"
        for row in campaign["mail_froms"][:MOST_SENDERS]:
            sender = row["mail_from"]
            if sender and _ADDRESS.fullmatch(sender) and sender.rpartition("@")[2] not in own:
                yield Indicator("email", sender, *seen, False, f"declared sender of {comment}")
        for url in _urls(campaign):
            yield Indicator("url", url, *seen, True, f"in {comment}")
            host = _HOST.match(url)
            if host is not None and _is_domain(host[1]):
                yield Indicator("domain", host[1].lower().strip("."), *seen, False, f"linked by {comment}")
        for subject in campaign["subjects"]:
            yield Indicator("subject", subject, *seen, False, f"subject of {comment}")
        yield Indicator("text", campaign["purge_string"], *seen, False, f"in every message of {comment}")


def _urls(campaign: Json) -> Iterator[str]:
    """List the links of the sample whose host all share: a shared string alone may cut a host in two."""
    shared = [campaign["purge_string"], *(row["text"] for row in campaign["strings"])]
    for url in (campaign["sample"] or {"urls": []})["urls"]:
        host = _HOST.match(url)
        if host is not None and any(host[1] in text for text in shared):
            yield url


def _is_domain(host: str) -> bool:
    return "." in host.strip(".") and not host.replace(".", "").isdigit()


def rows_of(indicators: list[Indicator]) -> Iterator[Json]:
    """Write the rows of the plain table."""
    for one in indicators:
        named = one._asdict()
        yield {"type": named.pop("kind"), **named, "to_block": "yes" if one.to_block else "no"}
