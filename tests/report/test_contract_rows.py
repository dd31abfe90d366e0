"""A long list written piece by piece is what the whole object would be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.report.contract import dump, dump_rows

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
objects = st.dictionaries(st.text(max_size=3), values, max_size=3)


@settings(deadline=None)
@given(objects, objects, st.lists(objects, max_size=3))
def test_rows_are_written_as_the_whole_would_be(before: dict, behind: dict, rows: list[dict]) -> None:  # type: ignore[type-arg]
    head = {**before, "text": '\n  "accounts": []', "inner": {"accounts": []}}
    tail = {name: value for name, value in behind.items() if name not in head}
    written = "".join(dump_rows({**head, "accounts": [], **tail}, "accounts", iter(rows)))
    assert written == dump({**head, "accounts": rows, **tail})
