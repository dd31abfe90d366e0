"""What is known of every account, accused or not: counted for all of them at once.

Thousands of accounts are clear, and a search of the tables for each of them would cost more than reading the logs.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from breachkit.detect.accounts.visits import Slices

if TYPE_CHECKING:
    from collections.abc import Mapping

DOUBT_COUNT = 20
DOUBT_SHARE = 0.25
"""Messages (or failures), in number and as a share, that no ordinary account has and that alone accuse nobody."""


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
    far: Mapping[bytes, int]
    """How far some of the secrets are from a user name typed with them."""
    mismatched: int
    """Messages in other names, from addresses that wrote many of them."""
    unseen_failures: int
    """Failures with secrets that the logs do not show, from addresses that came in and had many of them."""


class Standings:
    """The standings of all accounts, of which one is made when it is looked at."""

    def __init__(
        self, messages: pd.DataFrame, attempts: pd.DataFrame, sends: pd.DataFrame, visits: pd.DataFrame
    ) -> None:
        """Count what every account holds and did; an account of which nothing is known has zeros.

        Args:
            messages: joined, with `account`.
            attempts: with `account`.
            sends: with `account`.
            visits: the visits table.
        """
        authenticated = sends.index[sends["account"].notna()]
        is_won = attempts["outcome"] == "success"
        mismatched, unseen_failures = _doubtful(visits)
        self._counts: dict[str, dict[Any, int]] = {
            "queued": _count(messages, ~messages["quarantined"]),
            "quarantined": _count(messages, messages["quarantined"]),
            "unseen": _count(messages, ~messages["send"].isin(authenticated)),
            "sent": _count(sends, sends["accepted"]),
            "auth_successes": _count(attempts, is_won & (attempts["service"] == "smtp")),
            "mismatched": mismatched,
            "unseen_failures": unseen_failures,
        }
        self._mail_froms: dict[Any, list[tuple[str, int]]] = defaultdict(list)
        pairs = messages.groupby(["account", "mail_from"]).size()
        for account, mail_from, number in pairs.reset_index().itertuples(index=False):
            self._mail_froms[account].append((mail_from, int(number)))
        won = attempts.loc[is_won, ["account", "ts", "mechanism", "secret", "user", "distance"]]
        seen = pd.concat([won[["account", "ts"]], sends.loc[sends["accepted"], ["account", "ts"]]])
        self._last: dict[Any, pd.Timestamp] = seen.groupby("account")["ts"].max().to_dict()
        rows = Slices(won["account"])
        self._won = rows
        mechanism = won["mechanism"].astype("category").cat
        self._mechanisms, self._mechanism = mechanism.categories.tolist(), mechanism.codes.to_numpy()[rows.order]
        self._user, self._distance = (won[name].to_numpy()[rows.order] for name in ("user", "distance"))
        self._secret = won["secret"].to_numpy("uint64", na_value=0)[rows.order]
        self._is_seen = won["secret"].notna().to_numpy()[rows.order]

    def __getitem__(self, account: str) -> Standing:
        rows = self._won.of(account)
        secrets = [number.to_bytes(8) for number in self._secret[rows].tolist()]
        distances = zip(secrets, self._distance[rows].tolist(), strict=True)
        return Standing(
            **{name: numbers.get(account, 0) for name, numbers in self._counts.items()},
            last_ts=self._last.get(account),
            mechanisms=tuple(sorted(self._mechanisms[number] for number in set(self._mechanism[rows].tolist()))),
            mail_froms=tuple(sorted(self._mail_froms.get(account, ()), key=lambda pair: (-pair[1], pair[0]))),
            secrets=frozenset(itertools.compress(secrets, self._is_seen[rows].tolist())),
            typed=frozenset(name for name in self._user[rows].tolist() if name is not None),
            far={secret: distance for secret, distance in distances if distance > 0},
        )


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
