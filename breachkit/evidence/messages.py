"""The message of a queue that a word means: a file, the name of one, or the id; and what its reader sees of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError, PathUnreadableError, UsageError
from breachkit.evidence import again, gather
from breachkit.evidence.queued import Walk, read_message
from breachkit.files import read_whole, shown
from breachkit.progress import silent
from breachkit.records import Message, Skipped
from breachkit.servers import QueueFolder
from breachkit.spelling import plain_address
from breachkit.text.letter import read_letter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.evidence.where import Where
    from breachkit.servers import Queue
    from breachkit.text.letter import Letter


def file_of(where: Where, word: str) -> Path | None:
    """Return the file that a word names: a path, one below the root as reports show it, or a name in a queue folder."""
    named = [Path(word), *([where.layout.root / word] if where.layout.root is not None else [])]
    if os.path.basename(word) == word:
        named += [folder.path / word for folder in where.layout.queues]
    return next((path for path in named if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):  # a name that the system does not take names nothing
        return False


def message_at(where: Where, path: Path) -> Message:
    """Read the message in a file, whether it lies in a queue or not. Raises PathUnreadableError."""
    try:
        full = path.resolve()
        full.stat()
    except OSError as error:
        raise PathUnreadableError(path, error) from None
    folder = _folder_of(where, full) or QueueFolder(full.parent, shown(full.parent, where.layout.root))
    queue = where.queue_at(folder.label)
    walk = Walk(where.layout.root, where.zone, silent, 1)
    message = read_message(queue, _files_of(queue, full), folder, walk)
    if isinstance(message, Skipped):
        raise PathUnreadableError(path, message.reason)
    return message


def _files_of(queue: Queue, path: Path) -> tuple[str, ...]:
    """List all files of the message that a file belongs to."""
    above, name = os.path.split(path)
    with os.scandir(above) as entries:
        names = (entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        files = next((files for files in queue.find_messages(above, names) if name in files), (name,))
    return tuple(os.path.normpath(os.path.join(above, one)) for one in files)


def _folder_of(where: Where, path: Path) -> QueueFolder | None:
    """Find the queue folder that holds a file: the innermost."""
    above = [folder for folder in where.layout.queues if folder.path.resolve() in path.parents]
    return max(above, key=lambda folder: len(folder.path.resolve().parts), default=None)


def is_queued(where: Where, message: Message) -> bool:
    """Tell whether a message lies in a queue that is part of the evidence, or in the quarantine beside it."""
    return _folder_of(where, Path(message.files[0]).resolve()) is not None


def find_message(where: Where, word: str, books: gather.Books) -> Message:
    """Find the one message that a word means: a file, else the name of one or an id, in any case.

    Raises BreachkitError when there is none, UsageError when there are several.
    """
    path = file_of(where, word)
    if path is not None:
        message = message_at(where, path)
        books.files, books.found_messages, books.messages, books.bytes = 1, 1, 1, message.size
        return message
    wanted = plain_address(word).casefold()
    found = [one for one in gather.read_queued(where, books) if wanted in _names_of(one)]
    if not found:
        raise BreachkitError(
            f"none of the {books.messages:,} messages of the queue is '{word}'; name a file, as scan and group show it,"
            " or the id of a message"
        )
    if len(found) > 1:
        paths = ", ".join(one.source.path for one in found)
        raise UsageError(f"'{word}' is several messages; name the file of one: {paths}")
    return found[0]


def _names_of(message: Message) -> Iterator[str]:
    yield os.path.basename(message.files[0]).casefold()
    if message.queue_id is not None:
        yield message.queue_id.casefold()


def letter_of(where: Where, message: Message) -> Letter:
    """Read what the reader of a message sees of it. Raises PathUnreadableError."""
    try:
        return read_letter(again.text_of(where.queue_at(message.queue), [read_whole(path) for path in message.files]))
    except OSError as error:
        raise PathUnreadableError(message.source.path, error) from None
