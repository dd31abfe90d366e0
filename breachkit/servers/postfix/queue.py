"""Postfix's queue files: a sequence of records, each with a type, a length and a text.

The form is that of the source (`global/rec_type.h`, `global/record.c`) and of files of 3.7. The length has 7 bits a
byte, low ones first. A line of the message is a record without its end (`N`), a long line several (`L`). A milter, or a
recipient that was added, puts a pointer into the sequence (`p`): what follows stands at another place of the file.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from breachkit.servers.letterhead import EnvelopeHead
from breachkit.servers.locks import locked
from breachkit.servers.postfix.layout import IS_ID
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import tzinfo

MOST_RECORDS = 2_000_000
"""Of one file; what has more is torn or forged."""
_POINTER, _END = b"pE"
_MESSAGE, _EXTRACTED = b"MX"
_LINE, _LONG_LINE = _LINES = b"NL"
_BEGINS = (b"C", b"T")
_WAITING, _SERVED = _RECIPIENTS = b"RD"
"""Recipients: Postfix turns the one record into the other in its place."""
_SENDER, _TIME, _ATTRIBUTE = b"STA"


class _Envelope(NamedTuple):
    said: dict[int, list[bytes]]
    """The records before and behind the message, by their type."""
    header: bytes
    """Each line begins with LF."""
    is_whole: bool
    """The end of the header was in sight, and a recipient."""


def read_head(files: Sequence[tuple[str, bytes]], _zone: tzinfo, is_whole: bool) -> EnvelopeHead | None:
    """Read the envelope and the header of a message; None where they were cut."""
    ((name, raw),) = files
    name = name.replace("\\", "/").rpartition("/")[2]
    queue_id = name if IS_ID.fullmatch(name) else None
    if not raw.startswith(_BEGINS):
        return EnvelopeHead(queue_id)
    envelope = _envelope_of(raw)
    if not (is_whole or envelope.is_whole):
        return None
    said, first_id = envelope.said, _named(envelope.said, b"log_ident=")
    # in a quarantine it has a number for a name, which may look like an id
    if first_id and (queue_id is None or (len(name) == 8 and name.isdigit())):
        queue_id = decode_text(first_id)
    return EnvelopeHead(
        queue_id,
        _named(said, b"sasl_username="),
        said[_SENDER][0] if _SENDER in said else None,
        said.get(_WAITING) or said.get(_SERVED) or (),
        _named(said, b"client_address="),
        _micros_of(said[_TIME][0]) if _TIME in said else None,
        envelope.header,
    )


def text_of(files: Sequence[bytes]) -> bytes:
    """Put the lines of a message together; a file that has no records is taken as it is, others are logs about it."""
    raw = files[0]
    if not raw.startswith(_BEGINS):
        return raw
    return b"".join(_lines(raw))


def hold_still(files: Sequence[str], _names: Sequence[str]) -> AbstractContextManager[bool]:
    """Take the lock of a message, of which a delivery agent has a share, and who writes one has all."""
    return locked(files[0])


def _lines(raw: bytes) -> Iterator[bytes]:
    is_content = False
    for kind, text in _records(raw):
        if kind == _MESSAGE:
            is_content = True
        elif kind == _EXTRACTED:
            return
        elif is_content and kind in _LINES:
            yield text
            if kind == _LINE:
                yield b"\n"


def _records(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the records in their order, pointers followed; stops where the file does, or goes round in a circle."""
    place, seen, end = 0, set[int](), len(raw)
    start, left = place, end  # no byte is read twice, or pointers into long records never end
    for _ in range(MOST_RECORDS):
        if place + 2 > end:
            return
        kind, size = raw[place], raw[place + 1]
        place += 2
        if size >= 0x80:
            size, place = _long_size(raw, place)
        begin, place = place, place + size
        if place > end:
            return
        yield kind, raw[begin:place]
        if kind == _END:
            return
        if kind == _POINTER and size < 20 and raw[begin:place].strip().isdigit() and (goal := int(raw[begin:place])):
            left -= place - start
            if goal in seen or left < 0:
                return
            seen.add(goal)
            place = start = goal


def _long_size(raw: bytes, place: int) -> tuple[int, int]:
    """Read a size of more than 7 bits, of which the first byte was read; four bytes at most. Returns where it ends."""
    size = raw[place - 1] & 0x7F
    for shift in (7, 14, 21):
        byte = raw[place] if place < len(raw) else 0
        place += 1
        size |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return size, place


def _envelope_of(raw: bytes) -> _Envelope:
    """Read all but the body; where all recipients stand before the message, no more than that is read."""
    said: dict[int, list[bytes]] = defaultdict(list)
    header = [b"\n"]
    ended_by = 0
    records = _records(raw)
    for kind, text in records:
        if kind != _MESSAGE:
            said[kind].append(text)
            continue
        ended_by = _read_header(records, header)
        if not said.keys().isdisjoint(_RECIPIENTS):
            break
        if ended_by == _LINE:
            any(kind == _EXTRACTED for kind, _ in records)  # the body
    return _Envelope(said, b"".join(header), ended_by != 0 and not said.keys().isdisjoint(_RECIPIENTS))


def _read_header(records: Iterator[tuple[int, bytes]], header: list[bytes]) -> int:
    """Read the lines of the header; returns the kind of the record that ends it, 0 where it was cut."""
    for kind, text in records:
        if kind == _LINE:
            header.append(text + b"\n")
            if not text:
                return kind
        elif kind == _LONG_LINE:
            header.append(text)
        elif kind == _EXTRACTED:
            return kind
    return 0


def _named(said: dict[int, list[bytes]], name: bytes) -> bytes:
    """Read an attribute; the first of a name counts."""
    for text in said.get(_ATTRIBUTE, ()):
        if text.startswith(name):
            return text[len(name) :]
    return b""


def _micros_of(stamp: bytes) -> int | None:
    """Read `SECONDS MICROSECONDS`."""
    seconds, _, rest = stamp.strip().partition(b" ")
    if not seconds.isdigit() or len(seconds) > 10:  # until the year 2286
        return None
    micros = int(rest) if rest.isdigit() and len(rest) <= 6 else 0
    return int(seconds) * 1_000_000 + micros or None
