"""What a scan counts of queued messages: in parts, where they are read, put together afterwards.

No message is kept. What grows with their number are eight bytes for the time of each, and the different recipients
of each account and pairs of account and declared sender, by name. Of what a finding may have to show only the first
few places are kept for each account and hour.
"""

from __future__ import annotations

import re
import sys
from array import array
from bisect import insort
from collections import Counter, defaultdict
from functools import lru_cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.detect.findings import KEPT_EVIDENCE, first
from breachkit.detect.lookalike import is_random_looking
from breachkit.evidence.gather import queue_folders
from breachkit.evidence.queued import Walk, count_queue
from breachkit.files import in_walk_order
from breachkit.micros import HOUR, micros_of
from breachkit.parallel import processors
from breachkit.progress import bar
from breachkit.records import NO_TIME, Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from breachkit.evidence.gather import Books
    from breachkit.evidence.queued import ReadPiece
    from breachkit.evidence.where import Where
    from breachkit.records import Message

TINY_BYTES = 2_048
TINY = "tiny"
RANDOM = "random"
FOREIGN = "foreign"

_RETRY = re.compile(r"(?:^|[/:])retry$", re.IGNORECASE)
_KEPT_NAMES = 1 << 14
"""Recipients whose look is remembered: innocent people are written to again and again."""

_TS = 2
"""Where the time stands in a row of a piece that was read."""

Place = tuple[str, int, int, str]
"""A `Locus` as a plain value."""


class QueueColumns(NamedTuple):
    """Some messages of one queue folder."""

    sources: Sequence[Place]
    sizes: Sequence[int]
    times: Sequence[int]
    """Microseconds since the epoch."""
    stamped: Sequence[bool]
    """False where the time is only the file's."""
    accounts: Sequence[str | None]
    senders: Sequence[str | None]
    recipients: Sequence[tuple[str, ...]]


class Survey:
    """The counts."""

    def __init__(self) -> None:
        self.bytes = 0
        self.queues: Counter[str] = Counter()
        """Messages of each queue folder."""
        self.queue_bytes: Counter[str] = Counter()
        self.times = array("q")
        self.pairs: Counter[tuple[str | None, str | None]] = Counter()
        """Messages by account and declared sender."""
        self.retried: Counter[str | None] = Counter()
        """Messages in the folder of deliveries to be tried again, by account."""
        self.reached: defaultdict[str | None, set[str]] = defaultdict(set)
        """The recipients of each account."""
        self.domains: Counter[str] = Counter()
        """Messages to each domain."""
        self.hours: Counter[int] = Counter()
        """Messages that bear a time of their own, by the hour, counted from the epoch."""
        self.signs: Counter[str] = Counter()
        """Messages, or recipients, that bear one of the signs `TINY`, `RANDOM` and `FOREIGN`."""
        self.recipients = 0
        self._places: dict[Any, list[Place]] = {}

    @property
    def messages(self) -> int:
        """How many were counted."""
        return len(self.times)

    @property
    def accounts(self) -> Counter[str | None]:
        """Messages of each account."""
        counts: Counter[str | None] = Counter()
        for (account, _), number in self.pairs.items():
            counts[account] += number
        return counts

    @property
    def senders(self) -> Counter[str | None]:
        """Messages under each declared sender."""
        counts: Counter[str | None] = Counter()
        for (_, sender), number in self.pairs.items():
            counts[sender] += number
        return counts

    def add(self, queue: str, some: QueueColumns) -> None:
        """Count some messages of a queue folder."""
        self.bytes += sum(some.sizes)
        self.queues[queue] += len(some.sizes)
        self.queue_bytes[queue] += sum(some.sizes)
        self.times.extend(some.times)
        self.pairs.update(zip(some.accounts, some.senders, strict=True))
        self._add_accounts(some, is_retry=bool(_RETRY.search(queue)))
        self._add_recipients(some)
        self._add_times(some)

    def _add_accounts(self, some: QueueColumns, *, is_retry: bool) -> None:
        if is_retry:
            self.retried.update(some.accounts)
        for source, account, sender in zip(some.sources, some.accounts, some.senders, strict=True):
            self._note((is_retry, account), source)
            if account != sender and is_foreign(account, sender):
                self.signs[FOREIGN] += 1
                self._note(FOREIGN, source)
        for source, size in zip(some.sources, some.sizes, strict=True):
            if size < TINY_BYTES:
                self.signs[TINY] += 1
                self._note(TINY, source)

    def _add_recipients(self, some: QueueColumns) -> None:
        domains: list[str] = []
        for source, account, names in zip(some.sources, some.accounts, some.recipients, strict=True):
            self.reached[account].update(names)
            if len(names) == 1:
                domains.append(names[0].rpartition("@")[2])
            else:
                domains += {name.rpartition("@")[2] for name in names}  # a message counts once
            odd = sum(map(_is_odd, names))
            if odd:
                self.signs[RANDOM] += odd
                self._note(RANDOM, source)
        self.domains.update(domains)
        self.recipients += sum(map(len, some.recipients))

    def _add_times(self, some: QueueColumns) -> None:
        times = [pair for pair in zip(some.times, some.sources, some.stamped, strict=True) if pair[2]]
        self.hours.update([ts // HOUR for ts, _, _ in times])
        for ts, source, _ in times:
            self._note(-(-ts // HOUR), source)

    def _note(self, key: Hashable, source: Place) -> None:
        kept = self._places.get(key)
        if kept is None:
            self._places[key] = [source]
        elif len(kept) < KEPT_EVIDENCE:
            insort(kept, source)
        elif source < kept[-1]:
            insort(kept, source)
            kept.pop()

    @property
    def _counters(self) -> tuple[Counter[Any], ...]:
        return self.queues, self.queue_bytes, self.pairs, self.retried, self.domains, self.hours, self.signs

    def merge(self, other: Survey) -> None:
        """Add what was counted elsewhere."""
        self.bytes += other.bytes
        self.recipients += other.recipients
        self.times.extend(other.times)
        for counter, counted in zip(self._counters, other._counters, strict=True):
            counter.update(counted)
        for account, names in other.reached.items():
            self.reached[account] |= names
        for key, sources in other._places.items():
            for source in sources:
                self._note(key, source)

    def places_of(self, account: str) -> tuple[Locus, ...]:
        """Return the first places of messages of an account."""
        return self._first((False, account), (True, account))

    def retried_of(self, account: str) -> tuple[Locus, ...]:
        """Return the first places of its messages that are to be tried again."""
        return self._first((True, account))

    def places_with(self, sign: str) -> tuple[Locus, ...]:
        """Return the first places of messages that bear a sign."""
        return self._first(sign)

    def places_within(self, hours: int, until: int) -> tuple[Locus, ...]:
        """Return the first places of messages of the hours up to one, by the time they bear."""
        return self._first(*range(until - hours + 1, until + 1))

    def _first(self, *keys: Hashable) -> tuple[Locus, ...]:
        return first(Locus(*source) for key in keys for source in self._places.get(key, ()))


def survey_of(messages: Iterable[Message]) -> Survey:
    """Count messages that are there as records."""
    survey = Survey()
    for queue, some in groupby(messages, key=lambda message: message.queue):
        survey.add(queue, QueueColumns(*map(tuple, zip(*map(_row, some), strict=True))))
    return survey


def _row(message: Message) -> tuple[Any, ...]:
    ts = micros_of(message.ts)
    return (
        tuple(message.source),
        message.size,
        ts,
        message.is_stamped,
        message.auth_user,
        message.mail_from,
        message.rcpt_to,
    )


@lru_cache(maxsize=_KEPT_NAMES)
def _is_odd(address: str) -> bool:
    return is_random_looking(address.partition("@")[0])


def is_foreign(auth_user: str | None, mail_from: str | None) -> bool:
    """Tell whether a message declares a sender that is not the account, by names alone."""
    if auth_user is None or mail_from is None or "@" not in mail_from:
        return False
    return auth_user not in {mail_from, mail_from.partition("@")[0]}


def count_messages(where: Where, books: Books, jobs: int | None = None) -> Survey:
    """Count the queued messages over `jobs` processes; None is one process a processor.

    Raises PathUnreadableError.
    """
    new = partial(_Count, micros_of(where.since), micros_of(where.until))
    total = new()
    folders = queue_folders(where, quarantined=False)
    with bar(sys.stderr, "queue", None, " messages") as progress:
        walk = Walk(where.layout.root, where.zone, progress, jobs or processors())
        for queue, own in where.owners(folders):
            for count in count_queue(queue, own, walk, new):
                total.merge(count)
    total.close(books)
    return total.survey


class _Count:
    """What one process counts of a queue, what is left out on the user's word too."""

    def __init__(self, since: int | None, until: int | None) -> None:
        self.survey = Survey()
        self._bounds = (since, until)
        self._messages = 0
        self._bytes = 0
        self._skipped: list[tuple[str, str]] = []
        self._undated: list[str] = []
        """Messages of unknown time."""

    def add(self, piece: ReadPiece) -> None:
        """Count some messages of one folder."""
        queue, read, skipped, *_ = piece
        self._skipped += skipped
        self._messages += len(read)
        self._bytes += sum(row[1] for row in read)
        self._undated += [row[0] for row in read if not row[_TS]]
        inside = read if self._bounds == (None, None) else [row for row in read if self._is_inside(row[_TS])]
        if inside:
            paths, *rest, _ = zip(*inside, strict=True)
            self.survey.add(queue, QueueColumns([(path, 0, 1, "") for path in paths], *rest))

    def _is_inside(self, ts: int) -> bool:
        since, until = self._bounds
        return not ts or ((since is None or ts >= since) and (until is None or ts <= until))

    def merge(self, other: _Count) -> None:
        """Add what another process counted."""
        self._messages += other._messages
        self._bytes += other._bytes
        self._skipped += other._skipped
        self._undated += other._undated
        self.survey.merge(other.survey)

    def pass_over(self, skipped: Iterable[Skipped]) -> None:
        """Count what was met and is no file, and put in order what could not be read."""
        self._skipped += [(one.source.path, one.reason) for one in skipped]
        self._skipped.sort(key=lambda one: in_walk_order(one[0], "/"))

    def close(self, books: Books) -> None:
        """Put down in the books what was found, read and skipped."""
        found = self._messages + len(self._skipped)
        books.files += found
        books.found_messages += found
        books.messages += self._messages
        books.bytes += self._bytes
        for path, reason in self._skipped:
            books.skip(Skipped(reason, Locus(path, 0, 1)))
        for path in sorted(self._undated, key=lambda path: in_walk_order(path, "/")):
            books.skip(Skipped(NO_TIME, Locus(path, 0, 1)))
