"""One run, one worker: a lock that ends with the process that holds it, however it ends."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from breachkit.errors import RunBusyError
from breachkit.files import long_path
from breachkit.purge.store import LOCK
from breachkit.writing import FILE_MODE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.purge.store import Run

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
"""The file system has no locks: then the exclusive creates and renames alone keep messages whole."""


@contextmanager
def hold(run: Run) -> Iterator[None]:
    """Work on a run alone. Raises RunBusyError, OSError.

    The lock is a file beside the journal: Windows locks bytes against readers too, and a journal may be read.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(long_path(os.path.join(run.path, LOCK)), flags, FILE_MODE)  # noqa: PTH118  see `disk`
    try:
        try:
            _lock(handle)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise RunBusyError(run.name) from None
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":  # pragma: no cover

    def _lock(handle: int) -> None:
        import msvcrt  # noqa: PLC0415  not elsewhere

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:

    def _lock(handle: int) -> None:
        import fcntl  # noqa: PLC0415  not on Windows

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
