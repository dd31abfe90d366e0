"""What the commands that move messages write with `--format json`."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from msgspec import Meta

from breachkit.purge.plan import PlanSample
from breachkit.purge.stock import Whereabouts
from tests.schemas.reading import AuthUser, Count, DeclaredSender, DocumentHead


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
    held: Annotated[Count, Meta(description="Of `purged`, messages put on hold in the queue (`--hold`).")]
    sent_meanwhile: Annotated[Count, Meta(description="Of `purged`, messages that the server had begun to send.")]
    by_hand: NotRequired[list[str]]
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
    on_hold: Count
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


DOCUMENTS = (
    PurgeDocument,
    RestoreDocument,
    QuarantineListDocument,
    QuarantineShowDocument,
    QuarantineVerifyDocument,
    QuarantineDropDocument,
)
