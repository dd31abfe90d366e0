"""One row for each account and client address: what that address did to that account, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

VISIT = "visit"
"""The number of an account and client address: to group by one number takes half the time of grouping by two."""

VISIT_COUNTS = [
    *("successes", "entries", "failures", "unlike_secrets", "unseen_secrets", "sent"),
    *("mismatched", "strange", "rcpts", "unknown", "refused", "busiest", "days"),
]


def visits_table(
    attempts: pd.DataFrame,
    sends: pd.DataFrame,
    deliveries: pd.DataFrame,
) -> pd.DataFrame:
    """Sum up tries, messages and their fate for each (account, client address).

    Args:
        attempts: tries, with `account`.
        sends: messages handed in, with `account` and `is_own` (may the account declare that sender).
        deliveries: with `account` and `client_ip`.

    Returns:
        Index (account, client_ip). Columns: `successes` (any door), `entries` (SMTP successes), `failures`,
        `unlike_secrets` (distinct wrong ones that could be seen), `unseen_secrets` (failures without one), `sent`,
        `mismatched` (sender is not the account), `strange` (of these, of another domain), `rcpts` (recipients whose
        fate is known), `unknown` (of these, those that do not exist), `refused` (of these, at the door), `busiest`
        (most messages in an hour), `days` (with a success), and times `first_seen`, `last_seen`, `first_success`,
        `first_entry`, `last_success`, `first_failure`, `first_mismatch`.
    """
    names = _sorted(table["account"] for table in (attempts, sends, deliveries))
    ips = _sorted(table["client_ip"] for table in (attempts, sends, deliveries))
    attempts, sends, deliveries = (_numbered(table, names, ips) for table in (attempts, sends, deliveries))
    tried = attempts.dropna(subset=["account"])
    won, lost = tried[tried["outcome"] == "success"], tried[tried["outcome"] == "failure"]
    entered = won[won["service"] == "smtp"]
    sent = sends[sends["accepted"]].dropna(subset=["account"])
    foreign = sent[~sent["is_own"].astype("bool")]
    columns = {
        "successes": won.groupby(VISIT).size(),
        "entries": entered.groupby(VISIT).size(),
        "failures": lost.groupby(VISIT).size(),
        "unlike_secrets": lost.groupby(VISIT)["secret"].nunique(),
        "unseen_secrets": lost[lost["secret"].isna()].groupby(VISIT).size(),
        "sent": sent.groupby(VISIT).size(),
        "mismatched": foreign.groupby(VISIT).size(),
        "strange": foreign[~_is_kin(foreign)].groupby(VISIT).size(),
        **_fates(sends, deliveries),
        "busiest": _busiest(sent),
        "days": won.assign(day=won["ts"].dt.floor("D")).groupby(VISIT)["day"].nunique(),
        "first_seen": tried.groupby(VISIT)["ts"].min(),
        "last_seen": pd.concat([tried[[VISIT, "ts"]], sent[[VISIT, "ts"]]]).groupby(VISIT)["ts"].max(),
        "first_success": won.groupby(VISIT)["ts"].min(),
        "first_entry": entered.groupby(VISIT)["ts"].min(),
        "last_success": won.groupby(VISIT)["ts"].max(),
        "first_failure": lost.groupby(VISIT)["ts"].min(),
        "first_mismatch": foreign.groupby(VISIT)["ts"].min(),
    }
    table = pd.DataFrame(columns)
    who, whence = divmod(table.index.to_numpy(dtype="int64"), max(len(ips), 1))
    table.index = pd.MultiIndex.from_arrays([names[who], ips[whence]], names=["account", "client_ip"])
    table[VISIT_COUNTS] = table[VISIT_COUNTS].fillna(0).astype("int64")
    return table.sort_index()


def _sorted(columns: Iterable[pd.Series[Any]]) -> pd.Index[Any]:
    """List what stands in some columns of names, each once, in order."""
    found: set[str] = set().union(*(column.dropna() for column in columns))
    names: pd.Index[Any] = pd.Index(sorted(found), dtype="object")
    return names


def _numbered(table: pd.DataFrame, names: pd.Index[Any], ips: pd.Index[Any]) -> pd.DataFrame:
    """Give account and address a number: a group-by of texts sorts them anew each time, and there are twenty."""
    who, whence = names.get_indexer(pd.Index(table["account"])), ips.get_indexer(pd.Index(table["client_ip"]))
    return table.assign(visit=who.astype("int64") * len(ips) + whence)


def _is_kin(foreign: pd.DataFrame) -> pd.Series[bool]:
    """Tell which senders are of the account's own domain: an alias perhaps, that no export told us of."""
    if foreign.empty:
        return pd.Series(dtype="bool", index=foreign.index)
    domains = foreign["account"].str.rpartition("@")[2], foreign["mail_from"].str.rpartition("@")[2]
    return domains[0] == domains[1]


def _fates(sends: pd.DataFrame, deliveries: pd.DataFrame) -> dict[str, pd.Series[int]]:
    """Count recipients whose fate is known: refused at the door, or delivered or failed on the way out."""
    refused = sends.dropna(subset=["account"]).groupby(VISIT)["rcpt_unknown"].sum()
    final = deliveries[deliveries["outcome"] != "deferred"].dropna(subset=["account", "client_ip"])
    groups = once_each(final).groupby(VISIT)["is_unknown"]
    unknown = groups.sum().add(refused, fill_value=0)
    return {"rcpts": groups.size().add(refused, fill_value=0), "unknown": unknown, "refused": refused}


def once_each(final: pd.DataFrame) -> pd.DataFrame:
    """Count a message that was tried again and again once for each recipient, with the worst that happened."""
    return final.sort_values("is_unknown", kind="stable").drop_duplicates(
        ["mail_from", "rcpt_to", "queue_id"], keep="last"
    )


def _busiest(sent: pd.DataFrame) -> pd.Series[int]:
    hours = sent.assign(hour=sent["ts"].dt.floor("h")).groupby([VISIT, "hour"]).size()
    return hours.groupby(VISIT).max()
