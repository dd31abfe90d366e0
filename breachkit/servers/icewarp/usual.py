"""The head that nearly every queue file has, told by one search over its bytes.

A queue has 200,000 of them, and nearly all are whole fields on lines that all end alike, with the fields that are
wanted spelled as the server spells them, each once. One pattern holds a head against all this and captures those
fields; what they say is read only where it is asked for, and for most of them once for each spelling. Whatever is
unusual gets None here, and is for `queue.parse_head` to read; where both read a head they say the same, which
property tests hold.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from breachkit.micros import micros_of
from breachkit.servers.icewarp.values import (
    KEPT_SPELLINGS,
    Received,
    addresses,
    date_of,
    received,
    sender_of,
    text_of,
    title_of,
    trace_of,
    without_comments,
)

_LF = rb"\n"
_CRLF = rb"\r\n"

_OF_AN_ENVELOPE = rb"localsender|from|to|msgid|rcpt(?:to)?|recipients?"
_OF_A_MESSAGE = rb"received|date|subject|mime-version|message-id|content-type"
_NEVER_SOUGHT = rb"(?:X-|Date|Message-I|MIME-|Content-)[!-9;-~]*+:"
"""Most fields of a message, told before a list of names has to be gone through."""

_RECEIVED = re.compile(rb"(?:\A|\n)Received:[ \t]*+([^\r\n]*+(?:\r?\n[ \t][^\r\n]*+)*+)")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_REPLY_TO = re.compile(rb"^Reply-To[ \t]*+:[ \t]*+(.*+(?:\n[ \t].*+)*+)", re.IGNORECASE | re.MULTILINE)
_BEHIND_ID = re.compile(rb"[ \t\r\n]++([!-:<-~]++)[\t\n\r -~]*+")
"""What follows ` id` in a trace line: blanks or a fold, the id, and anything that is ASCII."""
_ANY_ID = "."
_MINUTE = re.compile(rb"[\t\n\r ]*(?:[A-Za-z]{3}, )?([0-9]{1,2} [A-Za-z]{3} [0-9]{4} (?:[01][0-9]|2[0-3]):[0-5][0-9]:)")
_OFFSET = re.compile(rb" [+-][0-9]{4}")
_SECONDS = {b"%02d" % second: second * 1_000_000 for second in range(60)}
_KEPT_MINUTES = 1 << 14
"""Minutes whose place in time is remembered: those of eleven days."""


class Captured(NamedTuple):
    """The values of a usual head that are wanted, as they stand in it; None for a field that is not there."""

    local_sender: bytes | None
    sender: bytes | None
    envelope_to: bytes | None
    """None where there is no envelope above the message's own header."""
    msg_id: bytes | None
    trace: bytes
    """The topmost Received."""
    author: bytes | None
    to: bytes | None
    title: bytes | None
    cc: bytes | None
    head: bytes
    """All of the head, for the Received below the topmost one."""
    raw: bytes
    """What was read of the message, for the charset of its text."""

    @property
    def auth_user(self) -> str | None:
        """The account."""
        return None if self.local_sender is None else account_of(self.local_sender)

    @property
    def mail_from(self) -> str | None:
        """The declared sender: of the envelope, where there is one."""
        return None if self.sender is None else sender_of(self.sender)

    @property
    def header_from(self) -> str | None:
        """The sender by the message's own header."""
        return None if self.author is None else sender_of(self.author)

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """The recipients: the envelope's, else those of the header."""
        named = () if self.envelope_to is None else _named(self.envelope_to)
        if named:
            return named
        named = () if self.to is None else _named(self.to)
        return named if self.cc is None else tuple(dict.fromkeys((*named, *_named(self.cc))))

    @property
    def subject(self) -> str | None:
        """The subject, unfolded."""
        return None if self.title is None else title_of(self.title, self.raw) or None

    @property
    def reply_to(self) -> str | None:
        """The address to which answers are asked for: few messages have one, so it is looked for where one may be."""
        if b"reply-to" not in self.head.lower():
            return None
        above = _EMPTY_LINE.search(self.head)  # below it stands the message's own header, or nothing
        begin = above.end() if above is not None and above.end() < len(self.head) else 0
        found = _REPLY_TO.search(self.head, begin)
        return None if found is None else sender_of(found[1].replace(b"\r\n", b"\n"))

    @property
    def given_id(self) -> str | None:
        """The id in a field of its own."""
        return None if self.msg_id is None else text_of(self.msg_id) or None

    @property
    def traced(self) -> Received:
        """The server's trace line; `values.received` is the slow way to read it."""
        before, _, behind = self.trace.partition(b" id")
        found = _BEHIND_ID.fullmatch(behind)
        known = _before_id(before)
        if found is None or known is None or not (known[1] or self.head.count(b"Received:") == 1):
            return received(_RECEIVED.findall(self.head))
        return Received(found[1].decode("ascii"), known[0], self.ts)

    @property
    def ts(self) -> int | None:
        """The time of the trace line alone, which needs no look at its id."""
        return _time_of(self.trace.rpartition(b";")[2])


def capture(raw: bytes) -> Captured | None:
    """Capture the wanted fields of a head from at least all of it; None when it is not of the usual kind."""
    end = raw.find(b"\n")
    is_crlf = raw[end - 1 : end] == b"\r"
    enveloped, single = _shapes(_CRLF if is_crlf else _LF)
    if found := enveloped.match(raw):
        captured = Captured._make((*found.groups(), found[0], raw))
    elif found := single.match(raw):
        account, sender, to, msg_id, trace, title, cc = found.groups()
        captured = Captured(account, sender, None, msg_id, trace, sender, to, title, cc, found[0], raw)
    else:
        return None
    head = captured.head
    is_even = head.count(b"\n") == head.count(b"\r\n") if is_crlf else b"\r" not in head
    return captured if is_even and captured.trace is not None else None


@lru_cache(maxsize=2)
def _shapes(eol: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Make the patterns of an envelope above the message's own header, and of one block; for one kind of line ends.

    They look for the first byte of a line end alone, which takes half the time: a head in which it stands elsewhere,
    or the other kind of line end, is sorted out afterwards.
    """
    value = rb"[^%b]*+(?:%b[ \t][^%b]*+)*+" % (eol[:2], eol, eol[:2])
    above = [_once(group, name, value) for group, name in enumerate((b"LocalSender", b"From", b"To", b"MsgID"), 1)]
    received = rb"Received:(?(5)%b|[ \t]*+(%b))" % (value, value)
    passed = _NEVER_SOUGHT + value
    below = [_once(group, name, value) for group, name in enumerate((b"From", b"To", b"Subject", b"Cc"), 6)]
    inside = [_once(group, name, value) for group, name in enumerate((b"Subject", b"Cc"), 6)]
    envelope = _block([*above, _other(_OF_AN_ENVELOPE + b"|" + _OF_A_MESSAGE, value)], eol)
    own = _block([received, passed, *below, _other(b"received|from|to|subject|cc", value)], eol)
    names = _OF_AN_ENVELOPE + b"|received|subject|cc"
    single = _block([*above, received, passed, *inside, _other(names, value)], eol)
    return re.compile(envelope + own), re.compile(single)


def _once(group: int, name: bytes, value: bytes) -> bytes:
    """Match a field and capture its value; a second one of the name makes the head unusual."""
    return rb"%b:(?(%d)(?!)|[ \t]*+(%b))" % (name, group, value)


def _other(names: bytes, value: bytes) -> bytes:
    """Match any field but those named, however they are spelled."""
    return rb"(?!(?i:%b)[ \t]*:)[!-9;-~]++:%b" % (names, value)


def _block(fields: list[bytes], eol: bytes) -> bytes:
    return rb"(?:(?:%b)%b)++%b" % (b"|".join(fields), eol, eol)


@lru_cache(maxsize=KEPT_SPELLINGS)
def account_of(value: bytes) -> str | None:
    """Read LocalSender: an address, or a bare name."""
    return sender_of(value) or text_of(value).lower() or None


def _named(value: bytes) -> tuple[str, ...]:
    found = addresses(value)
    return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))  # noqa: PLR2004  one cannot stand twice


@lru_cache(maxsize=KEPT_SPELLINGS)
def _before_id(value: bytes) -> tuple[str | None, bool] | None:
    """Read what stands before the id: client address, and whether the id is one of authenticated mail.

    None when the id is none of `with … id …` for sure.
    """
    text = text_of(value)
    bare = without_comments(text)
    traced = trace_of(f"{text} id {_ANY_ID}")
    # a parenthesis left open, and another id, make it doubtful which one counts
    if traced.queue_id != _ANY_ID or traced.by is None or "(" in bare or ")" in bare:
        return None
    return traced.client_ip, traced.is_authenticated


def _time_of(value: bytes) -> int | None:
    """Read the time of a trace line."""
    second = _SECONDS.get(value[-8:-6])
    minute = None if second is None else _minute(value[:-8], value[-6:])
    if minute is None or second is None:
        return micros_of(date_of(text_of(value)))
    return minute + second


@lru_cache(maxsize=_KEPT_MINUTES)
def _minute(value: bytes, offset: bytes) -> int | None:
    """Read a time without its seconds, and an offset; None where they are not spelled as usual."""
    found = _MINUTE.fullmatch(value)
    if found is None or _OFFSET.fullmatch(offset) is None:
        return None
    return micros_of(date_of((found[1] + b"00" + offset).decode("ascii")))
