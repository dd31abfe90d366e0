"""Every account that anything speaks against: its parted addresses, and when, from where and how it was entered.

Attackers of one account are looked for in others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from breachkit.detect.accounts.activity import MASS, About, Activity, Conduct, activity_of
from breachkit.detect.accounts.guessers import FEW_SECRETS, MANY, SEVERAL_ADDRESSES, STALE, STRANGERS
from breachkit.detect.accounts.inquiry import is_name
from breachkit.detect.accounts.places import network_of
from breachkit.detect.accounts.roles import Known, Letters, Roles, facts_of, find_roles, is_odd
from breachkit.micros import DAY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from collections.abc import Set as AbstractSet

    from breachkit.detect.accounts.activity import Use
    from breachkit.detect.accounts.guessers import Guessers
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.detect.accounts.visits import Visits
    from breachkit.records import Locus

Entry = Literal["password-spray", "distributed-guessing", "brute-force", "first-try", "unknown"]

REACH = pd.Timedelta(hours=12)
"""How far the logs must reach back before an entry without failures is called a first try."""
REACH_BACK = pd.Timedelta(hours=24)
"""How long before an entry others may have guessed for it."""

REACH_ON = pd.Timedelta(minutes=10)
"""How long after it they may go on."""

LETTERS = 2
"""Letters that ask for answers to one other house, from one address."""


def part_accounts(inquiry: Inquiry) -> dict[str, Roles]:
    """Part the addresses of every account that anything speaks against; attackers of one are looked for in others."""
    visits, guessers = inquiry.seen, inquiry.guessers
    sent = np.bincount(visits.who, weights=visits.count("sent"), minlength=len(visits.accounts))
    is_odd = (visits.count("foreign") > 0) | (visits.count("dead") > 0) | (sent >= MASS)[visits.who]
    chosen = np.unique(visits.who[(is_odd | guessers.by_visit) & (visits.count("successes") > 0)])
    began = _began(visits, guessers)
    found: dict[str, Roles] = {}
    for account in visits.accounts[chosen].tolist():
        found[account] = find_roles(_activity(inquiry, account), began)
    for account in _letter_writers(inquiry):
        one = found.get(account) or Roles(_activity(inquiry, account))
        letters = find_letters(one.activity, inquiry.of(account, "messages"), inquiry.sends, inquiry.directory.domains)
        if letters:
            one.take_letters(letters)
            found[account] = one
    spread = {**_runs(found, guessers), **_spread(found, guessers)}
    if spread:
        began = {**spread, **began}
        whence = visits.are_among(spread)
        for account in visits.accounts[np.unique(visits.who[whence[visits.whence] & (visits.count("entries") > 0)])]:
            before = found.get(account)
            known = {use.ip for use in before.attacking} if before is not None else set()
            begin, end = visits.rows_at(account)
            if known.issuperset(visits.ips[visits.whence[begin:end]][whence[visits.whence[begin:end]]]):
                continue  # it is there that they were proven
            activity = before.activity if before is not None else _activity(inquiry, account)
            found[account] = find_roles(activity, began)
    return found


def _letter_writers(inquiry: Inquiry) -> list[str]:
    """List the accounts with queued mail whose answers are to go to another house."""
    messages = inquiry.messages
    asks = messages[messages["reply_to"].notna().to_numpy() & messages["account"].notna().to_numpy()]
    pairs = zip(asks["account"], asks["reply_to"], strict=True)
    counts = Counter(account for account, to in pairs if to.rpartition("@")[2] not in inquiry.directory.domains)
    return sorted(account for account, number in counts.items() if number >= LETTERS)


def find_letters(
    activity: Activity, queued: pd.DataFrame, sends: pd.DataFrame, house: Collection[str]
) -> list[Letters]:
    """Find the addresses from which an account asks for answers elsewhere, as it does from nowhere else.

    So a thief writes by hand in a stolen mailbox: few letters, to living people. Volume and bounces say nothing of
    them. What tells is a Reply-To of another house that the account's other mail has not, from an address where its
    owner is not at work. Only queued mail shows it: delivered mail leaves no head in the logs.

    Args:
        activity: what was done in the account.
        queued: its queued messages, with `send` and `reply_to`.
        sends: all messages handed in; `send` is their row.
        house: the domains of the house.
    """
    asked: dict[str, dict[str, list[Locus]]] = defaultdict(lambda: defaultdict(list))
    places = sends["client_ip"]
    for send, reply_to, mail_from, source in zip(
        queued["send"], queued["reply_to"], queued["mail_from"], queued["source"], strict=True
    ):
        domain = reply_to.rpartition("@")[2] if isinstance(reply_to, str) else ""
        own = mail_from.rpartition("@")[2] if isinstance(mail_from, str) else ""
        if send >= 0 and domain and domain not in house and domain != own:
            asked[domain][str(places.iloc[send])].append(source)
    found = []
    for domain, by_ip in asked.items():
        networks = {network_of(ip) for ip in by_ip}
        # the owner works elsewhere, and asks for no such answers there
        is_beside = any(use.sent and network_of(use.ip) not in networks for use in activity.uses)
        if is_beside and len(networks) == 1:
            found += [Letters(ip, domain, tuple(rows)) for ip, rows in by_ip.items() if len(rows) >= LETTERS]
    return found


def attacking_ips(inquiry: Inquiry) -> frozenset[str]:
    """List the addresses that guess, and those that attack an account by what they send."""
    sending = {use.ip for one in part_accounts(inquiry).values() for use in one.attacking}
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


def _spread(found: dict[str, Roles], guessers: Guessers) -> dict[str, Known]:
    """Tell which addresses are proven by what they sent as strangers in some account, and since when.

    Never one that many accounts use, nor one that merely goes with others.
    """
    known: dict[str, Known] = {}
    for one in found.values():
        for use in one.strangers:
            if one.facts is not None and use.ip not in guessers.homes:
                began, programmes = known.get(use.ip, Known(use.first_seen, frozenset()))
                known[use.ip] = Known(min(use.first_seen, began), frozenset({*(programmes or ()), use.programme}))
    return known


def _runs(found: Mapping[str, Roles], guessers: Guessers) -> dict[str, Known]:
    """Find addresses that wrote so little from each of several accounts that it tells only in all."""
    together: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for one in found.values():
        for use in one.activity.uses:
            if use.sent and not use.is_local and use.ip not in guessers.homes and is_odd([use]):
                together[use.ip, use.programme].append(use)
    known = {}
    for (ip, programme), uses in together.items():
        conduct = Conduct(uses)
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
    inquiry: Inquiry, account: str, attacking: frozenset[str], parted: Mapping[str, Roles]
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


def _is_entered(roles: Roles | None, ips: set[str]) -> bool:
    """Tell whether one of the addresses that came in attacks the account."""
    return roles is not None and any(use.ip in ips for use in roles.attacking)


def was_elsewhere(inquiry: Inquiry, other: AlsoTried) -> bool:
    """Tell whether an account was used from other addresses too."""
    return any(successes and ip not in other.ips for ip, successes, *_ in inquiry.seen.places_of(other.account))


class Failures(NamedTuple):
    """The failures on one account before it was entered."""

    total: int
    """From addresses that are not usual, stale devices among them."""
    guesses: int
    """The same without stale devices: one wrong secret over and over."""
    addresses: int
    most_from_one: int
    unlike_secrets: int
    rows: pd.DataFrame


def failures_before(
    tries: pd.DataFrame, entry_ts: pd.Timestamp, usual: AbstractSet[str], entering: AbstractSet[str] = frozenset()
) -> Failures:
    """Sum up the failures among the tries on one account before its entry, from addresses that are not usual.

    Args:
        tries: on the account.
        entry_ts: when it was entered.
        usual: addresses that its owner used before.
        entering: the attacking addresses that came in, with those that guess together with them.
    """
    on_account = tries[tries["outcome"] == "failure"]
    before = on_account[(on_account["ts"] < entry_ts) & ~on_account["client_ip"].isin(list(usual))]
    by_ip = before.groupby("client_ip")
    stale = by_ip["secret"].nunique().eq(1) & by_ip["secret"].count().eq(by_ip.size()) & by_ip.size().ge(STALE)
    # several addresses that repeat one and the same secret are one telephone on the move
    repeated = before["secret"].value_counts()
    moving = set(repeated.index[repeated >= MANY]) if len(repeated) else set()
    is_stale = before["client_ip"].map(stale).fillna(value=False).astype("bool") | before["secret"].isin(moving)
    # who guesses comes in with what he found, and then stops: who goes on is the noise that every server hears
    going_on = set(on_account.loc[on_account["ts"] > entry_ts + REACH_ON, "client_ip"])
    is_near = (before["ts"] >= entry_ts - REACH_BACK) & ~before["client_ip"].isin(going_on)
    is_near |= before["client_ip"].isin([*entering])
    guessed = before[~is_stale & is_near]
    sizes = guessed.groupby("client_ip").size()
    return Failures(
        total=len(before),
        guesses=len(guessed),
        addresses=len(sizes),
        most_from_one=int(sizes.max()) if len(sizes) else 0,
        unlike_secrets=int(guessed["secret"].nunique()),
        rows=guessed,
    )


class Entered(NamedTuple):
    """How attacking addresses came into one account."""

    rows: pd.DataFrame
    """Their logins by success, through any door, in order of time."""
    ts: pd.Timestamp
    kind: Entry
    failures: Failures
    attacking: frozenset[str]
    """Those that came in, and those that guessed for them."""
    usual: frozenset[str]
    """Other addresses with a success before it."""
    is_first: bool
    """Nothing on this account was tried before it."""


def find_entry(inquiry: Inquiry, roles: Roles) -> Entered | None:
    """Find the first visit of the attacking addresses of an account, through any door; None where they have none."""
    log_first, guessers = inquiry.log_first, inquiry.guessers
    tries = inquiry.of(roles.activity.account, "attempts")
    rows = tries.iloc[sorted(login.row for use in roles.attacking for login in use.logins)]
    if rows.empty or log_first is None:
        return None
    # who sprays checks what he found through any door, among hundreds of others: that is no visit yet
    is_check = (rows["client_ip"].isin([*guessers.ips]) & (rows["service"] != "smtp")).to_numpy()
    rows = rows if is_check.all() else rows[~is_check]
    ts = rows["ts"].iloc[0]
    attacks = frozenset(use.ip for use in roles.attacking)
    own = {use.ip for use in roles.attacking if use not in roles.strangers}
    came_before = (tries["outcome"] == "success").to_numpy() & (tries["ts"] < ts).to_numpy()
    usual = frozenset(tries.loc[came_before, "client_ip"]) - (attacks - own)
    partners = guessers.group_of(str(rows["client_ip"].iloc[0]))
    failures = failures_before(tries, ts, usual, attacks | partners)
    kind: Entry
    # at an address of its owner's the failures may be those of anybody there
    owners = own | {use.ip for use in roles.owners}
    if rows["client_ip"].iloc[0] not in owners and _is_spray(inquiry, rows.iloc[0], attacks):
        kind = "password-spray"
    elif failures.guesses >= MANY:
        is_spread = failures.addresses >= SEVERAL_ADDRESSES and failures.most_from_one * 2 < failures.guesses
        kind = "distributed-guessing" if is_spread else "brute-force"
    else:
        kind = "first-try" if ts - log_first >= REACH else "unknown"
    # those who only lent a hand with guessing: each of them did too little to be told alone
    accomplices = set(failures.rows["client_ip"]) if kind in {"distributed-guessing", "password-spray"} else set()
    is_first = not (tries["ts"] < ts).any()
    return Entered(rows, ts, kind, failures, attacks | accomplices, usual, is_first)


def _is_spray(inquiry: Inquiry, entry: pd.Series[str], attacks: AbstractSet[str]) -> bool:
    """Tell whether the attacking addresses and those that work with them tried many accounts with few secrets each."""
    guessers, attempts = inquiry.guessers, inquiry.attempts
    group = {ip for one in {entry["client_ip"], *(attacks & guessers.ips)} for ip in guessers.group_of(one)}
    is_theirs = (
        attempts["client_ip"].isin(group & guessers.ips).to_numpy() & (attempts["outcome"] == "failure").to_numpy()
    )
    tried = attempts.loc[is_theirs, ["account", "client_ip", "secret"]]
    unlike = _unlike_secrets(tried)
    own = tried[(tried["account"] == entry["account"]).to_numpy() & tried["client_ip"].isin([*attacks]).to_numpy()]
    return int((unlike <= FEW_SECRETS).sum()) >= MANY and _unlike_secrets(own).sum() <= FEW_SECRETS


def _unlike_secrets(tried: pd.DataFrame) -> pd.Series[int]:
    """Count the unlike secrets by account; one that cannot be seen is unlike all others."""
    by_account = tried.groupby("account")["secret"]
    return by_account.nunique() + by_account.size() - by_account.count()
