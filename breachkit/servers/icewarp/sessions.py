"""Entries of interleaved lines → SMTP sessions, line by line.

This is the plain way, for few sessions of which all is wanted that they say; `facts` takes the fast one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.servers.icewarp.machine import begins_anew, feed, finish, is_end, opening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from breachkit.logs.kinds import LogFile
    from breachkit.records import Service, Session
    from breachkit.servers import Reading
    from breachkit.servers.icewarp.dialogue import Dialogue
    from breachkit.servers.icewarp.machine import Key, LogEntry


def by_node(logs: Iterable[LogFile], services: frozenset[Service]) -> list[list[LogFile]]:
    """Sort the logs of some services into one list for each node of a cluster."""
    nodes: dict[tuple[frozenset[Service], str], list[LogFile]] = {}
    for log in logs:
        if log.services & services:
            nodes.setdefault((log.services, log.node), []).append(log)
    return list(nodes.values())


def _nobody(_dialogue: Dialogue, _entry: LogEntry) -> None:
    """Watch nothing."""


def sessions_of(
    entries: Iterable[LogEntry],
    node: str,
    reading: Reading,
    watch: Callable[[Dialogue, LogEntry], None] = _nobody,
) -> Iterator[Session]:
    """Make sessions of the lines of one node; each is yielded when it ends, so memory holds the open ones only.

    Args:
        entries: in the order of the logs.
        node: which server wrote them.
        reading: how secrets are kept and times are told.
        watch: is shown each line that belongs to a session, with the state of that after it.
    """
    alive: dict[Key, Dialogue] = {}
    for entry in entries:
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
        watch(dialogue, entry)
        if is_end(entry):
            yield finish(alive.pop(key), node, reading.zone)
    for dialogue in alive.values():
        yield finish(dialogue, node, reading.zone, is_open=True)
