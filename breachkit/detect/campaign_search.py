"""Which of many strings a message holds, in its bytes or decoded: as `purge` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahocorasick_rs import BytesAhoCorasick
from ahocorasick_rs import Implementation

from breachkit.content import decoded_texts
from breachkit.content import needs_decoding

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASCII = bytes(range(128)) + b"?" * 128
_SINGLE_BYTE = ("cp1252", "latin-1")
"""What 8-bit text that declares no other charset may be decoded by, when it is not UTF-8."""


MOST_IN_TABLE = 50_000
"""Bytes of strings up to which they are looked for with a full table: three times as fast, at 1 KB of memory a byte."""


class Search:
    """Looks for many strings at once; each stands on one line."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._spelled = [text.encode() for text in texts]
        other = [(one, at) for at, text in enumerate(texts) if not text.isascii() for one in _other(text)]
        self._of = [*range(len(texts)), *(at for _, at in other)]
        every = [*self._spelled, *(one for one, _ in other)]
        is_small = sum(map(len, every)) <= MOST_IN_TABLE
        self._automaton = BytesAhoCorasick(every, implementation=Implementation.DFA if is_small else None)

    def __reduce__(self) -> tuple[object, ...]:
        return Search, (self._texts,)

    def listed(self, raw: bytes) -> list[int]:
        """Return what `held` does as a plain value, which travels between processes."""
        return list(self.held(raw))

    def held(self, raw: bytes) -> set[int]:
        """Return the indexes of the strings that a message holds.

        Most messages are spared the decoding: where only 8-bit letters and folded headers set the decoded texts apart
        from the bytes, a look at the bytes with all folds undone, for the strings in each charset in question, misses
        nothing; decoding has to confirm only what is seen there alone.
        """
        if not self._of:
            return set()
        if needs_decoding(raw.translate(_ASCII), blanks=False):
            return self._confirmed(_with_decoded(raw))
        found = {self._of[at] for at in self._in(_unfolded(raw))}
        return found if all(self._spelled[at] in raw for at in found) else self._confirmed(_with_decoded(raw))

    def _confirmed(self, text: bytes) -> set[int]:
        # those behind are spelled in another charset
        return {at for at in self._in(text) if at < len(self._spelled)}

    def _in(self, text: bytes) -> set[int]:
        return {match[0] for match in self._automaton.find_matches_as_indexes(text, overlapping=True)}


def _unfolded(raw: bytes) -> bytes:
    # line ends that are no folds may stay: to replace them all takes as long as to look for the strings
    if b"\r" in raw:
        raw = raw.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t")
    return raw.replace(b"\n ", b" ").replace(b"\n\t", b"\t")


def _other(text: str) -> set[bytes]:
    """Spell a string in the single-byte charsets that have all of its letters."""
    coded = ((text.encode(charset, "ignore"), charset) for charset in _SINGLE_BYTE)
    return {one for one, charset in coded if one.decode(charset) == text}


def _with_decoded(raw: bytes) -> bytes:
    return raw + b"\n" + "\n".join(decoded_texts(raw)).encode()
