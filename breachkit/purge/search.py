"""Looking into one queue file: its bytes are read once, in pieces, whatever its size."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.chain import sha256
from breachkit.files import NotRegularError, open_handle, reason_of
from breachkit.purge.disk import fingerprint_of
from breachkit.purge.needles import is_in_bytes, is_in_texts, longest_reach, parse_needles
from breachkit.text.message import added_by_decoding, decoded_texts, is_plain, typed_texts
from breachkit.text.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.purge.disk import Fingerprint
    from breachkit.purge.needles import Needle, Texts

PIECE = 1 << 24
"""Bytes of a file that are held at a time."""
LONGEST_DECODED = 1 << 26
"""How much of a message is decoded; beyond, its raw bytes alone are searched."""

TOO_SLOW = "the pattern takes too long"
NO_LONGER_A_FILE = "no regular file any more"


FoundAs = Literal["raw", "decoded", "reader"]
"""Where all that is sought stands: in the bytes; else there or in the decoded texts; else as a reader sees these."""
WEAKEST_FIRST: tuple[FoundAs, ...] = ("reader", "decoded", "raw")


class Hit(NamedTuple):
    """A file that holds what was sought."""

    path: str
    fingerprint: Fingerprint
    found_as: FoundAs


class Unread(NamedTuple):
    """A file that could not be searched, and the fixed reason why."""

    path: str
    reason: str


class Search:
    """Searches files for strings; a search made is one that can be run. Without strings every file is a hit.

    Raises BlankStringError, BadPatternError.
    """

    def __init__(self, texts: Texts) -> None:
        self._needles = parse_needles(texts)
        self._enough = any if texts.is_any else all
        self._raw_only = texts.raw_only
        self._is_regex = texts.is_regex
        self._is_ascii = not texts.ignore_case and all(string.isascii() for string in texts.strings)
        self._seen = _seen(self._needles, texts)
        alone = self.alone
        self.longest = self._seen[0].longest if alone is not None and alone.isascii() and self._seen[0] else b""
        """The longest word of what is sought `alone`; nothing where its bytes may lack it."""
        self._overlap = longest_reach(self._needles)

    def look(self, path: str) -> Hit | Unread | None:
        """Search one file; None when it does not hold what was sought."""
        try:
            handle, status = open_handle(path, follows=False)
        except NotRegularError:
            return Unread(path, NO_LONGER_A_FILE)
        except OSError as error:
            return Unread(path, reason_of(error))
        try:
            return self._look(path, handle, status)
        except TimeoutError:  # before OSError, whose kin it is
            return Unread(path, TOO_SLOW)
        except OSError as error:
            return Unread(path, reason_of(error))
        finally:
            os.close(handle)

    def judge(self, raw: bytes) -> FoundAs | None:
        """Search a message of which all bytes are at hand. Raises TimeoutError."""
        held = [is_in_bytes(needle, raw) for needle in self._needles]
        return "raw" if not held or self._enough(held) else self.judge_decoded(raw, held)

    def judge_decoded(self, raw: bytes, held: Sequence[bool] = (False,), *, has_longest: bool = True) -> FoundAs | None:
        """Search the texts of a message whose bytes do not hold all that is sought. Raises TimeoutError.

        Args:
            raw: the message.
            held: of each thing sought, whether the bytes hold it.
            has_longest: False when they do not even hold `longest`.
        """
        if self._raw_only:
            return None
        is_ascii = raw.isascii()
        is_spelled = has_longest or not is_ascii or not self.longest
        may_be_seen = is_spelled and self._enough([one is None or one.may_be_in(raw) for one in self._seen])
        if not may_be_seen and (is_ascii or self._is_ascii) and not self._is_regex and is_plain(raw):
            return None
        return self._find(raw, held, unfolds=is_spelled)

    @property
    def alone(self) -> bytes | None:
        """The bytes sought when they are one literal string and nothing else."""
        return self._needles[0].raw if len(self._needles) == 1 and isinstance(self._needles[0].raw, bytes) else None

    def _look(self, path: str, handle: int, status: os.stat_result) -> Hit | None:
        first = _read(handle, PIECE, status.st_size)
        is_whole = len(first) < PIECE
        if is_whole:
            found_as = self.judge(first)
        else:
            held = self._look_on(handle, first)
            is_raw = not held or self._enough(held)
            found_as = "raw" if is_raw else None if self._raw_only else self._decode(handle, held)
        if found_as is None:
            return None
        # the hash of the very bytes that were searched, when they were all read at once
        digest = sha256(first).hexdigest() if is_whole else _hash(handle)
        return Hit(path, fingerprint_of(status, digest), found_as)

    def _look_on(self, handle: int, piece: bytes) -> list[bool]:
        """Search a file that is longer than a piece; each piece is seen with the end of the one before."""
        held = [False] * len(self._needles)
        while piece:
            held = [one or is_in_bytes(needle, piece) for one, needle in zip(held, self._needles, strict=True)]
            block = _read(handle, PIECE, PIECE)
            piece = piece[max(0, len(piece) - self._overlap) :] + block if block else b""
        return held

    def _decode(self, handle: int, held: list[bool]) -> FoundAs | None:
        """Find it in a long file."""
        os.lseek(handle, 0, os.SEEK_SET)
        return self._find(_read(handle, LONGEST_DECODED, LONGEST_DECODED), held)

    def _find(self, raw: bytes, held: Sequence[bool], *, unfolds: bool = True) -> FoundAs | None:
        """Find it in the texts of a message.

        Args:
            raw: the message.
            held: of each needle, whether the raw bytes hold it.
            unfolds: False when no header that is only folded can hold it.
        """
        added = None if self._is_regex else added_by_decoding(raw, unfolds=unfolds)
        first = self._seen[0]
        if added is not None and not unfolds and first is not None and not first.may_be_added(added):
            return None
        texts = list(decoded_texts(raw)) if added is None else added.texts
        held = [held[at] or is_in_texts(needle, texts) for at, needle in enumerate(self._needles)]
        if self._enough(held):
            return "decoded"
        for at, seen in enumerate(self._seen):
            held[at] = held[at] or (seen is not None and seen.may_be_in(raw, added) and seen.is_in(typed_texts(raw)))
        return "reader" if self._enough(held) else None


def _seen(needles: tuple[Needle, ...], texts: Texts) -> tuple[Seen | None, ...]:
    """Make what tells of each string whether a reader sees it; of a pattern nothing can."""
    if texts.is_regex or texts.raw_only:
        return tuple(None for _ in needles)
    return tuple(None if one.spelled is None else Seen(one.spelled, ignore_case=texts.ignore_case) for one in needles)


def _read(handle: int, most: int, expected: int) -> bytes:
    """Read as much as there is, up to `most`: one call when the file is as long as expected."""
    # one byte more than expected: a file that grows meanwhile is noticed, and none is asked twice
    first = os.read(handle, min(most, expected + 1))
    if len(first) == most or len(first) == expected or not first:
        return first
    return first + b"".join(_blocks(handle, most - len(first)))


def _blocks(handle: int, size: int) -> Iterator[bytes]:
    while size and (block := os.read(handle, min(size, PIECE))):
        size -= len(block)
        yield block


def _hash(handle: int) -> str:
    os.lseek(handle, 0, os.SEEK_SET)
    digest = sha256()
    while block := os.read(handle, PIECE):
        digest.update(block)
    return digest.hexdigest()
