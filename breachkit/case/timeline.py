"""The timeline of a case, one event a line, as Timesketch takes it without a mapping.

Timesketch wants `message`, `datetime` (ISO 8601) and `timestamp_desc` in every event and a file that ends in `.csv` or
`.jsonl` (its user guide, "Create timeline from JSON/JSONL/CSV file"). Times are in UTC, as its own exports are.
"""

from __future__ import annotations

import csv
import heapq
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.case.accused import accused_of
from breachkit.case.hours import facts_of, moved
from breachkit.detect.accounts.inquiry import is_name
from breachkit.report.contract import dump_line
from breachkit.report.sanitize import clean
from breachkit.text.headers import decoded_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import pandas as pd

    from breachkit.case.investigation import Investigation
    from breachkit.report.contract import Json

    Named = Callable[[str], str]

COLUMNS = (
    *("datetime", "timestamp_desc", "message", "account", "source_ip", "country", "outcome", "mechanism", "service"),
    *("mail_from", "rcpt_count", "queue_id", "subject", "quarantined", "purge_run", "source_file", "source_line"),
)
"""Of the CSV; a line of the JSONL holds those that its event has."""

LOGIN_WORDS = {"success": "Successful login", "failure": "Failed login", "undetermined": "Login without an answer"}


def timeline_of(case: Investigation, named: Named = str) -> Iterator[Json]:
    """Give the events of the case in order of time: logins, messages sent and queued, purges, gaps of the logs.

    `named` gives people and addresses the names that the case has for them, in the sentences too. Each kind is in order
    already and they are merged as they are written: an event is never held beside the others.
    """
    facts = facts_of(case)
    few = sorted([*_entries(case, named), *_purges(case), *_gaps(case)], key=_moment)
    queued = facts.messages.sort_values("ts", kind="stable")
    kinds = (_logins(case, facts.attempts, named), iter(few), _sends(facts.sends, named), _queued(case, queued, named))
    return heapq.merge(*kinds, key=_moment)


def _moment(event: Json) -> str:
    moment: str = event["datetime"]
    return moment


def _stamp(ts: datetime) -> str:
    return ts.astimezone(UTC).isoformat(timespec="microseconds")


def _event(ts: datetime, kind: str, message: str, **fields: object) -> Json:
    held = {name: value for name, value in fields.items() if value is not None}
    return {"datetime": _stamp(ts), "timestamp_desc": kind, "message": message, **held}


def _known(value: object, named: Named = str) -> str | None:
    """Tell text from the absent values of a table."""
    return named(value) if isinstance(value, str) else None


def _logins(case: Investigation, attempts: pd.DataFrame, named: Named) -> Iterator[Json]:
    for row in attempts.itertuples():
        # what was typed is not shown where no account is known by it: people type their password there
        account = _known(row.account)
        shown = named(account) if account is not None and is_name(account) else None
        client_ip = named(str(row.client_ip))
        yield _event(
            row.ts,  # type: ignore[arg-type]
            LOGIN_WORDS[str(row.outcome)],
            f"{LOGIN_WORDS[str(row.outcome)]} on {shown or 'an unknown account'} from {client_ip}",
            account=shown,
            source_ip=client_ip,
            country=case.country(str(row.client_ip)),
            outcome=row.outcome,
            mechanism=_known(row.mechanism),
            service=row.service,
            source_file=row.source.path,  # type: ignore[union-attr]
            source_line=row.source.line,  # type: ignore[union-attr]
        )


def _sends(sends: pd.DataFrame, named: Named) -> Iterator[Json]:
    for row in sends.itertuples():
        account, sender, client_ip = _known(row.account, named), _known(row.mail_from, named), named(str(row.client_ip))
        yield _event(
            row.ts,  # type: ignore[arg-type]
            "Message sent",
            f"{account or 'an unknown account'} sent a message as {sender} from {client_ip}",
            account=account,
            source_ip=client_ip,
            mail_from=sender,
            rcpt_count=int(row.rcpt_count),  # type: ignore[arg-type]
            queue_id=_known(row.queue_id),
            source_file=row.source.path,  # type: ignore[union-attr]
            source_line=row.source.line,  # type: ignore[union-attr]
        )


def _queued(case: Investigation, messages: pd.DataFrame, named: Named) -> Iterator[Json]:
    subjects = {message.source: message.subject for message in case.messages}
    for row in messages.itertuples():
        subject = subjects.get(row.source)  # type: ignore[call-overload]
        where = "quarantine" if row.quarantined else "queue"
        account, sender = _known(row.account, named), _known(row.mail_from, named)
        yield _event(
            row.ts,  # type: ignore[arg-type]
            "Message queued",
            f"A message of {account} as {sender} was taken in; it lies in the {where}",
            account=account,
            source_ip=_known(row.client_ip, named),
            mail_from=sender,
            rcpt_count=len(row.rcpt_to),  # type: ignore[arg-type]
            queue_id=_known(row.queue_id),
            subject=None if subject is None else decoded_words(subject),
            quarantined=bool(row.quarantined),
            source_file=row.source.path,  # type: ignore[union-attr]
            source_line=row.source.line,  # type: ignore[union-attr]
        )


def _entries(case: Investigation, named: Named) -> Iterator[Json]:
    for account in accused_of(case):
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


def _purges(case: Investigation) -> Iterator[Json]:
    for custody in case.runs:
        if custody.began:
            yield _event(
                datetime.fromisoformat(custody.began),
                "Queue purged",
                f"breachkit purge moved {moved(custody):,} messages to the quarantine",
                purge_run=custody.run.name,
                source_file=f"{custody.run.name}/journal.jsonl",
                source_line=1,
            )


def _gaps(case: Investigation) -> Iterator[Json]:
    for gap in case.inputs.log_gaps:
        yield _event(gap.start, "Log gap begins", "No log line after this moment until the gap ends")
        yield _event(gap.end, "Log gap ends", "The logs go on")


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
