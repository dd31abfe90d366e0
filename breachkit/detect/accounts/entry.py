"""When, from where and how was an account entered: brute force, spray, distributed guessing, first try?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import pandas as pd

from breachkit.detect.accounts.guessers import FEW_SECRETS, MANY, SEVERAL_ADDRESSES, STALE

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.detect.accounts.suspects import Suspected

Entry = Literal["password-spray", "distributed-guessing", "brute-force", "first-try", "unknown"]

REACH = pd.Timedelta(hours=12)
"""How far the logs must reach back before an entry without failures is called a first try."""
REACH_BACK = pd.Timedelta(hours=24)
"""How long before an entry others may have guessed for it."""

REACH_ON = pd.Timedelta(minutes=10)
"""How long after it they may go on."""


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


def find_entry(inquiry: Inquiry, suspected: Suspected) -> Entered | None:
    """Find the first visit of the attacking addresses of an account, through any door; None where they have none."""
    roles, account = suspected.roles, suspected.activity.account
    log_first, guessers = inquiry.evidence.log_first, inquiry.guessers
    tries = inquiry.of(account, "attempts")
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
    owners = own | {use.ip for use in suspected.activity.uses if use not in roles.attacking}
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
