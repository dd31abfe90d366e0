"""A log as columns of its lines, block after block, dated by the clock of its file."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.files import OVERLONG
from breachkit.records import Skipped
from breachkit.servers.icewarp.blocks import split_block
from breachkit.servers.icewarp.lines import Clock
from breachkit.servers.icewarp.slabs import read_slabs

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from breachkit.servers import LogFile
    from breachkit.servers import Reading
    from breachkit.servers.icewarp.blocks import Lines
    from breachkit.servers.icewarp.blocks import Split
    from breachkit.servers.icewarp.pieces import Piece


def clock_of(log: LogFile, reading: Reading, previous: float | None) -> Clock:
    """Set a clock by the name of a log."""
    return Clock(log.day or datetime.fromtimestamp(log.mtime, reading.zone).date(), reading.zone, previous)


def read_splits(
    piece: Piece, number: int, clock: Clock, reading: Reading, take: Callable[[Lines], bool]
) -> Iterator[Split | Skipped]:
    """Split a piece of a log, and yield each block when its lines were taken.

    Args:
        piece: what is read; its lines are numbered from 1.
        number: the log as a number.
        clock: dates the lines, and is moved on.
        reading: whose zone and progress.
        take: gets the lines of each block; False when they are none of a log after all: then each is split by itself,
            and they are handed over again.
    """
    lines = 0
    for slab in read_slabs(piece):
        if isinstance(slab, Skipped):
            yield slab._replace(source=slab.source._replace(line=lines + 1))
            lines += slab.reason == OVERLONG
            continue
        before = copy.copy(clock)
        place = number, lines + 1
        split = split_block(slab, piece.log.label, place, clock, reading.zone)
        if not take(split.lines):
            clock.set_back(before)
            split = split_block(slab, piece.log.label, place, clock, reading.zone, is_regular=False)
            take(split.lines)
        lines += split.number
        yield split
        reading.progress(slab.size)
