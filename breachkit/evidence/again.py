"""Reading queued messages again, for what stands below their heads."""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.files import FIRST_READ, LONGEST_MESSAGE, HeadReader, read_whole, reason_of
from breachkit.records import Skipped
from breachkit.workers import RECORD, Piece, processors, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from breachkit.evidence.gather import Books
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
            look: can be pickled, and what it returns by `marshal`; it never returns None.
            progress: is told how many were handed out.

        Raises:
            WorkerLostError: a process ended before its work was done.
        """
        pieces = _pieces(messages)
        seen: list[Any] = [None] * len(messages)
        for folder, first, found in spread(_told(pieces, progress), _Look(look), processors()):
            for at, one in zip(pieces[folder, first].places, found, strict=True):
                seen[at] = one
        for at, one in enumerate(seen):
            # of several files, or gone by now: then this says why
            yield look(self(messages[at])) if one is None else one


class _Look:
    """What is made of the messages of a piece, in order; it can be handed to another process."""

    def __init__(self, look: Callable[[bytes], Any]) -> None:
        self._look = look

    def __call__(self, piece: Piece) -> tuple[str, str, list[Any]]:
        """Read them; None stands for one that cannot be read."""
        found: list[Any] = []
        with HeadReader(piece.folder) as heads:
            for (name,) in piece.messages:
                try:
                    raw, size = heads.read(name, FIRST_READ)
                    if len(raw) < size:
                        raw, _ = heads.read(name, LONGEST_MESSAGE)
                except OSError:
                    found.append(None)
                else:
                    found.append(self._look(raw))
        return piece.folder, piece.messages[0][0], found


class _Placed(NamedTuple):
    """Some files of one folder, and which messages they are."""

    piece: Piece
    places: Sequence[int]


def _pieces(messages: Sequence[Message]) -> dict[tuple[str, str], _Placed]:
    """Cut the messages that are one file in pieces, folder by folder; each is known by its folder and first file."""
    folders: dict[str, tuple[list[tuple[str, ...]], array[int]]] = {}
    for at, message in enumerate(messages):
        if len(message.files) == 1:
            folder, name = os.path.split(message.files[0])
            names, places = folders.setdefault(folder, ([], array("l")))
            names.append((name,))
            places.append(at)
    pieces: dict[tuple[str, str], _Placed] = {}
    for folder, (names, places) in folders.items():
        size = max(1, (RECORD - len(os.fsencode(folder))) // (len(os.fsencode(names[0][0])) + 6))
        for start in range(0, len(names), size):
            piece = Piece(folder, names[start : start + size])
            pieces[folder, names[start][0]] = _Placed(piece, places[start : start + size])
    return pieces


def _told(pieces: Mapping[tuple[str, str], _Placed], progress: Callable[[int], object]) -> Iterator[Piece]:
    for one in pieces.values():
        yield one.piece
        progress(len(one.piece.messages))
