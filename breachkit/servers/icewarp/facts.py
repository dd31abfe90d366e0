"""The facts of SMTP logs: a map over spans of them, in one process or several, then a stitch.

Which part of the logs a process reads makes no difference to the answer, by test.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from breachkit.progress import silent
from breachkit.servers.facts import LogFacts
from breachkit.servers.icewarp.pieces import Piece, Setting, Span, cut
from breachkit.servers.icewarp.sessions import by_node
from breachkit.workers import MOST_SPAWNED, can_fork, processors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.context import BaseContext

    from breachkit.logs.kinds import LogFile
    from breachkit.servers import LogTally, Reading
    from breachkit.servers.facts import Question
    from breachkit.servers.icewarp.spans import Counted, Part

WORTH_JOBS = 48 << 20
"""Bytes of logs from which on several processes are sooner done: to begin takes one of them 0.2 s."""

LARGEST_SPAN = 128 << 20
SMALLEST_SPAN = 16 << 20
"""Bytes of a span: large ones have fewer seams, small ones keep every process busy to the end."""


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
    size = span_size(total, number, 1 if jobs else SMALLEST_SPAN)
    return read_spans([cut(node, size) for node in nodes], reading, question, tally, number)


def span_size(total: int, jobs: int, least: int) -> int:
    """Choose how many bytes a span has; in one process nothing is gained by seams."""
    return max(total, 1) if jobs <= 1 else min(max(-(-total // jobs), least), LARGEST_SPAN)


def read_spans(
    nodes: Sequence[Sequence[Span]], reading: Reading, question: Question, tally: LogTally, jobs: int
) -> LogFacts:
    """Read the spans of each server, and stitch them."""
    facts: LogFacts | None = None
    parts = _parts([span for node in nodes for span in node], reading, question, jobs)
    from breachkit.servers.icewarp.stitch import count_up  # noqa: PLC0415  numpy, when the processes have begun

    for node in nodes:
        found, counted = _stitched(node, islice(parts, len(node)), reading, question)
        facts = found if facts is None else _sum(facts, found)
        count_up(tally, counted)
    return facts or LogFacts()


def _sum(facts: LogFacts, found: LogFacts) -> LogFacts:
    facts.add(found)
    return facts


def _stitched(
    spans: Sequence[Span], parts: Iterator[Part], reading: Reading, question: Question
) -> tuple[LogFacts, list[Counted]]:
    from breachkit.servers.icewarp.spans import read_span  # noqa: PLC0415  numpy
    from breachkit.servers.icewarp.stitch import Stitch  # noqa: PLC0415  numpy

    if len(spans) == 1:
        (part,) = parts
        return part.facts, [part.counted]
    quiet = reading._replace(progress=silent)
    stitch = Stitch(reading, question, spans[0].pieces[0].log.node)
    for span, read in zip(spans, parts, strict=True):
        setting = stitch.misdated(span, read)
        part = read if setting is None else read_span(span, quiet, question, setting)
        if not stitch.add(span, part):
            deque(parts, maxlen=0)  # what else was read of this server is not wanted
            whole = tuple(Piece(piece.log, 0, None) for one in spans for piece in one.pieces if piece.end is None)
            part = read_span(Span(whole, is_first=True, is_last=True), quiet, question, Setting())
            return part.facts, [part.counted]
    return stitch.close(), stitch.counted


def _parts(spans: Sequence[Span], reading: Reading, question: Question, jobs: int) -> Iterator[Part]:
    """Read spans, in order, in as many processes as may be."""
    number = min(jobs, len(spans), MOST_SPAWNED)
    if number <= 1:
        return (_read(span, reading, question) for span in spans)
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415  25 ms, and only wanted here

    pool = ProcessPoolExecutor(number, mp_context=_context())
    futures = [pool.submit(_read, span, reading._replace(progress=silent), question) for span in spans]
    return _results(pool, deque(zip(spans, futures, strict=True)), reading, question)


def _results(
    pool: ProcessPoolExecutor, asked: deque[tuple[Span, Future[Part]]], reading: Reading, question: Question
) -> Iterator[Part]:
    from concurrent.futures import BrokenExecutor  # noqa: PLC0415  as above

    with pool:
        try:
            while asked:
                span, future = asked.popleft()  # a future that is kept would keep its part
                try:
                    part = future.result()
                except BrokenExecutor:  # a process was killed: its work is still to be done
                    part = _read(span, reading._replace(progress=silent), question)
                reading.progress(sum((piece.end or piece.log.size) - piece.begin for piece in span.pieces))
                yield part
        finally:
            pool.shutdown(cancel_futures=True)


def _read(span: Span, reading: Reading, question: Question) -> Part:
    from breachkit.servers.icewarp.spans import read_span  # noqa: PLC0415  numpy

    return read_span(span, reading, question, Setting())


def _context() -> BaseContext:
    """Choose how processes begin: fork takes a tenth of the time of spawn, where it is safe."""
    return multiprocessing.get_context("fork" if can_fork() else "spawn")
