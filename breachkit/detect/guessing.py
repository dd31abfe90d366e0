"""How was the account entered: brute force, spray, distributed guessing, first try?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pandas as pd

from breachkit.detect.accounts.guessers import MANY, SEVERAL_ADDRESSES, STALE

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from breachkit.detect.accounts.guessers import Guessers

Entry = Literal["password-spray", "distributed-guessing", "brute-force", "first-try", "unknown"]

FEW_SECRETS = 3
"""Unlike secrets on one account that a spray does not exceed, so that no lock-out is met."""
REACH = pd.Timedelta(hours=12)
"""How far the logs must reach back before an entry without failures is called a first try."""
REACH_BACK = pd.Timedelta(hours=24)
"""How long before an entry others may have guessed for it."""


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
    # who guesses comes in with what he found: what others tried days before is the noise that every server hears
    is_near = (before["ts"] >= entry_ts - REACH_BACK) | before["client_ip"].isin([*entering])
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


def failed_tries(attempts: pd.DataFrame) -> pd.DataFrame:
    """Pick account and address of the tries that failed, with `told`, a number for each unlike secret.

    Secrets that cannot be seen are each unlike all others. Texts are numbered, once for all entries that are looked at.
    """
    lost = attempts.loc[attempts["outcome"] == "failure", ["account", "client_ip", "secret"]]
    told, _ = pd.factorize(lost.pop("secret"))
    unseen = -1 - pd.RangeIndex(len(lost)).to_numpy()
    names = {name: lost[name].astype("category") for name in ("account", "client_ip")}
    return lost.assign(**names, told=pd.Series(told, lost.index).where(told >= 0, unseen))


def entry_of(
    lost: pd.DataFrame,
    entry: pd.Series[Any],
    failures: Failures,
    log_first: pd.Timestamp,
    guessers: Guessers,
    entering: AbstractSet[str] = frozenset(),
) -> Entry:
    """Classify an entry.

    Args:
        lost: all tries that failed, see `failed_tries`.
        entry: the row of the try that came in.
        failures: those on its account before it.
        log_first: the first moment that the logs show.
        guessers: every address that guesses, and which work together.
        entering: the attacking addresses of the account.
    """
    if _is_spray(lost, entry, guessers, entering):
        return "password-spray"
    if failures.guesses >= MANY:
        is_spread = failures.addresses >= SEVERAL_ADDRESSES and failures.most_from_one * 2 < failures.guesses
        return "distributed-guessing" if is_spread else "brute-force"
    return "first-try" if entry["ts"] - log_first >= REACH else "unknown"


def _is_spray(lost: pd.DataFrame, entry: pd.Series[Any], guessers: Guessers, entering: AbstractSet[str]) -> bool:
    """Tell whether the entering address and those that work with it tried many accounts with few secrets each."""
    group = guessers.group_of(str(entry["client_ip"])) | {
        ip for other in entering & guessers.ips for ip in guessers.group_of(other)
    }
    tried = lost[lost["client_ip"].isin([*group]).to_numpy()]
    secrets = tried.groupby("account", observed=True)["told"].nunique()
    here = tried[tried["client_ip"].isin([*entering]).to_numpy() & (tried["account"] == entry["account"]).to_numpy()]
    return bool((secrets <= FEW_SECRETS).sum() >= MANY and here["told"].nunique() <= FEW_SECRETS)
