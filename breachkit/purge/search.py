"""Looking into one queue file: its bytes are read once, in pieces, whatever its size."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.content.decoding import decoded_texts
from breachkit.content.decoding import needs_decoding
from breachkit.content.glance import Glance
from breachkit.files import NotRegularError
from breachkit.files import open_handle
from breachkit.files import reason_of
from breachkit.purge.digest import sha256
from breachkit.purge.disk import fingerprint_of
from breachkit.purge.needles import is_in_bytes
from breachkit.purge.needles import is_in_texts
from breachkit.purge.needles import longest_reach
from breachkit.purge.needles import parse_needles
from breachkit.purge.needles import spells_blank

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.purge.disk import Fingerprint
    from breachkit.purge.needles import Needle
    from breachkit.purge.needles import Texts

PIECE = 1 << 24
"""Bytes of a file that are held at a time."""
LONGEST_DECODED = 1 << 26
"""How much of a message is decoded; beyond, its raw bytes alone are searched."""

TOO_SLOW = "the pattern takes too long"
NO_LONGER_A_FILE = "no regular file any more"


class Hit(NamedTuple):
    """A file that holds what was sought."""

    path: str
    fingerprint: Fingerprint
    is_raw: bool
    """False when only its decoded texts hold all that was sought."""


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
        self._always_decodes = texts.is_regex or any("\n" in string for string in texts.strings)
        self._blanks = spells_blank(texts)
        self._glances = _glances(self._needles)
        self._glance = self._glances[0] if len(self._glances) == 1 else None
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

    def judge(self, raw: bytes) -> bool | None:
        """Search a message of which all bytes are at hand: True for a raw hit, False for a decoded one, else None.

        Raises TimeoutError.
        """
        if not self._needles or self._enough(is_in_bytes(needle, raw) for needle in self._needles):
            return True
        return False if self.judge_decoded(raw) else None

    def judge_decoded(self, raw: bytes) -> bool:
        """Search the decoded texts of a message whose raw bytes do not hold all that is sought. Raises TimeoutError."""
        if self._raw_only:
            return False
        if self._glance is not None:
            is_held = self._glance.tell(raw)
            if is_held is not None:
                return is_held
        return self._may_decode(raw) and self._is_enough(self._find(raw))

    @property
    def alone(self) -> bytes | None:
        """The bytes sought when they are one literal string and nothing else."""
        return self._needles[0].raw if len(self._needles) == 1 and isinstance(self._needles[0].raw, bytes) else None

    def _look(self, path: str, handle: int, status: os.stat_result) -> Hit | None:
        first = _read(handle, PIECE, status.st_size)
        is_whole = len(first) < PIECE
        if is_whole:
            found_as = self.judge(first)
            is_raw, is_hit = found_as is True, found_as is not None
        else:
            found = self._look_on(handle, first)
            is_raw = self._is_enough(found)
            is_hit = is_raw or (self._may_decode(first) and self._is_enough(found | self._decode(handle, first)))
        if not is_hit:
            return None
        # the hash of the very bytes that were searched, when they were all read at once
        digest = sha256(first).hexdigest() if is_whole else _hash(handle)
        return Hit(path, fingerprint_of(status, digest), is_raw)

    def _is_enough(self, found: set[Needle]) -> bool:
        return not self._needles or self._enough(needle in found for needle in self._needles)

    def _look_on(self, handle: int, piece: bytes) -> set[Needle]:
        """Search a file that is longer than a piece; each piece is seen with the end of the one before."""
        found: set[Needle] = set()
        while piece:
            found |= {needle for needle in self._needles if needle not in found and is_in_bytes(needle, piece)}
            block = _read(handle, PIECE, PIECE)
            piece = piece[max(0, len(piece) - self._overlap) :] + block if block else b""
        return found

    def _may_decode(self, first: bytes) -> bool:
        """Tell whether decoding can add anything: most messages are plain, and decoding costs ten times the search."""
        if self._raw_only:
            return False
        if self._always_decodes or len(first) == PIECE:
            return True
        if len(self._glances) > 1 and all(glance.tell(first) is False for glance in self._glances):
            return False
        return needs_decoding(first, blanks=self._blanks)

    def _decode(self, handle: int, first: bytes) -> set[Needle]:
        """Find what stands in the raw bytes or in the decoded texts of a message."""
        raw = first
        if len(first) == PIECE:
            os.lseek(handle, 0, os.SEEK_SET)
            raw = _read(handle, LONGEST_DECODED, LONGEST_DECODED)
        return self._find(raw)

    def _find(self, raw: bytes) -> set[Needle]:
        texts = list(decoded_texts(raw))
        return {needle for needle in self._needles if is_in_bytes(needle, raw) or is_in_texts(needle, texts)}


def _glances(needles: tuple[Needle, ...]) -> tuple[Glance, ...]:
    """Make a glance for each string sought, when all of them are literal and ASCII; else none."""
    literals = [needle.raw for needle in needles if isinstance(needle.raw, bytes) and _is_plain(needle.raw)]
    return tuple(map(Glance, literals)) if len(literals) == len(needles) else ()


def _is_plain(raw: bytes) -> bool:
    return raw.isascii() and raw.decode().isprintable()


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
