"""What of the incident others may look for: attacking addresses, senders, links, domains and texts of the spam.

Made of the findings, so that a redacted case gives redacted indicators. Values are real here, never defanged. What a
campaign has once is no indicator: spam is written so that no two subjects, senders and links are the same. They are
written as a plain table, a STIX 2.1 bundle (OASIS, 2021-06-10) and a MISP event (draft-dulaunoy-misp-core-format).
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit import __version__
from breachkit.case.spamruns import host_of
from breachkit.report.find_account_report import WHY_WORDS
from breachkit.report.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.report.contract import Json

Kind = Literal["ipv4", "ipv6", "email", "url", "domain", "subject", "text"]
COLUMNS = ("type", "value", "first_seen", "last_seen", "to_block", "comment")
MOST_SENDERS = 20
"""Declared senders of one campaign: a run under thousands of forged names tells nothing by them."""
REPEATED, REPEATED_SHARE = 2, 0.01
"""Messages of a campaign, in number and as a share, that have a value which is an indicator of it."""
TELLING = 8
"""Letters and digits of a text that is one."""
NAMESPACE = uuid.UUID("8f1d7bd2-5a4e-4f0e-9f1a-2f0c9d0c6b11")
"""Of breachkit: the same value in the same case has the same id."""
LONGEST_PATTERN = 1_000
"""Letters of a text in a pattern of STIX."""

_KINDS: dict[Kind, tuple[str, str, str]] = {
    "ipv4": ("[ipv4-addr:value = '{}']", "ip-src", "Network activity"),
    "ipv6": ("[ipv6-addr:value = '{}']", "ip-src", "Network activity"),
    "email": ("[email-message:from_ref.value = '{}']", "email-src", "Payload delivery"),
    "url": ("[url:value = '{}']", "url", "Network activity"),
    "domain": ("[domain-name:value = '{}']", "domain", "Network activity"),
    "subject": ("[email-message:subject = '{}']", "email-subject", "Payload delivery"),
    "text": ("[email-message:body LIKE '%{}%']", "email-body", "Payload delivery"),
}
"""In the order of the table: the pattern of STIX, type and category of MISP."""
_ADDRESS = re.compile(r"[\w.+%=~!#$&'*/?^`{|}-]{1,64}@[A-Za-z0-9.-]{1,253}")
_LINK = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,15}://|www\.)[^\s<>\"']*", re.IGNORECASE)


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
    order = [*_KINDS]
    return sorted(found.values(), key=lambda one: (order.index(one.kind), one.value))


def _addresses(findings: Json) -> Iterator[Indicator]:
    """List the attacking addresses; one that must not be blocked says why."""
    for row in findings["addresses"]:
        comment, entered = row["kind"], row["entered"]
        if entered:
            comment += f": entered {entered[0]}" + (f" and {len(entered) - 1:,} more" if entered[1:] else "")
        elif row["failures"]:
            comment += f": {count(row['failures'], 'failed login')}"
        comment += f", {row['country']}" if row["country"] else ""
        comment += "" if row["blocked"] else f"; not to be blocked: {WHY_WORDS[row['not_blocked_why']]}"
        kind: Kind = "ipv6" if ":" in row["ip"] else "ipv4"
        yield Indicator(kind, row["ip"], row["first_seen"], row["last_seen"], row["blocked"], comment)


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
    """Return the longest part of the shared string that is no link: a link is known by its host, never cut in two."""
    sample = campaign["sample"]
    if sample is None or not sample["shared"]:
        # nothing shows what stands around it
        sample = {"before": "", "shared": campaign["purge_string"], "after": ""}
    whole = sample["before"] + sample["shared"] + sample["after"]
    begin = at = len(sample["before"])
    end = begin + len(sample["shared"])
    parts = []
    for link in _LINK.finditer(whole):
        if link.end() > at and link.start() < end:
            parts.append(whole[at : max(at, link.start())])
            at = min(link.end(), end)
    text = max([*parts, whole[at:end]], key=len).strip()
    return text if sum(sign.isalnum() for sign in text) >= TELLING else None


def rows_of(indicators: list[Indicator]) -> Iterator[Json]:
    """Write the rows of the plain table."""
    for one in indicators:
        yield {**one._asdict(), "type": one.kind, "to_block": "yes" if one.to_block else "no"}


def stix_json(indicators: Sequence[Indicator], findings: Json) -> Json:
    """Write the bundle: who says so, each indicator, and a report that holds them together."""
    created = _stix_time(findings["case"]["created"])
    author = {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{uuid.uuid5(NAMESPACE, 'breachkit')}",
        "created": "2026-11-21T00:00:00.000Z",
        "modified": "2026-11-21T00:00:00.000Z",
        "name": f"breachkit {__version__}",
        "identity_class": "system",
    }
    made = {"created_by_ref": author["id"], "created": created, "modified": created}
    objects = [
        {
            "type": "indicator",
            "spec_version": "2.1",
            "id": f"indicator--{uuid.uuid5(NAMESPACE, f'{created} {one.kind} {one.value}')}",
            **made,
            "name": f"{one.kind}: {one.value}"[:250],
            "description": one.comment,
            "indicator_types": ["malicious-activity" if one.to_block else "anomalous-activity"],
            "pattern": _pattern(one),
            "pattern_type": "stix",
            "valid_from": created if one.first_seen is None else _stix_time(one.first_seen),
        }
        for one in indicators
    ]
    accounts = _accounts(findings)
    report = {
        "type": "report",
        "spec_version": "2.1",
        "id": f"report--{uuid.uuid5(NAMESPACE, created + accounts)}",
        **made,
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


def _pattern(one: Indicator) -> str:
    r"""Spell a pattern; of its string constant only `\` and `'` are escaped (STIX 2.1 §9.6)."""
    text = one.value[:LONGEST_PATTERN]
    if one.kind == "text":
        text = text.replace("%", "_")  # `_` stands for any one sign in LIKE, as `%` itself cannot be escaped
    return _KINDS[one.kind][0].format(text.replace("\\", "\\\\").replace("'", "\\'"))


def _stix_time(ts: str) -> str:
    return datetime.fromisoformat(ts).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _accounts(findings: Json) -> str:
    return ", ".join(account["account"] for account in findings["accused"]) or "none"


def misp_json(indicators: Sequence[Indicator], findings: Json) -> Json:
    """Write the event; it is shared with nobody until its owner says so."""
    created = datetime.fromisoformat(findings["case"]["created"])
    accounts, now = _accounts(findings), str(int(created.timestamp()))
    attributes = []
    for one in indicators:
        _, kind, category = _KINDS[one.kind]
        attributes.append(
            {
                "uuid": str(uuid.uuid5(NAMESPACE, f"misp {created.isoformat()} {one.kind} {one.value}")),
                "type": kind,
                "category": category,
                "value": one.value,
                "to_ids": one.to_block,
                "comment": one.comment,
                "distribution": "5",  # as the event
                "timestamp": now,
                **({} if one.first_seen is None else {"first_seen": one.first_seen}),
                **({} if one.last_seen is None else {"last_seen": one.last_seen}),
            }
        )
    return {
        "Event": {
            "uuid": str(uuid.uuid5(NAMESPACE, f"misp {created.isoformat()} {accounts}")),
            "info": f"Spam from a stolen mailbox: {accounts}",
            "date": f"{created:%Y-%m-%d}",
            "timestamp": now,
            "published": False,
            "analysis": "2",  # completed
            "threat_level_id": "2",  # medium
            "distribution": "0",  # your organisation only
            "Tag": [{"name": "tlp:amber"}],
            "Attribute": attributes,
        },
    }
