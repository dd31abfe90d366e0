"""What logs say of accounts: read in stretches, over several processes where that pays.

Which stretch of the logs a process reads makes no difference to the answer, by test.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.files import OVERLONG
from breachkit.logs.clock import Clock, day_of
from breachkit.logs.facts import LogFacts
from breachkit.logs.gatherer import Gatherer
from breachkit.logs.grammar import Listener
from breachkit.logs.kinds import PLAIN, TimeOfDay
from breachkit.logs.lines import alien_in, blocks_of
from breachkit.logs.logtext import SAMPLE
from breachkit.logs.reader import MOST_LOOSE, FirstLook, LogReader, Stretch, by_node, every_row, find_keys, rows_of
from breachkit.parallel import Crew, processors
from breachkit.progress import silent
from breachkit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from breachkit.logs.facts import LogReading, Question
    from breachkit.logs.kinds import LogFile, LogKind
    from breachkit.logs.lines import Column
    from breachkit.progress import Progress
    from breachkit.records import Service

WORTH_JOBS = 48 << 20
"""Bytes of logs from which on several processes are sooner done: to begin takes one of them 0.2 s."""
LARGEST = 128 << 20
SMALLEST = 16 << 20
"""Bytes of a stretch: large ones have fewer seams, small ones keep every process busy to the end."""


class Task(NamedTuple):
    """What is to be read of logs, and how."""

    reading: LogReading
    question: Question

    def look(self, stretch: Stretch) -> FirstLook:
        """Take a first look at a stretch."""
        grammar, ids = stretch.log.kind.sessions(), self.question.queue_ids
        if not grammar.has_dialogues:
            return count_lines(stretch, self.reading.zone)
        messages = [partial(grammar.find_messages, ids=ids)] if ids else []
        return find_keys(stretch, self.reading.zone, grammar.find_telling, *messages)

    def reader(self, kind: LogKind, *, is_inner: bool) -> LogReader:
        """Make what reads, with what gathers the facts."""
        (zone, fingerprints, _), question, is_smtp = self.reading, self.question, "smtp" in kind.services
        # the grammar of logs of the other doors is not known to be this one: their lines may have any form
        quiet = frozenset() if is_smtp else frozenset({OVERLONG, alien_in(kind)})
        gatherer = Gatherer(question, quiet, is_inner=is_inner)
        service: Service = "smtp" if is_smtp else min(kind.services)
        listener = Listener(zone, fingerprints, gatherer.tell, question.distance_of, service)
        reader = LogReader(kind, zone, listener, is_inner=is_inner)
        reader.gatherer = gatherer
        return reader

    def part(self, stretch: Stretch, keys: Column | None) -> LogReader | None:
        """Read a stretch by itself; None where that is of no use."""
        reader = self.reader(stretch.log.kind, is_inner=True)
        reader.read(stretch, every_row if keys is None else rows_of(keys))
        return reader if len(reader.loose) <= MOST_LOOSE else None


def read_facts(logs: Sequence[LogFile], reading: LogReading, question: Question, jobs: int | None = None) -> LogFacts:
    """Read what logs say, in the order in which they were written, as far as a question about accounts needs it.

    `jobs` processes read; None for one a processor, where there is enough to read.
    """
    nodes = by_node(logs)
    total = sum(log.size for node in nodes for log in node)
    number = jobs or (1 if total < WORTH_JOBS else processors())
    if any(log.form.spool is not None for node in nodes for log in node):
        number = 1  # what only this process can read
    size = max(total, 1) if number <= 1 else min(max(-(-total // number), 1 if jobs else SMALLEST), LARGEST)
    cuts = [cut(node, size) for node in nodes]
    with Crew(Task(reading._replace(progress=silent), question), min(number, sum(map(len, cuts)))) as crew:
        facts = read_stretches(crew, cuts, reading.progress)
    if facts.tally.event_lines:
        facts.complete()
    return facts


def cut(logs: Iterable[LogFile], size: int) -> list[Stretch]:
    """Cut logs into stretches of so many bytes; archives are not cut."""
    found = []
    for log in logs:
        begins = [*range(0, log.size, size)] if log.form == PLAIN and log.size else [0]
        found += [Stretch(log, begin, end) for begin, end in zip(begins, [*begins[1:], None], strict=True)]
    return found


def read_stretches(crew: Crew, nodes: Sequence[Sequence[Stretch]], progress: Progress) -> LogFacts:
    """Read the stretches of each server, in order, and put them together."""
    facts, task = LogFacts(), crew.task
    for stretches in nodes:
        reader = task.reader(stretches[0].log.kind, is_inner=False)
        has_dialogues = reader.grammar.has_dialogues
        is_alone = crew.is_one and not any(one.begin for one in stretches)
        looks, keys, known = [], None, list(stretches)
        if has_dialogues or not is_alone:
            for stretch, look in zip(stretches, crew.each(Task.look, [(one,) for one in stretches]), strict=True):
                looks.append(look)
                progress(stretch.size // 2)
        if has_dialogues:
            keys = np.unique(np.concatenate([found for look in looks for found in look.keys]))
            spoken = {stretch.log.label for stretch, look in zip(stretches, looks, strict=True) if look.dialogue}
            known = [one._replace(is_summed=one.log.label not in spoken) for one in stretches]
        rows = every_row if keys is None else rows_of(keys)
        if is_alone:
            for stretch in known:
                reader.read(stretch, rows)
                progress(stretch.size - (stretch.size // 2 if looks else 0))
        else:
            dated = _dated(known, looks, task.reading.zone)
            parts = crew.each(Task.part, [(one, keys) for one in dated])
            for stretch, part in zip(dated, parts, strict=True):
                reader.join(stretch, part, rows)
                progress(stretch.size - stretch.size // 2)
        reader.close()
        facts.add(reader.gatherer.facts)
        facts.tally.add(reader.tally)
        if has_dialogues:
            facts.tally.dialogue_lines += sum(look.dialogue for look in looks)
            facts.tally.summary_lines += sum(look.summaries for look in looks)
        else:
            facts.tally.event_lines += reader.tally.session_lines
            facts.tally.dialogue_lines += reader.tally.session_lines
    return facts


def count_lines(stretch: Stretch, zone: tzinfo) -> FirstLook:
    """Count the lines of a stretch, and find the first stamp that a clock has to date."""
    number, first, texts = 0, None, 0
    for block in blocks_of(stretch.log, stretch.begin, stretch.end):
        if isinstance(block, Skipped):
            number += block.reason == OVERLONG
            continue
        number += block.text.count(b"\n") + (not block.text.endswith(b"\n"))
        if not texts:
            lines = (stretch.log.kind.split(text, zone) for text in block.text.split(b"\n", SAMPLE)[:SAMPLE])
            stamps = (line.stamp for line in lines if line is not None)
            first = next((stamp for stamp in stamps if isinstance(stamp, TimeOfDay)), None)
        texts += 1
    return FirstLook((), number, first, 0, 0)


def _dated(stretches: Sequence[Stretch], looks: Sequence[FirstLook], zone: tzinfo) -> list[Stretch]:
    """Give each the number of its first line, and a guess at its clock: by the first times of day before it."""
    dated: list[Stretch] = []
    number, clock = 1, None
    for stretch, look in zip(stretches, looks, strict=True):
        if not stretch.begin or clock is None:
            number, clock = 1, Clock(day_of(stretch.log, zone), zone)
        dated.append(stretch._replace(number=number, clock=copy.copy(clock)))
        number += look.lines
        if look.first is not None:
            clock.moment_of(look.first)
    return dated
