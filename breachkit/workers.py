"""The same work on many files by several processes: pieces out, small partial results back, in no order.

What becomes of the results is the caller's: each process keeps its own in a `Kept`, so that what can be counted is
counted where it was read, and only the counts travel.

Measured on 200,000 queued files in the page cache, 2 processors: plain `os.fork` with pieces handed over a pipe
took 0.80 of the time of ripgrep, a pool of forked processes 0.89, of spawned ones 0.96, threads 1.65. Out of the
cache it is the number of reads in flight that counts: 8 threads in each process took 0.45.
"""

from __future__ import annotations

import marshal
import os
import sys
import threading
import time
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from breachkit.errors import WorkerLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

RECORD = 4096
"""Bytes of one hand-over: a pipe takes and gives so many at once or not at all (POSIX, PIPE_BUF on Linux)."""
FIRST_PIECES = 3
"""Pieces done here before anybody is asked to help: a fork takes 1 ms, 700 files 4 ms."""
SPAWN_AFTER = 40
"""Pieces done here before processes are spawned, where forking is not safe: to start one takes 100 ms."""
COLD = 20e-6
"""Seconds a file that are spent waiting, above which it is the disk that is waited for."""
THREADS = 8
"""Reads in flight in each process then."""
MOST_SPAWNED = 61
"""Processes that Windows can wait for: concurrent.futures.ProcessPoolExecutor refuses to start more there."""


class Piece(NamedTuple):
    """Some messages of one folder."""

    folder: str
    messages: list[tuple[str, ...]]
    """The files of each: names in the folder, or paths relative to it."""


class Kept(Protocol):
    """What one process keeps of the results of its work."""

    def add(self, result: Any) -> None:
        """Take the result of one piece."""

    def packed(self) -> Any:
        """Return all of it as values that `marshal` can write."""

    def merge(self, packed: Any) -> None:
        """Take what another process packed."""


K = TypeVar("K", bound=Kept)


class Listed:
    """All results, in no order."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.add = self.results.append
        self.merge = self.results.extend

    def packed(self) -> list[Any]:
        """Return them."""
        return self.results


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_fork() -> bool:
    """Tell whether a fork is safe here: on Linux, before any thread was started, by us or by a library."""
    if not sys.platform.startswith("linux") or threading.active_count() > 1:
        return False
    with suppress(OSError):
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208
    return False


def _can_spawn() -> bool:
    """Tell whether processes may be started here: a Dask worker is one that may have none of its own."""
    known = sys.modules.get("multiprocessing.process")
    return known is None or not known.current_process().daemon


def spread(pieces: Iterable[Piece], work: Callable[[Piece], Any], jobs: int) -> list[Any]:
    """Do the work on every piece and return the results, in no order.

    Args:
        pieces: what there is to do; taken one by one, so that finding them goes on while work is done.
        work: what to do; it can be pickled, and its results by `marshal` (tuples, lists, text, bytes, numbers).
        jobs: processes to use.

    Raises:
        WorkerLostError: a process ended before its work was done.
    """
    return keep(pieces, work, jobs, Listed).results


def keep(pieces: Iterable[Piece], work: Callable[[Piece], Any], jobs: int, new: Callable[[], K]) -> K:
    """Do the work on every piece as `spread` does, and keep the results in what `new` makes, one for each process."""
    ahead = iter(pieces)
    watch = _Stopwatch()
    kept = new()
    for piece in islice(ahead, FIRST_PIECES):
        kept.add(watch.time(piece, work))
    following = next(ahead, None)
    if following is None:
        return kept
    rest = _chain(following, ahead)
    is_forked = jobs > 1 and can_fork()
    if is_forked or watch.is_cold:
        worker = _Worker(work, new, THREADS if watch.is_cold else 1)
        _share(rest, worker, jobs if is_forked else 1, kept)
        return kept
    is_spawned = jobs > 1 and _can_spawn()
    for piece in islice(rest, SPAWN_AFTER) if is_spawned else rest:
        kept.add(work(piece))
    following = next(rest, None)
    if following is not None:
        _spawn(_chain(following, rest), work, jobs, kept)
    return kept


def _chain(first: Piece, rest: Iterator[Piece]) -> Iterator[Piece]:
    yield first
    yield from rest


class _Stopwatch:
    """Tells whether the files come from a disk, by the time spent waiting for them."""

    def __init__(self) -> None:
        self._files = 0
        self._waited = 0.0
        self._blocks = _blocks_read()

    def time(self, piece: Piece, work: Callable[[Piece], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.thread_time()
        result = work(piece)
        self._waited += time.perf_counter() - wall - (time.thread_time() - cpu)
        self._files += len(piece.messages)
        return result

    @property
    def is_cold(self) -> bool:
        if self._blocks is not None and _blocks_read() == self._blocks:
            return False  # we waited for a processor, not for the disk
        return self._waited > COLD * max(1, self._files)


def _blocks_read() -> int | None:
    """Count the reads of this process that no cache could answer; None where the system does not tell."""
    try:
        import resource  # noqa: PLC0415  POSIX only
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock


class _Worker(NamedTuple):
    """What each process does, and with how many threads."""

    work: Callable[[Piece], Any]
    new: Callable[[], Kept]
    threads: int


def _share(pieces: Iterator[Piece], worker: _Worker, jobs: int, kept: Kept) -> None:
    """Hand pieces over a pipe to forked processes and threads; what the pipe has no room for is done here."""
    reading, writing = os.pipe()
    children: list[tuple[int, int]] = []
    try:
        for _ in range(jobs - 1):
            children.append(_fork(worker, reading, writing))  # noqa: PERF401  each is to be waited for if the next fails
        os.set_blocking(writing, worker.threads > 1)  # with threads this one only looks for pieces
        crew = _Crew(worker, reading, kept)
        for piece in pieces:
            record = _write(piece)
            if record is None or not _hand_over(writing, record):
                crew.work_on(piece)
        os.close(writing)
        writing = -1
        crew.work_off()
        while children:
            kept.merge(_collect(*children.pop()))
    finally:
        for handle in (reading, writing):
            if handle >= 0:
                os.close(handle)
        for child, report in children:
            os.close(report)
            os.waitpid(child, 0)


def _write(piece: Piece) -> bytes | None:
    """Spell a piece as a record; None when it is too long for one."""
    record = marshal.dumps(tuple(piece))
    return record.ljust(RECORD, b"\0") if len(record) <= RECORD else None


def _hand_over(writing: int, record: bytes) -> bool:
    try:
        return os.write(writing, record) == RECORD
    except BlockingIOError:
        return False


class _Crew:
    """All threads of a process, which take pieces out of the pipe until nothing more can come.

    They keep their results in one place: names that each kept for itself would be there as often as there are threads.
    """

    def __init__(self, worker: _Worker, reading: int, kept: Kept) -> None:
        self._work = worker.work
        self._reading = reading
        self._kept = kept
        self._keeping = threading.Lock()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._help, daemon=True) for _ in range(worker.threads - 1)]
        for thread in self._threads:
            thread.start()

    def work_on(self, piece: Piece) -> None:
        """Do one piece."""
        result = self._work(piece)
        with self._keeping:
            self._kept.add(result)

    def work_off(self) -> None:
        """Do what comes, and wait for all threads; what one of them raised is raised here."""
        self._take()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _take(self) -> None:
        while record := os.read(self._reading, RECORD):
            self.work_on(Piece(*marshal.loads(record)))  # noqa: S302  our own process wrote it

    def _help(self) -> None:
        try:
            self._take()
        except BaseException as error:  # noqa: BLE001  raised again in the thread that asks
            self._errors.append(error)


def _fork(worker: _Worker, reading: int, writing: int) -> tuple[int, int]:
    """Start a process that works off the pipe; returns its id, and the handle that what it kept comes from."""
    report, reporting = os.pipe()
    child = os.fork()
    if child:
        os.close(reporting)
        return child, report
    code = 1
    try:
        os.close(writing)
        os.close(report)
        kept = worker.new()
        _Crew(worker, reading, kept).work_off()
        with os.fdopen(reporting, "wb") as stream:
            stream.write(marshal.dumps(kept.packed()))
        code = 0
    except KeyboardInterrupt:
        code = 130
    except (BrokenPipeError, MemoryError):
        pass  # whoever asked is gone, or says that this process was lost
    except BaseException:  # noqa: BLE001  it must not go on as if it were the process it was forked from
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def _collect(child: int, report: int) -> Any:
    """Read what a process kept. Raises WorkerLostError."""
    with os.fdopen(report, "rb") as stream:
        spelled = stream.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise WorkerLostError(os.waitstatus_to_exitcode(status))
    return marshal.loads(spelled)  # noqa: S302  our own process wrote it


def _spawn(pieces: Iterator[Piece], work: Callable[[Piece], Any], jobs: int, kept: Kept) -> None:
    """Let processes do it that begin from nothing, as Windows and macOS want it; what they find is kept here."""
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  50 ms, and only wanted here
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    with ProcessPoolExecutor(min(jobs, MOST_SPAWNED), get_context("spawn")) as pool:
        try:
            for result in pool.map(work, pieces):
                kept.add(result)
        except BrokenProcessPool:
            raise WorkerLostError(1) from None
