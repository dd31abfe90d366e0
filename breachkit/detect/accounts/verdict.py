"""What is said about an account, and about all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import pandas as pd

    from breachkit.detect.accounts.activity import Fates
    from breachkit.detect.accounts.attackers import Attacker, OtherFailure
    from breachkit.detect.accounts.entry import Entered, Entry
    from breachkit.detect.accounts.roles import Role
    from breachkit.detect.accounts.suspects import AlsoTried
    from breachkit.detect.accounts.unauthenticated import Unauthenticated
    from breachkit.detect.accounts.visits import Visits
    from breachkit.detect.findings import Confidence, Signal
    from breachkit.records import Locus

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
    """What is held for or against one account."""

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
    weak_password: str | None
    also_tried_by_same_ips: tuple[AlsoTried, ...]
    unknown_names_tried: int
    """Names that the same addresses tried and that no account has."""
    mail_froms: tuple[tuple[str, int], ...]
    """What it declared as sender in the queue, with counts, most frequent first."""
    entries: tuple[Locus, ...]
    """Where attacking addresses came in: the AUTH lines."""
    recipients: Fates | None
    """What became of the recipients of its mail; None where no AUTH is visible."""
    groups: tuple[Group, ...]
    """Its addresses by the part they play; empty where nothing speaks against any of them."""
    doubts: tuple[str, ...]
    """What a person should look at before believing that a clear account is clear."""

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
