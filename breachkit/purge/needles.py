"""What is looked for in a message: literal strings or patterns, in its raw bytes and in its texts.

A literal in raw bytes is what `grep -F` finds: the bytes of the argument, anywhere in the file.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import regex

PATTERN_SECONDS = 2.0
"""How long one pattern may search one piece of a message before the message is left alone."""
PATTERN_REACH = 1 << 20
"""The longest text of a pattern that is certain to be found across the pieces of a file above `search.PIECE`."""
BLANK = "an empty STRING would take every message; name the text to look for, or --everything --all"


class SoughtTexts(NamedTuple):
    """What was typed as STRINGs, and how it is to be taken."""

    strings: tuple[str, ...] = ()
    is_regex: bool = False
    ignore_case: bool = False
    is_any: bool = False
    raw_only: bool = False

    def words(self) -> list[str]:
        """Spell it as it was typed."""
        flags = {
            "--regex": self.is_regex,
            "--ignore-case": self.ignore_case,
            "--any": self.is_any,
            "--raw-only": self.raw_only,
        }
        return [*self.strings, *(flag for flag, is_set in flags.items() if is_set)]


class Needle(NamedTuple):
    """One thing to look for."""

    raw: bytes | regex.Pattern[bytes]
    text: str | regex.Pattern[str] | None
    """None when it cannot stand in a decoded text: its bytes are no UTF-8."""
    reach: int
    """How many bytes one occurrence may have."""
    spelled: str | None = None
    """The string itself, where it is one that a reader may see."""


def parse_needles(texts: SoughtTexts) -> tuple[Needle, ...]:
    """Make needles of strings. Raises UsageError."""
    if any(not string.strip() for string in texts.strings):
        raise UsageError(BLANK)
    strings = dict.fromkeys(texts.strings)
    if texts.is_regex:
        return tuple(_pattern(string, ignore_case=texts.ignore_case) for string in strings)
    return tuple(map(_blind if texts.ignore_case else _literal, strings))


def is_in_bytes(needle: Needle, piece: bytes) -> bool:
    """Look into raw bytes. Raises TimeoutError."""
    if isinstance(needle.raw, bytes):
        return needle.raw in piece
    return needle.raw.search(piece, timeout=PATTERN_SECONDS) is not None


def is_in_texts(needle: Needle, texts: Iterable[str]) -> bool:
    """Look into decoded texts, each for itself. Raises TimeoutError."""
    wanted = needle.text
    if wanted is None:
        return False
    if isinstance(wanted, str):
        return any(wanted in text for text in texts)
    end = time.monotonic() + PATTERN_SECONDS  # for the message: a stranger may nest a thousand parts
    return any(wanted.search(text, timeout=max(0.001, end - time.monotonic())) for text in texts)


def _literal(string: str) -> Needle:
    raw = os.fsencode(string)
    return Needle(raw, _text(string), len(raw), _text(string))


def _blind(string: str) -> Needle:
    import regex  # 20 ms, and most searches are for plain text

    raw = b"".join(_either_case(sign, regex.escape) for sign in string)
    text = _text(string)
    sought = None if text is None else regex.compile(regex.escape(text), regex.IGNORECASE)
    return Needle(regex.compile(raw), sought, 4 * len(string) + 4, text)


def _either_case(sign: str, escape: Callable[[bytes], bytes]) -> bytes:
    """Spell one character as a pattern over its UTF-8 bytes in either case; bytes know no other than ASCII's."""
    spellings = dict.fromkeys(os.fsencode(form) for form in (sign, sign.lower(), sign.upper()))
    return b"(?:" + b"|".join(map(escape, spellings)) + b")"


def _pattern(string: str, *, ignore_case: bool) -> Needle:
    import regex

    flags = regex.MULTILINE | (regex.IGNORECASE if ignore_case else 0)
    text = _text(string)
    try:
        raw = regex.compile(os.fsencode(string), flags)
        return Needle(raw, None if text is None else regex.compile(text, flags), PATTERN_REACH)
    except (regex.error, ValueError, RecursionError) as error:
        raise UsageError(
            f"--regex '{string}' is no pattern ({error}); leave --regex out to look for the text itself"
        ) from None


def _text(string: str) -> str | None:
    """Return an argument as text, None when the shell handed over bytes that are no UTF-8."""
    raw = os.fsencode(string)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None


def longest_reach(needles: Sequence[Needle]) -> int:
    """Return how much of one piece must be seen again with the next."""
    return max((needle.reach for needle in needles), default=1) - 1
