"""A queue on disk, what it holds, and purge and restore of it without the command line."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.files import Found
from breachkit.purge.choose import walk_queues
from breachkit.purge.disk import Disk
from breachkit.purge.journal import JournalLine, Reading
from breachkit.purge.needles import Texts
from breachkit.purge.quarantine import Purge, Receipt
from breachkit.purge.restore import Restore, Restored
from breachkit.purge.search import Hit, Search
from breachkit.purge.store import Queue, Run, find_runs, make_queue, stores_of

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


def make_messages(queue: Path, contents: Iterable[bytes]) -> list[Path]:
    """Write messages with names like the server's and times of their own."""
    paths: list[Path] = []
    for number, content in enumerate(contents):
        folder = queue / "retry" if number % 3 == 2 else queue
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"2026112008{number:08d}.dat"
        path.write_bytes(content)
        os.utime(path, ns=(1_700_000_000_000_000_007 + number, 1_600_000_000_123_456_789 + number))
        path.chmod(0o600 + 0o044 * (number % 2))
        paths.append(path)
    return paths


class House(NamedTuple):
    """A queue with its quarantine beside it."""

    queues: tuple[Queue, ...]
    disk: Disk
    quarantine: str | None = None

    def hits(self, *strings: str) -> list[Hit]:
        search = Search(Texts(strings, raw_only=True))
        found = walk_queues([queue.path for queue in self.queues], None)
        looked = (search.look(one.path) for one in found if isinstance(one, Found))
        return [hit for hit in looked if isinstance(hit, Hit)]

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


def lines_of(run: Run) -> list[JournalLine]:
    """Return the lines of a run's journal."""
    return list(Reading(run.journal))


def house(queue: Path, disk: Disk | None = None, quarantine: Path | None = None) -> House:
    """Make a house of one queue folder."""
    place = None if quarantine is None else str(quarantine)
    return House((make_queue(queue, queue.parent),), disk or Disk(), place)
