"""What SMTP logs say of accounts: read over several processes where that pays.

Which part of the logs a process reads makes no difference to the answer, by test.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.logs.clock import Clock, day_of
from breachkit.logs.facts import LogFacts
from breachkit.logs.hours import Hours
from breachkit.logs.reader import Part, Reader, Span, Wanted, add_tally, by_node, cut, find_keys
from breachkit.logs.smtp import Listener
from breachkit.parallel import Crew, processors
from breachkit.progress import silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from breachkit.logs.block import Column, Lines
    from breachkit.logs.facts import LogTally, Question, Reading
    from breachkit.logs.kinds import LogFile, LogKind
    from breachkit.logs.reader import Head
    from breachkit.logs.smtp import Dialogue, Place
    from breachkit.progress import Progress
    from breachkit.records import AuthAttempt, Delivery, Transaction

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
        self._met: set[tuple[Place, str, bool]] = set()

    def tried(self, session: Dialogue, attempt: AuthAttempt, distance: int) -> None:
        """Keep a try."""
        if self._question.is_inside(session.start) and self._is_kept(session, attempt):
            self.facts.attempts.append(attempt, session.source, distance)

    def _is_kept(self, session: Dialogue, attempt: AuthAttempt) -> bool:
        is_meant, user, is_won = self._question.is_meant, attempt.user, attempt.outcome == "success"
        if is_meant is None:
            return True
        if user is None or not (is_won or is_meant(user)) or (session.source, user, is_won) in self._met:
            return False
        self._met.add((session.source, user, is_won))
        return True

    def sent(self, session: Dialogue, sent: Transaction) -> None:
        """Keep a message of who has logged in, or one that is asked for."""
        if self._question.is_meant is not None or not self._question.is_inside(session.start):
            return
        if session.won is not None:
            tried = session.won[1]
            self.facts.sends.append((session.client_ip, tried.user, tried.source, sent))
        elif sent.queue_id is not None and sent.queue_id in self._question.queue_ids:
            self.facts.sends.append((session.client_ip, None, None, sent))

    def delivered(self, session: Dialogue, delivery: Delivery) -> None:
        """Keep a delivery."""
        if self._question.is_meant is None and self._question.is_inside(session.start):
            self.facts.deliveries.append(delivery)

    def ended(self, _session: Dialogue, *, is_open: bool) -> None:
        """Keep nothing of that."""


class Task(NamedTuple):
    """What is to be read of logs, and how."""

    reading: Reading
    question: Question

    def find_rows(self, lines: Lines) -> Column:
        """List the rows of lines that tell of sessions which are asked for."""
        grammar, ids = lines.kind.sessions(), self.question.queue_ids
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
    with Crew(task, min(number, sum(map(len, spans)))) as crew:
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
    """Give each span the number of its first line, and a guess at its clock: by the first times of day before it."""
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
