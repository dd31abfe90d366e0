"""Which addresses of an account are its owner's, and which a stranger's?

The uses of an account fall in groups: one programme at one provider, or one programme with a name of its own wherever
it is. What an owner seldom sends is odd: letters in other names, to nobody, or to people with whom nobody of the house
ever exchanged mail. A group whose messages are odd is a stranger's where one of three facts stands out: other names,
recipients that do not exist, or a mass of strangers who do not want it or do not answer. It must be new to the
account, or, where the logs begin amid it, be unlike another group of it. An owner's own place is held to more: a
mailing to all customers is over within the hour. Where many places did little each, they are judged together.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, TypeVar

from breachkit.detect.accounts.activity import MASS, MASS_RATIO, ODD_SHARE, Conduct, busiest
from breachkit.detect.accounts.places import NEW, is_telling
from breachkit.detect.findings import lower_bound
from breachkit.micros import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from breachkit.detect.accounts.activity import Activity, Sent, Use
    from breachkit.records import Locus

Role = Literal["usual", "moved", "attacking", "unclear"]

STEADY, HASTE = 3 * HOUR, 60
"""How long, and with how many messages in an hour at most, a habit of the logs' first hours is one."""

FOREIGN_COUNT, FOREIGN_SHARE, FOREIGN_MANY = 3, 0.2, 10
"""Messages in names of other houses, in number and as a share of those sent, or in number alone."""

FEW_NAMES, MANY_NAMES = 3, 10
"""Domains beside the house's that one owner may have, and that no owner writes in the name of."""

DEAD_COUNT, DEAD_SHARE, HOPELESS_SHARE = 5, 0.08, 0.5
"""Recipients that do not exist, in number and as a share (its lower bound) of all to whom was sent; and as a share
where no session tells who sent it, or where the same list was used again. "Honest users are very unlikely to attempt
to send to 100 nonexistent addresses in one hour" (Exim wiki, BlockCracking)."""

UNWANTED_SHARE = 0.04
"""The same share (at least three, refusals too) that makes a mass of mail from one place odd."""

STRANGE_SHARE, BLIND_RATIO = 0.9, 50
"""Share of strangers among recipients outside the house that no address book has; and strangers for each recipient whom
the house knows, where messages go to strangers only."""

RUN = 3 * HOUR // 4
"""How long a mass of messages from the owner's own place goes on where it is no mailing of an owner's."""

BY_HAND, MANY_EACH = 20, 5
"""Messages that nobody writes by hand in a day or two; recipients of each, on average, that make some a circular."""

FEW = 5
"""Messages of a place that alone say nothing, where many do the same."""

BEFORE = DAY
"""How long after a visit an address is known for an attacker, and the visit was one."""


class Known(NamedTuple):
    """What is known of an attacking address from elsewhere."""

    began: int
    """Since when, in microseconds since the epoch."""
    programmes: frozenset[str] | None
    """How it named itself there; None where it guessed: then all that comes from it is an attack."""


class Letters(NamedTuple):
    """Letters of one account whose answers go elsewhere."""

    client_ip: str
    domain: str
    """Where the answers go."""
    sources: tuple[Locus, ...]


@dataclass(slots=True)
class Roles:
    """The uses of one account by role, and what the attacking ones did."""

    activity: Activity
    of: dict[str, Role] = field(default_factory=dict)
    """By address."""
    attacking: list[Use] = field(default_factory=list)
    strangers: list[Use] = field(default_factory=list)
    """Those of the attacking that the owner had not used before."""
    facts: Facts | None = None
    """What the attacking sent; None where only what is known of them speaks against them."""
    letters: list[Letters] = field(default_factory=list)
    """All that speaks against them is where the answers to their letters go."""

    @property
    def owners(self) -> list[Use]:
        """The uses that do not attack."""
        attacking = {id(use) for use in self.attacking}
        return [use for use in self.activity.uses if id(use) not in attacking]

    def take_letters(self, letters: Sequence[Letters]) -> None:
        """Take those who write letters for attacking, where nobody else is."""
        ips = {one.client_ip for one in letters}
        if ips and not self.attacking:
            self.letters = [*letters]
            self.attacking = self.strangers = [use for use in self.activity.uses if use.ip in ips]
            self.of.update(dict.fromkeys(ips, "attacking"))


class Facts(NamedTuple):
    """What some uses sent that an owner hardly sends."""

    is_foreign: bool
    """In the names of others, to strangers."""
    is_to_nobody: bool
    """To recipients that do not exist, and to no people whom the house knows."""
    is_mass: bool
    """In masses to strangers, who do not want it or do not answer."""
    is_many: bool
    """In more unlike names than anybody has."""
    is_scattered: bool
    """From several places at once."""
    is_blind: bool
    """In many messages, and hardly one to somebody whom the house knows."""
    is_varied: bool
    """In more than one other name."""
    is_unanswered: bool
    """Most recipients are not shown to have got it."""
    is_lasting: bool
    """For longer than an owner's mailing to all her customers."""
    is_circular: bool
    """In a few messages to many people each, in a name or two, from one place."""

    @property
    def number(self) -> int:
        """How many of the three: senders, dead recipients, strangers."""
        return self.is_foreign + self.is_to_nobody + self.is_mass

    @property
    def is_slight(self) -> bool:
        """True for what one owner does: a notice to all customers in one go, the letters of a club to its members."""
        return self.is_circular or not (self.is_scattered or self.is_lasting or self.is_varied)

    @property
    def is_sure(self) -> bool:
        """True where one fact stands beside another, and it was no single act: a notice to all customers is one."""
        if self.is_slight:
            return False
        if self.is_foreign and (self.is_many or (self.is_varied and self.is_unanswered)):
            return True
        return self.number > 1 or (self.number > 0 and (self.is_scattered or self.is_blind))


def facts_of(uses: Sequence[Use], habit: Sequence[Use]) -> Facts:
    """Tell what some uses sent, against a habit: its names are no foreign ones, and its pace is the measure."""
    conduct, past = Conduct(uses), Conduct(habit)
    sent, fates = conduct.sent, conduct.fates
    own = past.domains if len(past.domains) <= FEW_NAMES else frozenset()
    foreign = [one for one in sent if one.foreign not in own and (one.foreign or one.colleague)]
    names = {one.foreign or one.colleague for one in foreign}
    is_scattered = _is_scattered(uses)
    gone = fates.dead + fates.refused  # what was refused otherwise counts too: unasked mail is
    lost = lower_bound(gone, fates.tried)
    is_unwanted = gone >= FOREIGN_COUNT and lost >= UNWANTED_SHARE
    is_unanswered = 2 * fates.delivered < fates.tried
    is_many = len({one.foreign for one in foreign if one.foreign}) >= MANY_NAMES
    enough = len(foreign) >= FOREIGN_MANY or (
        len(foreign) >= FOREIGN_COUNT and len(foreign) >= FOREIGN_SHARE * len(sent)
    )
    strangers, known = sum(one.strangers for one in sent), sum(one.known for one in sent)
    is_blind = strangers >= MASS and len(sent) >= FOREIGN_MANY and BLIND_RATIO * known <= strangers
    odd = [one.ts for one in sent if one.is_odd]
    core = odd[len(odd) // 10 : len(odd) - len(odd) // 10]
    return Facts(
        is_foreign=enough
        and (len(names) > 1 or is_unwanted or not sum(one.known for one in foreign))
        and (is_many or _are_strange(foreign)),
        is_to_nobody=fates.dead >= DEAD_COUNT
        and ((lost >= DEAD_SHARE and _are_strange(sent)) or (lost >= HOPELESS_SHARE and _are_strange(sent, lost))),
        # an owner writes to all her customers, too: from one place, and they want it
        is_mass=(is_unwanted or is_scattered or (is_unanswered and not _is_own(uses)))
        and _is_mass(sent, past.sent, 0 if is_scattered else MASS_RATIO),
        is_many=is_many,
        is_scattered=is_scattered,
        is_blind=is_blind,
        is_varied=len(names) > 1,
        is_unanswered=is_unanswered,
        is_lasting=bool(core) and core[-1] - core[0] >= RUN,
        is_circular=not is_scattered
        and len(sent) < BY_HAND
        and len(names) < FEW_NAMES
        and fates.tried >= MANY_EACH * len(sent),
    )


def _are_strange(sent: Sequence[Sent], share: float = STRANGE_SHARE) -> bool:
    """Tell whether hardly any recipient outside the house is known to it, or a share of them is not."""
    strangers, known = sum(one.strangers for one in sent), sum(one.known for one in sent)
    return strangers > 0 and strangers >= share * (strangers + known)


def _is_mass(sent: Sequence[Sent], past: Sequence[Sent], ratio: int) -> bool:
    strangers = sum(one.strangers for one in sent)
    if strangers < MASS or not _are_strange(sent):
        return False
    return strangers * max(1, _days(past)) >= ratio * len(past) * _days(sent)


def _days(sent: Sequence[Sent]) -> int:
    return len({one.ts // DAY for one in sent})


def find_roles(activity: Activity, attackers: Mapping[str, Known]) -> Roles:
    """Part the uses of an account.

    Args:
        activity: what was done in it.
        attackers: addresses that guess, or that attack other accounts; none of them is shared.
    """
    return _Parting(activity, attackers).part()


class _Parting:
    """One account whose uses are parted."""

    def __init__(self, activity: Activity, attackers: Mapping[str, Known]) -> None:
        self._activity = activity
        self._uses = activity.uses
        self._start = activity.start
        self._attackers = attackers
        self._groups = _grouped(self._uses)

    def part(self) -> Roles:
        """Do it."""
        guests = [use for use in self._uses if self._is_guest(use)]
        found = self._strangers([use for use in self._uses if use not in guests])
        attacking = [*guests, *found]
        attacking += self._companions(attacking)
        habit = [use for use in self._uses if use not in attacking]
        roles = Roles(
            self._activity,
            attacking=sorted(attacking, key=lambda use: use.first_seen),
            strangers=[use for use in self._uses if use in attacking and not use.has_turned],
        )
        if attacking:
            facts = facts_of(attacking, habit)
            # the same run as in other accounts, however little of it was sent from this one
            is_run = is_odd([use for use in guests if self._is_proven(use)])
            roles.facts = facts._replace(is_mass=facts.is_mass or is_run) if facts.number or is_run else None
        for use in self._uses:
            role: Role = "attacking" if use in attacking else self._role(use)
            if roles.of.get(use.ip) != "attacking":
                roles.of[use.ip] = role
        return roles

    def _role(self, use: Use) -> Role:
        if not self._is_new([use]):
            return "usual"
        if any(use in group and not self._is_new(group) for group in self._groups):
            return "moved"
        return "unclear" if any(sent.is_odd for sent in use.sent) else "usual"

    # -- what is known of an address ------------------------------------------------------------------

    def _is_guest(self, use: Use) -> bool:
        """Tell whether an address came in that is known for an attacker by then, or soon after."""
        known = self._attackers.get(use.ip)
        began = use.first_seen if use.guesses else known and known.began
        if began is None or use.last_seen < began - BEFORE:
            return False
        if known and known.programmes is not None and use.sent:
            return self._is_proven(use)
        if len(self._uses) == 1 and not use.failures and not is_odd([use]):
            return False  # its only place, where a stranger guesses at others
        if not self._is_new([use]) and not (is_odd([use]) and (use.guesses or len(use.sent) > FEW)):
            return False  # the owner's place, behind which a stranger lives too
        return not self._is_at_home(use)

    def _is_proven(self, use: Use) -> bool:
        known = self._attackers.get(use.ip)
        return known is not None and known.programmes is not None and use.programme in known.programmes

    def _is_at_home(self, use: Use) -> bool:
        """Tell a programme that the owner has elsewhere too, or a provider whose other addresses are the owner's."""
        strangers = {use.ip, *(ip for ip, known in self._attackers.items() if known.programmes is None)}
        others = [other for other in self._uses if other.ip not in strangers and not other.guesses]
        return (
            use.is_local
            or any(other.region == use.region for other in others)
            or any(other.programme == use.programme and is_telling(use.programme) for other in others if use.programme)
        )

    # -- the account's past ---------------------------------------------------------------------------

    def _is_new(self, uses: Sequence[Use]) -> bool:
        return Conduct(uses).first_seen - self._start > NEW

    # -- what was sent --------------------------------------------------------------------------------

    def _strangers(self, uses: Sequence[Use]) -> list[Use]:
        """Find the groups that attack by what they send, each for itself and then those together that did little."""
        groups = [[use for use in group if use in uses] for group in self._groups]
        groups = [group for group in groups if group]
        odd = [group for group in groups if is_odd(group)]
        new = [group for group in odd if self._is_new(group)]
        early = [group for group in odd if group not in new]
        # what a system writes from the logs' first hours on is its trade: that readers are many, and some gone, too
        systems = [group for group in early if self._is_system(group)]
        if not systems and all(group in odd for group in groups):
            # a newsletter's only hour
            hosts = [group for group in early if _is_host(group) and not facts_of(group, ()).is_foreign]
            systems = sorted(hosts, key=lambda group: len(Conduct(group).sent))[-1:]
        early = [group for group in early if group not in systems]
        habit = _flat(group for group in groups if group not in new and group not in early)
        has_owner = any(use.sent for use in habit)
        found = [group for group in new if self._attacks(group, habit, is_new=True)]
        if has_owner:
            found += [group for group in early if self._attacks(group, habit, is_new=False)]
        rest = [group for group in (*new, *early) if group not in found and not _is_own(group)]
        late = [group for group in rest if group in new]
        for part in () if found else (late, rest):
            facts = facts_of(_flat(part), habit)
            enough = 1 if has_owner or part is late else 2
            if facts.number >= enough and (part is late or facts.is_scattered):
                found = part
                break
        if not found:  # no past tells: what no owner sends is suspect by itself
            found = [group for group in early if not _is_local(group) and self._is_no_owners(group, habit)]
        if found:
            whole = Conduct(_flat(found))
            found += [
                group
                for group in (*rest, *systems)
                if group not in found and not _is_local(group) and (group in new or _goes_with(Conduct(group), whole))
            ]
        return _flat(found)

    def _is_system(self, group: Sequence[Use]) -> bool:
        """Tell a host that writes so day after day, or hour after hour, in names of the house."""
        conduct = Conduct(group)
        span = conduct.last_seen - conduct.first_seen
        is_steady = span >= DAY or (span >= STEADY and busiest(conduct.sent) < HASTE)
        return is_steady and _is_host(group) and not facts_of(group, ()).is_foreign

    def _is_no_owners(self, group: Sequence[Use], habit: Sequence[Use]) -> bool:
        """Tell a group most of whose recipients do not exist, or one in other names to strangers beside the owner's."""
        facts, conduct = facts_of(group, habit), Conduct(group)
        is_hopeless = facts.is_to_nobody and lower_bound(conduct.fates.dead, conduct.fates.tried) >= HOPELESS_SHARE
        is_unlike = facts.is_foreign and _are_strange(conduct.sent) and any(use.sent for use in habit)
        return is_hopeless or is_unlike

    def _attacks(self, group: Sequence[Use], habit: Sequence[Use], *, is_new: bool) -> bool:
        """Tell a group that attacks by what it sends; one of the owner's own places must do so for long."""
        facts = facts_of(group, habit)
        is_own = _is_own(group)
        if is_own and (facts.is_lasting or facts.is_foreign) and facts.number > 1:
            return True
        if not facts.number or (is_own and not (is_new and facts.is_blind and facts.is_lasting)):
            return False
        return is_new or facts.is_blind or facts.number > 1

    def _companions(self, found: Sequence[Use]) -> list[Use]:
        """List new uses that go with attacking ones: the same programme, or the same network, at the same time."""
        if not found:
            return []
        owners = [use for use in self._uses if use not in found and not self._is_new([use])]
        programmes = {use.programme for use in found if use.programme} - {use.programme for use in owners}
        networks = {use.network for use in found} - {use.network for use in owners}
        conduct = Conduct(found)
        first, last = conduct.first_seen - BEFORE, conduct.last_seen + BEFORE
        return [
            use
            for use in self._uses
            if use not in found
            and use not in owners
            and first <= use.first_seen <= last
            and (use.programme in programmes or use.network in networks)
        ]


def _goes_with(one: Conduct, whole: Conduct) -> bool:
    """Tell places that did little while others did much, or that began and ended together with them."""
    first, last = abs(one.first_seen - whole.first_seen), abs(one.last_seen - whole.last_seen)
    is_within = whole.first_seen - NEW <= one.first_seen and one.last_seen <= whole.last_seen + NEW
    return (is_within and len(one.sent) <= FEW) or (first <= HOUR and last <= 3 * HOUR)


def _flat(groups: Iterable[Sequence[Use]]) -> list[Use]:
    return [use for group in groups for use in group]


def is_odd(group: Sequence[Use]) -> bool:
    """Tell whether most of what a group sent is odd, or goes to strangers."""
    sent = Conduct(group).sent
    odd = sum(one.is_odd for one in sent)
    return bool(sent) and odd >= ODD_SHARE * len(sent)


def _is_local(group: Sequence[Use]) -> bool:
    """Tell a group of the house's own providers."""
    return all(use.is_local for use in group)


def _is_own(group: Sequence[Use]) -> bool:
    """Tell a group of the house's own providers, or one at its owner's own address."""
    return _is_local(group) or group[0].has_turned


def _is_host(group: Sequence[Use]) -> bool:
    """Tell a programme on a host with a full name."""
    return all("." in use.programme for use in group)


def _is_scattered(uses: Sequence[Use]) -> bool:
    """Tell uses of several regions that no programme with a name of its own joins."""
    regions = Conduct(uses).regions
    programmes = {use.programme for use in uses}
    is_one = len(programmes) == 1 and all(map(is_telling, programmes))
    return len(regions) > 1 and not is_one


Member = TypeVar("Member", bound="Hashable")


class Joined(Generic[Member]):
    """Members joined into groups, by whatever joins them."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._parent = {one: one for one in members}

    def _root(self, one: Member) -> Member:
        while self._parent[one] != one:
            self._parent[one] = self._parent[self._parent[one]]
            one = self._parent[one]
        return one

    def join(self, members: Iterable[Member]) -> None:
        """Join some of them."""
        roots = [self._root(one) for one in members]
        for root in roots[1:]:
            self._parent[self._root(root)] = self._root(roots[0])

    def groups(self) -> list[list[Member]]:
        """List the groups, in the order of their first members."""
        found: dict[Member, list[Member]] = defaultdict(list)
        for one in self._parent:
            found[self._root(one)].append(one)
        return [*found.values()]


def _grouped(uses: Sequence[Use]) -> list[list[Use]]:
    """Group uses by programme at a provider, or by a programme's own name; who only logged in is of his network."""
    homes = {use.network: use for use in reversed(uses) if use.programme}
    alike: dict[tuple[object, ...], list[Use]] = defaultdict(list)
    for use in uses:
        if not use.programme:
            alike["", use.network] += [use, homes.get(use.network, use)]
            continue
        alike[use.region, use.programme, use.has_turned].append(use)
        if not use.has_turned and is_telling(use.programme):
            alike[(use.programme,)].append(use)
    joined = Joined(uses)
    for together in alike.values():
        joined.join(together)
    return joined.groups()
