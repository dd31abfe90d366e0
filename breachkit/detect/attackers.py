"""Which client addresses attacked which account?

An attacking address of an account is one whose authenticated sessions sent the spam, or that failed on it
with many unlike secrets, or that tried several accounts not its own. An address that the account used
before any of that, an office that thirty colleagues share, a ticket system that always wrote in other
names from one place: none of them is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import cast

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator

    Visit = pd.Series[Any]

GUESSES = 5
"""Unlike wrong secrets on one account from one address that an owner does not type."""

STRANGERS = 3
"""Accounts tried in vain from one address that are one too many for a household or a phone."""

FOREIGN_SHARE = 0.2
FOREIGN_COUNT = 10
"""Messages in other names, as a share of those sent from one address or in number, that are spam's way."""

NOWHERE_SHARE = 0.25
NOWHERE_COUNT = 5
"""Recipients that do not exist, as a share of those whose fate is known, and at least so many. "Honest users
are very unlikely to attempt to send to 100 nonexistent addresses in one hour" (Exim wiki, BlockCracking);
a kept mailing list stays below 5 %."""

HOPELESS_SHARE = 0.5
"""Share of recipients that do not exist from which on not even a habit excuses."""

STEADY = pd.Timedelta(hours=6)
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
    trying, crowds = _trying(visits), _crowds(visits, sends)
    is_trying = visits.index.get_level_values("client_ip").isin(list(trying))
    is_odd = (visits["unlike_secrets"] >= GUESSES) | is_trying | (visits["mismatched"] > 0)
    odd = visits[is_odd | (visits["unknown"] >= NOWHERE_COUNT) | visits.index.isin(list(crowds))]
    wins = visits[visits["successes"] > 0]
    winners = wins[wins.index.isin(odd.index.unique("account"), level="account")]
    groups = {str(name): group for name, group in winners.groupby(level="account")}
    found: dict[tuple[str, str], Attack] = {}
    for (account, client_ip), visit in _rows(odd):
        group = groups.get(account, wins.iloc[:0])
        attack = Attack(
            by_guessing=bool(visit["unlike_secrets"] >= GUESSES and not _was_known(visit)),
            by_trying=client_ip in trying and not _was_known(visit),
            by_sending=_is_spam(visit, group),
            by_volume=(account, client_ip) in crowds,
            by_others=False,
        )
        if any(attack):
            found[account, client_ip] = attack
    found.update(_followers(visits, found))
    return found


def _rows(visits: pd.DataFrame) -> Iterator[tuple[tuple[str, str], Visit]]:
    for place, (account, client_ip) in enumerate(visits.index):
        yield (account, client_ip), visits.iloc[place]


def _was_known(visit: Visit) -> bool:
    """Tell an address that came in before it ever failed, and more than once: its owner mistypes."""
    first_success, first_failure = visit["first_success"], visit["first_failure"]
    came_first = bool(pd.notna(first_success) and (pd.isna(first_failure) or first_success < first_failure))
    return bool(came_first and visit["successes"] > 1)


def _trying(visits: pd.DataFrame) -> set[str]:
    """Find the addresses that tried at least `STRANGERS` accounts in vain, and more than they came in at."""
    lost = visits[(visits["failures"] > 0) & (visits["successes"] == 0)].groupby(level="client_ip").size()
    won = visits[visits["successes"] > 0].groupby(level="client_ip").size()
    tried = pd.DataFrame({"lost": lost, "won": won}).fillna(0)
    return set(tried.index[(tried["lost"] >= STRANGERS) & (tried["lost"] >= tried["won"])])


def _is_spam(visit: Visit, group: pd.DataFrame) -> bool:
    sent, mismatched, unknown, rcpts = (int(visit[name]) for name in ("sent", "mismatched", "unknown", "rcpts"))
    is_habit = _is_habit(visit, group)
    if is_mostly_nobody(unknown, rcpts):
        return not is_habit or unknown >= HOPELESS_SHARE * rcpts
    is_foreign = mismatched > 0 and (mismatched >= FOREIGN_SHARE * sent or mismatched >= FOREIGN_COUNT)
    return is_foreign and not is_habit


def is_mostly_nobody(unknown: int, rcpts: int) -> bool:
    """Tell a run to invented recipients from a list with a few dead addresses."""
    return unknown >= NOWHERE_COUNT and unknown >= NOWHERE_SHARE * rcpts


def _is_habit(visit: Visit, group: pd.DataFrame) -> bool:
    """Tell a system that always writes in other names from its one place from a thief who does it in passing."""
    used = group[group["successes"] > 0]
    span = visit["last_seen"] - visit["first_success"]
    is_only = len(used) == 1 and bool(span >= STEADY) and bool(visit["days"] >= DAYS or visit["busiest"] < HASTE)
    is_old = bool(visit["days"] >= DAYS) and bool(visit["first_success"] <= used["first_success"].min() + STEADY)
    return (is_only or is_old) and not bool(visit["unlike_secrets"] >= GUESSES)


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


def _followers(
    visits: pd.DataFrame,
    found: dict[tuple[str, str], Attack],
) -> dict[tuple[str, str], Attack]:
    """Find the accounts that an attacking address of others came in at, after it had begun."""
    began: dict[str, list[tuple[pd.Timestamp, str]]] = {}
    shared = _shared(visits)
    for (account, client_ip), attack in found.items():
        if client_ip in shared:
            continue
        if attack.by_guessing or attack.by_trying or attack.by_sending:
            visit = cast("Visit", visits.xs((account, client_ip)))
            began.setdefault(client_ip, []).append((_start(visit, attack), account))
    new: dict[tuple[str, str], Attack] = {}
    come_in = visits[visits.index.isin([*began], level="client_ip") & (visits["successes"] > 0)]
    for (account, client_ip), visit in _rows(come_in):
        others = [start for start, other in began[client_ip] if other != account]
        if (account, client_ip) not in found and others and visit["first_success"] >= min(others):
            new[account, client_ip] = Attack(
                by_guessing=False, by_trying=False, by_sending=False, by_volume=False, by_others=True
            )
    return new


def _shared(visits: pd.DataFrame) -> set[str]:
    """Find the addresses behind which many accounts live: one bad computer does not taint its colleagues."""
    won = (visits["successes"] > 0).groupby(level="client_ip").sum()
    lost = (visits["failures"] > 0).groupby(level="client_ip").sum()
    return set(won.index[(won >= COLLEAGUES) & (lost <= won / 2)])


def _start(visit: Visit, attack: Attack) -> pd.Timestamp:
    """Tell when an address began to attack: with its first failure, its first foreign message or its first login."""
    times = [visit["first_failure"]] if attack.by_guessing or attack.by_trying else []
    if attack.by_sending:
        times.append(visit["first_mismatch"] if pd.notna(visit["first_mismatch"]) else visit["first_success"])
    known: list[pd.Timestamp] = [time for time in (*times, visit["first_seen"]) if pd.notna(time)]
    return min(known[:-1] or known)
