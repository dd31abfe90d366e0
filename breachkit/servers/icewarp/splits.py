"""A log as columns of its lines, block after block, dated by the clock of its file."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from breachkit.files import OVERLONG
from breachkit.logs.clock import Clock, day_of
from breachkit.logs.logtext import is_changed
from breachkit.records import Locus, Skipped
from breachkit.servers.icewarp.blocks import split_block
from breachkit.servers.icewarp.slabs import read_slabs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from breachkit.logs.kinds import LogFile
    from breachkit.servers import Reading
    from breachkit.servers.icewarp.blocks import Lines, Split
    from breachkit.servers.icewarp.pieces import Piece
    from breachkit.servers.icewarp.slabs import Slab


def clock_of(log: LogFile, reading: Reading, previous: float | None) -> Clock:
    """Set a clock by the day of a log."""
    return Clock(day_of(log, reading.zone), reading.zone, previous)


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
            yield slab if is_changed(piece.log) else slab._replace(source=slab.source._replace(line=lines + 1))
            lines += slab.reason == OVERLONG
            continue
        before = copy.copy(clock)
        split = _split(slab, piece.log.label, (number, lines + 1), clock, reading.zone)
        if not take(split.lines):
            clock.set_back(before)
            split = _split(slab, piece.log.label, (number, lines + 1), clock, reading.zone, is_regular=False)
            take(split.lines)
        lines += split.number
        yield split
        reading.progress(slab.size)


def _split(
    slab: Slab, label: str, place: tuple[int, int], clock: Clock, zone: tzinfo, *, is_regular: bool = True
) -> Split:
    split = split_block(slab, label, place, clock, zone, is_regular=is_regular)
    if not slab.places:
        return split
    rows = split.lines.number - place[1]
    offset, number = (np.array(column, np.int64)[rows] for column in zip(*slab.places, strict=True))
    skipped = [Skipped(reason, Locus(label, *slab.places[source.line - place[1]])) for reason, source in split.skipped]
    return split._replace(lines=split.lines._replace(offset=offset, number=number), skipped=skipped)
