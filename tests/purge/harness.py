"""A queue on disk, what it holds, and purge and restore of it without the command line."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from breachkit.evidence.queued import queue_pieces
from breachkit.progress import silent
from breachkit.purge.disk import Disk
from breachkit.purge.journal import History, read_lines
from breachkit.purge.moves import QueuePurge, Receipt
from breachkit.purge.needles import SoughtTexts
from breachkit.purge.plan import Planned, Predicates
from breachkit.purge.restoration import Restored, RestoreRun
from breachkit.purge.search import PieceSearch, look_through
from breachkit.purge.store import Queues, Run, find_queues
from breachkit.servers import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from breachkit.servers import Queue

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


def find_messages(_folder: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Tell that `x.dat.1` and `x.dat.2` belong to `x.dat`."""
    messages: dict[str, list[str]] = {}
    for name in sorted(names):
        messages.setdefault(re.sub(r"(?<=\.dat)\.\d$", "", name), []).append(name)
    yield from map(tuple, messages.values())


RULES = replace(cast("Queue", load("icewarp").queue), find_messages=find_messages)


class House(NamedTuple):
    """A queue with its quarantine beside it."""

    queues: Queues
    holds: bool = False
    """Purge puts messages on hold."""

    @property
    def disk(self) -> Disk:
        return self.queues.disk

    def hits(self, *strings: str) -> list[Planned]:
        """Plan the messages of which some file holds all the strings."""
        look = PieceSearch(Predicates(SoughtTexts(strings, raw_only=True)), self.queues.rules, UTC, None, keeps=True)
        folders = [place.path for place in self.queues.places]
        return look_through(queue_pieces(folders, self.queues.rules, None, []), look, 1, silent).planned()

    def begin(self, name: str = "run-1") -> QueuePurge:
        return QueuePurge(self.queues, name, ["pippo"], holds=self.holds)

    def purge(self, *strings: str, name: str = "run-1", is_stopped: Callable[[], bool] = lambda: False) -> Receipt:
        with self.begin(name) as run:
            run.take(self.hits(*strings), NOW, is_stopped)
            return run.close(NOW, is_stopped=is_stopped())

    def runs(self) -> list[Run]:
        return self.queues.runs()

    def restore(self, run: Run | None = None) -> Restored:
        return RestoreRun(self.queues, run or self.runs()[0]).execute(lambda: False)

    def plan_restore(self, run: Run | None = None) -> Restored:
        return RestoreRun(self.queues, run or self.runs()[0]).plan()


def lines_of(run: Run) -> list[dict[str, Any]]:
    """Return the lines of a run's journal."""
    return list(read_lines(run.journal, History()))


def house(
    queue: Path, disk: Disk | None = None, quarantine: Path | None = None, rules: Queue = RULES, *, holds: bool = False
) -> House:
    """Make a house of one queue folder; where messages are put on hold, of their folder too."""
    if rules is RULES:  # of a folder that has no other place
        rules = replace(rules, home=lambda folder: folder.parent)
    folders = [queue, queue.parent / "hold"] if holds else [queue]
    return House(find_queues(rules, folders, quarantine, disk or Disk()), holds)
