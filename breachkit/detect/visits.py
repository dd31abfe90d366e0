"""One row for each account and client address: what that address did to that account, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

VISIT_COUNTS = ["successes", "entries", "failures", "unlike_secrets", "sent", "mismatched", "rcpts", "unknown"]


def visits_table(
    attempts: pd.DataFrame,
    sends: pd.DataFrame,
    deliveries: pd.DataFrame,
    is_own: Callable[[str, str], bool],
) -> pd.DataFrame:
    """Sum up tries, messages and their fate for each (account, client address).

    Args:
        attempts, sends, deliveries: tables with a column `account`.
        is_own: whether an account may call itself by a sender address.

    Returns:
        Index (account, client_ip). Columns: `successes` (any door), `entries` (SMTP successes), `failures`,
        `unlike_secrets` (distinct wrong ones that could be seen), `sent`, `mismatched` (sender is not the
        account), `rcpts` and `unknown` (recipients whose fate is known, and those that do not exist),
        `busiest` (most messages in an hour), `days` (with a success), and times `first_seen`,
        `last_seen`, `first_success`, `first_entry`, `first_failure`, `first_mismatch`, `last_sent`.
    """
    keys = ["account", "client_ip"]
    tried = attempts.dropna(subset=["account"])
    won, lost = tried[tried["outcome"] == "success"], tried[tried["outcome"] == "failure"]
    entered = won[won["service"] == "smtp"]
    sent = sends[sends["accepted"]].dropna(subset=["account"])
    foreign = sent[~_owned(sent, is_own)]
    columns = {
        "successes": won.groupby(keys).size(),
        "entries": entered.groupby(keys).size(),
        "failures": lost.groupby(keys).size(),
        "unlike_secrets": lost.groupby(keys)["secret"].nunique(),
        "sent": sent.groupby(keys).size(),
        "mismatched": foreign.groupby(keys).size(),
        **_fates(sends, deliveries),
        "busiest": _busiest(sent),
        "days": won.assign(day=won["ts"].dt.date).groupby(keys)["day"].nunique(),
        "first_seen": tried.groupby(keys)["ts"].min(),
        "last_seen": pd.concat([tried[[*keys, "ts"]], sent[[*keys, "ts"]]]).groupby(keys)["ts"].max(),
        "first_success": won.groupby(keys)["ts"].min(),
        "first_entry": entered.groupby(keys)["ts"].min(),
        "last_success": won.groupby(keys)["ts"].max(),
        "first_failure": lost.groupby(keys)["ts"].min(),
        "first_mismatch": foreign.groupby(keys)["ts"].min(),
    }
    table = pd.DataFrame(columns)
    table.index = table.index.set_names(keys)
    counted = [*VISIT_COUNTS, "busiest", "days"]
    table[counted] = table[counted].fillna(0).astype("int64")
    return table.sort_index()


def _owned(sent: pd.DataFrame, is_own: Callable[[str, str], bool]) -> pd.Series[bool]:
    """Tell which messages declare a sender that the account may use; an unknown or empty one accuses nobody."""
    pairs = sent[["account", "mail_from"]].drop_duplicates()
    verdicts = {
        (account, mail_from): not isinstance(mail_from, str) or "@" not in mail_from or is_own(account, mail_from)
        for account, mail_from in pairs.itertuples(index=False)
    }
    owned = [verdicts[pair] for pair in sent[["account", "mail_from"]].itertuples(index=False, name=None)]
    return pd.Series(owned, index=sent.index, dtype="bool")


def _fates(sends: pd.DataFrame, deliveries: pd.DataFrame) -> dict[str, pd.Series[int]]:
    """Count recipients whose fate is known: refused at the door, or delivered or failed on the way out."""
    keys = ["account", "client_ip"]
    refused = sends.dropna(subset=["account"]).groupby(keys)["rcpt_unknown"].sum()
    final = deliveries[deliveries["outcome"] != "deferred"].dropna(subset=["account", "client_ip"])
    # a message is tried again and again: each recipient counts once, with the worst that happened
    once = final.sort_values("is_unknown").drop_duplicates([*keys, "mail_from", "rcpt_to", "queue_id"], keep="last")
    groups = once.groupby(keys)["is_unknown"]
    unknown = groups.sum().add(refused, fill_value=0)
    return {"rcpts": groups.size().add(refused, fill_value=0), "unknown": unknown}


def _busiest(sent: pd.DataFrame) -> pd.Series[int]:
    hours = sent.assign(hour=sent["ts"].dt.floor("h")).groupby(["account", "client_ip", "hour"]).size()
    return hours.groupby(["account", "client_ip"]).max()
