"""What SMTP logs say of accounts: read over several processes where that pays.

Which part of the logs a process reads makes no difference to the answer, by test.
"""

from __future__ import annotations

import copy
import multiprocessing
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from breachkit.logs.block import grammar_of
from breachkit.logs.clock import Clock, day_of
from breachkit.logs.hours import Hours
from breachkit.logs.reader import Part, Reader, Span, Wanted, add_tally, by_node, cut, find_keys
from breachkit.logs.smtp import Listener
from breachkit.progress import silent
from breachkit.servers.facts import LogFacts
from breachkit.workers import MOST_SPAWNED, processors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future, ProcessPoolExecutor
    from datetime import tzinfo
    from typing import Self

    from breachkit.logs.block import Column, Lines
    from breachkit.logs.kinds import LogFile, LogKind
    from breachkit.logs.reader import Head
    from breachkit.logs.smtp import Dialogue
    from breachkit.progress import Progress
    from breachkit.records import AuthAttempt, Delivery, Transaction
    from breachkit.servers import LogTally, Reading
    from breachkit.servers.facts import Question

WORTH_JOBS = 48 << 20
"""Bytes of logs from which on several processes are sooner done: to begin takes one of them 0.2 s."""
LARGEST_SPAN = 128 << 20
SMALLEST_SPAN = 16 << 20
"""Bytes of a span: large ones have fewer seams, small ones keep every process busy to the end."""


class Gatherer:
    """Keeps what of the events is asked for."""

    def __init__(self, question: Question) -> None:
        self.facts = LogFacts()
        self._question = question

    def tried(self, session: Dialogue, attempt: AuthAttempt, distance: int) -> None:
        """Keep a try."""
        if self._question.is_inside(session.start):
            self.facts.attempts.append(attempt, session.source, distance)

    def sent(self, session: Dialogue, sent: Transaction) -> None:
        """Keep a message of who has logged in, or one that is asked for."""
        if not self._question.is_inside(session.start):
            return
        if session.won is not None:
            tried = session.won[1]
            self.facts.sends.append((session.client_ip, tried.user, tried.source, sent))
        elif sent.queue_id is not None and sent.queue_id in self._question.queue_ids:
            self.facts.sends.append((session.client_ip, None, None, sent))

    def delivered(self, session: Dialogue, delivery: Delivery) -> None:
        """Keep a delivery."""
        if self._question.is_inside(session.start):
            self.facts.deliveries.append(delivery)

    def ended(self, _session: Dialogue, *, is_open: bool) -> None:
        """Keep nothing of that."""


class Task(NamedTuple):
    """What is to be read of logs, and how."""

    reading: Reading
    question: Question

    def find_rows(self, lines: Lines) -> Column:
        """List the rows of lines that tell of sessions which are asked for."""
        grammar, ids = grammar_of(lines.kind), self.question.queue_ids
        found = grammar.find_telling(lines)
        return np.union1d(found, grammar.find_messages(lines, ids)) if ids else found

    def head(self, span: Span) -> Head:
        """Take a first look at a span."""
        return find_keys(span, self.reading.zone, self.find_rows)

    def reader(self, kind: LogKind, *, is_inner: bool) -> tuple[Reader, Gatherer]:
        """Make what reads, and what gathers the facts."""
        reading, question = self.reading, self.question
        gatherer = Gatherer(question)
        listener = Listener(reading.zone, reading.fingerprints, question.distance_of, gatherer)
        reader = Reader(kind, reading.zone, listener, is_inner=is_inner)
        reader.skip = lambda skipped: gatherer.facts.skip([skipped])
        reader.hours = Hours(is_inner=is_inner) if question.by_hour else None
        reader.is_inside = question.are_inside
        return reader, gatherer

    def part(self, span: Span, keys: Column) -> Part | None:
        """Read a span by itself."""
        reader, gatherer = self.reader(span.log.kind, is_inner=True)
        reader.read(span, Wanted(keys))
        return reader.part(gatherer.facts)


def read_facts(
    logs: Sequence[LogFile], reading: Reading, question: Question, tally: LogTally, jobs: int | None = None
) -> LogFacts:
    """Read what SMTP logs say, as far as a question about accounts needs it.

    Args:
        logs: in the order in which they were written.
        reading: how they are read.
        question: what is asked.
        tally: is filled.
        jobs: how many processes read; None for one a processor, where there is enough to read.
    """
    nodes = by_node(logs, frozenset({"smtp"}))
    total = sum(log.size for node in nodes for log in node)
    number = jobs or (1 if total < WORTH_JOBS else processors())
    if any(log.form.spool is not None for node in nodes for log in node):
        number = 1  # what only this process can read
    size = max(total, 1) if number <= 1 else min(max(-(-total // number), 1 if jobs else SMALLEST_SPAN), LARGEST_SPAN)
    spans = [cut(node, size) for node in nodes]
    task = Task(reading._replace(progress=silent), question)
    with Crew(task, min(number, sum(map(len, spans)), MOST_SPAWNED)) as crew:
        return read_spans(crew, spans, reading.progress, tally)


def read_spans(
    crew: Crew, nodes: Sequence[Sequence[Span]], progress: Progress, tally: LogTally, *, is_apart: bool | None = None
) -> LogFacts:
    """Read the spans of each server, and put them together.

    Args:
        crew: who reads.
        nodes: the spans of each server, in order.
        progress: is told of all bytes.
        tally: is filled.
        is_apart: whether each span is read by itself; None for what suits the crew.
    """
    facts, task = LogFacts(), crew.task
    for spans in nodes:
        heads = []
        for span, head in zip(spans, crew.each(Task.head, [(span,) for span in spans]), strict=True):
            heads.append(head)
            progress(span.size // 2)
        keys = np.unique(np.concatenate([head.keys for head in heads]))
        wanted = Wanted(keys)
        reader, gatherer = task.reader(spans[0].log.kind, is_inner=False)
        if crew.is_one if is_apart is None else not is_apart:
            for span in spans:
                reader.read(span, wanted)
                progress(span.size - span.size // 2)
        else:
            dated = _dated(spans, heads, task.reading.zone)
            for span, part in zip(dated, crew.each(Task.part, [(span, keys) for span in dated]), strict=True):
                reader.join(span, part, wanted, gatherer.facts.add)
                progress(span.size - span.size // 2)
        reader.close()
        facts.add(gatherer.facts)
        if reader.hours is not None:
            reader.hours.add_to(facts, has_dialogue=reader.tally.dialogue_lines > 0)
        add_tally(tally, reader.tally)
    return facts


def _dated(spans: Sequence[Span], heads: Sequence[Head], zone: tzinfo) -> list[Span]:
    """Number the first line of each span, and guess how its clock stands: by the first times of day of those before."""
    dated: list[Span] = []
    number, clock = 1, None
    for span, head in zip(spans, heads, strict=True):
        if not span.begin or clock is None:
            number, clock = 1, Clock(day_of(span.log, zone), zone)
        dated.append(span._replace(number=number, clock=copy.copy(clock)))
        number += head.lines
        if head.first is not None:
            clock.at(head.first)
    return dated


class Crew:
    """The processes that read spans, or this one."""

    def __init__(self, task: Task, number: int) -> None:
        """Begin processes where there are to be several."""
        self.task = task
        self.is_one = number <= 1
        self._pool: ProcessPoolExecutor | None = None
        if not self.is_one:
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  25 ms, and only wanted here

            # a fork is not safe once numpy has begun its threads
            self._pool = ProcessPoolExecutor(number, multiprocessing.get_context("spawn"), _keep, (task,))

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the processes go, and what they have not begun."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable[..., Any], rows: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """Do some work of the task for each row of arguments; the results come in order."""
        if self._pool is None:
            yield from (work(self.task, *row) for row in rows)
            return
        from concurrent.futures import BrokenExecutor  # noqa: PLC0415  as above

        asked = deque((row, self._submit(work, row)) for row in rows)
        while asked:
            row, future = asked.popleft()  # a future that is kept would keep its result
            try:
                yield future.result()
            except BrokenExecutor:  # a process was killed: its work is still to be done
                yield work(self.task, *row)

    def _submit(self, work: Callable[..., Any], row: tuple[Any, ...]) -> Future[Any]:
        from concurrent.futures import BrokenExecutor, Future  # noqa: PLC0415  as above

        try:
            if self._pool is not None:
                return self._pool.submit(_do, work, row)
        except BrokenExecutor as error:
            lost: Future[Any] = Future()
            lost.set_exception(error)
            return lost
        raise AssertionError


_kept: list[Task] = []
"""The task of this process, handed to it once."""


def _keep(task: Task) -> None:
    _kept[:] = [task]


def _do(work: Callable[..., Any], row: tuple[Any, ...]) -> Any:
    return work(_kept[0], *row)
