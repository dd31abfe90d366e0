"""Who wrote a message, as far as grouping asks: the account, whether it speaks in its own name, and what is local."""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.detect.campaign_marks import house
from breachkit.records import NULL_SENDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.records import Message

USUAL_ACCOUNTS = 5
USUAL_SHARE = 0.3
"""Where this share of at least so many accounts writes under other names, that is how the house works."""
SELDOM = 2
"""Messages from one domain, at most, of senders that are made up for each message."""
WRITES = 3
"""Messages of an account from which on it is counted for that."""


class Author(NamedTuple):
    """The author of one message."""

    name: str
    """The account; without authentication the declared sender."""
    is_forged: bool
    """The account declared a sender that is not itself, in a house where accounts do not do that; or nobody
    authenticated, and the declared sender is a stranger who is hardly ever seen again."""


def authors_of(messages: Sequence[Message]) -> list[Author]:
    """Name the author of each message."""
    others: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for message in messages:
        if message.auth_user is not None:
            others[message.auth_user][_is_other(message)] += 1
    busy = [counts for counts in others.values() if counts.total() >= WRITES]
    forging = sum(counts[True] > counts[False] for counts in busy)
    is_usual = len(busy) >= USUAL_ACCOUNTS and forging >= USUAL_SHARE * len(busy)
    names = [message.auth_user or message.header_from or message.mail_from or "" for message in messages]
    houses = [house(name.rpartition("@")[2]) for name in names]
    counts = Counter(houses)
    domains = local_domains(messages)
    return [
        Author(
            name,
            (not is_usual and _is_other(message))
            if message.auth_user is not None
            else counts[home] <= SELDOM and "@" in name and name.rpartition("@")[2] not in domains,
        )
        for name, home, message in zip(names, houses, messages, strict=True)
    ]


def _is_other(message: Message) -> bool:
    declared = {message.mail_from, message.header_from} - {None, NULL_SENDER}
    return bool(declared) and any(_local(name) != _local(message.auth_user) for name in declared)


def _local(address: str | None) -> str:
    """Take an address as the server does: an account may be named without its domain."""
    return (address or "").partition("@")[0] if address and "@" not in address else (address or "")


def local_domains(messages: Sequence[Message]) -> frozenset[str]:
    """List the domains of accounts."""
    named = (message.auth_user.rpartition("@")[2] for message in messages if message.auth_user)
    return frozenset(domain for domain in named if domain)
