"""The locks by which mail servers tell each other that a message is being delivered."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "win32":  # pragma: no cover

    @contextmanager
    def locked(_path: str, _size: int | None = None) -> Iterator[bool]:
        """Hold nothing still: no server that has such locks runs on Windows, a copy of its queue may lie there."""
        yield True

else:
    import fcntl

    @contextmanager
    def locked(path: str, size: int | None = None) -> Iterator[bool]:
        """Take a lock of a file, kept until the block ends, without waiting for it; False: another process has it.

        Args:
            path: the file; a link is not followed.
            size: how many of its first bytes are locked (`fcntl`: the lock is lost as soon as this process closes the
                file by any other handle); None: the file itself is (`flock`).

        Raises OSError.
        """
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield _take(handle, size)
        finally:
            os.close(handle)

    def _take(handle: int, size: int | None) -> bool:
        how = fcntl.LOCK_EX | fcntl.LOCK_NB
        try:
            if size is None:
                fcntl.flock(handle, how)
            else:
                fcntl.lockf(handle, how, size)
        except (BlockingIOError, PermissionError):  # by POSIX a lock that another has is EACCES or EAGAIN
            return False
        return True
