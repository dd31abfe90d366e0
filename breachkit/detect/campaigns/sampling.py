"""Which messages to look at closely, whatever the order in which files were met."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from breachkit.records import Message

MOST_ASKED = 1000
"""Messages of one author that are asked for one sample: many may all be of a run that is known."""


def content_order(messages: Sequence[Message]) -> list[int]:
    """Order messages by what they say of themselves: the same for the same queue, and otherwise by chance."""
    return sorted(range(len(messages)), key=lambda at: _digest(messages[at]))


def _digest(message: Message) -> bytes:
    ts = message.ts.timestamp() if message.is_stamped else None  # a copy has other file times
    said = (message.queue_id, message.auth_user, message.mail_from, message.header_from, message.rcpt_to)
    named = repr((*said, message.subject, message.client_ip, message.size, ts))
    return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def choose_sample(
    messages: Sequence[Message], order: Sequence[int], size: int, is_wanted: Callable[[int], bool]
) -> tuple[list[int], int]:
    """Take half of a sample by chance, and half evenly from every author, so that a small run is not overlooked.

    Args:
        messages: all messages.
        order: the indexes to choose from, in content order.
        size: how many to take.
        is_wanted: tells whether a message may be taken; it is asked of few.

    Returns:
        The sample, and about how many messages might have been taken.
    """
    ahead = iter(order)
    chosen = list(islice(filter(is_wanted, ahead), size // 2))
    left = list(ahead)
    met = len(order) - len(left)
    by_author: dict[str | None, list[int]] = {}
    for at in left:
        by_author.setdefault(messages[at].auth_user or messages[at].mail_from, []).append(at)
    lines = [filter(is_wanted, islice(line, MOST_ASKED)) for line in by_author.values()]
    half = len(chosen)
    while lines and len(chosen) < size:
        taken = [next(line, None) for line in lines[: size - len(chosen)]]
        lines = [line for line, at in zip(lines, taken, strict=False) if at is not None]
        chosen += [at for at in taken if at is not None]
    return chosen, max(len(chosen), round(len(order) * half / met)) if met else 0
