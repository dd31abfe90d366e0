"""Queued messages: the files of each → Message, over several processes; whatever the server, its `Queue` tells how."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from breachkit.files import HeadReader, in_walk_order, list_pieces, name_below, reason_of
from breachkit.micros import micros_of_file, moment_of
from breachkit.parallel import Keeping, Piece, keep, spread
from breachkit.records import Locus, Message, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo

    from breachkit.files import FindMessages
    from breachkit.progress import Progress
    from breachkit.servers import Head, Queue, QueueFolder

HEAD_BYTES = 1 << 15
"""How much of a file is read at first; a head that does not end in it is read on, up to `LONGEST_HEAD`."""
LONGEST_HEAD = 1 << 20

ReadPiece = tuple[str, list[tuple[Any, ...]], list[tuple[str, str]], bool, str]
"""Some messages of one folder, in plain values that travel between processes: the label of their queue; of each that
was read its path as shown, size, time (microseconds since the epoch), whether it bears that time itself, what was asked
for, and its files; of each that was not its path and the reason; whether breachkit moved them there; the folder."""


class Walk(NamedTuple):
    """How queues are to be read."""

    root: Path | None
    """What shown paths are relative to."""
    zone: tzinfo
    progress: Progress
    jobs: int
    """Processes to use."""


class QueueCount(Keeping, Protocol):
    """What is counted of a queue, in one process or in all."""

    def pass_over(self, skipped: Iterable[Skipped]) -> None:
        """Take what was met on the way and is no file; all else of the folder has been counted by then."""


def read_queue(queue: Queue, folders: Sequence[QueueFolder], walk: Walk) -> Iterator[Message | Skipped]:
    """Read the messages of the given queue folders; what lies in a queue below a queue is read with that one.

    The order is that of `files.walk`, over however many processes.
    """
    reader = PieceReader(queue, folders, walk, _all_of)
    for top in _tops(folders):
        passed_over: list[Skipped] = []
        found = spread(_pieces(queue, top, walk, passed_over), reader, walk.jobs)
        walk.progress(len(passed_over))
        rows = [row for piece in found for row in _unpack(piece)]
        yield from sorted([*rows, *passed_over], key=lambda row: in_walk_order(row.source.path, "/"))


C = TypeVar("C", bound=QueueCount)


def count_queue(queue: Queue, folders: Sequence[QueueFolder], walk: Walk, new: Callable[[], C]) -> Iterator[C]:
    """Count what `read_queue` reads where it is read, one count for each folder that is below no other one."""
    reader = PieceReader(queue, folders, walk, _counted_of)
    for top in _tops(folders):
        passed_over: list[Skipped] = []
        counted = keep(_pieces(queue, top, walk, passed_over), reader, walk.jobs, new)
        walk.progress(len(passed_over))
        counted.pass_over(passed_over)
        yield counted


def _tops(folders: Sequence[QueueFolder]) -> list[QueueFolder]:
    """Leave out the folders that are read with one above them; a quarantine never is."""
    tops = topmost(os.fspath(folder.path) for folder in folders if not folder.is_quarantine)
    return [folder for folder in folders if folder.is_quarantine or os.fspath(folder.path) in tops]


def _pieces(queue: Queue, top: QueueFolder, walk: Walk, passed_over: list[Skipped]) -> Iterator[Piece]:
    find_messages: FindMessages = _moved_messages if top.is_quarantine else queue.find_messages
    for piece in list_pieces(os.fspath(top.path), walk.root, passed_over, find_messages):
        yield piece
        walk.progress(len(piece.messages))


def queue_pieces(
    folders: Iterable[str], queue: Queue, root: Path | None, passed_over: list[Skipped]
) -> Iterator[Piece]:
    """Yield the messages of queue folders, each once, some at a time and in no order; see `files.list_pieces`."""
    for folder in topmost(folders):
        yield from list_pieces(folder, root, passed_over, queue.find_messages)


def topmost(folders: Iterable[str]) -> list[str]:
    """Leave out folders that lie in another of them, or are the same by another name."""
    real = {os.path.realpath(folder): folder for folder in reversed(list(folders))}
    return [folder for path, folder in sorted(real.items()) if not any(above in real for above in _above(path))]


def _above(path: str) -> Iterator[str]:
    while (parent := os.path.dirname(path)) != path:
        yield parent
        path = parent


def _moved_messages(_folder: str, names: Iterable[str]) -> Iterable[tuple[str, ...]]:
    """Tell which files of a quarantine are one message: `00000007`, `00000007.1` … are the files of number 7."""
    messages: dict[str, list[str]] = {}
    for name in names:
        messages.setdefault(name.partition(".")[0], []).append(name)
    return (tuple(sorted(files, key=lambda name: (len(name), name))) for files in messages.values())


def _all_of(head: Head) -> tuple[Any, ...]:
    """Read the fields of `Message` from its id to its client address."""
    return (
        head.queue_id,
        head.auth_user,
        head.mail_from,
        head.header_from,
        head.rcpt_to,
        head.subject,
        head.reply_to,
        head.client_ip,
    )


def _counted_of(head: Head) -> tuple[Any, ...]:
    """Read what is counted of a message."""
    return head.auth_user, head.mail_from, head.rcpt_to


def head_of(
    queue: Queue, parts: Sequence[tuple[str, bytes]], zone: tzinfo, is_whole: bool, longer: Callable[[str], bytes]
) -> Head:
    """Read a head from the names and first bytes of the files that it needs; where they are too few, from more.

    `longer` reads the first `LONGEST_HEAD` bytes of a file. Raises what it raises.
    """
    head = queue.read_head(parts, zone, is_whole)
    if head is None:
        head = queue.read_head([(name, longer(name)) for name, _ in parts], zone, True)
    assert head is not None  # noqa: S101  by the contract: only bytes that were cut may be too few
    return head


class PieceReader:
    """Reads the messages of a piece; it can be handed to another process."""

    def __init__(
        self, queue: Queue, folders: Sequence[QueueFolder], walk: Walk, tell: Callable[[Head], tuple[Any, ...]]
    ) -> None:
        self._queue = queue
        self._folders = {os.fspath(folder.path): folder for folder in folders}
        self._root = walk.root
        self._zone = walk.zone
        self._tell = tell

    def __call__(self, piece: Piece) -> ReadPiece:
        """Read them; plain values, since a record travels ten times slower."""
        above = os.path.join(piece.folder, "")
        folder = _folder_of(above, self._folders)
        named = name_below(above, self._root)
        read, skipped = [], []
        with HeadReader(piece.folder) as heads:
            for files in piece.messages:
                try:
                    read.append((named(files[0]), *self._read(heads, files)))
                except OSError as error:
                    skipped.append((named(files[0]), reason_of(error)))
        return folder.label, read, skipped, folder.is_quarantine, above

    def _read(self, heads: HeadReader, files: tuple[str, ...]) -> tuple[Any, ...]:
        size, is_whole = 0, True
        parts: list[tuple[str, bytes]] = []
        for name in files:
            if len(parts) < self._queue.head_files:
                raw, length = heads.read(name, HEAD_BYTES)
                parts.append((name, raw))
                is_whole = is_whole and not len(raw) == HEAD_BYTES < length
            else:
                length = heads.status(name).st_size
            size += length
        head = head_of(self._queue, parts, self._zone, is_whole, lambda name: heads.read(name, LONGEST_HEAD)[0])
        ts = head.ts
        if ts is None:
            return size, micros_of_file(heads.status(files[0]).st_mtime) or 0, False, *self._tell(head), files
        return size, ts, True, *self._tell(head), files


def _folder_of(path: str, folders: dict[str, QueueFolder]) -> QueueFolder:
    above = os.path.dirname(path)
    while above not in folders and (parent := os.path.dirname(above)) != above:
        above = parent
    return folders[above]


def _unpack(piece: ReadPiece) -> Iterator[Message | Skipped]:
    label, read, skipped, is_quarantine, above = piece
    for path, size, ts, is_stamped, *said, files in read:
        paths = (above + files[0],) if len(files) == 1 else tuple(_below(above, name) for name in files)
        measured = (moment_of(ts), is_stamped, size, paths, is_quarantine, Locus(path, 0, 1))
        yield Message._make((label, *said, *measured))
    for path, reason in skipped:
        yield Skipped(reason, Locus(path, 0, 1))


def _below(above: str, name: str) -> str:
    return os.path.normpath(os.path.join(above, name))


def read_message(queue: Queue, files: Sequence[str], folder: QueueFolder, walk: Walk) -> Message | Skipped:
    """Read one message that lies in, or below, a queue folder; `files` are the absolute paths of all its files."""
    above, first = os.path.split(files[0])
    piece = Piece(above, [(first, *files[1:])])
    at_hand = folder._replace(path=Path(above))  # the queue folder may be known by another name
    (message,) = _unpack(PieceReader(queue, [at_hand], walk, _all_of)(piece))
    return message
