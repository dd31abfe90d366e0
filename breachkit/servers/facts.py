"""What SMTP logs say as far as a question about accounts needs it: small partial results that add up.

Mail from outside is only counted, unless a queued message names it: a log holds far more of it than of what
accounts do. No body, no password and no line of a log is in here, so a part may travel.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from breachkit.attempts import Attempts
from breachkit.records import Delivery, Locus
from breachkit.sends import Sends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo

    import numpy as np

    from breachkit.records import AuthAttempt, Session, Skipped, Transaction

HOUR = 3600
KEPT_EXAMPLES = 3
SHORTEST_ID = 6
"""Letters of a message's id that are worth looking for; a shorter one, which no server gives, stands everywhere."""

Skips = dict[str, tuple[int, tuple["Locus", ...]]]
"""How often something could not be read, by reason, and the first places."""


class Question(NamedTuple):
    """What is asked of the logs."""

    since: float | None = None
    until: float | None = None
    """Sessions that begin outside are left out; seconds since the epoch."""
    queue_ids: frozenset[str] = frozenset()
    """Messages wanted though nobody authenticated to send them."""
    by_hour: bool = True
    """Whether sessions and messages are to be counted by the hour."""
    distance_of: Callable[[str, str], int] | None = None
    """Tells of a user name and the secret that came in with it what is kept beside its fingerprint: 0 to 2."""

    @property
    def is_of_few(self) -> bool:
        """True when nothing is asked of sessions in which nobody authenticates and nothing goes out, but by id."""
        return not self.by_hour and all(len(one) >= SHORTEST_ID and one.isascii() for one in self.queue_ids)

    def are_inside(self, ts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Tell which of some moments are asked for."""
        early = -math.inf if self.since is None else self.since
        late = math.inf if self.until is None else self.until
        found: np.ndarray[Any, Any] = (ts >= early) & (ts <= late)
        return found

    def is_inside(self, ts: float) -> bool:
        """Tell whether a session that begins then is asked for."""
        return (self.since is None or ts >= self.since) and (self.until is None or ts <= self.until)


class Told(Protocol):
    """What of a session is kept: a `Session`, or what one would be made of."""

    @property
    def client_ip(self) -> str:
        """The peer, canonical."""

    @property
    def source(self) -> Locus:
        """Where it begins."""

    @property
    def attempts(self) -> Sequence[AuthAttempt]:
        """Tries to authenticate."""

    @property
    def transactions(self) -> Sequence[Transaction]:
        """Messages handed in."""

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """Recipients of deliveries outwards."""


@dataclass(slots=True)
class LogFacts:
    """What some part of the logs says."""

    attempts: Attempts = field(default_factory=Attempts)
    sends: Sends = field(init=False)
    deliveries: list[Delivery] = field(default_factory=list)
    sessions: Counter[int] = field(default_factory=Counter)
    """Sessions by the hour they began in, as seconds since the epoch."""
    accepted: Counter[int] = field(default_factory=Counter)
    """Messages taken in, by the hour."""
    sources: dict[int, Locus] = field(default_factory=dict)
    """The first session of each hour."""
    skipped: Skips = field(default_factory=dict)

    def __post_init__(self) -> None:
        # who sends has logged in: the same names
        self.sends = Sends(names=self.attempts.names)

    def take(self, session: Session, question: Question) -> None:
        """Add one session."""
        ts = session.start.timestamp()
        if not question.is_inside(ts):
            return
        if question.by_hour:
            self.count_session(int(ts) // HOUR * HOUR, 1, session.source)
            for sent in session.transactions:
                self.accepted[int(sent.ts.timestamp()) // HOUR * HOUR] += sent.accepted
        self.keep(session, question)

    def keep(self, session: Told, question: Question) -> None:
        """Add what a session says beside its number."""
        for tried in session.attempts:
            self.attempts.append(tried, session.source)
        self.deliveries.extend(session.deliveries)
        for sent in session.transactions:
            if sent.attempt is not None:
                tried = session.attempts[sent.attempt]
                self.sends.append((session.client_ip, tried.user, tried.source, sent))
            elif sent.queue_id is not None and sent.queue_id in question.queue_ids:
                self.sends.append((session.client_ip, None, None, sent))

    def count_session(self, hour: int, number: int, source: Locus) -> None:
        """Count sessions of one hour, the first of which begins at a place."""
        self.sessions[hour] += number
        self.sources[hour] = min(self.sources.get(hour, source), source)

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Count what could not be read."""
        for one in skipped:
            self._skip(one.reason, 1, (one.source,))

    def _skip(self, reason: str, number: int, places: tuple[Locus, ...]) -> None:
        count, examples = self.skipped.get(reason, (0, ()))
        self.skipped[reason] = (count + number, (*examples, *places)[:KEPT_EXAMPLES])

    def add(self, other: LogFacts) -> None:
        """Add another part; parts are added in the order of the logs, so that examples are the first ones."""
        self.attempts.add(other.attempts)
        self.sends.add(other.sends)
        self.deliveries += other.deliveries
        self.accepted.update(other.accepted)
        for hour, number in other.sessions.items():
            self.count_session(hour, number, other.sources[hour])
        for reason, (number, places) in other.skipped.items():
            self._skip(reason, number, places)

    def move_down(self, path: str, lines: int) -> None:
        """Add to the numbers of the lines of one log how many stand before those that were read."""
        if not lines:
            return

        def moved(source: Locus) -> Locus:
            return Locus(path, source.offset, source.line + lines) if source.path == path else source

        self.attempts.move_down(path, lines)
        self.sends.move_down(path, lines)
        # a record is made from its fields: `_replace` takes three times as long, and there may be 100,000
        self.deliveries = [Delivery(*sent[:-1], moved(sent.source)) for sent in self.deliveries]
        self.sources = {hour: moved(source) for hour, source in self.sources.items()}
        self.skipped = {
            reason: (number, tuple(moved(place) for place in places))
            for reason, (number, places) in self.skipped.items()
        }

    # Deliveries cross to another process as plain tuples with their moments as numbers: 100,000 of them, each with a
    # datetime and a place of its own, take three times as long to pickle.

    def __getstate__(self) -> tuple[Any, ...]:
        zone = self.deliveries[0].ts.tzinfo if self.deliveries else None
        others = (self.sessions, self.accepted, self.sources, self.skipped)
        return zone, self.attempts, self.sends, [_flat(gone) for gone in self.deliveries], others

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        zone, self.attempts, self.sends, deliveries, others = state
        self.deliveries = [_raised(row, zone) for row in deliveries]
        self.sessions, self.accepted, self.sources, self.skipped = others


def _flat(gone: Delivery) -> tuple[Any, ...]:
    return (gone.ts.timestamp(), *gone[1:-1], *gone.source)


def _raised(row: tuple[Any, ...], zone: tzinfo | None) -> Delivery:
    last = len(Delivery._fields) - 1
    return Delivery._make((datetime.fromtimestamp(row[0], zone), *row[1:last], Locus(*row[last:])))
