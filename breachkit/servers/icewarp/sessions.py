"""SMTP sessions of IceWarp, line by line: interleaved lines of rotated logs → sessions.

This is the plain way, for who wants every session with all that it says; `facts` takes the fast one.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.files import LONGEST_LINE
from breachkit.files import OVERLONG
from breachkit.files import Block
from breachkit.files import read_blocks
from breachkit.records import Locus
from breachkit.records import Skipped
from breachkit.servers.icewarp.lines import ALIEN_LINE
from breachkit.servers.icewarp.lines import Clock
from breachkit.servers.icewarp.lines import parse_line
from breachkit.servers.icewarp.machine import begins_anew
from breachkit.servers.icewarp.machine import entry_of
from breachkit.servers.icewarp.machine import feed
from breachkit.servers.icewarp.machine import finish
from breachkit.servers.icewarp.machine import is_end
from breachkit.servers.icewarp.machine import opening

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from datetime import tzinfo

    from breachkit.records import Service
    from breachkit.records import Session
    from breachkit.servers import LogFile
    from breachkit.servers import LogTally
    from breachkit.servers import Reading
    from breachkit.servers.icewarp.dialogue import Dialogue
    from breachkit.servers.icewarp.machine import Key
    from breachkit.servers.icewarp.machine import LogEntry

SILENCE = 12 * 3600
"""Seconds without any line that are reported as a gap of the log."""


def read_entries(logs: Iterable[LogFile], reading: Reading, tally: LogTally) -> Iterator[LogEntry | Skipped]:
    """Read the lines of the logs of one node, in the order given."""
    last: float | None = None
    for log in logs:
        clock = Clock(log.day or datetime.fromtimestamp(log.mtime, reading.zone).date(), reading.zone, last)
        for block in read_blocks(str(log.path), log.member, log.label):
            if isinstance(block, Block):
                for entry in _entries(block, log.label, clock, reading.zone):
                    tally.lines += 1
                    if not isinstance(entry, Skipped):
                        last = _count(tally, entry[1], last)
                    yield entry
                reading.progress(len(block.text))
            else:
                tally.lines += block.reason == OVERLONG
                yield block
        tally.bytes += log.size


def _entries(block: Block, label: str, clock: Clock, zone: tzinfo) -> Iterator[LogEntry | Skipped]:
    offset, number = block.offset, block.number - 1
    for raw in block.lines:
        number += 1
        line = raw[:-1] if raw.endswith(b"\r") else raw
        parsed = parse_line(line, clock, zone)
        if parsed is None or len(raw) > LONGEST_LINE:
            if line:
                reason = ALIEN_LINE if len(raw) <= LONGEST_LINE else OVERLONG
                yield Skipped(reason, Locus(label, offset, number))
        else:
            peer, thread, ts, text = parsed
            yield entry_of((peer, thread), ts, text, (label, offset, number))
        offset += len(raw) + 1


def _count(tally: LogTally, ts: float, last: float | None) -> float:
    tally.session_lines += 1
    if last is None or ts > last:
        if tally.first is None or ts < tally.first:
            tally.first = ts
        if tally.last is None or ts > tally.last:
            tally.last = ts
        if last is not None and ts - last > SILENCE:
            tally.silences.append((last, ts))
        return ts
    if tally.first is not None and ts < tally.first:
        tally.first = ts
    return last


def by_node(logs: Iterable[LogFile], services: frozenset[Service]) -> list[list[LogFile]]:
    """Sort the logs of some services into one list for each node of a cluster."""
    nodes: dict[tuple[str, str], list[LogFile]] = {}
    for log in logs:
        if log.service in services:
            nodes.setdefault((log.service, log.node), []).append(log)
    return list(nodes.values())


def read_sessions(logs: Sequence[LogFile], reading: Reading, tally: LogTally) -> Iterator[Session | Skipped]:
    """Read the sessions of SMTP logs; each is yielded when it ends, so memory holds the open ones only."""
    return watch_sessions(logs, reading, tally, _nobody)


def _nobody(_dialogue: Dialogue, _entry: LogEntry) -> None:
    """Watch nothing."""


def watch_sessions(
    logs: Sequence[LogFile],
    reading: Reading,
    tally: LogTally,
    watch: Callable[[Dialogue, LogEntry], None],
) -> Iterator[Session | Skipped]:
    """Read sessions and show each line to a watcher, with the state of its session after it."""
    for node_logs in by_node(logs, frozenset({"smtp"})):
        yield from _sessions(node_logs, reading, tally, watch)


def _sessions(
    logs: Sequence[LogFile],
    reading: Reading,
    tally: LogTally,
    watch: Callable[[Dialogue, LogEntry], None],
) -> Iterator[Session | Skipped]:
    alive: dict[Key, Dialogue] = {}
    node = logs[0].node
    for entry in read_entries(logs, reading, tally):
        if isinstance(entry, Skipped):
            yield entry
            continue
        key = entry[0]
        dialogue = alive.get(key)
        if dialogue is not None and begins_anew(dialogue, entry):
            yield finish(alive.pop(key), node, reading.zone)
            dialogue = None
        if dialogue is None:
            dialogue = opening(entry, reading)
            if dialogue is None:
                continue
            alive[key] = dialogue
        feed(dialogue, entry)
        _count_kind(tally, entry)
        watch(dialogue, entry)
        if is_end(entry):
            yield finish(alive.pop(key), node, reading.zone)
    for dialogue in alive.values():
        yield finish(dialogue, node, reading.zone, is_open=True)


def _count_kind(tally: LogTally, entry: LogEntry) -> None:
    if entry[2]:
        tally.dialogue_lines += 1
    else:
        tally.summary_lines += entry[3].startswith(b"***")
