"""Reading queued messages again, for what stands below their heads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from typing import Any

from breachkit.files import FIRST_READ
from breachkit.files import LONGEST_MESSAGE
from breachkit.files import HeadReader
from breachkit.files import read_whole
from breachkit.files import reason_of
from breachkit.records import Skipped
from breachkit.workers import RECORD
from breachkit.workers import Piece
from breachkit.workers import processors
from breachkit.workers import spread

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from breachkit.reading.gather import Books
    from breachkit.records import Message


class Reader:
    """Reads a message again; one that is gone by now is counted once as skipped, and has no text."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._gone: set[Message] = set()

    def __call__(self, message: Message) -> bytes:
        """Return its bytes."""
        try:
            return b"\n".join(read_whole(path) for path in message.files)
        except OSError as error:
            if message not in self._gone:
                self._gone.add(message)
                self._books.skip(Skipped(reason_of(error), message.source))
            return b""

    def each(
        self, messages: Sequence[Message], look: Callable[[bytes], Any], progress: Callable[[int], object]
    ) -> Iterator[Any]:
        """Yield what a function makes of the bytes of each message, in order, over all processors.

        Args:
            messages: whose bytes are read.
            look: can be pickled, and what it returns by `marshal`.
            progress: is told how many were handed out.

        Raises:
            WorkerLostError: a process ended before its work was done.
        """
        seen: dict[str, dict[str, Any]] = {}
        for folder, found in spread(_told(_pieces(messages), progress), _Look(look), processors()):
            seen.setdefault(folder, {}).update(found)
        for message in messages:
            folder, name = os.path.split(message.files[0])
            known = seen.get(folder, {})
            # of several files, or gone by now: then this says why
            yield known[name] if name in known else look(self(message))


class _Look:
    """What is made of the messages of a piece, by the name of the file; it can be handed to another process."""

    def __init__(self, look: Callable[[bytes], Any]) -> None:
        self._look = look

    def __call__(self, piece: Piece) -> tuple[str, dict[str, Any]]:
        """Read them."""
        found: dict[str, Any] = {}
        with HeadReader(piece.folder) as heads:
            for name in piece.names:
                try:
                    raw, size = heads.read(name, FIRST_READ)
                    if len(raw) < size:
                        raw, _ = heads.read(name, LONGEST_MESSAGE)
                except OSError:
                    continue
                found[name] = self._look(raw)
        return piece.folder, found


def _pieces(messages: Sequence[Message]) -> Iterator[Piece]:
    """Hand out the messages that are one file, folder by folder."""
    folders: dict[str, list[str]] = {}
    for message in messages:
        if len(message.files) == 1:
            folder, name = os.path.split(message.files[0])
            folders.setdefault(folder, []).append(name)
    for folder, names in folders.items():
        size = max(1, (RECORD - len(os.fsencode(folder))) // (len(os.fsencode(names[0])) + 2))
        for start in range(0, len(names), size):
            yield Piece(folder, names[start : start + size])


def _told(pieces: Iterator[Piece], progress: Callable[[int], object]) -> Iterator[Piece]:
    for piece in pieces:
        yield piece
        progress(len(piece.names))
