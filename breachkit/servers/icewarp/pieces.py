"""Cutting logs into spans of bytes, each of which can be read by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.logs.kinds import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.logs.clock import Clock
    from breachkit.logs.kinds import LogFile


class Piece(NamedTuple):
    """The lines of a log that begin between two places of it."""

    log: LogFile
    begin: int
    end: int | None
    """None: to the end of the log."""

    @property
    def is_plain(self) -> bool:
        """True where any byte of the log can be read without those before it."""
        return self.log.form == PLAIN


class Span(NamedTuple):
    """Pieces of the logs of one server that follow one another."""

    pieces: tuple[Piece, ...]
    is_first: bool
    is_last: bool


class Setting(NamedTuple):
    """How the clock of a span is set."""

    clock: Clock | None = None
    """The clock of the log that the span begins within; None to set it by the log's name."""
    previous: float | None = None
    """The last moment of what stands before."""


def cut(logs: Sequence[LogFile], size: int) -> list[Span]:
    """Cut the logs of one server into spans of about `size` bytes; archives are not cut."""
    rows: list[list[Piece]] = [[]]
    room = size
    for log in logs:
        begin = 0
        while Piece(log, 0, None).is_plain and log.size - begin > room:
            rows[-1].append(Piece(log, begin, begin + room))
            begin += room
            rows.append([])
            room = size
        rows[-1].append(Piece(log, begin, None))
        room = max(room - (log.size - begin), 1)
    last = len(rows) - 1
    return [Span(tuple(pieces), place == 0, place == last) for place, pieces in enumerate(rows)]
