"""Where are accounts at home, and which client addresses guess passwords?

At home are the addresses of an account's first hours, and those it comes back to. Where several accounts of the house
are at home with one provider, the house lives; a stranger seldom comes from it.

An address guesses when it tried many unlike secrets on one account, tried several accounts in vain, used a secret
that was tried on many accounts, or took part in the guessing of many addresses at one account. An address that
many accounts use (an office, a provider's gateway) is shared: what one computer behind it did says nothing of the
others. A device with an old password and an owner who mistypes do not guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from breachkit.detect.accounts.places import NEW, is_private, network_of, region_of
from breachkit.detect.accounts.roles import FOREIGN_COUNT
from breachkit.detect.accounts.visits import unlike_pairs
from breachkit.micros import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from breachkit.detect.accounts.visits import Column, Visits

GUESSES = 5
"""Unlike wrong secrets on one account from one address that an owner does not type."""

STRANGERS = 3
"""Accounts tried in vain from one address that are one too many for a household or a telephone."""

SPRAYED = 5
"""Accounts on which one and the same secret was tried in vain: a person has one, a device has one."""

COLLEAGUES = 5
"""Accounts that come in from one address by success and make it a shared one."""

MANY = 10
SEVERAL_ADDRESSES = 5
"""Guesses at one account, and the addresses they come from, none of which made half: guessing by many hands."""

FEW_SECRETS = 3
"""Unlike secrets on one account that a spray does not exceed, so that no lock-out is met."""

STALE = 3
"""The same one wrong secret this often, and no other, is a device with an old password."""

NEIGHBOURS = 2
"""Other accounts at home with a provider that make it the house's."""


class Homes(NamedTuple):
    """For each visit, what kind of place it is."""

    is_home: Column
    """The account is at home there."""
    is_near: Column
    """The account is at home at several addresses of the same provider, as a telephone is."""
    is_local: Column
    """Other accounts of the house are at home with the same provider."""


def homes_of(visits: Visits) -> Homes:
    """Tell where accounts are at home."""
    won = visits.count("successes") > 0
    first = visits.time("first_success").astype(np.int64)
    start = np.full(len(visits.accounts), np.iinfo(np.int64).max)
    np.minimum.at(start, visits.who[won], first[won])
    stayed = visits.time("last_seen").astype(np.int64) - first >= DAY
    is_clean = (visits.count("foreign") == 0) & (visits.count("dead") == 0)
    is_home = won & (stayed | (is_clean & (first - start[visits.who] <= NEW)))
    is_lan = np.array([is_private(ip) for ip in visits.ips], np.bool_)[visits.whence]
    regions, names = pd.factorize(np.array([region_of(ip) for ip in visits.ips], dtype=object))
    region = regions[visits.whence].astype(np.int64)
    width = max(len(names), 1)
    place = visits.who.astype(np.int64) * width + region
    at_home, number = np.unique(place[is_home], return_counts=True)
    accounts = np.bincount(at_home % width, minlength=width)
    is_local = is_lan | (accounts[region] - np.isin(place, at_home) >= NEIGHBOURS)
    return Homes(is_home, np.isin(place, at_home[number > 1]), is_local)


class Guessers(NamedTuple):
    """The addresses that guess, and which of them work together."""

    ips: frozenset[str]
    shared: frozenset[str]
    """Addresses that many accounts use."""
    homes: frozenset[str]
    """Those of them where several accounts are at home: a thief of many accounts is at home in none."""
    together: tuple[tuple[str, ...], ...]
    """Addresses that tried the same secret on many accounts, or guessed at one account together."""
    by_visit: Column
    """For each row of the visits: the address guesses, by what it did at this account or elsewhere."""

    def group_of(self, client_ip: str) -> frozenset[str]:
        """List an address and those that guess with it: together at something, or from the same network."""
        network = network_of(client_ip)
        near = {ip for ip in self.ips if network_of(ip) == network}
        return frozenset({client_ip, *near, *(ip for group in self.together if client_ip in group for ip in group)})


def find_guessers(visits: Visits, attempts: pd.DataFrame, homes: Homes) -> Guessers:
    """Find them.

    Args:
        visits: what each address did to each account.
        attempts: tries, with `account`.
        homes: where accounts are at home.
    """
    is_clean = visits.count("foreign") < FOREIGN_COUNT
    won = visits.by_ip((visits.count("successes") > 0) & is_clean)
    lost = visits.by_ip((visits.count("failures") > 0) & (visits.count("successes") == 0))
    # many accounts are at home there, and who fails there is one of few
    is_shared = (won >= COLLEAGUES) & (lost <= won / 2)
    is_home = is_shared & (visits.by_ip(homes.is_home & is_clean) >= STRANGERS)
    was_known = came_in_first(visits)
    is_trying = (lost >= STRANGERS) & (lost >= won) & ~is_shared
    is_guessing = (visits.count("unlike_secrets") >= GUESSES) & ~was_known
    tried = _Failed(visits, attempts)
    is_spraying, by_secret = tried.sprayed(is_shared | (won > lost))
    is_helping, by_account = tried.distributed(was_known | homes.is_near)
    own = (is_guessing | is_helping) & ~is_shared[visits.whence]
    by_ip = np.zeros(len(visits.ips), np.bool_)
    by_ip[visits.whence[own]] = True
    by_ip |= is_trying | is_spraying
    return Guessers(
        ips=frozenset(visits.ips[by_ip].tolist()),
        shared=frozenset(visits.ips[is_shared].tolist()),
        homes=frozenset(visits.ips[is_home].tolist()),
        together=tuple(tuple(visits.ips[list(group)].tolist()) for group in (*by_secret, *by_account)),
        by_visit=(by_ip[visits.whence] & ~was_known) | is_guessing,
    )


def came_in_first(visits: Visits) -> Column:
    """Tell addresses that came in before they ever failed, and more than once: their owners mistype."""
    success, failure = visits.time("first_success"), visits.time("first_failure")
    came_first = np.isnat(failure) | (success < failure)
    return ~np.isnat(success) & came_first & (visits.count("successes") > 1)


class _Failed:
    """The failed tries, by number of visit and of secret."""

    def __init__(self, visits: Visits, attempts: pd.DataFrame) -> None:
        failed = attempts[(attempts["outcome"] == "failure").to_numpy()]
        self._visits = visits
        visit, known = visits.visit_of(failed)
        secret = failed["secret"]
        is_seen = secret.notna().to_numpy()[known]
        self._visit = visit[is_seen]
        self._secret = pd.factorize(secret.to_numpy("uint64", na_value=0)[known][is_seen])[0].astype(np.int64)

    def sprayed(self, is_exempt: Column) -> tuple[Column, Iterable[Column]]:
        """Tell which addresses used a secret that was tried on many accounts, and which used the same one."""
        visits = self._visits
        who, whence = visits.who[self._visit].astype(np.int64), visits.whence[self._visit].astype(np.int64)
        found = np.zeros(len(visits.ips), np.bool_)
        if not len(who):
            return found, ()
        count = np.bincount(unlike_pairs(self._secret, who)[0])
        is_sprayed = (count >= SPRAYED)[self._secret] & ~is_exempt[whence]
        secret, ip = unlike_pairs(self._secret[is_sprayed], whence[is_sprayed])
        found[ip] = True
        return found, _groups(secret, ip)

    def distributed(self, was_known: Column) -> tuple[Column, Iterable[Column]]:
        """Tell at which visits an address took part in the guessing of many, and which did so together."""
        visits = self._visits
        accounts = len(visits.accounts)
        tries = visits.count("unlike_secrets") + visits.count("unseen_secrets")
        failures = visits.count("failures")
        is_stale = (visits.count("unlike_secrets") == 1) & (visits.count("unseen_secrets") == 0) & (failures >= STALE)
        # who then comes in may be the owner on the move, who mistyped: only where others guess is he one of them
        counts = (tries > 0) & ~is_stale & (visits.count("successes") == 0)
        addresses = np.bincount(visits.who[counts], minlength=accounts)
        total = np.bincount(visits.who[counts], weights=tries[counts], minlength=accounts)
        most = np.zeros(accounts)
        np.maximum.at(most, visits.who[counts], tries[counts])
        unlike = np.bincount(
            unlike_pairs(visits.who[self._visit].astype(np.int64), self._secret)[0], minlength=accounts
        )
        unseen = np.bincount(visits.who, weights=visits.count("unseen_secrets"), minlength=accounts)
        is_guessed = (addresses >= SEVERAL_ADDRESSES) & (total >= MANY) & (2 * most < total)
        is_guessed &= (unlike >= GUESSES) | (unseen >= MANY)
        is_stranger = ~was_known & (visits.count("successes") <= failures)
        is_one_of_many = 2 * tries < total[visits.who]  # a device with an old password makes most tries alone
        found = (tries > 0) & ~is_stale & is_stranger & is_one_of_many & is_guessed[visits.who]
        return found, _groups(visits.who[found].astype(np.int64), visits.whence[found].astype(np.int64))


def _groups(key: Column, value: Column) -> Iterator[Column]:
    """Part the values by their keys; both are sorted by key."""
    if len(key):
        yield from np.split(value, np.flatnonzero(np.diff(key)) + 1)
