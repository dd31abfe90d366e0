"""The head of a queue file of IceWarp: each part of it is read when it is asked for.

The vendor's staff count every file of the queue as a message, whatever its name, so nothing is filtered
by extension. `LocalSender`, `From` and `MsgID` near the top are the guide's word; the exact syntax of the
head is unknown, so two shapes are read, as `text.message` tells them apart: (a) one header block; (b) an envelope
block, a blank line, then the RFC 5322 message. A file with neither is still a message, with nothing known of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.micros import micros_of
from breachkit.servers.icewarp.values import received, time_of, time_of_id
from breachkit.servers.letterhead import addresses, sender_of, text_of, title_of
from breachkit.text.message import blocks_of, is_cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo


def _field(names: bytes) -> re.Pattern[bytes]:
    """Make what finds fields in a head, of which each line begins with LF; a line that is none hides none below it."""
    return re.compile(rb"\n(?:%b)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)" % names, re.IGNORECASE)


_LOCAL_SENDER, _MSG_ID, _RECEIVED, _FROM, _TO, _CC, _REPLY_TO, _SUBJECT = map(
    _field, (b"localsender", b"msgid", b"received", b"from", b"to", b"cc", b"reply-to", b"subject")
)
_ENVELOPE_TO = _field(b"rcpt(?:to)?|recipients?")


def each_file(_folder: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Every file is a message, whatever its name."""
    return zip(names, strict=False)


def read_head(files: Sequence[tuple[str, bytes]], zone: tzinfo, is_whole: bool) -> QueueHead | None:
    """Read the head of a queue file; None when it is not whole and its end is not in sight."""
    ((_, raw),) = files
    return None if not is_whole and is_cut(raw) else QueueHead(raw, zone)


class QueueHead:
    """What a head says; see `servers.Head`."""

    __slots__ = ("_around", "_first", "_has_envelope", "_own", "_traced", "_zone")

    def __init__(self, raw: bytes, zone: tzinfo) -> None:
        blocks = blocks_of(raw)
        self._first = blocks[0][0]
        self._own, self._around, _ = blocks[-1]
        self._has_envelope = len(blocks) > 1
        self._zone = zone
        self._traced: tuple[str | None, str | None] | None = None

    def _trace(self) -> tuple[str | None, str | None]:
        if self._traced is None:
            self._traced = received(_RECEIVED.findall(self._own) or _RECEIVED.findall(self._first))
        return self._traced

    @property
    def queue_id(self) -> str | None:
        """The id: in a field of its own, else of the trace line."""
        found = _MSG_ID.search(self._first)
        return (text_of(found[1]) if found else "") or self._trace()[0]

    @property
    def auth_user(self) -> str | None:
        """LocalSender: an address, or a bare name."""
        found = _LOCAL_SENDER.search(self._first)
        return (sender_of(found[1]) or text_of(found[1]).lower() or None) if found else None

    @property
    def mail_from(self) -> str | None:
        """The declared sender: of the envelope, where there is one."""
        found = _FROM.search(self._first)
        return sender_of(found[1]) if found else None

    @property
    def header_from(self) -> str | None:
        """The sender by the message's own header."""
        found = _FROM.search(self._own)
        return sender_of(found[1]) if found else None

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """The recipients: the envelope's, else those of the header."""
        named = _ENVELOPE_TO.findall(self._first) + (_TO.findall(self._first) if self._has_envelope else [])
        return _named(named) or _named(_TO.findall(self._own) + _CC.findall(self._own))

    @property
    def subject(self) -> str | None:
        """The subject, unfolded."""
        found = _SUBJECT.search(self._own)
        return (title_of(found[1], self._around) or None) if found else None

    @property
    def reply_to(self) -> str | None:
        """Where answers are asked for."""
        found = _REPLY_TO.search(self._own)
        return sender_of(found[1]) if found else None

    @property
    def client_ip(self) -> str | None:
        """The true peer, of the trace line."""
        return self._trace()[1]

    @property
    def ts(self) -> int | None:
        """The time of the trace line, else of the id."""
        found = _RECEIVED.search(self._own) or _RECEIVED.search(self._first)
        ts = time_of(found[1]) if found else None
        if ts is None and (queue_id := self.queue_id):
            return micros_of(time_of_id(queue_id, self._zone))
        return ts


def _named(values: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for value in values for address in addresses(value)))
