"""What is known of every account, accused or not: counted for all of them at once.

Thousands of accounts are clear, and a search of the tables for each of them would cost more than reading the logs.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

import numpy as np
import pandas as pd

from breachkit.detect.joins import BY_ID
from breachkit.detect.joins import BY_PEER

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    places: tuple[Seen, ...]
    far: Mapping[bytes, int] = MappingProxyType({})
    """How far some of the secrets are from a user name typed with them."""
    mismatched: int = 0
    """Messages in other names, from addresses that wrote many of them."""
    unseen_failures: int = 0
    """Failures with secrets that the logs do not show, from addresses that came in and had many of them."""


def has_session(messages: pd.DataFrame) -> pd.Series[bool]:
    """Tell which messages join a session of the logs."""
    return messages["join"].isin([BY_ID, BY_PEER])


def take_standings(
    messages: pd.DataFrame,
    attempts: pd.DataFrame,
    sends: pd.DataFrame,
    visits: pd.DataFrame,
) -> Mapping[str, Standing]:
    """Count for every account what it holds and did; an account of which nothing is known has zeros.

    Args:
        messages: joined, with `account`.
        attempts: with `account`.
        sends: accepted ones, with `account`.
        visits: the visits table.
    """
    won = attempts[attempts["outcome"] == "success"]
    authenticated = sends.index[sends["account"].notna()]
    counts = pd.DataFrame(
        {
            "queued": _count(messages, ~messages["quarantined"]),
            "quarantined": _count(messages, messages["quarantined"]),
            "unseen": _count(messages, ~messages["send"].isin(authenticated)),
            "sent": sends.groupby("account").size(),
            "auth_successes": _count(won, won["service"] == "smtp"),
        },
    )
    last = pd.concat([won[["account", "ts"]], sends[["account", "ts"]]]).groupby("account")["ts"].max().to_dict()
    sets = {name: _gather(won, name) for name in ("mechanism", "secret", "user")}
    far: dict[Any, dict[bytes, int]] = defaultdict(dict)
    for account, secret, distance in won.loc[won["distance"] > 0, ["account", "secret", "distance"]].itertuples(
        index=False
    ):
        far[account][secret] = distance
    senders = messages.groupby(["account", "mail_from"]).size()
    mail_froms: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    for account, mail_from, number in senders.reset_index().itertuples(index=False):
        mail_froms[account].append((mail_from, int(number)))
    places = _places(visits)
    mismatched, unseen = _doubtful(visits)
    rows: dict[Any, dict[Any, int]] = counts.fillna(0).astype("int64").to_dict("index")
    return _Standings(
        {
            str(account): Standing(
                **row,
                last_ts=last.get(account),
                mechanisms=tuple(sorted(sets["mechanism"].get(account, ()))),
                mail_froms=tuple(sorted(mail_froms[account], key=lambda pair: (-pair[1], pair[0]))),
                secrets=frozenset(sets["secret"].get(account, ())),
                typed=frozenset(sets["user"].get(account, ())),
                places=tuple(places.get(account, ())),
                far=far.get(account, {}),
                mismatched=mismatched.get(account, 0),
                unseen_failures=unseen.get(account, 0),
            )
            for account, row in rows.items()
        },
    )


class _Standings(dict[str, Standing]):
    def __missing__(self, _account: str) -> Standing:
        return Standing(0, 0, 0, 0, 0, None, (), (), frozenset(), frozenset(), ())


def _count(table: pd.DataFrame, chosen: pd.Series[bool]) -> pd.Series[int]:
    return table.loc[chosen.astype("bool"), "account"].value_counts()


def _gather(table: pd.DataFrame, name: str) -> dict[Any, set[Any]]:
    found: dict[Any, set[Any]] = defaultdict(set)
    seen = table[["account", name]].dropna()
    for account, held in zip(seen["account"].tolist(), seen[name].tolist(), strict=True):
        found[account].add(held)
    return found


def _doubtful(visits: pd.DataFrame) -> tuple[dict[Any, int], dict[Any, int]]:
    seen = visits[visits["first_seen"].notna()]
    foreign = (seen["mismatched"] >= DOUBT_COUNT) & (seen["mismatched"] >= DOUBT_SHARE * seen["sent"])
    tried = (seen["successes"] > 0) & (seen["unseen_secrets"] >= DOUBT_COUNT)
    return (
        seen.loc[foreign, "mismatched"].groupby(level="account").sum().to_dict(),
        seen.loc[tried, "unseen_secrets"].groupby(level="account").sum().to_dict(),
    )


def _places(visits: pd.DataFrame) -> dict[Any, list[Seen]]:
    seen = visits[visits["first_seen"].notna()]
    accounts, ips = (seen.index.get_level_values(name).to_numpy() for name in ("account", "client_ip"))
    counted = [ips.tolist(), *(seen[name].tolist() for name in ("successes", "failures"))]
    # a Timestamp takes ten times as long to make, and to spell, as a datetime
    moments = [pd.DatetimeIndex(seen[name]).to_pydatetime() for name in ("first_seen", "last_seen")]
    rows: list[Seen] = [*zip(*counted, *moments, strict=True)]
    # visits are sorted by account
    begins = [0, *(np.flatnonzero(accounts[1:] != accounts[:-1]) + 1).tolist()] if rows else []
    ends = [*begins[1:], len(rows)]
    return {accounts[begin]: rows[begin:end] for begin, end in zip(begins, ends, strict=False)}
