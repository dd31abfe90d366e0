"""Accounts by addresses: which attacking address tried and entered which account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from breachkit.case.hours import attacking_ips
from breachkit.detect.accounts.inquiry import is_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from breachkit.case.investigation import Investigation
    from breachkit.report.contract import Json

MOST_ADDRESSES = 12
MOST_ACCOUNTS = 25
"""Rows and columns that a person can take in; how many there are in all stands beside."""


def matrix_json(case: Investigation) -> Json:
    """Write the attacking addresses that did most, the accounts they tried most, and what each did to each."""
    visits = case.inquiry.visits.reset_index()
    tried = visits[visits["client_ip"].isin(list(attacking_ips(case))) & (visits["successes"] + visits["failures"] > 0)]
    # people type their password where the name goes: a name that no account is known by is only counted
    is_known = tried["account"].map(is_name).astype("bool")
    unknown, tried = tried[~is_known], tried[is_known]
    tried = tried.assign(tries=tried["successes"] + tried["failures"])
    ips = _top(tried.groupby("client_ip")["tries"].sum().to_dict())
    by_account = tried.groupby("account")
    won, tries = by_account["successes"].sum().to_dict(), by_account["tries"].sum().to_dict()
    # those that were entered first: they are what the picture is looked at for
    accounts = sorted(map(str, tries), key=lambda name: (not won[name], -tries[name], name))
    cells = {
        (str(row.account), str(row.client_ip)): [int(row.successes), int(row.failures), int(row.sent)]  # type: ignore[arg-type]
        for row in tried.itertuples()
    }
    shown = ips[:MOST_ADDRESSES]
    return {
        "addresses": shown,
        "addresses_distinct": len(ips),
        "accounts_distinct": len(accounts),
        "unknown_names": int(unknown["account"].nunique()),
        "countries": [case.country(ip) for ip in shown],
        "rows": [
            {"account": name, "cells": [cells.get((name, ip)) for ip in shown]} for name in accounts[:MOST_ACCOUNTS]
        ],
    }


def _top(counts: Mapping[Any, int]) -> list[str]:
    return [str(name) for name in sorted(counts, key=lambda name: (-counts[name], str(name)))]
