"""What decoding adds, beside all that it gives."""

from __future__ import annotations

import base64
import binascii
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.text.added import added_by_decoding
from breachkit.text.decoding import decoded_texts

HEADERS = st.sampled_from(
    [
        *(
            "LocalSender: a@x.example",
            "Received: from h\n by mx",
            "From: b@x.example",
            "Subject: one\n two",
            "MsgID: 7",
        ),
        *("Subject:\n late", "Subject: =?utf-8?q?caff=C3=A8?= x", "Subject: =?utf-8?b?Y2Fm?=\n =?utf-8?q?f=C3=A8?="),
        *("Subject: caffè", "two words: =?utf-8?q?a?=", "no header at all", "X: *", "Content-Type: text/html"),
        *("Content-Type: text/plain; charset=utf-8", "Content-Type: text/plain;\n charset=iso-8859-1"),
        *("Content-Type: text/plain; charset=utf-16", "Content-Type: text/plain; charset=hz", "content-type: html"),
        *("Content-Type: text/plain; charset*=us-ascii'en'utf-16", "Content-Type: multipart/mixed; boundary=b"),
        *('Content-Type: multipart/mixed; charset=hz; boundary="b "', "Content-Type: multipart/mixed; boundary=a\\b"),
        *("Content-Type: message/rfc822", "Content-Type: application/pdf; name*=utf-8''caff%C3%A8", "Content-Type: "),
        *("Content-Transfer-Encoding: base64", "Content-Transfer-Encoding : BASE64", "Content-Type:\n text/html"),
        *("Content-Transfer-Encoding: quoted-printable", "Content-Transfer-Encoding: 7bit; x", "", "", ""),
        *(
            "Content-Type: text/plain charset=koi8-r",
            "Content-Type: text/html (a; charset=hz)",
            "Content-Type: 'text/html'",
        ),
        *(
            "Content-Type: multipart/mixed boundary='b'",
            'Content-Type: multipart/mixed; boundary="b',
            "Content-Type: text",
        ),
        *(
            "Content-Transfer-Encoding: (a) base64",
            "Content-Transfer-Encoding: 'quoted printable'",
            "Content-Type: a/html",
        ),
        *(
            "Content-Transfer-Encoding: x-uue",
            "Content-Type: text/plain; charset=x-sjis",
            "From x@y.example Fri Nov 20 2026",
        ),
    ]
)
UUENCODED = b"begin 644 a.txt\n" + binascii.b2a_uu("caffè latte".encode()) + b"`\nend\n"
BODIES = st.sampled_from(
    [
        *(
            b"words",
            b"caff\xc3\xa8",
            b"caff\xe8",
            b"caff=C3=A8 =\nlatte",
            b"<p>caff&egrave;</p>",
            b"a &amp; b",
            b"~{<:Ky2;~}",
        ),
        *(
            base64.encodebytes("caffè\nlatte".encode()),
            base64.encodebytes(b"<html>caff&#232;"),
            "caffè".encode("utf-16"),
        ),
        *(
            UUENCODED,
            base64.encodebytes(b"words\n" + UUENCODED),
            b"begin 644 a list\nof words\nend\n",
            b"so= \nft =\t\n",
            b"<meta charset=koi8-r>\xc1\xc2",
            b"<html><META content='text/html; charset=hz'>~{<:Ky2;~}",
            b"caff\x8a \x80",
        ),
        *(b"--b", b"--b--", b"--b ", b"--a\\b", b"--bb", b"", b"\n", b"From x\n", b"\xef\xbb\xbf", b"\0", b" "),
    ]
)
PIECES = st.lists(st.one_of(HEADERS.map(str.encode), BODIES), max_size=20)


@given(PIECES, st.sampled_from([b"\n", b"\r\n"]), st.booleans())
@settings(deadline=None, max_examples=1000)
def test_bytes_and_what_is_added_hold_each_line_of_the_decoded_texts_and_no_other(
    pieces: list[bytes], eol: bytes, is_mixed: bool
) -> None:
    raw = b"\n".join(pieces)
    raw = raw.replace(b"\n", eol) + (b"\nlast\n" if is_mixed else b"")
    added = added_by_decoding(raw)
    if added is not None:
        decoded = "\n".join(decoded_texts(raw)).encode()
        assert all(line in raw or line in added for line in _lines(decoded))
        assert all(line in decoded for line in _lines(added))


def _lines(text: bytes) -> list[bytes]:
    return [line for line in re.split(rb"[\r\n]+", text) if line]


@pytest.mark.parametrize(
    ("raw", "added"),
    [
        ("From: a@x.example\nContent-Type: text/plain\n\ncaffè &amp; latte", ""),
        ("Received: from h\n by mx\nSubject: x\n\nwords", "from h by mx"),
        ("From: a@x.example\n\nSubject: =?utf-8?q?caff=C3=A8?=\n\nwords", "caffè"),
        ("Subject: x\nContent-Transfer-Encoding: quoted-printable\n\ncaff=C3=A8 l=\natte", "caffè latte"),
        ("Subject: x\nContent-Type: text/html\n\ncaff&egrave;", "caffè"),
        (
            (
                "Subject: x\nContent-Type: multipart/mixed;\n boundary=b\n\n--b\n\nwords\n--b\nContent-Type: image/png\n"
                "Content-Transfer-Encoding: base64\n\nd29yZHM=\n--b\nContent-Transfer-Encoding: base64\n\nd29yZHM=\n--b--\n"
            ),
            "multipart/mixed; boundary=b\nwords",
        ),
    ],
)
def test_only_what_does_not_stand_in_the_bytes_is_added(raw: str, added: str) -> None:
    assert added_by_decoding(raw.encode()) == added.encode()
    assert added_by_decoding(raw.replace("\n", "\r\n").encode()) == added.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"no header",
        b"Subject: caff\xe8\n\nwords",
        b"Subject: x\nContent-Disposition: attachment; filename*=utf-8''caff%C3%A8\n\n",
        b"Subject: x\nContent-Type: message/rfc822\n\nSubject: caff\n\n",
        b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100,
        b"Subject: x\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (at, at) for at in range(40)),
        b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nSubject: caff\xe8\n\n",
        b"Subject: x\nContent-Type: text/plain; " + b"x" * 2000 + b"\n\n",
        b"From: a@x.example\n\nSubject: caff\xe8\n\nwords",
    ],
)
def test_what_is_unusual_is_left_to_the_whole_decoding(raw: bytes) -> None:
    assert added_by_decoding(raw) is None
