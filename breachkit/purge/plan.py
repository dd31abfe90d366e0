"""The plan of a purge: which messages, by which predicates; a dry run shows it, a real run executes it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.errors import NoPredicateError
from breachkit.errors import TakesEverythingError
from breachkit.errors import TooManyMovesError
from breachkit.files import shown
from breachkit.purge.needles import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from breachkit.purge.choose import Senders
    from breachkit.purge.search import Hit
    from breachkit.records import Message

SAMPLES = 3
LEAST_MOVES = 1000
MOVES_PER_PLAN = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages are meant; predicates of different kinds must all hold, of one kind any (STRINGs: all)."""

    texts: Texts = field(default_factory=Texts)
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
    def asks_heads(self) -> bool:
        """Whether a message must be read, not only searched, to be judged."""
        return bool(self.accounts or self.senders or self.to_domains or self.older_than or self.newer_than)


def is_wanted(message: Message, wanted: Wanted) -> bool:
    """Judge a message by all predicates but the STRINGs."""
    return (
        (not wanted.accounts or message.auth_user in wanted.accounts)
        and (not wanted.senders or any(_is_sender(message, sender) for sender in wanted.senders))
        and (not wanted.to_domains or any(_domain(address) in wanted.to_domains for address in message.rcpt_to))
        and (wanted.older_than is None or message.ts < wanted.older_than)
        and (wanted.newer_than is None or message.ts > wanted.newer_than)
    )


def _is_sender(message: Message, sender: str) -> bool:
    names = (message.mail_from, message.header_from)
    if sender.startswith("@"):
        return any(name is not None and name.endswith(sender) for name in names)
    return sender in names


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


class Sample(NamedTuple):
    """One planned message, for the eye."""

    path: str
    auth_user: str | None
    mail_from: str | None
    subject: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a purge would move."""

    wanted: Wanted
    messages: int
    """Messages of the queues that were read, whether taken or not."""
    hits: tuple[Hit, ...]
    bytes: int
    raw: int
    """Messages in whose raw bytes all that was sought stands; `decoded` are the others."""
    decoded: int
    auth_users: tuple[tuple[str | None, int], ...]
    mail_froms: tuple[tuple[str | None, int], ...]
    subjects: tuple[tuple[str | None, int], ...]
    samples: tuple[Sample, ...]

    @property
    def takes_everything(self) -> bool:
        """Whether no message that was read would be left."""
        return bool(self.hits) and len(self.hits) == self.messages

    def permit(self, *, everything: bool, max_moves: int | None) -> None:
        """Refuse what nobody permitted. Raises TakesEverythingError, TooManyMovesError."""
        if self.takes_everything and not everything:
            raise TakesEverythingError(self.messages)
        if max_moves is not None and len(self.hits) > max_moves:
            raise TooManyMovesError(len(self.hits), max_moves)

    @property
    def default_moves(self) -> int:
        """How many messages a watch may move in all when nobody says."""
        return max(LEAST_MOVES, MOVES_PER_PLAN * len(self.hits))


class Tally:
    """Gathers a plan: counts for each message met, and only fingerprints for those taken."""

    def __init__(self) -> None:
        self.messages = 0
        self._hits: list[Hit] = []
        self._auth_users: Counter[str | None] = Counter()
        self._mail_froms: Counter[str | None] = Counter()
        self._subjects: Counter[str | None] = Counter()
        self._samples: list[Sample] = []

    def add(self, hit: Hit, senders: Senders, root: Path | None) -> None:
        """Take one message."""
        self._hits.append(hit)
        self._auth_users[senders.auth_user] += 1
        self._mail_froms[senders.mail_from] += 1
        self._subjects[senders.subject] += 1
        if len(self._samples) < SAMPLES:
            self._samples.append(Sample(shown(hit.path, root), *senders))

    def plan(self, wanted: Wanted) -> Plan:
        """Close the tally."""
        raw = sum(hit.is_raw for hit in self._hits) if wanted.asks_texts else 0
        return Plan(
            wanted=wanted,
            messages=self.messages,
            hits=tuple(self._hits),
            bytes=sum(hit.fingerprint.size for hit in self._hits),
            raw=raw,
            decoded=len(self._hits) - raw if wanted.asks_texts else 0,
            auth_users=_ranked(self._auth_users.items()),
            mail_froms=_ranked(self._mail_froms.items()),
            subjects=_ranked(self._subjects.items()),
            samples=tuple(self._samples),
        )


def _ranked(counts: Iterable[tuple[str | None, int]]) -> tuple[tuple[str | None, int], ...]:
    return tuple(sorted(counts, key=lambda row: (-row[1], row[0] is not None, row[0] or "")))
