"""SMTP sessions of IceWarp: interleaved lines of rotated logs → sessions.

The thread id is reused all day and two sessions of one id can be alive at once from different peers
(measured), so a session is keyed by (peer, thread) from `Connected` to `Disconnected`, to the next
`Connected`, or to a banner. Sessions go on over the end of a file and over midnight.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.files import OVERLONG
from breachkit.files import Line
from breachkit.files import read_lines
from breachkit.records import Locus
from breachkit.records import Session
from breachkit.records import Skipped
from breachkit.servers.icewarp.dialogue import Dialogue
from breachkit.servers.icewarp.lines import RECEIVED
from breachkit.servers.icewarp.lines import SENT
from breachkit.servers.icewarp.lines import Clock
from breachkit.servers.icewarp.lines import parse_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from datetime import tzinfo

    from breachkit.records import Service
    from breachkit.servers import LogFile
    from breachkit.servers import LogTally
    from breachkit.servers import Reading

ALIEN_LINE = "log line without 'ADDRESS [THREAD] TIME'"

IDLE = 24 * 3600
"""Seconds after which a line of a thread belongs to another session: none lives that long in silence."""

SILENCE = 12 * 3600
"""Seconds without any line that are reported as a gap of the log."""

Key = tuple[bytes, bytes]


class LogEntry(NamedTuple):
    """One line of a log with its place: what a session is made of."""

    key: Key
    ts: float
    marker: bytes
    """`<<<`, `>>>` or empty."""
    text: bytes
    source: Locus


def read_entries(logs: Iterable[LogFile], reading: Reading, tally: LogTally) -> Iterator[LogEntry | Skipped]:
    """Read the lines of the logs of one node, in the order given."""
    last: float | None = None
    for log in logs:
        clock = Clock(log.day or datetime.fromtimestamp(log.mtime, reading.zone).date(), reading.zone, last)
        done = 0
        for line in read_lines(str(log.path), log.member, log.label):
            if not isinstance(line, Line):
                tally.lines += line.reason == OVERLONG
                yield line
                continue
            entry = _entry(line, log, clock, reading.zone)
            if line.offset - done > 1 << 20:  # a call for each line would cost more than the line
                reading.progress(line.offset - done)
                done = line.offset
            if line.text:
                tally.lines += 1
            if entry is not None:
                last = _count(tally, entry.ts, last)
                yield entry
            elif line.text:
                yield Skipped(ALIEN_LINE, Locus(log.label, line.offset, line.number))
        reading.progress(max(0, log.size - done))
        tally.bytes += log.size


def _entry(line: Line, log: LogFile, clock: Clock, zone: tzinfo) -> LogEntry | None:
    parsed = parse_line(line.text, clock, zone)
    if parsed is None:
        return None
    text = parsed.text
    marker = text[:3]
    if marker in {RECEIVED, SENT} and text[3:4] in {b" ", b""}:
        text = text[4:]
    else:
        marker = b""
    return LogEntry((parsed.peer, parsed.thread), parsed.ts, marker, text, Locus(log.label, line.offset, line.number))


def _count(tally: LogTally, ts: float, last: float | None) -> float:
    tally.session_lines += 1
    tally.first = ts if tally.first is None else min(tally.first, ts)
    tally.last = ts if tally.last is None else max(tally.last, ts)
    if last is not None and ts - last > SILENCE:
        tally.silences.append((last, ts))
    return ts if last is None else max(last, ts)


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
        dialogue = alive.get(entry.key)
        if dialogue is not None and _begins_anew(dialogue, entry):
            yield from _finish(alive.pop(entry.key), node, reading.zone)
            dialogue = None
        if dialogue is None:
            dialogue = _opening(entry, reading)
            if dialogue is None:
                continue
            alive[entry.key] = dialogue
        _feed(dialogue, entry, tally)
        watch(dialogue, entry)
        if not entry.marker and entry.text.startswith(b"Disconnected"):
            yield from _finish(alive.pop(entry.key), node, reading.zone)
    for dialogue in alive.values():
        yield from _finish(dialogue, node, reading.zone, is_open=True)


def _opening(entry: LogEntry, reading: Reading) -> Dialogue | None:
    """Begin a session with this line, or None when the line belongs to no session."""
    if not entry.marker and not entry.text.startswith((b"Connected", b"***")) and b"lient session" not in entry.text:
        return None
    return Dialogue(
        canonical(entry.key[0]),
        entry.key[1].decode().upper(),
        entry.ts,
        entry.source,
        (reading.zone, reading.fingerprints),
    )


def _begins_anew(dialogue: Dialogue, entry: LogEntry) -> bool:
    """Tell whether a line opens another session of the same peer and thread."""
    if entry.ts - dialogue.end > IDLE:
        return True
    if entry.marker == SENT:
        return entry.text.startswith(b"220") and not dialogue.is_banner_due
    return not entry.marker and entry.text.startswith(b"Connected") and (dialogue.has_dialogue or dialogue.is_connected)


def _feed(dialogue: Dialogue, entry: LogEntry, tally: LogTally) -> None:
    if entry.marker == RECEIVED:
        tally.dialogue_lines += 1
        dialogue.received(entry.ts, entry.text, entry.source)
    elif entry.marker == SENT:
        tally.dialogue_lines += 1
        dialogue.sent(entry.ts, entry.text, entry.source)
    else:
        tally.summary_lines += entry.text.startswith(b"***")
        dialogue.is_connected = dialogue.is_connected or entry.text.startswith(b"Connected")
        dialogue.note(entry.ts, entry.text, entry.source)


def _finish(dialogue: Dialogue, node: str, zone: tzinfo, *, is_open: bool = False) -> Iterator[Session]:
    dialogue.close()
    yield Session(
        kind=dialogue.kind or "server",
        client_ip=dialogue.client_ip,
        thread=dialogue.thread,
        start=datetime.fromtimestamp(dialogue.start, zone),
        end=datetime.fromtimestamp(dialogue.end, zone),
        helo=dialogue.helo,
        attempts=tuple(dialogue.attempts),
        transactions=tuple(dialogue.transactions),
        deliveries=tuple(dialogue.deliveries),
        has_dialogue=dialogue.has_dialogue,
        is_open=is_open,
        node=node,
        source=dialogue.source,
    )


def canonical(peer: bytes) -> str:
    """Spell an address in its canonical form (RFC 5952); a word stays a word."""
    text = peer.decode("ascii", "backslashreplace").strip("[]")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
