"""The plan of a purge: which messages, by which predicates; a dry run shows it, a real run executes it."""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.errors import BreachkitError, UsageError
from breachkit.files import in_walk_order, shown
from breachkit.micros import moment_of
from breachkit.purge.needles import SoughtTexts
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from breachkit.purge.disk import Fingerprint
    from breachkit.records import Message
    from breachkit.servers import Head

FoundAs = Literal["reader", "decoded", "raw"]
"""Where all that is sought stands: in the bytes; else there or in the decoded texts; else as a reader sees these."""

Counted = tuple[str | None, str | None, str | None]
"""What a plan counts of a message: account, declared From, subject."""

Wanted = tuple[str, int, Counted, FoundAs]
"""A message that is wanted: the path of its first file, its bytes, what is counted, and how it was found."""

Ranked = tuple[tuple[str | None, int], ...]
"""Names and the number of messages of each, most first."""

SAMPLES = 3
KEPT = 20
"""Subjects that are kept of a plan."""
LEAST_MOVES = 1000
MOVES_PER_PLAN = 10
NO_PREDICATE = (
    "nothing says which messages to take; name a STRING, --account, --from, --to-domain, --campaign, --older-than or"
    " --newer-than (--everything --all empties the queue)"
)


class Predicates(NamedTuple):
    """Which messages are meant; predicates of different kinds must all hold, of one kind any (STRINGs: all)."""

    texts: SoughtTexts = SoughtTexts()
    accounts: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    to_domains: tuple[str, ...] = ()
    older_than: datetime | None = None
    newer_than: datetime | None = None
    campaign: str = ""
    """The purge string of a campaign, as `group` found it."""
    is_all: bool = False
    with_bounces: bool = False
    """The bounces that the messages caused are meant too."""

    def kinds(self) -> list[str]:
        """Name the kinds of predicates used. Raises UsageError when there is none."""
        used = {
            "string": bool(self.texts.strings),
            "account": bool(self.accounts),
            "from": bool(self.senders),
            "to_domain": bool(self.to_domains),
            "older_than": self.older_than is not None,
            "newer_than": self.newer_than is not None,
            "campaign": bool(self.campaign),
            "all": self.is_all,
        }
        kinds = [kind for kind, is_used in used.items() if is_used]
        if not kinds:
            raise UsageError(NO_PREDICATE)
        return kinds

    def searched(self) -> list[SoughtTexts]:
        """List what must stand in a message: the STRINGs, and the string of a campaign as it is."""
        campaign = [SoughtTexts((self.campaign,))] if self.campaign else []
        return [self.texts, *campaign] if self.texts.strings else campaign

    @property
    def asks_texts(self) -> bool:
        """Whether a message must be searched to be judged."""
        return bool(self.texts.strings or self.campaign)

    @property
    def asks_times(self) -> bool:
        """Whether the time of a message decides."""
        return self.older_than is not None or self.newer_than is not None

    @property
    def asks_heads(self) -> bool:
        """Whether a message must be read, not only searched, to be judged."""
        return bool(self.accounts or self.senders or self.to_domains) or self.asks_times

    def takes(self, head: Head | Message, ts: int | None) -> bool:
        """Judge a message by its head; one of unknown time (microseconds since the epoch) is older and newer."""
        names = (head.mail_from, head.header_from) if self.senders else ()
        return (
            (not self.accounts or head.auth_user in self.accounts)
            and (not self.senders or any(_is_sender(names, sender) for sender in self.senders))
            and (not self.to_domains or any(one.rpartition("@")[2] in self.to_domains for one in head.rcpt_to))
            and (self.older_than is None or ts is None or moment_of(ts) < self.older_than)
            and (self.newer_than is None or ts is None or moment_of(ts) > self.newer_than)
        )


def _is_sender(names: Iterable[str | None], sender: str) -> bool:
    if sender.startswith("@"):
        return any(name is not None and name.endswith(sender) for name in names)
    return sender in names


class Planned(NamedTuple):
    """A message that is to be moved; there may be a million, so no more is kept of each."""

    files: tuple[str, ...]
    """Absolute paths, in the order in which they are moved away."""
    identity: bytes
    """What tells them from all other files and from their own later selves, see `identity_of`."""


def identity_of(prints: Iterable[Fingerprint]) -> bytes:
    """Tell what must not change of the files of a message between the plan and the move; mode and owner may."""
    return b"".join([b"%d %d %d %d " % one[:4] + bytes.fromhex(one.sha256) for one in prints])


class PlanSample(NamedTuple):
    """One planned message, for the eye."""

    path: str
    auth_user: str | None
    mail_from: str | None
    subject: str | None


class Plan(NamedTuple):
    """What a purge would move."""

    wanted: Predicates
    messages: int
    """Messages of the queues that were read, whether taken or not."""
    planned: int
    bytes: int
    raw: int
    """Messages in whose raw bytes all that was sought stands."""
    decoded: int
    """Those in whose bytes and decoded texts it stands."""
    reader: int
    """Those that hold it only as a reader sees them."""
    auth_users: Ranked
    mail_froms: Ranked
    subjects: Ranked
    """The most frequent ones: a million messages may have as many."""
    subjects_distinct: int
    samples: tuple[PlanSample, ...]
    bounces: int = 0
    """Of those planned, bounces that the others caused."""

    @property
    def takes_everything(self) -> bool:
        """Whether no message that was read would be left."""
        return 0 < self.planned == self.messages

    def permit(self, *, everything: bool, max_moves: int | None) -> None:
        """Refuse what nobody permitted. Raises BreachkitError."""
        if self.takes_everything and not everything:
            raise BreachkitError(
                f"nothing was moved: the plan takes every message of the queue ({self.messages:,} of"
                f" {self.messages:,}); name a narrower STRING, or add --everything if that is meant"
            )
        if max_moves is not None and self.planned > max_moves:
            raise BreachkitError(
                f"nothing was moved: the plan takes {self.planned:,} messages and --max-moves allows {max_moves:,};"
                " raise it, or name a narrower STRING"
            )

    @property
    def default_moves(self) -> int:
        """How many messages a watch may move in all when nobody says."""
        return max(LEAST_MOVES, MOVES_PER_PLAN * self.planned)


class Tally:
    """What was found in some pieces of the queues; each process has its own (`parallel.Keeping`)."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """Of `messages`, `files`, their `bytes`; of those `planned`, with `planned_bytes`, and how they were found."""
        self.names: tuple[Counter[str | None], ...] = (Counter(), Counter(), Counter())
        """Of the planned messages, how many have each account, each declared From, each subject."""
        self.samples: list[tuple[str, Counted]] = []
        """The first of the planned messages in the order of a walk."""
        self.hits: list[Planned] = []
        """All of them, where they are not only counted."""
        self.skipped: list[tuple[str, str]] = []
        """Path, as shown, and reason of what could not be judged."""

    def take(self, wanted: Sequence[Wanted]) -> None:
        """Count messages that are wanted."""
        if wanted:
            paths, sizes, names, found_as = zip(*wanted, strict=True)
            self.counts.update(found_as)
            self.counts.update(planned=len(wanted), planned_bytes=sum(sizes))
            for counts, column in zip(self.names, zip(*names, strict=True), strict=True):
                counts.update(column)
            self.samples += zip(paths, names, strict=True)

    def add_bounces(self, found: Tally) -> None:
        """Take bounces along; they were counted as messages of the queue when it was read."""
        planned = found.counts["planned"]
        found.counts = Counter({"bounces": planned, "planned": planned, "planned_bytes": found.counts["planned_bytes"]})
        self.add(found)

    def skip(self, path: str, root: Path | None, reason: str) -> None:
        """Book a message that could not be judged."""
        self.skipped.append((shown(path, root), reason))

    def add(self, other: Tally) -> None:
        """Add what another counted."""
        self.counts.update(other.counts)
        for mine, theirs in zip(self.names, other.names, strict=True):
            mine.update(theirs)
        self.samples = nsmallest(SAMPLES, self.samples + other.samples, key=lambda sample: in_walk_order(sample[0]))
        self.hits += other.hits
        self.skipped += other.skipped

    merge = add

    def pass_over(self, skipped: Iterable[Skipped]) -> None:
        """Take what was met on the way and is no message."""
        for one in skipped:
            self.counts.update({"messages": 1, "files": 1})
            self.skipped.append((one.source.path, one.reason))

    def planned(self) -> list[Planned]:
        """Hand over the messages that are to be moved, in the order of a walk."""
        hits, self.hits = self.hits, []
        hits.sort(key=lambda hit: in_walk_order(hit.files[0]))
        return hits

    def skips(self) -> list[Skipped]:
        """Make records of what could not be judged, in the order of a walk."""
        rows = sorted(self.skipped, key=lambda row: in_walk_order(row[0], "/"))
        return [Skipped(reason, Locus(path, 0, 1)) for path, reason in rows]

    def plan(self, wanted: Predicates, root: Path | None) -> Plan:
        """Sum it up."""
        counts = self.counts
        found_as = counts if wanted.asks_texts else Counter[str]()
        return Plan(
            wanted=wanted,
            messages=counts["messages"] - len(self.skipped),
            planned=counts["planned"],
            bytes=counts["planned_bytes"],
            raw=found_as["raw"],
            decoded=found_as["decoded"],
            reader=found_as["reader"],
            auth_users=_ranked(self.names[0]),
            mail_froms=_ranked(self.names[1]),
            subjects=_ranked(self.names[2])[:KEPT],
            subjects_distinct=len(self.names[2]),
            samples=tuple(PlanSample(shown(path, root), *names) for path, names in self.samples),
            bounces=counts["bounces"],
        )


def _ranked(counts: Counter[str | None]) -> Ranked:
    return tuple(sorted(counts.items(), key=lambda row: (-row[1], row[0] is not None, row[0] or "")))
