"""What of the incident others may look for: attacking addresses, senders, links, domains and texts of the spam.

Made of the findings, so that a redacted case gives redacted indicators. Values are real here, never defanged.
What a campaign has once is no indicator: spam is written so that no two subjects, senders and links are the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.case.samples import host_of
from breachkit.report.attackers import WHY_WORDS
from breachkit.report.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.report.contract import Json

Kind = Literal["ipv4", "ipv6", "email", "url", "domain", "subject", "text"]
COLUMNS = ("type", "value", "first_seen", "last_seen", "to_block", "comment")

_ADDRESS = re.compile(r"[\w.+%=~!#$&'*/?^`{|}-]{1,64}@[A-Za-z0-9.-]{1,253}")
_LINK = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,15}://|www\.)[^\s<>\"']*", re.IGNORECASE)
MOST_SENDERS = 20
"""Declared senders of one campaign: a run under thousands of forged names tells nothing by them."""
REPEATED, REPEATED_SHARE = 2, 0.01
"""Messages of a campaign, in number and as a share, that have a value which is an indicator of it."""
TELLING = 8
"""Letters and digits of a text that is one."""


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
    """List the attacking addresses; one that must not be blocked says why."""
    for row in findings["addresses"]:
        comment = row["kind"]
        if row["entered"]:
            comment += f": entered {_several(row['entered'])}"
        elif row["failures"]:
            comment += f": {count(row['failures'], 'failed login')}"
        comment += f", {row['country']}" if row["country"] else ""
        comment += "" if row["blocked"] else f"; not to be blocked: {WHY_WORDS[row['not_blocked_why']]}"
        kind: Kind = "ipv6" if ":" in row["ip"] else "ipv4"
        yield Indicator(kind, row["ip"], row["first_seen"], row["last_seen"], row["blocked"], comment)


def _several(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1:,} more"


def _texts(findings: Json) -> Iterator[Indicator]:
    own = {account["account"].rpartition("@")[2] for account in findings["find-account"]["accounts"]} - {""}
    for campaign in findings["campaigns"]:
        if not campaign["bulk"]:
            seen = (campaign["first_seen"], campaign["last_seen"])
            comment = f"campaign {campaign['id']}, {campaign['messages']} messages"
            for kind, value, what in _repeated_of(campaign, own):
                yield Indicator(kind, value, *seen, kind == "url", f"{what} {comment}")


def _repeated_of(campaign: Json, own: set[str]) -> Iterator[tuple[Kind, str, str]]:
    """List what a campaign has again and again, with what it is to it; what is of the house is left out."""
    messages, links = campaign["messages"], campaign["links"]
    for sender in _repeated(campaign["mail_froms"][:MOST_SENDERS], "mail_from", messages):
        if _ADDRESS.fullmatch(sender) and not _is_own(sender.rpartition("@")[2], own):
            yield "email", sender, "declared sender of"
    for url in _repeated(links["urls"], "url", links["read_messages"]):
        if not _is_own(host_of(url) or "", own):
            yield "url", url, "in"
    for host in _repeated(links["hosts"], "host", links["read_messages"]):
        if not _is_own(host, own):
            yield "domain", host, "linked by"
    for subject in _repeated(campaign["repeated_subjects"], "subject", messages):
        yield "subject", subject, "subject of"
    text = _text_of(campaign)
    if text is not None:
        yield "text", text, "in every message of"


def _repeated(rows: list[Json], key: str, messages: int) -> Iterator[str]:
    least = max(REPEATED, REPEATED_SHARE * messages)
    return (row[key] for row in rows if row[key] and row["messages"] >= least)


def _is_own(host: str, own: set[str]) -> bool:
    """Tell a host of the house: what thieves send has the house's own links in its footers."""
    return any(host == domain or host.endswith("." + domain) for domain in own)


def _text_of(campaign: Json) -> str | None:
    """Return the longest part of the shared string that is text: a link is told by its host, and never cut in two."""
    sample = campaign["sample"]
    if sample is None or not sample["shared"]:
        # nothing shows what stands around it
        sample = {"before": "", "shared": campaign["purge_string"], "after": ""}
    whole = sample["before"] + sample["shared"] + sample["after"]
    begin = len(sample["before"])
    end = begin + len(sample["shared"])
    parts, at = [], begin
    for link in _LINK.finditer(whole):
        if link.end() > at and link.start() < end:
            parts.append(whole[at : max(at, link.start())])
            at = min(link.end(), end)
    text = max([*parts, whole[at:end]], key=len).strip()
    return text if sum(sign.isalnum() for sign in text) >= TELLING else None


def rows_of(indicators: list[Indicator]) -> Iterator[Json]:
    """Write the rows of the plain table."""
    for one in indicators:
        named = one._asdict()
        yield {"type": named.pop("kind"), **named, "to_block": "yes" if one.to_block else "no"}
