"""What a glance tells of a message, held against decoding it."""

from __future__ import annotations

import base64
import binascii

from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.text.decoding import decoded_texts, typed_texts
from breachkit.text.glance import Glance
from breachkit.text.seen import Seen

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
KINDS = ["", "Content-Type: text/plain; charset=utf-8\n", "Content-Type: text/html\n"]
WAYS = ["", "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: quoted-printable\n"]


def tell(raw: bytes, wanted: str) -> bool | None:
    """Look for it as a search does: only where the raw bytes do not hold it."""
    return None if wanted.encode() in raw else Glance(wanted.encode()).tell(raw)


def hold_against_decoding(raw: bytes) -> None:
    """What is told is what the decoded texts hold; and where nothing is, no reader sees it either."""
    typed = list(typed_texts(raw))
    for wanted in WANTED:
        told = tell(raw, wanted)
        assert told in {None, any(wanted in text for text, _ in typed)}, wanted
        assert told is not False or not Seen(wanted).is_in(typed), wanted


@given(
    st.sampled_from([b"", b"\n", b"\xef\xbb\xbf", b"From x\n", b" "]),
    st.lists(LINES, max_size=9),
    BODIES,
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=2000)
def test_what_a_glance_tells_is_what_the_decoded_texts_hold(
    before: bytes, lines: list[str], body: bytes, eol: bytes, is_mixed: bool
) -> None:
    head = before + "".join(line + "\n" for line in lines).encode()
    between = b"\n" if lines or is_mixed else b""  # else no head at all
    raw = head.replace(b"\n", eol) + (between + body).replace(b"\n", b"\r\n" if is_mixed else eol)
    hold_against_decoding(raw)


@given(
    st.lists(LINES, max_size=2),
    st.sampled_from(["", "\n"]),
    st.lists(LINES, max_size=3),
    st.tuples(st.sampled_from(KINDS), st.sampled_from(WAYS)).map("".join),
    BODIES,
)
@settings(deadline=None, max_examples=2000)
def test_the_same_of_messages_that_are_nearly_usual(
    first: list[str], between: str, second: list[str], coding: str, body: bytes
) -> None:
    head = "LocalSender: a@x.example\n" + "".join(line + "\n" for line in first)
    head += between + "Subject: s\n" + "".join(line + "\n" for line in second) + coding
    raw = head.replace("\n", "\r\n").encode() + b"\r\n" + body.replace(b"\n", b"\r\n")
    hold_against_decoding(raw)


def test_a_paragraph_that_looks_like_a_header_hides_nothing() -> None:
    raw = b"Content-Type: text/html\n\nContent-Transfer-Encoding: base64\n\n<p>buy&#32;this</p>\n"
    assert any("buy this" in text for text in decoded_texts(raw))
    assert tell(raw, "buy this") is None


def test_a_paragraph_of_html_that_looks_like_a_header_hides_nothing() -> None:
    raw = b"Subject: s\n\n<p>: buy&#32;this\nContent-Type: text/plain; charset=utf-8\n\nwords\n"
    assert any("buy this" in text for text in decoded_texts(raw))
    assert tell(raw, "buy this") is None


def test_headers_that_are_a_part_of_their_own_are_decoded_as_headers() -> None:
    part = base64.encodebytes(b"Subject: =?utf-8?q?buy_this?=\n")
    raw = b"Subject: s\nContent-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n" + part
    assert any("buy this" in text for text in decoded_texts(raw))
    assert tell(raw, "buy this") is None


def test_a_line_that_is_no_header_is_read_whole() -> None:
    raw = b"Subject: s\ntwo words: =?utf-8?q?buy?= this\n\n"
    assert any("words: buy" in text for text in decoded_texts(raw))
    assert tell(raw, "words: buy") is None


def test_most_messages_are_told_at_a_glance() -> None:
    for envelope in (b"", b"LocalSender: a@x.example\r\n\r\n"):
        for charset in ("utf-8", '"iso-8859-1"', "us-ascii;\r\n format=flowed"):
            for way, body in (("7bit", b"words"), ("base64", b"d29yZHM="), ("quoted-printable", b"wor=64s")):
                head = (
                    "Received: from h\r\n by mx\r\nSubject: =?utf-8?q?letter?=\r\n"
                    f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {way}\r\n\r\n"
                )
                raw = envelope + head.encode() + body + b"\r\n"
                assert tell(raw, "buy this") is False
                assert tell(raw, "letter") is None
                assert tell(raw, "words") is (None if way == "7bit" else True)


def test_parts_in_which_nothing_is_coded_are_told_too() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b--\n"
    assert tell(raw, "buy this") is False
    assert tell(raw.replace(b"words", b"Content-Transfer-Encoding: base64"), "buy this") is None
