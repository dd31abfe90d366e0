"""Which messages of the queues are wanted: each of their files is opened once, whatever decides.

Most messages are not wanted, and each of them costs no more than opening, one read and one search.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from breachkit.chain import BLOCK, sha256
from breachkit.evidence.queued import HEAD_BYTES, LONGEST_HEAD, head_of
from breachkit.files import HeadReader, NotRegularError, open_handle, reason_of, refuse_odd
from breachkit.micros import micros_of_file
from breachkit.parallel import Piece, keep
from breachkit.purge.disk import fingerprint_of
from breachkit.purge.needles import is_in_bytes, is_in_texts, longest_reach, parse_needles
from breachkit.purge.plan import Planned, Tally, identity_of
from breachkit.text.message import added_by_decoding, decoded_texts, is_plain, typed_texts
from breachkit.text.seen import SeenString

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from breachkit.progress import Progress
    from breachkit.purge.needles import Needle, SoughtTexts
    from breachkit.purge.plan import FoundAs, Predicates, Wanted
    from breachkit.servers import Head, Queue
    from breachkit.text.message import Added

PIECE = 1 << 26
"""Bytes of a file that are held at a time, and decoded; what is longer is searched on in its raw bytes alone."""

TOO_SLOW = "the pattern takes too long"
NO_LONGER_A_FILE = "no regular file any more"
NO_AGE = "message of unknown time, neither older nor newer: left alone"

WEAKEST_FIRST: tuple[FoundAs, ...] = ("reader", "decoded", "raw")

YOUNG = 2.0
"""Seconds after its last change during which a message is left alone by a watch."""


class TextSearch:
    """Searches messages for strings; a search made is one that can be run.

    Args:
        texts: the strings.
        text_of: makes the message of the bytes of its files; None: the first of them is the message.

    Raises UsageError.
    """

    def __init__(self, texts: SoughtTexts, text_of: Callable[[Sequence[bytes]], bytes] | None = None) -> None:
        self._needles = parse_needles(texts)
        self._text_of = text_of
        self._enough = any if texts.is_any else all
        self._raw_only = texts.raw_only
        self._is_regex = texts.is_regex
        self._is_ascii = not texts.ignore_case and all(string.isascii() for string in texts.strings)
        self._seen = _seen(self._needles, texts)
        self._overlap = longest_reach(self._needles)
        alone = self._needles[0].raw if len(self._needles) == 1 else None
        self._longest = b""
        """What bytes that hold what is sought alone have: its longest word; nothing where they may lack it."""
        if isinstance(alone, bytes) and alone.isascii():
            self._longest = self._seen[0].longest if self._seen[0] else alone

    def judge(self, raws: Sequence[bytes], handles: Sequence[int] = ()) -> FoundAs | None:
        """Tell how a message holds what is sought; None when it does not. Raises TimeoutError, OSError.

        Args:
            raws: the bytes of its files, `PIECE` of each at most.
            handles: the files, open, to read the rest of one that has more; nothing where none has.
        """
        if self._longest and self._text_of is None and self._longest not in raws[0] and len(raws[0]) < PIECE:
            return self._judge_coded(raws[0])  # most searches, and most messages
        held = [any(is_in_bytes(needle, raw) for raw in raws) for needle in self._needles]
        for handle, raw in zip(handles, raws, strict=False):
            if len(raw) == PIECE:
                held = self._search_on(handle, raw, held)
        if self._enough(held):
            return "raw"
        return self._judge_decoded(raws[0] if self._text_of is None else self._text_of(raws), held)

    def holds(self, files: Sequence[str]) -> bool:
        """Tell whether a message holds what is sought, by the paths of its files; one that cannot be read does not."""
        handles: list[int] = []
        try:
            for path in files:
                handles += open_handle(path, follows=False)[:1]
            raws = [_read(handle, b"", PIECE) for handle in handles]
            return self.judge(raws, handles) is not None
        except OSError:
            return False
        finally:
            for handle in handles:
                os.close(handle)

    def _search_on(self, handle: int, piece: bytes, held: list[bool]) -> list[bool]:
        """Search the rest of a file that is longer than a piece; each piece is seen with the end of the one before."""
        os.lseek(handle, len(piece), os.SEEK_SET)
        while block := _read(handle, b"", PIECE):
            piece = piece[max(0, len(piece) - self._overlap) :] + block
            held = [one or is_in_bytes(needle, piece) for one, needle in zip(held, self._needles, strict=True)]
        return held

    def _judge_coded(self, raw: bytes) -> FoundAs | None:
        """Search the texts of a message whose bytes do not even hold `_longest`. Raises TimeoutError."""
        first = self._seen[0]
        if first is None:
            return None
        if not raw.isascii():
            return self._judge_decoded(raw, [False])
        if is_plain(raw):
            return None
        added = added_by_decoding(raw, unfolds=False)
        return self._judge_decoded(raw, [False], added) if first.may_be_added(added) else None

    def _judge_decoded(self, raw: bytes, held: Sequence[bool], added: Added | None = None) -> FoundAs | None:
        """Search the texts of a message whose bytes do not hold all that is sought. Raises TimeoutError.

        Args:
            raw: the message.
            held: of each thing sought, whether the bytes hold it.
            added: what decoding adds, where that is known.
        """
        if self._raw_only:
            return None
        if added is None and not self._is_regex:
            spelled = [held[at] or one is None or one.may_be_in(raw) for at, one in enumerate(self._seen)]
            if not self._enough(spelled) and (self._is_ascii or raw.isascii()) and is_plain(raw):
                return None
            added = added_by_decoding(raw, unfolds=any(spelled))
        texts = list(decoded_texts(raw)) if added is None else added.texts
        held = [held[at] or is_in_texts(needle, texts) for at, needle in enumerate(self._needles)]
        if self._enough(held):
            return "decoded"
        for at, seen in enumerate(self._seen):
            held[at] = held[at] or (seen is not None and seen.may_be_in(raw, added) and seen.is_in(typed_texts(raw)))
        return "reader" if self._enough(held) else None


def _seen(needles: tuple[Needle, ...], texts: SoughtTexts) -> tuple[SeenString | None, ...]:
    """Make what tells of each string whether a reader sees it; of a pattern nothing can."""
    if texts.is_regex or texts.raw_only:
        return tuple(None for _ in needles)
    return tuple(
        None if one.spelled is None else SeenString(one.spelled, ignore_case=texts.ignore_case) for one in needles
    )


def _read(handle: int, so_far: bytes, most: int) -> bytes:
    """Read on until there are `most` bytes, or no more."""
    blocks = [so_far]
    most -= len(so_far)
    while most and (block := os.read(handle, min(most, BLOCK))):
        blocks.append(block)
        most -= len(block)
    return b"".join(blocks)


class PieceSearch:
    """Looks through pieces of the queues; it can be handed to another process.

    Args:
        wanted: the predicates; those that cost least come first.
        queue: how the server queues.
        zone: of times that name none.
        root: what shown paths are relative to.
        keeps: the messages are to be moved; else they are only counted, and what tells each from every other is not
            asked.

    Raises UsageError when made.
    """

    def __init__(self, wanted: Predicates, queue: Queue, zone: tzinfo, root: Path | None, *, keeps: bool) -> None:
        self._wanted = wanted
        self._asks_heads, self._asks_times = wanted.asks_heads, wanted.asks_times
        self._searches = [TextSearch(texts, queue.text_of) for texts in wanted.searched()]
        self._most = PIECE if self._searches or not wanted.asks_heads else HEAD_BYTES
        """Bytes of a file that are read before it is judged."""
        self._opened = None if self._searches or keeps else queue.head_files
        """How many of the files of a message are opened: what its head needs, or all."""
        spelled = [account.encode() for account in wanted.accounts]
        self._accounts = spelled if all(map(bytes.isascii, spelled)) else []
        """What stands in each message that is wanted: bytes that are not ASCII may stand for it in many ways."""
        self._queue = queue
        self._zone = zone
        self._root = root
        self._keeps = keeps

    def __call__(self, piece: Piece) -> Tally:
        """Look through one piece."""
        tally, bytes_read = Tally(), 0
        wanted: list[Wanted] = []
        judge = self._searches[0].judge if len(self._searches) == 1 else self._judge
        read, close, most = os.read, os.close, self._opened  # looked up once, not 200,000 times
        with HeadReader(piece.folder) as folder:
            for files in piece.messages:
                handles: list[int] = []
                raws: list[bytes] = []
                size = 0
                try:
                    for name in files:
                        if len(raws) == most:
                            refuse_odd(status := folder.status(name), name)
                            size += status.st_size
                            continue
                        handle = folder.open(name)
                        handles.append(handle)
                        raw = read(handle, HEAD_BYTES)
                        if 0 < len(raw) < HEAD_BYTES:
                            size += len(raw)
                        else:
                            refuse_odd(status := os.fstat(handle), name)
                            size += status.st_size
                            raw = _read(handle, raw, self._most)
                        raws.append(raw)
                    found_as = judge(raws, handles)
                    if found_as is not None:
                        wanted += self._take(folder, files, (raws, handles, size), found_as, tally)
                    bytes_read += size
                    continue
                except TimeoutError:  # before OSError, whose kin it is
                    reason = TOO_SLOW
                except NotRegularError:
                    reason = NO_LONGER_A_FILE
                except OSError as error:
                    reason = reason_of(error)
                finally:
                    for handle in handles:
                        close(handle)
                tally.skip(folder.path(files[0]), self._root, reason)
        tally.take(wanted)
        tally.counts["messages"] = len(piece.messages)
        tally.counts["files"] = sum(map(len, piece.messages))
        tally.counts["bytes"] = bytes_read
        return tally

    def _judge(self, raws: Sequence[bytes], handles: Sequence[int]) -> FoundAs | None:
        """Search for all that is sought; of several searches the weakest hit counts."""
        weakest: FoundAs = "raw"
        for search in self._searches:
            found_as = search.judge(raws, handles)
            if found_as is None:
                return None
            weakest = min(weakest, found_as, key=WEAKEST_FIRST.index)
        return weakest

    def _take(
        self,
        folder: HeadReader,
        files: tuple[str, ...],
        known: tuple[list[bytes], list[int], int],
        found_as: FoundAs,
        tally: Tally,
    ) -> tuple[Wanted, ...]:
        """Take a message that holds all that is sought, if its head is what is wanted too.

        Args:
            folder: where it lies.
            files: its files.
            known: the bytes of those that are open, as far as they were read, their handles, and the size of all.
            found_as: how it holds what is sought.
            tally: gets what is kept of it, or why it cannot be judged.

        Raises NotRegularError, OSError.
        """
        raws, handles, size = known
        if self._accounts and self._names_none(raws):
            return ()
        head = self._head(files, raws, handles)
        path = folder.path(files[0])
        if self._asks_heads:
            ts = None
            if self._asks_times:
                ts = head.ts if head.ts is not None else micros_of_file(os.fstat(handles[0]).st_mtime)
            if not self._wanted.takes(head, ts):
                return ()
            if ts is None and self._asks_times:
                tally.skip(path, self._root, NO_AGE)
                return ()
        if self._keeps:
            paths = (path,) if len(files) == 1 else tuple(map(folder.path, files))
            tally.hits.append(Planned(paths, self._identity(files, raws, handles)))
        return ((path, size, (head.auth_user, head.mail_from, head.subject), found_as),)

    def _names_none(self, raws: Sequence[bytes]) -> bool:
        """Tell a message whose bytes hold no account that is wanted; a head that was cut may."""
        for raw in raws:
            text = raw.lower()
            if len(raw) >= HEAD_BYTES or any(map(text.__contains__, self._accounts)):
                return False
        return True

    def _head(self, files: Sequence[str], raws: Sequence[bytes], handles: Sequence[int]) -> Head:
        parts, is_whole = [], True
        for name, raw in zip(files[: self._queue.head_files], raws, strict=False):
            parts.append((name, raw[:HEAD_BYTES]))
            is_whole = is_whole and len(raw) < HEAD_BYTES

        def longer(name: str) -> bytes:
            at = files.index(name)
            raw = raws[at]
            return raw[:LONGEST_HEAD] if len(raw) != HEAD_BYTES else _read(handles[at], raw, LONGEST_HEAD)

        return head_of(self._queue, parts, self._zone, is_whole, longer)

    def _identity(self, files: Sequence[str], raws: Sequence[bytes], handles: Sequence[int]) -> bytes:
        """Tell the very bytes that were searched from all others: a file that grows meanwhile is none of its later."""
        prints = []
        for name, raw, handle in zip(files, raws, handles, strict=True):
            status = os.fstat(handle)
            refuse_odd(status, name)
            is_whole = len(raw) < self._most
            digest = sha256(raw if is_whole else b"")
            if not is_whole:
                os.lseek(handle, 0, os.SEEK_SET)
                while block := os.read(handle, BLOCK):
                    digest.update(block)
            prints.append(fingerprint_of(status, digest.hexdigest()))
        return identity_of(prints)


def look_through(pieces: Iterable[Piece], look: PieceSearch, jobs: int, progress: Progress) -> Tally:
    """Look through the queues, over as many processes as asked; the answer is the same with any number.

    Raises WorkerLostError.
    """

    def counted() -> Iterator[Piece]:
        for piece in pieces:
            yield piece
            progress(len(piece.messages))

    return keep(counted(), look, jobs, Tally)


class Watch:
    """The same plan on newly arriving messages: remembers every message that was judged, at 60 bytes for each."""

    def __init__(self) -> None:
        self._judged: set[int] = set()
        self._waiting: set[int] = set()

    def first(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Remember the messages that are about to be judged."""
        for piece in pieces:
            self._judged.update(mark for _, mark, _ in _marked(piece))
            yield piece

    def ripe(self, pieces: Iterable[Piece], now: float) -> Iterator[Piece]:
        """Yield the new messages that are whole, one a piece: as they were one round ago, and not changed just now."""
        waiting: set[int] = set()
        for piece in pieces:
            for files, mark, changed in _marked(piece):
                if mark in self._judged:
                    continue
                if mark in self._waiting and not 0 <= now - changed < YOUNG:
                    self._judged.add(mark)
                    yield Piece(piece.folder, [files])
                else:
                    waiting.add(mark)
        self._waiting = waiting


def _marked(piece: Piece) -> Iterator[tuple[tuple[str, ...], int, float]]:
    """Yield the files of each message, what tells it and its state from all others, and when it was last changed."""
    with HeadReader(piece.folder) as folder:
        for files in piece.messages:
            try:
                known = [(status.st_size, status.st_mtime) for status in map(folder.status, files)]
            except OSError:
                continue  # gone, or one of its files is
            yield files, hash((piece.folder, files, *known)), max(mtime for _, mtime in known)
