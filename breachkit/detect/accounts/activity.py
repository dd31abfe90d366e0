"""What was done in one account, by address and programme: logins, messages, and what became of their recipients."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.places import network_of, programme_of, region_of
from breachkit.detect.accounts.visits import last_status
from breachkit.micros import HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import pandas as pd

    from breachkit.records import Locus


PAST_COUNT = 2
"""Ordinary messages that make a past."""

MASS, MASS_RATIO = 20, 3
"""Strangers written to, in number, and by day against the messages that the account sends in a day otherwise."""

ODD_SHARE = 0.8
"""Share of odd messages among those of a place or of a time that make it odd."""

PAUSE = 3 * HOUR
"""What parts a mass of messages from those before it."""


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


class Sent(NamedTuple):
    """One accepted message."""

    ts: int
    """Microseconds since the epoch."""
    foreign: str | None
    """The domain of its sender where that is no domain of the house."""
    colleague: str | None
    """Another account of the house in whose name it is."""
    fates: Fates
    """What became of its recipients."""
    strangers: int
    """Recipients outside the house with whom nobody of it exchanged mail otherwise, among the first 100."""
    known: int
    """The others outside it, among these."""
    source: Locus

    @property
    def is_dead(self) -> bool:
        """True if one of its recipients does not exist."""
        return self.fates.dead > 0

    @property
    def is_strange(self) -> bool:
        """True if it went to strangers."""
        return self.strangers > 4 * self.known

    @property
    def is_odd(self) -> bool:
        """True for what an owner seldom sends: in other names, to nobody, or to strangers."""
        return self.foreign is not None or self.colleague is not None or self.is_dead or self.is_strange


class LoginRow(NamedTuple):
    """A login by success."""

    row: int
    """Of the account's attempts."""
    ts: int


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
    has_turned: bool = False
    """It goes on where its owner's use of the same programme at the same address ended."""
    failures: int = 0
    """Of the address, on this account."""
    logins: list[LoginRow] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

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

    uses: Sequence[Use]

    @property
    def sent(self) -> list[Sent]:
        """Their messages, in order of time."""
        return sorted((sent for use in self.uses for sent in use.sent), key=lambda sent: sent.ts)

    @property
    def fates(self) -> Fates:
        """What became of their recipients."""
        return Fates(*map(sum, zip(*(sent.fates for use in self.uses for sent in use.sent), strict=True)))

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
    """Recipients outside the house with whom nobody of it exchanged mail otherwise."""
    houses: Collection[str]
    """The domains of the house: a programme on a host of theirs is local, too."""


def activity_of(account: str, tables: Mapping[str, pd.DataFrame], about: About) -> Activity:
    """Take what was done in one account.

    Args:
        account: its name.
        tables: its `attempts` (tries to log in), `sends` (accepted messages, with `is_own` and `foreign`) and
            `deliveries` (of its messages, with `client_ip`), each in order of time.
        about: what is known of its addresses and of recipients.
    """
    taking = _Taking(tables["attempts"])
    taking.take_sends(tables["sends"], tables["deliveries"], about)
    uses = taking.uses()
    for use in uses:
        use.guesses = use.ip in about.guessing
        use.is_local = use.ip in about.local or use.programme.partition(".")[2] in about.houses
    phases = tuple(phase for use in uses for phase in phases_of(use))
    return Activity(account, phases, min((use.first_seen for use in uses), default=0))


def phases_of(use: Use) -> list[Use]:
    """Part a use where its owner's letters end and a mass of others begins, as from a machine that was infected."""
    strict = [one.foreign is not None or one.colleague is not None or one.is_dead for one in use.sent]
    # in a house that writes to new people only, strangers part nothing
    for are_odd in ([one.is_odd for one in use.sent], strict):
        cut = _onset(use.sent, are_odd)
        if cut:
            before, after = use.sent[:cut], use.sent[cut:]
            begins = max((one.ts for one in use.logins if one.ts <= after[0].ts), default=after[0].ts)
            logins = [one for one in use.logins if one.ts < begins], [one for one in use.logins if one.ts >= begins]
            return [
                replace(use, logins=logins[0], sent=before, last_seen=before[-1].ts),
                replace(use, logins=logins[1], sent=after, first_seen=begins, has_turned=True),
            ]
    return [use]


def _onset(sent: Sequence[Sent], are_odd: Sequence[bool]) -> int:
    """Return where a mass of odd messages begins after ordinary ones; 0 where it does not."""
    odd = [number for number, is_odd in enumerate(are_odd) if is_odd]
    if len(odd) < MASS:
        return 0
    pauses = (at for at in range(len(odd) - MASS, 0, -1) if sent[odd[at]].ts - sent[odd[at - 1]].ts > PAUSE)
    cut = odd[next(pauses, 0)]
    ordinary = cut - sum(are_odd[:cut])
    is_onset = sum(are_odd[cut:]) >= ODD_SHARE * (len(sent) - cut)
    is_haste = busiest(sent[cut:]) >= MASS_RATIO * busiest(sent[:cut])
    return cut if ordinary >= PAST_COUNT and 2 * ordinary >= cut and is_onset and is_haste else 0


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
        self._of: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
        """The same by address and programme, as far as something was sent under it."""
        rows = zip(micros(attempts), attempts["client_ip"].tolist(), attempts["outcome"].tolist(), strict=True)
        for row, (ts, ip, outcome) in enumerate(rows):
            if outcome == "success":
                self._logins[ip][row] = ts
            elif outcome == "failure":
                self._failures[ip] += 1
        self._attempts = attempts

    def take_sends(self, sends: pd.DataFrame, deliveries: pd.DataFrame, about: About) -> None:
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
            if row in logins:
                self._of[key][row] = logins[row]
            strangers = sum(name in about.strangers for name in rcpt_to)
            known = sum(name.rpartition("@")[2] not in about.houses for name in rcpt_to) - strangers
            # a mail server that names itself of the very house in whose name it writes is no forger
            is_its_own = foreign is not None and (helo or "").lower().endswith(f".{foreign}")
            fate = fates.of(queue_id, mail_from, rcpt_to, int(count), int(unknown))
            colleague = None if is_own or foreign else mail_from
            use.sent.append(Sent(ts, None if is_its_own else foreign, colleague, fate, strangers, known, source))

    def uses(self) -> list[Use]:
        """Give every login to a use, and list the uses in order of time."""
        by_ip: dict[str, list[Use]] = defaultdict(list)
        for use in self._uses.values():
            by_ip[use.ip].append(use)
        for ip, logins in self._logins.items():
            mine = by_ip[ip] or [Use(ip, "", min(logins.values()), 0)]
            taken = {row for use in mine for row in self._of[ip, use.programme]}
            self._of[ip, mine[0].programme] |= {row: ts for row, ts in logins.items() if row not in taken}
            for use in mine:
                use.failures = self._failures[ip]
                use.logins = [LoginRow(row, ts) for row, ts in sorted(self._of[ip, use.programme].items())]
                moments = [one.ts for one in use.logins]
                use.first_seen = min([*moments, *(one.ts for one in use.sent[:1])])
                use.last_seen = max([*moments, *(one.ts for one in use.sent[-1:])])
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
