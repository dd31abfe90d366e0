"""JSON is written as the standard library writes it, whatever writes it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.report.contract import dump, dump_line
from breachkit.report.words import clean, escape_json

texts = st.text(st.characters(exclude_categories=()))
shares = st.floats(0, 1).map(lambda number: round(number, 4))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | shares | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=30,
)


@settings(deadline=None)
@given(st.dictionaries(texts, values, max_size=4))
def test_json_is_what_the_standard_library_makes_of_it(document: dict[str, object]) -> None:
    expected = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert dump(document) == escape_json(expected)


@settings(deadline=None)
@given(st.dictionaries(texts, values, max_size=4))
def test_json_shows_no_sign_that_hides_or_commands_and_parses_to_the_same(document: dict[str, object]) -> None:
    for text in (dump(document), dump_line(document)):
        bare = text.replace("\n", "")
        assert clean(bare) == bare
        # two halves of a surrogate pair that stand side by side are one sign, in JSON as in UTF-16
        assert json.loads(text) == json.loads(json.dumps(document))


def test_every_kind_of_sign_that_is_not_seen_is_escaped() -> None:
    seen = "città \u4e2d\u0301 \U0001f600 \u00a0|\u3000"
    hidden = "\x7f\x85\x9b\xad\u061c\u034f\u115f\u200b\u200f\u2028\u2029\u202e\u2066\u3164\ufe0f\ufeff\U000e0041\U000e0100\U0010fffe"
    assert dump_line({seen + hidden: [hidden]}).isascii() is False
    assert dump_line({hidden: [hidden]}).isascii()
    assert seen in dump({seen: hidden})
    assert json.loads(dump({seen + hidden: hidden})) == {seen + hidden: hidden}
