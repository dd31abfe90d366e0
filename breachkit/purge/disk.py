"""What purge and restore do to the file system: one method for each act that can fail or be the last.

The acts stand behind one object so that tests can let any of them fail, or kill the process after it.
Paths are strings as the operating system spells them; each passes `long_path` here and nowhere else.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import NamedTuple

from breachkit.chain import BLOCK, hash_file, sha256
from breachkit.files import NotRegularError, is_link, long_path, open_handle
from breachkit.writing import CREATE, FILE_MODE, NO_LINKS, REOPEN, make_folder

FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_DISK_FULL_WINDOWS = frozenset({39, 112})


class Fingerprint(NamedTuple):
    """What tells one file from every other, and what it must get back after a copy."""

    size: int
    mtime_ns: int
    device: int
    inode: int
    mode: int
    uid: int
    gid: int
    sha256: str


def is_full(error: OSError) -> bool:
    """Tell whether an error means that the disk, or the user's share of it, is full."""
    return error.errno in FULL or getattr(error, "winerror", None) in _DISK_FULL_WINDOWS


def fingerprint_of(status: os.stat_result, digest: str) -> Fingerprint:
    """Join what a file system says of a file with the SHA-256 of its bytes."""
    return Fingerprint(
        status.st_size,
        status.st_mtime_ns,
        status.st_dev,
        status.st_ino,
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        digest,
    )


class Disk:
    """The acts themselves, each atomic for one who looks on, or exclusive, or both."""

    is_windows = os.name == "nt"

    def fingerprint(self, path: str) -> Fingerprint:
        """Read a file and tell it from every other. Raises OSError, NotRegularError."""
        return fingerprint_of(*hash_file(path, follows=False))

    def status(self, path: str) -> os.stat_result | None:
        """Return the `lstat` of a path, None when nothing has that name. Raises OSError."""
        try:
            return os.lstat(long_path(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def volume_of(self, path: str) -> int:
        """Return the volume that a path lies on, or would. Raises OSError."""
        while not os.path.exists(long_path(path)) and os.path.dirname(path) != path:
            path = os.path.dirname(path)
        return os.stat(long_path(path)).st_dev

    def is_plain_folder(self, path: str) -> bool:
        """Tell whether a path is a folder and no link or junction to one."""
        status = self.status(path)
        return status is not None and stat.S_ISDIR(status.st_mode) and not is_link(status)

    def names(self, folder: str) -> list[str]:
        """List what a folder holds. Raises OSError."""
        return sorted(os.listdir(long_path(folder)))

    def make_folder_like(self, path: str, model: str) -> None:
        """Make a folder again that is gone, with the mode and owner of the one above it. Raises OSError."""
        self.make_folder(path)
        status = os.stat(long_path(model))
        self._dress(path, status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))

    def make_folder(self, path: str) -> None:
        """Make a folder that only we may enter. Raises FileExistsError, OSError."""
        make_folder(path)

    def remove_folder(self, path: str) -> None:
        """Remove a folder if it is empty."""
        with contextlib.suppress(OSError):
            os.rmdir(long_path(path))

    def create(self, path: str) -> int:
        """Open a new file for writing that only we may read. Raises FileExistsError, OSError."""
        return os.open(long_path(path), os.O_RDWR | CREATE, FILE_MODE)

    def reopen(self, path: str) -> int:
        """Open a file of ours again for writing. Raises OSError."""
        return os.open(long_path(path), REOPEN)

    def rename(self, source: str, target: str) -> None:
        """Give a file another name on the same volume; the caller knows that the target is free. Raises OSError."""
        os.rename(long_path(source), long_path(target))

    def place(self, source: str, target: str) -> None:
        """Give a file a second name, only if that is free (on Windows: its only name).

        Raises FileExistsError when the target exists, other OSErrors when links cannot be had.
        """
        if self.is_windows:
            os.rename(long_path(source), long_path(target))
        else:
            os.link(source, target, follow_symlinks=False)

    def give(self, source: str, target: str, mark: bytes) -> None:
        """Give a file a name, only if that is free; where links cannot be had, it loses its old one.

        There the name is taken exclusively by a file that holds `mark`, and then renamed onto: after a crash the mark
        tells our file from a new message. Raises FileExistsError when the target exists and is not ours; OSError.
        """
        try:
            self.place(source, target)
        except FileExistsError:
            self.claim(source, target, mark)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            handle = self.create(target)
            try:
                self.write(handle, mark)
            finally:
                os.close(handle)
            self.claim(source, target, mark)

    def claim(self, source: str, target: str, mark: bytes) -> None:
        """Rename onto a name that is taken by our mark. Raises FileExistsError when it is not ours."""
        if not self.is_marked(target, mark):
            raise FileExistsError(errno.EEXIST, "exists", target)
        os.replace(long_path(source), long_path(target))

    def is_marked(self, path: str, mark: bytes) -> bool:
        """Tell whether a file holds the mark of `give`, or its beginning. Raises OSError."""
        try:
            handle, _ = open_handle(path, follows=False)
        except NotRegularError:
            return False
        try:
            held = os.read(handle, len(mark) + 1)
        finally:
            os.close(handle)
        return bool(held) and mark.startswith(held)

    def unlink(self, path: str) -> None:
        """Take a name away; it is no fault if it is gone. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(long_path(path))

    def copy(self, source: str, target: str, wanted: Fingerprint) -> bool:
        """Copy a file to a new name on another volume, verified and synced, with mode, owner and times.

        Returns False, leaving no copy, when the source is not what was wanted. Raises OSError, leaving no copy.
        """
        reading, _ = open_handle(source, follows=False)
        try:
            writing = self.create(target)
            try:
                try:
                    matches = self._pour(reading, writing) == wanted.sha256
                finally:
                    os.close(writing)
                if matches:
                    self._dress(target, wanted.uid, wanted.gid, wanted.mode)
                    os.utime(long_path(target), ns=(wanted.mtime_ns, wanted.mtime_ns))
                else:
                    self.unlink(target)
            except OSError:
                self.unlink(target)
                raise
        finally:
            os.close(reading)
        return matches

    def _pour(self, reading: int, writing: int) -> str:
        digest = sha256()
        while block := os.read(reading, BLOCK):
            digest.update(block)
            self.write(writing, block)
        self.sync(writing)
        return digest.hexdigest()

    def _dress(self, path: str, uid: int, gid: int, mode: int) -> None:
        if hasattr(os, "chown"):
            with contextlib.suppress(PermissionError):  # only root may give files away
                os.chown(path, uid, gid)
        os.chmod(long_path(path), mode)

    def write(self, handle: int, text: bytes) -> None:
        """Write all of it at the handle's place. Raises OSError."""
        rest = memoryview(text)
        while rest:
            rest = rest[os.write(handle, rest) :]

    def sync(self, handle: int) -> None:
        """Wait until a file is on the disk. Raises OSError."""
        os.fsync(handle)

    def sync_folder(self, path: str) -> None:
        """Wait until the names in a folder are on the disk; Windows has no such call and needs none."""
        if self.is_windows:
            return
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some network file systems sync no folders
                raise
        finally:
            os.close(handle)

    def reserve(self, handle: int, start: int, size: int) -> None:
        """Take room for `size` bytes from `start` on, filled with zeros. Raises OSError.

        `posix_fallocate` takes the blocks for good (a sparse `truncate` would not, and the room would be gone when
        it is wanted); where it is missing the zeros are written. A reader drops zeros at the end.
        """
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(handle, start, size)
            return
        os.lseek(handle, start, os.SEEK_SET)
        for done in range(0, size, BLOCK):
            self.write(handle, bytes(min(BLOCK, size - done)))
