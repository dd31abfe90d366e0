"""Every account judged by all there is: queue, logs and accounts are read once, and this is what is said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.detect.passwords.weakness import distance_of
from breachkit.evidence import gather
from breachkit.logs.facts import LogFacts
from breachkit.logs.listing import read_own_addresses

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    import pandas as pd

    from breachkit.detect.accounts.activity import Fates
    from breachkit.detect.accounts.attackers import Attacker, OtherFailure
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.detect.accounts.roles import Role
    from breachkit.detect.accounts.suspects import AlsoTried, Entered, Entry
    from breachkit.detect.accounts.unauthenticated import Unauthenticated
    from breachkit.detect.accounts.visits import Visits
    from breachkit.detect.findings import Confidence, Signal
    from breachkit.evidence.where import Where
    from breachkit.records import Locus, Message

VerdictName = Literal["compromised", "suspect", "clear"]
VERDICTS: tuple[VerdictName, ...] = ("compromised", "suspect", "clear")


class Place(NamedTuple):
    """One client address of an account."""

    ip: str
    successes: int
    failures: int
    first_seen: datetime
    last_seen: datetime
    usual: bool | None
    attacking: bool


@dataclass(frozen=True, slots=True)
class Places:
    """The client addresses of one account, busiest first, made when somebody looks: there may be 100,000 in all."""

    visits: Visits
    account: str
    entered: Entered | None

    def __iter__(self) -> Iterator[Place]:
        seen, entered = self.visits.places_of(self.account), self.entered
        if entered is None:
            places = [Place(*place, place[1] > 0, attacking=False) for place in seen]
        else:
            usual, attacking, is_known = entered.usual, entered.attacking, not entered.is_first
            places = [Place(*place, place[0] in usual if is_known else None, place[0] in attacking) for place in seen]
        return iter(sorted(places, key=lambda place: (-(place.successes + place.failures), place.ip)))


class Group(NamedTuple):
    """Addresses of one account that play one part."""

    ips: tuple[str, ...]
    role: Role
    messages: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class AccountVerdict:
    """What is held for or against one account; JSON has the fields in this order, without the last two."""

    account: str
    candidates: tuple[str, ...]
    verdict: VerdictName
    confidence: Confidence
    entry: Entry | None
    signals: tuple[Signal, ...]
    queued_messages: int
    quarantined_messages: int
    queued_share: float
    sent_messages: int | None
    auth_successes: int | None
    auth_failures_before_entry: int | None
    entry_ts: pd.Timestamp | None
    entry_ip: str | None
    """The address that came in first."""
    last_ts: pd.Timestamp | None
    client_ips: Iterable[Place]
    mechanisms: tuple[str, ...]
    doubts: tuple[str, ...]
    """What a person should look at before believing that a clear account is clear."""
    recipients: Fates | None
    """What became of the recipients of its mail; None where no AUTH is visible."""
    groups: tuple[Group, ...]
    """Its addresses by the part they play; empty where nothing speaks against any of them."""
    weak_password: str | None
    also_tried_by_same_ips: tuple[AlsoTried, ...]
    unknown_names_tried: int
    """Names that the same addresses tried and that no account has."""
    mail_froms: tuple[tuple[str, int], ...]
    """What it declared as sender in the queue, with counts, most frequent first."""
    entries: tuple[Locus, ...]
    """Where attacking addresses came in: the AUTH lines."""

    @property
    def attacking_ips(self) -> list[str]:
        """The addresses that attacked it, busiest first."""
        return [place.ip for place in self.client_ips if place.attacking]


@dataclass(frozen=True, slots=True)
class Accusation:
    """The verdicts on all accounts, and how the evidence joined."""

    accounts: tuple[AccountVerdict, ...]
    unattributed_messages: int
    joins: dict[str, int]
    contradictions: int
    """Messages whose LocalSender is not the account of their session; the session counts."""
    attackers: tuple[Attacker, ...] = ()
    other_failures: tuple[OtherFailure, ...] = ()
    unauthenticated: tuple[Unauthenticated, ...] = ()
    in_queue: int = 0
    """Messages queued, of which shares are."""

    @property
    def accused(self) -> tuple[AccountVerdict, ...]:
        """The accounts that are not clear, worst first."""
        return tuple(account for account in self.accounts if account.verdict != "clear")

    def accused_names(self) -> list[str]:
        """Name the accounts that are not clear, worst first."""
        return [account.account for account in self.accused]

    @property
    def accused_relays(self) -> tuple[Unauthenticated, ...]:
        """The addresses that handed in mail without a readable login and are not clear, worst first."""
        return tuple(one for one in self.unauthenticated if one.verdict != "clear")


def read_inquiry(
    where: Where,
    books: gather.Books,
    messages: Sequence[Message],
    *,
    counts_accounts: bool = True,
    by_hour: bool = False,
    jobs: int | None = None,
) -> tuple[Inquiry, LogFacts]:
    """Read logs and accounts, for an inquiry about queued messages.

    Args:
        where: where the evidence is.
        books: what was read and skipped is counted there.
        messages: the queued and quarantined ones.
        jobs: processes to read with; None for one a processor.
        counts_accounts: False for a command that reads the accounts itself, and counts what it skips then.
        by_hour: count sessions and messages by the hour, too.
    """
    fingerprints = gather.run_fingerprints()
    queue_ids = {message.queue_id for message in messages if message.queue_id is not None}
    facts = gather.read_smtp(where, books, fingerprints, queue_ids, jobs, by_hour=by_hour, distance_of=distance_of)
    gather.read_doors(where, facts, books, fingerprints, jobs)
    accounts = gather.read_accounts(where, books if counts_accounts else gather.Books(notes=books.notes))
    from breachkit.detect.accounts.inquiry import Inquiry  # pandas takes 0.3 s

    return Inquiry(messages, facts, accounts, fingerprints, read_own_addresses(where.logs)), facts


def accuse(
    where: Where, books: gather.Books, messages: Sequence[Message] | None = None, jobs: int | None = None
) -> tuple[Accusation, LogFacts]:
    """Judge every account by all there is; without evidence nobody is accused.

    Args:
        where: where the evidence is.
        books: what was read and skipped is counted there.
        messages: the queued and quarantined ones, where they are read already.
        jobs: processes to read with; None for one a processor.
    """
    if not where.has_evidence:
        return Accusation((), 0, {}, 0), LogFacts()
    if messages is None:
        messages = gather.read_messages(where, books, quarantined=True, jobs=jobs)
    inquiry, facts = read_inquiry(where, books, messages, jobs=jobs)
    from breachkit.detect.accounts.judgement import judge_accounts  # pandas, as above

    return judge_accounts(inquiry), facts


def read_targets(where: Where, books: gather.Books) -> tuple[frozenset[str], LogFacts]:
    """Find the accounts that attacking addresses tried; none where there are no logs."""
    if not where.logs:
        return frozenset(), LogFacts()
    messages = gather.read_messages(where, books, quarantined=True)
    inquiry, facts = read_inquiry(where, books, messages, counts_accounts=False)
    from breachkit.detect.containment import targets_of  # pandas, as above

    return targets_of(inquiry), facts
