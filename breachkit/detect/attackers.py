"""Which client addresses attacked which account?

An attacking address of an account is one whose authenticated sessions sent the spam, or that failed on it
with many unlike secrets, or that tried several accounts not its own. An address that the account used
before any of that, an office that thirty colleagues share, a ticket system that always wrote in other
names from one place: none of them is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

import numpy as np

from breachkit.detect.visits import UNKNOWN
from breachkit.detect.visits import Visits
from breachkit.detect.visits import earliest
from breachkit.micros import HOUR

if TYPE_CHECKING:
    import pandas as pd

    from breachkit.detect.visits import Column

GUESSES = 5
"""Unlike wrong secrets on one account from one address that an owner does not type."""

STRANGERS = 3
"""Accounts tried in vain from one address that are one too many for a household or a phone."""

FOREIGN_SHARE = 0.2
FOREIGN_COUNT = 10
"""Messages in other names, as a share of those sent from one address or in number, that are spam's way."""

KIN_COUNT = 3
"""Messages in names of the account's own domain below which they are an alias that nobody told us of."""

ALWAYS = np.timedelta64(24, "h")
"""How soon after its first login an address must have written in other names for that to be its habit."""

BEFORE = np.timedelta64(24, "h")
"""How long before its first attack an address that is new to an account may have come in to look round."""

NOWHERE_SHARE = 0.25
NOWHERE_COUNT = 5
"""Recipients that do not exist, as a share of those whose fate is known, and at least so many. "Honest users
are very unlikely to attempt to send to 100 nonexistent addresses in one hour" (Exim wiki, BlockCracking);
a kept mailing list stays below 5 %."""

HOPELESS_SHARE = 0.5
"""Share of recipients that do not exist from which on not even a habit excuses."""

STEADY = np.timedelta64(3, "h")
"""How long one address must have been in use for what it does to be the account's habit."""

DAYS = 3
HASTE = 60
"""Days of use after which a habit may be busy, and messages in an hour that a young one stays below."""

COLLEAGUES = 5
"""Accounts that come in at one address and make it a shared place."""

NEW = np.timedelta64(12, "h")
"""How long after its account was first seen an address comes up that is new to it."""

BURST = 30
BURST_RATIO = 5
CROWD = 2
"""Messages in an hour from new addresses, in number and against the account's own busiest hour, and how many
addresses it takes: a mailing goes out from one place, a stolen account is used from several."""


class Attack(NamedTuple):
    """Why an address attacks an account."""

    by_guessing: bool
    """Unlike secrets on this account."""
    by_trying: bool
    """Tried several accounts not its own."""
    by_sending: bool
    """Sent in other names, or to nobody."""
    by_volume: bool
    """Sent, with other new addresses, far more than the account ever did: weak."""
    by_others: bool
    """Attacked other accounts before it came in here."""

    @property
    def is_only_volume(self) -> bool:
        """True when nothing but the number of its messages speaks against an address."""
        return self.by_volume and sum(self) == 1


class Attacks:
    """Which addresses attack which accounts, and why; there may be a hundred thousand."""

    def __init__(self, visits: Visits, found: Column) -> None:
        """Take those that are found.

        Args:
            visits: what each address did.
            found: a row for each of them, a column for each reason.
        """
        rows = np.flatnonzero(found.any(axis=1))
        self.sending: Column = found[:, 2]
        """Of all visits: spam was sent."""
        self._visits, self._found = visits, found[rows]
        self._who, self._whence = visits.who[rows], visits.whence[rows]
        self._entered = frozenset(self._who[visits.count("successes")[rows] > 0].tolist())
        self._is_seen = ~np.isnat(visits.time("first_seen")[rows])

    def of(self, account: str) -> dict[str, Attack]:
        """Return the attacking addresses of one account that were seen to log in, or to try."""
        number = self._visits.number_of(account)
        wanted = np.array((number, number + 1), self._who.dtype)  # of another type, all would be copied to compare them
        begin, end = np.searchsorted(self._who, wanted).tolist()  # visits are sorted by account
        rows = begin + np.flatnonzero(self._is_seen[begin:end])
        ips = self._visits.ips[self._whence[rows]].tolist()
        return dict(zip(ips, map(Attack._make, self._found[rows].tolist()), strict=True))

    def came_in(self, account: str) -> bool:
        """Tell whether one of them came in."""
        return self._visits.number_of(account) in self._entered

    def ips(self) -> frozenset[str]:
        """List every address that attacks any account."""
        return frozenset(self._visits.ips[np.unique(self._whence)].tolist())


def find_attackers(table: pd.DataFrame, sends: pd.DataFrame) -> Attacks:
    """Find the attacking addresses of each account in a visits table and the table of what was sent."""
    visits = Visits(table)
    was_known = _was_known(visits)
    by_guessing = (visits.count("unlike_secrets") >= GUESSES) & ~was_known
    by_trying = _trying(visits)[visits.whence] & ~was_known
    by_sending = _is_spam(visits)
    by_volume = _crowds(visits, sends)
    found = np.column_stack((by_guessing, by_trying, by_sending, by_volume))
    followed = _followed(visits, by_guessing | by_trying, by_sending) & ~found.any(axis=1)
    return Attacks(visits, np.column_stack((found, followed)))


def _was_known(visits: Visits) -> Column:
    """Tell addresses that came in before they ever failed, and more than once: their owners mistype."""
    success, failure = visits.time("first_success"), visits.time("first_failure")
    came_first = np.isnat(failure) | (success < failure)
    return ~np.isnat(success) & came_first & (visits.count("successes") > 1)


def _trying(visits: Visits) -> Column:
    """Tell the addresses that tried at least `STRANGERS` accounts in vain, and more than they came in at."""
    failures, successes = visits.count("failures"), visits.count("successes")
    lost = visits.by_ip((failures > 0) & (successes == 0))
    won = visits.by_ip(successes > 0)
    is_trying: Column = (lost >= STRANGERS) & (lost >= won)
    return is_trying


def _is_spam(visits: Visits) -> Column:
    sent, unknown, rcpts, mismatched = map(visits.count, ("sent", "unknown", "rcpts", "mismatched"))
    foreign = np.where((visits.count("strange") > 0) | (mismatched >= KIN_COUNT), mismatched, 0)
    nobody = (unknown >= NOWHERE_COUNT) & (unknown >= NOWHERE_SHARE * rcpts)
    is_foreign = (foreign > 0) & ((foreign >= FOREIGN_SHARE * sent) | (foreign >= FOREIGN_COUNT))
    return (nobody & (unknown >= HOPELESS_SHARE * rcpts)) | ((nobody | is_foreign) & ~_is_habit(visits))


def is_mostly_nobody(unknown: int, rcpts: int) -> bool:
    """Tell a run to invented recipients from a list with a few dead addresses."""
    return unknown >= NOWHERE_COUNT and unknown >= NOWHERE_SHARE * rcpts


def _is_habit(visits: Visits) -> Column:
    """Tell a system that always writes in other names from its one place from a thief who does it in passing."""
    success, mismatch, days = visits.time("first_success"), visits.time("first_mismatch"), visits.count("days")
    places = visits.by_account(visits.count("successes") > 0)[visits.who]
    is_calm = (days >= DAYS) | (visits.count("busiest") < HASTE)
    is_only = (places == 1) & (visits.time("last_seen") - success >= STEADY) & is_calm
    is_first = success <= earliest(visits.who, success, len(visits.accounts))[visits.who] + STEADY
    always = np.isnat(mismatch) | (mismatch <= success + ALWAYS)
    is_habit: Column = (is_only | (is_first & (days >= DAYS))) & always
    return is_habit & (visits.count("unlike_secrets") < GUESSES)


def _crowds(visits: Visits, sends: pd.DataFrame) -> Column:
    """Tell the new addresses that together sent in an hour far more than their account ever did."""
    success = visits.time("first_success")
    is_new = success - earliest(visits.who, success, len(visits.accounts))[visits.who] > NEW
    row, ts = visits.rows_of(sends[sends["accepted"]])
    if not is_new[row].any():
        return np.zeros(len(is_new), np.bool_)
    who, hour = visits.who[row].astype(np.int64), ts // HOUR
    hour -= hour.min()
    hours, place = np.unique(who * (hour.max() + 1) + hour, return_inverse=True)
    of_account = np.zeros(len(hours), np.int64)
    of_account[place] = who
    past = np.zeros(len(visits.accounts), np.int64)
    np.maximum.at(past, of_account, np.bincount(place[~is_new[row]], minlength=len(hours)))
    size = np.bincount(place[is_new[row]], minlength=len(hours))
    unlike = np.unique(np.stack((place[is_new[row]], row[is_new[row]])), axis=1)[0]
    usual = np.maximum(past[of_account], 1)
    burst = (size >= BURST) & (size >= BURST_RATIO * usual) & (np.bincount(unlike, minlength=len(hours)) >= CROWD)
    found = np.zeros(len(is_new), np.bool_)
    found[row[is_new[row] & burst[place]]] = True
    return found


def _followed(visits: Visits, by_failing: Column, by_sending: Column) -> Column:
    """Tell where an attacking address of other accounts came in, after it had begun or shortly before.

    It began with its first failure, its first message in another name, or its first login. Before that it counts
    only where it is new to an account that had been used from elsewhere.
    """
    success, mismatch = visits.time("first_success"), visits.time("first_mismatch")
    strong = (by_failing | by_sending) & ~_shared(visits)[visits.whence]
    failed = np.where(by_failing, visits.time("first_failure"), UNKNOWN)
    sent = np.where(by_sending, np.where(np.isnat(mismatch), success, mismatch), UNKNOWN)
    began = np.fmin(failed, sent)
    began = np.where(np.isnat(began), visits.time("first_seen"), began)
    begun = earliest(visits.whence[strong], began[strong], len(visits.ips))[visits.whence]
    first = earliest(visits.who, success, len(visits.accounts))[visits.who]
    is_after, is_early = success >= begun, success >= begun - BEFORE
    followed: Column = is_after | (is_early & (success > first))
    return followed & (visits.count("successes") > 0)


def _shared(visits: Visits) -> Column:
    """Tell the addresses behind which many accounts live: one bad computer does not taint its colleagues."""
    won = visits.by_ip(visits.count("successes") > 0)
    lost = visits.by_ip(visits.count("failures") > 0)
    is_shared: Column = (won >= COLLEAGUES) & (lost <= won / 2)
    return is_shared
