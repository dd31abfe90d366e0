"""A column whose values are made when looked at is to pandas what a column of these values is."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.records import Locus
from breachkit.tables import Lookups

VALUES = [Locus("a.log", 7, 1), Locus("a.log", 9, 2), Locus("b.log", 7, 1), "text", ("one", "two", "three", "four")]


def columns(rows: list[int]) -> tuple[pd.Series, pd.Series]:
    """Make the column, and the same values as they are."""
    plain = pd.Series([None if row < 0 else VALUES[row] for row in rows], dtype="object")
    return pd.Series(Lookups(pd.Series(rows, dtype="int64").to_numpy(), VALUES.__getitem__)), plain


rows_drawn = st.lists(st.integers(-1, len(VALUES) - 1), max_size=6)


@settings(deadline=None)
@given(rows_drawn, rows_drawn, st.data())
def test_a_column_looked_up_is_as_good_as_its_values(one: list[int], other: list[int], data: st.DataObject) -> None:
    made, plain = columns(one)
    assert [*made] == [*plain]
    assert [made.iloc[place] for place in range(len(one))] == [*plain]
    assert made.isna().tolist() == plain.isna().tolist()
    for value in VALUES:
        assert (made == value).tolist() == [held == value for held in plain]
    chosen = data.draw(st.lists(st.booleans(), min_size=len(one), max_size=len(one)))
    mask = pd.Series(chosen, dtype="bool")
    assert [*made[mask]] == [*plain[mask]]
    places = data.draw(st.lists(st.integers(0, len(one) + 1), max_size=5))
    expected = [plain[place] if place < len(one) else None for place in places]
    assert [*made.reindex(places)] == expected
    assert [*made.astype("object")] == [*plain]
    assert made.drop_duplicates().index.tolist() == plain.drop_duplicates().index.tolist()
    more, plainer = columns(other)
    assert [*pd.concat([made, more])] == [*plain, *plainer]
    alike = pd.Series(Lookups(pd.Series(other, dtype="int64").to_numpy(), [*VALUES].__getitem__))
    assert [*pd.concat([made, alike])] == [*plain, *plainer]
