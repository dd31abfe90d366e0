"""The body of a part, as it was before its transfer encoding; uuencoded text within a text too."""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

MOST_SEGMENTS = 100
"""Base64 texts glued end to end in one body."""
LONGEST_WAY = 200
"""Bytes of a transfer encoding that are looked at."""

_COMMENT = r"\([^()]*\)"
_NOT_ITS_NAME = r"[^a-z0-9]"
_WAYS = {
    "base64": "base64",
    "quotedprintable": "quoted-printable",
    "uuencode": "uuencode",
    "uue": "uuencode",
    "xuue": "uuencode",
    "xuuencode": "uuencode",
}
"""Transfer encodings, without what senders put between their letters."""

_SOFT_BLANKS = re.compile(rb"=[ \t]+(?=\r?\n|\Z)")
UU_BEGIN = rb"(?:\A|(?<=\n))begin [0-7]{3,4} [^\n]*\n"
_UU_LINE = rb"[ -`]+"
_UU_END = rb"(?:\A|(?<=\n))end[ \t]*+\r?(?:\n|\Z)"
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


def way_of(value: bytes) -> str:
    """Read a transfer encoding: base64, quoted-printable, uuencode; empty for one that leaves the bytes as they are."""
    return _known_way(value[:LONGEST_WAY])


@lru_cache(maxsize=512)
def _known_way(value: bytes) -> str:
    text = re.sub(_COMMENT, "", value.decode("latin-1").strip()).partition(";")[0]
    bare = re.sub(_NOT_ITS_NAME, "", text.lower())
    return next((way for name, way in _WAYS.items() if bare.startswith(name)), "")


def untransferred(way: str, body: bytes) -> bytes:
    """Undo a transfer encoding."""
    if way == "base64":
        return read_base64(body)
    if way == "quoted-printable":
        return read_quoted(body)
    return _read_uuencoded(body) if way == "uuencode" else body


def text_body(way: str, body: bytes) -> bytes:
    """Undo the transfer encoding of a text; uuencoded texts within one that has none are read too."""
    return untransferred(way, body) if way else with_uuencoded(body)


def read_quoted(body: bytes) -> bytes:
    """Read quoted-printable; blanks behind the `=` that ends a line are of no meaning (RFC 2045 §6.7)."""
    return binascii.a2b_qp(_SOFT_BLANKS.sub(b"=", body))


def with_uuencoded(body: bytes) -> bytes:
    """Put in the place of each uuencoded text within a text what it says; files that are no text stay as they are."""
    if b"begin " not in body:
        return body
    begins, ends = re.compile(UU_BEGIN), re.compile(_UU_END)
    pieces, place = [], 0
    while begin := begins.search(body, place):
        end = ends.search(body, begin.end())
        if end is None:
            break
        lines = body[begin.end() : end.start()].splitlines()
        read = _read_lines(lines) if all(map(_is_uuencoded, lines)) else b""
        if not read or b"\0" in read:
            pieces.append(body[place : end.end()])
        else:
            pieces += [body[place : begin.end()], read, body[end.start() : end.end()]]
        place = end.end()
    return b"".join([*pieces, body[place:]])


def _is_uuencoded(line: bytes) -> bool:
    return re.fullmatch(_UU_LINE, line) is not None and 0 <= len(line) - 1 - _length_told(line) <= 2


def _length_told(line: bytes) -> int:
    """Count the signs that a uuencoded line has by its first, which gives the number of bytes in them."""
    return -(-((line[0] - 32) & 63) // 3) * 4


def _read_uuencoded(body: bytes) -> bytes:
    """Read a body that is one uuencoded file; its first and last line may be missing."""
    begin = re.search(UU_BEGIN, body)
    start = begin.end() if begin else 0
    end = re.compile(_UU_END).search(body, start)
    return _read_lines(body[start : end.start() if end else len(body)].splitlines())


def _read_lines(lines: list[bytes]) -> bytes:
    read = []
    for line in lines:
        try:  # some programs write a sign of checksum, others leave out blanks at the end
            read.append(binascii.a2b_uu(line[: 1 + _length_told(line)]) if line else b"")
        except binascii.Error:
            continue
    return b"".join(read)


def read_base64(body: bytes) -> bytes:
    """Read base64 whatever its damage: alien bytes dropped, padding missing, several texts glued together."""
    if b"=" not in body.rstrip(b"=\r\n"):
        try:  # `suppress` takes as long as decoding a subject
            return binascii.a2b_base64(body)
        except binascii.Error:  # four bytes are missing, or the padding
            pass
    *segments, last = body.translate(None, _NOT_BASE64).split(b"=", MOST_SEGMENTS)
    read = [_whole_quads(segment) for segment in (*segments, last.replace(b"=", b"")) if segment]
    return b"".join(map(binascii.a2b_base64, read))


def _whole_quads(segment: bytes) -> bytes:
    over = len(segment) % 4
    return segment[:-1] if over == 1 else segment + b"=" * (-over % 4)
