"""Whether the decoded texts of a message hold a string, told from its head and body as they are.

Most messages of a queue have one part, a charset that leaves ASCII as it is, and say so in the two usual lines.
For those the answer takes a tenth of decoding; for all others it is None, and the message is decoded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from breachkit.content.decoding import FIRST_OF_HTML
from breachkit.content.decoding import META
from breachkit.content.decoding import OF_A_MESSAGE
from breachkit.content.decoding import decoded_words
from breachkit.content.decoding import end_of_block
from breachkit.content.transfer import CODED
from breachkit.content.transfer import UU_BEGIN
from breachkit.content.transfer import read_base64
from breachkit.content.transfer import read_quoted

LONGEST_CODING = 300
"""Bytes of a head, from where it says how its body is coded, that are kept in mind."""
LONGEST_NAME = 200
"""Where the name of a first header must have ended, as for `decoding`."""

_FIELD = re.compile(rb"[!-9;-~]++[ \t]*+:")
_CODING = re.compile(rb"\n(content-t[^\n]*(?:\n[ \t][^\n]*)*)")
_TYPE = re.compile(rb"content-type[ \t]*:\s*text/(?!rfc822-headers)[a-z0-9.+-]+\s*(?:;.*)?", re.DOTALL)
_USUAL_CHARSET = re.compile(rb"charset=\"?(?:us-ascii|utf-8|iso-8859-\d\d?|windows-125\d)(?=[\"\s;]|\Z)")
_TRANSFER = re.compile(rb"content-transfer-encoding[ \t]*:\s*(7bit|8bit|binary|base64|quoted-printable)\s*")
_OF_A_MESSAGE = re.compile(rb"(?:\A|\n)(?:%b)[ \t]*:" % "|".join(sorted(OF_A_MESSAGE)).encode())
_BLANKS = (b" ", b"\t")
_BEFORE_A_BLANK = re.compile(rb"(?<=.)(?=[ \t])", re.DOTALL)


class _Coding(NamedTuple):
    """What a head says of its body: a text in a charset that leaves ASCII as it is."""

    way: bytes
    """Of its transfer: `base64`, `quoted-printable`, or empty where the bytes are as they were."""
    may_be_html: bool
    is_typed: bool
    has_charset: bool


_UNSAID = _Coding(b"", may_be_html=True, is_typed=False, has_charset=False)


class Glance:
    """Looks for one string in messages whose raw bytes do not hold it.

    Args:
        wanted: printable ASCII.
    """

    def __init__(self, wanted: bytes) -> None:
        self._wanted = wanted
        self._text = wanted.decode("ascii")
        pieces = wanted[1:].split(b" ")
        self._unbroken = max(pieces, key=len) if len(pieces) > 1 else None
        # any blank but the first sign may begin the next line of a header
        self._folded = re.compile(rb"(?:\r?\n)?".join(map(re.escape, _BEFORE_A_BLANK.split(wanted))))

    def tell(self, raw: bytes) -> bool | None:
        """Tell whether a decoded text holds it; None when only decoding shows."""
        first, body = end_of_block(raw)
        end = first
        if _FIELD.match(raw, body, body + LONGEST_NAME):
            # an envelope and the header, or the header and a first paragraph, which must not look like HTML
            if raw.startswith(b"<", body):
                return self._tell_uncoded(raw)
            end, body = end_of_block(raw, body)
        lower = raw[:end].lower()
        coding = _coding_of(lower, first)
        if coding is None:
            return self._tell_uncoded(raw)
        if self._may_be_in_head(raw, end):
            return None
        if coding.way:
            if _has_uuencoded(raw, first):  # of a text that is not coded, where a paragraph looks like the header
                return None
            return self._tell_coded(raw[body:], lower, first, coding)
        return None if _may_say_more(raw, first, body, coding) else False

    def _tell_coded(self, body: bytes, lower: bytes, first: int, coding: _Coding) -> bool | None:
        body = read_base64(body) if coding.way == b"base64" else read_quoted(body)
        if _may_say_more(body, 0, 0, coding):
            return None
        if self._wanted not in body:
            return False
        # what follows a header is text, and so is all that does not begin with one
        is_text = first < len(lower) and _OF_A_MESSAGE.search(lower, 0, first)
        return None if is_text or not _FIELD.match(lower, 0, LONGEST_NAME) else True

    def _may_be_in_head(self, raw: bytes, end: int) -> bool:
        if self._unbroken is not None and raw.find(self._unbroken, 0, end) >= 0 and self._folded.search(raw, 0, end):
            return True
        # one sign is found ten times faster than two
        return raw.find(b"?", 0, end) >= 0 and raw.find(b"=?", 0, end) >= 0 and self._may_be_spelled(raw[:end])

    def _may_be_spelled(self, head: bytes) -> bool:
        """Tell whether encoded words may spell it, with what stands around them in their header."""
        place = head.find(b"=?")
        while place >= 0:
            line, end = _header_around(head, place)
            if not line.isascii() or b"=?" in line.partition(b":")[0]:
                return True
            if self._text in decoded_words(line.decode()):
                return True
            place = head.find(b"=?", end)
        return False

    def _tell_uncoded(self, raw: bytes) -> bool | None:
        """Tell it of a message of any shape in which nothing is coded."""
        lower = raw.lower()
        is_coded = (
            (b"?" in raw and b"=?" in raw)
            or (b"transfer-encoding" in lower and CODED.search(lower) is not None)
            or b"&" in raw
            or b"*" in raw
            or _has_utf_16(raw)
            or _has_uuencoded(raw, 0)
        )
        return None if is_coded or not _are_charsets_usual(lower) or self._folded.search(raw) else False


def _header_around(head: bytes, place: int) -> tuple[bytes, int]:
    """Return the header that a place lies in, unfolded, and where it ends."""
    begin = head.rfind(b"\n", 0, place)
    while begin >= 0 and head.startswith(_BLANKS, begin + 1):
        begin = head.rfind(b"\n", 0, begin)
    end = head.find(b"\n", place)
    while end >= 0 and head.startswith(_BLANKS, end + 1):
        end = head.find(b"\n", end + 1)
    end = end if end >= 0 else len(head)
    return head[begin + 1 : end].replace(b"\r\n", b"").replace(b"\n", b""), end


def _coding_of(lower: bytes, first: int) -> _Coding | None:
    """Read how the body is coded from a head in lower case.

    None when that is not plain: parts, an unusual charset, parameters in a charset of their own, what says it stands in
    the first of two blocks, or what is no header, or HTML, may begin here or there.
    """
    if not lower[:1].isalpha() or lower.startswith((b"from ", b"content-t")) or b"*" in lower:
        return None
    place = lower.find(b"\ncontent-t")
    if place < 0:
        return _UNSAID
    if place < first < len(lower):
        return None
    said = lower[place:]
    return _known_coding(said) if len(said) <= LONGEST_CODING else _coding_in(_CODING.findall(said))


@lru_cache(maxsize=1024)
def _known_coding(said: bytes) -> _Coding | None:
    """Read the same from where it is said; the same few lines stand in every message."""
    return _coding_in(_CODING.findall(said))


def _coding_in(lines: list[bytes]) -> _Coding | None:
    kinds = [line for line in lines if line.startswith(b"content-type")]
    ways = [line for line in lines if line.startswith(b"content-transfer-encoding")]
    kind = b"".join(kinds)
    way = _TRANSFER.fullmatch(b"".join(ways))
    if len(kinds) > 1 or len(kinds) + len(ways) < len(lines) or not _are_charsets_usual(kind):
        return None
    if (kinds and not _TYPE.fullmatch(kind)) or (ways and way is None):
        return None
    is_coded = way is not None and way[1] in {b"base64", b"quoted-printable"}
    said = way[1] if way is not None and is_coded else b""
    return _Coding(said, not kinds or b"html" in kind, bool(kinds), b"charset=" in kind)


def _may_say_more(text: bytes, first: int, body: int, coding: _Coding) -> bool:
    """Tell whether a text may hold what it does not spell: by entities or a `meta` element, or uuencoded, or in UTF-16.

    Without a type a text is HTML by its looks.

    Args:
        text: a message, or its text.
        first: where the text may begin.
        body: where it begins at the latest.
        coding: what the head says of it.
    """
    if coding.may_be_html and b"&" in text and (coding.is_typed or b"<" in text):
        return True
    if not coding.has_charset:
        if coding.may_be_html and META.search(text, first, body + FIRST_OF_HTML):
            return True
        if _has_utf_16(text):
            return True
    return _has_uuencoded(text, first)


def _has_utf_16(text: bytes) -> bool:
    return b"\xff\xfe" in text or b"\xfe\xff" in text


def _has_uuencoded(text: bytes, start: int) -> bool:
    return text.find(b"begin ", start) >= 0 and UU_BEGIN.search(text, start) is not None


def _are_charsets_usual(lower: bytes) -> bool:
    """Tell whether each charset named in a text leaves ASCII as it is."""
    place = lower.find(b"charset")
    while place >= 0:
        if not _USUAL_CHARSET.match(lower, place):
            return False
        place = lower.find(b"charset", place + 1)
    return True
