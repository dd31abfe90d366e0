"""Names of charsets as mail carries them, and what is read under them."""
# ruff: noqa: RUF001  signs of other scripts are the point

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.text.charsets import codec_of, decoded
from breachkit.text.message import decoded_headers, decoded_parts


def read(body: bytes, charset: str) -> str:
    head = f"Subject: s\nContent-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n\n"
    [text] = decoded_parts(head.encode() + base64.b64encode(body))
    return text


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("gb2312", "镕基公司，圆圆€".encode("gb18030"), "镕基公司，圆圆€"),
        ("gbk", "㐂 €".encode("gb18030"), "㐂 €"),
        ("gbk", b"\x80 5", "€ 5"),
        ("iso-8859-1", "“tre” – …™ è".encode("cp1252"), "“tre” – …™ è"),
        ("latin1", b"50 \x80\x81", "50 €\x81"),
        ("iso-8859-9", "İstanbul’da €".encode("cp1254"), "İstanbul’da €"),
        ("tis-620", "ราคา €".encode("cp874"), "ราคา €"),
        ("us-ascii", "l’età".encode("cp1252"), "l’età"),
        ("us-ascii", "l’età".encode(), "l’età"),
        ("euc-kr", "똠방각하".encode("cp949"), "똠방각하"),
        ("ks_c_5601-1987", "펲시 콜라".encode("cp949"), "펲시 콜라"),
        ("big5", "€ 碁 中".encode("cp950"), "€ 碁 中"),
        ("big5", "\u43f0 中".encode("big5hkscs"), "\u43f0 中"),
        ("shift_jis", "髙島㈱ ①".encode("cp932"), "髙島㈱ ①"),
        ("iso-2022-jp", b"\x1b$B-j9b(!\x1b(B (1)", "㈱高─ (1)"),
        ("iso-2022-jp", b'a\x1b$B%"\x1b(J\\\x1b(I1\x1b(B~\n\x1b$(D0!\x1b(Bz', "aア¥ｱ~\n丂z"),
        ("iso-2022-jp", b"\x0e1\x0fx", "ｱx"),
        ("euc-jp", b"\xad\xa1\xa1\xc1\x8e\xb1\x8f\xb0\xa1 z", "①～ｱ丂 z"),
        ("cp50221", b"\x1b$B-!\x1b(B", "①"),
        ("utf-16", "città".encode("utf-16-le"), "città"),
        ("utf-16le", "\ufeffcittà".encode("utf-16-be"), "città"),
        ("iso-8859-1", b"\xef\xbb\xbf" + "città".encode(), "\ufeffcittà"),
        ("koi8-r", "Дёшево".encode("koi8-r"), "Дёшево"),
        ("hz-gb-2312", b"~{<:Ky2;~} ok", "己所不 ok"),
        ("utf-7", b"citt+AOA-", "città"),
        ("iso-2022-kr", "안녕".encode("iso2022_kr"), "안녕"),
    ],
)  # fmt: skip
def test_the_larger_set_is_read_under_the_name_of_the_smaller(charset: str, body: bytes, text: str) -> None:
    assert read(body, charset) == text
    assert read(body, f'"{charset.upper()}"') == text


@pytest.mark.parametrize(
    ("names", "codec"),
    [
        (
            "x-gbk cn-gb gb_2312-80 GB2312 cp936 ms936 windows-936 cp-936 euc-cn eucgb2312_cn x-mac-chinesesimp",
            "gb18030",
        ),
        ("sjis x-sjis shift-jis ms_kanji ms932 windows-31j csWindows31J cp932 x-ms-cp932 windows-932", "cp932"),
        ("x-euc-jp eucjp cp51932 eucJP-ms eucjp-win", "euc_jp"),
        ("csiso2022jp iso-2022-jp-ms cp50220 cp50222", "iso2022_jp"),
        ("x-x-big5 cn-big5 big5-eten ms950 windows-950 x-windows-950 big5-hkscs big5_hkscs", "big5"),
        ("ksc_5601 ks_c_5601 KSC5601 uhc ms949 cp-949 x-windows-949 windows-949 iso-ir-149 euckr", "cp949"),
        ("iso8859_1 8859-1 l1 ISO_8859-1:1987 cp-1252 win1252 windows1252 ms-1252 x-cp1252", "cp1252"),
        ("win-1251 x-cp1251 windows_1251", "cp1251"),
        ("ISO_8859-15:1998 latin-9", "iso8859-15"),
        ("koi koi8 KOI8R", "koi8-r"),
        ("x-mac-ce x-mac-centraleurroman", "mac-latin2"),
        ("x-mac-roman mac macintosh", "mac-roman"),
        ("utf_8 UTF8 x-utf-8 unicode-1-1-utf-8 utf8mb4 cp65001", "utf-8"),
        ("latin9 latin-9 l9 iso_8859-15", "iso8859-15"),
        ("cp850 ibm850 cp-850 x-ibm850 ibm-850 dos-850", "cp850"),
        ("'gb2312' <gb2312> gb2312; \"gb2312 [gb2312]", None),
    ],
)
def test_names_that_mail_uses_are_known(names: str, codec: str | None) -> None:
    for name in names.split():
        assert codec_of(name) == (codec or "gb18030"), name


@pytest.mark.parametrize("name", ["", "x-unknown", "unknown-8bit", "rot13", "zlib", "idna", "x-user-defined", "a" * 41])
def test_what_names_no_charset_of_text_is_none(name: str) -> None:
    assert codec_of(name) is None


@given(st.text("日本語①㈱髙～ｱア漢字 abc\n", max_size=30))
def test_japanese_is_read_as_windows_writes_it(text: str) -> None:
    shift_jis = text.encode("cp932")
    assert decoded(shift_jis, "cp932") == text
    pairs = []
    for sign in text:
        coded = sign.encode("cp932")
        if len(coded) == 1:
            pairs.append(coded if coded.isascii() else b"\x8e" + coded)
            continue
        lead, trail = coded[0] - (0x81 if coded[0] < 0xA0 else 0xC1), coded[1]
        row = lead * 2 + (trail >= 0x9F)
        cell = trail - (0x9F if trail >= 0x9F else 0x40 + (trail > 0x7F))
        if row >= 94:  # what IBM added beyond the rows of the standard has no place in EUC
            pairs.append("\u3013".encode("euc_jp"))
            text = text.replace(sign, "\u3013")
        else:
            pairs.append(bytes((row + 0xA1, cell + 0xA1)))
    euc = b"".join(pairs)
    assert decoded(euc, "euc_jp") == text
    seven = b"".join(
        b"\x1b$B" + bytes(byte & 0x7F for byte in one) + b"\x1b(B" if len(one) == 2 and one[0] != 0x8E
        else b"\x1b(I" + bytes([one[1] & 0x7F]) + b"\x1b(B" if len(one) == 2 else one
        for one in pairs
    )  # fmt: skip
    assert decoded(seven, "iso2022_jp") == text


@given(
    st.binary(max_size=60),
    st.sampled_from(["big5", "euc_jp", "iso2022_jp", "cp1252", "cp874", "gb18030", "utf-16-le", "cp932"]),
)
def test_any_bytes_are_read_in_the_end(body: bytes, codec: str) -> None:
    assert decoded(body, codec, is_strict=False).encode() is not None


@pytest.mark.parametrize(
    ("subject", "kind", "text"),
    [
        ("Скидки".encode("cp1251"), "text/plain; charset=windows-1251", "Скидки"),
        ("特價優惠".encode("big5"), "text/html; charset=big5", "特價優惠"),
        ("無料プレゼント".encode("cp932"), "text/plain; charset=shift_jis", "無料プレゼント"),
        ("Perché no".encode("cp1252"), "text/plain; charset=utf-8", "Perché no"),
        ("Perché no".encode("cp1252"), "text/plain; charset=us-ascii", "Perché no"),
        ("Perché no".encode(), "text/plain; charset=koi8-r", "Perché no"),
        ("Καλημέρα".encode("cp1253"), "text/plain", "Êáëçìݝñá".replace("ݝ", "Ý")),
    ],
)
def test_raw_bytes_in_a_header_are_read_by_the_charset_of_the_text(subject: bytes, kind: str, text: str) -> None:
    raw = b"Subject: " + subject + f"\nContent-Type: {kind}\n\nx".encode()
    assert ("subject", text) in list(decoded_headers(raw))
    enveloped = b"LocalSender: a@x.example\nMsgID: 1\n\n" + raw
    assert ("subject", text) in list(decoded_headers(enveloped))


def test_raw_bytes_in_the_header_of_a_multipart_are_read_by_the_charset_of_its_parts() -> None:
    raw = (
        b"Subject: " + "Скидки".encode("koi8-r") + b"\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/plain; charset=us-ascii\n\nx\n--b\nContent-Type: text/html; charset=koi8-r\n"
        b'Content-Disposition: attachment; filename="' + "прайс.htm".encode("koi8-r") + b'"\n\nx\n--b--\n'
    )
    headers = list(decoded_headers(raw))
    assert ("subject", "Скидки") in headers
    assert ("content-disposition", 'attachment; filename="прайс.htm"') in headers
