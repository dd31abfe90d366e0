"""Where accounts are at home: the addresses of their first hours, and those they come back to.

Where several accounts of the house are at home with one provider, the house lives; a stranger seldom comes from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from breachkit.detect.accounts.places import is_private, region_of
from breachkit.micros import DAY

if TYPE_CHECKING:
    from breachkit.detect.accounts.visits import Column, Visits

NEW = DAY // 2
"""How long after its account was first seen a place comes up that is new to it."""

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
