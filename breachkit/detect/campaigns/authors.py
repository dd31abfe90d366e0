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
seldom entered at once); where so many foreign domains send without authentication, the house passes mail on. Without
this rule 80 % of the SpamAssassin ham was grouped where 150 accounts send it, or nobody logs in for it."""
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
    domains = local_domains(messages)
    named = [_named(message) for message in messages]
    own: Counter[str] = Counter()
    other: Counter[str] = Counter()
    declared: Counter[str] = Counter()
    strange: Counter[str] = Counter()
    for message, (name, home, is_other) in zip(messages, named, strict=True):
        if message.auth_user is not None:
            (other if is_other else own)[name] += 1
            declared[home] += is_other
        elif "@" in name and name.rpartition("@")[2] not in domains:
            strange[home] += 1
    accounts = {name for name in {*own, *other} if own[name] + other[name] >= WRITES}
    relayed = sum(count >= WRITES for count in strange.values())
    may_write = _is_usual(sum(other[name] > own[name] for name in accounts), len(accounts), USUAL_ACCOUNTS)
    may_pass = not domains or _is_usual(relayed, relayed + len(accounts), USUAL_STRANGERS)
    authors = []
    for message, (name, home, is_other) in zip(messages, named, strict=True):
        if message.auth_user is not None:
            is_forged = is_other and (declared[home] <= SELDOM or not may_write)
        else:
            is_forged = strange[home] > 0 and bool(domains) and (strange[home] <= SELDOM or not may_pass)
        is_believed = bool(message.header_from) and (may_write or not is_other)
        reader = message.rcpt_to[0] if message.rcpt_to else ""
        authors.append(Author(name, is_forged, home if is_believed else "", reader))
    return authors


def _named(message: Message) -> tuple[str, str, bool]:
    """Return the name of an author, the house of the declared sender, and whether the account declares another one."""
    declared = message.header_from or message.mail_from or ""
    account = message.auth_user
    senders = {message.mail_from, message.header_from} - {None, NULL_SENDER}
    # as the server does: an account may be named without its domain
    own = {
        account,
        *(one for one in senders if one and "@" not in (account or "") and one.partition("@")[0] == account),
    }
    return account or declared, house(declared.rpartition("@")[2]), account is not None and not senders <= own


def _is_usual(count: int, total: int, least: int) -> bool:
    return count >= least and count >= USUAL_SHARE * total


def local_domains(messages: Sequence[Message]) -> frozenset[str]:
    """List the domains of accounts."""
    named = (message.auth_user.rpartition("@")[2] for message in messages if message.auth_user)
    return frozenset(domain for domain in named if domain)
