"""Columns of messages handed in hold what the records said."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.columns import Send, Sends
from breachkit.records import Locus, Transaction
from breachkit.tables import SENDS, sends_table

texts = st.text(st.characters(codec=None), max_size=4)
places = st.builds(
    Locus, st.sampled_from(["a.log", "b.log"]), st.integers(0, 2**40), st.integers(1, 2**40), st.sampled_from(["", "n"])
)
messages = st.builds(
    Transaction,
    ts=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  it has none
    mail_from=st.none() | texts,
    rcpt_to=st.lists(texts, max_size=3).map(tuple),
    rcpt_count=st.integers(0, 2**40),
    rcpt_unknown=st.integers(0, 2**40),
    queue_id=st.none() | texts,
    accepted=st.booleans(),
    attempt=st.none() | st.integers(0, 9),
    helo=st.none() | texts,
    source=places,
)
lists = st.lists(
    st.tuples(st.sampled_from(["192.0.2.1", "2001:db8::1"]), st.none() | texts, st.none() | places, messages),
    max_size=5,
)


@settings(deadline=None)
@given(lists, lists)
def test_columns_give_back_what_was_put_into_them(first: list[Send], second: list[Send]) -> None:
    both = Sends(first)
    both.add(Sends(second))
    carried = pickle.loads(pickle.dumps(both))
    assert [*carried] == [*both] == first + second


@settings(deadline=None)
@given(lists)
def test_a_table_of_messages_is_in_order_of_time_and_place(sends: list[Send]) -> None:
    table = sends_table(Sends(sends))
    ordered = sorted(sends, key=lambda send: (send[3].ts, send[3].source))
    assert list(table.columns) == list(SENDS)
    assert [tuple(row) for row in table.itertuples(index=False)] == [
        (
            sent.ts,
            ip,
            user,
            auth,
            sent.mail_from,
            *sent[2:5],
            sent.queue_id,
            sent.accepted,
            sent.helo,
            sent.source.node,
            sent.source,
        )
        for ip, user, auth, sent in ordered
    ]
