"""Letters: an envelope, the text under it, and the fate of each recipient."""

from __future__ import annotations

import base64
import quopri
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from . import words

if TYPE_CHECKING:
    from .dice import Dice

ALNUM = "abcdefghijklmnopqrstuvwxyz0123456789"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Fate(Enum):
    LOCAL = "a mailbox of this server"
    DELIVERED = "taken by the remote server"
    UNKNOWN = "550 from the remote server"
    NO_MX = "the domain has no MX record"
    DEFERRED = "451 from the remote server"


class Rcpt(NamedTuple):
    address: str
    fate: Fate = Fate.DELIVERED


class Letter(NamedTuple):
    mail_from: str
    rcpts: tuple[Rcpt, ...]
    header_from: str
    subject: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    date_skew: int = 0
    """Seconds by which the writer's own clock is wrong."""


def plain_body(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Encode a text as 7bit when it can be, else as quoted-printable."""
    if text.isascii():
        return text, (("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=us-ascii"))
    coded = quopri.encodestring(text.encode()).decode("ascii")
    return coded, (
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    )


def alternative_body(text: str, html: str, boundary: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Put a text and a base64 HTML twin into one multipart/alternative."""
    part, part_headers = plain_body(text)
    heads = "\n".join(f"{name}: {value}" for name, value in part_headers[1:])
    coded = base64.encodebytes(html.encode()).decode("ascii")
    body = (
        f"--{boundary}\n{heads}\n\n{part}\n--{boundary}\nContent-Type: text/html; charset=utf-8\n"
        f"Content-Transfer-Encoding: base64\n\n{coded}--{boundary}--\n"
    )
    return body, (("MIME-Version", "1.0"), ("Content-Type", f'multipart/alternative; boundary="{boundary}"'))


def subject_header(text: str) -> str:
    if text.isascii():
        return text
    return f"=?UTF-8?B?{base64.b64encode(text.encode()).decode()}?="


def business(dice: Dice, address: str, name: str, rcpts: tuple[Rcpt, ...]) -> Letter:
    """Write what offices write all day."""
    subject = dice.pick(words.BUSINESS_SUBJECTS).format(n=dice.between(1200, 9800))
    lines = "\n".join(dice.sample(words.BUSINESS_LINES, dice.between(1, 4)))
    body, headers = plain_body(f"Buongiorno,\n{lines}\n\n--\n{name}\n")
    return Letter(address, rcpts, f'"{name}" <{address}>', subject_header(subject), body, headers)


def newsletter(dice: Dice, address: str, rcpt: Rcpt, topic: str) -> Letter:
    """Write one copy of a newsletter, with the way out that lawful ones have."""
    token = dice.text(ALNUM, 12)
    text = (
        f"{topic}\n\nLeggi online: http://news.example.it/n/{token}\nDisiscrizione: http://news.example.it/u/{token}\n"
    )
    html = (
        f"<html><body><h1>{topic}</h1><p><a href='http://news.example.it/u/{token}'>Disiscriviti</a></p></body></html>"
    )
    body, headers = alternative_body(text, html, f"=_news_{token}")
    way_out = (("List-Unsubscribe", f"<http://news.example.it/u/{token}>"), ("Precedence", "bulk"))
    return Letter(address, (rcpt,), f'"La newsletter" <{address}>', subject_header(topic), body, (*way_out, *headers))


def ticket(dice: Dice, declared: str, rcpt: Rcpt) -> Letter:
    """Write what a ticket system writes in somebody else's name."""
    number = dice.between(20_261_000, 20_269_999)
    subject = dice.pick(words.TICKET_SUBJECTS).format(n=number)
    body, headers = plain_body(f"{dice.pick(words.TICKET_LINES)}\n\nhttps://tickets.example.it/t/{number}\n")
    auto = (("Auto-Submitted", "auto-generated"),)
    return Letter(declared, (rcpt,), f"Support <{declared}>", subject_header(subject), body, (*auto, *headers))


class Pitch(NamedTuple):
    """What one spam run sells."""

    vocabulary: tuple[str, ...]
    link: str
    long: bool = False


def spam(dice: Dice, declared: str, rcpts: tuple[Rcpt, ...], pitch: Pitch) -> Letter:
    """Write one copy of a spam run: random words around one link."""
    chosen = dice.sample(pitch.vocabulary, 3)
    text = f"{chosen[0]} {chosen[1]}\n{pitch.link}?{dice.text(ALNUM, 6)}\n"
    if pitch.long:
        text += "\n".join(" ".join(dice.text(LETTERS, dice.between(3, 9)) for _ in range(9)) for _ in range(12)) + "\n"
    subject = f"{chosen[2]} {dice.text(LETTERS, dice.between(3, 7))}"
    name = dice.pick(words.FORGED_NAMES)
    body, headers = plain_body(text)
    return Letter(
        declared, rcpts, f'"{name}" <{declared}>', subject, body, headers, date_skew=dice.between(-90_000, 90_000)
    )
