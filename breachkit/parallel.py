"""The same work on many pieces by several processes: the answer is the same for any number of them.

The processes begin from nothing (`spawn`), on every system alike: a fork is not safe once a library has begun threads,
and Windows has none. To start one takes 0.3 s of processor time, so the first pieces are done here.

Out of the page cache it is the number of reads in flight that counts: 8 threads in each process took 0.45 of the time.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future, ProcessPoolExecutor
    from typing import Self

FIRST_PIECES = 40
"""Pieces done here before processes are started: 8,000 small files."""
BATCH = 32
"""Pieces that a process is asked for at once."""
AHEAD = 2
"""Tasks that each helper is asked for."""
MOST_WAITING = 16
"""Results for each helper that wait in memory for one before them."""
COLD = 20e-6
"""Seconds a message that are spent waiting, above which it is the disk that is waited for."""
THREADS = 8
"""Reads in flight in each process then."""
MOST_PROCESSES = 61
"""Processes that Windows can wait for: concurrent.futures.ProcessPoolExecutor refuses to start more there."""


class Piece(NamedTuple):
    """Some messages of one folder: the names of the files of each."""

    folder: str
    messages: list[tuple[str, ...]]


class Kept(Protocol):
    """What is kept of the results of some work."""

    def add(self, result: Any) -> None:
        """Take the result of one piece."""

    def packed(self) -> Any:
        """Return all of it as values that travel."""

    def merge(self, packed: Any) -> None:
        """Take what another process packed."""


K = TypeVar("K", bound=Kept)


class Listed:
    """All results, in order."""

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


class Crew:
    """The processes that share some work, this one among them: what they work on is handed to each once."""

    def __init__(self, task: Any, jobs: int) -> None:
        """Begin `jobs` - 1 helpers; `task` can be pickled."""
        self.task = task
        self._helpers = min(jobs - 1, MOST_PROCESSES) if _may_start() else 0
        self._pool: ProcessPoolExecutor | None = None
        if self._helpers > 0:
            import multiprocessing  # noqa: PLC0415  25 ms, and only wanted here
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415

            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._helpers, spawn, _begin, (task, gc.get_threshold()))

    @property
    def is_one(self) -> bool:
        """True where all is done in this process."""
        return self._pool is None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the helpers go, and what they have not begun."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable[..., Any], rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Do some work on the task for each row of further arguments, and yield the results in order.

        Rows are taken a few ahead of the results. What a helper was lost with is done here: it may have been killed for
        want of memory.
        """
        asked: deque[tuple[tuple[Any, ...], Future[Any] | None, Any]] = deque()
        for row in rows:
            busy = sum(future is not None and not future.done() for _, future, _ in asked)
            future = self._submit(work, row) if busy < self._helpers * AHEAD else None
            asked.append((row, future, None if future else work(self.task, *row)))
            while asked and (asked[0][1] is None or asked[0][1].done() or len(asked) > MOST_WAITING * self._helpers):
                yield self._result_of(work, *asked.popleft())
        while asked:
            yield self._result_of(work, *asked.popleft())

    def _submit(self, work: Callable[..., Any], row: tuple[Any, ...]) -> Future[Any] | None:
        from concurrent.futures import BrokenExecutor  # noqa: PLC0415  as above

        with suppress(BrokenExecutor):
            return self._pool.submit(_do, work, row) if self._pool is not None else None
        return None

    def _result_of(self, work: Callable[..., Any], row: tuple[Any, ...], future: Future[Any] | None, done: Any) -> Any:
        from concurrent.futures import BrokenExecutor  # noqa: PLC0415  as above

        with suppress(BrokenExecutor):
            return done if future is None else future.result()
        return work(self.task, *row)


def _may_start() -> bool:
    """Tell whether processes may be started here: a Dask worker is one that may have none of its own."""
    known = sys.modules.get("multiprocessing.process")
    return known is None or not known.current_process().daemon


_task: list[Any] = []
"""What this process works on."""


def _begin(task: Any, threshold: tuple[int, int, int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
    threading.Thread(target=_end_with_the_one_that_asked, daemon=True).start()
    gc.set_threshold(*threshold)
    _task[:] = [task]


def _end_with_the_one_that_asked() -> None:
    """End this process when the other was killed: it would wait for work for ever."""
    from multiprocessing import parent_process  # noqa: PLC0415  as above

    asking = parent_process()
    if asking is not None:
        asking.join()
        os._exit(1)


def _do(work: Callable[..., Any], row: tuple[Any, ...]) -> Any:
    return work(_task[0], *row)


def spread(pieces: Iterable[Piece], work: Callable[[Piece], Any], jobs: int) -> list[Any]:
    """Do the work on every piece and return the results, in order."""
    return keep(pieces, work, jobs, Listed).results


def keep(pieces: Iterable[Piece], work: Callable[[Piece], Any], jobs: int, new: Callable[[], K]) -> K:
    """Do the work on every piece, and keep the results in what `new` makes: one here, one of each batch elsewhere.

    So what can be counted is counted where it was read, and only the counts travel.

    Args:
        pieces: what there is to do; taken one by one, so that finding them goes on while work is done.
        work: what to do; it can be pickled, as its results can.
        jobs: processes to use.
        new: makes what results are kept in; it can be pickled.
    """
    ahead, kept = iter(pieces), new()
    waited, messages, reads = 0.0, 0, _disk_reads()
    for piece in islice(ahead, FIRST_PIECES):
        wall, cpu = time.perf_counter(), time.thread_time()
        kept.add(work(piece))
        waited += time.perf_counter() - wall - (time.thread_time() - cpu)
        messages += len(piece.messages)
    following = list(islice(ahead, 1))
    if not following:
        return kept
    is_cold = waited > COLD * messages and (reads is None or _disk_reads() != reads)  # else a processor was waited for
    batch = _Batch(work, new, THREADS if is_cold else 1)
    rest = chain(following, ahead)
    batches = iter(lambda: list(islice(rest, BATCH)), [])
    with Crew(batch, jobs) as crew:
        for packed in crew.each(_Batch.do, ((pieces,) for pieces in batches)):
            kept.merge(packed)
    return kept


def _disk_reads() -> int | None:
    """Count the reads of this process that no cache could answer; None where the system does not tell."""
    try:
        import resource  # noqa: PLC0415  POSIX only
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock


class _Batch(NamedTuple):
    """Does the work on some pieces, and packs what it keeps of them."""

    work: Callable[[Piece], Any]
    new: Callable[[], Kept]
    threads: int

    def do(self, pieces: list[Piece]) -> Any:
        """Do them."""
        kept = self.new()
        if self.threads == 1:
            for piece in pieces:
                kept.add(self.work(piece))
        else:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  as above

            with ThreadPoolExecutor(self.threads) as pool:
                for result in pool.map(self.work, pieces):
                    kept.add(result)
        return kept.packed()
