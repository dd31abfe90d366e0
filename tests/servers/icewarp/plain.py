"""The plain way through a log, a line at a time: slow, obvious, and what the fast ways are held against."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.files import OVERLONG, reason_of
from breachkit.logs.clock import Clock
from breachkit.logs.logtext import read_lines
from breachkit.records import Locus, Skipped
from breachkit.servers.icewarp.lines import ALIEN_LINE, split_line
from breachkit.servers.icewarp.machine import entry_of
from breachkit.servers.icewarp.sessions import by_node, sessions_of
from breachkit.servers.icewarp.spans import SILENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from breachkit.logs.kinds import LogFile
    from breachkit.logs.logtext import RawLine
    from breachkit.records import Session
    from breachkit.servers import LogTally, Reading
    from breachkit.servers.icewarp.dialogue import Dialogue
    from breachkit.servers.icewarp.lines import Parts
    from breachkit.servers.icewarp.machine import LogEntry


def read_entries(logs: Iterable[LogFile], reading: Reading, tally: LogTally) -> Iterator[LogEntry | Skipped]:
    """Read the lines of the logs of one node, in the order given."""
    last: float | None = None
    for log in logs:
        clock = Clock(log.day or datetime.fromtimestamp(log.mtime, reading.zone).date(), reading.zone, last)
        source = Locus(log.label, 0, 1)
        try:
            for line in read_lines(log):
                source = Locus(log.label, line.offset, line.number)
                entry = _entry(line, source, clock, reading.zone)
                if entry is None:
                    continue
                tally.lines += 1
                if not isinstance(entry, Skipped):
                    last = _count(tally, entry[1], last)
                yield entry
        except OSError as error:
            yield Skipped(reason_of(error), source)
        tally.bytes += log.size


def _entry(line: RawLine, source: Locus, clock: Clock, zone: tzinfo) -> LogEntry | Skipped | None:
    parts, ts = dated(line.text, clock, zone)
    if line.is_overlong or (line.text and (parts is None or ts is None)):
        return Skipped(OVERLONG if line.is_overlong else ALIEN_LINE, source)
    if parts is None or ts is None:
        return None
    return entry_of((parts.peer, parts.thread), ts, line.text[parts.begin :], (*source[:3],))


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


def dated(line: bytes, clock: Clock, zone: tzinfo) -> tuple[Parts | None, float | None]:
    """Split a line and date it; None where there is nothing."""
    parts = split_line(line, zone)
    if parts is None:
        return None, None
    return parts, clock.at(parts.time) if parts.time is not None else parts.ts


def read_sessions(logs: Sequence[LogFile], reading: Reading, tally: LogTally) -> Iterator[Session | Skipped]:
    """Read every session of SMTP logs."""

    def count(_dialogue: Dialogue, entry: LogEntry) -> None:
        if entry[2]:
            tally.dialogue_lines += 1
        else:
            tally.summary_lines += entry[3].startswith(b"***")

    for node_logs in by_node(logs, frozenset({"smtp"})):
        skipped: list[Skipped] = []
        entries = (row for row in read_entries(node_logs, reading, tally) if not _is_skipped(row, skipped))
        yield from sessions_of(entries, node_logs[0].node, reading, count)  # type: ignore[arg-type]
        yield from skipped


def _is_skipped(row: LogEntry | Skipped, skipped: list[Skipped]) -> bool:
    if isinstance(row, Skipped):
        skipped.append(row)
    return isinstance(row, Skipped)
