"""Writing a file: it is whole or not there, and only its owner may read it, whatever the umask."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from breachkit.files import long_path

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE_MODE = 0o600
FOLDER_MODE = 0o700
BLOCK = 1 << 20
CREATE = os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
"""A new file, never one that is there or that a link stands for."""
REOPEN = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
"""A file of ours, to be written on, never one that a link stands for."""
NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})
"""Why a hard link cannot be had: FAT, some network shares, `fs.protected_hardlinks` for a stranger's file."""


def make_folder(path: str) -> None:
    """Make a folder that only we may enter. Raises FileExistsError, OSError."""
    os.mkdir(long_path(path), FOLDER_MODE)


def write_whole(path: os.PathLike[str] | str, pieces: Iterable[bytes], *, replaces: bool = False) -> None:
    """Write a file under a name of its own, and give it the right one when all of it is on the disk.

    Args:
        path: the file; a link there is replaced, not followed.
        pieces: what it is to hold.
        replaces: whether a file of that name may be there.

    Raises:
        FileExistsError: there is one, and none may be. OSError: it cannot be written; then nothing is left behind.
    """
    full = long_path(os.fspath(path))
    # the name is short, since that of the file may be as long as can be
    part = os.path.join(os.path.dirname(full), f".breachkit-{os.urandom(8).hex()}.part")
    handle = os.open(part, os.O_WRONLY | CREATE, FILE_MODE)
    try:
        with os.fdopen(handle, "wb", BLOCK) as stream:
            if hasattr(os, "fchmod"):
                os.fchmod(handle, FILE_MODE)  # a umask takes rights away from the owner, too
            for piece in pieces:
                stream.write(piece)
            stream.flush()
            os.fsync(handle)
        if replaces:
            os.replace(part, full)
        else:
            _name(part, full)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


def _name(part: str, full: str) -> None:
    """Give a file its name, only if that is free."""
    if os.name == "nt":
        os.rename(part, full)
        return
    try:
        os.link(part, full)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        os.close(os.open(full, os.O_WRONLY | CREATE, FILE_MODE))
        os.replace(part, full)
        return
    os.unlink(part)
