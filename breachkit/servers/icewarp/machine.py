"""When a session begins and ends, and what its lines do to it.

The thread id is reused all day and two sessions of one id can be alive at once from different peers
(measured), so a session is keyed by (peer, thread) from `Connected` to `Disconnected`, to the next
`Connected`, or to a banner. Sessions go on over the end of a file and over midnight.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.records import Locus, Session
from breachkit.servers.icewarp.dialogue import Dialogue
from breachkit.servers.icewarp.lines import RECEIVED, SENT, Place

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.servers import Reading

IDLE = 24 * 3600
"""Seconds after which a line of a thread belongs to another session: none lives that long in silence."""

Key = tuple[bytes, bytes]

LogEntry = tuple[Key, float, bytes, bytes, Place]
"""One line of a log: (peer, thread), seconds since the epoch, marker (`<<<`, `>>>` or empty), text, place."""


_MARKERS = frozenset({RECEIVED, SENT})
_AFTER_MARKER = frozenset({b" ", b""})


def entry_of(key: Key, ts: float, text: bytes, place: Place) -> LogEntry:
    """Make an entry of a line whose text begins behind its stamp."""
    marker = text[:3]
    if marker in _MARKERS and text[3:4] in _AFTER_MARKER:
        return key, ts, marker, text[4:], place
    return key, ts, b"", text, place


def opening(entry: LogEntry, reading: Reading) -> Dialogue | None:
    """Begin a session with this line, or None when the line belongs to no session."""
    (peer, thread), ts, marker, text, place = entry
    if not marker and not text.startswith((b"Connected", b"***")) and b"lient session" not in text:
        return None
    reader = (reading.zone, reading.fingerprints)
    return Dialogue(canonical(peer), thread.decode().upper(), ts, Locus(*place), reader)


def begins_anew(dialogue: Dialogue, entry: LogEntry) -> bool:
    """Tell whether a line opens another session of the same peer and thread."""
    _, ts, marker, text, _ = entry
    if ts - dialogue.end > IDLE:
        return True
    if marker == SENT:
        return text.startswith(b"220") and not dialogue.is_banner_due
    return not marker and text.startswith(b"Connected") and (dialogue.has_dialogue or dialogue.is_connected)


def is_end(entry: LogEntry) -> bool:
    """Tell whether a line ends its session."""
    return not entry[2] and entry[3].startswith(b"Disconnected")


def feed(dialogue: Dialogue, entry: LogEntry) -> None:
    """Show a session its next line."""
    _, ts, marker, text, place = entry
    if marker == RECEIVED:
        dialogue.received(ts, text, place)
    elif marker == SENT:
        dialogue.sent(ts, text, place)
    else:
        dialogue.is_connected = dialogue.is_connected or text.startswith(b"Connected")
        dialogue.note(ts, text, place)


def finish(dialogue: Dialogue, node: str, zone: tzinfo, *, is_open: bool = False) -> Session:
    """End a session and say what it was."""
    dialogue.close()
    return Session(
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


@lru_cache(maxsize=1 << 14)
def canonical(peer: bytes) -> str:
    """Spell an address in its canonical form (RFC 5952); a word stays a word."""
    text = peer.decode("ascii", "backslashreplace").strip("[]")
    if ":" not in text:
        return text  # an IPv4 address has one form only
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
