"""JSON is written as the standard library writes it, whatever writes it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from breachkit.report.contract import dump

texts = st.text(st.characters(exclude_categories=()))
shares = st.floats(0, 1).map(lambda number: round(number, 4))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | shares | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=30,
)


@given(st.dictionaries(texts, values, max_size=4))
def test_json_is_what_the_standard_library_makes_of_it(document: dict[str, object]) -> None:
    expected = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert dump(document) == expected.encode("utf-8", "backslashreplace").decode()
