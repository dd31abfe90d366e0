"""Looking into one queue file: its bytes are read once, in pieces, whatever its size."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.chain import sha256
from breachkit.files import NotRegularError, open_handle, reason_of
from breachkit.purge.disk import fingerprint_of
from breachkit.purge.needles import is_in_bytes, is_in_texts, longest_reach, parse_needles, spells_blank
from breachkit.text.decoding import needs_decoding, typed_texts
from breachkit.text.glance import Glance, may_be_seen
from breachkit.text.seen import Seen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from breachkit.purge.disk import Fingerprint
    from breachkit.purge.needles import Needle, Texts

PIECE = 1 << 24
"""Bytes of a file that are held at a time."""
LONGEST_DECODED = 1 << 26
"""How much of a message is decoded; beyond, its raw bytes alone are searched."""

_MARKUP = rb"<(?:[/!?]|[a-z][a-z0-9]*+[\s/>])"
"""In lower case: an element, not an address."""

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
        self._always_decodes = texts.is_regex or any("\n" in string for string in texts.strings)
        self._blanks = spells_blank(texts)
        self._glances = _glances(self._needles)
        self._glance = self._glances[0] if len(self._glances) == 1 else None
        self._seen = _seen(self._needles, texts)
        is_line = self.alone is not None and not self._always_decodes and self._seen[0] is not None
        self._words = tuple(word.encode() for word in self._seen[0].words) if is_line and self._seen[0] else ()
        """The words of what is sought `alone` on one line, the longest first."""
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
        if not self._needles or self._enough(is_in_bytes(needle, raw) for needle in self._needles):
            return "raw"
        return self.judge_decoded(raw)

    def judge_decoded(self, raw: bytes, *, has_longest: bool | None = None) -> FoundAs | None:
        """Search the texts of a message whose raw bytes do not hold all that is sought. Raises TimeoutError.

        Args:
            raw: the message.
            has_longest: whether it holds the longest word of what is sought `alone`, if that is known.
        """
        if self._raw_only:
            return None
        if self._words:
            is_held = None if self._glance is None else self._glance.tell(raw, is_longest_in=has_longest)
            if is_held is None:
                is_held = self._tell_added(raw)
            if is_held is not None:
                return "decoded" if is_held else None
            return self._find(raw)
        return self._find(raw) if self._may_decode(raw) else None

    @property
    def alone(self) -> bytes | None:
        """The bytes sought when they are one literal string and nothing else."""
        return self._needles[0].raw if len(self._needles) == 1 and isinstance(self._needles[0].raw, bytes) else None

    @property
    def longest(self) -> bytes:
        """The longest word of what is sought `alone`; nothing where no glance can be had of it."""
        return b"" if self._glance is None else self._glance.longest

    def _look(self, path: str, handle: int, status: os.stat_result) -> Hit | None:
        first = _read(handle, PIECE, status.st_size)
        is_whole = len(first) < PIECE
        if is_whole:
            found_as = self.judge(first)
        else:
            found = self._look_on(handle, first)
            is_raw = self._is_enough(found)
            found_as = "raw" if is_raw else self._decode(handle, found) if self._may_decode(first) else None
        if found_as is None:
            return None
        # the hash of the very bytes that were searched, when they were all read at once
        digest = sha256(first).hexdigest() if is_whole else _hash(handle)
        return Hit(path, fingerprint_of(status, digest), found_as)

    def _tell_added(self, raw: bytes) -> bool | None:
        """Tell the same as a glance of any message and any one string, at a third of the cost of decoding."""
        from breachkit.text.added import added_by_decoding  # noqa: PLC0415  2 ms, and most queues need it not

        added = added_by_decoding(raw)
        if added is None or self.alone is None:
            return None
        if self.alone in added:
            return True
        return None if may_be_seen(raw, added, self._words) else False

    def _is_enough(self, found: Collection[Needle]) -> bool:
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
        return needs_decoding(first, blanks=self._blanks) or self._may_be_seen(first)

    def _may_be_seen(self, raw: bytes) -> bool:
        """Tell whether a reader may see what a plain message does not spell: split by white space or markup."""
        lower = raw.lower()
        if b"delsp" in lower or re.search(_MARKUP, lower):
            return True
        words = (one.words for one in self._seen if one is not None)
        return any(all(word.lower().encode() in lower for word in some) for some in words)

    def _decode(self, handle: int, found: set[Needle]) -> FoundAs | None:
        """Find it in a long file, of which the raw bytes hold what was found."""
        os.lseek(handle, 0, os.SEEK_SET)
        return self._find(_read(handle, LONGEST_DECODED, LONGEST_DECODED), found)

    def _find(self, raw: bytes, found: Collection[Needle] = ()) -> FoundAs | None:
        """Find what stands in the raw bytes or in the texts of a message."""
        typed = list(typed_texts(raw))
        texts = [text for text, _ in typed]
        held = {needle for needle in self._needles if is_in_bytes(needle, raw) or is_in_texts(needle, texts)}
        held.update(found)
        if self._is_enough(held):
            return "decoded"
        seen = zip(self._needles, self._seen, strict=True)
        held |= {needle for needle, one in seen if needle not in held and one is not None and one.is_in(typed)}
        return "reader" if self._is_enough(held) else None


def _seen(needles: tuple[Needle, ...], texts: Texts) -> tuple[Seen | None, ...]:
    """Make what tells of each string whether a reader sees it; of a pattern nothing can."""
    if texts.is_regex or texts.raw_only:
        return tuple(None for _ in needles)
    return tuple(None if one.spelled is None else Seen(one.spelled, ignore_case=texts.ignore_case) for one in needles)


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
