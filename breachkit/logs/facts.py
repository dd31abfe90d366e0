"""What SMTP logs say as far as a question about accounts needs it: small partial results that add up.

Mail from outside is only counted, unless a queued message names it: a log holds far more of it than of what
accounts do. No body, no password and no line of a log is in here, so a part may travel.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from breachkit.columns import Attempts, Deliveries, Sends
from breachkit.logs.envelope import KEPT_RECIPIENTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

    from breachkit.progress import Progress
    from breachkit.records import Locus, Skipped
    from breachkit.text.sasl import Fingerprints

KEPT_EXAMPLES = 3

SILENCE = 12 * 3600
"""Seconds without any line that are reported as a gap of the log."""

Skips = dict[str, tuple[int, tuple["Locus", ...]]]
"""How often something could not be read, by reason, and the first places."""


def shows_logins(level: str) -> bool:
    """Tell whether an AUTH would be seen in logs of a level."""
    return level.startswith("debug") or level == "normal"


def shows_every_login(level: str) -> bool:
    """Tell whether a login that sends nothing would be seen, too: `normal` logs name an account where it sends."""
    return shows_logins(level) and level != "normal"


def count_skipped(skips: Skips, reason: str, number: int, places: tuple[Locus, ...]) -> None:
    """Count pieces of evidence that could not be read; the first places are kept."""
    count, examples = skips.get(reason, (0, ()))
    skips[reason] = (count + number, (*examples, *places)[:KEPT_EXAMPLES])


class LogReading(NamedTuple):
    """How logs are to be read."""

    zone: tzinfo
    fingerprints: Fingerprints
    progress: Progress


class Sought(NamedTuple):
    """Which SMTP sessions are sought: of an address, else with a text in them, else those that begin at places."""

    client_ip: str | None = None
    """Canonical."""
    texts: frozenset[str] = frozenset()
    """Letters of either case are the same."""
    is_client: bool = False
    """Those in which the mail server delivers outwards, of the ones in which a text stands if there are texts."""
    places: frozenset[Locus] = frozenset()


class TranscriptLine(NamedTuple):
    """One line of a session as it may be shown: secrets are already masked."""

    ts: str
    direction: Literal["received", "sent", "note"]
    text: str
    secret: str | None
    """What stood in the place of `***`; only filled when the user asked to see it."""
    source: Locus


@dataclass(slots=True)
class LogTally:
    """What the lines of the logs showed, beside the sessions themselves."""

    lines: int = 0
    session_lines: int = 0
    bytes: int = 0
    dialogue_lines: int = 0
    summary_lines: int = 0
    event_lines: int = 0
    """The dialogue lines of logs that have no levels."""
    first: float | None = None
    last: float | None = None
    silences: list[tuple[float, float]] = field(default_factory=list)

    def add(self, other: LogTally, begin: float | None = None) -> None:
        """Add what was counted of further lines; `begin` is the moment of the first where they go on from these."""
        for name in ("lines", "session_lines", "bytes", "dialogue_lines", "summary_lines", "event_lines"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.first is None or other.last is None:
            return
        last = None if begin is None else self.last
        for start, end in (*([] if last is None or begin is None else [(last, begin)]), *other.silences):
            since = start if last is None else max(start, last)
            if end - since > SILENCE:
                self.silences.append((since, end))
        self.first = other.first if self.first is None else min(self.first, other.first)
        self.last = other.last if self.last is None else max(self.last, other.last)

    def begin_at(self, moment: float | None) -> None:
        """Forget that the logs reach back beyond a moment: what is older was left out."""
        if moment is not None and self.first is not None:
            self.first = max(self.first, moment)


class Question(NamedTuple):
    """What is asked of the logs."""

    since: float = -math.inf
    until: float = math.inf
    """Sessions that begin outside are left out; seconds since the epoch."""
    queue_ids: frozenset[str] = frozenset()
    """Messages wanted though nobody authenticated to send them."""
    by_hour: bool = True
    """Whether sessions and messages are to be counted by the hour."""
    distance_of: Callable[[str, str], int] | None = None
    """Tells of a user name and the secret that came in with it what is kept beside its fingerprint: 0 to 2."""

    def is_inside(self, ts: Any) -> Any:
        """Tell whether a moment is asked for, or which of some."""
        return (ts >= self.since) & (ts <= self.until)


@dataclass(slots=True)
class LogFacts:
    """What some part of the logs says."""

    attempts: Attempts = field(default_factory=Attempts)
    sends: Sends = field(default_factory=Sends)
    deliveries: Deliveries = field(default_factory=Deliveries)
    hints: Attempts = field(default_factory=Attempts)
    """Tries that the log of another server counts."""
    sessions: Counter[int] = field(default_factory=Counter)
    """Sessions by the hour they began in, as seconds since the epoch."""
    accepted: Counter[int] = field(default_factory=Counter)
    """Messages taken in, by the hour."""
    sources: dict[int, Locus] = field(default_factory=dict)
    """The first session of each hour."""
    skipped: Skips = field(default_factory=dict)
    tally: LogTally = field(default_factory=LogTally)
    """What the lines of SMTP logs showed."""
    door_tally: LogTally = field(default_factory=LogTally)
    doors: tuple[str, ...] = ()
    """The other doors whose tries to log in were read: `imap`, `pop3`, `web`."""

    def __post_init__(self) -> None:
        if not len(self.sends):  # who sends has logged in: the same names
            self.sends = Sends(names=self.attempts.names)

    @property
    def level(self) -> str:
        """The log level that the lines show."""
        if not self.tally.session_lines:
            return "none" if not self.tally.lines else "unknown"
        if self.tally.event_lines == self.tally.dialogue_lines > self.tally.summary_lines:
            return "normal"
        shown = (bool(self.tally.dialogue_lines), bool(self.tally.summary_lines))
        return {(True, True): "debug+summary", (True, False): "debug", (False, True): "summary"}.get(shown, "unknown")

    @property
    def first(self) -> datetime | None:
        """The first moment that the SMTP logs show."""
        return None if self.tally.first is None else datetime.fromtimestamp(self.tally.first, UTC)

    @property
    def last(self) -> datetime | None:
        """The last moment that the SMTP logs show."""
        return None if self.tally.last is None else datetime.fromtimestamp(self.tally.last, UTC)

    def count_session(self, hour: int, number: int, source: Locus) -> None:
        """Count sessions of one hour, the first of which begins at a place."""
        self.sessions[hour] += number
        self.sources[hour] = min(self.sources.get(hour, source), source)

    def skip(self, skipped: Iterable[Skipped]) -> None:
        """Count what could not be read."""
        for one in skipped:
            count_skipped(self.skipped, one.reason, 1, (one.source,))

    def complete(self) -> None:
        """Tell of messages what only the lines of their deliveries say: who is the sender, who the recipients are.

        They are joined by id and by time, since some servers give an id again.
        """
        import numpy as np  # who has read logs has it

        rows, gone = np.array(self.sends.lacking(), np.int64), self.deliveries
        if not len(rows) or not len(gone):
            return
        ids = np.concatenate([self.sends.text("queue_id").column()[rows], gone.text("queue_id").column()])
        _, ids = np.unique(ids, return_inverse=True)
        ts = np.concatenate([np.array(self.sends.columns["ts"])[rows], np.array(gone.columns["ts"])])
        is_sent = np.arange(len(ids)) < len(rows)
        order = np.lexsort((~is_sent, ts, ids))
        # of each, the last message handed in that stands before it
        before = order[np.maximum.accumulate(np.where(is_sent[order], np.arange(len(order)), 0))]
        is_its = is_sent[before] & (ids[before] == ids[order]) & ~is_sent[order]
        places, rows = order[is_its] - len(rows), rows[before[is_its]]
        pairs = np.lexsort((places, rows))
        joined = zip(memoryview(rows[pairs]), memoryview(places[pairs]), strict=True)  # a list would be larger than all
        for row, some in groupby(joined, itemgetter(0)):
            names: dict[str | None, None] = {}
            mail_from: str | None = None
            for _, place in some:
                names[gone.rcpt_to(place)] = None
                mail_from = mail_from or gone.name("mail_from", place)
            known = [name for name in names if name]
            self.sends.complete(row, mail_from, known[:KEPT_RECIPIENTS], len(known))

    def name_tries(self) -> None:
        """Give tries what only the line of another server tells of them."""
        self.attempts.complete(self.hints)
        self.hints = Attempts()

    def add(self, other: LogFacts) -> None:
        """Add another part; parts are added in the order of the logs, so that examples are the first ones."""
        self.attempts.add(other.attempts)
        self.sends.add(other.sends)
        self.deliveries.add(other.deliveries)
        self.hints.add(other.hints)
        self.accepted.update(other.accepted)
        for hour, number in other.sessions.items():
            self.count_session(hour, number, other.sources[hour])
        for reason, (number, places) in other.skipped.items():
            count_skipped(self.skipped, reason, number, places)

    def __getstate__(self) -> tuple[Any, ...]:
        others = (self.sessions, self.accepted, self.sources, self.skipped, self.hints)
        return self.attempts, self.sends, self.deliveries, others

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.attempts, self.sends, self.deliveries, others = state
        self.sessions, self.accepted, self.sources, self.skipped, self.hints = others
        # of a part these are not asked
        self.tally, self.door_tally, self.doors = LogTally(), LogTally(), ()
