"""What is in the queues: how much, how old, arriving how fast, by account, declared sender and recipient domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from datetime import tzinfo

TOP = 50
"""Declared senders and recipient domains that are listed; the numbers of distinct ones are given beside."""


class QueueRow(NamedTuple):
    """One queue folder."""

    path: str
    messages: int
    bytes: int


class SenderRow(NamedTuple):
    """One account; `auth_user` is None for mail without authentication."""

    auth_user: str | None
    messages: int
    share: float
    mail_froms: int
    recipients: int


class NameRow(NamedTuple):
    """One declared sender or recipient domain."""

    name: str | None
    messages: int
    share: float


class DayRow(NamedTuple):
    """One day of SMTP sessions: their number, and the busiest hour."""

    day: str
    sessions: int
    busiest: int
    busiest_hour: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is in the queues."""

    messages: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None
    last_hour: int
    """Messages that came in within the hour before the newest."""
    last_day: int
    queues: tuple[QueueRow, ...]
    senders: tuple[SenderRow, ...]
    mail_froms: tuple[NameRow, ...]
    mail_froms_distinct: int
    recipient_domains: tuple[NameRow, ...]
    recipient_domains_distinct: int
    session_days: tuple[DayRow, ...]


def take_inventory(
    messages: pd.DataFrame,
    recipients: pd.DataFrame,
    queues: Iterable[str],
    sessions: pd.Series[int] | None,
    zone: tzinfo,
) -> Inventory:
    """Count what is in the queues.

    Args:
        messages: the table of messages.
        recipients: the table of their recipients.
        queues: the queue folders, empty ones too.
        sessions: SMTP sessions by hour (UTC), None without logs.
        zone: in which days begin.
    """
    by_domain = recipients.drop_duplicates(["message", "domain"])["domain"].value_counts()
    by_sender = messages["mail_from"].value_counts(dropna=False)
    times = messages["ts"].sort_values()
    newest = times.iloc[-1] if len(times) else None
    return Inventory(
        messages=len(messages),
        bytes=int(messages["size"].sum()),
        oldest=times.iloc[0] if len(times) else None,
        newest=newest,
        last_hour=_since(times, newest, pd.Timedelta(hours=1)),
        last_day=_since(times, newest, pd.Timedelta(days=1)),
        queues=_queues(messages, queues),
        senders=_senders(messages, recipients),
        mail_froms=_names(by_sender, len(messages)),
        mail_froms_distinct=int(messages["mail_from"].nunique()),
        recipient_domains=_names(by_domain, len(messages)),
        recipient_domains_distinct=len(by_domain),
        session_days=_days(sessions, zone),
    )


def _since(times: pd.Series[Any], newest: pd.Timestamp | None, span: pd.Timedelta) -> int:
    return 0 if newest is None else int((times > newest - span).sum())


def _queues(messages: pd.DataFrame, queues: Iterable[str]) -> tuple[QueueRow, ...]:
    sums = messages.groupby("queue")["size"].agg(["size", "sum"])
    found = {str(name): (int(row["size"]), int(row["sum"])) for name, row in sums.iterrows()}
    rows = [QueueRow(name, *found.get(name, (0, 0))) for name in dict.fromkeys([*queues, *found])]
    return tuple(sorted(rows, key=lambda row: (-row.messages, row.path)))


def _senders(messages: pd.DataFrame, recipients: pd.DataFrame) -> tuple[SenderRow, ...]:
    keyed = messages.assign(account=messages["auth_user"].astype("object").where(messages["auth_user"].notna(), ""))
    named = recipients.assign(account=keyed["account"].loc[recipients["message"]].to_numpy())
    distinct = named.groupby("account")["rcpt_to"].nunique()
    groups = keyed.groupby("account")["mail_from"].agg(["size", "nunique"])
    rows = [
        SenderRow(
            auth_user=str(account) or None,
            messages=int(row["size"]),
            share=int(row["size"]) / len(messages),
            mail_froms=int(row["nunique"]),
            recipients=int(distinct.get(account, 0)),
        )
        for account, row in groups.iterrows()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.messages, row.auth_user is None, row.auth_user or "")))


def _names(counts: pd.Series[int], total: int) -> tuple[NameRow, ...]:
    rows = [
        NameRow(name if isinstance(name, str) else None, int(number), int(number) / total)
        for name, number in counts.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.messages, row.name is None, row.name or ""))[:TOP])


def _days(sessions: pd.Series[int] | None, zone: tzinfo) -> tuple[DayRow, ...]:
    if sessions is None or sessions.empty:
        return ()
    local = sessions.copy()
    local.index = pd.DatetimeIndex(sessions.index).tz_convert(zone)
    rows = []
    for day, hours in local.groupby(pd.DatetimeIndex(local.index).strftime("%Y-%m-%d")):
        busiest: Any = hours.idxmax()
        rows.append(DayRow(str(day), int(hours.sum()), int(hours.max()), busiest.strftime("%H:00")))
    return tuple(rows)
