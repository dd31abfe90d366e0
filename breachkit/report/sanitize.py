"""Evidence at the border to a terminal: every byte of it may be an attack.

Control characters (ANSI escapes begin with one), bidirectional overrides and lone surrogates become
visible escapes; nothing else changes, and cleaning twice is cleaning once.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are never shown as they are: controls, formats (bidi, zero width), surrogates, line ends."""


_IGNORED = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Signs of other categories that take no room and are not seen (Unicode's `Default_Ignorable_Code_Point`)."""

_ODD = re.compile("[\x7f-\U0010ffff]+")


def escape_json(text: str) -> str:
    r"""Escape in a JSON text what a terminal or an editor would obey or hide; it parses to the same values.

    JSON itself wants that for U+0000 to U+001F only. `\u009b` begins an ANSI escape as ESC does, `\u202e` turns the
    direction of what follows, `\u200b` hides within a word. Outside its strings JSON has none of them.
    """
    return text if text.isascii() and "\x7f" not in text else _ODD.sub(lambda found: _escaped_all(found[0]), text)


def _escaped_all(text: str) -> str:
    return "".join(map(_escaped, text))


@lru_cache(maxsize=4096)
def _escaped(sign: str) -> str:
    if unicodedata.category(sign) not in _HIDDEN and not _IGNORED.match(sign):
        return sign
    import json  # 5 ms, and hardly a text needs it

    return json.dumps(sign)[1:-1]


def clean(text: str) -> str:
    r"""Make text safe to print: `\x1b` and its like are spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(sign) if unicodedata.category(sign) in _HIDDEN else sign for sign in text)


def _spelled(sign: str) -> str:
    with suppress(UnicodeEncodeError):
        raw = sign.encode("utf-8", "surrogateescape")
        if len(raw) == 1:  # ASCII, or a byte that is no UTF-8, as the operating system hands it over
            return f"\\x{raw[0]:02x}"
    return sign.encode("ascii", "backslashreplace").decode()
