"""What a text looks like on the screen of its reader, and whether a string stands there, with a cheap question before.

*Seen* is less than *decoded*: markup is gone, and with it what it hides within a word; blanks, line ends within a
paragraph, `&nbsp;` and their kin are one blank; signs without width are nothing; an accent is one with its letter
(NFC). Paragraphs, rows of a table and the like stay apart. Nobody computes what a style hides.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from breachkit.text.charsets import LOOKS_LIKE_HTML
from breachkit.text.headers import parameters_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from breachkit.text.message import Added

_REST = r"(?:[^<>=]++|=(?:\s*+(?:\"[^\"<]*+\"|'[^'<]*+'))?+)*+>"
"""What follows the name in a tag; a quoted value may hold the sign that ends others."""
TAG = r"<[A-Za-z/!?]" + _REST
"""An element's tag, a declaration or a plain comment; no sign of comparison before a number or a blank."""

# patterns are compiled where they are first needed: together they take 6 ms, and most searches need none
_UNSHOWN = r"(?i)<(!--|(?:style|script|title)\b)"
_APART = (
    r"(?i)</?(?:address|article|aside|blockquote|body|center|dd|div|dl|dt|fieldset|footer|form|h[1-6]|head|header|hr|html|li"
    r"|main|nav|ol|p|pre|section|table|tbody|tfoot|thead|tr|ul)\b" + _REST
)
_BLANK = r"(?i)</?(?:br|td|th|option|button|input|select|textarea)\b" + _REST
_PARAGRAPH = r"\n[ \t\r]*+\n"
_QUOTED = r"(?m)^>[> ]*"
WIDTHLESS = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""Signs that are not seen (Unicode's Default_Ignorable_Code_Point), in a pattern."""
_SINGLES = (b"\x8d", b"\x8e", b"\x9d", b"\x9e", b"\xad", b"\xfd", b"\xfe")
"""The same, or what makes others so, in charsets of one byte a sign."""
_UNSHOWN_IN_A_WORD = rb"(?i)<(?<!\s<)(?:!--|style\b|script\b|title\b)"
"""What a reader does not see, with all that stands in it."""


def normal(text: str) -> str:
    """Spell a string as it is seen: one blank for many, no signs without width, composed accents."""
    return " ".join(_composed(text).split())


def _composed(text: str) -> str:
    """Leave out signs without width, and compose accents."""
    if not may_be_odd(text):
        return text
    return unicodedata.normalize("NFC", re.sub(WIDTHLESS, "", text))


def may_be_odd(text: str) -> bool:
    """Tell cheaply whether a text may hold signs without width, or accents apart from their letters."""
    if text.isascii():
        return False
    try:
        text.encode("latin-1")  # a tenth of the time of a pattern; its accents are composed, one sign has no width
    except UnicodeEncodeError:
        return True
    return "\xad" in text


def paragraphs_seen(text: str, kind: str | None) -> Iterator[str]:
    """Yield the paragraphs of a decoded text as they are seen.

    Args:
        text: the value of a header, or a text part, entities resolved.
        kind: the content type of the part, empty where it has none; None for a header.
    """
    if kind is None:
        pieces = [text]
    elif _is_html(text, kind):
        bare = _without_unshown(" ".join(text.split()))
        pieces = re.sub(TAG, "", re.sub(_BLANK, " ", re.sub(_APART, "\n", bare))).split("\n")
    else:
        plain = text.replace("\r\n", "\n")
        if "flowed" in kind.lower():
            plain = re.sub(_QUOTED, "", plain)
            if parameters_of(kind).get("delsp", "").lower() == "yes":
                plain = plain.replace(" \n", "")
        pieces = re.split(_PARAGRAPH, plain)
    return map(normal, pieces)


class SeenString:
    """Tells whether a reader of a text sees a string in it.

    Args:
        wanted: the string.
        ignore_case: whether its case is of no importance.
    """

    def __init__(self, wanted: str, *, ignore_case: bool = False) -> None:
        bare = normal(wanted)
        self._ignore_case = ignore_case
        before, after = wanted[:1].isspace(), wanted[-1:].isspace()
        self._wanted = self._cased(f"{' ' * before}{bare}{' ' * after}" if bare else "")
        self._words = sorted({word.encode() for word in self._cased(bare).split()}, key=len, reverse=True)
        self.longest = self._words[0] if self._words else b""
        """The longest of its words, in UTF-8; nothing where it has none."""
        self._longest_text = self.longest.decode()

    def is_in(self, texts: Iterable[tuple[str, str | None]]) -> bool:
        """Look into decoded texts, each with its content type, None for a header."""
        return bool(self._wanted) and any(
            self._wanted in f" {self._cased(seen)} " for text, kind in texts for seen in paragraphs_seen(text, kind)
        )

    def may_be_in(self, raw: bytes, added: Added | None = None) -> bool:
        """Tell cheaply whether it may be seen in a message: all its words stand there, or something may split them.

        Args:
            raw: the message.
            added: what decoding adds to it; None for a plain one.
        """
        if not self._words:
            return False
        texts = [] if added is None else added.texts
        if self._holds_words([*map(str.encode, texts), raw]) or not (raw.isascii() or _is_sound(raw)):
            return True
        return any(map(_is_odd, texts)) or (added is not None and added.is_split and self._is_split(raw, texts))

    def may_be_added(self, added: Added) -> bool:
        """Tell it of a message whose bytes lack `longest`: something that was decoded holds it then, or may hide it."""
        text = "\n".join(added.texts)
        return added.is_split or self._longest_text in text or _is_odd(text)

    def _is_split(self, raw: bytes, texts: list[str]) -> bool:
        text = b"\n".join([raw, *map(str.encode, texts)])
        if b"delsp" in raw.lower() or re.search(_UNSHOWN_IN_A_WORD, text):
            return True
        return self._holds_words([re.sub(TAG.encode(), b"", text)])

    def _holds_words(self, texts: list[bytes]) -> bool:
        if self._ignore_case:
            texts = [text.decode("utf-8", "replace").casefold().encode() for text in texts]
        return all(any(word in text for text in texts) for word in self._words)

    def _cased(self, text: str) -> str:
        return text.casefold() if self._ignore_case else text


def _is_odd(text: str) -> bool:
    return may_be_odd(text) and _composed(text) != text


def _is_sound(raw: bytes) -> bool:
    """Tell whether the bytes of a text show that it has neither signs without width nor accents apart."""
    try:
        return not _is_odd(raw.decode())
    except UnicodeDecodeError:
        return not any(map(raw.__contains__, _SINGLES))


def _is_html(text: str, kind: str) -> bool:
    return "html" in kind[:40].lower() or (not kind and LOOKS_LIKE_HTML.match(text[:1000]) is not None)


def _without_unshown(text: str) -> str:
    """Leave out comments, styles, scripts and the title of a page."""
    pieces, place = [], 0
    unshown = re.compile(_UNSHOWN)
    while begin := unshown.search(text, place):
        name = begin[1].lower()
        if name == "!--":
            end = text.find("-->", begin.end())
            close = end + 3 if end >= 0 else -1
        else:
            found = re.compile(f"(?i)</{name}").search(text, begin.end())
            close = found.start() if found else -1  # the closing tag itself is taken off as any other
        if close < 0:
            break
        pieces.append(text[place : begin.start()])
        place = close
    return "".join([*pieces, text[place:]])
