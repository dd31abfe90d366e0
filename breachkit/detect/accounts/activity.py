"""What was done in one account, by address and programme: logins, messages, and what became of their recipients."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.places import network_of, programme_of, region_of
from breachkit.detect.accounts.visits import last_status
from breachkit.micros import HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import pandas as pd

    from breachkit.records import Locus


KEPT = 100
"""Recipients of a message whose names are kept."""


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
    strangers: int
    """Recipients with whom nobody of the house exchanged mail otherwise, among the first 100."""
    source: Locus

    @property
    def kept(self) -> int:
        """Recipients of whom the log's reader kept the name."""
        return min(self.recipients, KEPT)

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


@dataclass(slots=True, eq=False)
class Use:
    """What one programme at one client address did in one account."""

    ip: str
    programme: str
    """How it named itself (see `programme_of`); empty where it only logged in."""
    first_seen: int
    """Its first login by success, through any door."""
    last_seen: int
    is_local: bool = False
    """Other accounts of the house are at home with the same provider."""
    guesses: bool = False
    """The address guessed the password of this account, or of others."""
    failures: int = 0
    """Of the address, on this account."""
    logins: list[int] = field(default_factory=list)
    """Its logins by success: rows of the account's attempts."""
    sent: list[Sent] = field(default_factory=list)
    fates: Fates = field(default_factory=Fates)

    @property
    def network(self) -> str:
        """The network of its address."""
        return network_of(self.ip)

    @property
    def region(self) -> str:
        """The block of its provider."""
        return region_of(self.ip)


class Conduct(NamedTuple):
    """Some uses of one account, or of several, taken together."""

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
    def regions(self) -> set[str]:
        """Where they are."""
        return {use.region for use in self.uses}

    @property
    def first_seen(self) -> int:
        """When the first of them came in."""
        return min(use.first_seen for use in self.uses)

    @property
    def last_seen(self) -> int:
        """When the last of them was there."""
        return max(use.last_seen for use in self.uses)


def busiest(sent: Iterable[Sent], span: int = HOUR) -> int:
    """Count the most messages in an hour, or in another span."""
    return max(Counter(one.ts // span for one in sent).values(), default=0)


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done in one account."""

    account: str
    uses: tuple[Use, ...]
    """In the order in which they came in; addresses that only failed are left out."""
    start: int
    """The first login by success, through any door."""


class About(NamedTuple):
    """What is known of the addresses of one account, and of recipients."""

    guessing: Collection[str]
    """Addresses that guessed the password of this account, or of others."""
    local: Collection[str]
    """Addresses of providers with whom other accounts of the house are at home."""
    strangers: Collection[str]
    """Recipients with whom nobody of the house exchanged mail otherwise."""
    houses: Collection[str]
    """The domains of the house: a programme on a host of theirs is local, too."""


def activity_of(
    account: str,
    tables: Mapping[str, pd.DataFrame],
    about: About,
) -> Activity:
    """Take what was done in one account.

    Args:
        account: its name.
        tables: its `attempts` (tries to log in), `sends` (accepted messages, with `is_own` and `foreign`) and
            `deliveries` (of its messages, with `client_ip`), each in order of time.
        about: what is known of its addresses and of recipients.
    """
    taking = _Taking(tables["attempts"])
    taking.take_sends(tables["sends"], tables["deliveries"], about.strangers)
    uses = taking.uses()
    for use in uses:
        use.guesses = use.ip in about.guessing
        use.is_local = use.ip in about.local or use.programme.partition(".")[2] in about.houses
    return Activity(account, tuple(uses), min((use.first_seen for use in uses), default=0))


def micros(table: pd.DataFrame) -> list[int]:
    """Return the moments of a table, in microseconds since the epoch."""
    moments: list[int] = table["ts"].dt.as_unit("us").astype("int64").tolist()
    return moments


_STATUS, _DEAD = {"delivered": 0, "deferred": 1, "failed": 3}, 2


class _Taking:
    """The uses of one account in the making."""

    def __init__(self, attempts: pd.DataFrame) -> None:
        self._uses: dict[tuple[str, str], Use] = {}
        self._failures: Counter[str] = Counter()
        self._logins: dict[str, dict[int, int]] = defaultdict(dict)
        """By address: row and moment of each login by success."""
        rows = zip(micros(attempts), attempts["client_ip"].tolist(), attempts["outcome"].tolist(), strict=True)
        for row, (ts, ip, outcome) in enumerate(rows):
            if outcome == "success":
                self._logins[ip][row] = ts
            elif outcome == "failure":
                self._failures[ip] += 1
        self._attempts = attempts

    def take_sends(self, sends: pd.DataFrame, deliveries: pd.DataFrame, strangers: Collection[str]) -> None:
        """Take the messages, each with the login under which it was sent."""
        helos = sends["helo"].tolist()
        row_of: dict[object, int] = {}
        if len({(ip, programme_of(helo)) for ip, helo in zip(sends["client_ip"], helos, strict=True)}) > len(
            set(sends["client_ip"])
        ):
            row_of = {source: row for row, source in enumerate(self._attempts["source"])}
        fates = _FatesOf(deliveries)
        names = ("client_ip", "is_own", "foreign", "rcpt_count", "rcpt_unknown", "auth", "queue_id", "mail_from")
        rows = zip(
            micros(sends), sends["source"], helos, sends["rcpt_to"], *(sends[name] for name in names), strict=True
        )
        for ts, source, helo, rcpt_to, ip, is_own, foreign, count, unknown, auth, queue_id, mail_from in rows:
            logins = self._logins.get(ip)
            if logins is None:
                continue
            key = ip, programme_of(helo)
            row = row_of.get(auth)
            use = self._uses.get(key)
            if use is None:
                use = self._uses[key] = Use(*key, ts, ts)
            if row in logins and row not in use.logins[-1:]:
                use.logins.append(row)
            fate = fates.of(queue_id, mail_from, rcpt_to, int(count), int(unknown))
            number = sum(name in strangers for name in rcpt_to)
            # a mail server that names itself of the very house in whose name it writes is no forger
            is_its_own = foreign is not None and (helo or "").lower().endswith(f".{foreign}")
            shown = None if is_its_own else foreign
            use.sent.append(Sent(ts, bool(is_own), shown, fate.dead > 0, int(count), number, source))
            use.fates = use.fates.plus(fate)

    def uses(self) -> list[Use]:
        """Give every login to a use, and list the uses in order of time."""
        by_ip: dict[str, list[Use]] = defaultdict(list)
        for use in self._uses.values():
            by_ip[use.ip].append(use)
        for ip, logins in self._logins.items():
            mine = by_ip[ip] or [Use(ip, "", min(logins.values()), 0)]
            taken = {row for use in mine for row in use.logins}
            mine[0].logins = sorted({*mine[0].logins, *(row for row in logins if row not in taken)})
            for use in mine:
                use.failures = self._failures[ip]
                moments = [logins[row] for row in use.logins]
                use.first_seen = min([*moments, *(sent.ts for sent in use.sent[:1])])
                use.last_seen = max([*moments, *(sent.ts for sent in use.sent[-1:])])
            by_ip[ip] = mine
        return sorted((use for mine in by_ip.values() for use in mine), key=lambda use: (use.first_seen, use.ip))


class _FatesOf:
    """What became of the recipients of each message of an account."""

    def __init__(self, deliveries: pd.DataFrame) -> None:
        """Keep the last status by recipient, under the id of the message where the log names it, else its sender."""
        self._last: dict[object, dict[object, int]] = defaultdict(dict)
        names = ("queue_id", "mail_from", "rcpt_to", "outcome", "is_unknown")
        for queue_id, mail_from, rcpt_to, outcome, is_unknown in zip(
            *(deliveries[name].tolist() for name in names), strict=True
        ):
            # what is missing in a table may be NaN; without a recipient the note names one address, and it is his
            message = queue_id if isinstance(queue_id, str) else mail_from
            name = rcpt_to if isinstance(rcpt_to, str) else mail_from
            self._last[message][name] = _DEAD if is_unknown else _STATUS[outcome]

    def of(self, queue_id: object, mail_from: object, rcpt_to: Iterable[str], count: int, unknown: int) -> Fates:
        """Count them; recipients refused at the door do not exist."""
        counts = [0, 0, unknown, 0]
        by_id, by_sender = self._last.get(queue_id), self._last.get(mail_from, {})
        for status in by_id.values() if by_id else (by_sender[name] for name in rcpt_to if name in by_sender):
            counts[status] += 1
        delivered, waiting, dead, refused = counts
        return Fates(delivered, waiting, dead, refused, max(0, count - sum(counts)))


def fates_of(deliveries: pd.DataFrame) -> Fates:
    """Count what became of recipients of mail that joins no session."""
    last = last_status(deliveries)
    is_dead = last["is_unknown"].astype("bool")
    counts = Counter(last.loc[~is_dead, "outcome"].astype("str"))
    return Fates(counts["delivered"], counts["deferred"], int(is_dead.sum()), counts["failed"])
