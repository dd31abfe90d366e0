"""Letters written by hand in a stolen mailbox: few, to living people, and the answers go elsewhere.

Volume and bounces say nothing of them. What tells is a Reply-To of another house that the account's other mail has not,
from an address where its owner is not at work. Only queued mail shows it: delivered mail leaves no head in the logs.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.places import network_of

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from breachkit.detect.accounts.activity import Activity
    from breachkit.records import Locus

LETTERS = 2
"""Letters that ask for answers to one other house, from one address."""


class Letters(NamedTuple):
    """Letters of one account whose answers go elsewhere."""

    client_ip: str
    domain: str
    """Where the answers go."""
    sources: tuple[Locus, ...]


def find_letters(
    activity: Activity, queued: pd.DataFrame, sends: pd.DataFrame, house: Collection[str]
) -> list[Letters]:
    """Find the addresses from which an account asks for answers elsewhere, as it does from nowhere else.

    Args:
        activity: what was done in the account.
        queued: its queued messages, with `send` and `reply_to`.
        sends: all messages handed in; `send` is their row.
        house: the domains of the house.
    """
    asked: dict[str, dict[str, list[Locus]]] = defaultdict(lambda: defaultdict(list))
    places = sends["client_ip"]
    for send, reply_to, mail_from, source in zip(
        queued["send"], queued["reply_to"], queued["mail_from"], queued["source"], strict=True
    ):
        domain = reply_to.rpartition("@")[2] if isinstance(reply_to, str) else ""
        own = mail_from.rpartition("@")[2] if isinstance(mail_from, str) else ""
        if send >= 0 and domain and domain not in house and domain != own:
            asked[domain][str(places.iloc[send])].append(source)
    found = []
    for domain, by_ip in asked.items():
        networks = {network_of(ip) for ip in by_ip}
        # the owner works elsewhere, and asks for no such answers there
        is_beside = any(use.sent and network_of(use.ip) not in networks for use in activity.uses)
        if is_beside and len(networks) == 1:
            found += [Letters(ip, domain, tuple(rows)) for ip, rows in by_ip.items() if len(rows) >= LETTERS]
    return found
