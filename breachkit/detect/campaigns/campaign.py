"""A campaign: messages of one spam run, the strings they share, and whether they may be purged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


ID_DIGITS = 10
NoPurge = Literal["cleared", "list-mail", "unauthenticated", "only-weak-string"]
"""Why a campaign must not be purged by its string: the logs acquit all its accounts; people's own mail, or a mailing,
that says it is of a list; nobody logged in for it, and no address that it came from is accused; what its messages
share belongs to many."""


class SharedString(NamedTuple):
    """A literal text, how many messages of the campaign hold it, and how many queued messages outside."""

    text: str
    messages: int
    elsewhere: int


class NamedCount(NamedTuple):
    """A name and the number of messages under it."""

    name: str | None
    messages: int


def counted(names: Iterable[str | None]) -> tuple[NamedCount, ...]:
    """Count names, the most frequent first."""
    counts = Counter(names).items()
    return tuple(NamedCount(*pair) for pair in sorted(counts, key=lambda pair: (-pair[1], pair[0] or "")))


@dataclass(frozen=True, slots=True)
class Campaign:
    """One spam run, or mail that nothing speaks against (`bulk`)."""

    id: str
    messages: int
    quarantined_messages: int
    share: float
    bulk: bool
    """Lawful mass mail by its own word, or mail of accounts that the logs acquit."""
    no_purge_why: NoPurge | None
    """Why it must not be purged by its string."""
    strings: tuple[SharedString, ...]
    purge_string: str
    auth_users: tuple[NamedCount, ...]
    mail_froms: tuple[NamedCount, ...]
    subjects: tuple[str, ...]
    client_ips: int
    first_seen: datetime
    last_seen: datetime
    members: tuple[int, ...]
    """Indexes of its messages, quarantined ones too."""

    @property
    def is_spam(self) -> bool:
        """True when it is held against somebody, whether it may be purged by its string or not."""
        return self.no_purge_why in {None, "only-weak-string"}


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The campaigns of a queue, biggest first, those not to be purged last; the number of queued messages in none."""

    campaigns: tuple[Campaign, ...]
    ungrouped: int
    judged: bool = False
    """Logs show which accounts are accused and which are clear."""

    def named(self, word: str) -> Campaign | None:
        """Find a campaign by its id or by its number in the list, from 1."""
        at = int(word) - 1 if word.isdecimal() and len(word) < ID_DIGITS else -1
        by_number = self.campaigns[at] if 0 <= at < len(self.campaigns) else None
        return next((one for one in self.campaigns if one.id == word), by_number)
