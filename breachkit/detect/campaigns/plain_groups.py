"""The plain groupings that an administrator expects: account, declared sender, shape of the subject, host of a link."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.campaigns.campaign import NamedCount, counted
from breachkit.text.headers import decoded_words
from breachkit.text.message import decoded_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from breachkit.records import Message

_HOST = re.compile(r"https?://(?:[^\s/@\"'<>]*@)?([\w.-]+\.[\w-]{2,})", re.IGNORECASE)
_NUMBERED = re.compile(r"\w*\d\w*")
_ANSWER = re.compile(r"\A\s*(?:(?:re|fw|fwd|i|aw|wg|r|tr|sv)\s*:\s*)+", re.IGNORECASE)


class PlainGroup(NamedTuple):
    """Messages that have one property in common."""

    name: str | None
    messages: int
    share: float
    auth_users: tuple[NamedCount, ...]
    mail_froms: tuple[NamedCount, ...]
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class PlainGroups:
    """All groups by one property, biggest first, and how many messages are in none."""

    by: str
    groups: tuple[PlainGroup, ...]
    ungrouped: int


def find_groups(messages: Sequence[Message], by: str, read: Callable[[Message], bytes], least: int) -> PlainGroups:
    """Group messages by `local-sender`, `from`, `subject` (numbers and words with digits count as one) or `url`.

    A message with links to several hosts stands with the host that most messages name.
    """
    names = _hosts(messages, read) if by == "url" else [_name(message, by) for message in messages]
    members: defaultdict[str | None, list[Message]] = defaultdict(list)
    for name, message in zip(names, messages, strict=True):
        members[name].append(message)
    kept = {
        name: held
        for name, held in members.items()
        if len(held) >= least and (name is not None or by in {"local-sender", "from"})
    }
    groups = [_group(name, held, len(messages)) for name, held in kept.items()]
    groups.sort(key=lambda group: (-group.messages, group.name or ""))
    return PlainGroups(by, tuple(groups), len(messages) - sum(group.messages for group in groups))


def subject_shape(subject: str) -> str:
    """Reduce a subject to its shape: `Re: Order 4711` and `Order 4712` are both `Order #`."""
    return " ".join(_NUMBERED.sub("#", _ANSWER.sub("", decoded_words(subject))).split())


def _name(message: Message, by: str) -> str | None:
    if by == "local-sender":
        return message.auth_user
    if by == "from":
        return message.mail_from
    return subject_shape(message.subject) if message.subject else None


def _hosts(messages: Sequence[Message], read: Callable[[Message], bytes]) -> list[str | None]:
    named = [
        {host.lower() for part in decoded_parts(read(message)) for host in _HOST.findall(part)} for message in messages
    ]
    counts = dict(counted(host for hosts in named for host in hosts))
    return [min(hosts, key=lambda host: (-counts[host], host), default=None) for hosts in named]


def _group(name: str | None, members: Sequence[Message], total: int) -> PlainGroup:
    return PlainGroup(
        name,
        len(members),
        len(members) / total,
        counted(message.auth_user for message in members),
        counted(message.mail_from for message in members),
        min(message.ts for message in members),
        max(message.ts for message in members),
    )
