"""What decoding adds to the bytes of a message: of most messages little, and that is found at a third of the cost.

The parts are told apart as `decoding` does, but only what does not stand in the bytes as it is gets decoded: folded
headers, encoded words, coded parts, other charsets, entities. For anything unusual the answer is None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from breachkit.text.decoding import (
    FIRST_OF_HTML,
    KNOWN,
    META,
    OF_A_MESSAGE,
    OPENED,
    charset_of,
    decoded_words,
    end_of_block,
    field_of,
    is_textual,
    main_of,
    parts_of,
    split_parts,
    text_in,
)
from breachkit.text.transfer import text_body, way_of

MOST_PARTS = 30
"""Parts above which a message is left to `decoding`, which bounds them, and how deep they are nested."""
LONGEST_KIND = 1000
"""Characters of a content type above which a message is left to `decoding`."""

_UNUSUAL_START = (b"\xef\xbb\xbf", b"\r", b"\n", b"From ", b">From ")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_NAME_ENDS_BY = 200
_BLANKS = b" \t\n\r\v\f\x1c\x1d\x1e\x1f"
"""The blanks of ASCII, as `str.strip` knows them."""
_OF_A_MESSAGE = re.compile(rb"\n(?:%b)[ \t]*:" % "|".join(sorted(OF_A_MESSAGE)).encode(), re.IGNORECASE)
_KNOWN = re.compile(rb"\n(?:%b)[ \t]*:" % "|".join(sorted(KNOWN)).encode(), re.IGNORECASE)
_CODING = re.compile(rb"\ncontent-t(?:(ype)|ransfer-encoding)[ \t]*:([^\n]*)", re.IGNORECASE)
_BOUNDARY = re.compile(r"multipart/\w+\s*;\s*boundary\s*=\s*(?:\"([^\"\\;]*)\"|([^\";\s]*))\s*", re.IGNORECASE)
_LEAVES_ASCII = re.compile(r"|utf-?8|us-ascii|iso-8859-(?:[1-9]|1[03-6])|windows-125[0-8]")
_IS_UTF_8 = frozenset({"", "utf-8", "utf8", "us-ascii"})
"""Charsets that are read as UTF-8 where the bytes are UTF-8."""


class _Block(NamedTuple):
    """A header block and what stands below it."""

    head: bytes
    """Each line begins with LF, and LF stands nowhere else: a fold is marked by a zero byte."""
    body: bytes


class _Kind(NamedTuple):
    """What a content type says."""

    main: str
    is_textual: bool
    charset: str
    leaves_ascii: bool
    is_utf_8: bool
    is_html: bool | None
    """None: the text has to say it."""


def added_by_decoding(raw: bytes) -> bytes | None:
    """Return, in UTF-8, what of the decoded texts of a message does not stand in its bytes; None: decode it all.

    A text of one line stands in the bytes or in what is returned exactly if it stands in the bytes or in one of the
    decoded texts.
    """
    if raw.startswith(_UNUSUAL_START) or not _FIELD.match(raw, 0, _NAME_ENDS_BY):
        return None
    block = _block(raw)
    if block is None:
        return None
    added: list[bytes] = []
    if not _OF_A_MESSAGE.search(block.head) and _FIELD.match(block.body, 0, _NAME_ENDS_BY):
        inner = _block(block.body)
        if inner is None:
            return None
        if _KNOWN.search(inner.head):
            _add_lines(block.head, added)
            block = inner
    ahead = [block]
    for number, one in enumerate(ahead):  # it grows as parts are opened
        below = _add(one, added) if number < MOST_PARTS else None
        if below is None:
            return None
        ahead += below
    return b"\n".join(added)


def _block(raw: bytes) -> _Block | None:
    """Split at the first empty line; None when the header is not plain ASCII, or may hold RFC 2231 parameters."""
    end, rest = end_of_block(raw)
    head = raw[:end]
    if not head.isascii() or b"*" in head or b"\0" in head:
        return None
    if b"\r" in head:
        head = head.replace(b"\r\n", b"\n")
    return _Block(b"\n" + head.replace(b"\n ", b"\0 ").replace(b"\n\t", b"\0\t"), raw[rest:])


def _part(raw: bytes) -> _Block | None:
    """Split a part, which may have no header."""
    if raw.startswith((b"\n", b"\r\n")):
        return _Block(b"", raw.partition(b"\n")[2])
    return _block(raw) if _FIELD.match(raw, 0, _NAME_ENDS_BY) else _Block(b"", raw)


def _add(block: _Block, added: list[bytes]) -> list[_Block] | None:
    """Add what decoding adds to a block; return the parts below it. None: it is unusual."""
    _add_lines(block.head, added)
    kind = way = ""
    for is_type, value in reversed(_CODING.findall(block.head)):  # the first of a name counts
        text = value.replace(b"\0", b"").decode().strip()
        if is_type:
            kind = text
        else:
            way = text
    if len(kind) > LONGEST_KIND:
        return None
    said = _kind_of(kind)
    if said.main in OPENED:
        return None
    if said.main.startswith("multipart"):
        parts = _parts(kind, block.body)
        below = [one for part in parts if (one := _part(part)) is not None]
        if parts:
            return below if len(below) == len(parts) else None
    if said.is_textual:
        _add_text(said, way_of(way), block.body, added)
    return []


def _parts(kind: str, body: bytes) -> list[bytes]:
    plain = _BOUNDARY.fullmatch(kind)
    boundary = ((plain[1] or plain[2] or "") if plain else "").rstrip()
    parts = split_parts(body, boundary.encode(), MOST_PARTS) if boundary else []
    return parts or parts_of(kind, body, MOST_PARTS)


def _add_lines(head: bytes, added: list[bytes]) -> None:
    """Add the headers that fill several lines or hold encoded words."""
    fold, word = head.find(b"\0"), head.find(b"=?")
    while fold >= 0 or word >= 0:
        place = max(fold, word) if min(fold, word) < 0 else min(fold, word)
        end = head.find(b"\n", place)
        end = len(head) if end < 0 else end
        line = head[head.rfind(b"\n", 0, place) + 1 : end].replace(b"\0", b"")
        if b"=?" in line:
            added.append(decoded_words(field_of(line.decode())[1]).encode())
        else:
            name = _FIELD.match(line)
            added.append(line[name.end() if name else 0 :].strip(_BLANKS))
        # each is looked for from where it was met last: a head of a million folds is gone through once
        fold = head.find(b"\0", end) if 0 <= fold < end else fold
        word = head.find(b"=?", end) if 0 <= word < end else word


def _add_text(kind: _Kind, way: str, body: bytes, added: list[bytes]) -> None:
    """Add a text part, unless it stands in the bytes as it is."""
    read = text_body(way, body)
    is_coded = read is not body
    # entities, or a charset, may stand in what is HTML
    may_be_html = kind.is_html is not False and (
        b"&" in read or (not kind.charset and META.search(read, 0, FIRST_OF_HTML) is not None)
    )
    if not may_be_html and ((kind.leaves_ascii and read.isascii()) or (kind.is_utf_8 and _is_utf_8(read))):
        if is_coded:
            added.append(read)
        return
    added.append(text_in(read, kind.charset, kind.is_html).encode())


def _is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(maxsize=512)
def _kind_of(kind: str) -> _Kind:
    charset = charset_of(kind)
    name = charset.strip(" \"'").lower()
    main = main_of(kind)
    is_html = "html" in kind[:40].lower() if kind else None
    leaves_ascii = _LEAVES_ASCII.fullmatch(name) is not None
    return _Kind(main, is_textual(main), charset, leaves_ascii, name in _IS_UTF_8, is_html)
