"""The books of a run: what was found, read and skipped, and what a report says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from breachkit.logs.facts import count_skipped, shows_logins
from breachkit.records import Skipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, tzinfo

    from breachkit.logs.facts import Skips
    from breachkit.records import Locus, Session


@dataclass(slots=True)
class Books:
    """What was found, read and skipped; found = read + skipped."""

    files: int = 0
    found_messages: int = 0
    messages: int = 0
    lines: int = 0
    bytes: int = 0
    skipped: Skips = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What a reader must know of how the evidence was read."""

    def skip(self, skipped: Skipped) -> None:
        """Count a piece of evidence that could not be read."""
        count_skipped(self.skipped, skipped.reason, 1, (skipped.source,))

    def merge(self, skipped: Skips) -> None:
        """Count pieces of evidence that others could not read."""
        for reason, (number, places) in skipped.items():
            count_skipped(self.skipped, reason, number, places)

    def keep(self, rows: Iterable[Session | Skipped]) -> Iterator[Session]:
        """Pass on what was read and count what was not."""
        for row in rows:
            if isinstance(row, Skipped):
                self.skip(row)
            else:
                yield row


class Gap(NamedTuple):
    """A time of which the logs hold no line."""

    start: datetime
    end: datetime
    node: str = ""
    """Whose logs, where there are several nodes."""


class NodeInputs(NamedTuple):
    """What one of several nodes gave."""

    node: str
    root: str
    is_read: bool
    messages: int = 0
    lines: int = 0
    bytes: int = 0
    log_level: str | None = None
    log_first: datetime | None = None
    log_last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one run read."""

    files: int
    messages: int
    lines: int
    bytes: int
    timezone: str
    zone: tzinfo
    server: str
    paths: tuple[str, ...]
    skipped: Mapping[str, tuple[int, tuple[Locus, ...]]]
    notes: tuple[str, ...]
    """What a reader must know of where the evidence was found."""
    unread: tuple[str, ...]
    """Logs of services that are not read."""
    passed_over: Sequence[tuple[str, str]] = ()
    """Every file where logs are that was not read as one, and why; those of `unread` and of `skipped`, too."""
    log_level: str = "none"
    log_first: datetime | None = None
    log_last: datetime | None = None
    log_gaps: tuple[Gap, ...] = ()
    doors: tuple[str, ...] = ()
    nodes: tuple[NodeInputs, ...] = ()
    """Where several were read; empty for a single server."""
    account_word: str = ""
    """What the server calls, in a queued message, the account that sent it."""

    @property
    def account_title(self) -> str:
        """What stands above a column of these."""
        return f"account ({self.account_word})" if self.account_word else "account"

    @property
    def shows_logins(self) -> bool:
        """True when the logs show the dialogue, so that an AUTH would be seen."""
        return shows_logins(self.log_level)
