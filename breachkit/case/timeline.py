"""What happened when: the picture by hour, the timeline for Timesketch, and the stream of logins for Elastic.

Timesketch wants `message`, `datetime` (ISO 8601) and `timestamp_desc` in every event and a file that ends in `.csv` or
`.jsonl` (its user guide, "Create timeline from JSON/JSONL/CSV file"); times are in UTC, as in its own exports. The
stream has the field names of the Elastic Common Schema (ECS 8.17).
"""

from __future__ import annotations

import csv
import heapq
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from breachkit.detect.accounts.inquiry import is_name
from breachkit.micros import EPOCH
from breachkit.report.contract import dump_line
from breachkit.report.words import clean, stamp
from breachkit.spelling import ip_of
from breachkit.text.headers import decoded_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from breachkit.case.investigation import Investigation, ProofRegister
    from breachkit.purge.stock import Stock
    from breachkit.report.contract import Json

    Named = Callable[[str], str]

MOST_HOURS = 24 * 60
"""Hours with something in them, above which a column is a day."""
COLUMNS = (
    *("datetime", "timestamp_desc", "message", "account", "source_ip", "country", "outcome", "mechanism", "service"),
    *("mail_from", "rcpt_count", "queue_id", "subject", "quarantined", "purge_run", "source_file", "source_line"),
)
"""Of the CSV; a line of the JSONL holds those that its event has."""
LOGIN_WORDS = {"success": "Successful login", "failure": "Failed login", "undetermined": "Login without an answer"}
ECS = "8.17.0"
ECS_OUTCOMES = {"success": "success", "failure": "failure", "undetermined": "unknown"}


def _rows_of(case: Investigation) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Choose the attempts, sends and messages of the accused accounts and attacking addresses; all where nobody is."""
    inquiry = case.inquiry
    sends = inquiry.sends[inquiry.sends["accepted"].astype("bool") & inquiry.sends["auth"].notna()]
    names = [account.account for account in case.found.accused]
    if not names:
        return inquiry.attempts, sends, inquiry.messages

    def mine(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["account"].isin(names) | table["client_ip"].isin(case.attacking_ips)]

    return mine(inquiry.attempts), mine(sends), inquiry.messages[inquiry.messages["account"].isin(names)]


def moved(stock: Stock) -> int:
    """Count the messages that a purge moved."""
    return sum(held.whereabouts != "left" for held in stock.messages)


def _what_of(stock: Stock) -> str:
    number = f"{moved(stock):,} messages"
    return f"put {number} on hold" if stock.is_hold else f"moved {number} to the quarantine"


def hours_json(case: Investigation, proof: ProofRegister) -> Json:
    """Write the columns of the picture, in order of time: failed logins, entries, messages sent, queued, purged."""
    (attempts, sends, messages), zone = _rows_of(case), case.inputs.zone
    outcome = attempts["outcome"]
    rows = {
        "failures": attempts[outcome == "failure"],
        "entries": attempts[(outcome == "success") & attempts["client_ip"].isin(case.attacking_ips)],
        "sent": sends,
        "queued": messages[(messages["ts"] != EPOCH).to_numpy()],  # of the others no time is known
    }
    hours = pd.concat([table["ts"].dt.floor("h") for table in rows.values()])
    step = "D" if hours.nunique() > MOST_HOURS else "h"
    found: dict[pd.Timestamp, Json] = {}

    def column_of(hour: Any) -> Json:
        empty = {"failures": 0, "entries": 0, "sent": 0, "queued": 0, "purged": 0, "proof": {}}
        return found.setdefault(pd.Timestamp(hour), empty)

    for kind, table in rows.items():
        begins = table["ts"].dt.tz_convert(zone).dt.floor(step, ambiguous=True, nonexistent="shift_forward")
        for hour, sources in table.groupby(begins)["source"]:
            column = column_of(hour)
            column[kind] = len(sources)
            column["proof"][kind] = proof.of("In this hour", list(sources))
    for stock in case.runs:
        if stock.began:
            began = pd.Timestamp(datetime.fromisoformat(stock.began)).tz_convert(zone)
            column_of(began.floor(step, ambiguous=True, nonexistent="shift_forward"))["purged"] += moved(stock)
    columns = [{"from": stamp(hour.to_pydatetime(), zone), **found[hour]} for hour in sorted(found)]
    return {"step": "hour" if step == "h" else "day", "columns": columns}


def timeline_of(case: Investigation, named: Named = str) -> Iterator[Json]:
    """Give the events of the case in order of time: logins, messages sent and queued, purges, gaps of the logs.

    `named` gives people and addresses the names that the case has for them, in the sentences too. Each kind is in order
    already and they are merged as they are written: an event is never held beside the others.
    """
    attempts, sends, messages = _rows_of(case)
    kinds = (
        _logins(case, attempts, named),
        iter(sorted(_few(case, named), key=_moment)),
        _sends(sends, named),
        _queued(case, messages.sort_values("ts", kind="stable"), named),
    )
    return heapq.merge(*kinds, key=_moment)


def _moment(event: Json) -> str:
    return str(event["datetime"])


def _event(ts: datetime, kind: str, message: str, **values: object) -> Json:
    held = {name: value for name, value in values.items() if value is not None}
    spelled = ts.astimezone(UTC).isoformat(timespec="microseconds")
    return {"datetime": spelled, "timestamp_desc": kind, "message": message, **held}


def _known(value: object, named: Named = str) -> str | None:
    """Return text under its name in the case; None for the absent values of a table."""
    return named(value) if isinstance(value, str) else None


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    return table.itertuples()


def _logins(case: Investigation, attempts: pd.DataFrame, named: Named) -> Iterator[Json]:
    for row in _rows(attempts):
        # what was typed is not shown where no account is known by it: people type their password there
        account = named(row.account) if is_name(row.account) else None
        client_ip = named(str(row.client_ip))
        yield _event(
            row.ts,
            LOGIN_WORDS[row.outcome],
            f"{LOGIN_WORDS[row.outcome]} on {account or 'an unknown account'} from {client_ip}",
            account=account,
            source_ip=client_ip,
            country=case.country(str(row.client_ip)),
            outcome=row.outcome,
            mechanism=_known(row.mechanism),
            service=row.service,
            source_file=row.source.path,
            source_line=row.source.line,
        )


def _sends(sends: pd.DataFrame, named: Named) -> Iterator[Json]:
    for row in _rows(sends):
        account, sender, client_ip = _known(row.account, named), _known(row.mail_from, named), named(str(row.client_ip))
        yield _event(
            row.ts,
            "Message sent",
            f"{account or 'an unknown account'} sent a message as {sender} from {client_ip}",
            account=account,
            source_ip=client_ip,
            mail_from=sender,
            rcpt_count=int(row.rcpt_count),
            queue_id=_known(row.queue_id),
            source_file=row.source.path,
            source_line=row.source.line,
        )


def _queued(case: Investigation, messages: pd.DataFrame, named: Named) -> Iterator[Json]:
    subjects = {message.source: message.subject for message in case.messages}
    for row in _rows(messages):
        subject = subjects.get(row.source)
        where = "quarantine" if row.quarantined else "queue"
        account, sender = _known(row.account, named), _known(row.mail_from, named)
        yield _event(
            row.ts,
            "Message queued",
            f"A message of {account} as {sender} was taken in; it lies in the {where}",
            account=account,
            source_ip=_known(row.client_ip, named),
            mail_from=sender,
            rcpt_count=len(row.rcpt_to),
            queue_id=_known(row.queue_id),
            subject=None if subject is None else decoded_words(subject),
            quarantined=bool(row.quarantined),
            source_file=row.source.path,
            source_line=row.source.line,
        )


def _few(case: Investigation, named: Named) -> Iterator[Json]:
    """Give what there is little of: entries, purges, and gaps of the logs."""
    for account in case.found.accused:
        if account.entry_ts is not None:
            name = named(account.account)
            yield _event(
                account.entry_ts,
                "Account entered",
                f"{name} was entered ({account.entry}); verdict: {account.verdict}",
                account=name,
                outcome="success",
                source_file=account.entries[0].path if account.entries else None,
                source_line=account.entries[0].line if account.entries else None,
            )
    for stock in case.runs:
        if stock.began:
            yield _event(
                datetime.fromisoformat(stock.began),
                "Queue purged",
                f"breachkit purge {_what_of(stock)}",
                purge_run=stock.run.name,
                source_file=f"{stock.run.name}/journal.jsonl",
                source_line=1,
            )
    for gap in case.inputs.log_gaps:
        yield _event(gap.start, "Log gap begins", "No log line after this moment until the gap ends")
        yield _event(gap.end, "Log gap ends", "The logs go on")


def ecs_events(case: Investigation, named: Named = str) -> Iterator[Json]:
    """Write every try to log in that the logs show, in order of time; a secret is in none.

    `named` gives people and addresses the names that the case has for them.
    """
    for row in _rows(case.inquiry.attempts):
        account = named(row.account) if is_name(row.account) else None  # as in the timeline
        country = case.country(str(row.client_ip))
        ip = named(str(row.client_ip))
        is_ip, outcome = ip_of(ip) is not None, ECS_OUTCOMES[row.outcome]
        yield {
            "@timestamp": row.ts.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "message": f"{outcome} of a login on {account or 'an unknown account'} from {ip}",
            "ecs": {"version": ECS},
            "event": {
                "kind": "event",
                "category": ["authentication"],
                "type": ["start"],
                "action": "login",
                "outcome": outcome,
                "provider": case.inputs.server,
                "dataset": f"{case.inputs.server}.{row.service}",
                "module": "breachkit",
            },
            "source": {
                "address": ip,
                **({"ip": ip} if is_ip else {}),
                **({"geo": {"country_iso_code": country}} if country else {}),
            },
            **({} if account is None else {"user": _user(account)}),
            "network": {"protocol": str(row.service) if row.service != "web" else "http"},
            "log": {"file": {"path": row.source.path}, "origin": {"file": {"line": row.source.line}}},
            "related": {"ip": [ip] if is_ip else [], "user": [account] if account else []},
        }


def _user(account: str) -> Json:
    name, _, domain = account.partition("@")
    return {"name": name, "domain": domain, "email": account} if domain else {"name": name}


def render_jsonl(events: Iterable[Json]) -> Iterator[str]:
    """Write one JSON object a line."""
    for event in events:
        yield dump_line(event) + "\n"


def render_csv(events: Iterable[Json], columns: tuple[str, ...] = COLUMNS) -> Iterator[str]:
    """Write a table that a spreadsheet can open: no cell is taken for a formula, no control character is left."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    for event in events:
        writer.writerow([cell(event.get(name)) for name in columns])
        yield stream.getvalue()
        stream.seek(0)
        stream.truncate()
    yield stream.getvalue()


def cell(value: object) -> str:
    """Spell one cell: a leading sign that a spreadsheet takes for a formula is put behind an apostrophe."""
    if value is None:
        return ""
    text = clean(str(value))
    is_number = isinstance(value, int | float)
    return "'" + text if text[:1] in {"=", "+", "-", "@", "|", "%"} and not is_number else text
