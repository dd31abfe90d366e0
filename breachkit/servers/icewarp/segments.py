"""Lines sorted into the segments of sessions: their columns, and what is done to these. Nothing here has a state."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.servers.icewarp.blocks import Lines
from breachkit.servers.icewarp.lines import split_line
from breachkit.servers.icewarp.slabs import PADDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.servers.icewarp.blocks import Column
    from breachkit.servers.icewarp.machine import Key

_SHORT = 192
"""Bytes that most lines have at most."""

_HIGH, _LOW = np.uint64(0xFFFFFFFFFF000000), np.uint64(0xFFFFFF)


_NUMBERS = np.zeros(0, np.int64)
NO_LINES = Lines(
    text=PADDING,
    at=_NUMBERS,
    begin=_NUMBERS,
    stop=_NUMBERS,
    ts=np.zeros(0, np.float64),
    key=np.zeros(0, np.uint64),
    code=np.zeros(0, np.uint8),
    offset=_NUMBERS,
    number=_NUMBERS,
    log=_NUMBERS,
    is_split=np.zeros(0, np.bool_),
)


class Rows(NamedTuple):
    """Where some lines stand: all that another part of the logs needs to read them again."""

    key: Column
    ts: Column
    log: Column
    offset: Column
    number: Column
    size: Column
    begin: Column
    """Where its text begins in it."""


class Woven(NamedTuple):
    """The segments of sessions among sorted lines."""

    lines: Lines
    order: Column
    begin: Column
    end: Column
    """Segments, as places in `order`."""
    key: Column
    is_whole: Column
    """It has an end."""
    is_calm: Column
    """It begins with `Connected`, as every segment of its key does, and nothing is left of the key from before."""
    codes: bytes
    """The kinds of the lines, sorted."""


class Seam(NamedTuple):
    """What the ends of a part have to do with the parts before and behind it."""

    labels: tuple[str, ...]
    """The logs, as the rows number them."""
    head: Rows
    """Lines that may go on with a session of the part before, in order."""
    tail: Rows
    """Lines of sessions that are still open."""
    settled: Column
    """Keys of which a session certainly began or ended here, sorted."""


def spread(woven: Woven, segments: Column) -> tuple[Column, list[int]]:
    """List the rows of some segments, and where each segment begins in that list."""
    size = woven.end[segments] - woven.begin[segments]
    first = np.cumsum(size) - size
    rows = woven.order[np.repeat(woven.begin[segments] - first, size) + np.arange(int(size.sum()))]
    return rows, first.tolist()


def order_by(key: Column) -> Column:
    """Sort rows by key, those of one key in their order."""
    if len(key) <= int(_LOW):
        packed = np.sort((key & _HIGH) | np.arange(len(key), dtype=np.uint64))
        order = (packed & _LOW).astype(np.int64)
        found = key[order]
        if not ((packed[1:] & _HIGH == packed[:-1] & _HIGH) & (found[1:] != found[:-1])).any():
            return order
    return np.argsort(key, kind="stable")


def holds(ordered: Column, key: int) -> bool:
    """Tell whether a key is among ordered ones."""
    place = int(np.searchsorted(ordered, np.uint64(key)))
    return place < len(ordered) and int(ordered[place]) == key


def keys_of(lines: Lines, rows: Column) -> Iterator[Key]:
    """Read peer and thread of some lines."""
    text = lines.text
    columns = (column[rows].tolist() for column in (lines.at, lines.begin, lines.stop, lines.is_split))
    for at, begin, stop, is_split in zip(*columns, strict=True):
        parts = split_line(text[at:stop], UTC) if is_split else None
        if parts is not None:
            yield parts.peer, parts.thread
            continue
        peer, _, rest = text[at:begin].rpartition(b"[")
        yield peer.rstrip(b" "), rest.partition(b"]")[0]


def rows_at(lines: Lines, places: Sequence[int]) -> Column:
    """List, each once, the rows in which some places of the bytes lie."""
    rows = np.unique(np.searchsorted(lines.at, places, "right") - 1)
    return rows[rows >= 0]


def together(parts: Sequence[Lines]) -> Lines:
    """Put lines behind one another."""
    if not parts:
        return NO_LINES
    shifts = np.cumsum([0, *(len(part.text) for part in parts[:-1])]).tolist()
    columns = [
        # the first three are places in the text
        np.concatenate([one + shift if place < 3 else one for one, shift in zip(column, shifts, strict=True)])  # noqa: PLR2004
        for place, column in enumerate(zip(*(part[1:] for part in parts), strict=True))
    ]
    return Lines(b"".join([part.text for part in parts]), *columns)


def copied(lines: Lines, rows: Column) -> Lines:
    """Keep some lines only, with their bytes."""
    at, stop = lines.at[rows], lines.stop[rows]
    if len(rows) and int((stop - at).max()) <= _SHORT <= len(lines.text) - int(at.max()):
        return _copied_short(lines, rows)
    text = b"".join([lines.text[one:other] for one, other in zip(at.tolist(), stop.tolist(), strict=True)])
    size = stop - at
    moved = np.cumsum(size) - size
    kept = lines.pick(rows)
    return kept._replace(text=text + PADDING, at=moved, begin=kept.begin - at + moved, stop=moved + size)


def _copied_short(lines: Lines, rows: Column) -> Lines:
    """Keep some short lines: as many bytes of each, taken without a loop."""
    begins = np.ndarray((len(lines.text) - _SHORT + 1,), f"V{_SHORT}", lines.text, strides=(1,))
    kept = lines.pick(rows)
    moved = np.arange(len(rows)) * _SHORT
    shift = moved - kept.at
    text = begins[kept.at].tobytes() + PADDING
    return kept._replace(text=text, at=moved, begin=kept.begin + shift, stop=kept.stop + shift)


def rows_of(lines: Lines, rows: Column) -> Rows:
    """Note where some lines stand."""
    at = lines.at[rows]
    return Rows(
        lines.key[rows],
        lines.ts[rows],
        lines.log[rows],
        lines.offset[rows],
        lines.number[rows],
        lines.stop[rows] - at,
        lines.begin[rows] - at,
    )


def in_order(parts: list[Rows]) -> Rows:
    """Put rows together, in the order of the logs."""
    if not parts:
        return Rows(
            *(
                np.zeros(0, np.uint64 if name == "key" else np.float64 if name == "ts" else np.int64)
                for name in Rows._fields
            )
        )
    rows = Rows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    order = np.lexsort((rows.offset, rows.log))
    return Rows(*(column[order] for column in rows))
