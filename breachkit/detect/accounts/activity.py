"""What each client address did in one account: logins, messages, and what became of their recipients."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.guessers import network_of
from breachkit.detect.accounts.shares import lower_bound
from breachkit.detect.visits import last_status
from breachkit.micros import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import pandas as pd

    from breachkit.records import Locus

FOREIGN_COUNT, FOREIGN_SHARE, FOREIGN_MANY = 3, 0.2, 10
"""Messages in names of other houses, in number and as a share of those sent, or in number alone."""

DEAD_COUNT, DEAD_SHARE, HOPELESS_SHARE = 5, 0.2, 0.5
"""Recipients that do not exist, in number and as a share (its lower bound) of all to whom was sent. "Honest users are
very unlikely to attempt to send to 100 nonexistent addresses in one hour" (Exim wiki, BlockCracking)."""
SPREAD_SHARE = 0.08
"""The same where new places of several networks sent it: a mailing with an old list goes out from one place."""


class Sent(NamedTuple):
    """One accepted message."""

    ts: int
    """Microseconds since the epoch."""
    is_own: bool
    foreign: str | None
    """The domain of its sender where that is no domain of the house."""
    is_dead: bool
    """One of its recipients does not exist."""
    recipients: int
    helo: str | None
    source: Locus

    @property
    def is_odd(self) -> bool:
        """True for what an owner hardly sends."""
        return self.foreign is not None or self.is_dead


class Fates(NamedTuple):
    """What became of recipients, each once for a message, by its last status."""

    delivered: int = 0
    waiting: int = 0
    dead: int = 0
    """Does not exist."""
    refused: int = 0
    """Any other permanent failure."""
    unknown: int = 0
    """Nothing in the logs tells."""

    @property
    def tried(self) -> int:
        """All of them: a share is of all to whom was sent."""
        return sum(self)

    def plus(self, other: Fates) -> Fates:
        """Add others."""
        return Fates(*(one + more for one, more in zip(self, other, strict=True)))


@dataclass(slots=True)
class Use:
    """What one client address did in one account."""

    ip: str
    failures: int
    first_success: int | None
    """Through any door."""
    last_seen: int
    first_entry: int | None
    """The first SMTP login by success."""
    guesses: bool
    """The address guessed the password of this account, or of others."""
    sent: list[Sent] = field(default_factory=list)
    days: set[int] = field(default_factory=set)
    """With a login by success or a message."""
    fates: Fates = field(default_factory=Fates)

    @property
    def first_odd(self) -> int | None:
        """When the first message was sent that an owner hardly sends."""
        return next((sent.ts for sent in self.sent if sent.is_odd), None)

    @property
    def helos(self) -> set[str]:
        """How the client named itself."""
        return {sent.helo for sent in self.sent if sent.helo}


class Conduct(NamedTuple):
    """Some uses of one account, taken together."""

    uses: tuple[Use, ...]

    @property
    def sent(self) -> list[Sent]:
        """Their messages, in order of time."""
        return sorted((sent for use in self.uses for sent in use.sent), key=lambda sent: sent.ts)

    @property
    def fates(self) -> Fates:
        """What became of their recipients."""
        total = Fates()
        for use in self.uses:
            total = total.plus(use.fates)
        return total

    @property
    def foreign(self) -> list[Sent]:
        """Messages in names of other houses."""
        return [sent for use in self.uses for sent in use.sent if sent.foreign is not None]

    @property
    def domains(self) -> set[str]:
        """Of these names."""
        return {sent.foreign for sent in self.foreign if sent.foreign is not None}

    @property
    def is_foreign(self) -> bool:
        """True when they write in names of other houses."""
        number = len(self.foreign)
        total = sum(len(use.sent) for use in self.uses)
        return number >= FOREIGN_MANY or (number >= FOREIGN_COUNT and number >= FOREIGN_SHARE * total)

    def is_to_nobody(self, share: float | None = None) -> bool:
        """Tell whether they write to recipients that do not exist; None is the share for as many networks.

        What was refused otherwise counts beside them: unasked mail is.
        """
        fates = self.fates
        if share is None:
            share = DEAD_SHARE if len({network_of(use.ip) for use in self.uses}) == 1 else SPREAD_SHARE
        return fates.dead >= DEAD_COUNT and lower_bound(fates.dead + fates.refused, fates.tried) >= share


def busiest(sent: Iterable[Sent], span: int = HOUR) -> int:
    """Count the most messages in an hour, or in another span."""
    return max(Counter(one.ts // span for one in sent).values(), default=0)


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done in one account."""

    account: str
    uses: tuple[Use, ...]
    """In the order in which they came in; those that only failed are left out."""
    start: int
    """The first login by success, through any door."""


def activity_of(
    account: str,
    attempts: pd.DataFrame,
    sends: pd.DataFrame,
    deliveries: pd.DataFrame,
    guessing: Collection[str],
) -> Activity:
    """Take what was done in one account.

    Args:
        account: its name.
        attempts: its tries to log in, in order of time.
        sends: its accepted messages, in order of time, with `is_own` and `foreign`.
        deliveries: of its messages, in order of time, with `client_ip`.
        guessing: addresses that guessed the password of this account, or of others.
    """
    uses: dict[str, Use] = {}
    columns = (attempts[name].tolist() for name in ("client_ip", "outcome", "service"))
    failures: dict[str, int] = {}
    for ts, client_ip, outcome, service in zip(micros(attempts), *columns, strict=True):
        if outcome == "failure":
            failures[client_ip] = failures.get(client_ip, 0) + 1
        if outcome != "success":
            continue
        use = uses.get(client_ip)
        if use is None:
            use = uses[client_ip] = Use(client_ip, 0, ts, ts, None, client_ip in guessing)
        use.last_seen = ts
        use.days.add(ts // DAY)
        if service == "smtp" and use.first_entry is None:
            use.first_entry = ts
    _add_sends(uses, sends, deliveries)
    for client_ip, use in uses.items():
        use.failures = failures.get(client_ip, 0)
    came = [use.first_success for use in uses.values() if use.first_success is not None]
    ordered = sorted(uses.values(), key=lambda use: (use.first_success or 0, use.ip))
    return Activity(account, tuple(ordered), min(came, default=0))


def micros(table: pd.DataFrame) -> list[int]:
    """Return the moments of a table, in microseconds since the epoch."""
    moments: list[int] = table["ts"].dt.as_unit("us").astype("int64").tolist()
    return moments


_STATUS, _DEAD = {"delivered": 0, "deferred": 1, "failed": 3}, 2


def _add_sends(uses: dict[str, Use], sends: pd.DataFrame, deliveries: pd.DataFrame) -> None:
    last: dict[tuple[str, str, object], int] = {}
    columns = (
        deliveries[name].tolist() for name in ("client_ip", "queue_id", "mail_from", "rcpt_to", "outcome", "is_unknown")
    )
    dead: set[tuple[object, object]] = set()
    for client_ip, queue_id, mail_from, rcpt_to, outcome, is_unknown in zip(*columns, strict=True):
        message = queue_id if isinstance(queue_id, str) else str(mail_from)  # what is missing in a table may be NaN
        last[client_ip, message, rcpt_to] = _DEAD if is_unknown else _STATUS[outcome]
        if is_unknown:
            # a note that names both does not say which is the sender
            dead.update(((queue_id, rcpt_to), (queue_id, mail_from), (mail_from, rcpt_to)))
    dead_ids = {name for name, _ in dead}
    known: dict[str, list[int]] = {}
    for key, status in last.items():
        known.setdefault(key[0], [0, 0, 0, 0])[status] += 1
    total: dict[str, int] = {}
    names = ("client_ip", "is_own", "foreign", "rcpt_count", "rcpt_unknown", "helo", "queue_id", "mail_from", "rcpt_to")
    rows = zip(micros(sends), sends["source"], *(sends[name] for name in names), strict=True)
    for ts, source, client_ip, is_own, foreign, count, unknown, helo, queue_id, mail_from, rcpt_to in rows:
        use = uses.get(client_ip)
        if use is None:
            continue
        is_dead = unknown > 0 or (
            (queue_id in dead_ids or mail_from in dead_ids)
            and any((name, one) in dead for name in (queue_id, mail_from) for one in rcpt_to)
        )
        use.sent.append(Sent(ts, bool(is_own), foreign, is_dead, int(count), helo, source))
        use.last_seen = max(use.last_seen, ts)
        use.days.add(ts // DAY)
        total[client_ip] = total.get(client_ip, 0) + int(count)
        known.setdefault(client_ip, [0, 0, 0, 0])[2] += int(unknown)
    for client_ip, use in uses.items():
        delivered, waiting, gone, refused = known.get(client_ip, (0, 0, 0, 0))
        told = delivered + waiting + gone + refused
        use.fates = Fates(delivered, waiting, gone, refused, max(0, total.get(client_ip, 0) - told))


def fates_of(deliveries: pd.DataFrame) -> Fates:
    """Count what became of recipients of mail that joins no session."""
    last = last_status(deliveries)
    is_dead = last["is_unknown"].astype("bool")
    counts = Counter(last.loc[~is_dead, "outcome"].astype("str"))
    return Fates(counts["delivered"], counts["deferred"], int(is_dead.sum()), counts["failed"])


def own_past(use: Use) -> Sequence[Sent]:
    """List what was sent from an address before anything odd was."""
    odd = use.first_odd
    return use.sent if odd is None else [sent for sent in use.sent if sent.ts < odd]
