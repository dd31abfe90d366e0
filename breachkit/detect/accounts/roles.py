"""Which addresses of an account are its owner's, and which a stranger's?

The uses of an account fall in groups: one programme at one provider, or one programme with a name of its own wherever
it is. A group that the logs show from their first hours on is the account's habit, and so is one that wrote like its
owner for a day before anything odd. A stranger has an onset: a place and a programme that the account never had, from
where comes what an owner hardly sends: names of other houses, recipients that do not exist, or masses of mail to people
with whom nobody of the house ever exchanged any. Where each of many places did too little, they are judged together.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.detect.accounts.activity import Conduct, busiest
from breachkit.detect.accounts.homes import NEW
from breachkit.detect.accounts.places import is_telling
from breachkit.detect.findings import lower_bound
from breachkit.micros import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from breachkit.detect.accounts.activity import Activity, Sent, Use
    from breachkit.detect.accounts.letters import Letters

Role = Literal["usual", "moved", "attacking", "unclear"]

PAST, PAST_COUNT = DAY, 2
"""How long, and with how many ordinary messages, a place was used before its first odd one to be the owner's."""

STEADY, HASTE = 3 * HOUR, 60
"""How long, and with how many messages in an hour at most, a habit of the logs' first hours is one."""

FOREIGN_COUNT, FOREIGN_SHARE, FOREIGN_MANY = 3, 0.2, 10
"""Messages in names of other houses, in number and as a share of those sent, or in number alone."""

FEW_NAMES, MANY_NAMES = 3, 10
"""Domains beside the house's that one owner may have, and that no owner writes in the name of."""

DEAD_COUNT, DEAD_SHARE, HOME_SHARE, HOPELESS_SHARE = 5, 0.08, 0.2, 0.5
"""Recipients that do not exist, in number and as a share (its lower bound) of all to whom was sent; as a share from one
place of the house's own providers; and where no session tells who sent it, or the owner's own place turned. "Honest
users are very unlikely to attempt to send to 100 nonexistent addresses in one hour" (Exim wiki, BlockCracking)."""

UNWANTED_SHARE = 0.04
"""The same share (at least three, refusals too) that makes a mass of mail from one place odd."""

STRANGE_SHARE = 0.6
"""Share of strangers among the recipients of messages in other names."""

MASS, MASS_SHARE, MASS_RATIO = 20, 0.8, 3
"""Strangers written to, in number, as a share (its lower bound) of all recipients, and by day against the messages that
the account sends in a day otherwise."""

ODD_SHARE = 0.8
"""Share of messages to strangers, or otherwise odd, that makes a place one of a stranger's where many did little."""

SPAM = 3
"""Facts that together are spam, whatever else is known of the account."""

FEW = 3
"""Messages of a place that alone say nothing, where many do the same."""

SCATTER = 3
"""Unlike regions at once that make no habit, unless one programme is in all of them."""

BEFORE = DAY
"""How long after a visit an address is known for an attacker, and the visit was one."""


class Known(NamedTuple):
    """What is known of an attacking address from elsewhere."""

    began: int
    """Since when, in microseconds since the epoch."""
    programmes: frozenset[str] | None
    """How it named itself there; None where it guessed: then all that comes from it is an attack."""


@dataclass(slots=True)
class Roles:
    """The uses of one account by role, and what the attacking ones did."""

    of: dict[str, Role] = field(default_factory=dict)
    """By address."""
    attacking: list[Use] = field(default_factory=list)
    strangers: list[Use] = field(default_factory=list)
    """Those of the attacking that the owner had not used before."""
    facts: Facts | None = None
    """What the attacking sent; None where only what is known of them speaks against them."""
    letters: list[Letters] = field(default_factory=list)
    """All that speaks against them is where the answers to their letters go."""

    def take_letters(self, letters: Sequence[Letters], uses: Iterable[Use]) -> None:
        """Take those who write letters for attacking, where nobody else is."""
        ips = {one.client_ip for one in letters}
        if ips and not self.attacking:
            self.letters = [*letters]
            self.attacking = self.strangers = [use for use in uses if use.ip in ips]
            self.of.update(dict.fromkeys(ips, "attacking"))


class Facts(NamedTuple):
    """What some uses sent that an owner hardly sends."""

    is_foreign: bool
    """In names of other houses."""
    is_to_nobody: bool
    """To recipients that do not exist."""
    is_mass: bool
    """In masses to people with whom nobody of the house exchanged mail."""
    is_many: bool
    """In more unlike names than anybody has."""

    @property
    def number(self) -> int:
        """How many of the three: senders, dead recipients, strangers."""
        return self.is_foreign + self.is_to_nobody + self.is_mass


def facts_of(uses: Sequence[Use], habit: Sequence[Use]) -> Facts:
    """Tell what some uses sent, against a habit: its names are no foreign ones, and its pace is the measure."""
    conduct, past = Conduct(tuple(uses)), Conduct(tuple(habit))
    sent, fates = conduct.sent, conduct.fates
    known = past.domains if len(past.domains) <= FEW_NAMES else frozenset()
    foreign = [one for one in conduct.foreign if one.foreign not in known]
    number, gone = len(foreign), fates.dead + fates.refused
    ratio = 0 if _is_scattered(uses, 2) else MASS_RATIO
    is_at_home = bool(ratio) and _is_local(uses)
    lost = lower_bound(gone, fates.tried)  # what was refused otherwise counts too: unasked mail is
    is_unwanted = gone >= FOREIGN_COUNT and lost >= (HOME_SHARE if is_at_home else UNWANTED_SHARE)
    names = len({one.foreign for one in foreign})
    is_many = names >= MANY_NAMES
    # letters in another name to people whom the house knows are somebody's brand, club or branch
    strange, kept = sum(one.strangers for one in foreign), sum(one.kept for one in foreign)
    is_strange = strange >= STRANGE_SHARE * kept
    are_names = names > 1 or strange == kept or (number >= MASS and is_unwanted)
    is_foreign = number >= FOREIGN_MANY or (number >= FOREIGN_COUNT and number >= FOREIGN_SHARE * len(sent))
    return Facts(
        is_foreign=is_foreign and are_names and (is_strange or is_many),
        is_to_nobody=fates.dead >= DEAD_COUNT and lost >= (HOME_SHARE if is_at_home else DEAD_SHARE),
        # from one place an owner writes to all her customers, too: they want it
        is_mass=(is_unwanted or not ratio) and _is_mass(sent, past.sent, ratio),
        is_many=is_many,
    )


def _is_mass(sent: Sequence[Sent], past: Sequence[Sent], ratio: int) -> bool:
    strangers, recipients = sum(one.strangers for one in sent), sum(one.kept for one in sent)
    if strangers < MASS or lower_bound(strangers, recipients) < MASS_SHARE:
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
        self._uses = activity.uses
        self._start = activity.start
        self._attackers = attackers
        self._groups = _grouped(activity.uses)

    def part(self) -> Roles:
        """Do it."""
        guests = [use for use in self._uses if self._is_guest(use)]
        found = self._strangers([use for use in self._uses if use not in guests])
        attacking = [*guests, *found]
        attacking += self._companions(attacking)
        settled: list[Use] = []
        if not attacking:
            settled = self._turned()
            attacking = settled
        habit = [use for use in self._uses if use not in attacking]
        roles = Roles(
            attacking=sorted(attacking, key=lambda use: use.first_seen),
            strangers=[use for use in self._uses if use in attacking and use not in settled],
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
        others = [other for other in self._uses if other.ip != use.ip and not other.guesses]
        return (
            use.is_local
            or any(other.region == use.region for other in others)
            or any(other.programme == use.programme and is_telling(use.programme) for other in others if use.programme)
        )

    # -- the account's past ---------------------------------------------------------------------------

    def _is_new(self, uses: Sequence[Use]) -> bool:
        return Conduct(tuple(uses)).first_seen - self._start > NEW

    def _is_settled(self, group: Sequence[Use]) -> bool:
        """Tell a group that wrote like an owner for a day before its first odd message."""
        conduct = Conduct(tuple(group))
        sent = conduct.sent
        first = next((one.ts for one in sent if one.is_odd or one.strangers), conduct.last_seen)
        return sum(one.ts < first for one in sent) >= PAST_COUNT and first - conduct.first_seen >= PAST

    def _is_steady(self, group: Sequence[Use]) -> bool:
        """Tell a system that writes so day after day, or hour after hour."""
        conduct = Conduct(tuple(group))
        span = conduct.last_seen - conduct.first_seen
        return span >= DAY or (span >= STEADY and busiest(conduct.sent) < HASTE)

    # -- what was sent --------------------------------------------------------------------------------

    def _strangers(self, uses: Sequence[Use]) -> list[Use]:
        """Find the groups that attack by what they send, each for itself and then those together that did little."""
        groups = [[use for use in group if use in uses] for group in self._groups]
        groups = [group for group in groups if group]
        new = [group for group in groups if self._is_new(group) and not self._is_settled(group)]
        habit = _flat(group for group in groups if group not in new)
        found = [group for group in new if facts_of(group, habit).number]
        rest = [group for group in new if group not in found and is_odd(group) and not _is_local(group)]
        if found or (rest and facts_of(_flat(rest), habit).number):
            found += rest
            found += [group for group in groups if group not in new and self._is_first_of(group, found, habit)]
        return _flat(found) or self._from_the_first(groups)

    def _is_first_of(self, group: Sequence[Use], found: Sequence[Sequence[Use]], habit: Sequence[Use]) -> bool:
        """Tell a place as old as the logs that is one of a stranger's: it did the same at the same time as others."""
        conduct, theirs = Conduct(tuple(group)), Conduct(tuple(_flat(found)))
        if _is_local(group) or not is_odd(group) or not _is_scattered(theirs.uses, 2):
            return False
        is_same_time = theirs.first_seen - NEW <= conduct.sent[0].ts and conduct.last_seen <= theirs.last_seen + NEW
        has_owner = sum(not sent.is_odd for use in habit if use not in group for sent in use.sent) >= PAST_COUNT
        return is_same_time and (len(conduct.sent) <= FEW or (has_owner and not _is_host(group)))

    def _from_the_first(self, groups: Sequence[Sequence[Use]]) -> list[Use]:
        """Find the same where the logs begin amid the attack: beside an owner, or at many places at once."""
        odd = [group for group in groups if is_odd(group) and not self._is_settled(group)]
        habit = _flat(group for group in groups if group not in odd)
        ordinary = [use for use in habit for sent in use.sent if not sent.is_odd]
        is_beside = len(ordinary) >= PAST_COUNT or any(use.is_local for use in ordinary)
        away = [group for group in odd if not _is_local(group) or facts_of(group, habit).number > 1]
        # beside a newsletter that is all the account has otherwise, its one place is the habit
        biggest: Sequence[Use] = max(away, key=lambda group: len(Conduct(tuple(group)).sent), default=())
        for home in ((), () if is_beside else biggest):
            uses = _flat(group for group in away if group is not home)
            if not uses:
                continue
            facts = facts_of(uses, [*habit, *home])
            enough = 1 if is_beside or (_is_scattered(uses, SCATTER) and not facts.is_mass) else 2
            if facts.number >= enough and _is_scattered(uses, 2):
                return uses
            if facts.number == SPAM:
                return uses
        found: list[Use] = []
        steady = [group for group in odd if self._is_steady(group)]
        for group in odd if is_beside else ():
            facts = facts_of(group, habit)
            # a system writes so from a host of its own: that its readers are many, and some are gone, is its trade
            is_system = group in steady and not facts.is_foreign and _is_host(group)
            if facts.number > (group in steady) and not is_system:
                found += group
        return found

    def _turned(self) -> list[Use]:
        """Find a place of the owner's that began to write in many names, or to nobody, as it never did."""
        found = []
        for use in self._uses:
            odd = [sent for sent in use.sent if sent.is_odd]
            past = [sent for sent in use.sent if odd and sent.ts < odd[0].ts]
            if len(past) < PAST_COUNT or len(odd) < MASS:
                continue
            after = [sent for sent in use.sent if sent.ts >= odd[0].ts]
            foreign = sum(sent.foreign is not None for sent in after)
            is_onset = len(odd) >= ODD_SHARE * len(after) and busiest(after) >= MASS_RATIO * busiest(past)
            if is_onset and (foreign >= MASS or use.fates.dead >= HOPELESS_SHARE * use.fates.tried):
                found.append(use)
        return found

    def _companions(self, found: Sequence[Use]) -> list[Use]:
        """List new uses that go with attacking ones: the same programme, or the same network, at the same time."""
        if not found:
            return []
        owners = [use for use in self._uses if use not in found and not self._is_new([use])]
        programmes = {use.programme for use in found if use.programme} - {use.programme for use in owners}
        networks = {use.network for use in found} - {use.network for use in owners}
        conduct = Conduct(tuple(found))
        first, last = conduct.first_seen - BEFORE, conduct.last_seen + BEFORE
        return [
            use
            for use in self._uses
            if use not in found
            and use not in owners
            and first <= use.first_seen <= last
            and (use.programme in programmes or use.network in networks)
        ]


def _flat(groups: Iterable[Sequence[Use]]) -> list[Use]:
    return [use for group in groups for use in group]


def is_odd(group: Sequence[Use]) -> bool:
    """Tell whether most of what a group sent is odd, or goes to strangers from where the house does not live."""
    sent, is_local = Conduct(tuple(group)).sent, _is_local(group)
    odd = sum(one.is_odd or (not is_local and one.strangers >= ODD_SHARE * one.recipients) for one in sent)
    return bool(sent) and odd >= ODD_SHARE * len(sent)


def _is_local(group: Sequence[Use]) -> bool:
    """Tell a group of the house's own providers."""
    return all(use.is_local for use in group)


def _is_host(group: Sequence[Use]) -> bool:
    """Tell a programme on a host with a full name."""
    return all("." in use.programme for use in group)


def _is_scattered(uses: Sequence[Use], least: int) -> bool:
    """Tell uses of several regions that no programme with a name of its own joins."""
    regions = Conduct(tuple(uses)).regions
    programmes = {use.programme for use in uses}
    is_one = len(programmes) == 1 and all(map(is_telling, programmes))
    return len(regions) >= least and not is_one


def _grouped(uses: Sequence[Use]) -> list[list[Use]]:
    """Group uses by programme at a provider, or by a programme's own name; who only logged in is of his network."""
    parent = {id(use): id(use) for use in uses}

    def root(one: int) -> int:
        while parent[one] != one:
            one = parent[one]
        return one

    first: dict[tuple[str, ...], int] = {}
    for use in uses:
        keys: list[tuple[str, ...]] = [(use.region, use.programme)] if use.programme else []
        if is_telling(use.programme):
            keys.append((use.programme,))
        for key in keys:
            parent[root(id(use))] = root(first.setdefault(key, id(use)))
    homes = {use.network: id(use) for use in reversed(uses) if use.programme}
    for use in uses:
        if not use.programme:
            parent[root(id(use))] = root(homes.get(use.network, first.setdefault(("", use.network), id(use))))
    groups: dict[int, list[Use]] = defaultdict(list)
    for use in uses:
        groups[root(id(use))].append(use)
    return list(groups.values())
