"""Which addresses of an account are its owner's, and which a stranger's?

Each address is held against the account's own past. An account has a habit: the places, programmes (HELO) and senders
that its logs show from their first lines on. A stranger has an onset: a place where the account was never used before,
from which comes what it never sent before. A place that the owner used well before its first odd message is the
owner's still; a habit that moves on to a new place, with its programme and its senders, is no stranger.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.detect.accounts.activity import DEAD_SHARE, HOPELESS_SHARE, SPREAD_SHARE, Conduct, busiest, own_past
from breachkit.detect.accounts.guessers import STALE, network_of, region_of
from breachkit.micros import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from breachkit.detect.accounts.activity import Activity, Use
    from breachkit.detect.accounts.letters import Letters

Role = Literal["usual", "moved", "attacking", "unclear"]

NEW = 12 * HOUR
"""How long after its account was first seen an address comes up that is new to it."""

PAST, PAST_OF_NEW, PAST_COUNT = HOUR, DAY, 2
"""How long, and with how many ordinary messages, an address was used before its first odd one to be the owner's; one
that is new to the account takes longer."""

STEADY = 3 * HOUR
DAYS, HASTE = 3, 60
"""How long, on how many days and with how many messages in an hour at most a habit is a habit."""

BEFORE = 24 * HOUR
"""How long before its first bad act a stranger's visits count as his, where the address was the owner's before."""

MANY_DOMAINS = 10
"""Unlike foreign domains that no owner writes in the name of."""

OFTEN = 0.05
"""Share of odd messages from which on they are no exception at a place that is not new."""

REGIONS, FEW = 10, 3
"""Unlike regions in one day from which an owner does not write, a message or a few from each address."""

MANY_REGIONS = 3
"""Unlike regions from which at once no owner writes to the dead."""

FEW_NAMES = 3
"""Foreign domains that one owner may have beside the house's."""

FEW_DOMAINS = 2
"""Unlike foreign domains that no owner has beside the house's."""

STRANGE_SHARE = 0.08
"""Share of dead recipients (its lower bound), where a new place uses a programme that the account never used."""

BURST, BURST_RATIO, CROWD = 30, 5, 2
"""Messages in an hour from new addresses, in number and against the account's own busiest hour, and how many networks
it takes: a mailing goes out from one place, a stolen account is used from several."""


@dataclass(slots=True)
class Roles:
    """The addresses of one account by role, and what the attacking ones did."""

    of: dict[str, Role] = field(default_factory=dict)
    attacking: list[Use] = field(default_factory=list)
    strangers: list[Use] = field(default_factory=list)
    """Those of the attacking that the owner had not used before."""
    is_mail_odd: bool = False
    """What they sent is odd, by its senders or by its recipients."""
    letters: list[Letters] = field(default_factory=list)
    """All that speaks against them is where the answers to their letters go."""

    def take_letters(self, letters: Sequence[Letters], uses: Iterable[Use]) -> None:
        """Take those who write letters for attacking, where nobody else is."""
        ips = {one.client_ip for one in letters}
        if ips and not self.attacking:
            self.letters = [*letters]
            self.attacking = self.strangers = [use for use in uses if use.ip in ips]
            self.of.update(dict.fromkeys(ips, "attacking"))


class Known(NamedTuple):
    """What is known of an attacking address from elsewhere."""

    began: int
    """Since when, in microseconds since the epoch."""
    helos: frozenset[str] | None
    """How it named itself there; None where it guessed: then all that comes from it is an attack."""


def find_roles(activity: Activity, attackers: Mapping[str, Known]) -> Roles:
    """Part the addresses of an account.

    Args:
        activity: what was done in it.
        attackers: addresses that guess, or that attack other accounts; none of them is shared.
    """
    return _Parting(activity, attackers).part()


class _Parting:
    """One account whose addresses are parted."""

    def __init__(self, activity: Activity, attackers: Mapping[str, Known]) -> None:
        self._activity = activity
        self._attackers = attackers
        self._odd: dict[str, Use] = {}
        """Attacking by what they sent."""
        self._guests: dict[str, Use] = {}
        """Attacking by what is known of them."""
        self._moved: dict[str, Use] = {}

    def part(self) -> Roles:
        """Do it."""
        uses = self._activity.uses
        for use in uses:
            if self._is_guest(use):
                self._guests[use.ip] = use
            elif self._is_odd(use):
                self._odd[use.ip] = use
        self._pool()
        crowd = self._crowd()
        found = {**self._guests, **self._odd, **crowd}
        if found:
            for use in self._companions(found):
                found[use.ip] = use
        roles = Roles(
            attacking=[use for use in uses if use.ip in found],
            strangers=[use for use in uses if use.ip in found and self._is_strangers(use, found)],
            is_mail_odd=bool(self._odd) or any(self._is_odd(use) for use in self._guests.values()),
        )
        for use in uses:
            roles.of[use.ip] = self._role(use, found)
        return roles

    def _is_strangers(self, use: Use, found: Collection[str]) -> bool:
        """Tell an attacking address that is not the owner's place too.

        One as old as the account, and alone, may be a system of its own: what it sends is told, its place is not.
        """
        if self._is_settled(use):
            return False
        is_alone = len({region_of(ip) for ip in found}) == 1
        is_old = not self._is_new(use) and use.ip not in self._guests
        return not (is_old and is_alone) or Conduct((use,)).is_foreign or not self._has_owner([use])

    def _role(self, use: Use, found: Collection[str]) -> Role:
        if use.ip in found:
            return "attacking"
        if use.ip in self._moved:
            return "moved"
        return "unclear" if self._is_new(use) and use.first_odd is not None else "usual"

    def _is_guest(self, use: Use) -> bool:
        """Tell whether an address came in that is known for an attacker by then, or soon after."""
        if use.first_entry is None:
            return False
        known = self._attackers.get(use.ip)
        began = use.first_success if use.guesses else known and known.began
        if began is None or use.first_success is None or use.last_seen < began - BEFORE:
            return False
        if use.guesses and use.failures < STALE and self._is_roaming(use):
            return False  # the owner on the move, who mistyped while others guessed
        if known and known.helos is not None and use.sent and not use.helos & known.helos:
            return False  # a gateway through which others come too, with another programme
        before = [sent for sent in own_past(use) if sent.ts < began]
        if use.first_success <= began - PAST and len(before) >= PAST_COUNT:
            return False  # the owner's place, behind which a stranger lives too
        return use.last_seen >= began or self._is_new(use)

    def _is_roaming(self, use: Use) -> bool:
        """Tell an address of a region from which the account is used lawfully too."""
        region = region_of(use.ip)
        return any(
            region_of(other.ip) == region and not other.guesses and other.first_odd is None
            for other in self._activity.uses
        )

    # -- the account's past --------------------------------------------------------------------------

    def _is_new(self, use: Use) -> bool:
        return use.first_success is not None and use.first_success - self._activity.start > NEW

    def _is_settled(self, use: Use) -> bool:
        """Tell an address that the owner used well before its first odd message, or without one."""
        odd = use.first_odd
        if use.ip in self._guests or use.first_success is None:
            return False
        if odd is None:
            return not self._is_new(use)
        past = PAST_OF_NEW if self._is_new(use) else PAST
        before = own_past(use)
        helos = {sent.helo for sent in before} - {None}
        if helos and not helos & {sent.helo for sent in use.sent if sent.is_odd}:
            return False  # the owner's place perhaps, but another programme: a gateway, or a guest behind it
        return len(before) >= PAST_COUNT and odd - use.first_success >= past

    def _others(self, use: Use) -> list[Use]:
        network = network_of(use.ip)
        return [other for other in self._activity.uses if network_of(other.ip) != network]

    def _is_moved(self, use: Use) -> bool:
        """Tell whether what comes from an address is what came from others before it: programme and senders alike."""
        first = use.first_success or 0
        before = [
            other
            for other in self._others(use)
            if (other.first_success or 0) < first and not other.guesses and other.ip not in self._odd
        ]
        earlier = Conduct(tuple(before))
        own = Conduct((use,))
        if not earlier.is_foreign or use.guesses:
            return False
        if not own.domains & earlier.domains and len(earlier.domains) < MANY_DOMAINS:
            return False
        is_alike = bool(use.helos & {helo for other in before for helo in other.helos})
        return is_alike and not own.is_to_nobody(HOPELESS_SHARE)

    def _is_steady(self, use: Use) -> bool:
        """Tell a system that writes so from its one place, day after day or hour after hour."""
        first = use.first_success or 0
        span = use.last_seen - first
        return len(use.days) >= DAYS or span >= DAY or (span >= STEADY and busiest(use.sent) < HASTE)

    # -- what was sent -------------------------------------------------------------------------------

    def _is_odd(self, use: Use) -> bool:
        """Tell whether what was sent from an address is no habit of the account."""
        alone = Conduct((self._without_known_names(use),))
        is_foreign, is_to_nobody = alone.is_foreign, alone.is_to_nobody()
        if self._is_settled(use) or not self._is_new(use):
            is_both = is_foreign and is_to_nobody
            is_beside = is_to_nobody and self._is_strange(use) and not self._is_settled(use) and self._has_owner([use])
            is_hopeless = alone.is_to_nobody(HOPELESS_SHARE)
            return is_both or is_hopeless or is_beside or (is_foreign and self._is_unlike(use, alone))
        if is_foreign and self._is_moved(use):
            self._moved[use.ip] = use
            return False
        if self._is_own_programme(use):
            return alone.is_to_nobody(HOPELESS_SHARE) or (is_foreign and is_to_nobody)
        return is_foreign or alone.is_to_nobody(STRANGE_SHARE if self._is_strange(use) else None)

    def _is_own_programme(self, use: Use) -> bool:
        """Tell the name of a computer that the account's first places have too."""
        old = {helo for other in self._others(use) if not self._is_new(other) for helo in other.helos}
        return any(map(_is_telling, use.helos & old))

    def _is_strange(self, use: Use) -> bool:
        """Tell a programme that the account uses nowhere else."""
        return bool(use.helos) and not use.helos & {helo for other in self._others(use) for helo in other.helos}

    def _without_known_names(self, use: Use) -> Use:
        """Forget that names are foreign under which the account wrote before, from other places."""
        first = use.first_success or 0
        names = {
            sent.foreign
            for other in self._others(use)
            if (other.first_success or 0) < first and other.ip not in self._odd and other.ip not in self._guests
            for sent in other.sent
        }
        if len(names - {None}) > FEW_NAMES:
            return use  # a system, not an owner with a name of his own beside the house's
        sent = [one._replace(foreign=None) if one.foreign in names else one for one in use.sent]
        return replace(use, sent=sent)

    def _is_unlike(self, use: Use, alone: Conduct) -> bool:
        """Tell whether a place that is not new writes in foreign names as no system does that always did."""
        if self._is_settled(use):
            past = own_past(use)
            before, most = busiest(past), busiest(use.sent)
            is_onset = len({sent.ts // DAY for sent in past}) >= CROWD and len(alone.domains) >= MANY_DOMAINS
            return is_onset or (most >= BURST and most >= BURST_RATIO * before) or alone.is_to_nobody(SPREAD_SHARE)
        if not self._is_steady(use):
            return True
        # a place of the first hours: the logs may begin amid an attack, beside an owner who writes otherwise
        return self._has_owner([use]) and alone.is_to_nobody(SPREAD_SHARE)

    def _has_owner(self, uses: Sequence[Use]) -> bool:
        """Tell whether somebody else writes from other places, in the account's own name and to the living."""
        networks = {network_of(use.ip) for use in uses}
        others = [use for use in self._activity.uses if network_of(use.ip) not in networks]
        return sum(len(own_past(use)) for use in others if not use.first_odd or own_past(use)) >= PAST_COUNT

    def _pool(self) -> None:
        """Take addresses together, each of which sent too little to be told alone: new ones, or of many places."""
        new = [use for use in self._unjudged() if self._is_new(use) and not self._is_settled(use)]
        new = [use for use in new if not self._is_own_programme(use)]
        self._take(new, self._odd_of(new))
        old = [use for use in self._unjudged() if not self._is_settled(use) or self._is_strange(use)]
        odd = self._odd_of(old, OFTEN)
        # a system has one place: names of many houses from several at once are no habit, whoever else writes
        foreign = Conduct(tuple(use for use in odd.uses if Conduct((use,)).foreign))
        if len(foreign.domains) >= FEW_DOMAINS and _regions(foreign) >= CROWD and not _is_one_system(foreign.uses):
            self._take(old, foreign)
        regions = _regions(odd)
        is_scattered = regions >= MANY_REGIONS or (
            regions >= CROWD and (odd.is_to_nobody(DEAD_SHARE) or self._has_owner(odd.uses))
        )
        if is_scattered and odd.is_to_nobody():
            self._take(old, odd)

    def _unjudged(self) -> list[Use]:
        judged = {*self._odd, *self._moved, *self._guests}
        return [use for use in self._activity.uses if use.ip not in judged and use.sent]

    def _odd_of(self, uses: Sequence[Use], often: float = 0.0) -> Conduct:
        """Choose those that sent what is odd, and not just once among much else."""
        named = [self._without_known_names(use) for use in uses]
        odd = {use.ip: sum(sent.is_odd for sent in use.sent) for use in named}
        return Conduct(tuple(use for use in named if odd[use.ip] and odd[use.ip] >= often * len(use.sent)))

    def _take(self, uses: Sequence[Use], odd: Conduct) -> None:
        if not odd.uses or (odd.is_foreign and all(self._is_moved(use) for use in odd.uses)):
            return
        if odd.is_foreign or (odd.is_to_nobody() and self._of_the_time(uses, odd).is_to_nobody()):
            ips = {use.ip for use in odd.uses}
            self._odd.update({use.ip: use for use in self._activity.uses if use.ip in ips})

    def _of_the_time(self, new: Sequence[Use], odd: Conduct) -> Conduct:
        """List all new addresses that sent in the time of the odd ones: these alone would prove themselves."""
        times = [sent.ts for sent in odd.sent if sent.is_odd]
        first, last = min(times) - HOUR, max(times) + HOUR
        return Conduct(tuple(use for use in new if any(first <= sent.ts <= last for sent in use.sent)))

    def _crowd(self) -> dict[str, Use]:
        """Take new addresses of many places that together sent far more than the account ever did from one.

        In an hour many messages, or in a day a message from each of many regions: a telephone roams within one.
        """
        # a programme that the account uses from elsewhere is its own, however many addresses a provider gives it
        new = [
            use
            for use in self._activity.uses
            if self._is_new(use) and use.sent and not self._is_settled(use) and not self._is_own_programme(use)
        ]
        past = max(busiest(sent for use in self._activity.uses if use not in new for sent in use.sent), 1)
        pairs = [(sent.ts, use.ip) for use in new for sent in use.sent]
        found: set[str] = set()
        for ips in _by(HOUR, pairs).values():
            if len(ips) >= BURST and len(ips) >= BURST_RATIO * past and len(set(map(network_of, ips))) >= CROWD:
                found.update(ips)
        few = [use for use in self._activity.uses if len(use.sent) <= FEW and len(use.days) == 1]
        for ips in _by(DAY, ((sent.ts, use.ip) for use in few for sent in use.sent)).values():
            if len(set(map(region_of, ips))) >= REGIONS:
                found.update(ips)
        return {use.ip: use for use in self._activity.uses if use.ip in found}

    def _companions(self, found: dict[str, Use]) -> Iterable[Use]:
        """List addresses that go with attacking ones: the same programme, or the same network, at the same time."""
        owners = [use for use in self._activity.uses if use.ip not in found and use.first_odd is None and use.sent]
        theirs = {helo for use in owners if not self._is_new(use) for helo in use.helos}
        helos = {helo for use in found.values() for helo in use.helos} - theirs
        networks = {network_of(use.ip) for use in found.values()} - {network_of(use.ip) for use in owners}
        first = min(use.first_success or 0 for use in found.values()) - BEFORE
        last = max(use.last_seen for use in found.values()) + BEFORE
        for use in self._activity.uses:
            if use.ip in found or use.first_entry is None or use.ip in self._moved or self._is_settled(use):
                continue
            is_near = first <= (use.first_success or 0) <= last
            if is_near and (use.helos & helos or network_of(use.ip) in networks):
                yield use


def _regions(conduct: Conduct) -> int:
    """Count the regions that some uses came from."""
    return len({region_of(use.ip) for use in conduct.uses})


def _is_one_system(uses: Sequence[Use]) -> bool:
    """Tell places that share a full host name as HELO: a system of several machines, or of two lines."""
    shared = set.intersection(*(use.helos for use in uses)) if uses else set()
    return any(map(_is_host, shared))


def _is_telling(helo: str) -> bool:
    """Tell the name of one computer from what every other calls itself, too."""
    return any(sign.isdigit() or sign in ".-" for sign in helo) and "127.0.0.1" not in helo


def _is_host(helo: str) -> bool:
    """Tell a full host name from what every computer calls itself."""
    return "." in helo and not helo.startswith("[")


def _by(span: int, pairs: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    """List the addresses of messages by hour or day."""
    found: dict[int, list[str]] = {}
    for ts, ip in pairs:
        found.setdefault(ts // span, []).append(ip)
    return found
