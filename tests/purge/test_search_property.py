"""What a search says of a message, held against decoding all of it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.purge.needles import Texts
from breachkit.purge.search import Search
from breachkit.text.decoding import typed_texts
from breachkit.text.seen import Seen
from tests.text.test_glance import BODIES, LINES, WANTED

HEADS = st.lists(LINES, max_size=6).map(lambda lines: "".join(line + "\n" for line in lines).encode())
OTHERS = ["caffè", "buy\u00a0this", "b\u200buy", "THIS NOW", "Buy This", "cafe\u0301"]


def plain(raw: bytes, wanted: str, *, ignore_case: bool) -> str | None:
    """Say it the plain way."""
    cased = str.lower if ignore_case else str
    typed = list(typed_texts(raw))
    if cased(wanted) in cased(raw.decode("utf-8", "surrogateescape")):
        return "raw"
    if any(cased(wanted) in cased(text) for text, _ in typed):
        return "decoded"
    return "reader" if Seen(wanted, ignore_case=ignore_case).is_in(typed) else None


@given(HEADS, st.sampled_from([b"", b"\n"]), HEADS, BODIES, st.sampled_from([b"\n", b"\r\n"]))
@settings(deadline=None, max_examples=700)
def test_a_search_says_how_a_message_holds_a_string_as_decoding_all_of_it_does(
    first: bytes, between: bytes, second: bytes, body: bytes, eol: bytes
) -> None:
    head = first + between + second
    raw = head.replace(b"\n", eol) + eol + body.replace(b"\n", eol)
    for wanted in [*WANTED, *OTHERS]:
        assert Search(Texts((wanted,))).judge([raw]) == plain(raw, wanted, ignore_case=False), wanted
        blind = Search(Texts((wanted,), ignore_case=True)).judge([raw])
        assert blind == plain(raw, wanted, ignore_case=True), wanted
        is_raw = Search(Texts((wanted,), raw_only=True)).judge([raw]) == "raw"
        assert is_raw == (wanted.encode() in raw)
    two = Search(Texts(("buy", "this now"))).judge([raw])
    found = [plain(raw, one, ignore_case=False) for one in ("buy", "this now")]
    weakest = next((way for way in (None, "reader", "decoded") if way in found), "raw")
    assert two == weakest
