"""Lines let go unread, since nothing that is asked hangs on their sessions.

Of 100 sessions some 90 bring mail in from outside: nobody authenticates, nothing goes out, and where hours are not
asked for, nothing is kept of them but the messages that are asked for by id. Whether all lines of a peer and thread
are of that sort is told by scattering them over a table, without sorting; where two keys meet in it both are kept.
Lines that hold an id are found by looking for all of the ids at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from breachkit.servers.icewarp import codes
from breachkit.servers.icewarp.blocks import has_prefixes
from breachkit.servers.icewarp.segments import NO_LINES, copied, rows_at, together
from breachkit.text.finder import make_finder

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

    from breachkit.servers.icewarp.blocks import Column, Lines
    from breachkit.servers.icewarp.weaver import Weaver

BITS = 17
"""Slots of the table, as a power of two: some 5,000 keys share a block."""

MOST_WAITING = 1 << 15
"""Lines of open sessions that wait longer than a block; where there are more, the weaver has them."""

WORTH_WEAVING = 1 << 15
"""Lines that the weaver is given at once."""

_PLAIN = (
    *(codes.CONNECTED, codes.DISCONNECTED, codes.HELLO, codes.MAIL, codes.RCPT, codes.CONTENT, codes.RSET),
    *(codes.STARTTLS, codes.IDLE_VERB, codes.BANNER, codes.GOOD, codes.GOOD_MORE, codes.FAILED, codes.FAILED_MORE),
    *(codes.REFUSED, codes.REFUSED_MORE, codes.GO_AHEAD, codes.SUMMARY, codes.BEGUN),
)
"""However lines of these kinds are cut into sessions, nobody authenticates in these, and none delivers outwards."""

_IS_TELLING = ~np.isin(np.arange(256), _PLAIN)

_GONE, _WAITING, _TELLING = 0, 1, 2


class Sieve:
    """Takes lines as a weaver does, and hands on to it those of sessions that something may hang on."""

    def __init__(self, weaver: Weaver, queue_ids: frozenset[str]) -> None:
        """Begin.

        Args:
            weaver: has the lines that are kept.
            queue_ids: messages whose sessions are kept; in ASCII, so that a log has one spelling of each.
        """
        self._weaver = weaver
        self._finder = _finder(queue_ids)
        self._table = Table()
        self._waiting = NO_LINES
        """Lines of sessions that are open and plain so far."""
        self._recent = NO_LINES
        """The same, of the last block: still in its bytes."""
        self._telling: list[Lines] = []
        """Lines for the weaver."""

    def take(self, lines: Lines) -> bool:
        """Take more lines; False, and nothing is taken, when they are none of a log after all."""
        if not self._table.are_prefixed(lines):
            return False
        parts = self._waiting, self._recent, lines
        key = np.concatenate([part.key for part in parts])
        code = np.concatenate([part.code for part in parts])
        told = np.concatenate((self._weaver.keys(), self._named(lines), *(part.key for part in self._telling)))
        if len(self._waiting.key) > MOST_WAITING:
            told = np.concatenate((told, self._waiting.key))
        fate = self._table.fates(key, code, told)
        fates = np.split(fate, np.cumsum([len(part.key) for part in parts])[:-1])
        self._tell([copied(part, np.flatnonzero(one == _TELLING)) for part, one in zip(parts, fates, strict=True)])
        self._weaver.settle(key[(fate == _GONE) & (code == codes.CONNECTED)])
        still = [np.flatnonzero(one == _WAITING) for one in fates]
        self._waiting = together([copied(self._waiting, still[0]), copied(self._recent, still[1])])
        self._recent = lines.pick(still[2])
        return True

    def _named(self, lines: Lines) -> Column:
        """List the keys of lines that hold an id."""
        found = [] if self._finder is None else self._finder.find_matches_as_indexes(lines.text)
        named: Column = lines.key[rows_at(lines, [begin for _, begin, _ in found])]
        return named

    def _tell(self, parts: list[Lines]) -> None:
        """Hand on lines, many at a time: each time costs a little by itself."""
        self._telling += [part for part in parts if len(part.key)]
        if sum(len(part.key) for part in self._telling) >= WORTH_WEAVING:
            self._weave()

    def _weave(self) -> None:
        self._weaver.take(together(self._telling))
        self._telling = []

    def flush(self) -> None:
        """Hand on what still waits, behind the last line."""
        self._telling += [copied(part, np.arange(len(part.key))) for part in (self._waiting, self._recent)]
        self._weave()
        self._waiting = self._recent = NO_LINES


@lru_cache(maxsize=1)
def _finder(queue_ids: frozenset[str]) -> BytesAhoCorasick | None:
    """Make what finds ids; kept for the next span, since it takes 0.7 s for 100,000 of them."""
    return make_finder([queue_id.encode("ascii") for queue_id in queue_ids]) if queue_ids else None


class Table:
    """What is known of each key, in a slot that it may share; made once, since to clear it costs more than to fill."""

    def __init__(self) -> None:
        self._owner = np.zeros(1 << BITS, np.uint64)
        self._row = np.zeros(1 << BITS, np.int64)
        self._first, self._last, self._fate = (np.zeros(1 << BITS, np.uint8) for _ in range(3))

    def are_prefixed(self, lines: Lines) -> bool:
        """Tell whether the prefixes of lines are what they were taken for: those of at least one row of each key."""
        slot, rows = _slot(lines.key), np.arange(len(lines.key))
        self._row[slot] = rows  # of several values for one slot the last stays
        self._owner[slot] = lines.key
        return has_prefixes(lines, np.flatnonzero((self._row[slot] == rows) | (self._owner[slot] != lines.key)))

    def fates(self, key: Column, code: Column, told: Column) -> Column:
        """Tell of each line whether its session is gone, waiting or telling.

        Telling are all lines of a key that has a line of another kind than the plain ones, or whose first line may go
        on with a session that began before; and of the keys that are told already. Waiting are those whose last
        session is open.
        """
        slot, backwards = _slot(key), slice(None, None, -1)
        self._owner[slot] = key
        self._first[slot[backwards]] = code[backwards]
        self._last[slot] = code
        self._fate[slot] = (self._last[slot] != codes.DISCONNECTED).astype(np.uint8)
        is_odd = _IS_TELLING[code] | (self._first[slot] != codes.CONNECTED) | (self._owner[slot] != key)
        self._fate[slot[is_odd]] = _TELLING
        self._fate[_slot(told)] = _TELLING
        return self._fate[slot]


def _slot(key: Column) -> Column:
    slot: Column = (key >> np.uint64(64 - BITS)).view(np.int64)
    return slot
