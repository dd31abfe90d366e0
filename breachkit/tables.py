"""Records → pandas DataFrames; every column named and typed once, here.

Times are UTC in tables; the zone of the user comes back where they are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import numpy as np
import pandas as pd

from breachkit.records import Message

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from breachkit.attempts import Attempts
    from breachkit.records import Delivery
    from breachkit.records import Locus
    from breachkit.records import Transaction

TEXT = "object"
TIME = "datetime64[us, UTC]"

MESSAGES = {
    "queue": TEXT,
    "queue_id": TEXT,
    "auth_user": TEXT,
    "mail_from": TEXT,
    "header_from": TEXT,
    "rcpt_to": TEXT,
    "client_ip": TEXT,
    "ts": TIME,
    "is_stamped": "bool",
    "size": "int64",
    "quarantined": "bool",
    "node": TEXT,
    "source": TEXT,
}
ATTEMPTS = {
    "service": TEXT,
    "ts": TIME,
    "client_ip": TEXT,
    "user": TEXT,
    "mechanism": TEXT,
    "outcome": TEXT,
    "secret": TEXT,
    "distance": "int8",
    "source": TEXT,
}
SENDS = {
    "ts": TIME,
    "client_ip": TEXT,
    "user": TEXT,
    "auth": TEXT,
    "mail_from": TEXT,
    "rcpt_to": TEXT,
    "rcpt_count": "int64",
    "rcpt_unknown": "int64",
    "queue_id": TEXT,
    "accepted": "bool",
    "node": TEXT,
    "source": TEXT,
}
DELIVERIES = {
    "ts": TIME,
    "queue_id": TEXT,
    "mail_from": TEXT,
    "rcpt_to": TEXT,
    "outcome": TEXT,
    "is_unknown": "bool",
    "node": TEXT,
    "source": TEXT,
}


def _table(rows: Sequence[Sequence[Any]], columns: dict[str, str]) -> pd.DataFrame:
    return _frame({name: [row[place] for row in rows] for place, name in enumerate(columns)}, columns)


def _frame(held: dict[str, list[Any]], columns: dict[str, str]) -> pd.DataFrame:
    made = {name: _column(held.get(name, []), dtype) for name, dtype in columns.items()}
    return pd.DataFrame(made, columns=list(columns))


def _column(values: list[Any], dtype: str) -> pd.Series[Any]:
    if dtype == TIME:
        return pd.Series(pd.to_datetime(values, utc=True)).astype("datetime64[us, UTC]")
    return pd.Series(values, dtype=dtype)


def messages_table(messages: Iterable[Message]) -> pd.DataFrame:
    """Put queued messages in a table: one row a message, columns `MESSAGES`."""
    rows = list(messages)
    held = dict(zip(Message._fields, map(list, zip(*rows, strict=True)), strict=bool(rows)))
    held["node"] = [source.node for source in held.get("source", [])]
    return _frame(held, MESSAGES)


def attempts_table(attempts: Attempts) -> pd.DataFrame:
    """Put tries to authenticate in a table, in order of time and place, columns `ATTEMPTS`."""
    columns = {name: np.frombuffer(column, column.typecode) for name, column in attempts.columns.items() if column}
    if not columns:
        return _frame({}, ATTEMPTS)
    names = np.array([*attempts.names, None], dtype="object")  # the last is that of NOBODY
    rank = np.argsort(np.argsort(names[:-1]))
    path, node = (rank[columns[name]] for name in ("path", "node"))
    order = np.lexsort((node, columns["line"], columns["offset"], path, columns["ts"]))
    held = {name: names[columns[name][order]] for name in ("service", "client_ip", "user", "mechanism", "outcome")}
    held["distance"] = columns["distance"][order]
    held["secret"] = _secrets(columns["secret"][order], columns["is_seen"][order])
    made: dict[str, Any] = {name: pd.Series(values, dtype=ATTEMPTS[name]) for name, values in held.items()}
    made["ts"] = pd.DatetimeIndex(columns["ts"][order].view("datetime64[us]"), tz="UTC")
    made["source"] = pd.Series([attempts.place(row) for row in order.tolist()], dtype=ATTEMPTS["source"])
    return pd.DataFrame(made, columns=list(ATTEMPTS))


def _secrets(numbers: Any, is_seen: Any) -> Any:
    """Spell fingerprints as bytes, None for what was not seen; equal ones are one object."""
    unlike, place = np.unique(numbers, return_inverse=True)
    spelled = np.array([int(number).to_bytes(8) for number in unlike], dtype="object")
    held = spelled[place]
    held[is_seen == 0] = None
    return held


def sends_table(sends: Iterable[tuple[str, str | None, Locus | None, Transaction]]) -> pd.DataFrame:
    """Put messages handed in by somebody in a table, in order of time, columns `SENDS`.

    Args:
        sends: client address, user as typed, place of the AUTH (both None without one), and the transaction.
    """
    rows = [
        (
            sent.ts,
            client_ip,
            user,
            auth,
            sent.mail_from,
            sent.rcpt_to,
            sent.rcpt_count,
            sent.rcpt_unknown,
            sent.queue_id,
            sent.accepted,
            sent.source.node,
            sent.source,
        )
        for client_ip, user, auth, sent in sends
    ]
    return _table(sorted(rows, key=lambda row: (row[0], row[-1])), SENDS)


def deliveries_table(deliveries: Sequence[Delivery]) -> pd.DataFrame:
    """Put deliveries outwards in a table, in order of time, columns `DELIVERIES`."""
    ordered = sorted(deliveries, key=lambda delivery: (delivery.ts, delivery.source))
    return _table([(*row[:-1], row.source.node, row.source) for row in ordered], DELIVERIES)
