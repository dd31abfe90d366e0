"""One row for each account and client address: what that address did to that account, and when."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from breachkit.micros import moment_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

Column = np.ndarray[Any, np.dtype[Any]]

NOT_A_TIME = np.iinfo(np.int64).min
"""What numpy has for a moment that is not known, as a number."""

VISIT_COUNTS = [
    *("successes", "entries", "failures", "unlike_secrets", "unseen_secrets", "sent"),
    *("mismatched", "foreign", "rcpts", "delivered", "waiting", "dead", "refused"),
]
VISIT_TIMES = ["first_seen", "last_seen", "first_success", "first_entry", "first_failure"]


def visits_table(attempts: pd.DataFrame, sends: pd.DataFrame, deliveries: pd.DataFrame) -> pd.DataFrame:
    """Sum up tries, messages and their fate for each (account, client address).

    Args:
        attempts: tries, with `account`.
        sends: messages handed in, with `account`, `is_own` (may the account declare that sender) and `foreign` (its
            domain, where that is none of the house).
        deliveries: with `account` and `client_ip`.

    Returns:
        Index (account, client_ip). Columns: `successes` (any door), `entries` (SMTP successes), `failures`,
        `unlike_secrets` (distinct wrong ones that could be seen), `unseen_secrets` (failures without one), `sent`,
        `mismatched` (sender is not the account), `foreign` (of these, of no domain of the house), `rcpts` (recipients,
        all of them), of which `delivered`, `waiting`, `dead` (do not exist) and `refused` by their last status, and
        times `first_seen`, `last_seen`, `first_success`, `first_entry`, `first_failure`.
    """
    names = _sorted(table["account"] for table in (attempts, sends, deliveries))
    ips = _sorted(table["client_ip"] for table in (attempts, sends, deliveries))
    tried = _Rows(attempts, names, ips)
    handed = _Rows(sends, names, ips)
    gone = _Rows(last_status(deliveries.dropna(subset=["account", "client_ip"])), names, ips)
    visits = np.unique(np.concatenate((tried.visit, handed.visit, gone.visit)))
    who, whence = divmod(visits, max(len(ips), 1))
    columns = _tries(tried, visits) | _messages(handed, visits) | _fates(handed, gone, visits)
    columns["last_seen"] = np.maximum(columns["last_seen"], columns.pop("last_sent"))
    levels, codes = cast("Any", [names, ips]), cast("Any", [who, whence])
    index = pd.MultiIndex(levels, codes, names=["account", "client_ip"])
    counts = {name: columns[name].astype(np.int32, copy=False) for name in VISIT_COUNTS}
    moments = {name: columns[name].view("datetime64[us]") for name in VISIT_TIMES}
    times = {name: pd.DatetimeIndex(column, tz="UTC", copy=False) for name, column in moments.items()}
    return pd.DataFrame({**counts, **times}, index=index, copy=False)


class _Rows:
    """The rows of a table whose account is known."""

    def __init__(self, table: pd.DataFrame, names: pd.Index[Any], ips: pd.Index[Any]) -> None:
        """Give account and address a number: texts would be sorted anew for each thing that is counted."""
        who = names.get_indexer(pd.Index(table["account"]))
        self.known = np.flatnonzero(who >= 0)
        self._table = table
        whence = ips.get_indexer(pd.Index(table["client_ip"]))
        self.visit: Column = (who.astype(np.int64) * len(ips) + whence)[self.known]

    def read(self, name: str) -> Column:
        """Return a column of numbers or truths."""
        column: Column = self._table[name].to_numpy()[self.known]
        return column

    def micros(self) -> Column:
        """Return the moments, in microseconds since the epoch."""
        column: Column = pd.DatetimeIndex(self._table["ts"]).as_unit("us").asi8[self.known]
        return column

    def equal(self, name: str, word: str) -> Column:
        """Tell where a column holds a word."""
        column: Column = (self._table[name] == word).to_numpy()[self.known]
        return column

    def digests(self) -> tuple[Column, Column]:
        """Return the fingerprints, and which of them were seen."""
        column = self._table["secret"]
        return column.to_numpy("uint64", na_value=0)[self.known], column.notna().to_numpy()[self.known]


def _tries(tried: _Rows, visits: Column) -> dict[str, Column]:
    slot, ts = np.searchsorted(visits, tried.visit), tried.micros()
    won, lost = tried.equal("outcome", "success"), tried.equal("outcome", "failure")
    entered = won & tried.equal("service", "smtp")
    secret, is_seen = tried.digests()
    first, last = partial(_first, len(visits)), partial(_last, len(visits))
    count = partial(np.bincount, minlength=len(visits))
    return {
        "successes": count(slot[won]),
        "entries": count(slot[entered]),
        "failures": count(slot[lost]),
        "unlike_secrets": count(unlike_pairs(slot[lost & is_seen], secret[lost & is_seen])[0]),
        "unseen_secrets": count(slot[lost & ~is_seen]),
        "first_seen": first(slot, ts),
        "last_seen": last(slot, ts),
        "first_success": first(slot[won], ts[won]),
        "first_entry": first(slot[entered], ts[entered]),
        "first_failure": first(slot[lost], ts[lost]),
    }


def _messages(handed: _Rows, visits: Column) -> dict[str, Column]:
    slot, ts = np.searchsorted(visits, handed.visit), handed.micros()
    accepted = handed.read("accepted").astype(bool)
    mismatched = accepted & ~handed.read("is_own").astype(bool)
    foreign = mismatched & pd.notna(handed.read("foreign"))
    count = partial(np.bincount, minlength=len(visits))
    return {
        "sent": count(slot[accepted]),
        "mismatched": count(slot[mismatched]),
        "foreign": count(slot[foreign]),
        "last_sent": _last(len(visits), slot[accepted], ts[accepted]),
    }


def _fates(handed: _Rows, gone: _Rows, visits: Column) -> dict[str, Column]:
    """Count recipients by what became of them; those refused at the door do not exist."""
    handed_in = np.searchsorted(visits, handed.visit)
    rcpts, refused = np.zeros(len(visits), np.int64), np.zeros(len(visits), np.int64)
    np.add.at(rcpts, handed_in, handed.read("rcpt_count"))
    np.add.at(refused, handed_in, handed.read("rcpt_unknown"))
    slot, count = np.searchsorted(visits, gone.visit), partial(np.bincount, minlength=len(visits))
    is_dead = gone.read("is_unknown").astype(bool)
    is_failed = gone.equal("outcome", "failed") & ~is_dead
    return {
        "rcpts": rcpts,
        "delivered": count(slot[gone.equal("outcome", "delivered")]),
        "waiting": count(slot[gone.equal("outcome", "deferred")]),
        "dead": count(slot[is_dead]) + refused,
        "refused": count(slot[is_failed]),
    }


def unlike_pairs(one: Column, other: Column) -> tuple[Column, Column]:
    """List the unlike pairs of two columns, in order."""
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    is_new = np.ones(len(one), np.bool_)
    is_new[1:] = (one[1:] != one[:-1]) | (other[1:] != other[:-1])
    return one[is_new], other[is_new]


def _first(slots: int, slot: Column, ts: Column) -> Column:
    first = np.full(slots, np.iinfo(np.int64).max)
    np.minimum.at(first, slot, ts)
    first[first == np.iinfo(np.int64).max] = NOT_A_TIME
    return first


def _last(slots: int, slot: Column, ts: Column) -> Column:
    last = np.full(slots, NOT_A_TIME)
    np.maximum.at(last, slot, ts)
    return last


def _sorted(columns: Iterable[pd.Series[Any]]) -> pd.Index[Any]:
    """List what stands in some columns of names, each once, in order."""
    found: set[str] = set().union(*(column.dropna() for column in columns))
    names: pd.Index[Any] = pd.Index(sorted(found), dtype="object")
    return names


def last_status(deliveries: pd.DataFrame) -> pd.DataFrame:
    """Keep for each recipient of a message what became of it last; rows are in order of time."""
    return deliveries.drop_duplicates(["mail_from", "rcpt_to", "queue_id"], keep="last")


class Visits:
    """The columns of a visits table."""

    def __init__(self, table: pd.DataFrame) -> None:
        index: Any = table.index
        self._table = table
        self._levels = index.levels
        self.accounts, self.ips = (level.to_numpy() for level in index.levels)
        self.who, self.whence = (codes.astype(np.int32) for codes in index.codes)
        """The account and the address of each row, by their numbers."""
        # thousands of addresses ask for one row each: to convert a column each time would be quadratic
        self._numbers: dict[str, Column] = {}
        self._times: dict[str, Column] = {}

    def count(self, name: str) -> Column:
        """Return a column of numbers."""
        if name not in self._numbers:
            self._numbers[name] = self._table[name].to_numpy()
        return self._numbers[name]

    def time(self, name: str) -> Column:
        """Return a column of moments, unknown ones among them."""
        if name not in self._times:
            self._times[name] = pd.DatetimeIndex(self._table[name]).asi8.view("datetime64[us]")
        return self._times[name]

    def are_among(self, ips: Collection[str]) -> Column:
        """Tell of each address whether it is one of some; numpy compares texts each with each."""
        wanted = frozenset(ips)
        return np.fromiter((ip in wanted for ip in self.ips.tolist()), np.bool_, len(self.ips))

    def rows_at(self, account: str) -> tuple[int, int]:
        """Return where the visits to an account begin and end: they are sorted by account."""
        try:
            number = int(self._levels[0].get_loc(account))
        except KeyError:
            return 0, 0
        begin, end = np.searchsorted(self.who, np.array((number, number + 1), self.who.dtype)).tolist()
        return begin, end

    def places_of(self, account: str) -> Iterator[tuple[str, int, int, datetime, datetime]]:
        """Yield each address that tried to log in to an account: successes, failures, first and last seen."""
        rows = slice(*self.rows_at(account))
        counts = [self.count(name)[rows].tolist() for name in ("successes", "failures")]
        # a Timestamp takes ten times as long to make, and to spell, as a datetime
        first_seen, last_seen = (
            self.time(name)[rows].astype(np.int64).tolist() for name in ("first_seen", "last_seen")
        )
        for ip, *numbers, first, last in zip(
            self.ips[self.whence[rows]].tolist(), *counts, first_seen, last_seen, strict=True
        ):
            if first != NOT_A_TIME:
                yield ip, *numbers, moment_of(first), moment_of(last)

    def by_ip(self, chosen: Column) -> Column:
        """Count the chosen rows of each address."""
        return np.bincount(self.whence[chosen], minlength=len(self.ips))

    def visit_of(self, table: pd.DataFrame) -> tuple[Column, Column]:
        """Tell which visit each row with an account belongs to, and which rows these are."""
        rows = _Rows(table, *self._levels)
        places = self.who.astype(np.int64) * len(self.ips) + self.whence
        return np.searchsorted(places, rows.visit), rows.known


class Slices:
    """Where the rows of each account stand in a table: sorted once, since a search for each would be quadratic."""

    def __init__(self, accounts: pd.Series[Any], chosen: Column | None = None) -> None:
        """Sort rows.

        Args:
            accounts: the account of each row; rows without one are left out.
            chosen: the rows that count, all when None.
        """
        codes, names = pd.factorize(accounts)
        rows = np.flatnonzero(codes >= 0 if chosen is None else (codes >= 0) & chosen)
        ordered = np.argsort(codes[rows], kind="stable")
        self.order = rows[ordered].astype(np.int32)
        """The rows, those of one account together, each in its order."""
        self._names = {str(name): number for number, name in enumerate(names)}
        self._bounds = np.searchsorted(codes[self.order], np.arange(len(names) + 1))

    def of(self, account: str) -> slice:
        """Tell which part of the order an account has."""
        number = self._names.get(account)
        return slice(0, 0) if number is None else slice(*self._bounds[number : number + 2].tolist())
