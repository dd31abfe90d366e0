"""What the course of a session comes to, learnt once for all sessions whose lines are of the same kinds.

A `Dialogue` is walked through once with an example line of each kind and noted: which reply answered which command,
which lines were responses to AUTH. Another session of the same kinds then needs those lines only, and one that
neither authenticates nor is asked for needs none: its messages are counted where they ended.
"""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from breachkit.records import Locus
from breachkit.servers.icewarp import codes
from breachkit.servers.icewarp.dialogue import Dialogue
from breachkit.servers.icewarp.lines import SENT
from breachkit.servers.icewarp.machine import begins_anew, feed
from breachkit.text.sasl import Fingerprints

if TYPE_CHECKING:
    from breachkit.records import Outcome
    from breachkit.servers.icewarp.lines import Place
    from breachkit.servers.icewarp.machine import LogEntry

LONGEST_PLAN = 100
"""Lines of a session beyond which its course is hardly another's."""

MOST_PLANS = 20_000
"""Courses that are remembered: strangers choose what they send, in which order."""

_LETTERS = {code: bytes([code]) for code in codes.EXAMPLES}
_HELLO = frozenset({b"EHLO", b"HELO"})
_NEEDED = frozenset({b"MAIL", b"RCPT", b".", b"RSET"}) | _HELLO
"""Commands whose answer says something of a message, or of who sends it."""


class Answered(NamedTuple):
    """A reply to a command; all are lines of the session, counted from 0."""

    verb: bytes
    command: int
    reply: int
    dated: int
    """The line with which the reply ended: its own, or the next command where only its first lines were logged."""


class Tried(NamedTuple):
    """An exchange: its AUTH, the responses to it, the line that dates it, and how it ended."""

    auth: int
    responses: tuple[int, ...]
    dated: int
    outcome: Outcome


class Summed(NamedTuple):
    """A summary line within a message."""

    line: int


Step = Answered | Tried | Summed


class Plan(NamedTuple):
    """What a session of some course comes to."""

    steps: tuple[Step, ...]
    taken: tuple[int, ...]
    """The replies that took a message in."""
    lost: tuple[int, ...]
    """The lines with which a message ended that was not taken in."""
    tries: tuple[Tried, ...]
    """The steps in which somebody tried to authenticate."""


class _Rehearsal(Dialogue):
    """A dialogue that notes what it does; its lines are dated by their number."""

    __slots__ = ("_responses", "steps")

    def __init__(self) -> None:
        super().__init__("", "", 0.0, Locus("", 0, 0), (UTC, Fingerprints(b"")))
        self.steps: list[Step] = []
        self._responses: list[int] = []

    @property
    def takes_anything(self) -> bool:
        """True where a line of the peer is no command, whatever it says."""
        return self._in_content or (self._exchange is not None and self._challenged)

    def received(self, ts: float, text: bytes, source: Place) -> None:
        super().received(ts, text, source)
        if self.role in {"user", "secret"}:
            self._responses.append(int(ts))

    def _answer(self, ts: float, verb: bytes, command: bytes, reply: bytes, source: Place) -> None:
        if verb in _NEEDED:
            self.steps.append(Answered(verb, source[1], int(reply[4:]), int(ts)))
        super()._answer(ts, verb, command, reply, source)

    def _close_exchange(self, ts: float, outcome: Outcome) -> None:
        if self._exchange is not None:
            self.steps.append(Tried(self._exchange_source[1], tuple(self._responses), int(ts), outcome))
        self._responses = []
        super()._close_exchange(ts, outcome)

    def _take_summary(self, ts: float, text: bytes, source: Place) -> None:
        if self._message is not None:
            self.steps.append(Summed(source[1]))
        super()._take_summary(ts, text, source)


def _of_messages(steps: list[Step]) -> list[Step]:
    """Drop how the client named itself where it offers no message: a guesser's 100,000 sessions need it not."""
    is_asked = any(not isinstance(step, Tried) and not _is_hello(step) for step in steps)
    return steps if is_asked else [step for step in steps if not _is_hello(step)]


def _is_hello(step: Step) -> bool:
    return isinstance(step, Answered) and step.verb in _HELLO


@cache
def _example(code: int, number: int) -> LogEntry:
    marker, text = codes.EXAMPLES[code]
    if marker == SENT:
        text += b"%d" % number  # an answer says which line it is
    return (b"", b""), float(number), marker, text, ("", number, number)


def plan_of(course: bytes) -> Plan | None:  # noqa: PLR0911  one for each thing that a plan cannot tell
    """Learn what a session comes to; None when that hangs on more than the kinds of its lines.

    Args:
        course: the kinds of its lines, a letter each (see `codes`), from `Connected` to its end.
    """
    if len(course) > LONGEST_PLAN or not course.startswith(_LETTERS[codes.CONNECTED]):
        return None
    dialogue = _Rehearsal()
    for number, code in enumerate(course):
        if code not in codes.EXAMPLES:
            return None
        entry = _example(code, number)
        if number and begins_anew(dialogue, entry):
            return None
        if code == codes.OTHER and not dialogue.takes_anything:
            return None
        if code in {codes.NOTE, codes.BEGUN, codes.SUMMARY} and not dialogue.has_dialogue:
            return None
        feed(dialogue, entry)
    if dialogue.kind == "client":
        return None
    dialogue.close()
    ends = [(int(sent.ts.timestamp()), sent.accepted) for sent in dialogue.transactions]
    return Plan(
        steps=tuple(_of_messages(dialogue.steps)),
        taken=tuple(line for line, is_accepted in ends if is_accepted),
        lost=tuple(line for line, is_accepted in ends if not is_accepted),
        tries=tuple(step for step in dialogue.steps if isinstance(step, Tried)),
    )
