from __future__ import annotations

import base64
import binascii
import quopri
import re
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from breachkit.text.message import (
    DEEPEST,
    MOST_PARTS,
    added_by_decoding,
    decoded_headers,
    decoded_parts,
    decoded_texts,
    is_plain,
    own_headers,
)

SENTENCE = "Città vecchia — il tuo pacco è in giacenza"
ENCODINGS = ["utf-8", "cp1252", "iso-8859-15", "utf-16", "utf-7", "koi8-r", "gb18030", "hz"]
ENCODINGS += ["iso-2022-jp", "shift_jis", "big5", "cp850"]


def part(body: bytes, *heads: str) -> bytes:
    return "\r\n".join(["Subject: s", *heads, "", ""]).encode() + body


def parts(raw: bytes) -> list[str]:
    return list(decoded_parts(raw))


def header(raw: bytes, name: str) -> list[str]:
    return [value for known, value in decoded_headers(raw) if known == name]


def nested(depth: int) -> bytes:
    raw = b"Content-Type: text/plain\n\ninnermost words\n"
    for level in range(depth):
        raw = b'Content-Type: multipart/mixed; boundary="b%d."\n\n--b%d.\n%s\n--b%d.--\n' % (level, level, raw, level)
    return raw


@pytest.mark.parametrize("eol", [b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_one_block_and_an_envelope_before_the_message_both_show_all_headers_and_the_text(
    eol: bytes, bom: bytes
) -> None:
    envelope = b"LocalSender: a@x.example\nFrom: <a@x.example>\nMsgID: ABC12345\n"
    message = b"Received: from h\n by mx\nFrom: b@x.example\nSubject: one\n two\n\nbody line\nSubject: of the body\n"
    for raw in (envelope + message, envelope + b"\n" + message):
        found = bom + raw.replace(b"\n", eol)
        assert header(found, "localsender") == ["a@x.example"]
        assert header(found, "from") == ["<a@x.example>", "b@x.example"]
        assert header(found, "received") == ["from h by mx"]
        assert header(found, "subject") == ["one two"]
        assert [text.replace("\r\n", "\n") for text in parts(found)] == ["body line\nSubject: of the body\n"]


def test_a_file_without_headers_is_all_text() -> None:
    assert parts(b"no header here\nat all") == ["no header here\nat all"]
    assert list(decoded_headers(b"no header here\nat all")) == []


def test_a_line_that_is_no_header_hides_neither_the_headers_after_it_nor_itself() -> None:
    raw = b"Subject: s\n(((( no header\nContent-Transfer-Encoding: base64\n\n" + base64.b64encode(b"seen all the same")
    assert ("", "(((( no header") in list(decoded_headers(raw))
    assert parts(raw) == ["seen all the same"]


@pytest.mark.parametrize(
    ("coded", "read"),
    [
        (b"=?utf-8?B?w6hjY28=?=", "ècco"),
        (b"=?UTF-8?q?=C3=A8_qui?= fine", "è qui fine"),
        (b"=?utf-8?B?w6g=?=\n =?utf-8?B?w6A=?=", "èà"),
        (b"=?utf-8?B?w6g=?= e =?utf-8?B?w6A=?=", "è e à"),
        (b"=?utf-8?B?w6?=\n =?utf-8?B?qA==?=", "è"),
        (b"=?utf-8?Q?=C3?= =?utf-8?Q?=A8?=", "è"),
        (b"=?iso-8859-1*it?Q?perch=E9?=", "perché"),
        (b"=?x-nobody-knows?Q?perch=E9?=", "perché"),
        (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        (b"perch\xe9", "perché"),
        (b"perch\xc3\xa9", "perché"),
    ],
)
def test_header_values_are_unfolded_and_their_words_decoded(coded: bytes, read: str) -> None:
    assert header(b"Subject: " + coded + b"\n\nx", "subject") == [read]


def test_parameters_by_rfc_2231_come_once_more_decoded() -> None:
    raw = (
        b"Content-Type: text/plain; name*0*=utf-8'it'citt%C3%A0%20;\n name*1=vecchia.exe\n"
        b"Content-Disposition: attachment; filename*=iso-8859-1''perch%E9.exe\n\nx"
    )
    assert "città vecchia.exe" in header(raw, "content-type")
    assert "perché.exe" in header(raw, "content-disposition")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain charset=koi8-r",
        'text/plain\tcharset="koi8-r" format=flowed',
        "text/plain; format=flowed charset=koi8-r",
        "text/plain, charset=koi8-r",
        "text/plain (a letter); charset=koi8-r (russian)",
        '"text/plain"; charset=koi8-r',
        'text/plain; charset="koi8-r',
        'text/plain; charset=koi8-r"; x=y',
        "text/plain; charset='koi8-r'",
        "text/plain; charset:koi8-r",
        "text/plain; charset koi8-r",
        "text/plain;; charset = koi8-r;",
        "TEXT / PLAIN; CHARSET=KOI8-R",
        "text\\plain; charset=koi8-r",
        "plain/text; charset=koi8-r",
        "text; charset=koi8-r",
        "charset=koi8-r",
        "; charset=koi8-r",
        "text/plain; charset=koi8-r; charset=utf-8",
        "text/plain; charset=koi8-r, utf-8",
        'text/plain; charset=3D"koi8-r"',
    ],
)
def test_a_content_type_that_is_nearly_right_still_gives_the_charset(kind: str) -> None:
    assert parts(part("Распродажа".encode("koi8-r"), f"Content-Type: {kind}")) == ["Распродажа"]


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/mixed boundary=b.1",
        "multipart/mixed; boundary='b.1'",
        'multipart/mixed; boundary="b.1',
        "multipart/mixed (of two); boundary=b.1;",
        '"multipart/mixed"; boundary="b.1"',
        "Multipart / Mixed; boundary=b.1, charset=utf-8",
        "multipart/mixed; type=x boundary=<b.1>",
        "multipart/mixed; boundary==b.1",
    ],
)
def test_a_multipart_that_is_nearly_right_is_still_cut(kind: str) -> None:
    assert parts(part(b"--b.1\n\none\n--b.1\n\ntwo\n--b.1--\n", f"Content-Type: {kind}")) == ["one", "two"]


def test_quotes_that_belong_to_a_boundary_are_left_with_it() -> None:
    assert parts(part(b"--'b'\n\none\n--b\nstill\n--'b'--\n", "Content-Type: multipart/mixed; boundary='b'")) == [
        "one\n--b\nstill"
    ]


@pytest.mark.parametrize(
    "way",
    [
        "base64 (coded by a gateway)",
        "(coded) base64",
        '"base64"',
        "'Base64';",
        "base64; x=y",
        "base64, 7bit",
        "Base-64",
        "base64.",
    ],
)
def test_base64_that_is_nearly_named_so_is_read(way: str) -> None:
    assert parts(part(base64.b64encode(SENTENCE.encode()), f"Content-Transfer-Encoding: {way}")) == [SENTENCE]


@pytest.mark.parametrize(
    "way", ["quoted-printable (x)", "quoted printable", "QuotedPrintable", "Quoted-Printable;", '"quoted-printable']
)
def test_quoted_printable_that_is_nearly_named_so_is_read(way: str) -> None:
    assert parts(part(b"caff=C3=A8", f"Content-Transfer-Encoding: {way}")) == ["caffè"]


@pytest.mark.parametrize("way", ["7bit (not base64)", "8bit", "binary", "x-base", "quoted"])
def test_other_encodings_leave_the_bytes_as_they_are(way: str) -> None:
    assert parts(part(b"caff=C3=A8", f"Content-Transfer-Encoding: {way}")) == ["caff=C3=A8"]


@pytest.mark.parametrize("eol", [b"\n", b"\r\n"])
@pytest.mark.parametrize("blanks", [b" ", b"\t ", b" " * 60])
def test_blanks_behind_a_soft_line_break_are_nothing(eol: bytes, blanks: bytes) -> None:
    body = b"cheap med=" + blanks + eol + b"ication = 5=" + blanks
    assert parts(part(body, "Content-Transfer-Encoding: quoted-printable")) == ["cheap medication = 5"]


def uuencoded(text: bytes, name: bytes = b"offer.txt") -> bytes:
    lines = b"".join(binascii.b2a_uu(text[at : at + 45]) for at in range(0, len(text), 45))
    return b"begin 644 " + name + b"\n" + lines + b"`\nend\n"


@pytest.mark.parametrize("way", ["uuencode", "x-uuencode", "X-UUE", "uue (old)", "x-uu-encode"])
@pytest.mark.parametrize("eol", [b"\n", b"\r\n"])
def test_uuencode_is_read_as_a_transfer_encoding(way: str, eol: bytes) -> None:
    text = (SENTENCE + "\n").encode() * 5
    body = uuencoded(text)
    for coded in (
        body,
        b"a note before\n\n" + body + b"after",
        body.partition(b"\n")[2],
        body.replace(b"\nend\n", b""),
    ):
        raw = part(
            coded.replace(b"\n", eol), "Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {way}"
        )
        assert parts(raw) == [text.decode()]


def test_lines_of_uuencode_with_a_sign_too_many_or_blanks_lost_are_read() -> None:
    lines = [binascii.b2a_uu(SENTENCE.encode()[:45]).rstrip(b"\n"), binascii.b2a_uu(b"\0\0\0").rstrip()]
    body = b"begin 666 x\n" + lines[0] + b"!\n" + lines[1].rstrip(b" `") + b"\n \nend\n"
    [text] = parts(part(body, "Content-Transfer-Encoding: uuencode"))
    assert text.startswith(SENTENCE.encode()[:45].decode("utf-8", "ignore")[:-1])


def test_a_uuencoded_text_within_a_text_is_read_and_a_file_that_is_none_left_as_it_is() -> None:
    text, file = uuencoded(b"cheap pills"), uuencoded(b"\0\1\2 cheap")
    [found] = parts(part(b"see\n" + text + b"and\n" + file, "Content-Transfer-Encoding: 7bit"))
    assert found == "see\nbegin 644 offer.txt\ncheap pillsend\nand\n" + file.decode()
    raw = part(b"see\n" + text)
    assert not is_plain(raw)


def test_a_sentence_that_begins_like_uuencode_stays() -> None:
    body = "begin 100 of them today\nand tell your friends\nend\n"
    assert parts(part(body.encode())) == [body]
    assert parts(part(b"begin 644 nothing ends it\n#86)C\n")) == ["begin 644 nothing ends it\n#86)C\n"]


@pytest.mark.parametrize(
    "meta",
    [
        '<meta charset="koi8-r">',
        "<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset=koi8-r'>",
        "<?xml version='1.0' encoding='koi8-r'?>\n<html>",
        "<!-- <meta charset=utf-8> --><meta charset=koi8-r>",
        '<html>\n<head><style>p {}</style><meta name=x><meta\n content="text/html;charset=koi8-r" http-equiv=x>',
    ],
)
def test_html_without_a_charset_is_read_by_its_meta_element(meta: str) -> None:
    body = (meta + "<p>Распродажа").encode("koi8-r")
    for raw in (
        part(body, "Content-Type: text/html"),
        part(body, "Content-Type: application/xhtml+xml"),
        part(base64.b64encode(body), "Content-Type: text/html; charset=unknown", "Content-Transfer-Encoding: base64"),
        part(b"<html>" + body),
    ):
        assert parts(raw)[0].endswith("<p>Распродажа")


def test_a_meta_element_says_nothing_beside_a_charset_that_is_declared_nor_in_plain_text() -> None:
    body = b"<meta charset=koi8-r>" + "è".encode()
    assert parts(part(body, "Content-Type: text/html; charset=utf-8")) == ["<meta charset=koi8-r>è"]
    assert parts(part(body, "Content-Type: text/plain")) == ["<meta charset=koi8-r>è"]
    assert parts(part(b"<meta charset=utf-16>" + "è".encode(), "Content-Type: text/html")) == ["<meta charset=utf-16>è"]


@pytest.mark.parametrize(
    "first", ["From a@x.example Fri Nov 20 09:00:00 2026", ">From a@x.example Fri", "Spool of node 2"]
)
def test_what_stands_above_the_head_hides_none_of_it(first: str) -> None:
    raw = f"{first}\nFrom: a@x.example\nContent-Transfer-Encoding: base64\n\n".encode() + base64.b64encode(
        b"seen all the same"
    )
    assert parts(raw) == ["seen all the same"]
    assert header(raw, "from") == ["a@x.example"]


def test_a_header_spelled_like_the_separator_of_a_mailbox_is_none() -> None:
    assert header(b"From : a@x.example\nSubject: s\n\nx", "from") == ["a@x.example"]


@pytest.mark.parametrize(
    "body",
    [
        base64.encodebytes(SENTENCE.encode()),
        base64.b64encode(SENTENCE.encode()).rstrip(b"="),
        base64.b64encode(SENTENCE.encode()) + b"=====",
        b" ! ".join(base64.b64encode(SENTENCE.encode())[at : at + 7] for at in range(0, 80, 7)),
        base64.b64encode(SENTENCE.encode()[:7]) + b"\n" + base64.b64encode(SENTENCE.encode()[7:]),
    ],
)
def test_base64_is_read_whatever_its_damage(body: bytes) -> None:
    assert parts(part(body, "Content-Transfer-Encoding: BASE64")) == [SENTENCE]


def test_one_lost_character_of_base64_spoils_no_more_than_it_must() -> None:
    body = base64.b64encode(b"the words before it are still there")[:-3]
    assert parts(part(body, "Content-Transfer-Encoding: base64"))[0].startswith("the words before it are still")


def test_quoted_printable_is_read_and_its_damage_left_as_it_is() -> None:
    coded = quopri.encodestring((SENTENCE + " " + SENTENCE).encode())
    assert parts(part(coded, "Content-Transfer-Encoding: quoted-printable")) == [SENTENCE + " " + SENTENCE]
    assert "=ZZ left" in parts(part(b"=ZZ left = =C3=A8 =", "Content-Transfer-Encoding: Quoted-Printable"))[0]


@pytest.mark.parametrize("charset", ENCODINGS)
def test_a_declared_charset_is_read(charset: str) -> None:
    text = "plain enough " + "".join(sign for sign in "èЖ日" if sign.encode(charset, "ignore").decode(charset) == sign)
    heads = [f'Content-Type: text/plain; format=flowed; charset="{charset}"', "Content-Transfer-Encoding: base64"]
    assert parts(part(base64.b64encode(text.encode(charset)), *heads)) == [text]


@pytest.mark.parametrize(
    "charset", ["", "x-nobody-knows", "rot13", "unicode_escape", "idna", "us-ascii", "\x00", "e" * 9000]
)
def test_an_unknown_charset_is_utf_8_then_windows_1252(charset: str) -> None:
    heads = f"Content-Type: text/plain; charset={charset}"
    assert parts(part("l'età".encode(), heads)) == ["l'età"]
    assert parts(part("l'età".encode("cp1252"), heads)) == ["l'età"]


def test_entities_are_resolved_in_html_only_and_tags_stay() -> None:
    body = b"<b>caff&egrave; &#8364;&nbsp;5</b> &amp; more"
    assert parts(part(body, "Content-Type: text/html")) == ["<b>caffè €\xa05</b> & more"]
    assert parts(part(body, "Content-Type: text/plain")) == [body.decode()]
    assert parts(b"Subject: s\n\n<html>" + body) == ["<html><b>caffè €\xa05</b> & more"]


def test_every_text_part_is_read_and_attachments_that_are_no_text_are_not() -> None:
    message = EmailMessage()
    message["Subject"] = SENTENCE
    message.set_content(SENTENCE)
    message.add_alternative(f"<p>{SENTENCE}</p>", subtype="html", cte="base64")
    message.add_attachment(b"\x00\x01 not shown", maintype="application", subtype="pdf", filename="fattura è.pdf")
    inner = EmailMessage()
    inner["Subject"] = "forwarded " + SENTENCE
    inner.set_content("the letter inside")
    message.add_attachment(inner)
    raw = message.as_bytes(policy=policy.SMTP)
    assert header(raw, "subject") == [SENTENCE, "forwarded " + SENTENCE]
    assert [text.strip() for text in parts(raw)] == [SENTENCE, f"<p>{SENTENCE}</p>", "the letter inside"]
    assert any("fattura è.pdf" in value for value in header(raw, "content-disposition"))


@pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/mixed; boundary=", "multipart/mixed; boundary=nowhere"])
def test_a_multipart_that_cannot_be_cut_is_text(kind: str) -> None:
    assert parts(part(b"--other\n\nwords\n", f"Content-Type: {kind}")) == ["--other\n\nwords\n"]


def test_a_boundary_that_begins_like_another_cuts_only_its_own_parts() -> None:
    raw = part(
        b'--a\nContent-Type: multipart/alternative; boundary="ab"\n\n--ab\n\none\n--ab\n\ntwo\n'
        b"--ab--\n--a\n\nthree\n--a--\nend",
        "Content-Type: multipart/mixed; boundary=a",
    )
    assert parts(raw) == ["one", "two", "three"]


def test_a_closing_boundary_may_be_missing() -> None:
    assert parts(part(b"--a\r\n\r\none\r\n--a\r\n\r\ntwo", "Content-Type: multipart/mixed; boundary=a")) == [
        "one",
        "two",
    ]


def test_nesting_is_opened_to_a_limit_and_what_lies_deeper_is_still_seen() -> None:
    assert parts(nested(DEEPEST)) == ["innermost words\n"]
    [text] = parts(nested(5000))
    assert "innermost words" in text


def test_a_bomb_of_parts_is_read_to_a_limit() -> None:
    body = b"--a\n\nx\n" * (3 * MOST_PARTS)
    found = parts(part(body, "Content-Type: multipart/mixed; boundary=a"))
    assert len(found) <= MOST_PARTS
    assert sum(map(len, found)) <= len(body)
    attached = b"Content-Type: message/rfc822\n\n" * (3 * MOST_PARTS)
    assert len(parts(attached)) == 1


HOSTILE = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [
                *(b"\n", b"\r\n", b"\n\n", b" ", b"--a\n", b"\n--a--", b"=?utf-8?b?", b"?=", b"=?utf-7?q?+2AA-?="),
                *(b"&#xD800;", b"+2AA-", b"charset=utf-7", b"; name*0*=utf-7''+2AA-", b"\xef\xbb\xbf", b"From: x\n"),
                b"Content-Type: multipart/mixed; boundary=a\n",
                b"Content-Type: message/rfc822\n",
                b"Content-Type: text/html; charset=utf-16\n",
                b"Content-Transfer-Encoding: base64\n",
                b"Content-Transfer-Encoding: quoted-printable\n",
                b"Content-Transfer-Encoding: (a) uuencode\n",
                b"Content-Type: text/plain charset=iso-2022-jp\n",
                *(b"\nbegin 644 a\n", b"#86)C\n", b"`\nend\n", b"<meta charset=euc-jp>", b"\x1b$B", b"\x1b(I", b"-!Ev"),
                *(b"\xff\xfe", b"From a\n", b"charset=big5", b"charset=gb2312", b"charset=cp50220", b"\x8f\xa1\xa1"),
            ]
        ),
    ),
    max_size=30,
).map(b"".join)


@given(HOSTILE)
@settings(max_examples=500)
def test_any_bytes_are_read_without_an_error_into_texts_that_utf_8_can_write(raw: bytes) -> None:
    values = [value for _, value in decoded_headers(raw)]
    texts = list(decoded_texts(raw))
    assert sorted(texts) == sorted([*values, *decoded_parts(raw)])
    assert all(text.encode() is not None for text in texts)


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
    raw = b"\n".join(pieces).replace(b"\n", eol) + (b"\nlast\n" if is_mixed else b"")
    hold_what_is_added_against_all(raw)


@given(HOSTILE)
@example(b"A: b\n\nA: b\nbegin 644 a.txt\n,8V%F9L.H(&QA='1E\n`\nend\n")
@example(b"A: b\n\nA: b\n<p>caf&eacute;</p>\n")
@settings(max_examples=500)
def test_the_same_of_any_bytes(raw: bytes) -> None:
    hold_what_is_added_against_all(raw)


def hold_what_is_added_against_all(raw: bytes) -> None:
    """Nothing more is decoded than all, nothing less than what the bytes lack; and where nothing may be, nothing is."""
    added = "\n".join(added_by_decoding(raw).texts).encode()
    decoded = "\n".join(decoded_texts(raw)).encode()
    assert all(line in raw or line in added for line in _lines(decoded))
    assert all(line in decoded for line in _lines(added))
    if is_plain(raw):
        assert all(word in raw for word in decoded.split() if word.isascii() or raw.isascii())


def _lines(text: bytes) -> list[bytes]:
    return [line for line in re.split(rb"[\r\n]+", text) if line]


@pytest.mark.parametrize(
    ("raw", "added"),
    [
        ("From: a@x.example\nContent-Type: text/plain\n\ncaffè &amp; latte", []),
        ("Received: from h\n by mx\nSubject: x\n\nwords", ["from h by mx"]),
        ("From: a@x.example\n\nSubject: =?utf-8?q?caff=C3=A8?=\n\nwords", ["caffè"]),
        ("Subject: x\nContent-Transfer-Encoding: quoted-printable\n\ncaff=C3=A8 l=\natte", ["caffè latte"]),
        ("Subject: x\nContent-Type: text/html\n\ncaff&egrave;", ["caffè"]),
        (
            (
                "Subject: x\nContent-Type: multipart/mixed;\n boundary=b\n\n--b\n\nwords\n--b\nContent-Type: image/png\n"
                "Content-Transfer-Encoding: base64\n\nd29yZHM=\n--b\nContent-Transfer-Encoding: base64\n\nd29yZHM=\n--b--\n"
            ),
            ["multipart/mixed; boundary=b", "words"],
        ),
    ],
)
def test_only_what_does_not_stand_in_the_bytes_is_added(raw: str, added: list[str]) -> None:
    assert added_by_decoding(raw.encode()).texts == added
    assert added_by_decoding(raw.replace("\n", "\r\n").encode()).texts == added


def test_a_plain_message_is_told_from_what_is_coded_or_has_markup() -> None:
    plain = part(b"a letter\n", "Content-Type: text/plain; charset=us-ascii", "Content-Transfer-Encoding: 7bit")
    assert is_plain(plain)
    assert is_plain(plain.replace(b"Subject: s", b"Subject: s\n t"))
    assert is_plain(plain.replace(b"=us-ascii", b'="utf-8"; format=flowed') + b"caff\xc3\xa8")
    assert is_plain(b"LocalSender: a@x.example\n\nSubject: s\n\nfish & chips")
    for old, new in [
        (b"7bit", b"base64"),
        (b": s", b": =?utf-8?q?s?="),
        (b"us-ascii", b"utf-7"),
        (b"/plain", b"/html"),
    ]:
        assert not is_plain(plain.replace(old, new))
    assert not is_plain(b"Subject: s\n\n<p>fish &amp; chips")


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"))
)
@settings(max_examples=100)
def test_what_the_email_package_wrote_is_read_back(text: str) -> None:
    message = EmailMessage()
    message["Subject"] = "s"
    message.set_content(text, cte="base64")
    assert parts(message.as_bytes()) == [text + "\n"]


def test_a_first_line_that_goes_on_from_none_is_read() -> None:
    raw = b" Subject: =?utf-7?q?b+AHU-y this?=\nLocalSender: a@x.example\n\nwords\n"
    assert "Subject: buy this" in list(decoded_texts(raw))
    assert added_by_decoding(raw, unfolds=False).texts == added_by_decoding(raw).texts == ["Subject: buy this"]


@pytest.mark.parametrize(
    "between", ["\n", "\n\n", "From a@x.example Fri Nov 20 10:00:00 2026\n", ">From x\n\n", "\ufeff"]
)
@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_what_stands_between_an_envelope_and_its_message_hides_neither(between: str, eol: str) -> None:
    text = f"LocalSender: a@x.example\n\n{between}Received: from h\nSubject: =?utf-8?q?buy_this?=\n\nwords\n"
    raw = text.replace("\n", eol).encode()
    assert [name for name, _ in own_headers(raw)] == ["localsender", "received", "subject"]
    assert "buy this" in added_by_decoding(raw, unfolds=False).texts
    assert not is_plain(raw)
