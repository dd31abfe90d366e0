"""Queued messages of IceWarp: head of a file → Message.

The vendor's staff count every file of the queue as a message, whatever its name, so nothing is filtered
by extension. `LocalSender`, `From` and `MsgID` near the top are the guide's word; the exact syntax of the
head is unknown, so two shapes are read: (a) one header block; (b) an envelope block, a blank line, then
the RFC 5322 message. A file with neither is still a message, with nothing known of it.
"""

from __future__ import annotations

import os
import re
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from datetime import timezone
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from breachkit.files import Found
from breachkit.files import in_walk_order
from breachkit.files import list_pieces
from breachkit.files import long_path
from breachkit.files import read_head
from breachkit.files import reason_of
from breachkit.files import shown
from breachkit.records import NULL_SENDER
from breachkit.records import Locus
from breachkit.records import Message
from breachkit.records import Skipped
from breachkit.sasl import decode_text
from breachkit.servers.icewarp.ids import time_of_id
from breachkit.workers import spread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from datetime import tzinfo
    from pathlib import Path

    from breachkit.progress import Progress
    from breachkit.servers import QueueFolder
    from breachkit.workers import Piece

HEAD_BYTES = 1 << 15
"""How much of a file is read at first; a head that does not end in it is read whole, up to `LONGEST_HEAD`."""
LONGEST_HEAD = 1 << 20
KEPT_SPELLINGS = 4096
"""Senders whose spelling is remembered once it was read: a spam run has few, and some hold a megabyte."""

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:[ \t]*(.*(?:\n[ \t].*)*)(?:\n|\Z)")
_LINE = rb"[!-9;-~]++:[^\r\n]*+\r\n(?:[ \t][^\r\n]*+\r\n)*+"
_USUAL = re.compile(rb"((?:" + _LINE + rb")++)\r\n((?:" + _LINE + rb")++)\r\n")
"""An envelope and a header, both whole, every line ended by CRLF: what nearly all files begin with. It takes a fifth
of the time to know that, and then to split without care."""
_VALUE = re.compile(rb"[^\r\n]*+(?:\r\n[ \t][^\r\n]*+)*+")
_ONE_FIELD = re.compile(rb"^([!-9;-~]+):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)

_OF_A_MESSAGE = frozenset({b"received", b"date", b"subject", b"mime-version", b"message-id", b"content-type"})
"""A first block with one of these is the message's own header, not an envelope."""
_KNOWN = _OF_A_MESSAGE | {b"from", b"to", b"cc", b"sender", b"reply-to", b"return-path", b"content-transfer-encoding"}
_RECIPIENT_FIELDS = (b"rcpt", b"rcptto", b"recipient", b"recipients")

_BRACKETED = re.compile(r"<\s*([^<>\s]*)\s*>")
_BETWEEN = re.compile(r"[\s<>\"(),;:]+")
_RECEIVED_BY = re.compile(r"\bby\s+(\S+)")
_RECEIVED_ID = re.compile(r"\bwith\s+(\S+)\s+id\s+([^\s;]+)")
_RECEIVED_PEER = re.compile(r"\A(?:from\s+\S*\s*)?\(\[?(?:IPv6:)?([0-9A-Fa-f.:]+)\]?\)", re.IGNORECASE)
_RECEIVED_DATE = re.compile(r"(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d)(?::(\d\d))?(?:\s+([+-])(\d\d)(\d\d))?")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}

Fields = dict[bytes, list[bytes]]


class Head(NamedTuple):
    """The first block of a queue file, and the message's own header when the first block is an envelope."""

    first: Fields
    inner: Fields | None


_NO_HEAD = Head({}, None)


class Received(NamedTuple):
    """What the server's own trace line says (RFC 5321 §4.4)."""

    queue_id: str | None
    client_ip: str | None
    ts: datetime | None


def read_queue(
    folders: Sequence[QueueFolder],
    root: Path | None,
    zone: tzinfo,
    progress: Progress,
    jobs: int = 1,
) -> Iterator[Message | Skipped]:
    """Read every file of the given queue folders; what lies in a queue below a queue is read with that one.

    The order is that of `walk`, over however many processes. Raises WorkerLostError.
    """
    labels = {os.fspath(folder.path): folder for folder in folders}
    tops = [folder for folder in folders if not any(os.fspath(up) in labels for up in folder.path.parents)]
    reader = PieceReader(labels, root, zone)
    for top in tops:
        rows: list[Message | Skipped] = []
        skipped: list[Skipped] = []
        pieces = _told(list_pieces(os.fspath(top.path), root, skipped, with_moved=True), progress)
        for read in spread(pieces, reader, jobs):
            rows.extend(map(_unpack, read))
        progress(len(skipped))
        yield from sorted([*rows, *skipped], key=lambda row: in_walk_order(row.source.path, "/"))


def _told(pieces: Iterator[Piece], progress: Progress) -> Iterator[Piece]:
    for piece in pieces:
        yield piece
        progress(len(piece.names))


class PieceReader:
    """Reads the files of a piece; it can be handed to another process."""

    def __init__(self, folders: dict[str, QueueFolder], root: Path | None, zone: tzinfo) -> None:
        self._folders = folders
        self._root = root
        self._zone = zone

    def __call__(self, piece: Piece) -> list[tuple[Any, ...]]:
        """Read them; plain values, since a record with a time in it travels ten times slower."""
        folder = _folder_of(os.path.join(piece.folder, ""), self._folders)  # noqa: PTH118
        return [_pack(self._read(os.path.join(piece.folder, name), folder)) for name in piece.names]  # noqa: PTH118

    def _read(self, path: str, folder: QueueFolder) -> Message | Skipped:
        try:
            status = os.lstat(long_path(path))
        except OSError as error:
            return Skipped(reason_of(error), Locus(shown(path, self._root), 0, 1))
        return read_message(Found(path, status.st_size, status.st_mtime), folder, self._root, self._zone)


_TS = Message._fields.index("ts")


def _pack(row: Message | Skipped) -> tuple[Any, ...]:
    if isinstance(row, Skipped):
        return row.reason, tuple(row.source)
    return (*row[:_TS], row.ts.isoformat(), *row[_TS + 1 : -1], tuple(row.source))


def _unpack(row: tuple[Any, ...]) -> Message | Skipped:
    source = Locus(*row[-1])
    if len(row) == len(Skipped._fields):
        return Skipped(row[0], source)
    return Message._make((*row[:_TS], datetime.fromisoformat(row[_TS]), *row[_TS + 1 : -1], source))


def read_message(found: Found, folder: QueueFolder, root: Path | None, zone: tzinfo) -> Message | Skipped:
    """Read one file of a queue folder, or of a folder below it."""
    source = Locus(shown(found.path, root), 0, 1)
    try:
        head = _head_of(found)
    except OSError as error:
        return Skipped(reason_of(error), source)
    return message_of(head, found, folder, zone, source)


def read_senders(raw: bytes) -> tuple[str | None, str | None, str | None]:
    """Read account, declared From and subject, as `read_message` does, from the bytes of a file."""
    usual = _USUAL.match(raw[:HEAD_BYTES])
    if usual is not None and (found := _usual_senders(usual[1], usual[2])) is not None:
        return found
    head = (parse_head(raw[:HEAD_BYTES], is_whole=len(raw) <= HEAD_BYTES) or parse_head(raw[:LONGEST_HEAD])) or _NO_HEAD
    return _account(head), _sender(head.first, b"from"), _subject(head)


def _usual_senders(envelope: bytes, own: bytes) -> tuple[str | None, str | None, str | None] | None:
    """Read them from two whole blocks without splitting the second; None when that cannot be done."""
    first = _fields_of(envelope)
    place = own.lower().find(b"\nsubject:")
    if place < 0 or _OF_A_MESSAGE & first.keys():
        return None
    subject = _VALUE.match(own, place + len(b"\nsubject:"))
    text = None if subject is None else _text(subject[0]) or None
    return _account(Head(first, None)), _sender(first, b"from"), text


def _account(head: Head) -> str | None:
    return _sender(head.first, b"localsender") or _text_of(head.first, b"localsender", lower=True)


def _subject(head: Head) -> str | None:
    return _text_of(head.first if head.inner is None else head.inner, b"subject")


def _folder_of(path: str, folders: dict[str, QueueFolder]) -> QueueFolder:
    above = os.path.dirname(path)  # noqa: PTH120  once for each of 200,000 files
    while above not in folders:
        above = os.path.dirname(above)  # noqa: PTH120
    return folders[above]


def _head_of(found: Found) -> bytes:
    head = read_head(found.path, HEAD_BYTES)
    if len(head) == HEAD_BYTES and found.size > HEAD_BYTES:
        unfinished = parse_head(head, is_whole=False)
        if unfinished is None:
            head = read_head(found.path, LONGEST_HEAD)
    return head


def parse_head(raw: bytes, *, is_whole: bool = True) -> Head | None:
    """Split the head of a queue file; None when it is not whole and its end is not in sight."""
    usual = _USUAL.match(raw)
    if usual is not None:
        return _usual_head(usual[1], usual[2])
    text = raw.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").lstrip(b"\n")
    first, end = _block(text, 0)
    if end >= len(text) and not is_whole:
        return None
    if not first or _OF_A_MESSAGE & first.keys() or text[end : end + 1] != b"\n":
        return Head(first, None)
    inner, inner_end = _block(text, end + 1)
    if inner_end >= len(text) and not is_whole:
        return None
    return Head(first, inner if _KNOWN & inner.keys() else None)


def _usual_head(envelope: bytes, own: bytes) -> Head:
    """Split two blocks of which every line is known to be a field or to go on with one."""
    first = _fields_of(envelope)
    if _OF_A_MESSAGE & first.keys():
        return Head(first, None)
    inner = _fields_of(own)
    return Head(first, inner if _KNOWN & inner.keys() else None)


def _fields_of(block: bytes) -> Fields:
    fields: Fields = {}
    for name, value in _ONE_FIELD.findall(block.replace(b"\r\n", b"\n")):
        fields.setdefault(name.lower(), []).append(value)
    return fields


def _block(text: bytes, start: int) -> tuple[Fields, int]:
    fields: Fields = {}
    while found := _FIELD.match(text, start):
        fields.setdefault(found[1].lower(), []).append(found[2])
        start = found.end()
    return fields, start


def message_of(raw: bytes, found: Found, folder: QueueFolder, zone: tzinfo, source: Locus) -> Message:
    """Make a Message of the head of a queue file; what the head does not say is None."""
    head = parse_head(raw) or _NO_HEAD
    own = head.first if head.inner is None else head.inner
    received = _received(own.get(b"received", head.first.get(b"received", [])))
    queue_id = _text_of(head.first, b"msgid") or received.queue_id
    stamp = received.ts or (time_of_id(queue_id, zone) if queue_id else None)
    return Message(
        queue=folder.label,
        queue_id=queue_id,
        auth_user=_account(head),
        mail_from=_sender(head.first, b"from"),
        header_from=_sender(own, b"from"),
        rcpt_to=_recipients(head),
        subject=_subject(head),
        client_ip=received.client_ip,
        ts=stamp or datetime.fromtimestamp(found.mtime, UTC),
        is_stamped=stamp is not None,
        size=found.size,
        files=(found.path,),
        quarantined=folder.is_quarantine,
        source=source,
    )


def _text(value: bytes) -> str:
    return " ".join(decode_text(value).split())


def _text_of(fields: Fields, name: bytes, *, lower: bool = False) -> str | None:
    text = _text(fields[name][0]) if name in fields else ""
    return (text.lower() if lower else text) or None


def _addresses(value: bytes) -> list[str]:
    text = decode_text(value)
    # split, not search: a search for "word@word" is quadratic on a megabyte of one letter
    found = _BRACKETED.findall(text) or [word for word in _BETWEEN.split(text) if "@" in word.strip("@")]
    return [address.lower() for address in found if address]


def _sender(fields: Fields, name: bytes) -> str | None:
    return _sender_of(fields[name][0]) if name in fields else None


@lru_cache(maxsize=KEPT_SPELLINGS)
def _sender_of(value: bytes) -> str | None:
    found = _addresses(value)
    if found:
        return found[-1]  # "a@b <c@d>": the display name comes first
    return NULL_SENDER if value.strip() == b"<>" else None


def _recipients(head: Head) -> tuple[str, ...]:
    envelope = [*_RECIPIENT_FIELDS, b"to"] if head.inner is not None else list(_RECIPIENT_FIELDS)
    named = [address for name in envelope for value in head.first.get(name, []) for address in _addresses(value)]
    if not named:
        own = head.first if head.inner is None else head.inner
        named = [address for name in (b"to", b"cc") for value in own.get(name, []) for address in _addresses(value)]
    return tuple(dict.fromkeys(named))


def _received(values: Sequence[bytes]) -> Received:
    """Read the topmost Received, and below it those the same server wrote, for the first ASMTP id."""
    if not values:
        return Received(None, None, None)
    top = _text(values[0])
    peer, by, chosen = _RECEIVED_PEER.match(top), _RECEIVED_BY.search(top), _RECEIVED_ID.search(top)
    if by and not (chosen and chosen[1].upper() == "ASMTP"):  # else the topmost is the first of them
        lines = [top, *map(_text, values[1:])]
        own = [line for line in lines if (found := _RECEIVED_BY.search(line)) and found[1] == by[1]]
        ids = [found for line in own if (found := _RECEIVED_ID.search(line))]
        chosen = next((found for found in ids if found[1].upper() == "ASMTP"), ids[0] if ids else None)
    return Received(chosen[2] if by and chosen else None, peer[1] if peer else None, _date(top))


def _date(received: str) -> datetime | None:
    # by hand: the email package takes 15 us for a date, and a queue has 200,000
    found = _RECEIVED_DATE.search(received.rpartition(";")[2])
    if not found or found[2].lower() not in _MONTHS:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        zone = _offset(sign, int(hours or 0), int(minutes or 0))
        return datetime(
            int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second or 0), tzinfo=zone
        )
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _offset(sign: str | None, hours: int, minutes: int) -> timezone:
    """Make the zone of an offset, once. Raises ValueError."""
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if sign == "-" else offset)
