"""Queued messages of IceWarp: head of a file → Message.

The vendor's staff count every file of the queue as a message, whatever its name, so nothing is filtered
by extension. `LocalSender`, `From` and `MsgID` near the top are the guide's word; the exact syntax of the
head is unknown, so two shapes are read: (a) one header block; (b) an envelope block, a blank line, then
the RFC 5322 message. A file with neither is still a message, with nothing known of it.
"""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.files import Found, HeadReader, in_walk_order, list_pieces, name_below, read_head, reason_of, shown
from breachkit.micros import MICROSECOND, is_possible, micros_of, moment_of
from breachkit.records import Locus, Message, Skipped
from breachkit.servers.icewarp.ids import time_of_id
from breachkit.servers.icewarp.usual import capture
from breachkit.servers.icewarp.values import addresses, received, sender_of, text_of, title_of
from breachkit.text.message import MAILBOX_LINE
from breachkit.workers import keep, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from breachkit.progress import Progress
    from breachkit.servers import QueueCount, QueueFolder, ReadPiece, Walk
    from breachkit.workers import Piece

HEAD_BYTES = 1 << 15
"""How much of a file is read at first; a head that does not end in it is read whole, up to `LONGEST_HEAD`."""
LONGEST_HEAD = 1 << 20

_FIELD = re.compile(rb"^([!-9;-~]++)[ \t]*+:[ \t]*+(.*+(?:\n[ \t].*+)*+)", re.MULTILINE)

_OF_A_MESSAGE = frozenset({b"received", b"date", b"subject", b"mime-version", b"message-id", b"content-type"})
"""A first block with one of these is the message's own header, not an envelope."""
_KNOWN = _OF_A_MESSAGE | {b"from", b"to", b"cc", b"sender", b"reply-to", b"return-path", b"content-transfer-encoding"}
_OF_THE_SERVER = frozenset({b"localsender", b"msgid"})
_RECIPIENT_FIELDS = (b"rcpt", b"rcptto", b"recipient", b"recipients")

_Told = tuple[Any, ...]
"""What a head says of a message, its time last; plain values, which travel between processes."""

Fields = dict[bytes, list[bytes]]


class Head(NamedTuple):
    """The first block of a queue file, and the message's own header when the first block is an envelope."""

    first: Fields
    inner: Fields | None
    raw: bytes
    """What was read of the message, for the charset of its text; each line ends with LF."""


NO_HEAD = Head({}, None, b"")


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
    reader = PieceReader(folders, root, zone, tell)
    for top in _tops(folders):
        passed_over: list[Skipped] = []
        found = spread(_told(_pieces(top, root, passed_over), progress), reader, jobs)
        progress(len(passed_over))
        rows = [row for piece in found for row in _unpack(piece)]
        yield from sorted([*rows, *passed_over], key=lambda row: in_walk_order(row.source.path, "/"))


def count_queue(folders: Sequence[QueueFolder], walk: Walk, new: Callable[[], QueueCount]) -> Iterator[QueueCount]:
    """Count what `read_queue` reads where it is read, one count for each folder that is below no other one."""
    reader = PieceReader(folders, walk.root, walk.zone, tell_counted)
    for top in _tops(folders):
        passed_over: list[Skipped] = []
        counted = keep(_told(_pieces(top, walk.root, passed_over), walk.progress), reader, walk.jobs, new)
        walk.progress(len(passed_over))
        counted.pass_over(passed_over)
        yield counted


def _tops(folders: Sequence[QueueFolder]) -> list[QueueFolder]:
    known = {os.fspath(folder.path) for folder in folders}
    return [folder for folder in folders if not any(os.fspath(up) in known for up in folder.path.parents)]


def _pieces(top: QueueFolder, root: Path | None, passed_over: list[Skipped]) -> Iterator[Piece]:
    return list_pieces(os.fspath(top.path), root, passed_over, with_moved=True)


def _told(pieces: Iterator[Piece], progress: Progress) -> Iterator[Piece]:
    for piece in pieces:
        yield piece
        progress(len(piece.names))


class PieceReader:
    """Reads the files of a piece; it can be handed to another process."""

    def __init__(
        self, folders: Sequence[QueueFolder], root: Path | None, zone: tzinfo, tell: Callable[[bytes, tzinfo], _Told]
    ) -> None:
        self._folders = {os.fspath(folder.path): folder for folder in folders}
        self._root = root
        self._zone = zone
        self._tell = tell

    def __call__(self, piece: Piece) -> ReadPiece:
        """Read them; plain values, since a record travels ten times slower."""
        above = os.path.join(piece.folder, "")  # noqa: PTH118
        folder = _folder_of(above, self._folders)
        named = name_below(above, self._root)
        read, skipped = [], []
        with HeadReader(piece.folder) as heads:
            for name in piece.names:
                try:
                    read.append((named(name), *self._read(heads, name)))
                except OSError as error:
                    skipped.append((named(name), reason_of(error)))
        return folder.label, read, skipped, folder.is_quarantine, above

    def _read(self, heads: HeadReader, name: str) -> _Told:
        raw, size = heads.read(name, HEAD_BYTES)
        if len(raw) == HEAD_BYTES < size and parse_head(raw, is_whole=False) is None:
            raw = heads.read(name, LONGEST_HEAD)[0]
        *said, ts = self._tell(raw, self._zone)
        if ts is None:
            return size, _time_of_file(heads.mtime(name)), False, *said, name
        return size, ts, True, *said, name


def _unpack(piece: ReadPiece) -> Iterator[Message | Skipped]:
    label, read, skipped, is_quarantine, above = piece
    for path, size, ts, is_stamped, *said, name in read:
        yield _message(said, (ts, is_stamped, size), (label, (above + name,), is_quarantine, Locus(path, 0, 1)))
    for path, reason in skipped:
        yield Skipped(reason, Locus(path, 0, 1))


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
    usual = capture(raw[:HEAD_BYTES])
    if usual is not None:
        return usual.auth_user, usual.mail_from, usual.subject
    head = (parse_head(raw[:HEAD_BYTES], is_whole=len(raw) <= HEAD_BYTES) or parse_head(raw[:LONGEST_HEAD])) or NO_HEAD
    return _account(head), _sender(head.first, b"from"), _subject(head)


def _account(head: Head) -> str | None:
    return _sender(head.first, b"localsender") or _first_text(head.first, b"localsender", lower=True)


def _subject(head: Head) -> str | None:
    own = head.first if head.inner is None else head.inner
    return (title_of(own[b"subject"][0], head.raw) or None) if b"subject" in own else None


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


def message_of(raw: bytes, found: Found, folder: QueueFolder, zone: tzinfo, source: Locus) -> Message:
    """Make a Message of the head of a queue file; what the head does not say is None."""
    *said, ts = tell(raw, zone)
    is_stamped = ts is not None
    place = (folder.label, (found.path,), folder.is_quarantine, source)
    return _message(said, (_time_of_file(found.mtime) if ts is None else ts, is_stamped, found.size), place)


def _time_of_file(mtime: float) -> int:
    """Return the time of a file, the epoch for one that no message can have."""
    return timedelta(seconds=mtime) // MICROSECOND if is_possible(mtime) else 0


def _message(
    said: Sequence[Any], measured: tuple[int, bool, int], place: tuple[str, tuple[str, ...], bool, Locus]
) -> Message:
    label, files, is_quarantine, source = place
    ts, is_stamped, size = measured
    return Message._make((label, *said, moment_of(ts), is_stamped, size, files, is_quarantine, source))


def tell(raw: bytes, zone: tzinfo) -> _Told:
    """Tell what a head says of a message: the fields of `Message` from its id to its client address, and its time."""
    captured = capture(raw)
    if captured is None:
        return tell_any(parse_head(raw) or NO_HEAD, zone)
    traced = captured.traced
    queue_id = captured.given_id or traced.queue_id
    return (
        queue_id,
        captured.auth_user,
        captured.mail_from,
        captured.header_from,
        captured.rcpt_to,
        captured.subject,
        captured.reply_to,
        traced.client_ip,
        _time_by_id(queue_id, zone) if traced.ts is None else traced.ts,
    )


def tell_any(head: Head, zone: tzinfo) -> _Told:
    """Tell the same of any head, field by field."""
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


def tell_counted(raw: bytes, zone: tzinfo) -> _Told:
    """Tell what is counted of a message: account, declared sender, recipients, time."""
    captured = capture(raw)
    ts = None if captured is None else captured.ts
    if captured is None or ts is None:
        _, auth_user, mail_from, _, rcpt_to, *_, ts = tell(raw, zone)
        return auth_user, mail_from, rcpt_to, ts
    return captured.auth_user, captured.mail_from, captured.rcpt_to, ts


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
