"""Where a measurement keeps its evidence, and how much of it there is to be."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.scale.rows import CannotError

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST = 200
"""Messages, accounts and so on that remain of any number in the small form."""


@dataclass(slots=True)
class Bench:
    """The folders of one run of the harness, and the evidence made so far."""

    disk: Path
    memory: Path | None
    """A folder on a file system in memory."""
    shrink: int = 1
    """By how much less evidence than the table says; 1 for figures to be quoted."""
    turns: int = 5
    is_small: bool = False
    """True when it only has to be seen that all of it runs."""
    _made: dict[str, Path] = field(default_factory=dict)

    def size(self, number: int) -> int:
        """Return how many of the messages, accounts or bytes of the table are made."""
        return max(min(number, LEAST), number // self.shrink)

    def make(self, name: str, build: Callable[[Path], object], *, in_memory: bool = False) -> Path:
        """Make evidence once, in a folder of its own, for every row that reads it and changes nothing."""
        key = f"{name}-memory" if in_memory else name
        if key not in self._made:
            folder = self.fresh(key, in_memory=in_memory)
            build(folder)
            self._made[key] = folder
        return self._made[key]

    def fresh(self, name: str, *, in_memory: bool = False) -> Path:
        """Make an empty folder. Raises CannotError where there is no file system in memory."""
        if in_memory and self.memory is None:
            raise CannotError("no file system in memory (/dev/shm)")
        folder = (self.memory if in_memory and self.memory is not None else self.disk) / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


def breachkit(*arguments: str) -> tuple[str, ...]:
    """Spell our command, as a user's shell would find it."""
    script = Path(sysconfig.get_path("scripts")) / "breachkit"
    return (str(script), *arguments) if script.exists() else (sys.executable, "-m", "breachkit", *arguments)


def program(name: str) -> str | None:
    """Find a peer; Debian keeps some of them where only root looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
