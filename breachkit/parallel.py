"""The same work on many pieces by several processes: the answer is the same for any number of them.

Each helper is a new Python (60 ms of processor time), on every system alike: a fork is not safe once a library has
begun threads, and Windows has none. It is asked and answers over its own standard streams. What a helper was lost with,
or failed at, is done here: then the fault is raised where it is asked for.

Out of the page cache it is the number of reads in flight that counts: 8 threads in each process took 0.45 of the time.
"""

from __future__ import annotations

import gc
import os
import pickle
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
    from concurrent.futures import Future, ThreadPoolExecutor
    from subprocess import Popen
    from typing import Self

FIRST_SECONDS = 0.3
"""Seconds of work, or of waiting for the disk, that are done here alone: most need no helpers. With 0.6 a plan of
100,000 messages took a tenth longer by the clock, and no less processor time."""
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


class Piece(NamedTuple):
    """Some messages of one folder: the names of the files of each."""

    folder: str
    messages: list[tuple[str, ...]]


class Keeping(Protocol):
    """What is kept of the results of some work; it can be pickled."""

    def add(self, result: Any) -> None:
        """Take the result of one piece."""

    def merge(self, other: Any) -> None:
        """Take what another process kept."""


K = TypeVar("K", bound=Keeping)


class Listed:
    """All results."""

    def __init__(self) -> None:
        self.results: list[Any] = []

    def add(self, result: Any) -> None:
        """Take one."""
        self.results.append(result)

    def merge(self, other: Listed) -> None:
        """Take those of another."""
        self.results += other.results


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew:
    """The processes that share some work, this one among them: what they work on is handed to each once."""

    def __init__(self, task: Any, jobs: int) -> None:
        """Begin; each of `jobs` - 1 helpers is started when it is first asked. `task` can be pickled."""
        self.task = task
        self._helpers = jobs - 1 if _may_start() else 0
        self._pool: ThreadPoolExecutor | None = None
        self._own = threading.local()
        """The helper of each thread."""
        self._started: list[Popen[bytes]] = []
        if self._helpers > 0:
            from concurrent.futures import ThreadPoolExecutor  # 10 ms, and only wanted here

            self._pool = ThreadPoolExecutor(self._helpers)

    @property
    def is_one(self) -> bool:
        """True where all is done in this process."""
        return self._pool is None

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the helpers, whatever they do; they only read."""
        for helper in self._started:
            helper.kill()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        for helper in self._started:
            helper.kill()  # one was about to be started, perhaps
            helper.communicate()

    def each(self, work: Callable[..., Any], rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Do some work on the task for each row of further arguments, and yield the results in order.

        Rows are taken a few ahead of the results.
        """
        asked: deque[tuple[tuple[Any, ...], Future[list[Any]] | None, list[Any]]] = deque()
        for row in rows:
            busy = sum(future is not None and not future.done() for _, future, _ in asked)
            if self._pool is not None and busy < self._helpers * AHEAD:
                asked.append((row, self._pool.submit(self._ask, work, row), []))
            else:
                asked.append((row, None, [work(self.task, *row)]))
            while asked and (asked[0][1] is None or asked[0][1].done() or len(asked) > MOST_WAITING * self._helpers):
                yield self._result_of(work, *asked.popleft())
        while asked:
            yield self._result_of(work, *asked.popleft())

    def _result_of(
        self, work: Callable[..., Any], row: tuple[Any, ...], future: Future[list[Any]] | None, done: list[Any]
    ) -> Any:
        found = done if future is None else future.result()
        return found.pop() if found else work(self.task, *row)

    def _ask(self, work: Callable[..., Any], row: tuple[Any, ...]) -> list[Any]:
        """Ask the helper of this thread; nothing where it does not answer."""
        with suppress(OSError, EOFError, pickle.UnpicklingError):
            if not hasattr(self._own, "helper"):
                self._own.helper = self._start()
            ask, answers = self._own.helper.stdin, self._own.helper.stdout
            pickle.dump((work, row), ask)
            ask.flush()
            return [pickle.load(answers)]
        return []

    def _start(self) -> Popen[bytes]:
        import subprocess

        command = [sys.executable, "-P", "-c", _HELPER]
        helper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  this Python
        self._started.append(helper)
        assert helper.stdin is not None  # noqa: S101  it is a pipe
        for known in (sys.path, gc.get_threshold(), self.task):
            pickle.dump(known, helper.stdin)
        return helper


def _may_start() -> bool:
    """Tell whether processes may be started here: a Dask worker is one that may have none of its own."""
    known = sys.modules.get("multiprocessing.process")
    return known is None or not known.current_process().daemon


_HELPER = """\
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
from breachkit.parallel import help_out
help_out()
"""
"""What a helper runs."""


def help_out() -> None:
    """Work for the process that started this one, until it ends; never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        gc.set_threshold(*pickle.load(asked))
        task = pickle.load(asked)
        while True:
            work, row = pickle.load(asked)
            pickle.dump(work(task, *row), answers)
            answers.flush()
    finally:
        os._exit(1)  # without a word: the one that asked does it again, and says what is wrong


def spread(pieces: Iterable[Piece], work: Callable[[Piece], Any], jobs: int) -> list[Any]:
    """Do the work on every piece and return the results, in no order."""
    return keep(pieces, work, jobs, Listed).results


def keep(pieces: Iterable[Piece], work: Callable[[Piece], Any], jobs: int, new: Callable[[], K]) -> K:
    """Do the work on every piece, and keep the results in what `new` makes: one here, one of each batch elsewhere.

    So what can be counted is counted where it was read, and only the counts travel. They come in no order.

    Args:
        pieces: what there is to do; taken one by one, so that finding them goes on while work is done.
        work: what to do; it can be pickled, as its results can.
        jobs: processes to use.
        new: makes what results are kept in; it can be pickled.
    """
    ahead, kept = iter(pieces), new()
    worked, waited, messages, reads, is_cold = 0.0, 0.0, 0, _disk_reads(), False
    for piece in ahead:
        wall, cpu = time.perf_counter(), time.thread_time()
        kept.add(work(piece))
        cpu = time.thread_time() - cpu
        worked += cpu
        waited += time.perf_counter() - wall - cpu
        messages += len(piece.messages)
        is_cold = waited > COLD * messages and (reads is None or _disk_reads() != reads)
        if worked + (waited if is_cold else 0.0) >= FIRST_SECONDS:  # else a processor was waited for
            break
    following = list(islice(ahead, 1))
    if not following:
        return kept
    batch = _Batch(work, new, THREADS if is_cold else 1, kept)
    rest = chain(following, ahead)
    batches = iter(lambda: list(islice(rest, BATCH)), [])
    with Crew(batch, jobs) as crew:
        for other in crew.each(_Batch.do, ((pieces,) for pieces in batches)):
            if other is not None:
                kept.merge(other)
    return kept


def _disk_reads() -> int | None:
    """Count the reads of this process that no cache could answer; None where the system does not tell."""
    try:
        import resource  # POSIX only
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_inblock


class _Batch:
    """Does the work on some pieces, and keeps what comes of it."""

    def __init__(
        self, work: Callable[[Piece], Any], new: Callable[[], Keeping], threads: int, kept: Keeping | None = None
    ) -> None:
        self._work = work
        self._new = new
        self._threads = threads
        self._kept = kept

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave out what is kept here: another process has nothing yet."""
        return _Batch, (self._work, self._new, self._threads)

    def do(self, pieces: list[Piece]) -> Keeping | None:
        """Do them; returns what is kept of them elsewhere: to merge it takes nearly as long as to count them."""
        kept = self._new() if self._kept is None else self._kept
        if self._threads == 1:
            for piece in pieces:
                kept.add(self._work(piece))
        else:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(self._threads) as pool:
                for result in pool.map(self._work, pieces):
                    kept.add(result)
        return kept if self._kept is None else None
