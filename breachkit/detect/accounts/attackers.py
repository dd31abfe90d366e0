"""Who attacked the server: addresses that work together, what they tried, where they came in, and what to block.

The other failures are told as well, so that nobody has to ask whose they are: devices with an old password, owners who
mistype, and what is too little to tell.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from breachkit.detect.accounts.guessers import FEW_SECRETS, MANY, SEVERAL_ADDRESSES, STALE, STRANGERS
from breachkit.detect.accounts.inquiry import is_name
from breachkit.detect.accounts.places import is_loopback, is_private, network_of
from breachkit.detect.accounts.roles import Joined
from breachkit.detect.findings import KEPT_EVIDENCE, first
from breachkit.micros import moment_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from breachkit.detect.accounts.accusation import AccountVerdict
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.detect.accounts.unauthenticated import Unauthenticated
    from breachkit.detect.accounts.visits import Column, Visits
    from breachkit.records import Locus, Service

AttackKind = Literal["password-spray", "brute-force", "distributed-guessing", "stolen-password", "relay"]
NotBlockedWhy = Literal["usual", "private", "loopback", "shared", "server"]
FailureKind = Literal["stale-device", "mistyper", "unclear"]


class AttackerIp(NamedTuple):
    """One attacking address, and whether a firewall may be told to block it."""

    ip: str
    blocked: bool
    not_blocked_why: NotBlockedWhy | None


class Attacker(NamedTuple):
    """Addresses that work together, and all that they did."""

    ips: tuple[AttackerIp, ...]
    kind: AttackKind
    entered: bool
    accounts_tried: int
    """Names tried, those that no account has too."""
    accounts_entered: tuple[str, ...]
    failures: int
    successes: int
    first_seen: datetime
    last_seen: datetime
    services: tuple[Service, ...]
    evidence: tuple[Locus, ...]


class OtherFailure(NamedTuple):
    """Failed logins that are no attack, of one address on one account."""

    ip: str
    kind: FailureKind
    account: str | None
    """None for a name that no account has: it may be a password."""
    failures: int
    first_seen: datetime
    last_seen: datetime
    evidence: tuple[Locus, ...]


class Unblocked(NamedTuple):
    """Why an address is not to be blocked: some account uses it lawfully, many do, or it is the server's own."""

    usual: Collection[str]
    shared: Collection[str]
    own: Collection[str]

    def why(self, ip: str) -> NotBlockedWhy | None:
        """Name the reason; None for an address that may be blocked."""
        if is_loopback(ip):
            return "loopback"
        if ip in self.own:
            return "server"
        if ip in self.shared:
            return "shared"
        if ip in self.usual:
            return "usual"
        return "private" if is_private(ip) else None

    def of(self, ip: str) -> AttackerIp:
        """Tell it of an address."""
        why = self.why(ip)
        return AttackerIp(ip, why is None, why)


def find_attackers(inquiry: Inquiry, entered: Sequence[AccountVerdict], unblocked: Unblocked) -> tuple[Attacker, ...]:
    """Sum up what every attacking address did, those that work together in one row.

    Args:
        inquiry: the joined tables, and the addresses that guess.
        entered: the accused accounts that were entered.
        unblocked: which addresses are not to be blocked.

    Returns:
        Those who entered first, then by failures.
    """
    guessers = inquiry.guessers
    wanted = {*guessers.ips, *(ip for one in entered for ip in one.attacking_ips)}
    if not wanted:
        return ()
    joined = Joined(sorted(wanted))
    for together in (*guessers.together, *(one.attacking_ips for one in entered)):
        joined.join(ip for ip in together if ip in wanted)
    for near in _lists((network_of(ip), ip) for ip in wanted if not is_private(ip)).values():
        joined.join(near)
    came = _lists(
        (place.ip, one.account) for one in entered for place in one.client_ips if place.attacking and place.successes
    )
    tried = _Tried(inquiry.seen, inquiry.attempts, wanted)
    found = [_attacker(ips, tried, came, unblocked) for ips in joined.groups()]
    return tuple(sorted(found, key=lambda one: (not one.entered, -one.failures, one.ips[0].ip)))


def find_relays(relays: Iterable[Unauthenticated], unblocked: Unblocked) -> Iterator[Attacker]:
    """Tell the addresses that sent without a readable login as attackers."""
    for one in relays:
        yield Attacker(
            ips=(unblocked.of(one.client_ip),),
            kind="relay",
            entered=False,
            accounts_tried=0,
            accounts_entered=(),
            failures=0,
            successes=0,
            first_seen=one.first_seen,
            last_seen=one.last_seen,
            services=("smtp",),
            evidence=one.evidence,
        )


class _Tried:
    """The visits and tries of some addresses."""

    def __init__(self, visits: Visits, attempts: pd.DataFrame, ips: Collection[str]) -> None:
        chosen = visits.are_among(ips)
        self.visits = visits
        rows = np.flatnonzero(chosen[visits.whence])
        self.rows: Mapping[str, list[int]] = _lists(zip(visits.ips[visits.whence[rows]], rows.tolist(), strict=True))
        tries = attempts[attempts["client_ip"].isin([*ips]).to_numpy()]
        self._services: Mapping[str, list[Service]] = _lists(
            tries[["client_ip", "service"]].drop_duplicates().itertuples(index=False, name=None)
        )
        # a few places of each are enough: the first failures or, without any, the first logins
        ordered = tries.assign(won=tries["outcome"] == "success").sort_values("won", kind="stable")
        few = ordered.groupby("client_ip", sort=False, observed=True).head(2)
        self._sources: Mapping[str, list[Locus]] = _lists(zip(few["client_ip"], few["source"], strict=True))
        masked = tries[tries["account"].isna().to_numpy()]
        self.nameless = {
            str(ip): (int((part["outcome"] == "failure").sum()), part["ts"].min(), part["ts"].max())
            for ip, part in masked.groupby("client_ip", sort=False)
        }

    def services(self, ips: Iterable[str]) -> tuple[Service, ...]:
        """List the doors that some addresses tried."""
        return tuple(sorted({service for ip in ips for service in self._services.get(ip, ())}))

    def evidence(self, ips: Iterable[str]) -> tuple[Locus, ...]:
        """Return the first places where they stand."""
        return first(place for ip in ips for place in self._sources.get(ip, ()))


def _lists(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found


def _attacker(ips: Sequence[str], tried: _Tried, came: Mapping[str, Collection[str]], unblocked: Unblocked) -> Attacker:
    visits = tried.visits
    rows = np.array([row for ip in ips for row in tried.rows.get(ip, ())], np.int64)
    nameless = [tried.nameless[ip] for ip in ips if ip in tried.nameless]
    failures = visits.count("failures")[rows]
    accounts = tuple(sorted({account for ip in ips for account in came.get(ip, ())}))
    seen = [*_moments(visits, "first_seen", rows), *(one for _, one, _ in nameless)]
    last = [*_moments(visits, "last_seen", rows), *(one for *_, one in nameless)]
    return Attacker(
        ips=tuple(map(unblocked.of, ips)),
        kind=_kind(visits, rows, failures),
        entered=bool(accounts),
        accounts_tried=len(np.unique(visits.who[rows])),
        accounts_entered=accounts,
        failures=int(failures.sum()) + sum(number for number, *_ in nameless),
        successes=int(visits.count("successes")[rows].sum()),
        first_seen=min(seen),
        last_seen=max(last),
        services=tried.services(ips),
        evidence=tried.evidence(ips),
    )


def _moments(visits: Visits, name: str, rows: Column) -> list[datetime]:
    times = visits.time(name)[rows]
    return [moment_of(int(one)) for one in times[~np.isnat(times)].astype(np.int64)]


def _kind(visits: Visits, rows: Column, failures: Column) -> AttackKind:
    """Classify what a group of addresses did by its failures: how many accounts, secrets and addresses."""
    lost = rows[failures > 0]
    if not len(lost):
        return "stolen-password"
    secrets = Counter[int]()
    by_ip = Counter[int]()
    tries = visits.count("unlike_secrets")[lost] + visits.count("unseen_secrets")[lost]
    for account, ip, number in zip(
        visits.who[lost].tolist(), visits.whence[lost].tolist(), tries.tolist(), strict=True
    ):
        secrets[account] += number
        by_ip[ip] += number
    if len(secrets) >= STRANGERS and median(secrets.values()) <= FEW_SECRETS:
        return "password-spray"
    is_spread = len(by_ip) >= SEVERAL_ADDRESSES and 2 * max(by_ip.values()) < by_ip.total()
    return "distributed-guessing" if is_spread and by_ip.total() >= MANY else "brute-force"


def find_other_failures(inquiry: Inquiry, attacking: Collection[str]) -> tuple[OtherFailure, ...]:
    """Tell the failures of addresses other than the attacking ones, by address and account; most failures first."""
    visits, attempts = inquiry.seen, inquiry.attempts
    is_attacking = visits.are_among(attacking)
    rows = np.flatnonzero((visits.count("failures") > 0) & ~is_attacking[visits.whence])
    if not len(rows):
        return ()
    lost = attempts[(attempts["outcome"] == "failure").to_numpy() & attempts["account"].notna().to_numpy()]
    visit, known = visits.visit_of(lost)
    order = np.argsort(visit, kind="stable")  # within a visit they stay in order of time
    begins, ends = (np.searchsorted(visit[order], rows, side).tolist() for side in ("left", "right"))
    order = known[order]
    sources, times = lost["source"].to_numpy(), lost["ts"]
    merged: dict[tuple[str, str | None], OtherFailure] = {}
    for row, begin, end in zip(rows.tolist(), begins, ends, strict=True):
        account = str(visits.accounts[visits.who[row]])
        name = account if is_name(account) else None  # it may be a password
        one = OtherFailure(
            ip=str(visits.ips[visits.whence[row]]),
            kind=_failure_kind(visits, row),
            account=name,
            failures=end - begin,
            first_seen=times.iloc[order[begin]],
            last_seen=times.iloc[order[end - 1]],
            evidence=first(sources[order[begin : min(end, begin + KEPT_EVIDENCE)]]),
        )
        before = merged.get((one.ip, name))
        merged[one.ip, name] = one if before is None else _sum(before, one)
    return tuple(sorted(merged.values(), key=lambda one: (-one.failures, one.ip, one.account or "")))


def _sum(one: OtherFailure, other: OtherFailure) -> OtherFailure:
    return one._replace(
        kind=one.kind if one.kind == other.kind else "unclear",
        failures=one.failures + other.failures,
        first_seen=min(one.first_seen, other.first_seen),
        last_seen=max(one.last_seen, other.last_seen),
        evidence=first([*one.evidence, *other.evidence]),
    )


def _failure_kind(visits: Visits, row: int) -> FailureKind:
    """Tell one wrong secret over and over from slips of somebody who then comes in."""
    failures, unlike, unseen = (
        int(visits.count(name)[row]) for name in ("failures", "unlike_secrets", "unseen_secrets")
    )
    if unlike == 1 and not unseen and failures >= STALE:
        return "stale-device"
    return "mistyper" if visits.count("successes")[row] and failures < MANY else "unclear"
