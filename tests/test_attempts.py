"""Columns of tries hold what the records said."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from breachkit.columns import Attempts
from breachkit.records import AuthAttempt, Locus
from breachkit.tables import ATTEMPTS, attempts_table

places = st.builds(
    Locus, st.sampled_from(["a.log", "b.log"]), st.integers(0, 2**40), st.integers(1, 2**40), st.sampled_from(["", "n"])
)
attempts = st.builds(
    AuthAttempt,
    service=st.sampled_from(["smtp", "imap"]),
    ts=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  it has none
    client_ip=st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    user=st.none() | st.sampled_from(["anna", "success", "a.log"]),
    mechanism=st.sampled_from(["LOGIN", "other"]),
    outcome=st.sampled_from(["success", "failure", "undetermined"]),
    secret=st.none() | st.binary(min_size=8, max_size=8),
    source=places,
)
lists = st.lists(st.tuples(attempts, st.none() | places), max_size=6)


def held(pairs: list[tuple[AuthAttempt, Locus | None]]) -> Attempts:
    columns = Attempts()
    for tried, begin in pairs:
        columns.append(tried, begin)
    return columns


@given(lists, lists)
def test_columns_give_back_what_was_put_into_them(
    first: list[tuple[AuthAttempt, Locus | None]], second: list[tuple[AuthAttempt, Locus | None]]
) -> None:
    both = held(first)
    both.add(held(second))
    carried = pickle.loads(pickle.dumps(both))
    assert [*carried] == [*both] == [tried for tried, _ in first + second]
    won = {tried.source: begin for tried, begin in first + second if begin is not None and tried.outcome == "success"}
    assert {place: begin[:3] for place, begin in carried.session_of().items()} == {
        place: begin[:3] for place, begin in won.items()
    }


@given(lists)
def test_a_table_of_tries_is_in_order_of_time_and_place(pairs: list[tuple[AuthAttempt, Locus | None]]) -> None:
    table = attempts_table(held(pairs))
    ordered = sorted((tried for tried, _ in pairs), key=lambda tried: (tried.ts, tried.source))
    assert list(table.columns) == list(ATTEMPTS)
    rows = table.drop(columns="distance").itertuples(index=False)
    assert [(*row[:6], None if row[6] is pd.NA else int(row[6]).to_bytes(8), row[7]) for row in rows] == ordered
