"""Which client addresses attacked which account?

An attacking address of an account is one whose authenticated sessions sent the spam, or that failed on it
with many unlike secrets, or that tried several accounts not its own. An address that the account used
before any of that, an office that thirty colleagues share, a ticket system that always wrote in other
names from one place: none of them is.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

GUESSES = 5
"""Unlike wrong secrets on one account from one address that an owner does not type."""

STRANGERS = 3
"""Accounts tried in vain from one address that are one too many for a household or a phone."""

FOREIGN_SHARE = 0.2
FOREIGN_COUNT = 10
"""Messages in other names, as a share of those sent from one address or in number, that are spam's way."""

KIN_COUNT = 3
"""Messages in names of the account's own domain below which they are an alias that nobody told us of."""

ALWAYS = pd.Timedelta(hours=24)
"""How soon after its first login an address must have written in other names for that to be its habit."""

BEFORE = pd.Timedelta(hours=24)
"""How long before its first attack an address that is new to an account may have come in to look round."""

NOWHERE_SHARE = 0.25
NOWHERE_COUNT = 5
"""Recipients that do not exist, as a share of those whose fate is known, and at least so many. "Honest users
are very unlikely to attempt to send to 100 nonexistent addresses in one hour" (Exim wiki, BlockCracking);
a kept mailing list stays below 5 %."""

HOPELESS_SHARE = 0.5
"""Share of recipients that do not exist from which on not even a habit excuses."""

STEADY = pd.Timedelta(hours=3)
"""How long one address must have been in use for what it does to be the account's habit."""

DAYS = 3
HASTE = 60
"""Days of use after which a habit may be busy, and messages in an hour that a young one stays below."""

COLLEAGUES = 5
"""Accounts that come in at one address and make it a shared place."""

NEW = pd.Timedelta(hours=12)
"""How long after its account was first seen an address comes up that is new to it."""

BURST = 30
BURST_RATIO = 5
CROWD = 2
"""Messages in an hour from new addresses, in number and against the account's own busiest hour, and how many
addresses it takes: a mailing goes out from one place, a stolen account is used from several."""


class Attack(NamedTuple):
    """Why an address attacks an account."""

    by_guessing: bool
    """Unlike secrets on this account."""
    by_trying: bool
    """Tried several accounts not its own."""
    by_sending: bool
    """Sent in other names, or to nobody."""
    by_volume: bool
    """Sent, with other new addresses, far more than the account ever did: weak."""
    by_others: bool
    """Attacked other accounts before it came in here."""

    @property
    def is_only_volume(self) -> bool:
        """True when nothing but the number of its messages speaks against an address."""
        return self.by_volume and sum(self) == 1


def find_attackers(visits: pd.DataFrame, sends: pd.DataFrame) -> dict[tuple[str, str], Attack]:
    """Find the attacking addresses of each account in a visits table and the table of what was sent."""
    is_habit, was_known = _is_habit(visits), _was_known(visits)
    found = pd.DataFrame(
        {
            "by_guessing": (visits["unlike_secrets"] >= GUESSES) & ~was_known,
            "by_trying": visits.index.isin([*_trying(visits)], level="client_ip") & ~was_known,
            "by_sending": _is_spam(visits, is_habit),
            "by_volume": visits.index.isin([*_crowds(visits, sends)]),
        },
        index=visits.index,
    )
    found["by_others"] = _followed(visits, found) & ~found.any(axis=1)
    rows = found[found.any(axis=1)]
    reasons = zip(*(rows[name].tolist() for name in Attack._fields), strict=True)
    return dict(zip(rows.index, map(Attack._make, reasons), strict=True))


def _was_known(visits: pd.DataFrame) -> pd.Series[bool]:
    """Tell addresses that came in before they ever failed, and more than once: their owners mistype."""
    came_first = visits["first_failure"].isna() | (visits["first_success"] < visits["first_failure"])
    return visits["first_success"].notna() & came_first & (visits["successes"] > 1)


def _trying(visits: pd.DataFrame) -> set[str]:
    """Find the addresses that tried at least `STRANGERS` accounts in vain, and more than they came in at."""
    lost = visits[(visits["failures"] > 0) & (visits["successes"] == 0)].groupby(level="client_ip").size()
    won = visits[visits["successes"] > 0].groupby(level="client_ip").size()
    tried = pd.DataFrame({"lost": lost, "won": won}).fillna(0)
    return set(tried.index[(tried["lost"] >= STRANGERS) & (tried["lost"] >= tried["won"])])


def _is_spam(visits: pd.DataFrame, is_habit: pd.Series[bool]) -> pd.Series[bool]:
    sent, unknown, rcpts = (visits[name] for name in ("sent", "unknown", "rcpts"))
    foreign = visits["mismatched"].where((visits["strange"] > 0) | (visits["mismatched"] >= KIN_COUNT), 0)
    nobody = (unknown >= NOWHERE_COUNT) & (unknown >= NOWHERE_SHARE * rcpts)
    is_foreign = (foreign > 0) & ((foreign >= FOREIGN_SHARE * sent) | (foreign >= FOREIGN_COUNT))
    return (nobody & (unknown >= HOPELESS_SHARE * rcpts)) | ((nobody | is_foreign) & ~is_habit)


def is_mostly_nobody(unknown: int, rcpts: int) -> bool:
    """Tell a run to invented recipients from a list with a few dead addresses."""
    return unknown >= NOWHERE_COUNT and unknown >= NOWHERE_SHARE * rcpts


def _is_habit(visits: pd.DataFrame) -> pd.Series[bool]:
    """Tell a system that always writes in other names from its one place from a thief who does it in passing."""
    accounts = visits.groupby(level="account")
    places = (visits["successes"] > 0).groupby(level="account").transform("sum")
    is_calm = (visits["days"] >= DAYS) | (visits["busiest"] < HASTE)
    is_only = (places == 1) & (visits["last_seen"] - visits["first_success"] >= STEADY) & is_calm
    is_first = visits["first_success"] <= accounts["first_success"].transform("min") + STEADY
    always = visits["first_mismatch"].isna() | (visits["first_mismatch"] <= visits["first_success"] + ALWAYS)
    return (is_only | (is_first & (visits["days"] >= DAYS))) & always & (visits["unlike_secrets"] < GUESSES)


def _crowds(visits: pd.DataFrame, sends: pd.DataFrame) -> set[tuple[str, str]]:
    """Find the new addresses that together sent in an hour far more than their account ever did."""
    keys = ["account", "client_ip"]
    first = visits["first_success"].dropna()
    since = first - first.groupby(level="account").transform("min")
    new = since.index[since > NEW]
    sent = sends.loc[sends["accepted"] & sends["account"].notna(), [*keys, "ts"]]
    sent = sent.assign(hour=sent["ts"].dt.floor("h"), is_new=pd.MultiIndex.from_frame(sent[keys]).isin(new))
    past = sent[~sent["is_new"]].groupby(["account", "hour"]).size().groupby("account").max()
    crowd = sent[sent["is_new"]].groupby(["account", "hour"])["client_ip"].agg(["size", "nunique"]).reset_index()
    usual = crowd["account"].map(past).fillna(0).clip(lower=1)
    burst = crowd[(crowd["size"] >= BURST) & (crowd["size"] >= BURST_RATIO * usual) & (crowd["nunique"] >= CROWD)]
    inside = sent[sent["is_new"]].merge(burst[["account", "hour"]], on=["account", "hour"])
    return set(inside[keys].itertuples(index=False, name=None))


def _followed(visits: pd.DataFrame, found: pd.DataFrame) -> pd.Series[bool]:
    """Tell where an attacking address of other accounts came in, after it had begun or shortly before.

    It began with its first failure, its first message in another name, or its first login. Before that it counts
    only where it is new to an account that had been used from elsewhere.
    """
    strong = found["by_guessing"] | found["by_trying"] | found["by_sending"]
    strong &= ~visits.index.isin([*_shared(visits)], level="client_ip")
    failed = visits["first_failure"].where(found["by_guessing"] | found["by_trying"])
    sent = visits["first_mismatch"].fillna(visits["first_success"]).where(found["by_sending"])
    began = pd.concat([failed, sent], axis=1).min(axis=1).fillna(visits["first_seen"])[strong]
    earliest = began.groupby(level="client_ip").min().reindex(visits.index.get_level_values("client_ip"))
    first = visits.groupby(level="account")["first_success"].transform("min")
    is_after = visits["first_success"] >= earliest.array
    is_early = visits["first_success"] >= (earliest - BEFORE).array
    followed: pd.Series[bool] = (visits["successes"] > 0) & (is_after | (is_early & (visits["first_success"] > first)))
    return followed


def _shared(visits: pd.DataFrame) -> set[str]:
    """Find the addresses behind which many accounts live: one bad computer does not taint its colleagues."""
    won = (visits["successes"] > 0).groupby(level="client_ip").sum()
    lost = (visits["failures"] > 0).groupby(level="client_ip").sum()
    return set(won.index[(won >= COLLEAGUES) & (lost <= won / 2)])
