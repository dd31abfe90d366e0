"""Which account sent the spam, since when, from where, and how sure is that?

Signals fall in families (queue, sender, destination, place, entry); a verdict wants two of them, one of
which says that a stranger came in, so that volume alone accuses no newsletter. An account that no
attacking address entered is clear however often it was tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal
from typing import NamedTuple

from breachkit.detect.findings import Confidence
from breachkit.detect.findings import Family
from breachkit.detect.guessing import entry_of
from breachkit.detect.guessing import failures_before
from breachkit.detect.guessing import group_of
from breachkit.detect.inquiry import Inquiry
from breachkit.detect.joins import BY_ID
from breachkit.detect.joins import BY_PEER
from breachkit.detect.signals import Conduct
from breachkit.detect.signals import find_signals
from breachkit.detect.visits import once_each
from breachkit.detect.weakness import weakness_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    import pandas as pd

    from breachkit.detect.attackers import Attack
    from breachkit.detect.findings import Signal
    from breachkit.detect.guessing import Entry
    from breachkit.detect.guessing import Failures
    from breachkit.detect.inquiry import Evidence
    from breachkit.records import Locus

VerdictName = Literal["compromised", "suspect", "clear"]
VERDICTS: tuple[VerdictName, ...] = ("compromised", "suspect", "clear")
TWO, THREE = 2, 3
"""Families of signals that a verdict wants."""

INTRUSION = {Family.PLACE, Family.ENTRY}
IN_PASSING = 300
"""Variants of its names tried on the secret of an account that nobody entered: there may be thousands of those."""

UNSEEN_SHARE = 0.5
UNSEEN_COUNT = 5
"""Queued messages of an account, as a share and in number, that join no session: the logs do not tell of its mail."""


class Place(NamedTuple):
    """One client address of an account."""

    ip: str
    successes: int
    failures: int
    first_seen: pd.Timestamp
    last_seen: pd.Timestamp
    usual: bool | None
    attacking: bool


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
    last_ts: pd.Timestamp | None
    client_ips: tuple[Place, ...]
    mechanisms: tuple[str, ...]
    weak_password: str | None
    also_tried_by_same_ips: tuple[AlsoTried, ...]
    mail_froms: tuple[tuple[str, int], ...]
    """What it declared as sender in the queue, with counts, most frequent first."""
    entries: tuple[Locus, ...]
    """Where attacking addresses came in: the AUTH lines."""


@dataclass(frozen=True, slots=True)
class Accusation:
    """The verdicts on all accounts, and how the evidence joined."""

    accounts: tuple[AccountVerdict, ...]
    unattributed_messages: int
    joins: dict[str, int]
    contradictions: int
    """Messages whose LocalSender is not the account of their session; the session counts."""


def find_accounts(evidence: Evidence) -> Accusation:
    """Judge every account that authenticated with success or has mail in the queue."""
    inquiry = Inquiry(evidence)
    messages = inquiry.messages
    verdicts = [_judge(inquiry, account) for account in inquiry.accounts()]
    spoken = messages["auth_user"].map(inquiry.account_of, na_action="ignore")
    return Accusation(
        accounts=tuple(sorted(verdicts, key=_rank)),
        unattributed_messages=int((~_has_session(messages) & ~messages["quarantined"]).sum()),
        joins={str(name): int(count) for name, count in messages["join"].value_counts().items()},
        contradictions=int((spoken.notna() & (spoken != messages["account"])).sum()),
    )


def _rank(verdict: AccountVerdict) -> tuple[int, int, str]:
    return VERDICTS.index(verdict.verdict), -verdict.queued_messages, verdict.account


def _has_session(messages: pd.DataFrame) -> pd.Series[bool]:
    return messages["join"].isin([BY_ID, BY_PEER])


class _Entered(NamedTuple):
    """How attacking addresses came into one account; empty when none did."""

    rows: pd.DataFrame
    """Their SMTP successes, in order of time."""
    ts: pd.Timestamp | None
    kind: Entry | None
    failures: Failures | None
    attacking: frozenset[str]
    usual: frozenset[str]
    """Other addresses with a success before it."""


def _entered(inquiry: Inquiry, account: str, tries: pd.DataFrame) -> _Entered:
    won = tries[tries["outcome"] == "success"]
    attacks = {ip for (name, ip) in inquiry.attacks if name == account}
    rows = won[won["client_ip"].isin(list(attacks)) & (won["service"] == "smtp")]
    if rows.empty or inquiry.evidence.log_first is None:
        return _Entered(rows, None, None, None, frozenset(), frozenset(won["client_ip"]))
    entry = rows.iloc[0]
    usual = frozenset(won.loc[won["ts"] < entry["ts"], "client_ip"]) - attacks
    failures = failures_before(inquiry.attempts, account, entry["ts"], usual)
    kind = entry_of(inquiry.attempts, entry, failures, inquiry.evidence.log_first)
    attacking = set(attacks)
    if kind in {"distributed-guessing", "password-spray"}:
        before = inquiry.attempts[inquiry.attempts["ts"] <= entry["ts"]]
        attacking |= group_of(before, str(entry["client_ip"]), failures) - usual
    return _Entered(rows, entry["ts"], kind, failures, frozenset(attacking), usual)


def _judge(inquiry: Inquiry, account: str) -> AccountVerdict:
    queued = inquiry.messages[inquiry.messages["account"] == account]
    tries = inquiry.attempts[inquiry.attempts["account"] == account]
    sent = inquiry.sends[(inquiry.sends["account"] == account) & inquiry.sends["accepted"]]
    won = tries[tries["outcome"] == "success"]
    entered = _entered(inquiry, account, tries)
    also = _also_tried(inquiry, account, entered.attacking)
    is_entered = len(entered.rows) > 0
    weak = _weakness(inquiry, account, entered.rows if is_entered else won, None if is_entered else IN_PASSING)
    conduct = _conduct(inquiry, account, (queued, sent), entered, (also, weak))
    signals = tuple(find_signals(conduct)) if entered.ts is not None or conduct.is_queue_only else ()
    attacks = [attack for (name, _), attack in inquiry.attacks.items() if name == account]
    verdict = _verdict(signals, attacks, has_history=entered.ts is not None and bool(entered.usual))
    is_seen = inquiry.evidence.is_auth_visible
    total = int((~inquiry.messages["quarantined"]).sum())
    in_queue = int((~queued["quarantined"]).sum())
    return AccountVerdict(
        account=account,
        candidates=inquiry.directory.resolve(account).candidates,
        verdict=verdict,
        confidence=_confidence(verdict, signals, is_seen=is_seen and not conduct.is_queue_only),
        entry=entered.kind,
        signals=signals,
        queued_messages=in_queue,
        quarantined_messages=len(queued) - in_queue,
        queued_share=in_queue / total if total else 0.0,
        sent_messages=len(sent) if is_seen else None,
        auth_successes=int((won["service"] == "smtp").sum()) if is_seen else None,
        auth_failures_before_entry=None if entered.failures is None else entered.failures.total,
        entry_ts=entered.ts,
        last_ts=_last(won, sent, entered.attacking),
        client_ips=_places(inquiry, account, entered, tries),
        mechanisms=tuple(sorted(set(won["mechanism"]))),
        weak_password=weak,
        also_tried_by_same_ips=also,
        entries=tuple(entered.rows["source"]),
        mail_froms=tuple((str(name), int(count)) for name, count in _counted(queued["mail_from"])),
    )


def _weakness(inquiry: Inquiry, account: str, rows: pd.DataFrame, depth: int | None) -> str | None:
    secrets = rows["secret"].dropna().unique()
    typed = set(rows["user"].dropna())
    return weakness_of(account, typed, secrets, inquiry.directory, inquiry.evidence.fingerprint, depth)


def _also_tried(inquiry: Inquiry, account: str, attacking: frozenset[str]) -> tuple[AlsoTried, ...]:
    tried = inquiry.visits[inquiry.visits.index.isin([*attacking], level="client_ip")].reset_index()
    others = tried[(tried["account"] != account) & (tried["successes"] + tried["failures"] > 0)]
    found = [
        AlsoTried(
            account=str(name),
            ips=tuple(sorted(group["client_ip"])),
            failures=int(group["failures"].sum()),
            successes=int(group["successes"].sum()),
            entered=any((name, ip) in inquiry.attacks for ip in group.loc[group["successes"] > 0, "client_ip"]),
        )
        for name, group in others.groupby("account", sort=True)
    ]
    return tuple(sorted(found, key=lambda other: (not other.entered, -other.failures, other.account)))


def _conduct(
    inquiry: Inquiry,
    account: str,
    mail: tuple[pd.DataFrame, pd.DataFrame],
    entered: _Entered,
    about: tuple[tuple[AlsoTried, ...], str | None],
) -> Conduct:
    queued, sent = mail
    also, weak = about
    by_attackers = sent["client_ip"].isin([*entered.attacking])
    past = sent.loc[~by_attackers, "ts"].dt.floor("h").value_counts()
    unseen = int((~_has_session(queued)).sum())
    is_queue_only = entered.ts is None and unseen >= max(UNSEEN_COUNT, UNSEEN_SHARE * len(queued))
    deliveries = inquiry.deliveries
    fates = deliveries[(deliveries["account"] == account) & (deliveries["outcome"] != "deferred")]
    visits = inquiry.visits[inquiry.visits.index.isin([(account, ip) for ip in entered.attacking])]
    came_in = set(entered.rows["client_ip"])
    shared = ((ip, sum(ip in other.ips for other in also)) for ip in sorted(came_in))
    return Conduct(
        queued=queued,
        share=len(queued) / len(inquiry.messages) if len(inquiry.messages) else 0.0,
        is_queue_only=is_queue_only,
        sent=sent[by_attackers],
        past_busiest=int(past.max()) if len(past) else 0,
        fates=once_each(fates if is_queue_only else fates[fates["client_ip"].isin([*entered.attacking])]),
        refused=int(visits["refused"].sum()),
        new_ips=tuple(sorted(came_in - entered.usual)) if entered.usual else (),
        shared_ips=tuple((ip, count) for ip, count in shared if count),
        failures=entered.failures,
        entry=entered.kind,
        entry_rows=entered.rows,
        weak_password=weak,
    )


def _verdict(
    signals: Iterable[Signal],
    attacks: Sequence[Attack],
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


def _last(won: pd.DataFrame, sent: pd.DataFrame, attacking: frozenset[str]) -> pd.Timestamp | None:
    """Tell when an attacking address was last seen at work; the account itself when none is."""
    times = [table.loc[table["client_ip"].isin([*attacking]) | (not attacking), "ts"] for table in (won, sent)]
    known = [column.max() for column in times if len(column)]
    return max(known, default=None)


def _places(inquiry: Inquiry, account: str, entered: _Entered, tries: pd.DataFrame) -> tuple[Place, ...]:
    visits = inquiry.visits
    own = visits[visits.index.get_level_values("account") == account].droplevel("account").dropna(subset=["first_seen"])
    is_known = entered.ts is None or bool((tries["ts"] < entered.ts).any())
    places = [
        Place(
            ip=str(ip),
            successes=int(visit["successes"]),
            failures=int(visit["failures"]),
            first_seen=visit["first_seen"],
            last_seen=visit["last_seen"],
            usual=ip in entered.usual if is_known else None,
            attacking=ip in entered.attacking,
        )
        for ip, visit in own.iterrows()
    ]
    return tuple(sorted(places, key=lambda place: (-(place.successes + place.failures), place.ip)))


def _counted(column: pd.Series[str]) -> list[tuple[Any, int]]:
    counts = column.dropna().value_counts()
    return sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
