"""Every account that anything speaks against, and its parted addresses; attackers of one are looked for in others."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.detect.accounts.activity import MASS, About, Activity, Conduct, activity_of
from breachkit.detect.accounts.guessers import STRANGERS
from breachkit.detect.accounts.inquiry import is_name
from breachkit.detect.accounts.letters import LETTERS, find_letters
from breachkit.detect.accounts.roles import Known, Roles, facts_of, find_roles, is_odd
from breachkit.micros import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from breachkit.detect.accounts.activity import Use
    from breachkit.detect.accounts.guessers import Guessers
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.detect.accounts.visits import Visits


class Suspected(NamedTuple):
    """One account of which there is something to tell, and its parted addresses."""

    activity: Activity
    roles: Roles


def part_accounts(inquiry: Inquiry) -> dict[str, Suspected]:
    """Part the addresses of every account that anything speaks against; attackers of one are looked for in others."""
    visits, guessers = inquiry.seen, inquiry.guessers
    sent = np.bincount(visits.who, weights=visits.count("sent"), minlength=len(visits.accounts))
    is_odd = (visits.count("foreign") > 0) | (visits.count("dead") > 0) | (sent >= MASS)[visits.who]
    chosen = np.unique(visits.who[(is_odd | guessers.by_visit) & (visits.count("successes") > 0)])
    began = _began(visits, guessers)
    found: dict[str, Suspected] = {}
    for account in visits.accounts[chosen].tolist():
        activity = _activity(inquiry, account)
        found[account] = Suspected(activity, find_roles(activity, began))
    for account in _letter_writers(inquiry):
        one = found.get(account) or Suspected(_activity(inquiry, account), Roles())
        letters = find_letters(one.activity, inquiry.of(account, "messages"), inquiry.sends, inquiry.directory.domains)
        if letters:
            one.roles.take_letters(letters, one.activity.uses)
            found[account] = one
    spread = {**_runs(found, guessers), **_spread(found, guessers)}
    if spread:
        began = {**spread, **began}
        whence = visits.are_among(spread)
        for account in visits.accounts[np.unique(visits.who[whence[visits.whence] & (visits.count("entries") > 0)])]:
            before = found.get(account)
            known = {use.ip for use in before.roles.attacking} if before is not None else set()
            begin, end = visits.rows_at(account)
            if known.issuperset(visits.ips[visits.whence[begin:end]][whence[visits.whence[begin:end]]]):
                continue  # it is there that they were proven
            activity = before.activity if before is not None else _activity(inquiry, account)
            found[account] = Suspected(activity, find_roles(activity, began))
    return found


def _letter_writers(inquiry: Inquiry) -> list[str]:
    """List the accounts with queued mail whose answers are to go to another house."""
    messages = inquiry.messages
    asks = messages[messages["reply_to"].notna().to_numpy() & messages["account"].notna().to_numpy()]
    pairs = zip(asks["account"], asks["reply_to"], strict=True)
    counts = Counter(account for account, to in pairs if to.rpartition("@")[2] not in inquiry.directory.domains)
    return sorted(account for account, number in counts.items() if number >= LETTERS)


def attacking_ips(inquiry: Inquiry) -> frozenset[str]:
    """List the addresses that guess, and those that attack an account by what they send."""
    sending = {use.ip for one in part_accounts(inquiry).values() for use in one.roles.attacking}
    return inquiry.guessers.ips | sending


def _activity(inquiry: Inquiry, account: str) -> Activity:
    visits, guessers = inquiry.seen, inquiry.guessers
    begin, end = visits.rows_at(account)
    guessing = visits.ips[visits.whence[begin:end][guessers.by_visit[begin:end]]].tolist()
    whence = visits.whence[begin:end]
    local = visits.ips[whence[inquiry.homes.is_local[begin:end]]].tolist()
    about = About(frozenset(guessing), frozenset(local), inquiry.strangers, inquiry.directory.domains)
    tables = {name: inquiry.of(account, name) for name in ("attempts", "sends", "deliveries")}
    return activity_of(account, tables, about)


def _began(visits: Visits, guessers: Guessers) -> dict[str, Known]:
    """Tell since when the addresses that guess are known to."""
    rows = np.flatnonzero(visits.are_among(guessers.ips)[visits.whence] & (visits.count("failures") > 0))
    times = visits.time("first_failure")[rows].astype(np.int64).tolist()
    began: dict[str, int] = {}
    for ip, ts in zip(visits.ips[visits.whence[rows]].tolist(), times, strict=True):
        began[ip] = min(ts, began.get(ip, ts))
    return {ip: Known(ts, None) for ip, ts in began.items() if ip not in guessers.shared}


def _spread(found: dict[str, Suspected], guessers: Guessers) -> dict[str, Known]:
    """Tell which addresses are proven by what they sent as strangers in some account, and since when.

    Never one that many accounts use, nor one that merely goes with others.
    """
    known: dict[str, Known] = {}
    for one in found.values():
        for use in one.roles.strangers:
            if one.roles.facts is not None and use.ip not in guessers.homes:
                began, programmes = known.get(use.ip, Known(use.first_seen, frozenset()))
                known[use.ip] = Known(min(use.first_seen, began), frozenset({*(programmes or ()), use.programme}))
    return known


def _runs(found: Mapping[str, Suspected], guessers: Guessers) -> dict[str, Known]:
    """Find addresses that wrote so little from each of several accounts that it tells only in all."""
    together: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for one in found.values():
        for use in one.activity.uses:
            if use.sent and not use.is_local and use.ip not in guessers.homes and is_odd([use]):
                together[use.ip, use.programme].append(use)
    known = {}
    for (ip, programme), uses in together.items():
        conduct = Conduct(tuple(uses))
        is_short = conduct.last_seen - conduct.first_seen < DAY
        if len(uses) >= STRANGERS and facts_of(uses, ()).number > (not is_short):
            known[ip] = Known(conduct.first_seen, frozenset({programme}))
    return known


class AlsoTried(NamedTuple):
    """Another account that the attacking addresses of this one tried."""

    account: str
    ips: tuple[str, ...]
    failures: int
    successes: int
    entered: bool


def also_tried(
    inquiry: Inquiry, account: str, attacking: frozenset[str], parted: Mapping[str, Suspected]
) -> tuple[tuple[AlsoTried, ...], int]:
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
            entered=_is_entered(parted.get(name), {ip for ip, _, successes in places if successes}),
        )
        for name, places in tried.items()
        if is_name(name)
    ]
    ordered = sorted(found, key=lambda other: (not other.entered, -other.failures, other.account))
    return tuple(ordered), len(tried) - len(found)


def _is_entered(suspected: Suspected | None, ips: set[str]) -> bool:
    """Tell whether one of the addresses that came in attacks the account."""
    return suspected is not None and any(use.ip in ips for use in suspected.roles.attacking)


def was_elsewhere(inquiry: Inquiry, other: AlsoTried) -> bool:
    """Tell whether an account was used from other addresses too."""
    return any(successes and ip not in other.ips for ip, successes, *_ in inquiry.seen.places_of(other.account))
