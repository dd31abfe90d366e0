"""A campaign: messages of one spam run, the strings they share, and whether they may be purged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.detect.campaigns.passages import is_of_list
from breachkit.text.message import decoded_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from breachkit.records import Message

ID_DIGITS = 10
HEAD = 8000
"""Bytes of a message in which its headers stand."""
NEARLY_ALL = 0.98
"""Share of a campaign that must be one lawful mailing; a letter that has its string by chance makes it nothing else."""
HALF = 0.5
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


class Judged(NamedTuple):
    """What logs say of who sent messages."""

    clear: frozenset[str] = frozenset()
    """Accounts that the logs show and acquit."""
    accused: frozenset[str] = frozenset()
    """Accounts that the logs accuse: their mail is never lawful mass mail."""
    accused_ips: frozenset[str] = frozenset()
    """Client addresses that the logs accuse of what came in without a login."""
    came_from: Mapping[str | None, str | None] | None = None
    """The client address of the session that brought in a message, by its id; None: all sessions are taken as seen."""

    def accuses(self, message: Message) -> bool:
        """Tell whether the account of a message is accused, or, of one without a login, the address it came from."""
        if message.auth_user is not None:
            return message.auth_user in self.accused
        return ((self.came_from or {}).get(message.queue_id) or message.client_ip) in self.accused_ips

    def shows(self, message: Message) -> bool:
        """Tell whether the logs show how a message came in, as far as its id can tell."""
        return self.came_from is None or message.queue_id is None or message.queue_id in self.came_from


def why_lawful(messages: Sequence[Message], judged: Judged | None, read: Callable[[Message], bytes]) -> NoPurge | None:
    """Name what speaks for the messages of a campaign; None when nothing does, or somebody is accused of them.

    Where no log tells who sent them, only a mailing with a way out is lawful.
    """
    if judged is None:
        return "list-mail" if _is_mailing(messages, read) else None
    if not any(map(judged.accuses, messages)):
        names = {message.auth_user for message in messages}
        nameless = sum(message.auth_user is None for message in messages)
        if names - {None} <= judged.clear:
            if nameless > HALF * len(messages):
                return "unauthenticated"
            if sum(map(judged.shows, messages)) >= HALF * len(messages):
                return "cleared"
        if _is_mailing(messages, read):
            return "list-mail"
    # in his own name; a list puts its own address on the envelope
    own = [one for one in messages if one.header_from and one.header_from == (one.auth_user or one.header_from)]
    posts = sum(is_of_list(decoded_headers(read(one))) for one in own if not judged.accuses(one))
    return "list-mail" if posts > HALF * len(messages) else None


def _is_mailing(messages: Sequence[Message], read: Callable[[Message], bytes]) -> bool:
    """Tell one sender's mailing with a way out, which some may have passed on."""
    mailings: dict[tuple[str | None, str | None], list[Message]] = {}
    for one in messages:
        if one.mail_from == one.header_from == (one.auth_user or one.mail_from):
            mailings.setdefault((one.mail_from, one.client_ip), []).append(one)
    largest = max(mailings.values(), key=len, default=[])
    return len(largest) >= NEARLY_ALL * len(messages) and all(
        b"list-unsubscribe" in read(one)[:HEAD].lower() for one in largest
    )
