"""Which account sent the spam, since when, from where, and how sure is that?

Signals fall in families (queue, sender, destination, place, entry); a verdict wants two of them, one of
which says that a stranger came in, so that volume alone accuses no newsletter. An account that no
attacking address entered is clear however often it was tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from breachkit.detect.accounts.activity import Activity, Conduct, Fates, micros, own_past
from breachkit.detect.accounts.attackers import Came, Unblocked, find_attackers, find_other_failures, find_relays
from breachkit.detect.accounts.roles import BEFORE, Roles
from breachkit.detect.accounts.signals import STRONG, STRONG_DOMAINS, Held, find_signals
from breachkit.detect.accounts.suspects import AlsoTried, also_tried, part_accounts, was_elsewhere
from breachkit.detect.accounts.unauthenticated import find_unauthenticated
from breachkit.detect.findings import Confidence, Family
from breachkit.detect.guessing import entry_of, failures_before
from breachkit.detect.inquiry import Inquiry, is_name
from breachkit.detect.passwords.weakness import IN_PASSING, weakness_of
from breachkit.detect.standing import DOUBT_COUNT, DOUBT_SHARE, has_session
from breachkit.micros import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    import pandas as pd

    from breachkit.detect.accounts.activity import Use
    from breachkit.detect.accounts.attackers import Attacker, OtherFailure
    from breachkit.detect.accounts.roles import Role
    from breachkit.detect.accounts.suspects import Suspected
    from breachkit.detect.accounts.unauthenticated import Unauthenticated
    from breachkit.detect.findings import Signal
    from breachkit.detect.guessing import Entry, Failures
    from breachkit.detect.inquiry import Evidence
    from breachkit.detect.passwords.weakness import Weakness
    from breachkit.detect.standing import Seen, Standing
    from breachkit.detect.visits import Visits
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
    recipients: Fates | None
    """What became of the recipients of its mail; None where no AUTH is visible."""
    groups: tuple[Group, ...]
    """Its addresses by the part they play; empty where nothing speaks against any of them."""
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
    in_queue: int = 0
    """Messages queued, of which shares are."""

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
    parted = part_accounts(inquiry)
    verdicts = [_judge(inquiry, account, parted) for account in inquiry.accounts()]
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
        in_queue=inquiry.in_queue,
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


def _entered(inquiry: Inquiry, suspected: Suspected) -> _Entered | None:
    roles, account = suspected.roles, suspected.activity.account
    if not roles.attacking or inquiry.evidence.log_first is None:
        return None
    tries = inquiry.of(account, "attempts")
    won = tries[(tries["outcome"] == "success").to_numpy()]
    since = {use.ip: _since(use, is_stranger=use in roles.strangers) for use in roles.attacking}
    came = won[won["client_ip"].isin([*since]).to_numpy() & (won["service"] == "smtp").to_numpy()]
    is_his = [ts >= since[ip] for ip, ts in zip(came["client_ip"], micros(came), strict=True)]
    rows = came[is_his]
    if rows.empty:
        return None
    entry = rows.iloc[0]
    attacks = frozenset(since)
    before = won[(won["ts"] < entry["ts"]).to_numpy()]
    settled = {use.ip for use in roles.attacking if use not in roles.strangers}
    usual = frozenset(before["client_ip"]) - (attacks - settled)
    partners = inquiry.guessers.group_of(str(entry["client_ip"]))
    failures = failures_before(tries, entry["ts"], usual, attacks | partners)
    kind = entry_of(inquiry.lost, entry, failures, inquiry.evidence.log_first, inquiry.guessers)
    # those who only lent a hand with guessing: each of them did too little to be told alone
    accomplices = set(failures.rows["client_ip"]) if kind in {"distributed-guessing", "password-spray"} else set()
    is_first = not (tries["ts"] < entry["ts"]).any()
    return _Entered(rows, entry["ts"], kind, failures, attacks | accomplices, usual, is_first)


def _since(use: Use, *, is_stranger: bool) -> int:
    """Tell from when on the logins of an attacking address are a stranger's."""
    first = use.first_success or 0
    is_his_alone = is_stranger and (not own_past(use) or (use.first_odd or first) - first <= BEFORE)
    return first if is_his_alone or use.first_odd is None else use.first_odd - BEFORE


def _judge(inquiry: Inquiry, account: str, parted: Mapping[str, Suspected]) -> AccountVerdict:
    suspected = parted.get(account)
    standing = inquiry.standings[account]
    entered = _entered(inquiry, suspected) if suspected is not None else None
    is_queue_only = entered is None and _is_unseen(standing) and not _has_habit(suspected)
    weak = _weakness_in_passing(inquiry, account, standing)
    also: tuple[AlsoTried, ...] = ()
    unknown = 0
    signals: tuple[Signal, ...] = ()
    verdict: VerdictName = "clear"
    if entered is not None or is_queue_only:
        if entered is not None:
            also, unknown = also_tried(inquiry, account, entered.attacking, parted)
            weak = _weakness(inquiry, account, entered.rows)
        held = _held(inquiry, account, suspected, entered, (also, weak))
        signals = tuple(find_signals(held))
        verdict = _verdict(signals, held)
    is_seen = inquiry.evidence.is_auth_visible
    doubts = tuple(_doubts(inquiry, standing)) if verdict == "clear" else ()
    told = entered if verdict != "clear" else None
    return AccountVerdict(
        account=account,
        candidates=inquiry.directory.resolve(account).candidates,
        verdict=verdict,
        confidence=_confidence(verdict, signals, is_seen=is_seen and not is_queue_only and not doubts),
        doubts=doubts,
        recipients=_recipients(inquiry, account) if is_seen else None,
        groups=_groups(suspected),
        entry=told.kind if told else None,
        signals=signals,
        queued_messages=standing.queued,
        quarantined_messages=standing.quarantined,
        queued_share=standing.queued / inquiry.in_queue if inquiry.in_queue else 0.0,
        sent_messages=standing.sent if is_seen else None,
        auth_successes=standing.auth_successes if is_seen else None,
        auth_failures_before_entry=told.failures.total if told else None,
        entry_ts=told.ts if told else None,
        entry_ip=str(told.rows["client_ip"].iloc[0]) if told else None,
        last_ts=_last(inquiry, account, told) if told else standing.last_ts,
        client_ips=Places(standing.places, told.sight if told else None),
        mechanisms=standing.mechanisms,
        weak_password=weak,
        also_tried_by_same_ips=also if told else (),
        unknown_names_tried=unknown if told else 0,
        entries=tuple(told.rows["source"]) if told else (),
        mail_froms=standing.mail_froms,
    )


def _recipients(inquiry: Inquiry, account: str) -> Fates:
    visits = inquiry.seen
    rows = slice(*visits.rows_at(account)) if visits.number_of(account) >= 0 else slice(0, 0)
    names = ("rcpts", "delivered", "waiting", "dead", "refused")
    handed, delivered, waiting, dead, refused = (int(visits.count(name)[rows].sum()) for name in names)
    return Fates(delivered, waiting, dead, refused, max(0, handed - delivered - waiting - dead - refused))


def _groups(suspected: Suspected | None) -> tuple[Group, ...]:
    """Sum up the addresses of an account by role, the attacking ones first."""
    if suspected is None:
        return ()
    roles: tuple[Role, ...] = ("attacking", "moved", "unclear", "usual")
    found = []
    for role in roles:
        uses = [use for use in suspected.activity.uses if suspected.roles.of.get(use.ip) == role]
        if uses:
            first_seen, last_seen = min(use.first_success or 0 for use in uses), max(use.last_seen for use in uses)
            ips, number = tuple(use.ip for use in uses), sum(len(use.sent) for use in uses)
            found.append(Group(ips, role, number, moment_of(first_seen), moment_of(last_seen)))
    return tuple(found)


def _has_habit(suspected: Suspected | None) -> bool:
    """Tell whether what sessions show of the account explains what lies in the queue without one: a system's habit."""
    if suspected is None or suspected.roles.attacking:
        return False
    return any(Conduct((use,)).is_foreign for use in suspected.activity.uses)


def _held(
    inquiry: Inquiry,
    account: str,
    suspected: Suspected | None,
    entered: _Entered | None,
    about: tuple[tuple[AlsoTried, ...], str | None],
) -> Held:
    also, weak = about
    queued = inquiry.of(account, "messages")
    rows = entered.rows if entered else inquiry.evidence.attempts.iloc[:0]
    came_in = sorted(set(rows["client_ip"]))
    # success alone makes no attack: two role accounts of one web server see one another there
    attacked = [other for other in also if other.failures or (other.entered and was_elsewhere(inquiry, other))]
    guessing = inquiry.guessers.ips
    counts = ((ip, sum(ip in other.ips for other in attacked)) for ip in came_in if ip not in inquiry.guessers.shared)
    return Held(
        queued=queued,
        total=len(inquiry.messages),
        activity=suspected.activity if suspected else Activity(account, (), 0),
        roles=suspected.roles if suspected else Roles(),
        entry_rows=rows,
        entry=entered.kind if entered else None,
        failures=entered.failures if entered else None,
        others=tuple((ip, count) for ip, count in counts if count and (ip in guessing or count)),
        weak_password=weak,
        deliveries=inquiry.of(account, "deliveries"),
        is_queue_only=entered is None,
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


def _verdict(signals: Sequence[Signal], held: Held) -> VerdictName:
    families = {signal.family for signal in signals}
    is_intrusion = bool(families & INTRUSION)
    attacking = {use.ip for use in held.roles.attacking}
    has_past = any(use.ip not in attacking for use in held.activity.uses)
    if held.roles.letters:
        return "suspect"  # a person and a thief with one mailbox cannot be told for sure by this
    names = {signal.name for signal in signals}
    if (
        "many-places" in names
        and not families & {Family.DESTINATION, Family.ENTRY}
        and "attacker-addresses" not in names
    ):
        return "suspect"  # a service in a cloud writes from many places too: what it writes to is alive
    # names of other houses to recipients that do not exist, where nothing shows that the account ever did otherwise
    is_spam_only = {Family.SENDER, Family.DESTINATION} <= families and not held.is_queue_only
    if len(families) >= TWO if is_intrusion else not has_past and (is_spam_only or len(families) >= THREE):
        return "compromised"
    domains = Conduct(tuple(held.roles.attacking)).domains
    is_odd = held.roles.is_mail_odd and (Family.DESTINATION in families or len(domains) >= STRONG_DOMAINS)
    return "suspect" if is_intrusion or is_odd or len(families) >= TWO else "clear"


def _confidence(verdict: VerdictName, signals: Sequence[Signal], *, is_seen: bool) -> Confidence:
    """Say how sure a verdict is; without a visible AUTH never high."""
    if not is_seen:
        return Confidence.MEDIUM if verdict == "compromised" else Confidence.LOW
    families = {signal.family for signal in signals}
    if verdict == "compromised":
        return Confidence.HIGH if len(families) >= THREE or Family.ENTRY in families else Confidence.MEDIUM
    if verdict == "suspect" or any(signal.name in STRONG for signal in signals):
        return Confidence.MEDIUM
    return Confidence.HIGH


def _last(inquiry: Inquiry, account: str, entered: _Entered) -> pd.Timestamp:
    """Tell when an attacking address was last seen at work in the account."""
    sent = inquiry.of(account, "sends")
    times = [entered.rows["ts"], sent.loc[sent["client_ip"].isin([*entered.attacking]), "ts"]]
    latest: pd.Timestamp = max(column.max() for column in times if len(column))
    return latest
