"""The plan of a purge: which messages, by which predicates; a dry run shows it, a real run executes it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from breachkit.chain import sha256
from breachkit.errors import NoPredicateError, TakesEverythingError, TooManyMovesError
from breachkit.files import shown
from breachkit.purge.needles import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from breachkit.purge.choose import Senders
    from breachkit.purge.disk import Fingerprint
    from breachkit.purge.search import FoundAs, Hit
    from breachkit.records import Message

Names = tuple[str | None, str | None, str | None]
"""What a plan counts of a message, as `choose.Senders`: account, declared From, subject."""

SAMPLES = 3
LEAST_MOVES = 1000
MOVES_PER_PLAN = 10


class Wanted(NamedTuple):
    """Which messages are meant; predicates of different kinds must all hold, of one kind any (STRINGs: all)."""

    texts: Texts = Texts()
    accounts: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    to_domains: tuple[str, ...] = ()
    older_than: datetime | None = None
    newer_than: datetime | None = None
    campaign: str = ""
    """The purge string of a campaign, as `group` found it."""
    is_all: bool = False

    def kinds(self) -> list[str]:
        """Name the kinds of predicates used. Raises NoPredicateError when there is none."""
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
            raise NoPredicateError
        return kinds

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


def is_wanted(message: Message, wanted: Wanted) -> bool:
    """Judge a message by all predicates but the STRINGs; one of unknown time passes for older and for newer."""
    return (
        (not wanted.accounts or message.auth_user in wanted.accounts)
        and (not wanted.senders or any(_is_sender(message, sender) for sender in wanted.senders))
        and (not wanted.to_domains or any(_domain(address) in wanted.to_domains for address in message.rcpt_to))
        and (wanted.older_than is None or message.ts < wanted.older_than or not message.is_dated)
        and (wanted.newer_than is None or message.ts > wanted.newer_than or not message.is_dated)
    )


def _is_sender(message: Message, sender: str) -> bool:
    names = (message.mail_from, message.header_from)
    if sender.startswith("@"):
        return any(name is not None and name.endswith(sender) for name in names)
    return sender in names


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


class Planned(NamedTuple):
    """A message that is to be moved; there may be a million, so no more is kept of each."""

    files: tuple[str, ...]
    """Absolute paths, in the order in which they are moved away."""
    identity: bytes
    """What tells them from all other files and from their own later selves, see `identity_of`."""


def identity_of(prints: Iterable[Fingerprint]) -> bytes:
    """Hash what must not change of the files of a message between the plan and the move; mode and owner may."""
    known = [b"%d %d %d %d %b" % (*one[:4], one.sha256.encode()) for one in prints]
    return sha256(b"\n".join(known)).digest()


class Sample(NamedTuple):
    """One planned message, for the eye."""

    path: str
    auth_user: str | None
    mail_from: str | None
    subject: str | None


class Plan(NamedTuple):
    """What a purge would move."""

    wanted: Wanted
    messages: int
    """Messages of the queues that were read, whether taken or not."""
    planned: int
    hits: tuple[Planned, ...]
    """Those messages, in the order of a walk; none where they were only to be counted (a dry run)."""
    bytes: int
    raw: int
    """Messages in whose raw bytes all that was sought stands."""
    decoded: int
    """Those in whose bytes and decoded texts it stands."""
    reader: int
    """Those that hold it only as a reader sees them."""
    auth_users: tuple[tuple[str | None, int], ...]
    mail_froms: tuple[tuple[str | None, int], ...]
    subjects: tuple[tuple[str | None, int], ...]
    samples: tuple[Sample, ...]

    @property
    def takes_everything(self) -> bool:
        """Whether no message that was read would be left."""
        return 0 < self.planned == self.messages

    def permit(self, *, everything: bool, max_moves: int | None) -> None:
        """Refuse what nobody permitted. Raises TakesEverythingError, TooManyMovesError."""
        if self.takes_everything and not everything:
            raise TakesEverythingError(self.messages)
        if max_moves is not None and self.planned > max_moves:
            raise TooManyMovesError(self.planned, max_moves)

    @property
    def default_moves(self) -> int:
        """How many messages a watch may move in all when nobody says."""
        return max(LEAST_MOVES, MOVES_PER_PLAN * self.planned)


class Tally:
    """Gathers a plan: counts of the messages taken, and the hits themselves where they are to be moved."""

    def __init__(self) -> None:
        self.messages = 0
        self._planned = 0
        self._bytes = 0
        self._found_as: Counter[FoundAs] = Counter()
        self._hits: list[Planned] = []
        self._senders: Counter[Names] = Counter()
        self._samples: list[tuple[str, Names]] = []

    def add(self, hit: Hit, senders: Senders) -> None:
        """Take one message."""
        self.count(1, hit.fingerprint.size, {hit.found_as: 1}, {senders: 1})
        self._hits.append(planned_of(hit))
        if len(self._samples) < SAMPLES:
            self._samples.append((hit.path, senders))

    def count(self, planned: int, size: int, found_as: Mapping[FoundAs, int], senders: Mapping[Names, int]) -> None:
        """Count some messages of so many bytes in all, of which so many were found so."""
        self._planned += planned
        self._bytes += size
        self._found_as.update(found_as)
        for names, number in senders.items():
            self._senders[names] += number

    def keep(self, hits: Iterable[Hit]) -> None:
        """Keep messages that were counted; they are to be moved."""
        self._hits += map(planned_of, hits)

    def show(self, samples: Iterable[tuple[str, Names]]) -> None:
        """Show some of the messages that were counted, by their paths."""
        self._samples += samples

    def plan(self, wanted: Wanted, root: Path | None) -> Plan:
        """Close the tally."""
        found_as = self._found_as if wanted.asks_texts else {}
        return Plan(
            wanted=wanted,
            messages=self.messages,
            planned=self._planned,
            hits=tuple(self._hits),
            bytes=self._bytes,
            raw=found_as.get("raw", 0),
            decoded=found_as.get("decoded", 0),
            reader=found_as.get("reader", 0),
            auth_users=_ranked(self._senders, 0),
            mail_froms=_ranked(self._senders, 1),
            subjects=_ranked(self._senders, 2),
            samples=tuple(Sample(shown(path, root), *senders) for path, senders in self._samples),
        )


def _ranked(senders: Mapping[Names, int], place: int) -> tuple[tuple[str | None, int], ...]:
    counts: Counter[str | None] = Counter()
    for names, number in senders.items():
        counts[names[place]] += number
    return tuple(sorted(counts.items(), key=lambda row: (-row[1], row[0] is not None, row[0] or "")))


def planned_of(hit: Hit) -> Planned:
    """Keep of a hit what a move needs."""
    return Planned((hit.path,), identity_of([hit.fingerprint]))
