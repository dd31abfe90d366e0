"""Interleaved lines → what their sessions come to: whole sessions by plan, the others line by line.

A block's lines are sorted by key; a session that runs from `Connected` to its end within what is at hand is looked
up by its course (`plans`). One that is still open waits for the next block; one that has no plan, or waits too
long, is led through a `Dialogue` line by line (`machine`), which is the word on what a session is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from breachkit.records import Locus
from breachkit.servers.facts import HOUR, LogFacts
from breachkit.servers.icewarp import codes
from breachkit.servers.icewarp.blocks import Lines, has_prefixes
from breachkit.servers.icewarp.chorus import Chorus, perform
from breachkit.servers.icewarp.dialogue import ACCEPTED_ID
from breachkit.servers.icewarp.machine import IDLE, begins_anew, entry_of, feed, finish, is_end, opening
from breachkit.servers.icewarp.plans import LONGEST_PLAN, MOST_PLANS, Plan, plan_of
from breachkit.servers.icewarp.segments import (
    Seam,
    Woven,
    copied,
    holds,
    in_order,
    keys_of,
    order_by,
    rows_of,
    spread,
    together,
)
from breachkit.text.sasl import decode_text

if TYPE_CHECKING:
    from breachkit.servers import Reading
    from breachkit.servers.facts import Question
    from breachkit.servers.icewarp.blocks import Column
    from breachkit.servers.icewarp.dialogue import Dialogue
    from breachkit.servers.icewarp.machine import Key, LogEntry
    from breachkit.servers.icewarp.segments import Rows

PATIENCE = 3
"""Blocks for which an open session waits for its end before it is led line by line."""


class Weaver:
    """Takes lines in the order of the logs and adds what their sessions come to to some facts."""

    def __init__(self, reading: Reading, question: Question, node: str, *, is_inner: bool, is_followed: bool) -> None:
        """Begin.

        Args:
            reading: how logs are read.
            question: what is asked of them.
            node: which server wrote them.
            is_inner: True where the logs have a part before these lines: what may go on from there is put aside.
            is_followed: True where they have a part behind them: what is still open is put aside.
        """
        self._reading, self._question, self._node = reading, question, node
        self._is_inner, self._is_followed = is_inner, is_followed
        self.facts = LogFacts()
        self.labels: list[str] = []
        self._held: Lines | None = None
        self._age: Column = np.zeros(0, np.int64)
        self._alive: dict[int, Dialogue] = {}
        self._led: dict[int, list[Rows]] = {}
        self._plans: dict[bytes, Plan | None] = {}
        self._settled: list[Column] = []
        self._head: list[Rows] = []
        self._orphans: list[int] = []

    def log(self, label: str) -> int:
        """Give a log a number."""
        self.labels.append(label)
        return len(self.labels) - 1

    def take(self, lines: Lines) -> bool:
        """Take more lines; False, and nothing is taken, when they are none of a log after all."""
        age = np.zeros(len(lines.at), np.int64)
        if self._held is not None:
            lines, age = together((self._held, lines)), np.concatenate((self._age, age))
        if not len(lines.at):
            return True
        woven, new = self._weave(lines)
        if not has_prefixes(lines, woven.order[new]):
            return False
        self._held = None
        self._count_calm(woven, age)
        return True

    def _weave(self, lines: Lines) -> tuple[Woven, Column]:
        order = order_by(lines.key)
        key = lines.key[order]
        code = lines.code[order]
        number = len(key)
        is_new = np.ones(number, np.bool_)
        is_new[1:] = key[1:] != key[:-1]
        begins = is_new | (code == codes.CONNECTED)
        is_gone = code == codes.DISCONNECTED
        begins[1:] |= is_gone[:-1]
        begin = np.flatnonzero(begins)
        end = np.append(begin[1:], number)
        opens = code[begin] == codes.CONNECTED
        first = np.flatnonzero(is_new[begin])
        group = np.cumsum(is_new[begin]) - 1
        is_calm = np.logical_and.reduceat(opens, first)
        if self._alive:
            is_calm &= ~np.isin(key[begin][first], np.fromiter(self._alive, np.uint64, len(self._alive)))
        ts = lines.ts[order]
        leaps = np.flatnonzero((ts[1:] - ts[:-1] > IDLE) & ~begins[1:])
        is_calm[group[np.searchsorted(begin, leaps, "right") - 1]] = False
        is_last = np.append(is_new[begin][1:], True)
        woven = Woven(lines, order, begin, end, key[begin], is_gone[end - 1] | ~is_last, is_calm[group], code.tobytes())
        self.settle(woven.key[opens | is_gone[end - 1]])
        return woven, begin[first]

    def settle(self, key: Column) -> None:
        """Note keys of which a session certainly began or ended."""
        if self._is_inner:
            self._settled.append(np.unique(key))

    def keys(self) -> Column:
        """List the keys of the sessions that are open."""
        alive = np.fromiter(self._alive, np.uint64, len(self._alive))
        return alive if self._held is None else np.concatenate((alive, self._held.key))

    # -- whole sessions ----------------------------------------------------------------------------

    def _count_calm(self, woven: Woven, age: Column) -> None:
        size = woven.end - woven.begin
        is_short = size <= LONGEST_PLAN
        whole = np.flatnonzero(woven.is_calm & woven.is_whole & is_short)
        plans = self._plans_of(woven, whole)
        self._count(woven, whole, plans)
        is_open = woven.is_calm & ~woven.is_whole & is_short
        is_open &= age[woven.order[woven.begin]] < PATIENCE
        is_done = is_open.copy()
        is_done[whole] = [plan is not None for plan in plans]
        for segment in np.flatnonzero(~is_done).tolist():
            self._lead(woven, segment)
        if self._orphans:
            self._head.append(rows_of(woven.lines, np.array(self._orphans)))
            self._orphans = []
        self._hold(woven, np.flatnonzero(is_open), age)

    def _hold(self, woven: Woven, segments: Column, age: Column) -> None:
        if not len(segments):
            self._held, self._age = None, age[:0]
            return
        rows, _ = spread(woven, segments)
        self._held, self._age = copied(woven.lines, rows), age[rows] + 1

    def _plans_of(self, woven: Woven, segments: Column) -> list[Plan | None]:
        bounds = zip(woven.begin[segments].tolist(), woven.end[segments].tolist(), strict=True)
        return [self._plan(woven.codes[begin:end]) for begin, end in bounds]

    def _plan(self, course: bytes) -> Plan | None:
        try:
            return self._plans[course]
        except KeyError:
            plan = plan_of(course)
            if len(self._plans) < MOST_PLANS:
                self._plans[course] = plan
            return plan

    def _count(self, woven: Woven, segments: Column, plans: list[Plan | None]) -> None:
        """Count the sessions that have a plan, and keep what the others than plain ones say."""
        lines, order = woven.lines, woven.order
        is_planned = np.array([plan is not None for plan in plans], np.bool_)
        begin = woven.begin[segments]
        start = lines.ts[order[begin]]
        is_asked = is_planned & self._are_inside(start)
        if self._question.by_hour:
            self._count_hours(lines, order[begin[is_asked]])
        begins = begin.tolist()
        taken, lost = [], []
        performed: list[tuple[int, Plan]] = []
        for place in np.flatnonzero(is_asked).tolist():
            plan = plans[place]
            if plan is None:
                continue
            at = begins[place]
            taken += [at + line for line in plan.taken]
            lost += [at + line for line in plan.lost]
            if plan.tries or (self._question.queue_ids and self._is_wanted(woven, at, plan)):
                performed.append((int(segments[place]), plan))
        self._perform(woven, performed)
        for rows, is_taken in ((taken, 1), (lost, 0)) if self._question.by_hour else ():
            hours = (lines.ts[order[rows]] // HOUR).astype(np.int64) * HOUR
            for hour, number in zip(*(column.tolist() for column in np.unique(hours, return_counts=True)), strict=True):
                self.facts.accepted[hour] += number * is_taken

    def _are_inside(self, ts: Column) -> Column:
        question = self._question
        is_inside = np.ones(len(ts), np.bool_)
        if question.since is not None:
            is_inside &= ts >= question.since
        if question.until is not None:
            is_inside &= ts <= question.until
        return is_inside

    def _count_hours(self, lines: Lines, rows: Column) -> None:
        hours = (lines.ts[rows] // HOUR).astype(np.int64) * HOUR
        for hour in np.unique(hours).tolist():
            chosen = rows[hours == hour]
            logs = lines.log[chosen]
            log = min(np.unique(logs).tolist(), key=self.labels.__getitem__)
            within = chosen[logs == log]
            first = int(within[np.argmin(lines.offset[within])])
            self.facts.count_session(hour, len(chosen), self._place(lines, first))

    def _place(self, lines: Lines, row: int) -> Locus:
        return Locus(self.labels[int(lines.log[row])], int(lines.offset[row]), int(lines.number[row]))

    def _is_wanted(self, woven: Woven, at: int, plan: Plan) -> bool:
        """Tell whether a session brought in a message that is asked for."""
        for line in plan.taken:
            found = ACCEPTED_ID.search(woven.lines.raw(int(woven.order[at + line]))[4:])
            if found is None or decode_text(found[1]) in self._question.queue_ids:
                return True
        return False

    def _perform(self, woven: Woven, performed: list[tuple[int, Plan]]) -> None:
        """Keep what the sessions of some segments say, those of one course together."""
        alike: dict[int, tuple[Plan, list[int]]] = {}
        for segment, plan in performed:
            alike.setdefault(id(plan), (plan, []))[1].append(segment)  # to hash a plan itself takes 5 us
        for plan, segments in alike.values():
            chorus = Chorus(woven, np.array(segments), self.labels)
            perform(chorus, plan, self.facts, (self._reading, self._question))

    # -- the others --------------------------------------------------------------------------------

    def _lead(self, woven: Woven, segment: int) -> None:
        """Lead a segment line by line."""
        key = int(woven.key[segment])
        rows = woven.order[woven.begin[segment] : woven.end[segment]].tolist()
        lines = woven.lines
        if self._is_orphan(woven, segment, key):
            self._orphans += rows
            return
        (name,) = keys_of(lines, woven.order[woven.begin[segment] : woven.begin[segment] + 1])
        begun = 0
        for place, row in enumerate(rows):
            before = self._alive.get(key)
            self._step(key, self._entry(lines, row, name))
            begun = begun if self._alive.get(key) is before else place
        if self._is_followed and key in self._alive:
            self._led.setdefault(key, []).append(rows_of(lines, np.array(rows[begun:])))
        if woven.is_calm[segment] and woven.is_whole[segment] and key in self._alive:
            self._finish(key)

    def _is_orphan(self, woven: Woven, segment: int, key: int) -> bool:
        """Tell whether a segment may go on with a session of the part before."""
        if not self._is_inner or key in self._alive or woven.codes[woven.begin[segment]] == codes.CONNECTED:
            return False
        if segment and woven.key[segment - 1] == woven.key[segment]:
            return False
        # the last ones are of these lines themselves
        return not any(holds(settled, key) for settled in self._settled[:-1])

    def _step(self, key: int, entry: LogEntry) -> None:
        """Show a line to the session of its key."""
        dialogue = self._alive.get(key)
        if dialogue is not None and begins_anew(dialogue, entry):
            self._finish(key)
            dialogue = None
        if dialogue is None:
            dialogue = opening(entry, self._reading)
            if dialogue is None:
                return
            self._alive[key] = dialogue
        feed(dialogue, entry)
        if is_end(entry):
            self._finish(key)

    def _finish(self, key: int) -> None:
        self._led.pop(key, None)
        self.facts.take(finish(self._alive.pop(key), self._node, self._reading.zone), self._question)

    def _entry(self, lines: Lines, row: int, key: Key) -> LogEntry:
        place = (self.labels[int(lines.log[row])], int(lines.offset[row]), int(lines.number[row]))
        return entry_of(key, float(lines.ts[row]), lines.raw(row), place)

    # -- ends --------------------------------------------------------------------------------------

    def close(self) -> None:
        """End every session that is still open."""
        held, self._held = self._held, None
        if held is not None:
            self._end_held(held)
        for key in [*self._alive]:
            self._finish(key)

    def _end_held(self, held: Lines) -> None:
        if not len(held.at):
            return
        woven, _ = self._weave(held)
        plans = self._plans_of(woven, np.arange(len(woven.begin)))
        self._count(woven, np.arange(len(woven.begin)), plans)
        for segment, plan in enumerate(plans):
            if plan is None:
                self._lead(woven._replace(is_whole=np.ones_like(woven.is_whole)), segment)

    def seam(self) -> Seam:
        """Say what the parts before and behind have to do with."""
        led = [rows for parts in self._led.values() for rows in parts]
        held = [] if self._held is None else [rows_of(self._held, np.arange(len(self._held.at)))]
        settled = np.unique(np.concatenate(self._settled)) if self._settled else np.zeros(0, np.uint64)
        return Seam(tuple(self.labels), in_order(self._head), in_order([*held, *led]), settled)

    def pass_seam(self, settled: Column, tail: Column) -> bool:
        """Forget the sessions of keys that began anew in a part of which only the seam is known.

        Returns:
            False when one of them may have gone on instead: nothing but reading on from before it can tell.
        """
        behind = np.sort(tail)
        for key in [key for key in self._alive if holds(settled, key) or holds(behind, key)]:
            if not self._alive[key].has_dialogue and not self._alive[key].is_connected:
                return False
            self._finish(key)
        held = self._held
        if held is None:
            return True
        is_begun = np.array([holds(settled, key) or holds(behind, key) for key in held.key.tolist()], np.bool_)
        self._end_held(held.pick(is_begun))
        self._held, self._age = held.pick(~is_begun), self._age[~is_begun]
        return True
