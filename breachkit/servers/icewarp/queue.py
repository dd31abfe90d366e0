"""Queued messages of IceWarp: head of a file → Message.

The vendor's staff count every file of the queue as a message, whatever its name, so nothing is filtered
by extension. `LocalSender`, `From` and `MsgID` near the top are the guide's word; the exact syntax of the
head is unknown, so two shapes are read: (a) one header block; (b) an envelope block, a blank line, then
the RFC 5322 message. A file with neither is still a message, with nothing known of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.micros import micros_of
from breachkit.servers import PlainHead
from breachkit.servers.icewarp.ids import time_of_id
from breachkit.servers.icewarp.usual import capture
from breachkit.servers.icewarp.values import addresses, received, sender_of, text_of, title_of
from breachkit.text.message import MAILBOX_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from breachkit.servers.icewarp.usual import Captured
    from breachkit.servers.icewarp.values import Received

_FIELD = re.compile(rb"^([!-9;-~]++)[ \t]*+:[ \t]*+(.*+(?:\n[ \t].*+)*+)", re.MULTILINE)

_OF_A_MESSAGE = frozenset({b"received", b"date", b"subject", b"mime-version", b"message-id", b"content-type"})
"""A first block with one of these is the message's own header, not an envelope."""
_KNOWN = _OF_A_MESSAGE | {b"from", b"to", b"cc", b"sender", b"reply-to", b"return-path", b"content-transfer-encoding"}
_OF_THE_SERVER = frozenset({b"localsender", b"msgid"})
_RECIPIENT_FIELDS = (b"rcpt", b"rcptto", b"recipient", b"recipients")

Fields = dict[bytes, list[bytes]]


class Head(NamedTuple):
    """The first block of a queue file, and the message's own header when the first block is an envelope."""

    first: Fields
    inner: Fields | None
    raw: bytes
    """What was read of the message, for the charset of its text; each line ends with LF."""


def each_file(_folder: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Every file is a message, whatever its name."""
    return zip(names, strict=False)


def read_head(files: Sequence[tuple[str, bytes]], zone: tzinfo, is_whole: bool) -> UsualHead | PlainHead | None:
    """Read the head of a queue file; None when it is not whole and its end is not in sight."""
    ((_, raw),) = files
    captured = capture(raw)
    if captured is not None:
        return UsualHead(captured, zone)
    head = parse_head(raw, is_whole=is_whole)
    return PlainHead(*tell_any(head, zone)) if head is not None else PlainHead() if is_whole else None


class UsualHead:
    """A head of the usual kind, of which each part is read when it is asked for."""

    __slots__ = ("_captured", "_traced", "_zone")

    def __init__(self, captured: Captured, zone: tzinfo) -> None:
        self._captured = captured
        self._traced: Received | None = None
        self._zone = zone

    @property
    def _trace(self) -> Received:
        if self._traced is None:
            self._traced = self._captured.traced
        return self._traced

    @property
    def queue_id(self) -> str | None:
        """The id: in a field of its own, else of the trace line."""
        return self._captured.given_id or self._trace.queue_id

    @property
    def auth_user(self) -> str | None:
        """LocalSender."""
        return self._captured.auth_user

    @property
    def mail_from(self) -> str | None:
        """The declared sender."""
        return self._captured.mail_from

    @property
    def header_from(self) -> str | None:
        """The sender by the message's own header."""
        return self._captured.header_from

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """The recipients."""
        return self._captured.rcpt_to

    @property
    def subject(self) -> str | None:
        """The subject."""
        return self._captured.subject

    @property
    def reply_to(self) -> str | None:
        """Where answers are asked for."""
        return self._captured.reply_to

    @property
    def client_ip(self) -> str | None:
        """The true peer, of the trace line."""
        return self._trace.client_ip

    @property
    def ts(self) -> int | None:
        """The time of the trace line, else of the id."""
        ts = self._captured.ts
        return _time_by_id(self.queue_id, self._zone) if ts is None else ts


def _account(head: Head) -> str | None:
    return _sender(head.first, b"localsender") or _first_text(head.first, b"localsender", lower=True)


def _subject(head: Head) -> str | None:
    own = head.first if head.inner is None else head.inner
    return (title_of(own[b"subject"][0], head.raw) or None) if b"subject" in own else None


def parse_head(raw: bytes, *, is_whole: bool = True) -> Head | None:
    """Split the head of a queue file; None when it is not whole and its end is not in sight."""
    text = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").lstrip(b"\n")
    if mailbox := MAILBOX_LINE.match(text):
        text = text[mailbox.end() :]
    first, end = _block(text, 0, known=_KNOWN | _OF_THE_SERVER)
    if end >= len(text) and not is_whole:
        return None
    if not first or _OF_A_MESSAGE & first.keys():
        return Head(first, None, text)
    inner, inner_end = _block(text, end)
    if inner_end >= len(text) and not is_whole:
        return None
    return Head(first, inner if _KNOWN & inner.keys() else None, text)


def _block(text: bytes, start: int, known: frozenset[bytes] = frozenset()) -> tuple[Fields, int]:
    """Read the fields down to an empty line, and where what follows it begins.

    A line that is no field hides none below it: somebody folded without indenting, or wrote what he liked. Where the
    first line is none, one of the fields must be a known one.
    """
    fields: Fields = {}
    is_head = _FIELD.match(text, start) is not None
    if not is_head and not known:
        return fields, start
    end = text.find(b"\n\n", start)
    end = len(text) if end < 0 else end
    for name, value in _FIELD.findall(text, start, end):
        fields.setdefault(name.lower(), []).append(value)
    return (fields, end + 2) if is_head or known & fields.keys() else ({}, start)


def tell_any(head: Head, zone: tzinfo) -> tuple[Any, ...]:
    """Tell what any head says of a message, field by field: the fields of `PlainHead`."""
    own = head.first if head.inner is None else head.inner
    traced = received(own.get(b"received", head.first.get(b"received", [])))
    queue_id = _first_text(head.first, b"msgid") or traced.queue_id
    return (
        queue_id,
        _account(head),
        _sender(head.first, b"from"),
        _sender(own, b"from"),
        _recipients(head),
        _subject(head),
        _sender(own, b"reply-to"),
        traced.client_ip,
        _time_by_id(queue_id, zone) if traced.ts is None else traced.ts,
    )


def _time_by_id(queue_id: str | None, zone: tzinfo) -> int | None:
    return micros_of(time_of_id(queue_id, zone)) if queue_id else None


def _first_text(fields: Fields, name: bytes, *, lower: bool = False) -> str | None:
    text = text_of(fields[name][0]) if name in fields else ""
    return (text.lower() if lower else text) or None


def _sender(fields: Fields, name: bytes) -> str | None:
    return sender_of(fields[name][0]) if name in fields else None


def _recipients(head: Head) -> tuple[str, ...]:
    envelope = [*_RECIPIENT_FIELDS, b"to"] if head.inner is not None else list(_RECIPIENT_FIELDS)
    named = [address for name in envelope for value in head.first.get(name, []) for address in addresses(value)]
    if not named:
        own = head.first if head.inner is None else head.inner
        named = [address for name in (b"to", b"cc") for value in own.get(name, []) for address in addresses(value)]
    return tuple(dict.fromkeys(named))
