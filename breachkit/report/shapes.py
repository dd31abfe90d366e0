"""The JSON contract as types: what each command writes with `--format json`, one class an object.

The JSON Schemas in `schemas/` are made of these types (`python -m tests.schemas`); nothing imports this module when a
command runs. A record that is written as it is stands here itself: its numbers are counts, its shares fractions, its
times and places as below. Unknown is None. A key that is not always there is `NotRequired`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

from breachkit.advice import Step
from breachkit.detect.accounts.attackers import Attacker, AttackKind, NotBlockedWhy, OtherFailure
from breachkit.detect.accounts.entry import Entry
from breachkit.detect.accounts.suspects import AlsoTried
from breachkit.detect.accounts.unauthenticated import How
from breachkit.detect.accounts.verdict import Group, Place, VerdictName
from breachkit.detect.campaigns.campaign import NoPurge, SharedString
from breachkit.detect.hardening import JudgedSetting
from breachkit.detect.inventory import DayRow, QueueRow, SenderRow
from breachkit.detect.passwords.weak_accounts import WeakAccount
from breachkit.purge.plan import PlanSample
from breachkit.purge.quarantine import Whereabouts
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


class SubjectRow(TypedDict):
    subject: str | None
    messages: Count


class JournalRow(TypedDict):
    path: str
    sha256: str


class LeftMessage(TypedDict):
    path: str
    outcome: Literal["vanished", "changed", "in_use", "failed"]
    reason: str


class UnexplainedRow(TypedDict):
    messages: Count
    senders: list[AuthUser]
    examples: list[str]
    without: str | None


class PurgeDocument(DocumentHead):
    """Messages moved out of the queue; in a dry run the numbers of what became of them are 0."""

    schema: Literal["breachkit.purge/1"]
    run: str | None
    dry_run: bool
    matched_by: dict[str, Count]
    messages: Count
    planned: Count
    purged: Count
    vanished: Count
    changed: Count
    in_use: Count
    failed: Count
    bytes: Count
    journal: str | None
    quarantine: str | None
    journals: list[JournalRow]
    dropped: Count
    senders: list[AuthUser]
    mail_froms: list[DeclaredSender]
    subjects: list[SubjectRow]
    samples: list[PlanSample]
    left: list[LeftMessage]
    owners_own: Count | None
    unexplained: NotRequired[UnexplainedRow]


class LeftBehind(TypedDict):
    path: str
    reason: str


class RestoreNumbers(TypedDict):
    run: str | None
    restored: Count
    already_there: Count
    missing: Count
    changed: Count
    conflicts: Count
    dropped: Count
    refused: Count
    failed: Count
    not_chosen: Count
    in_quarantine: Count
    bytes: Count


class RestoredRun(RestoreNumbers):
    torn: bool
    journal: str
    sha256: str
    left: list[LeftBehind]


class RestoreDocument(DocumentHead, RestoreNumbers):
    """Messages put back into the queue: sums over the runs, and each run."""

    schema: Literal["breachkit.restore/1"]
    dry_run: bool
    runs: list[RestoredRun]


class QuarantineRun(TypedDict):
    run: str
    began: str | None
    wanted: list[str]
    ended: bool
    torn: bool
    held: Count
    bytes: Count
    restored: Count
    dropped: Count
    gone: Count
    journal: str
    sha256: str


class HeldFile(TypedDict):
    path: str
    bytes: Count
    sha256: str


class HeldMessage(TypedDict):
    id: Count
    path: Annotated[str, Meta(description="Of its first file, as the hash is.")]
    bytes: Annotated[Count, Meta(description="Of all its files.")]
    sha256: str
    where: Whereabouts
    files: Annotated[list[HeldFile], Meta(min_length=1)]


class QuarantineRunShown(QuarantineRun):
    messages: list[HeldMessage]


class QuarantineRunVerified(QuarantineRun):
    changed: Count
    examples: list[HeldMessage]


class QuarantineListDocument(DocumentHead):
    """The runs of the quarantine."""

    schema: Literal["breachkit.quarantine-list/1"]
    runs: list[QuarantineRun]


class QuarantineShowDocument(DocumentHead):
    """The messages of a run."""

    schema: Literal["breachkit.quarantine-show/1"]
    runs: list[QuarantineRunShown]


class QuarantineVerifyDocument(DocumentHead):
    """Whether runs are as they were purged."""

    schema: Literal["breachkit.quarantine-verify/1"]
    runs: list[QuarantineRunVerified]


class QuarantineDropDocument(DocumentHead):
    """What was deleted for good."""

    schema: Literal["breachkit.quarantine-drop/1"]
    run: str | None
    dropped: Count
    bytes: Count
    strangers: Count
    journals: list[JournalRow]


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


DOCUMENTS = (
    *(
        ScanDocument,
        GroupDocument,
        FindAccountDocument,
        TraceDocument,
        ShowDocument,
        WeakPasswordsDocument,
        HardenDocument,
        ContainDocument,
        PurgeDocument,
        RestoreDocument,
        InvestigateDocument,
    ),
    *(
        QuarantineListDocument,
        QuarantineShowDocument,
        QuarantineVerifyDocument,
        QuarantineDropDocument,
        ClusterCheckDocument,
    ),
)
"""What a command may write; the schema of each is named after it."""
