"""What a reader sees of a text: white space, markup, signs without width, accents."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.text.message import added_by_decoding, is_plain, typed_texts
from breachkit.text.seen import SeenString, normal, paragraphs_seen


def is_seen(raw: bytes, wanted: str, *, ignore_case: bool = False) -> bool:
    return SeenString(wanted, ignore_case=ignore_case).is_in(typed_texts(raw))


def html(body: str) -> bytes:
    return b"Subject: s\nContent-Type: text/html; charset=utf-8\n\n" + body.encode()


def plain(body: str, more: str = "") -> bytes:
    return f"Subject: s\nContent-Type: text/plain; charset=utf-8{more}\n\n{body}".encode()


@pytest.mark.parametrize(
    "raw",
    [
        html("<p>win a free&nbsp;&nbsp;phone today</p>"),
        html("<p>win a&#160;free\r\n   phone\ttoday</p>"),
        html("<p>w<i></i>in a fr<b>ee</b> <span style='x'>pho</span>ne<br>today</p>"),
        html("<p>win a fr<!-- <b> x -->ee ph<style>p { }</style>one today"),
        html("<tr><td>win a free</td><td>phone today</td></tr>"),
        html("win a fr\u200bee pho\u00adne to&#8203;d&shy;ay"),
        html("win a f<wbr>ree phone&ensp;today"),
        html("win a fr<img alt='3 > 2' src=x>ee phone<td title=\"a > b\">today"),
        plain("hello, win a free\nphone today\n"),
        plain("win a free \r\nphone \r\ntoday", "; format=flowed"),
        plain("> win a free \n> phone today\n", "; format=flowed"),
        plain("win a free  \nph \none today", "; format=flowed; delsp=yes"),
        plain("w\u2060in a\u3000free phone\u2003today"),
        b"Subject: win a free\n   phone  today\n\nx",
        b"Subject: =?utf-8?q?win_a_fr=E2=80=8Bee?=\n =?utf-8?q?_phone?=  today\n\nx",
        b"Subject: s\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(b"win a\r\nfree phone\r\ntoday"),
        b"Subject: s\n\n<html><p>win a fr<b>ee</b> phone today",
    ],
)
def test_what_is_split_in_the_source_is_seen_in_one(raw: bytes) -> None:
    assert is_seen(raw, "win a free phone today")
    assert is_seen(raw, "win\u00a0a free\n phone today")
    assert is_seen(raw, "WIN A Free Phone Today", ignore_case=True)
    assert not is_seen(raw, "WIN A Free Phone Today")
    assert not is_seen(raw, "win a free phone tomorrow")


@pytest.mark.parametrize(
    "raw",
    [
        html("<p>win a free</p><p>phone today</p>"),
        html("<li>win a free<li>phone today"),
        plain("win a free\n\nphone today"),
        plain("win a free<br>phone today"),
        plain("win a fr<b>ee</b> phone today"),
        html("win a free-phone today"),
        b"Subject: win a free\nX: phone today\n\nx",
    ],
)
def test_what_stands_apart_is_not_seen_in_one(raw: bytes) -> None:
    assert not is_seen(raw, "win a free phone today")


def test_accents_are_one_with_their_letters() -> None:
    for raw in (
        plain("il tuo perche\u0301 e\u0300 qui"),
        plain("il tuo perché è qui"),
        html("perch&eacute; e&#768; qui"),
    ):
        assert is_seen(raw, "perché è qui")
        assert is_seen(raw, "perche\u0301 è qui")
        assert not is_seen(raw, "perche")


def test_a_blank_at_the_end_is_a_blank() -> None:
    assert is_seen(plain("one\npill"), " pill")
    assert not is_seen(plain("spill"), " pill")
    assert is_seen(plain("spill"), "pill")


@pytest.mark.parametrize("wanted", ["\u200b", "\u00ad\u200d"])
def test_what_nobody_can_see_is_seen_nowhere(wanted: str) -> None:
    assert not is_seen(plain("words\u200b"), wanted)


@pytest.mark.parametrize(
    "body",
    ["<!--" * 50_000, "<style" * 50_000, "<a" * 100_000, "<a =\"'" * 50_000, " \n" * 100_000, "<b>" * 50_000 + "x"],
)
def test_hostile_markup_is_read_to_its_end(body: str) -> None:
    assert not is_seen(html(body), "win a free phone")


PIECES = st.sampled_from(
    ["free", "phone", " ", "\n", "<b>", "</i>", "<br>", "<p>", "<!-- x -->", "\u200b", "\u00a0", "> ", "e\u0301"]
)


@given(
    st.lists(PIECES, max_size=12).map("".join),
    st.sampled_from(["text/html", "text/plain", "text/plain; format=flowed"]),
)
def test_what_is_seen_is_spelled_as_a_string_is_and_never_ruled_out(body: str, kind: str) -> None:
    raw = f"X: y\nContent-Type: {kind}; charset=utf-8\n\n{body}".encode()
    for one in paragraphs_seen(body, kind):
        assert normal(one) == one
        if one:
            assert SeenString(one).may_be_in(raw, added_by_decoding(raw))
            assert not is_plain(raw) or SeenString(one).may_be_in(raw)
