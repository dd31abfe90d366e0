"""Which account sent the spam, since when, from where, and how sure is that?

Signals fall in families (queue, sender, destination, place, entry); a verdict wants two of them, one of
which says that a stranger came in, so that volume alone accuses no newsletter. An account that no
attacking address entered is clear however often it was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal
from typing import NamedTuple

import numpy as np

from breachkit.detect.accounts.attackers import Came
from breachkit.detect.accounts.attackers import Unblocked
from breachkit.detect.accounts.attackers import find_attackers
from breachkit.detect.accounts.attackers import find_other_failures
from breachkit.detect.accounts.attackers import find_relays
from breachkit.detect.accounts.unauthenticated import find_unauthenticated
from breachkit.detect.findings import Confidence
from breachkit.detect.findings import Family
from breachkit.detect.guessing import entry_of
from breachkit.detect.guessing import failures_before
from breachkit.detect.inquiry import Inquiry
from breachkit.detect.inquiry import is_name
from breachkit.detect.signals import Conduct
from breachkit.detect.signals import find_signals
from breachkit.detect.standing import DOUBT_COUNT
from breachkit.detect.standing import DOUBT_SHARE
from breachkit.detect.standing import has_session
from breachkit.detect.visits import once_each
from breachkit.detect.weakness import IN_PASSING
from breachkit.detect.weakness import weakness_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator
    from datetime import datetime

    import pandas as pd

    from breachkit.detect.accounts.attackers import Attacker
    from breachkit.detect.accounts.attackers import OtherFailure
    from breachkit.detect.accounts.unauthenticated import Unauthenticated
    from breachkit.detect.attackers import Attack
    from breachkit.detect.findings import Signal
    from breachkit.detect.guessing import Entry
    from breachkit.detect.guessing import Failures
    from breachkit.detect.inquiry import Evidence
    from breachkit.detect.standing import Seen
    from breachkit.detect.standing import Standing
    from breachkit.detect.visits import Visits
    from breachkit.detect.weakness import Weakness
    from breachkit.records import Locus

VerdictName = Literal["compromised", "suspect", "clear"]
VERDICTS: tuple[VerdictName, ...] = ("compromised", "suspect", "clear")
TWO, THREE = 2, 3
"""Families of signals that a verdict wants."""

INTRUSION = {Family.PLACE, Family.ENTRY}
UNSEEN_SHARE = 0.5
UNSEEN_COUNT = 5
"""Queued messages of an account, as a share and in number, that join no authenticated session: the logs do not tell
how its mail came in."""


class Place(NamedTuple):
    """One client address of an account."""

    ip: str
    successes: int
    failures: int
    first_seen: datetime
    last_seen: datetime
    usual: bool | None
    attacking: bool


class _Sight(NamedTuple):
    """How the addresses of an account that was entered are looked at."""

    usual: frozenset[str]
    attacking: frozenset[str]
    is_known: bool
    """Something on this account was tried before the entry."""


class Places(Sequence[Place]):
    """The client addresses of one account, busiest first: made when somebody looks, as in `standing`."""

    def __init__(self, seen: Sequence[Seen], sight: _Sight | None) -> None:
        self._seen, self._sight = seen, sight

    def __len__(self) -> int:
        return len(self._seen)

    def __iter__(self) -> Iterator[Place]:
        sight = self._sight
        if sight is None:
            places = [Place(*place, place[1] > 0, attacking=False) for place in self._seen]
        else:
            usual, attacking, is_known = sight
            places = [
                Place(*place, place[0] in usual if is_known else None, place[0] in attacking) for place in self._seen
            ]
        return iter(sorted(places, key=lambda place: (-(place.successes + place.failures), place.ip)))

    def __getitem__(self, place: Any) -> Any:
        return [*self][place]


class AlsoTried(NamedTuple):
    """Another account that the attacking addresses of this one tried."""

    account: str
    ips: tuple[str, ...]
    failures: int
    successes: int
    entered: bool


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
    client_ips: Sequence[Place]
    mechanisms: tuple[str, ...]
    weak_password: str | None
    also_tried_by_same_ips: tuple[AlsoTried, ...]
    unknown_names_tried: int
    """Names that the same addresses tried and that no account has."""
    mail_froms: tuple[tuple[str, int], ...]
    """What it declared as sender in the queue, with counts, most frequent first."""
    entries: tuple[Locus, ...]
    """Where attacking addresses came in: the AUTH lines."""
    doubts: tuple[str, ...]
    """What a person should look at before believing that a clear account is clear."""


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

    @property
    def accused(self) -> tuple[AccountVerdict, ...]:
        """The accounts that are not clear, worst first."""
        return tuple(account for account in self.accounts if account.verdict != "clear")

    @property
    def accused_relays(self) -> tuple[Unauthenticated, ...]:
        """The addresses that handed in mail without a readable login and are not clear, worst first."""
        return tuple(one for one in self.unauthenticated if one.verdict != "clear")


def find_accounts(evidence: Evidence) -> Accusation:
    """Judge every account that authenticated with success or has mail in the queue."""
    return judge_accounts(Inquiry(evidence))


def judge_accounts(inquiry: Inquiry) -> Accusation:
    """Judge the accounts of an inquiry that others look at too."""
    messages = inquiry.messages
    verdicts = [_judge(inquiry, account) for account in inquiry.accounts()]
    attackers, others, relays = _attacks(inquiry, verdicts)
    spoken = messages["auth_user"].map(inquiry.account_of, na_action="ignore")
    return Accusation(
        accounts=tuple(sorted(verdicts, key=_rank)),
        unattributed_messages=int((~has_session(messages) & ~messages["quarantined"]).sum()),
        joins={str(name): int(count) for name, count in messages["join"].value_counts().items()},
        contradictions=int((spoken.notna() & (spoken != messages["account"])).sum()),
        attackers=attackers,
        other_failures=others,
        unauthenticated=relays,
    )


def _attacks(
    inquiry: Inquiry, verdicts: Iterable[AccountVerdict]
) -> tuple[tuple[Attacker, ...], tuple[OtherFailure, ...], tuple[Unauthenticated, ...]]:
    """Sum up who attacked, whose the other failures are, and who sent without a readable login."""
    visits, attempts, evidence = inquiry.seen, inquiry.attempts, inquiry.evidence
    came = [
        Came(
            account.account,
            frozenset(place.ip for place in account.client_ips if place.attacking),
            frozenset(place.ip for place in account.client_ips if place.attacking and place.successes),
        )
        for account in verdicts
        if account.verdict != "clear" and account.entry is not None
    ]
    attacking = {*inquiry.guessers.ips, *(ip for one in came for ip in one.attacking)}
    relays = find_unauthenticated(inquiry, inquiry.directory.domains, attacking)
    unblocked = Unblocked(_usual(visits, came), inquiry.guessers.shared, evidence.own_addresses)
    attackers = (
        *find_attackers(visits, attempts, inquiry.guessers, came, unblocked),
        *find_relays([one for one in relays if one.verdict != "clear" and one.client_ip not in attacking], unblocked),
    )
    known = {name: is_name(name) for name in visits.accounts.tolist()}
    others = find_other_failures(visits, attempts, {ip.ip for one in attackers for ip in one.ips}, known)
    return attackers, others, relays


def _usual(visits: Visits, came: Iterable[Came]) -> frozenset[str]:
    """List the addresses that some account uses lawfully: with a success, and not attacking it."""
    won = np.flatnonzero(visits.count("successes") > 0)
    pairs = zip(visits.accounts[visits.who[won]], visits.ips[visits.whence[won]], strict=True)
    attacked = {(one.account, ip) for one in came for ip in one.attacking}
    return frozenset(ip for account, ip in pairs if (account, ip) not in attacked)


def _rank(verdict: AccountVerdict) -> tuple[int, int, str]:
    return VERDICTS.index(verdict.verdict), -verdict.queued_messages, verdict.account


class _Entered(NamedTuple):
    """How attacking addresses came into one account."""

    rows: pd.DataFrame
    """Their SMTP successes, in order of time."""
    ts: pd.Timestamp
    kind: Entry
    failures: Failures
    attacking: frozenset[str]
    usual: frozenset[str]
    """Other addresses with a success before it."""
    is_first: bool
    """Nothing on this account was tried before it."""

    @property
    def sight(self) -> _Sight:
        """How it makes one look at the addresses of the account."""
        return _Sight(self.usual, self.attacking, not self.is_first)


def _entered(inquiry: Inquiry, account: str, attacks: set[str]) -> _Entered | None:
    tries = inquiry.of(account, "attempts")
    won = tries[tries["outcome"] == "success"]
    rows = won[won["client_ip"].isin(list(attacks)) & (won["service"] == "smtp")]
    if rows.empty or inquiry.evidence.log_first is None:
        return None
    entry = rows.iloc[0]
    usual = frozenset(won.loc[won["ts"] < entry["ts"], "client_ip"]) - attacks
    failures = failures_before(tries, entry["ts"], usual)
    kind = entry_of(inquiry.lost, entry, failures, inquiry.evidence.log_first, inquiry.attackers)
    # those who only lent a hand with guessing: each of them did too little to be told alone
    accomplices = set(failures.rows["client_ip"]) if kind in {"distributed-guessing", "password-spray"} else set()
    is_first = not (tries["ts"] < entry["ts"]).any()
    return _Entered(rows, entry["ts"], kind, failures, frozenset(attacks | accomplices), usual, is_first)


def _judge(inquiry: Inquiry, account: str) -> AccountVerdict:
    standing = inquiry.standings[account]
    # most of those who are attacked are never entered: a search of the tables for each would cost more than reading
    attacks = inquiry.attacks.of(account) if inquiry.attacks.came_in(account) else {}
    entered = _entered(inquiry, account, set(attacks)) if attacks else None
    is_queue_only = entered is None and _is_unseen(standing)
    also: tuple[AlsoTried, ...] = ()
    unknown = 0
    weak = _weakness_in_passing(inquiry, account, standing)
    signals: tuple[Signal, ...] = ()
    if entered is not None or is_queue_only:
        also, unknown = _also_tried(inquiry, account, entered.attacking) if entered is not None else ((), 0)
        if entered is not None:
            weak = _weakness(inquiry, account, entered.rows)
        signals = tuple(find_signals(_conduct(inquiry, account, entered, (also, weak))))
    verdict = _verdict(signals, attacks.values(), has_history=entered is not None and bool(entered.usual))
    if verdict == "clear":
        entered, also, unknown, signals = None, (), 0, ()
    is_seen = inquiry.evidence.is_auth_visible
    doubts = tuple(_doubts(inquiry, standing))
    return AccountVerdict(
        account=account,
        candidates=inquiry.directory.resolve(account).candidates,
        verdict=verdict,
        confidence=_confidence(
            verdict, signals, is_seen=is_seen and not is_queue_only and not (verdict == "clear" and doubts)
        ),
        doubts=doubts if verdict == "clear" else (),
        entry=entered.kind if entered else None,
        signals=signals,
        queued_messages=standing.queued,
        quarantined_messages=standing.quarantined,
        queued_share=standing.queued / inquiry.in_queue if inquiry.in_queue else 0.0,
        sent_messages=standing.sent if is_seen else None,
        auth_successes=standing.auth_successes if is_seen else None,
        auth_failures_before_entry=entered.failures.total if entered else None,
        entry_ts=entered.ts if entered else None,
        entry_ip=str(entered.rows["client_ip"].iloc[0]) if entered else None,
        last_ts=_last(inquiry, account, entered) if entered else standing.last_ts,
        client_ips=Places(standing.places, entered.sight if entered else None),
        mechanisms=standing.mechanisms,
        weak_password=weak,
        also_tried_by_same_ips=also,
        unknown_names_tried=unknown,
        entries=tuple(entered.rows["source"]) if entered else (),
        mail_froms=standing.mail_froms,
    )


def _doubts(inquiry: Inquiry, standing: Standing) -> Iterator[str]:
    share = standing.queued / inquiry.in_queue if inquiry.in_queue else 0.0
    if standing.queued >= DOUBT_COUNT and share >= DOUBT_SHARE:
        yield f"holds {share:.1%} of the queue"
    if standing.mismatched:
        yield f"wrote {standing.mismatched:,} messages in other names, as a ticket system does"
    if standing.unseen_failures:
        number = standing.unseen_failures
        yield f"came in from an address that failed {number:,} times with secrets that the logs do not show"


def _is_unseen(standing: Standing) -> bool:
    """Tell whether the logs do not tell how the account's mail came in."""
    return standing.unseen >= max(UNSEEN_COUNT, UNSEEN_SHARE * (standing.queued + standing.quarantined))


def _weakness_in_passing(inquiry: Inquiry, account: str, standing: Standing) -> Weakness | None:
    directory, fingerprint = inquiry.directory, inquiry.evidence.fingerprint
    return weakness_of(account, standing.typed, standing.secrets, directory, fingerprint, IN_PASSING, standing.far)


def _weakness(inquiry: Inquiry, account: str, rows: pd.DataFrame) -> Weakness | None:
    typed, seen = set(rows["user"].dropna()), rows[rows["secret"].notna()]
    far = {int(secret).to_bytes(8): distance for secret, distance in zip(seen["secret"], seen["distance"], strict=True)}
    secrets = set(far)
    return weakness_of(account, typed, secrets, inquiry.directory, inquiry.evidence.fingerprint, far=far)


def _also_tried(inquiry: Inquiry, account: str, attacking: frozenset[str]) -> tuple[tuple[AlsoTried, ...], int]:
    """List the other accounts that some addresses tried, and count the names that no account has."""
    rows = inquiry.visits_by(attacking, ("failures", "successes"))
    tried: dict[str, list[tuple[str, int, int]]] = {}
    named = [rows.index.get_level_values(name).tolist() for name in ("account", "client_ip")]
    columns = (rows["failures"].tolist(), rows["successes"].tolist())
    for name, ip, failures, successes in zip(*named, *columns, strict=True):
        if name != account and failures + successes:
            tried.setdefault(name, []).append((ip, failures, successes))
    found = [
        AlsoTried(
            account=name,
            ips=tuple(sorted(ip for ip, *_ in places)),
            failures=sum(failures for _, failures, _ in places),
            successes=sum(successes for *_, successes in places),
            entered=_is_entered(inquiry, name, {ip for ip, _, successes in places if successes}),
        )
        for name, places in tried.items()
        if is_name(name)
    ]
    ordered = sorted(found, key=lambda other: (not other.entered, -other.failures, other.account))
    return tuple(ordered), len(tried) - len(found)


def _is_entered(inquiry: Inquiry, account: str, ips: set[str]) -> bool:
    """Tell whether one of the addresses that came in attacks the account."""
    return bool(ips) and not ips.isdisjoint(inquiry.attacks.of(account))


def _conduct(
    inquiry: Inquiry,
    account: str,
    entered: _Entered | None,
    about: tuple[tuple[AlsoTried, ...], str | None],
) -> Conduct:
    also, weak = about
    attacking = [*entered.attacking] if entered else []
    queued, sent, fates = (inquiry.of(account, name) for name in ("messages", "sends", "deliveries"))
    visits = inquiry.visits_by(attacking, ("refused", "first_seen"))
    own = (visits.index.get_level_values("account") == account) & visits["first_seen"].notna()
    by_attackers = sent["client_ip"].isin(attacking)
    past = sent.loc[~by_attackers, "ts"].dt.floor("h").value_counts()
    rows = entered.rows if entered else inquiry.evidence.attempts.iloc[:0]
    came_in = set(rows["client_ip"])
    # success alone makes no attack: two role accounts of one web server see one another there
    attacked = [other for other in also if other.failures or (other.entered and _was_elsewhere(inquiry, other))]
    shared = ((ip, sum(ip in other.ips for other in attacked)) for ip in sorted(came_in))
    return Conduct(
        queued=queued,
        share=len(queued) / len(inquiry.messages) if len(inquiry.messages) else 0.0,
        is_queue_only=entered is None,
        sent=sent[by_attackers],
        past_busiest=int(past.max()) if len(past) else 0,
        fates=once_each(fates[fates["client_ip"].isin(attacking)] if entered else fates),
        refused=int(visits.loc[own, "refused"].sum()),
        new_ips=tuple(sorted(came_in - entered.usual)) if entered and entered.usual else (),
        shared_ips=tuple((ip, count) for ip, count in shared if count),
        failures=entered.failures if entered else None,
        entry=entered.kind if entered else None,
        entry_rows=rows,
        weak_password=weak,
    )


def _was_elsewhere(inquiry: Inquiry, other: AlsoTried) -> bool:
    """Tell whether an account was used from other addresses too."""
    return any(place[1] and place[0] not in other.ips for place in inquiry.standings[other.account].places)


def _verdict(
    signals: Iterable[Signal],
    attacks: Collection[Attack],
    *,
    has_history: bool,
) -> VerdictName:
    families = {signal.family for signal in signals}
    is_intrusion = bool(families & INTRUSION)
    is_weak = bool(attacks) and all(attack.is_only_volume for attack in attacks)
    is_compromised = len(families) >= TWO if is_intrusion else len(families) >= THREE and not has_history
    if is_compromised and not is_weak:
        return "compromised"
    return "suspect" if is_intrusion or len(families) >= TWO else "clear"


def _confidence(verdict: VerdictName, signals: Sequence[Signal], *, is_seen: bool) -> Confidence:
    """Say how sure a verdict is; without a visible AUTH never high."""
    if not is_seen:
        return Confidence.MEDIUM if verdict == "compromised" else Confidence.LOW
    families = {signal.family for signal in signals}
    if verdict == "compromised":
        return Confidence.HIGH if len(families) >= THREE or Family.ENTRY in families else Confidence.MEDIUM
    return Confidence.MEDIUM if verdict == "suspect" else Confidence.HIGH


def _last(inquiry: Inquiry, account: str, entered: _Entered) -> pd.Timestamp:
    """Tell when an attacking address was last seen at work in the account."""
    sent = inquiry.of(account, "sends")
    times = [entered.rows["ts"], sent.loc[sent["client_ip"].isin([*entered.attacking]), "ts"]]
    latest: pd.Timestamp = max(column.max() for column in times if len(column))
    return latest
