"""Postfix's queue files: a sequence of records, each with a type, a length and a text.

The form is that of the source (`global/rec_type.h`, `global/record.c`) and of files of 3.7. The length has 7 bits a
byte, low ones first. A line of the message is a record without its end (`N`), a long line several (`L`). A milter, or a
recipient that was added, puts a pointer into the sequence (`p`): what follows stands at another place of the file.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from breachkit.logs.envelope import address_of
from breachkit.servers import PlainHead
from breachkit.servers.letterhead import read_letterhead
from breachkit.servers.locks import locked
from breachkit.servers.postfix.layout import IS_ID
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import tzinfo

MOST_RECORDS = 2_000_000
"""Of one file; what has more is torn or forged."""
_LONGEST_RECORD = 1 << 24
_POINTER, _END = b"p", b"E"
_RECIPIENTS = frozenset({b"R", b"D"})
"""To be served, and served: Postfix turns the one into the other in its place."""


class _Envelope(NamedTuple):
    said: dict[bytes, list[bytes]]
    """The records before and behind the message, by their type."""
    header: bytes
    is_whole: bool
    """The end of the header was in sight, and a recipient."""


def read_head(files: Sequence[tuple[str, bytes]], _zone: tzinfo, is_whole: bool) -> PlainHead | None:
    """Read the envelope and the header of a message; None where they were cut."""
    ((name, raw),) = files
    name = name.replace("\\", "/").rpartition("/")[2]
    if raw[:1] not in {b"C", b"T"}:
        return PlainHead(name if IS_ID.fullmatch(name) else None)
    envelope = _envelope_of(raw)
    if not (is_whole or envelope.is_whole):
        return None
    said, letter = envelope.said, read_letterhead(envelope.header)
    account, first_id = _named(said, b"sasl_username="), _named(said, b"log_ident=")
    # in a quarantine it has a number for a name, which may look like an id
    is_id = IS_ID.fullmatch(name) and not (first_id and len(name) == 8 and name.isdigit())
    queue_id = name if is_id else decode_text(first_id) if first_id else None
    return PlainHead(
        queue_id,
        decode_text(account).strip().lower() if account else None,
        address_of(said[b"S"][0]) if b"S" in said else None,
        letter.header_from,
        tuple(dict.fromkeys(map(address_of, said.get(b"R") or said.get(b"D") or []))),
        letter.subject,
        letter.reply_to,
        _client_of(_named(said, b"client_address=")),
        _micros_of(said.get(b"T", [b""])[0]),
    )


def text_of(files: Sequence[bytes]) -> bytes:
    """Put the lines of a message together; a file that has no records is taken as it is, others are logs about it."""
    raw = files[0]
    if raw[:1] not in {b"C", b"T"}:
        return raw
    return b"".join(_lines(raw))


def hold_still(files: Sequence[str], _names: Sequence[str]) -> AbstractContextManager[bool]:
    """Take the lock of a message, of which a delivery agent has a share, and who writes one has all."""
    return locked(files[0])


def _lines(raw: bytes) -> Iterator[bytes]:
    is_content = False
    for kind, text in _records(raw):
        if kind == b"M":
            is_content = True
        elif kind == b"X":
            return
        elif is_content and kind in {b"N", b"L"}:
            yield text
            if kind == b"N":
                yield b"\n"


def _records(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the records in their order, pointers followed; stops where the file does, or goes round in a circle."""
    place, seen, left = 0, set[int](), len(raw)  # no byte is read twice, or pointers into long records never end
    for _ in range(MOST_RECORDS):
        kind, byte = raw[place : place + 1], raw[place + 1] if place + 1 < len(raw) else 0
        place += 2
        size, shift = byte & 0x7F, 7
        while byte >= 0x80 and shift < 28:  # four bytes of 7 bits
            byte = raw[place] if place < len(raw) else 0
            place += 1
            size |= (byte & 0x7F) << shift
            shift += 7
        text = raw[place : place + size]
        place += size
        left -= size
        if not kind or size > _LONGEST_RECORD or len(text) < size or left < 0:
            return
        yield kind, text
        if kind == _POINTER and len(text) < 20 and text.strip().isdigit() and (goal := int(text)):
            if goal in seen:
                return
            seen.add(goal)
            place = goal
        elif kind == _END:
            return


def _envelope_of(raw: bytes) -> _Envelope:
    """Read all but the body; where all recipients stand before the message, no more than that is read."""
    said: dict[bytes, list[bytes]] = {}
    header: list[bytes] = []
    part, is_ended = b"", False
    for kind, text in _records(raw):
        if kind in {b"M", b"X"}:
            part, is_ended = kind, is_ended or kind == b"X"
        elif part != b"M":
            said.setdefault(kind, []).append(text)
        elif kind in {b"N", b"L"} and not is_ended:
            is_ended = kind == b"N" and not text
            header += [text, b"\n" if kind == b"N" else b""]
        elif is_ended and not said.keys().isdisjoint(_RECIPIENTS):
            break
    return _Envelope(said, b"".join(header), is_ended and not said.keys().isdisjoint(_RECIPIENTS))


def _named(said: dict[bytes, list[bytes]], name: bytes) -> bytes:
    """Read an attribute; the first of a name counts."""
    return next((text[len(name) :] for text in said.get(b"A", ()) if text.startswith(name)), b"")


def _micros_of(stamp: bytes) -> int | None:
    """Read `SECONDS MICROSECONDS`."""
    seconds, _, rest = stamp.strip().partition(b" ")
    if not seconds.isdigit() or len(seconds) > 10:  # until the year 2286
        return None
    micros = int(rest) if rest.isdigit() and len(rest) <= 6 else 0
    return int(seconds) * 1_000_000 + micros or None


def _client_of(text: bytes) -> str | None:
    try:
        return str(ipaddress.ip_address(text.decode()))
    except ValueError:
        return None
