"""A queue on disk, what it holds, and purge and restore of it without the command line."""

from __future__ import annotations

import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.purge.disk import Disk
from breachkit.purge.journal import History, read_lines
from breachkit.purge.moves import Purge, Receipt
from breachkit.purge.plan import Planned, identity_of
from breachkit.purge.quarantine import QueuePlace, Run, find_runs, stores_of
from breachkit.purge.restore import Restore, Restored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SPAM = b"LocalSender: anna@example.it\nFrom: pippo@gmail.com\nMsgID: YAR93710\n\nBuy it\n"
HAM = b"LocalSender: bruno@example.it\nFrom: bruno@example.it\nMsgID: YAR93711\n\nMinutes\n"


class Seen(NamedTuple):
    """Everything of a file that a restore must bring back."""

    content: bytes
    mtime_ns: int
    mode: int
    uid: int
    gid: int


def snapshot(folder: Path) -> dict[bytes, Seen]:
    """Return every file below a folder, by its name as bytes."""
    seen: dict[bytes, Seen] = {}
    for above, _, names in os.walk(os.fsencode(folder)):
        for name in names:
            path = above + b"/" + name
            status = os.lstat(path)
            content = b"(special)"
            if stat.S_ISREG(status.st_mode):
                content = Path(os.fsdecode(path)).read_bytes()
            elif stat.S_ISLNK(status.st_mode):
                content = os.fsencode(Path(os.fsdecode(path)).readlink())
            seen[os.path.relpath(path, os.fsencode(folder))] = Seen(
                content, status.st_mtime_ns, status.st_mode, status.st_uid, status.st_gid
            )
    return seen


def make_messages(queue: Path, contents: Iterable[bytes], files: int = 1) -> list[Path]:
    """Write messages with names like the server's and times of their own.

    Args:
        queue: the folder.
        contents: of the messages.
        files: how many files a message has: the first holds the content, the others what is theirs.
    """
    paths: list[Path] = []
    for number, content in enumerate(contents):
        folder = queue / "retry" if number % 3 == 2 else queue
        folder.mkdir(parents=True, exist_ok=True)
        for place in range(files):
            path = folder / (f"2026112008{number:08d}.dat" + (f".{place}" if place else ""))
            path.write_bytes(b"file %d of %b" % (place, content) if place else content)
            os.utime(path, ns=(1_700_000_000_000_000_007 + number, 1_600_000_000_123_456_789 + number))
            path.chmod(0o600 + 0o044 * (number % 2))
            paths.append(path)
    return paths


class House(NamedTuple):
    """A queue with its quarantine beside it."""

    queues: tuple[QueuePlace, ...]
    disk: Disk
    quarantine: str | None = None

    def hits(self, *strings: str) -> list[Planned]:
        """Plan the messages of which some file holds all the strings; `x.dat.1` and `x.dat.2` belong to `x.dat`."""
        messages: dict[str, list[str]] = {}
        for found in sorted(path for queue in self.queues for path in Path(queue.path).rglob("*") if path.is_file()):
            if not found.is_symlink():
                messages.setdefault(re.sub(r"(?<=\.dat)\.\d$", "", str(found)), []).append(str(found))
        wanted = [os.fsencode(string) for string in strings]
        planned = []
        for files in messages.values():
            held = b"\0".join(Path(path).read_bytes() for path in files)
            if all(string in held for string in wanted):
                planned.append(Planned(tuple(files), identity_of(map(Disk().fingerprint, files))))
        return planned

    def begin(self, name: str = "run-1") -> Purge:
        return Purge(self.disk, stores_of(self.queues, self.quarantine), name, ["pippo"])

    def purge(self, *strings: str, name: str = "run-1", is_stopped: Callable[[], bool] = lambda: False) -> Receipt:
        with self.begin(name) as run:
            run.take(self.hits(*strings), NOW, is_stopped)
            return run.close(NOW, is_stopped=is_stopped())

    def runs(self) -> list[Run]:
        return find_runs(stores_of(self.queues, self.quarantine).values(), self.disk)

    def restore(self, run: Run | None = None) -> Restored:
        chosen = run or self.runs()[0]
        return Restore(self.disk, chosen, self.queues).execute(lambda: False)

    def plan_restore(self, run: Run | None = None) -> Restored:
        return Restore(self.disk, run or self.runs()[0], self.queues).plan()


def lines_of(run: Run) -> list[dict[str, Any]]:
    """Return the lines of a run's journal."""
    return list(read_lines(run.journal, History()))


def house(queue: Path, disk: Disk | None = None, quarantine: Path | None = None) -> House:
    """Make a house of one queue folder."""
    place = None if quarantine is None else str(quarantine)
    return House((QueuePlace(str(queue), str(queue.parent)),), disk or Disk(), place)
