"""What the commands that only read write with `--format json`, and what every object begins with."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from breachkit.advice import Step
from breachkit.detect.accounts.accusation import Group, Place, VerdictName
from breachkit.detect.accounts.attackers import Attacker, NotBlockedWhy, OtherFailure
from breachkit.detect.accounts.suspects import AlsoTried, Entry
from breachkit.detect.accounts.unauthenticated import How
from breachkit.detect.campaigns.campaign import NoPurge, SharedString
from breachkit.detect.checkup import Lack, Part
from breachkit.detect.closure import Check
from breachkit.detect.hardening import JudgedSetting
from breachkit.detect.inventory import DayRow, QueueRow, SenderRow
from breachkit.detect.passwords.weak_accounts import WeakAccount
from breachkit.records import SessionKind, SessionOutcome
from breachkit.text.letter import Attachment

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(ge=0, le=1)]
"""A fraction of the messages read."""
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$")]
"""ISO 8601 with offset and seconds."""
ProofId = Annotated[str, Meta(pattern=r"^p[0-9]+$")]
"""A key of `proof` in findings.json."""
CampaignId = Annotated[str, Meta(pattern=r"^[0-9a-f]{10}$")]

Level = Literal["none", "summary", "debug", "debug+summary", "extended", "normal", "unknown"]
Confidence = Literal["high", "medium", "low"]


class PlaceRow(TypedDict):
    path: str
    offset: Count
    line: Positive


class PassedOverRow(TypedDict):
    path: str
    reason: str


class ReadNode(TypedDict):
    node: str
    root: str
    is_read: bool
    messages: Count
    lines: Count
    bytes: Count
    log_level: Level | None
    log_first: Time | None
    log_last: Time | None


class InputsRow(TypedDict):
    files: Count
    messages: Count
    lines: Count
    bytes: Count
    timezone: str
    server: str
    paths: list[str]
    notes: list[str]
    unread: list[str]
    passed_over: list[PassedOverRow]
    nodes: NotRequired[list[ReadNode]]


class SkippedRow(TypedDict):
    reason: str
    count: Positive
    examples: Annotated[list[PlaceRow], Meta(max_length=3)]


class DocumentHead(TypedDict):
    """What every object begins with."""

    inputs: InputsRow
    skipped: list[SkippedRow]


LogGap = TypedDict("LogGap", {"from": Time | None, "to": Time | None, "node": NotRequired[str]})


class LogReach(TypedDict):
    """What the logs can show."""

    log_level: Level
    log_first: Time | None
    log_last: Time | None
    log_gaps: list[LogGap]
    doors: list[str]


class AuthUser(TypedDict):
    auth_user: str | None
    messages: Count


class DeclaredSender(TypedDict):
    mail_from: str | None
    messages: Count


class MailFrom(DeclaredSender):
    share: Share


class RecipientDomain(TypedDict):
    domain: str | None
    messages: Count
    share: Share


class Symptom(TypedDict):
    name: Literal[
        "one-sender-dominates",
        "tiny-messages",
        "random-recipients",
        "failing-recipients",
        "sender-not-account",
        "queue-growing",
        "sessions-multiplying",
    ]
    detail: str
    severity: Literal["low", "medium", "high"]
    evidence: Annotated[list[PlaceRow], Meta(min_length=1)]


class ScanDocument(DocumentHead, LogReach):
    """What is in the queues, and the symptoms of a break-in."""

    schema: Literal["breachkit.scan/1"]
    messages: Count
    bytes: Count
    oldest: Time | None
    newest: Time | None
    arrived_last_hour: Count
    arrived_last_day: Count
    queues: list[QueueRow]
    senders: list[SenderRow]
    mail_froms: Annotated[list[MailFrom], Meta(max_length=50)]
    mail_froms_distinct: Count
    recipient_domains: Annotated[list[RecipientDomain], Meta(max_length=50)]
    recipient_domains_distinct: Count
    sessions_by_day: list[DayRow]
    symptoms: list[Symptom]


class CampaignRow(TypedDict):
    id: CampaignId
    messages: Positive
    quarantined_messages: Count
    share: Share
    bulk: bool
    no_purge_why: NoPurge | None
    strings: Annotated[list[SharedString], Meta(min_length=1)]
    auth_users: list[AuthUser]
    mail_froms: Annotated[list[MailFrom], Meta(max_length=20)]
    mail_froms_distinct: Count
    subjects: Annotated[list[str], Meta(max_length=20)]
    client_ips_distinct: Count
    purge_string: Annotated[str, Meta(pattern=r"^[^\r\n]+$")]
    first_seen: Time | None
    last_seen: Time | None


class PlainGroupRow(TypedDict):
    name: str | None
    messages: Positive
    share: Share
    auth_users: list[AuthUser]
    mail_froms: Annotated[list[MailFrom], Meta(max_length=20)]
    first_seen: Time | None
    last_seen: Time | None


class GroupDocument(DocumentHead):
    """The queue in campaigns, by the strings that their messages share."""

    schema: Literal["breachkit.group/1"]
    by: Literal["content", "local-sender", "from", "subject", "url"]
    judged: NotRequired[bool]
    campaigns: list[CampaignRow]
    campaigns_found: NotRequired[Count]
    groups: NotRequired[list[PlainGroupRow]]
    ungrouped: Count


class SignalRow(TypedDict):
    name: str
    family: Literal["queue", "sender", "destination", "place", "entry"]
    detail: str
    evidence: Annotated[list[PlaceRow], Meta(min_length=1)]


class Recipients(TypedDict):
    """Each recipient of a message once, by its last status; `tried` is the sum of the others."""

    tried: Count
    delivered: Count
    waiting: Count
    dead: Count
    refused: Count
    unknown: Count


class FoundAccount(TypedDict):
    account: str
    candidates: list[str]
    verdict: VerdictName
    confidence: Confidence
    entry: Entry | None
    entry_ts: Time | None
    entry_ip: str | None
    signals: list[SignalRow]
    doubts: list[str]
    queued_messages: Count
    quarantined_messages: Count
    queued_share: Share
    sent_messages: Count | None
    auth_successes: Count | None
    auth_failures_before_entry: Count | None
    last_ts: Time | None
    client_ips: list[Place]
    groups: list[Group]
    mechanisms: list[str]
    weak_password: str | None
    also_tried_by_same_ips: list[AlsoTried]
    unknown_names_tried: Count
    recipients: Recipients | None


class UnauthenticatedRow(TypedDict):
    client_ip: str
    how: How
    verdict: VerdictName
    confidence: Confidence
    signals: list[SignalRow]
    messages: Count
    queued_messages: Count
    queued_share: Share
    recipients: Count
    mail_froms: Annotated[list[MailFrom], Meta(max_length=20)]
    first_seen: Time | None
    last_seen: Time | None
    evidence: list[PlaceRow]


class FindAccountDocument(DocumentHead, LogReach):
    """Which account sends the spam, how it was entered, and what else was touched."""

    schema: Literal["breachkit.find-account/1"]
    accounts: list[FoundAccount]
    unattributed_messages: Count
    joins: dict[str, Count]
    contradicting_messages: Count
    attackers: list[Attacker]
    other_failures: list[OtherFailure]
    unauthenticated: list[UnauthenticatedRow]


class TranscriptRow(TypedDict):
    ts: Time | None
    direction: Literal["received", "sent", "note"]
    text: str


class SessionRow(TypedDict):
    kind: SessionKind
    client_ip: str | None
    peer: str
    thread: str
    start: Time | None
    end: Time | None
    lines: list[TranscriptRow]
    auth_user: str | None
    outcome: SessionOutcome
    message_ids: list[str]
    source: PlaceRow


class TraceDocument(DocumentHead, LogReach):
    """The SMTP sessions of a message, an account or an address."""

    schema: Literal["breachkit.trace/1"]
    sessions_found: Count
    sessions: list[SessionRow]


class ShownCampaign(TypedDict):
    id: CampaignId
    messages: Positive
    share: Share
    bulk: bool
    purge_string: str
    no_purge_why: NoPurge | None


class ShowDocument(DocumentHead):
    """One message of the queue as its reader sees it, and its session."""

    schema: Literal["breachkit.show/1"]
    path: str
    files: Annotated[list[str], Meta(min_length=1)]
    queue: Annotated[str | None, Meta(description="Its folder; null when it lies in no queue of the evidence.")]
    quarantined: bool
    bytes: Count
    auth_user: str | None
    mail_from: str | None
    header_from: str | None
    reply_to: str | None
    queue_id: str | None
    client_ip: str | None
    ts: Time | None
    recipients: list[str]
    subject: str | None
    text: Annotated[str, Meta(description="As its reader sees it; at most 16,384 characters.")]
    text_truncated: bool
    attachments: Annotated[list[Attachment], Meta(max_length=100)]
    attachments_found: Count
    session: SessionRow | None
    campaign: Annotated[ShownCampaign | None, Meta(description="Only with --campaign.")]


class WeakPasswordsDocument(DocumentHead):
    """Accounts whose password can be guessed."""

    schema: Literal["breachkit.weak-passwords/1"]
    checked: Count
    unreadable: Count
    not_people: Count
    untested: Count
    hashed: dict[str, Count]
    accounts: list[WeakAccount]


class HardenDocument(DocumentHead):
    """The server's settings against the vendor's guides."""

    schema: Literal["breachkit.harden/1"]
    settings: list[JudgedSetting]
    other_settings: Count
    notes: list[str]


class DoctorDocument(DocumentHead):
    """Which evidence is there, what is missing, and the lines that collect it."""

    schema: Literal["breachkit.doctor/1"]
    found: list[Part]
    missing: list[Lack]
    disk_free: Count | None


class VerifyDocument(DocumentHead, LogReach):
    """Whether the incident is closed: true, false, or null where something that it needs could not be read."""

    schema: Literal["breachkit.verify/1"]
    since: Time
    run: str | None
    accounts: list[str]
    closed: bool | None
    checks: list[Check]


class ContainedAccount(TypedDict):
    account: str
    verdict: VerdictName | None
    steps: list[Step]


class NotBlocked(TypedDict):
    ip: str
    why: NotBlockedWhy


class ContainDocument(DocumentHead):
    """The steps that contain compromised accounts."""

    schema: Literal["breachkit.contain/1"]
    accounts: list[ContainedAccount]
    block: list[str]
    block_minutes: Positive
    lawful: Count
    not_blocked: list[NotBlocked]


class CheckedNode(TypedDict):
    node: str
    root: str
    answers: bool
    good: bool
    worker: str | None
    breachkit: str | None
    queues: Count | None
    logs: Count | None
    log_bytes: Count | None
    has_accounts: bool | None
    trouble: str | None


class CheckedWorker(TypedDict):
    worker: str
    nodes: list[str]
    breachkit: str | None
    python: str | None


class ClusterCheckDocument(TypedDict):
    """Which nodes answer, and what evidence each sees."""

    schema: Literal["breachkit.cluster-check/1"]
    scheduler: str
    breachkit: str
    nodes: list[CheckedNode]
    workers: list[CheckedWorker]


DOCUMENTS = (
    ScanDocument,
    GroupDocument,
    FindAccountDocument,
    TraceDocument,
    ShowDocument,
    WeakPasswordsDocument,
    HardenDocument,
    ContainDocument,
    VerifyDocument,
    DoctorDocument,
    ClusterCheckDocument,
)
