"""One letter with all its ways to be written down: charsets, transfer codings, MIME shapes, queue shapes."""

from __future__ import annotations

import base64
import quopri
from datetime import UTC, datetime
from email.header import Header
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from .tongue import token

if TYPE_CHECKING:
    import random

STAMP = datetime(2026, 11, 19, 22, tzinfo=UTC)


class Letter(NamedTuple):
    """What one message says and who sent it; `campaign` is the truth."""

    campaign: str | None
    account: str | None
    mail_from: str
    header_from: str
    name: str
    rcpt: str
    subject: str
    text: str
    html: str | None = None
    coding: str = "8bit"
    charset: str = "utf-8"
    coded_subject: bool = False
    headers: tuple[str, ...] = ()
    reply_to: str | None = None
    peer: str = "198.51.100.7"
    second: int = 0
    raw: bytes | None = None
    """A message that was written by somebody else: headers and body as they are."""


def written(letter: Letter, rng: random.Random, *, envelope: bool, eol: str) -> bytes:
    """Spell the queue file of a letter."""
    stamp = datetime.fromtimestamp(STAMP.timestamp() + letter.second, UTC)
    queue_id = f"{stamp:%Y%m%d%H%M%S}{rng.randrange(10_000):04d}"
    protocol = "ASMTP" if letter.account else "SMTP"
    received = (
        f"Received: from {token(rng)} ([{letter.peer}])\n by mail.house.example (13.0.3 build 7 x64) with {protocol}"
        f" id {queue_id}\n for <{letter.rcpt}>; {stamp:%a, %d %b %Y %H:%M:%S} +0000"
    )
    first = [f"LocalSender: {letter.account}"] if letter.account else []
    if letter.raw is not None:
        head = [*first, f"From: <{letter.mail_from}>", f"To: <{letter.rcpt}>", f"MsgID: {queue_id}", "", received, ""]
        return "\n".join(head).encode() + letter.raw
    own, body = _message(letter, rng, f"{stamp:%a, %d %b %Y %H:%M:%S} +0000")
    if envelope:
        head = [*first, f"From: <{letter.mail_from}>", f"To: <{letter.rcpt}>", f"MsgID: {queue_id}", "", received, *own]
    else:
        head = [*first, received, f"MsgID: {queue_id}", *own]
    return "\n".join([*head, "", ""]).replace("\n", eol).encode() + body.replace(b"\n", eol.encode())


def _message(letter: Letter, rng: random.Random, date: str) -> tuple[list[str], bytes]:
    subject = letter.subject
    if letter.coded_subject or not subject.isascii():
        subject = Header(subject, letter.charset if letter.coded_subject else "utf-8").encode(linesep="\n")
    own = [
        f'From: "{letter.name}" <{letter.header_from}>',
        f"To: <{letter.rcpt}>",
        f"Subject: {subject}",
        f"Date: {date}",
        f"Message-ID: <{token(rng, 12, 20)}@{letter.header_from.rpartition('@')[2]}>",
        "MIME-Version: 1.0",
        *([f"Reply-To: {letter.reply_to}"] if letter.reply_to else []),
        *letter.headers,
    ]
    plain = _part("plain", letter.text, letter)
    if letter.html is None:
        return [*own, *plain[0]], plain[1]
    boundary = f"----=_NextPart_000_{token(rng, 8, 8)}"
    body = b""
    for heads, content in (plain, _part("html", letter.html, letter)):
        body += f"--{boundary}\n".encode() + "\n".join(heads).encode() + b"\n\n" + content + b"\n"
    body += f"--{boundary}--\n".encode()
    return [*own, f'Content-Type: multipart/alternative;\n boundary="{boundary}"'], body


def _part(kind: str, text: str, letter: Letter) -> tuple[list[str], bytes]:
    raw = text.encode(letter.charset, "replace")
    if letter.coding == "base64":
        raw = base64.encodebytes(raw)
    elif letter.coding == "quoted-printable":
        raw = quopri.encodestring(raw)
    heads = [f"Content-Type: text/{kind}; charset={letter.charset}", f"Content-Transfer-Encoding: {letter.coding}"]
    return heads, raw


def as_html(text: str, *, entities: bool = False) -> str:
    """Dress a text as HTML; with `entities` every fifth letter is spelled by its number."""
    spelled = escape(text, quote=False)
    if entities:
        spelled = "".join(f"&#{ord(sign)};" if at % 5 == 0 and sign.isalpha() else sign for at, sign in enumerate(text))
    rows = "</p>\n<p>".join(spelled.split("\n"))
    style = "<style>p {margin: 0; font-family: Calibri, sans-serif}</style>"
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
        f"{style}</head>\n<body bgcolor=white><p>{rows}</p>\n</body></html>\n"
    )
