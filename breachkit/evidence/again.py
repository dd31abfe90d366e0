"""Reading queued messages again, for what stands below their heads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from breachkit.files import FIRST_READ, LONGEST_MESSAGE, PIECE, HeadReader, read_whole, reason_of
from breachkit.parallel import Piece, processors, spread
from breachkit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from breachkit.evidence.gather import Books
    from breachkit.evidence.where import Where
    from breachkit.records import Message
    from breachkit.servers import Queue


def text_of(queue: Queue, files: Sequence[bytes]) -> bytes:
    """Make the text of a message, as RFC 5322 has it, of the bytes of its files."""
    return files[0] if queue.text_of is None else queue.text_of(files)


class MessageReader:
    """Reads a message again; one that is gone by now is counted once as skipped, and has no text."""

    def __init__(self, where: Where, books: Books) -> None:
        self._where = where
        self._books = books
        self._gone: set[Message] = set()

    def __call__(self, message: Message) -> bytes:
        """Return its text."""
        try:
            return text_of(self._where.queue_at(message.queue), [read_whole(path) for path in message.files])
        except OSError as error:
            if message not in self._gone:
                self._gone.add(message)
                self._books.skip(Skipped(reason_of(error), message.source))
            return b""

    def each(
        self, messages: Sequence[Message], look: Callable[[bytes], Any], progress: Callable[[int], object]
    ) -> Iterator[Any]:
        """Yield what a function makes of the text of each message, in order, over all processors.

        Args:
            messages: whose texts are read.
            look: can be pickled, as what it returns can; it never returns None.
            progress: is told how many were handed out.
        """
        seen: list[Any] = [None] * len(messages)
        of_queues: dict[str, list[int]] = {}
        for at, message in enumerate(messages):
            of_queues.setdefault(message.queue, []).append(at)
        for label, own in of_queues.items():
            places: dict[tuple[str, str], list[int]] = {}
            work = _TextsReader(self._where.queue_at(label), look)
            for key, found in spread(_pieces(messages, own, places, progress), work, processors()):
                for at, one in zip(places[key], found, strict=True):
                    seen[at] = one
        for at, one in enumerate(seen):
            # gone by now: then this says why
            yield look(self(messages[at])) if one is None else one


class _TextsReader:
    """What is made of the messages of a piece, in order; it can be handed to another process."""

    def __init__(self, queue: Queue, look: Callable[[bytes], Any]) -> None:
        self._queue = queue
        self._look = look

    def __call__(self, piece: Piece) -> tuple[tuple[str, str], list[Any]]:
        """Read them; None stands for one that cannot be read."""
        found: list[Any] = []
        with HeadReader(piece.folder) as heads:
            for files in piece.messages:
                try:
                    raws = [_whole(heads, name) for name in files]
                except OSError:
                    found.append(None)
                else:
                    found.append(self._look(text_of(self._queue, raws)))
        return (piece.folder, piece.messages[0][0]), found


def _whole(heads: HeadReader, name: str) -> bytes:
    raw, size = heads.read(name, FIRST_READ)
    return raw if len(raw) == size else heads.read(name, LONGEST_MESSAGE)[0]


def _pieces(
    messages: Sequence[Message],
    own: Sequence[int],
    places: dict[tuple[str, str], list[int]],
    progress: Callable[[int], object],
) -> Iterator[Piece]:
    """Cut some messages in pieces, folder by folder; `places` gets which messages each is, by folder and first file."""
    folders: dict[str, list[int]] = {}
    for at in own:
        folders.setdefault(os.path.dirname(messages[at].files[0]), []).append(at)
    for folder, inside in folders.items():
        above = os.path.join(folder, "")
        begin = len(above)
        for start in range(0, len(inside), PIECE):
            chosen = inside[start : start + PIECE]
            # a file of another folder keeps its whole path
            names = [
                tuple(path[begin:] if path.startswith(above) else path for path in messages[at].files) for at in chosen
            ]
            places[folder, names[0][0]] = chosen
            progress(len(chosen))
            yield Piece(folder, names)
