"""What a search says of a message, held against decoding all of it."""

from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.purge.needles import SoughtTexts
from breachkit.purge.search import TextSearch
from breachkit.text.message import typed_texts
from breachkit.text.seen import SeenString

WANTED = [
    "buy this",
    "buythis",
    "buy",
    "this now",
    "words: buy",
    " this",
    "some",
    "bu",
    "y this",
    "<p>",
    "?q?",
    "x: buy",
]
LINES = st.sampled_from(
    [
        "LocalSender: a@x.example",
        "Received: from h\n by mx",
        "From: b@x.example",
        "Subject: one\n two",
        "Subject: buy\n this",
        "Subject: buy\n\tthis",
        "Subject: =?utf-8?q?buy_this?=",
        "Subject: =?utf-8?q?buy?= =?utf-8?q?_this?=",
        "Subject: =?utf-8?q?buy?=\n =?utf-8?q?_this?=",
        "Subject: =?utf-7?q?b+AHU-y this?=",
        "=?a?q?x:=?=?utf-8?q?buy_this?=",
        "two words=?a?q?x: =?utf-8?q?buy_this?=",
        "Content-Type: text/html",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/plain; charset=utf-16",
        "Content-Type: text/plain; charset=utf-7",
        "Content-Type: text/plain; charset*=us-ascii'en'utf-16",
        "Content-Type: text/plain;\n charset=hz",
        "Content-Type: multipart/mixed; boundary=b",
        "Content-Type: message/rfc822",
        "Content-Disposition: attachment; filename*=utf-8''buy%20this",
        "Content-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: quoted-printable",
        "Content-Transfer-Encoding : base64",
        "content-transfer-encoding:\n BASE64",
        "Content-Transfer-Encoding: " + " " * 80 + "base64",
        "Content-Transfer-Encoding: base64; a=7bit",
        "Content-Transfer-Encoding: 7bit",
        "X: Content-Transfer-Encoding: 7bit",
        "no header at all",
        "two words: =?utf-8?q?buy?= this",
        "Date: Fri, 20 Nov 2026 10:00:00 +0100",
        "Content-Type: text/plain;\n charset=utf-8;\n\tformat=flowed",
        "Content-Type: text/html; charset=iso-8859-1",
        "Content-Type: text/rfc822-headers",
        "Content-Type: application/pdf",
        "Content-Type:text/plain;charset=us-ascii-utf-16",
        "CONTENT-TRANSFER-ENCODING: BASE64",
        "Content-Type : text/plain",
        "<html>: buy&#32;this",
        "content-t",
        "Content-Type: text/plain charset=utf-7",
        "Content-Type: text/html charset utf-16",
        "Content-Type: text/plain (a note); charset=utf-7",
        "Content-Type: 'text/plain'; charset=\"utf-16",
        "Content-Type: multipart/mixed boundary='b'",
        "Content-Transfer-Encoding: base64 (by a mailer)",
        'Content-Transfer-Encoding: (by a mailer) "base64"',
        "Content-Transfer-Encoding: quoted printable",
        "Content-Transfer-Encoding: x-uuencode",
        "Content-Transfer-Encoding: uue",
        "From a@x.example Fri Nov 20 09:00:00 2026",
        "From : b@x.example",
        "Content-Type: text/plain; format=flowed; DelSp=Yes",
        "Subject: buy  this",
        "Subject: bu\u200by this",
        "Subject: =?utf-8?q?bu=E2=80=8By_?=  this",
        "Subject: =?utf-8?q?so_buy?= =?utf-8?q?__this?=",
        "From: buy <b@x.example> this",
        "Subject: buy \xe9 =?utf-8?q?_this?=",
        "",
    ]
)
BODY = "some words\nbuy this now\n"
UUENCODED = b"begin 644 a.txt\n" + binascii.b2a_uu(BODY.encode()) + b"`\nend\n"
BODIES = st.sampled_from(
    [
        b"words\n",
        b"",
        b"<html>: buy&#32;this",
        b"Date: x\n\n" + base64.encodebytes(BODY.encode()),
        b"MsgID: x\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(BODY.encode()),
        base64.encodebytes(BODY.encode()),
        base64.encodebytes(b"<p>buy&#32;this</p>"),
        base64.encodebytes(BODY.encode("utf-16")),
        b"QQ==" + base64.encodebytes(BODY.encode()),
        b"  " + base64.encodebytes(b"n" * 99 + BODY.encode()).replace(b"\n", b" \n"),
        b"so buy=20this\n",
        b"so bu=\ny this\n",
        b"<html>buy&nbsp;this buy&#x20;this</html>",
        b"b+AHU-y this",
        b"Content-Transfer-Encoding: base64\n\n<p>buy&#32;this</p>",
        b"--b\n\nbuy =\nthis\n--b\nContent-Transfer-Encoding: quoted-printable\n\nbuy=20this\n--b--\n",
        b"Subject: buy\n this\nFrom: x\n\n" + base64.encodebytes(BODY.encode()),
        b"so buy= \n this=\t\n now\n",
        b"so bu= \t\ny this\n",
        UUENCODED,
        b"words\n" + UUENCODED + b"more\n",
        base64.encodebytes(b"words\n" + UUENCODED),
        b"begin 644 a list\nof words\nend\n",
        b"<html><meta charset=utf-7><p>b+AHU-y this",
        b"x: <html><META http-equiv=Content-Type content='text/html; charset=utf-7'>\n\n<p>b+AHU-y this",
        base64.encodebytes(b"<meta charset='utf-7'>b+AHU-y this"),
        BODY.encode("utf-16"),
        b"\xef\xbb\xbfbuy th\xc3\xads",
        b"so buy \nthis now\n",
        b"so bu \ny  \nth \nis\n",
        b"Received: bu<b>y</b>\n th<i>is</i>\n\nwords\n",
        base64.encodebytes(b"so buy\n this now\n"),
        b"<p>bu<b></b>y&nbsp;th<!-- <i> -->is</p>",
        b"<p>so b<style>p {}</style>uy <td>this",
        base64.encodebytes(b"<div>b<b>u</b><i>y</i> t<wbr>his</div>"),
        "bu\u200by th\u00adis".encode(),
        base64.encodebytes("bu\u2060y\u00a0this \ufeff".encode()),
        b"bu\xady th\xadis now",
        b"so=20bu<b>y =\nth</b>is",
        b"--b\nContent-Type: text/html\n\na < b <i>bu</i>y\nth<b>is\n--b\n\n1 <2 buy <this\n--b--\n",
    ]
)
HEADS = st.lists(LINES, max_size=6).map(lambda lines: "".join(line + "\n" for line in lines).encode())
KINDS = [b"", b"Content-Type: text/plain; charset=utf-8\n", b"Content-Type: text/html\n"]
WAYS = [b"", b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: quoted-printable\n"]
OTHERS = ["caffè", "buy\u00a0this", "b\u200buy", "THIS NOW", "Buy This", "cafe\u0301"]


def plain(raw: bytes, wanted: str, *, ignore_case: bool) -> str | None:
    """Say it the plain way."""
    cased = str.lower if ignore_case else str
    typed = list(typed_texts(raw))
    if cased(wanted) in cased(raw.decode("utf-8", "surrogateescape")):
        return "raw"
    if any(cased(wanted) in cased(text) for text, _ in typed):
        return "decoded"
    return "reader" if SeenString(wanted, ignore_case=ignore_case).is_in(typed) else None


def hold_against_decoding(raw: bytes) -> None:
    for wanted in [*WANTED, *OTHERS]:
        search, found = TextSearch(SoughtTexts((wanted,))), plain(raw, wanted, ignore_case=False)
        assert search.judge([raw]) == found, wanted
        blind = TextSearch(SoughtTexts((wanted,), ignore_case=True)).judge([raw])
        assert blind == plain(raw, wanted, ignore_case=True), wanted
        is_raw = TextSearch(SoughtTexts((wanted,), raw_only=True)).judge([raw]) == "raw"
        assert is_raw == (wanted.encode() in raw)
    two = TextSearch(SoughtTexts(("buy", "this now"))).judge([raw])
    ways = [plain(raw, one, ignore_case=False) for one in ("buy", "this now")]
    weakest = next((way for way in (None, "reader", "decoded") if way in ways), "raw")
    assert two == weakest


@given(
    st.tuples(
        st.sampled_from([b"", b"\n", b"\xef\xbb\xbf", b"From x\n", b" "]),
        HEADS,
        st.sampled_from([b"", b"\n"]),
        HEADS,
        st.just(b"\n"),
        BODIES,
    ).map(b"".join),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
@settings(deadline=None, max_examples=700)
def test_a_search_says_how_a_message_holds_a_string_as_decoding_all_of_it_does(raw: bytes, eol: bytes) -> None:
    hold_against_decoding(raw.replace(b"\n", eol))


@given(
    st.tuples(
        st.just(b"LocalSender: a@x.example\n"),
        HEADS,
        st.sampled_from([b"Subject: s\n", b"\nSubject: s\n"]),
        HEADS,
        st.sampled_from(KINDS),
        st.sampled_from(WAYS),
        st.just(b"\n"),
        BODIES,
    ).map(b"".join)
)
@settings(deadline=None, max_examples=700)
def test_the_same_of_messages_that_are_nearly_usual(raw: bytes) -> None:
    hold_against_decoding(raw.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"Content-Type: text/html\n\nContent-Transfer-Encoding: base64\n\n<p>buy&#32;this</p>\n", "decoded"),
        (b"Subject: s\n\n<p>: buy&#32;this\nContent-Type: text/plain; charset=utf-8\n\nwords\n", "decoded"),
        (
            (
                b"Subject: s\nContent-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n"
                + base64.encodebytes(b"Subject: =?utf-8?q?buy_this?=\n")
            ),
            "decoded",
        ),
        (b"Subject: s\ntwo words: =?utf-8?q?buy?= this\n\n", "decoded"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b--\n", None),
        (b"Subject: s\n\n" + b"buy \nthis", "reader"),
    ],
)
def test_what_looks_like_a_header_or_like_html_hides_nothing(raw: bytes, found: str | None) -> None:
    assert TextSearch(SoughtTexts(("buy this",))).judge([raw]) == found
