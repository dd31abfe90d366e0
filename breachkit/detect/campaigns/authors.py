"""Who wrote a message, as far as grouping asks: the account, whether it speaks in its own name, and what is local."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.campaigns.marks import house
from breachkit.records import NULL_SENDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.records import Message

USUAL_ACCOUNTS = 40
USUAL_STRANGERS = 5
USUAL_SHARE = 0.3
"""Where so many accounts, and this share of them, write under other names, that is how the house works (so many are
seldom entered at once); where so many foreign domains send without authentication, the house passes mail on."""
SELDOM = 2
"""Messages from one domain, at most, of senders that are made up for each message."""
WRITES = 3
"""Messages of an account from which on it is counted for that."""


class Author(NamedTuple):
    """The author of one message."""

    name: str
    """The account; without authentication the declared sender."""
    is_forged: bool
    """The account declared a sender that is not itself, or nobody authenticated and a stranger is declared; in a house
    where that is usual: a sender whose domain is hardly seen again."""
    home: str
    """What the party of the declared sender registered of its domain; empty when it is not believed."""
    reader: str
    """The first recipient; empty when there is none."""


def authors_of(messages: Sequence[Message]) -> list[Author]:
    """Name the author of each message."""
    names = [message.auth_user or message.header_from or message.mail_from or "" for message in messages]
    homes = [house((message.header_from or message.mail_from or "").rpartition("@")[2]) for message in messages]
    is_other = [_is_other(message) for message in messages]
    domains = local_domains(messages)
    own: Counter[str] = Counter()
    strange: Counter[str] = Counter()
    other: Counter[str] = Counter()
    declared: Counter[str] = Counter()
    for name, home, message, differs in zip(names, homes, messages, is_other, strict=True):
        if message.auth_user is not None:
            (other if differs else own)[name] += 1
            declared[home] += differs
        elif "@" in name and name.rpartition("@")[2] not in domains:
            strange[home] += 1
    accounts = {name for name in {*own, *other} if own[name] + other[name] >= WRITES}
    relayed = sum(count >= WRITES for count in strange.values())
    may_write = _is_usual(sum(other[name] > own[name] for name in accounts), len(accounts), USUAL_ACCOUNTS)
    may_pass = not domains or _is_usual(relayed, relayed + len(accounts), USUAL_STRANGERS)
    return [
        Author(
            name,
            differs and (declared[home] <= SELDOM or not may_write)
            if message.auth_user is not None
            else strange[home] > 0 and bool(domains) and (strange[home] <= SELDOM or not may_pass),
            "" if differs and not may_write else home if message.header_from else "",
            message.rcpt_to[0] if message.rcpt_to else "",
        )
        for name, home, message, differs in zip(names, homes, messages, is_other, strict=True)
    ]


def _is_usual(count: int, total: int, least: int) -> bool:
    return count >= least and count >= USUAL_SHARE * total


def _is_other(message: Message) -> bool:
    declared = {message.mail_from, message.header_from} - {None, NULL_SENDER}
    return message.auth_user is not None and any(not _is_same(name or "", message.auth_user or "") for name in declared)


def _is_same(address: str, account: str) -> bool:
    """Compare as the server does: an account may be named without its domain."""
    return address == account or ("@" not in account and address.partition("@")[0] == account)


def local_domains(messages: Sequence[Message]) -> frozenset[str]:
    """List the domains of accounts."""
    named = (message.auth_user.rpartition("@")[2] for message in messages if message.auth_user)
    return frozenset(domain for domain in named if domain)
