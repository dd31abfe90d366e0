"""What `investigate` writes: the findings.json of a case."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from msgspec import Meta

from breachkit.detect.accounts.attackers import AttackKind, NotBlockedWhy
from breachkit.detect.campaigns.campaign import NoPurge, SharedString
from tests.schemas.moving import SubjectRow
from tests.schemas.reading import (
    AuthUser,
    Confidence,
    ContainDocument,
    Count,
    DeclaredSender,
    DocumentHead,
    FindAccountDocument,
    GroupDocument,
    HardenDocument,
    LogReach,
    PlaceRow,
    Positive,
    ProofId,
    Recipients,
    ScanDocument,
    Share,
    Time,
    WeakPasswordsDocument,
)


class CaseRow(TypedDict):
    run: Positive
    created: Time
    version: str
    redacted: bool
    country_source: str | None


class AccountPlace(TypedDict):
    ip: str
    country: str | None
    role: Literal["attacker", "usual"] | None
    successes: Count
    failures: Count
    first_seen: Time | None
    last_seen: Time | None
    proof: ProofId | None


class ByAttackers(TypedDict):
    messages: Count
    quarantined_messages: Count
    unclear_messages: Count
    mail_froms: list[DeclaredSender]
    mail_froms_distinct: Count
    subjects: list[SubjectRow]


class Accused(TypedDict):
    account: str
    verdict: Literal["compromised", "suspect"]
    confidence: Confidence
    messages: Count
    of_messages: Count
    share: Share
    quarantined_messages: Count
    sent_by_attackers: Count | None
    recipients: Count | None
    entry: str | None
    entry_ts: Time | None
    entry_ip: str | None
    entry_country: str | None
    failures: Count | None
    failure_addresses: Count | None
    last_ts: Time | None
    attacking_addresses: Count
    also_entered: list[str]
    mail_froms: list[DeclaredSender]
    mail_froms_distinct: Count
    by_attackers: ByAttackers
    places: list[AccountPlace]
    signals_proof: dict[str, ProofId | None]
    proof: dict[str, ProofId | None]


class AttackingAddress(TypedDict):
    ip: str
    country: str | None
    kind: AttackKind
    blocked: bool
    not_blocked_why: NotBlockedWhy | None
    entered: list[str]
    failures: Count
    first_seen: Time | None
    last_seen: Time | None


HourColumn = TypedDict(
    "HourColumn",
    {
        "from": str,
        "failures": Count,
        "entries": Count,
        "sent": Count,
        "queued": Count,
        "purged": Count,
        "proof": dict[str, ProofId | None],
    },
)


class HoursTable(TypedDict):
    step: Literal["hour", "day"]
    columns: list[HourColumn]


class MatrixRow(TypedDict):
    account: str
    cells: Annotated[list[list[Count] | None], Meta(description="[successes, failures, messages] by address.")]


class MatrixTable(TypedDict):
    addresses: list[str]
    addresses_distinct: Count
    accounts_distinct: Count
    unknown_names: Count
    countries: list[str | None]
    rows: list[MatrixRow]


class CampaignRecipients(Recipients):
    taken_out: Count


class HostRow(TypedDict):
    host: str
    messages: Count


class UrlRow(TypedDict):
    url: str
    messages: Count


class CampaignLinks(TypedDict):
    read_messages: Count
    hosts: list[HostRow]
    urls: list[UrlRow]


class CaseCampaign(TypedDict):
    id: str
    messages: Count
    queued_messages: Count
    quarantined_messages: Count
    share: Share
    bulk: bool
    purge_string: str
    strings: list[SharedString]
    subjects: list[str]
    repeated_subjects: list[SubjectRow]
    recipients: CampaignRecipients
    gone_messages: Count | None
    auth_users: list[AuthUser]
    mail_froms: list[DeclaredSender]
    mail_froms_distinct: Count
    first_seen: Time | None
    last_seen: Time | None
    sample: dict[str, Any] | None
    no_purge_why: NoPurge | None
    owners_own: Count | None
    links: CampaignLinks
    command: str | None
    proof: ProofId | None


class PurgeRun(TypedDict):
    run: str
    began: Time | None
    wanted: list[str]
    ended: bool
    moved: Count
    held: Count
    restored: Count
    dropped: Count
    gone: Count
    journal_sha256: str


class ProvenSymptom(TypedDict):
    name: str
    detail: str
    proof: ProofId | None


class WeakProof(TypedDict):
    account: str
    proof: ProofId | None


class NextStep(TypedDict):
    title: str
    command: str


class ProofRow(TypedDict):
    title: str
    count: Count
    places: Annotated[list[PlaceRow], Meta(min_length=1, max_length=5)]


class FindingsDocument(DocumentHead, LogReach):
    """Everything that an investigation found, but for the objects of the other commands."""

    schema: Literal["breachkit.investigate/1"]
    case: CaseRow
    messages: Count
    quarantined_messages: Count
    messages_proof: ProofId | None
    recipient_domains: Count
    accused: list[Accused]
    addresses: list[AttackingAddress]
    hours: HoursTable
    matrix: MatrixTable
    campaigns: list[CaseCampaign]
    purges: list[PurgeRun]
    symptoms: list[ProvenSymptom]
    weak_proof: list[WeakProof]
    settings_proof: dict[str, ProofId | None]
    absent: dict[str, str]
    scan: ScanDocument
    group: GroupDocument | None
    harden: HardenDocument | None
    contain: ContainDocument
    next: list[NextStep]
    proof: dict[str, ProofRow]


_OTHERS = TypedDict("_OTHERS", {"find-account": FindAccountDocument, "weak-passwords": WeakPasswordsDocument | None})


class InvestigateDocument(FindingsDocument, _OTHERS):
    """Everything that an investigation found; the keys named like commands hold their objects."""
