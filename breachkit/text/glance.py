"""Whether the texts of a message hold a string, decoded or as a reader sees them, told from its bytes as they are.

Most messages of a queue have one part, a charset that leaves ASCII as it is, and say so in the two usual lines.
For those the answer takes a tenth of decoding; for all others it is None, and the message is decoded. What a reader
sees spells the string's words at least, once markup and signs without width are gone: where one of them is missing,
he cannot see it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import is_normalized

from breachkit.text.decoding import FIRST_OF_HTML, META, decoded_words, end_of_block
from breachkit.text.seen import TAG, WIDTHLESS, may_be_odd
from breachkit.text.transfer import CODED, UU_BEGIN, read_base64, read_quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_CODING = 300
"""Bytes of a head, from where it says how its body is coded, that are kept in mind."""
LONGEST_NAME = 200
"""Where the name of a first header must have ended, as for `decoding`."""

_FIELD = re.compile(rb"[!-9;-~]++[ \t]*+:")
_CODING = re.compile(rb"\n(content-t[^\n]*(?:\n[ \t][^\n]*)*)")
_TYPE = re.compile(rb"content-type[ \t]*:\s*text/(?!rfc822-headers)[a-z0-9.+-]+\s*(?:;.*)?", re.DOTALL)
_USUAL_CHARSET = re.compile(rb"charset=\"?(?:us-ascii|utf-8|iso-8859-\d\d?|windows-125\d)(?=[\"\s;]|\Z)")
_TRANSFER = re.compile(rb"content-transfer-encoding[ \t]*:\s*(7bit|8bit|binary|base64|quoted-printable)\s*")
_BLANKS = (b" ", b"\t")
_TAG = TAG.encode()
_WITHIN = rb"(?i)<(?<![\s>]<)(?:!--|style\b|script\b|title\b)"
"""What a reader does not see, with all that stands in it, within a word."""
_LEADS = (b"\xe2", b"\xef", b"\xad", b"\xcd", b"\xd8", b"\xe1", b"\xe3", b"\xf3")
"""First bytes in UTF-8 of the signs without width, or the second where the first is that of letters."""
_SINGLES = (b"\x8d", b"\x8e", b"\x9d", b"\x9e", b"\xad", b"\xfd", b"\xfe")
"""Signs without width, or that make others so, in the usual charsets of one byte a sign."""


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
        self._words = sorted(set(wanted.split()), key=len, reverse=True)
        self.longest = self._words[0]
        """The longest of its words: no message that lacks it holds the string in its raw bytes."""
        self._longest_text = self.longest.decode("ascii")

    def tell(self, raw: bytes, *, is_longest_in: bool | None = None) -> bool | None:
        """Tell whether a decoded text holds it; None when only decoding shows, or a reader may see it though none does.

        Args:
            raw: the message.
            is_longest_in: whether the longest word stands in it, if that is known.
        """
        told = self._tell(raw)
        if told is False and (is_longest_in or is_longest_in is None) and self._holds_words(raw):
            return None  # they stand in it, but not as they were sought
        return told

    def _tell(self, raw: bytes) -> bool | None:
        """Tell the same of a message whose bytes do not spell all its words."""
        first, body = end_of_block(raw)
        end = first
        # no text begins before it
        text = first if raw.startswith(b"LocalSender:") or _FIELD.match(raw, 0, LONGEST_NAME) else 0
        if _FIELD.match(raw, body, body + LONGEST_NAME):
            # an envelope and the header, or the header and a first paragraph, which must not look like HTML
            if raw.startswith(b"<", body):
                return self._tell_uncoded(raw, text)
            end, body = end_of_block(raw, body)
        lower = raw[:end].lower()
        coding = _coding_of(lower, first)
        if (coding is None or coding.may_be_html) and first < end and text and not _has_own_header(lower[:first]):
            text = end  # addresses in a header look like markup
        if coding is None:
            return self._tell_uncoded(raw, text)
        # one sign is found ten times faster than two
        if raw.find(b"?", 0, end) >= 0 and raw.find(b"=?", 0, end) >= 0 and self._may_be_spelled(raw[:end]):
            return None
        if coding.way:
            return self._tell_coded(raw, body, lower, first, coding)
        if _has_uuencoded(raw, text) or _may_say_more(raw, text, body, coding):
            return None
        return None if self._may_be_seen(raw, text, coding) else False

    def _tell_coded(self, raw: bytes, start: int, lower: bytes, first: int, coding: _Coding) -> bool | None:
        # what follows a header is text, and so is all that does not begin with one
        if (first < len(lower) and _has_own_header(lower[:first])) or not _FIELD.match(lower, 0, LONGEST_NAME):
            return None
        body = raw[start:]
        body = read_base64(body) if coding.way == b"base64" else read_quoted(body)
        if _may_say_more(body, 0, 0, coding):
            return None
        if self.longest in body:
            if self._wanted in body:
                return True
            if self._holds_words(body):
                return None
        return None if self._may_be_seen(body, 0, coding) or _has_widthless(raw) else False

    def _holds_words(self, text: bytes) -> bool:
        return _holds_all(text, self._words)

    def _may_be_seen(self, text: bytes, start: int, coding: _Coding) -> bool:
        """Tell whether a reader may see words that a text does not spell: markup or signs without width split them."""
        if _has_widthless(text):
            return True
        return coding.may_be_html and text.find(b"<", start) >= 0 and _is_split(text[start:], self._words)

    def _may_be_spelled(self, head: bytes) -> bool:
        """Tell whether encoded words may spell it, or its words, with what stands around them in their header."""
        place = head.find(b"=?")
        while place >= 0:
            line, end = _header_around(head, place)
            if not line.isascii() or b"=?" in line.partition(b":")[0]:
                return True
            text = decoded_words(line.decode())
            if self._longest_text in text and self._holds_words(text.encode()):
                return True
            if may_be_odd(text) and re.search(WIDTHLESS, text):
                return True
            place = head.find(b"=?", end)
        return False

    def _tell_uncoded(self, raw: bytes, start: int) -> bool | None:
        """Tell it of a message of any shape in which nothing is coded; no text begins before `start`."""
        lower = raw.lower()
        is_coded = (
            (b"?" in raw and b"=?" in raw)
            or (b"transfer-encoding" in lower and CODED.search(lower) is not None)
            or b"&" in raw
            or b"*" in raw
            or _has_utf_16(raw)
            or _has_uuencoded(raw, 0)
        )
        if is_coded or b"delsp" in lower or not _are_charsets_usual(lower):
            return None
        return None if self._may_be_seen(raw, start, _UNSAID) else False


def may_be_seen(raw: bytes, added: bytes, words: Sequence[bytes]) -> bool:
    """Tell whether a reader may see words together that neither a message nor what decoding adds to it spells so.

    Args:
        raw: the message, of any shape.
        added: what `added_by_decoding` says of it.
        words: UTF-8, the longest first.
    """
    if (words[0] in raw or words[0] in added) and all(word in raw or word in added for word in words):
        return True
    if _has_widthless(raw) or _has_widthless(added) or b"delsp" in raw.lower():
        return True
    text = b"%b\n%b" % (raw, added)
    if not all(map(bytes.isascii, words)) and not is_normalized("NFC", text.decode("utf-8", "replace")):
        return True
    return b"<" in text and _is_split(text, words)


def _holds_all(text: bytes, words: Sequence[bytes]) -> bool:
    return words[0] in text and (len(words) == 1 or all(word in text for word in words))


def _is_split(text: bytes, words: Sequence[bytes]) -> bool:
    """Tell whether words stand in a text without markup, or what splits them may be more than a tag."""
    return _holds_all(re.sub(_TAG, b"", text), words) or re.search(_WITHIN, text) is not None


def _has_own_header(block: bytes) -> bool:
    """Tell whether a first block in lower case may have a header of a message proper: it is no envelope then."""
    return (
        b"subject" in block
        or b"date" in block
        or b"received" in block
        or b"message-id" in block
        or b"content-type" in block
        or b"mime-version" in block
    )


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
    if b"delsp" in kind:  # blanks before line ends are no text then
        return None
    if len(kinds) > 1 or len(kinds) + len(ways) < len(lines) or not _are_charsets_usual(kind):
        return None
    if (kinds and not _TYPE.fullmatch(kind)) or (ways and way is None):
        return None
    is_coded = way is not None and way[1] in {b"base64", b"quoted-printable"}
    said = way[1] if way is not None and is_coded else b""
    return _Coding(said, not kinds or b"html" in kind, bool(kinds), b"charset=" in kind)


def _may_say_more(text: bytes, first: int, body: int, coding: _Coding) -> bool:
    """Tell whether a text may hold what it does not spell: by entities or a `meta` element of HTML, or in UTF-16.

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
    return False


def _has_widthless(text: bytes) -> bool:
    """Tell whether signs without width may stand in a text of one of the usual charsets."""
    if text.isascii():
        return False
    # each of them is looked for at once: one pattern for all takes ten times as long
    is_led = any(map(text.__contains__, _LEADS))
    is_single = any(map(text.__contains__, _SINGLES))
    if not is_led and not is_single:
        return False
    try:
        return is_led and re.search(WIDTHLESS, text.decode()) is not None
    except UnicodeDecodeError:
        return True


def _has_utf_16(text: bytes) -> bool:
    return b"\xff" in text and (b"\xff\xfe" in text or b"\xfe\xff" in text)


def _has_uuencoded(text: bytes, start: int) -> bool:
    return text.find(b"begin ", start) >= 0 and re.compile(UU_BEGIN).search(text, start) is not None


def _are_charsets_usual(lower: bytes) -> bool:
    """Tell whether each charset named in a text leaves ASCII as it is."""
    place = lower.find(b"charset")
    while place >= 0:
        if not _USUAL_CHARSET.match(lower, place):
            return False
        place = lower.find(b"charset", place + 1)
    return True
