"""What is known of every account, accused or not: counted for all of them at once.

Thousands of accounts are clear, and a search of the tables for each of them would cost more than reading the logs.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from breachkit.detect.accounts.joins import BY_ID, BY_PEER
from breachkit.detect.accounts.visits import Slices
from breachkit.micros import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DOUBT_COUNT = 20
DOUBT_SHARE = 0.25
"""Messages (or failures), in number and as a share, that no ordinary account has and that alone accuse nobody."""

Seen = tuple[str, int, int, datetime, datetime]
"""A client address: successes, failures, first and last seen."""


class Standing(NamedTuple):
    """What one account holds and did."""

    queued: int
    quarantined: int
    unseen: int
    """Queued and quarantined messages that join no authenticated session."""
    sent: int
    auth_successes: int
    last_ts: pd.Timestamp | None
    """Of its successes and its messages."""
    mechanisms: tuple[str, ...]
    mail_froms: tuple[tuple[str, int], ...]
    secrets: frozenset[bytes]
    """Fingerprints of what opened it."""
    typed: frozenset[str]
    """User names under which it was opened."""
    places: Sequence[Seen]
    far: Mapping[bytes, int]
    """How far some of the secrets are from a user name typed with them."""
    mismatched: int
    """Messages in other names, from addresses that wrote many of them."""
    unseen_failures: int
    """Failures with secrets that the logs do not show, from addresses that came in and had many of them."""


def has_session(messages: pd.DataFrame) -> pd.Series[bool]:
    """Tell which messages join a session of the logs."""
    return messages["join"].isin([BY_ID, BY_PEER])


def take_standings(
    messages: pd.DataFrame,
    attempts: pd.DataFrame,
    sends: pd.DataFrame,
    visits: pd.DataFrame,
) -> Standings:
    """Count for every account what it holds and did; an account of which nothing is known has zeros.

    Args:
        messages: joined, with `account`.
        attempts: with `account`.
        sends: with `account`.
        visits: the visits table.
    """
    authenticated = sends.index[sends["account"].notna()]
    is_won = attempts["outcome"] == "success"
    counts = {
        "queued": _count(messages, ~messages["quarantined"]),
        "quarantined": _count(messages, messages["quarantined"]),
        "unseen": _count(messages, ~messages["send"].isin(authenticated)),
        "sent": _count(sends, sends["accepted"]),
        "auth_successes": _count(attempts, is_won & (attempts["service"] == "smtp")),
    }
    pairs = messages.groupby(["account", "mail_from"]).size()
    mail_froms: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    for account, mail_from, number in pairs.reset_index().itertuples(index=False):
        mail_froms[account].append((mail_from, int(number)))
    mismatched, unseen = _doubtful(visits)
    won = attempts.loc[is_won, ["account", "ts", "mechanism", "secret", "user", "distance"]]
    return Standings(
        {**counts, "mismatched": mismatched, "unseen_failures": unseen},
        _last(won, sends),
        mail_froms,
        _Won(won),
        _Visited(visits),
    )


class Standings:
    """The standings of all accounts, of which one is made when it is looked at."""

    def __init__(
        self,
        counts: Mapping[str, Mapping[Any, int]],
        last: Mapping[Any, pd.Timestamp],
        mail_froms: Mapping[Any, list[tuple[str, int]]],
        won: _Won,
        visited: _Visited,
    ) -> None:
        self._counts, self._last, self._mail_froms, self._won, self._visited = counts, last, mail_froms, won, visited

    def __getitem__(self, account: str) -> Standing:
        mechanisms, secrets, typed, far = self._won.of(account)
        return Standing(
            **{name: numbers.get(account, 0) for name, numbers in self._counts.items()},
            last_ts=self._last.get(account),
            mechanisms=mechanisms,
            mail_froms=tuple(sorted(self._mail_froms.get(account, ()), key=lambda pair: (-pair[1], pair[0]))),
            secrets=secrets,
            typed=typed,
            places=self._visited.of(account),
            far=far,
        )


class _Won:
    """The tries that came in, by account."""

    def __init__(self, won: pd.DataFrame) -> None:
        rows = Slices(won["account"])
        self._slices = rows
        mechanism = won["mechanism"].astype("category").cat
        self._mechanisms, self._mechanism = mechanism.categories.tolist(), mechanism.codes.to_numpy()[rows.order]
        self._user, self._distance = (won[name].to_numpy()[rows.order] for name in ("user", "distance"))
        self._secret = won["secret"].to_numpy("uint64", na_value=0)[rows.order]
        self._is_seen = won["secret"].notna().to_numpy()[rows.order]

    def of(self, account: str) -> tuple[tuple[str, ...], frozenset[bytes], frozenset[str], dict[bytes, int]]:
        """Return mechanisms, fingerprints, user names and distances."""
        rows = self._slices.of(account)
        secrets = [number.to_bytes(8) for number in self._secret[rows].tolist()]
        distances = zip(secrets, self._distance[rows].tolist(), strict=True)
        return (
            tuple(sorted(self._mechanisms[number] for number in set(self._mechanism[rows].tolist()))),
            frozenset(itertools.compress(secrets, self._is_seen[rows].tolist())),
            frozenset(name for name in self._user[rows].tolist() if name is not None),
            {secret: distance for secret, distance in distances if distance > 0},
        )


class _Visited:
    """Who was seen where, by account."""

    def __init__(self, visits: pd.DataFrame) -> None:
        is_seen = visits["first_seen"].notna().to_numpy()
        rows = slice(None) if is_seen.all() else np.flatnonzero(is_seen)  # a slice copies nothing
        index: Any = visits.index
        self._accounts = index.levels[0]
        # visits are sorted by account
        self._bounds = np.searchsorted(index.codes[0][rows], np.arange(len(self._accounts) + 1))
        self._whence = index.codes[1][rows]
        self._ips = index.levels[1].to_numpy()
        self._counts = [visits[name].to_numpy()[rows] for name in ("successes", "failures")]
        self._moments = [pd.DatetimeIndex(visits[name]).asi8[rows] for name in ("first_seen", "last_seen")]

    def of(self, account: str) -> StandingPlaces:
        """Return the addresses of one account."""
        try:
            number = self._accounts.get_loc(account)
        except KeyError:
            return StandingPlaces(self, slice(0, 0))
        return StandingPlaces(self, slice(*self._bounds[number : number + 2].tolist()))

    def rows(self, rows: slice) -> Iterator[Seen]:
        """Return some rows."""
        columns = [self._ips[self._whence[rows]].tolist(), *(column[rows].tolist() for column in self._counts)]
        # a Timestamp takes ten times as long to make, and to spell, as a datetime
        moments = [map(moment_of, column[rows].tolist()) for column in self._moments]
        return zip(*columns, *moments, strict=True)


class StandingPlaces(Sequence[Seen]):
    """The client addresses of one account: made when somebody looks at them, since there may be 100,000 in all."""

    def __init__(self, visited: _Visited, rows: slice) -> None:
        self._visited, self._rows = visited, rows

    def __len__(self) -> int:
        return int(self._rows.stop - self._rows.start)

    def __iter__(self) -> Iterator[Seen]:
        return self._visited.rows(self._rows)

    def __getitem__(self, place: Any) -> Any:
        return [*self][place]


def _last(won: pd.DataFrame, sends: pd.DataFrame) -> dict[Any, pd.Timestamp]:
    columns = ["account", "ts"]
    return pd.concat([won[columns], sends.loc[sends["accepted"], columns]]).groupby("account")["ts"].max().to_dict()


def _count(table: pd.DataFrame, chosen: pd.Series[bool]) -> dict[Any, int]:
    return table.loc[chosen.astype("bool"), "account"].value_counts().to_dict()


def _doubtful(visits: pd.DataFrame) -> tuple[dict[Any, int], dict[Any, int]]:
    seen = visits[visits["first_seen"].notna()]
    foreign = (seen["mismatched"] >= DOUBT_COUNT) & (seen["mismatched"] >= DOUBT_SHARE * seen["sent"])
    tried = (seen["successes"] > 0) & (seen["unseen_secrets"] >= DOUBT_COUNT)
    return (
        seen.loc[foreign, "mismatched"].groupby(level="account").sum().to_dict(),
        seen.loc[tried, "unseen_secrets"].groupby(level="account").sum().to_dict(),
    )
