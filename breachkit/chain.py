"""Files that may be trusted later: JSON lines, each chained to the one before, and who may add to them.

The journal of a purge and the book of a case are such files. Each line has `line` (its number from 1), `prev` (SHA-256
of the bytes of the line before it, without its end; zeros for the first) and `kind`. The chain shows accident and
careless edits, not a forger who writes it all anew.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.errors import BreachkitError
from breachkit.files import long_path, open_handle
from breachkit.writing import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from hashlib import _Hash
    from typing import BinaryIO

ORIGIN = "0" * 64

LONGEST_LINE = 1 << 23
"""Bytes of a line that are read: the words of a command are the longest that is written, and a system takes 2 MB."""
BLOCK = 1 << 20
"""Bytes that are read or hashed at a time."""
LOCK = "lock"
"""The file that is locked: Windows locks bytes against readers too, and a journal may be read meanwhile."""

_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LARGE = b"0" * 20
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
"""The file system has no locks: then the exclusive creates and renames alone keep messages whole."""


def sha256(raw: bytes = b"") -> _Hash:
    """Begin a hash; its library is loaded here, since a dry run hashes nothing and OpenSSL takes 3 to 8 ms."""
    import hashlib

    return hashlib.sha256(raw)


def hash_file(path: str, *, follows: bool = True) -> tuple[os.stat_result, str]:
    """Return the status of a regular file and the SHA-256 of its bytes. Raises NotRegularError, OSError."""
    handle, status = open_handle(path, follows=follows)
    try:
        # a byte more than it has: when there is none, it was read at once
        block = os.read(handle, min(BLOCK, status.st_size + 1))
        digest = sha256(block)
        while len(block) != status.st_size and (block := os.read(handle, BLOCK)):
            digest.update(block)
    finally:
        os.close(handle)
    return status, digest.hexdigest()


class BrokenChainError(Exception):
    """A line that the chain does not vouch for: its number, and why; whoever reads the file says which file it is."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(number, why)
        self.number = number
        self.why = why


class End(NamedTuple):
    """How a chained file ends."""

    lines: int
    length: int
    """Bytes of the lines that are believed."""
    last_hash: str
    torn: int
    """Bytes of half a line that a crash left at the end."""


NEW = End(0, 0, ORIGIN, 0)
"""The end of a file that has no line yet."""


def link(number: int, previous: str, kind: str, fields: Mapping[str, object]) -> bytes:
    """Spell a line, without its end."""
    import orjson  # a dry run spells no lines

    line = {"line": number, "prev": previous, "kind": kind, **fields}
    try:
        text = orjson.dumps(line, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:  # what it does not take: half of a surrogate pair, a number of more than 64 bits
        text = b"\x7f"
    # of what it takes, it spells only these otherwise than `json` does, whose escapes a journal has
    if text.isascii() and b"\x7f" not in text:
        return text
    return _encoder()(line).replace("\x7f", "\\u007f").encode("ascii")


@lru_cache(maxsize=1)
def _encoder() -> Callable[[object], str]:
    """Make what spells a line that is not plain: `json.dumps` would make an encoder for each."""
    import json  # 5 ms

    return json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


class Chain:
    """A chained file, read and verified line by line (a journal of 100,000 messages has 40 MB)."""

    def __init__(self, stream: BinaryIO, kinds: Mapping[str, Mapping[str, type]], title: str) -> None:
        """Read a file that is open.

        Args:
            stream: the file; zeros at its end are room that was not used.
            kinds: what each kind of line must hold.
            title: what the file is called: `journal`.
        """
        self.end = NEW
        """The end of what was read so far."""
        self._stream = stream
        self._kinds = {kind: (tuple(wanted), list(wanted.values())) for kind, wanted in kinds.items()}
        self._title = title

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Return each line. Raises BrokenChainError when one is none, or does not follow; OSError."""
        length, previous = 0, ORIGIN
        for number, whole in enumerate(iter(lambda: self._stream.readline(LONGEST_LINE), b""), 1):
            if not whole.endswith(b"\n"):
                self.end = End(number - 1, length, previous, len(whole.rstrip(b"\0")))
                # only zeros may follow, the room that a crash left, however many they are
                if any(block.strip(b"\0") for block in iter(lambda: self._stream.read(BLOCK), b"")):
                    raise BrokenChainError(number, f"it is longer than a line of a {self._title} can be")
                return
            text = whole[:-1]
            fields = self._parse(number, text, previous)
            length += len(whole)
            previous = sha256(text).hexdigest()
            self.end = End(number, length, previous, 0)
            yield fields

    def _parse(self, number: int, text: bytes, previous: str) -> dict[str, Any]:
        try:
            fields = _loads(text)
        except (ValueError, RecursionError):
            raise BrokenChainError(number, f"it is no line of a {self._title}") from None
        if not isinstance(fields, dict) or fields.get("line") != number or fields.get("prev") != previous:
            raise BrokenChainError(number, "it does not follow from the line before it")
        kind = fields.get("kind")
        wanted = self._kinds.get(kind) if isinstance(kind, str) else None
        if wanted is None or list(map(type, map(fields.get, wanted[0]))) != wanted[1]:
            raise BrokenChainError(number, "it is of no known kind")
        return fields


def _loads(text: bytes) -> Any:
    """Read a line as `json` does, which keeps the names of all fields of each line anew. Raises ValueError."""
    import orjson

    if _LARGE not in text.translate(_DIGITS):  # a number of more than 64 bits, as Windows has for files, it would round
        with suppress(orjson.JSONDecodeError):  # half of a surrogate pair, or no JSON at all
            return orjson.loads(text)
    import json

    return json.loads(text)


@contextmanager
def hold(folder: str) -> Iterator[None]:
    """Work alone on the chained file of a folder, until the process ends. Raises BreachkitError, OSError."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(long_path(os.path.join(folder, LOCK)), flags, FILE_MODE)
    try:
        try:
            _lock(handle)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                run = os.path.basename(folder)
                raise BreachkitError(
                    f"another breachkit works on run {run} just now; wait until it has ended"
                ) from None
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":  # pragma: no cover

    def _lock(handle: int) -> None:
        import msvcrt  # not elsewhere

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:

    def _lock(handle: int) -> None:
        import fcntl  # not on Windows

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
