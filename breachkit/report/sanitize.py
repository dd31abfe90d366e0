"""Evidence at the border to a terminal: every byte of it may be an attack.

Control characters (ANSI escapes begin with one), bidirectional overrides and lone surrogates become
visible escapes; nothing else changes, and cleaning twice is cleaning once.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are never shown as they are: controls, formats (bidi, zero width), surrogates, line ends."""


def clean(text: str) -> str:
    r"""Make text safe to print: `\x1b` and its like are spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(sign) if unicodedata.category(sign) in _HIDDEN else sign for sign in text)


def _spelled(sign: str) -> str:
    code = ord(sign)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004  a byte that is no UTF-8, as the operating system hands it over
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004
