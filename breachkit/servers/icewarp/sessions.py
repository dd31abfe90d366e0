"""SMTP sessions of IceWarp: interleaved lines of rotated logs → sessions.

The thread id is reused all day and two sessions of one id can be alive at once from different peers
(measured), so a session is keyed by (peer, thread) from `Connected` to `Disconnected`, to the next
`Connected`, or to a banner. Sessions go on over the end of a file and over midnight.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.files import LONGEST_LINE
from breachkit.files import OVERLONG
from breachkit.files import Block
from breachkit.files import read_blocks
from breachkit.records import Locus
from breachkit.records import Session
from breachkit.records import Skipped
from breachkit.servers.icewarp.dialogue import Dialogue
from breachkit.servers.icewarp.lines import RECEIVED
from breachkit.servers.icewarp.lines import SENT
from breachkit.servers.icewarp.lines import Clock
from breachkit.servers.icewarp.lines import Place
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

_MARKERS = frozenset({RECEIVED, SENT})
_AFTER_MARKER = frozenset({b" ", b""})

Key = tuple[bytes, bytes]


LogEntry = tuple[Key, float, bytes, bytes, Place]
"""One line of a log: (peer, thread), seconds since the epoch, marker (`<<<`, `>>>` or empty), text, place."""


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
                reading.progress(sum(map(len, block.lines)) + len(block.lines))
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
            marker = text[:3]
            if marker in _MARKERS and text[3:4] in _AFTER_MARKER:
                yield (peer, thread), ts, marker, text[4:], (label, offset, number)
            else:
                yield (peer, thread), ts, b"", text, (label, offset, number)
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
        if dialogue is not None and _begins_anew(dialogue, entry):
            yield from _finish(alive.pop(key), node, reading.zone)
            dialogue = None
        if dialogue is None:
            dialogue = _opening(entry, reading)
            if dialogue is None:
                continue
            alive[key] = dialogue
        _feed(dialogue, entry, tally)
        watch(dialogue, entry)
        if not entry[2] and entry[3].startswith(b"Disconnected"):
            yield from _finish(alive.pop(key), node, reading.zone)
    for dialogue in alive.values():
        yield from _finish(dialogue, node, reading.zone, is_open=True)


def _opening(entry: LogEntry, reading: Reading) -> Dialogue | None:
    """Begin a session with this line, or None when the line belongs to no session."""
    (peer, thread), ts, marker, text, place = entry
    if not marker and not text.startswith((b"Connected", b"***")) and b"lient session" not in text:
        return None
    reader = (reading.zone, reading.fingerprints)
    return Dialogue(canonical(peer), thread.decode().upper(), ts, Locus(*place), reader)


def _begins_anew(dialogue: Dialogue, entry: LogEntry) -> bool:
    """Tell whether a line opens another session of the same peer and thread."""
    _, ts, marker, text, _ = entry
    if ts - dialogue.end > IDLE:
        return True
    if marker == SENT:
        return text.startswith(b"220") and not dialogue.is_banner_due
    return not marker and text.startswith(b"Connected") and (dialogue.has_dialogue or dialogue.is_connected)


def _feed(dialogue: Dialogue, entry: LogEntry, tally: LogTally) -> None:
    _, ts, marker, text, place = entry
    if marker == RECEIVED:
        tally.dialogue_lines += 1
        dialogue.received(ts, text, place)
    elif marker == SENT:
        tally.dialogue_lines += 1
        dialogue.sent(ts, text, place)
    else:
        tally.summary_lines += text.startswith(b"***")
        dialogue.is_connected = dialogue.is_connected or text.startswith(b"Connected")
        dialogue.note(ts, text, place)


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
