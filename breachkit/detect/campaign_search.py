"""Which of many strings a message holds, in its bytes or decoded: as `purge` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahocorasick_rs import BytesAhoCorasick

from breachkit.content import decoded_texts
from breachkit.content import needs_decoding

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASCII = bytes(range(128)) + b"?" * 128
_SINGLE_BYTE = ("cp1252", "latin-1")
"""What 8-bit text that declares no other charset may be decoded by, when it is not UTF-8."""


class Search:
    """Looks for many strings at once; each stands on one line."""

    def __init__(self, texts: Sequence[str]) -> None:
        spelled = [(text.encode(), which) for which, text in enumerate(texts)]
        other = [(one, which) for which, text in enumerate(texts) if not text.isascii() for one in _other(text)]
        self._sure = len(spelled)
        self._of = [which for _, which in (*spelled, *other)]
        self._automaton = BytesAhoCorasick([one for one, _ in (*spelled, *other)])

    def held(self, raw: bytes) -> set[int]:
        """Return the indexes of the strings that a message holds.

        Most messages are spared the decoding, which costs ten times as much: where only 8-bit letters and folded
        headers set the decoded texts apart from the bytes, a look at the bytes with all folds undone, and for the
        strings in each charset in question, misses nothing; decoding has to confirm only what is seen there alone.
        """
        if not self._of:
            return set()
        if needs_decoding(raw.translate(_ASCII), blanks=False):
            return self._in(_with_decoded(raw))[0]
        found, possible = self._in(raw)
        if b"\n " in raw or b"\n\t" in raw:
            unfolded = raw.replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b"\t")
            possible = possible.union(*self._in(unfolded))
        return found if possible <= found else self._in(_with_decoded(raw))[0]

    def _in(self, text: bytes) -> tuple[set[int], set[int]]:
        """Return the strings found as they are, and those found in another charset."""
        met = {match[0] for match in self._automaton.find_matches_as_indexes(text, overlapping=True)}
        return {at for at in met if at < self._sure}, {self._of[at] for at in met if at >= self._sure}


def _other(text: str) -> set[bytes]:
    """Spell a string in the single-byte charsets that have all of its letters."""
    return {text.encode(charset, "ignore") for charset in _SINGLE_BYTE if text == text.encode(charset, "ignore").decode(charset)}


def _with_decoded(raw: bytes) -> bytes:
    return raw + b"\n" + "\n".join(decoded_texts(raw)).encode()
