"""Disks that fail or kill: every act may be the last, or answer as another file system would."""

from __future__ import annotations

import errno
import os
import signal
from functools import partial
from typing import TYPE_CHECKING

from breachkit.files import QUARANTINE
from breachkit.purge.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.purge.disk import Fingerprint


class QuickDisk(Disk):
    """Waits for no disk: what is tested with it is killed, and a kill loses nothing that was written."""

    def sync(self, handle: int) -> None:
        """Cost no time."""

    def sync_folder(self, path: str) -> None:
        """Cost no time."""


class OtherVolumeDisk(QuickDisk):
    """The quarantine lies on another volume than the queue."""

    def rename(self, source: str, target: str) -> None:
        self._cross(source, target)
        super().rename(source, target)

    def place(self, source: str, target: str) -> None:
        self._cross(source, target)
        super().place(source, target)

    def _cross(self, source: str, target: str) -> None:
        # the folder in which copies are staged lies on the volume of the queue
        if (f"{QUARANTINE}-far" in source) != (f"{QUARANTINE}-far" in target):
            raise OSError(errno.EXDEV, "Invalid cross-device link", source)


class NoLinksDisk(QuickDisk):
    """A file system without hard links, such as FAT."""

    def place(self, source: str, target: str) -> None:
        if self.status(target) is not None:
            raise FileExistsError(errno.EEXIST, "File exists", target)
        raise PermissionError(errno.EPERM, "Operation not permitted", source)


class MortalDisk(QuickDisk):
    """Kills its process, as `kill -9` does, before its step number `last`; never when that is -1."""

    def __init__(self, inner: Disk, last: int) -> None:
        self._inner = inner
        self._last = last
        self.steps = 0

    def _step(self) -> None:
        if self.steps == self._last:
            os.kill(os.getpid(), signal.SIGKILL)
        self.steps += 1

    def _act(self, act: Callable[[], None]) -> None:
        act()
        self._step()

    def make_folder(self, path: str) -> None:
        self._act(lambda: self._inner.make_folder(path))

    def rename(self, source: str, target: str) -> None:
        self._act(lambda: self._inner.rename(source, target))

    def place(self, source: str, target: str) -> None:
        self._act(lambda: self._inner.place(source, target))

    def claim(self, source: str, target: str, mark: bytes) -> None:
        self._step()
        self._act(lambda: self._inner.claim(source, target, mark))

    def copy(self, source: str, target: str, wanted: Fingerprint) -> bool:
        copied = super().copy(source, target, wanted)
        self._step()
        return copied

    def unlink(self, path: str) -> None:
        self._act(lambda: self._inner.unlink(path))

    def write(self, handle: int, text: bytes) -> None:
        """Die in the middle of each line, and after it."""
        for line in text.splitlines(keepends=True):
            half = len(line) // 2
            self._act(partial(self._inner.write, handle, line[:half]))
            self._act(partial(self._inner.write, handle, line[half:]))

    def reserve(self, handle: int, start: int, size: int) -> None:
        self._act(lambda: self._inner.reserve(handle, start, size))


def run_to_death(work: Callable[[Disk], object], inner: Disk, last: int) -> bool:
    """Run `work` in a process of its own that dies at a step; True when it died, False when it came to its end."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work(MortalDisk(inner, last))
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed otherwise than by the kill"
    return False


def steps_of(work: Callable[[Disk], object], inner: Disk) -> int:
    """Count the steps of a work that lives to its end."""
    disk = MortalDisk(inner, -1)
    work(disk)
    return disk.steps
