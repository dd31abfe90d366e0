"""What happened in each hour: failed logins, entries, messages sent and queued, messages purged."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from breachkit.case.accused import accused_of
from breachkit.micros import EPOCH
from breachkit.report.words import stamp

if TYPE_CHECKING:
    from breachkit.case.investigation import Investigation
    from breachkit.case.proof import Proof
    from breachkit.purge.quarantine import Stock
    from breachkit.report.contract import Json

MOST_HOURS = 24 * 60
"""Hours with something in them, above which a column is a day."""


class Facts(NamedTuple):
    """The rows that belong to the case: of the accused accounts and of the attacking addresses."""

    attempts: pd.DataFrame
    sends: pd.DataFrame
    messages: pd.DataFrame


def facts_of(case: Investigation) -> Facts:
    """Choose the rows of the case; where nobody is accused, all of them."""
    inquiry = case.inquiry
    sends = inquiry.sends[inquiry.sends["accepted"].astype("bool") & inquiry.sends["auth"].notna()]
    accused = accused_of(case)
    if not accused:
        return Facts(inquiry.attempts, sends, inquiry.messages)
    names = [account.account for account in accused]
    ips = attacking_ips(case)

    def mine(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["account"].isin(names) | table["client_ip"].isin(list(ips))]

    messages = inquiry.messages[inquiry.messages["account"].isin(names)]
    return Facts(mine(inquiry.attempts), mine(sends), messages)


def attacking_ips(case: Investigation) -> frozenset[str]:
    """Name the addresses that attacked the accused accounts."""
    return frozenset(place.ip for account in accused_of(case) for place in account.client_ips if place.attacking)


def moved(custody: Stock) -> int:
    """Count the messages that a purge moved."""
    return sum(known != "left" for known in custody.whereabouts.values())


def hours_json(case: Investigation, proof: Proof) -> Json:
    """Write the columns of the picture, in order of time, with the moments to mark."""
    facts, zone = facts_of(case), case.inputs.zone
    ips = attacking_ips(case)
    lost = facts.attempts[facts.attempts["outcome"] == "failure"]
    won = facts.attempts[(facts.attempts["outcome"] == "success") & facts.attempts["client_ip"].isin(list(ips))]
    dated = facts.messages[(facts.messages["ts"] != EPOCH).to_numpy()]  # of the others no time is known
    rows = {"failures": lost, "entries": won, "sent": facts.sends, "queued": dated}
    step = "h"
    hours = pd.concat([table["ts"].dt.floor("h") for table in rows.values()])
    if hours.nunique() > MOST_HOURS:
        step = "D"
    found: dict[pd.Timestamp, Json] = {}
    for kind, table in rows.items():
        for hour, sources in table.groupby(
            table["ts"].dt.tz_convert(zone).dt.floor(step, ambiguous=True, nonexistent="shift_forward")
        )["source"]:
            column = found.setdefault(pd.Timestamp(hour), _empty())
            column[kind] = len(sources)
            column["proof"][kind] = proof.of("In this hour", list(sources))
    for custody in case.runs:
        if custody.began:
            began = (
                pd.Timestamp(datetime.fromisoformat(custody.began))
                .tz_convert(zone)
                .floor(step, ambiguous=True, nonexistent="shift_forward")
            )
            found.setdefault(began, _empty())["purged"] += moved(custody)
    columns = [{"from": stamp(hour.to_pydatetime(), zone), **found[hour]} for hour in sorted(found)]
    return {"step": "hour" if step == "h" else "day", "columns": columns}


def _empty() -> Json:
    return {"failures": 0, "entries": 0, "sent": 0, "queued": 0, "purged": 0, "proof": {}}
