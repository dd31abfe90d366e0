"""What is in the queues: how much, how old, arriving how fast, by account, declared sender and recipient domain."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from breachkit.micros import DAY, HOUR, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from breachkit.detect.survey import Survey

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
    """What is in the queues; JSON has the fields in this order."""

    messages: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None
    arrived_last_hour: int
    """Messages that came in within the hour before the newest."""
    arrived_last_day: int
    queues: tuple[QueueRow, ...]
    senders: tuple[SenderRow, ...]
    mail_froms: tuple[NameRow, ...]
    mail_froms_distinct: int
    recipient_domains: tuple[NameRow, ...]
    recipient_domains_distinct: int
    sessions_by_day: tuple[DayRow, ...]


def take_inventory(survey: Survey, queues: Iterable[str], sessions: Mapping[int, int], zone: tzinfo) -> Inventory:
    """Count what is in the queues.

    Args:
        survey: what was counted of the messages.
        queues: the queue folders, empty ones too.
        sessions: SMTP sessions by hour, as seconds since the epoch; none without logs.
        zone: in which days begin.
    """
    times = [ts for ts in survey.times if ts]  # 0 is a time that no calendar has
    newest = max(times, default=None)
    senders = survey.senders
    return Inventory(
        messages=survey.messages,
        bytes=survey.bytes,
        oldest=None if newest is None else moment_of(min(times)),
        newest=None if newest is None else moment_of(newest),
        arrived_last_hour=_since(times, newest, HOUR),
        arrived_last_day=_since(times, newest, DAY),
        queues=_queues(survey, queues),
        senders=_accounts(survey),
        mail_froms=_names(senders, survey.messages),
        mail_froms_distinct=len(senders) - (None in senders),
        recipient_domains=_names(survey.domains, survey.messages),
        recipient_domains_distinct=len(survey.domains),
        sessions_by_day=_days(sessions, zone),
    )


def _since(times: Sequence[int], newest: int | None, span: int) -> int:
    return 0 if newest is None else sum(ts > newest - span for ts in times)


def _queues(survey: Survey, queues: Iterable[str]) -> tuple[QueueRow, ...]:
    names = dict.fromkeys([*queues, *survey.queues])
    rows = [QueueRow(name, survey.queues[name], survey.queue_bytes[name]) for name in names]
    return tuple(sorted(rows, key=lambda row: (-row.messages, row.path)))


def _accounts(survey: Survey) -> tuple[SenderRow, ...]:
    senders = Counter(account for account, sender in survey.pairs if sender is not None)
    rows = [
        SenderRow(
            auth_user=account,
            messages=number,
            share=number / survey.messages,
            mail_froms=senders[account],
            recipients=len(survey.reached[account]),
        )
        for account, number in survey.accounts.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.messages, row.auth_user is None, row.auth_user or "")))


def _names(counts: Mapping[str, int] | Mapping[str | None, int], total: int) -> tuple[NameRow, ...]:
    top: list[tuple[str | None, int]] = nsmallest(
        TOP, counts.items(), key=lambda row: (-row[1], row[0] is None, row[0] or "")
    )
    return tuple(NameRow(name, number, number / total) for name, number in top)


def _days(sessions: Mapping[int, int], zone: tzinfo) -> tuple[DayRow, ...]:
    days: dict[str, list[tuple[datetime, int]]] = {}
    for hour, number in sorted(sessions.items()):
        local = datetime.fromtimestamp(hour, zone)
        days.setdefault(local.strftime("%Y-%m-%d"), []).append((local, number))
    rows = []
    for day, hours in days.items():
        busiest = max(hours, key=lambda hour: hour[1])
        rows.append(DayRow(day, sum(number for _, number in hours), busiest[1], busiest[0].strftime("%H:00")))
    return tuple(rows)
