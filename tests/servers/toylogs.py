"""Logs of the toy servers, read by what their kinds say and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line
from breachkit.logs.logtext import read_lines
from breachkit.records import AuthAttempt, Delivery, Locus, Session, Skipped, Transaction
from breachkit.servers import TranscriptLine
from breachkit.servers.facts import LogFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import tzinfo

    from breachkit.logs.kinds import Event, LogFile
    from breachkit.servers import LogTally, Reading, Sought
    from breachkit.servers.facts import Question

_LINE = re.compile(rb"(\w+)\[(\d+)\]: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (.+)")


def split(name: bytes, text: bytes, zone: tzinfo) -> Line | None:
    """Split a line of a toy server."""
    found = _LINE.fullmatch(text)
    if found is None or found[1] != name:
        return None
    stamp = datetime.strptime(found[3].decode(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    return Line(found[2], stamp.timestamp(), found[4])


def moment_of(line: Line) -> datetime:
    assert isinstance(line.stamp, float)
    return datetime.fromtimestamp(line.stamp, UTC)


def _sessions(
    logs: Sequence[LogFile], reading: Reading, tally: LogTally | None = None
) -> Iterator[tuple[list[Line], list[Event]]]:
    for log in logs:
        grouped: dict[bytes, list[Line]] = {}
        for raw in read_lines(log):
            line = log.kind.split(raw.text, reading.zone)
            if line is not None:
                grouped.setdefault(line.key, []).append(line._replace(source=Locus(log.label, raw.offset, raw.number)))
            if tally is not None:
                tally.lines += 1
                tally.bytes += raw.end - raw.offset
                tally.session_lines += line is not None
        for lines in grouped.values():
            yield lines, list(log.kind.read(lines, reading.fingerprints))


def _session(lines: list[Line], events: list[Event]) -> Session:
    return Session(
        kind="server",
        client_ip=lines[0].text.split()[0].decode(),
        thread=lines[0].key.decode(),
        start=moment_of(lines[0]),
        end=moment_of(lines[-1]),
        helo=None,
        attempts=tuple(one for one in events if isinstance(one, AuthAttempt)),
        transactions=tuple(one for one in events if isinstance(one, Transaction)),
        deliveries=tuple(one for one in events if isinstance(one, Delivery)),
        has_dialogue=True,
        is_open=False,
        node="",
        source=lines[0].source,
    )


def find_sessions(logs: Sequence[LogFile], reading: Reading, _sought: Sought) -> Iterator[Session]:
    """Read all sessions."""
    for lines, events in _sessions(logs, reading):
        yield _session(lines, events)


def read_facts(
    logs: Sequence[LogFile], reading: Reading, question: Question, tally: LogTally, _jobs: int | None
) -> LogFacts:
    """Read all that the logs say."""
    facts = LogFacts()
    for lines, events in _sessions(logs, reading, tally):
        facts.take(_session(lines, events), question)
        tally.dialogue_lines += len(lines)
        tally.first = min(moment_of(lines[0]).timestamp(), tally.first or float("inf"))
        tally.last = max(moment_of(lines[-1]).timestamp(), tally.last or 0)
    return facts


def read_doors(logs: Sequence[LogFile], reading: Reading, tally: LogTally) -> Iterator[AuthAttempt | Skipped]:
    """Read who came in."""
    for _, events in _sessions(logs, reading, tally):
        yield from (one for one in events if isinstance(one, AuthAttempt))


def read_transcripts(
    logs: Sequence[LogFile],
    reading: Reading,
    wanted: frozenset[Locus],
    _is_known: Callable[[str], bool],
    _with_secrets: bool,
) -> Iterator[tuple[Session, tuple[TranscriptLine, ...]]]:
    """Read the lines of some sessions again; no word of an `auth` is shown."""
    for lines, events in _sessions(logs, reading):
        if lines[0].source in wanted:
            shown = (
                TranscriptLine(
                    moment_of(line).isoformat(), "received", line.text.decode().split(" auth ")[0], None, line.source
                )
                for line in lines
            )
            yield _session(lines, events), tuple(shown)
