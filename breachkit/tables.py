"""Records → pandas DataFrames; every column named and typed once, here.

Times are UTC in tables; the zone of the user comes back where they are shown. Places and texts that are rarely looked
at cost a table four bytes a row: which row of the evidence they are of; the value is made when somebody looks at it.
The table of a million messages handed in takes 140 MB so, and 670 MB with their values in columns of pandas' own; it is
made in a thirtieth of the time. No plainer form has both, and `find-account` is to take 700 MB for a million in all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype, take
from pandas.api.indexers import check_array_indexer

from breachkit.columns import NOBODY
from breachkit.records import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from breachkit.columns import Attempts, Columns, Deliveries, Sends

Column = np.ndarray[Any, np.dtype[Any]]

NOTHING = -1
"""The row of a value that is missing."""

TEXT = "object"
"""A text or another value, as it is; where there are many, made when somebody looks at it (`Lookups`)."""
WORD = "category"
"""One of a few texts."""
TIME = "datetime64[us, UTC]"
DIGEST = "UInt64"
"""A fingerprint of eight bytes, by its number."""

MESSAGES = {
    "queue": TEXT,
    "queue_id": TEXT,
    "auth_user": TEXT,
    "mail_from": TEXT,
    "header_from": TEXT,
    "rcpt_to": TEXT,
    "reply_to": TEXT,
    "client_ip": TEXT,
    "ts": TIME,
    "is_stamped": "bool",
    "size": "int64",
    "quarantined": "bool",
    "node": TEXT,
    "source": TEXT,
}
ATTEMPTS = {
    "service": WORD,
    "ts": TIME,
    "client_ip": TEXT,
    "user": TEXT,
    "mechanism": WORD,
    "outcome": WORD,
    "secret": DIGEST,
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
    "helo": TEXT,
    "node": TEXT,
    "source": TEXT,
}
DELIVERIES = {
    "ts": TIME,
    "queue_id": TEXT,
    "mail_from": TEXT,
    "rcpt_to": TEXT,
    "outcome": WORD,
    "is_unknown": "bool",
    "node": TEXT,
    "source": TEXT,
}


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
    if not len(attempts):
        return _frame({}, ATTEMPTS)
    held = _held(attempts)
    order = _in_order(attempts, held)
    made: dict[str, Any] = {name: _words(attempts, held[name][order]) for name in ("service", "mechanism", "outcome")}
    made |= {name: _texts(attempts, held[name][order]) for name in ("client_ip", "user")}
    made["ts"] = _moments(held["ts"][order])
    made["secret"] = pd.arrays.IntegerArray(held["secret"][order], held["is_seen"][order] == 0)
    made["distance"] = held["distance"][order]
    made["source"] = Lookups(order, attempts.place)
    return _made(made, ATTEMPTS)


def sends_table(sends: Sends) -> pd.DataFrame:
    """Put messages handed in by somebody in a table, in order of time and place, columns `SENDS`."""
    if not len(sends):
        return _frame({}, SENDS)
    held = _held(sends)
    order = _in_order(sends, held)
    named = ("client_ip", "user", "mail_from", "helo", "node")
    made: dict[str, Any] = {name: _texts(sends, held[name][order]) for name in named}
    made["ts"] = _moments(held["ts"][order])
    made |= {name: held[name][order] for name in ("rcpt_count", "rcpt_unknown")}
    made["accepted"] = held["accepted"][order] != 0
    made["auth"] = Lookups(np.where(held["auth_path"][order] == NOBODY, NOTHING, order), sends.auth)
    made["queue_id"] = Lookups(np.where(held["has_id"][order] == 0, NOTHING, order), sends.queue_id)
    made["rcpt_to"], made["source"] = Lookups(order, sends.rcpt_to), Lookups(order, sends.place)
    return _made(made, SENDS)


def deliveries_table(deliveries: Deliveries) -> pd.DataFrame:
    """Put deliveries outwards in a table, in order of time and place, columns `DELIVERIES`."""
    if not len(deliveries):
        return _frame({}, DELIVERIES)
    held = _held(deliveries)
    order = _in_order(deliveries, held)
    made: dict[str, Any] = {name: _texts(deliveries, held[name][order]) for name in ("mail_from", "node")}
    made["ts"], made["is_unknown"] = _moments(held["ts"][order]), held["is_unknown"][order] != 0
    made["outcome"] = _words(deliveries, held["outcome"][order])
    made["queue_id"] = Lookups(np.where(held["has_id"][order] == 0, NOTHING, order), deliveries.queue_id)
    made["rcpt_to"] = Lookups(np.where(held["has_rcpt"][order] == 0, NOTHING, order), deliveries.rcpt_to)
    made["source"] = Lookups(order, deliveries.place)
    return _made(made, DELIVERIES)


def _held(rows: Columns) -> dict[str, Any]:
    return {name: np.frombuffer(column, column.typecode) for name, column in rows.columns.items()}


def _in_order(rows: Columns, held: dict[str, Any]) -> Any:
    """Sort rows by time, then by place."""
    rank = np.argsort(np.argsort(np.array(rows.names.texts, "object")))
    path, node = (rank[held[name]] for name in ("path", "node"))
    return np.lexsort((node, held["line"], held["offset"], path, held["ts"]))


def _texts(rows: Columns, numbers: Any) -> Any:
    """Spell a column of names; equal ones are one object."""
    return np.array([*rows.names.texts, None], dtype="object")[numbers]  # the last is that of NOBODY


def _words(rows: Columns, numbers: Any) -> Any:
    unlike, places = np.unique(numbers, return_inverse=True)
    words: Any = [rows.names.texts[number] for number in unlike.tolist()]
    return pd.Categorical.from_codes(places, words)


def _moments(micros: Any) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(micros.view("datetime64[us]"), tz="UTC", copy=False)


def _made(columns: dict[str, Any], schema: dict[str, str]) -> pd.DataFrame:
    # a column of texts would be taken for one of pandas' own strings, which take ten times as long to iterate
    is_object = {name: isinstance(column, np.ndarray) and column.dtype == "object" for name, column in columns.items()}
    made = {name: pd.Series(columns[name], dtype=TEXT if is_object[name] else None) for name in schema}
    return pd.DataFrame(made, copy=False)


class LookupDtype(ExtensionDtype):
    """The type of such a column."""

    name = "lookup"
    type = object
    kind = "O"
    na_value = None

    @classmethod
    def construct_array_type(cls) -> Any:
        """Name the array."""
        return Lookups


class Lookups(ExtensionArray):
    """Rows of some evidence, and what makes a value of a row; see pandas, "Extending", for what each method does."""

    def __init__(self, rows: Column, of: Callable[[int], object]) -> None:
        self.rows = rows.astype(np.int32, copy=False)
        self.of = of

    @classmethod
    def _from_sequence(cls, scalars: Iterable[object], *, dtype: object = None, copy: bool = False) -> Lookups:  # noqa: ARG003  the contract's
        values = list(scalars)
        is_missing = [value is None or isinstance(value, float) for value in values]
        return cls(np.where(is_missing, NOTHING, np.arange(len(values))), values.__getitem__)

    @classmethod
    def _from_factorized(cls, values: Iterable[object], original: Lookups) -> Lookups:  # noqa: ARG003  the contract's
        return cls._from_sequence(values)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Lookups]) -> Lookups:
        first = to_concat[0]
        if all(one.of == first.of for one in to_concat):
            return cls(np.concatenate([one.rows for one in to_concat]), first.of)
        return cls._from_sequence([value for one in to_concat for value in one])

    @property
    def dtype(self) -> LookupDtype:
        """Its type."""
        return LookupDtype()

    @property
    def nbytes(self) -> int:
        """Bytes of the rows."""
        return int(self.rows.nbytes)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return (None if row == NOTHING else self.of(row) for row in self.rows.tolist())

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int | np.integer):
            row = int(self.rows[key])
            return None if row == NOTHING else self.of(row)
        return Lookups(self.rows[check_array_indexer(self, key)], self.of)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Column:
        values = np.empty(len(self), "object")
        for place, value in enumerate(self):  # at once, numpy would make a table of tuples
            values[place] = value
        return values

    def __eq__(self, other: object) -> Any:
        others = other if isinstance(other, Lookups) else [other] * len(self)
        return np.array([one == another for one, another in zip(self, others, strict=True)], "bool")

    def __hash__(self) -> int:
        raise TypeError("a column is compared row by row")

    def isna(self) -> Any:
        """Tell which values are missing."""
        return self.rows == NOTHING

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: object = None) -> Lookups:  # noqa: ARG002  the contract's
        """Choose rows; with `allow_fill` -1 is one that is missing."""
        fill = NOTHING if allow_fill else None
        rows: Any = take(self.rows, np.asarray(indices), allow_fill=allow_fill, fill_value=fill)
        return Lookups(rows, self.of)

    def copy(self) -> Lookups:
        """Copy the rows."""
        return Lookups(self.rows.copy(), self.of)
