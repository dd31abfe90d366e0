"""Walking a queue, opening logs, slices of bytes; knows no meaning.

Nothing here writes, and nothing here follows a link: a queue is evidence, and a link in it may have
been laid by an attacker.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from breachkit.parallel import Piece
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import IO, BinaryIO, Self

NAME_SURROGATE = 0x20000000
"""Bit of a Windows reparse tag that makes it stand for another name: junctions and symbolic links
have it, deduplicated and cloud files have not
(https://learn.microsoft.com/windows/win32/fileio/reparse-point-tags)."""

QUARANTINE = "breachkit-quarantine"
"""The folder beside a queue that holds what breachkit moved out of it."""

PIECE = 200
"""Messages that are read at once."""

BLOCK = 1 << 20
LONGEST_LINE = 1 << 16
"""Bytes of a log line that are kept; a longer one is no session line and is counted as skipped."""

FIRST_READ = 1 << 17
"""Bytes that most messages fit in."""
LONGEST_MESSAGE = 1 << 25
"""Bytes of a message that are searched for shared strings: a mail server takes no more from a client."""

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_OPENING = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
"""Not O_NONBLOCK for speed: a FIFO laid between the listing and the opening must not hang us."""
_READING = _OPENING | _NOFOLLOW
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NONBLOCK", 0)
"""How a folder is opened, for the names in it."""

LINK = "a link, not followed"
SPECIAL = "not a regular file"
DENIED = "cannot be opened: access denied"
IN_USE = "cannot be opened: in use by another program"
VANISHED = "vanished while it was read"
UNREADABLE = "cannot be read"
BROKEN_ARCHIVE = "archive is damaged or encrypted"
OVERLONG = "line longer than 64 KiB"

SHARING_VIOLATIONS = frozenset({32, 33})
"""Windows error codes for a file that another program holds open."""


class FoundFile(NamedTuple):
    """One regular file met on a walk."""

    path: str
    size: int
    mtime: float


class LineBlock(NamedTuple):
    """Some whole lines of a log, each with its LF but perhaps the last, and where the first begins."""

    offset: int
    text: bytes
    places: tuple[tuple[int, int], ...] = ()
    """Offset and number of each line, where its place in the text does not tell them."""

    @property
    def lines(self) -> list[bytes]:
        """The lines without their LF."""
        lines = self.text.split(b"\n")
        if not lines[-1]:
            lines.pop()
        return lines


def shown(path: str | os.PathLike[str], root: Path | None) -> str:
    r"""Spell a path for people and JSON: with `/`, relative to the root if within it, odd bytes as `\xff`."""
    text = os.fspath(path)
    base = None if root is None else os.path.join(os.fspath(root), "")
    if base is not None and text.startswith(base):
        text = text[len(base) :]
    else:
        text = os.path.abspath(text)
        whole = None if base is None else os.path.join(os.path.abspath(base), "")
        if whole is not None and os.path.join(text, "").startswith(whole):
            text = text[len(whole) :] or os.curdir
    if os.sep == "\\":
        text = text.replace("\\", "/")
    return os.fsencode(text).decode("utf-8", "backslashreplace") if os.sep == "/" else text


def name_below(above: str, root: Path | None) -> Callable[[str], str]:
    """Return what spells the path of a file of a folder as `shown` does.

    Args:
        above: the folder, with its separator.
        root: what shown paths are relative to.
    """
    if os.sep != "/":
        return lambda name: shown(above + name, root)
    base = shown(above + "x", root)[:-1]
    return lambda name: base + name if name.isascii() else shown(above + name, root)


def is_link(status: os.stat_result) -> bool:
    """Tell links, junctions included, from an `lstat`."""
    tag = getattr(status, "st_reparse_tag", 0)
    return stat.S_ISLNK(status.st_mode) or bool(tag & NAME_SURROGATE)


class NotRegularError(OSError):
    """Where a file is expected there is a folder, a FIFO, a socket or a device; or a link where none is followed."""


def open_handle(path: str, *, follows: bool = True) -> tuple[int, os.stat_result]:
    """Open a regular file for reading: everything else that may bear its name could hang us, or never end.

    Args:
        path: the file.
        follows: whether a link is followed: evidence is found under its own names, a user may name a link.

    Raises:
        NotRegularError: it is no regular file; OSError: it cannot be opened.
    """
    full = long_path(path)
    # looked at before, since opening alone may wake a device, and Windows opens what a link stands for
    if follows:
        refuse_odd(os.stat(full), path)
    elif not _NOFOLLOW and is_link(os.lstat(full)):
        raise NotRegularError(errno.ELOOP, "it is a link", path)
    try:
        handle = os.open(full, _OPENING if follows else _READING)
    except OSError as error:
        if error.errno == errno.ELOOP and not follows:
            raise NotRegularError(errno.ELOOP, "it is a link", path) from None
        raise
    status = os.fstat(handle)
    try:
        refuse_odd(status, path)
    except NotRegularError:
        os.close(handle)
        raise
    return handle, status


def refuse_odd(status: os.stat_result, path: str) -> None:
    """Raise NotRegularError for what is no regular file."""
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularError(errno.EINVAL, "it is no regular file", path)


class UnpackError(OSError):
    """An archive is damaged, or passes a bound; its text is the fixed reason, empty for damage."""


def open_regular(path: os.PathLike[str] | str, buffering: int = -1) -> BinaryIO:
    """Open a regular file, or what a link to one stands for, as a stream. Raises NotRegularError, OSError."""
    return os.fdopen(open_handle(os.fspath(path))[0], "rb", buffering)


def reason_of(error: OSError) -> str:
    """Name the fixed reason for which a file could not be read."""
    if isinstance(error, UnpackError):
        return str(error) or BROKEN_ARCHIVE
    if isinstance(error, NotRegularError):
        return SPECIAL
    if getattr(error, "winerror", None) in SHARING_VIOLATIONS:
        return IN_USE
    if isinstance(error, FileNotFoundError):
        return VANISHED
    if isinstance(error, PermissionError):
        return DENIED
    return UNREADABLE


def walk(folder: str, root: Path | None = None) -> Iterator[FoundFile | Skipped]:
    """Yield every regular file below a folder, in name order, and what was passed over.

    Args:
        folder: where to begin; a link here is followed, since the user named it.
        root: what shown paths are relative to.
    """
    ahead: list[os.DirEntry[str]] = []  # a stack: folders nested 2,000 deep are no reason to fail
    yield from _push(folder, ahead, root)
    while ahead:
        entry = ahead.pop()
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            yield Skipped(reason_of(error), Locus(shown(entry.path, root), 0, 1))
            continue
        if is_link(status):
            yield Skipped(LINK, Locus(shown(entry.path, root), 0, 1))
        elif stat.S_ISDIR(status.st_mode):
            yield from _push(entry.path, ahead, root)
        elif stat.S_ISREG(status.st_mode):
            yield FoundFile(entry.path, status.st_size, status.st_mtime)
        else:
            yield Skipped(SPECIAL, Locus(shown(entry.path, root), 0, 1))


def _push(folder: str, ahead: list[os.DirEntry[str]], root: Path | None) -> Iterator[Skipped]:
    try:
        with os.scandir(long_path(folder)) as entries:
            ahead.extend(sorted(entries, key=lambda entry: entry.name, reverse=True))
    except OSError as error:
        yield Skipped(reason_of(error), Locus(shown(folder, root), 0, 1))


FindMessages = Callable[[str, Iterable[str]], Iterable[tuple[str, ...]]]
"""Tells which files are one message, see `servers.Queue.find_messages`."""


def list_pieces(
    folder: str, root: Path | None, passed_over: list[Skipped], find_messages: FindMessages
) -> Iterator[Piece]:
    """Yield the messages below a folder, some at a time and in no order; never what breachkit moved away.

    Unlike `walk` it asks the system for no more than names and kinds, which the folder itself tells (`d_type`).

    Args:
        folder: where to begin; a link here is followed, since the user named it.
        root: what shown paths are relative to.
        passed_over: gets what is no file, or cannot be listed.
        find_messages: tells which files are one message.
    """
    ahead = [folder]
    while ahead:
        above = ahead.pop()
        try:
            with os.scandir(long_path(above)) as entries:
                messages = iter(find_messages(above, _regular_files(entries, above, ahead, passed_over, root)))
                while batch := list(islice(messages, PIECE)):
                    yield Piece(above, batch)
        except OSError as error:
            passed_over.append(Skipped(reason_of(error), Locus(shown(above, root), 0, 1)))


def _regular_files(
    entries: Iterable[os.DirEntry[str]], above: str, ahead: list[str], passed_over: list[Skipped], root: Path | None
) -> Iterator[str]:
    """Yield the names of the files of a folder; its folders are put into `ahead`, all else into `passed_over`."""
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            yield entry.name
            continue
        path = os.path.join(above, entry.name)
        if is_link(entry.stat(follow_symlinks=False)):
            passed_over.append(Skipped(LINK, Locus(shown(path, root), 0, 1)))
        elif not entry.is_dir(follow_symlinks=False):
            passed_over.append(Skipped(SPECIAL, Locus(shown(path, root), 0, 1)))
        elif entry.name != QUARANTINE:
            ahead.append(path)


def in_walk_order(path: str, separator: str = os.sep) -> str:
    """Return what paths are sorted by to stand as `walk` finds them: by the name of each folder, then of the file."""
    return path.replace(separator, "\0")


def read_head(path: str, size: int) -> bytes:
    """Return the first `size` bytes of a file, fewer if it is shorter. Raises OSError."""
    handle, _ = open_handle(path, follows=False)
    try:
        return os.read(handle, size)
    finally:
        os.close(handle)


class HeadReader:
    """Reads the beginnings of files of one folder, which is looked up once where the system can do that."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._handle: int | None = None

    def __enter__(self) -> Self:
        """Open the folder; where that fails each file is asked for by its path, and says why it cannot be read."""
        if os.open in os.supports_dir_fd:
            with suppress(OSError):
                self._handle = os.open(self._folder, FOLDER)
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        if self._handle is not None:
            os.close(self._handle)

    def path(self, name: str) -> str:
        """Spell where a file lies."""
        path = f"{self._folder}{os.sep}{name}"
        return path if os.sep not in name else os.path.normpath(path)

    def open(self, name: str) -> int:
        """Open a file for reading, a link not followed; the caller closes it. Raises OSError."""
        if self._handle is None:
            return os.open(long_path(os.path.join(self._folder, name)), _READING)
        return os.open(name, _READING, dir_fd=self._handle)

    def read(self, name: str, size: int) -> tuple[bytes, int]:
        """Return the first `size` bytes of a file, and how many it has. Raises OSError."""
        handle = self.open(name)
        try:
            head = os.read(handle, size)
            # to ask the system for the size of a file takes a sixth of the time
            return head, len(head) if len(head) < size else os.fstat(handle).st_size
        finally:
            os.close(handle)

    def status(self, name: str) -> os.stat_result:
        """Return the status of a file, a link not followed. Raises OSError."""
        if self._handle is None:
            return os.lstat(long_path(os.path.join(self._folder, name)))
        return os.stat(name, dir_fd=self._handle, follow_symlinks=False)


def read_whole(path: str) -> bytes:
    """Return the bytes of a file, `LONGEST_MESSAGE` of them at most. Raises OSError."""
    found = read_head(path, FIRST_READ)
    return found if len(found) < FIRST_READ else read_head(path, LONGEST_MESSAGE)


def long_path(path: str) -> str:
    r"""Spell a path so that Windows takes more than 260 characters and names like `CON` (the `\\?\` form)."""
    if os.name != "nt" or path.startswith("\\\\?\\"):
        return path
    full = os.path.abspath(path)
    return "\\\\?\\UNC" + full[1:] if full.startswith("\\\\") else "\\\\?\\" + full


def read_blocks(
    opened: AbstractContextManager[IO[bytes]], label: str, span: tuple[int, int | None] = (0, None)
) -> Iterator[LineBlock | Skipped]:
    """Yield the lines of a log that begin in a span of it, some at a time; whoever splits them numbers them.

    They end at LF only, a CR before it is left on. VT, FF, NEL, U+2028 and a lone CR are text: they come from
    strangers, and a reader that breaks lines there would take a stranger's words for the server's. A line of more
    than `LONGEST_LINE` bytes is skipped, however long it is, without being kept.

    Args:
        opened: the log.
        label: how it is shown.
        span: offsets of the first byte and of the first one behind (None: to the end).
    """
    at = span[0]
    try:
        with opened as stream:
            for offset, text in _split(stream, *span):
                at = offset
                yield LineBlock(offset, text) if text else Skipped(OVERLONG, Locus(label, offset, 1))
                at += len(text)
    except OSError as error:
        yield Skipped(reason_of(error), Locus(label, at, 1))


def _split(stream: IO[bytes], at: int, end: int | None) -> Iterator[tuple[int, bytes]]:
    """Yield whole lines and where they begin; nothing in the place of one that is too long."""
    # read() of a damaged archive would lose what it had unpacked so far
    read = getattr(stream, "read1", stream.read)
    rest = b""
    dropped = 0  # bytes of an overlong line let go so far
    at, ahead = _next_line(stream, read, at) if at else (0, b"")
    while (end is None or at < end) and (chunk := ahead or read(BLOCK)):
        text, ahead = rest + chunk if rest else chunk, b""
        if dropped:
            head, found, text = text.partition(b"\n")
            dropped += len(head)
            if not found:
                rest = b""
                continue
            yield at, b""
            at, dropped = at + dropped + 1, 0
        text = text if end is None else _own(text, end - at)
        whole = text.rfind(b"\n") + 1
        rest = text[whole:]
        if whole:
            yield at, text[:whole]
            at += whole
        if len(rest) > LONGEST_LINE:
            dropped, rest = len(rest), b""
    if rest or dropped:
        yield at, rest


def _own(text: bytes, size: int) -> bytes:
    """Keep the lines that begin within the first `size` bytes."""
    if len(text) <= size:
        return text
    return text[: text.find(b"\n", size - 1) + 1 or len(text)] if size > 0 else b""


def _next_line(stream: IO[bytes], read: Callable[[int], bytes], at: int) -> tuple[int, bytes]:
    """Go to the first line that begins at a place or behind it; return where that is, and what was read of it."""
    at -= 1
    stream.seek(at)
    while chunk := read(LONGEST_LINE):
        found = chunk.find(b"\n") + 1
        at += found or len(chunk)
        if found:
            return at, chunk[found:]
    return at, b""
