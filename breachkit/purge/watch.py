"""The same plan on newly arriving messages: which are new, and which are still being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from breachkit.files import Found

YOUNG = 2.0
"""Seconds after its last change during which a message is left alone."""
PAUSE = 2.0
"""Seconds between two looks at the queues."""


class Watch:
    """Remembers every message that was judged, by name, size and time: 60 bytes for each."""

    def __init__(self) -> None:
        self._judged: set[int] = set()
        self._waiting: set[int] = set()

    def judged(self, found: Found) -> None:
        """Remember a message as judged."""
        self._judged.add(hash(found))

    def ripe(self, found: Iterable[Found | Skipped], now: float) -> Iterator[Found]:
        """Yield the new messages that are whole: as they were one round ago, and not changed just now."""
        waiting: set[int] = set()
        for one in found:
            mark = hash(one)
            if isinstance(one, Skipped) or mark in self._judged:
                continue
            if mark in self._waiting and not 0 <= now - one.mtime < YOUNG:
                self._judged.add(mark)
                yield one
            else:
                waiting.add(mark)
        self._waiting = waiting
