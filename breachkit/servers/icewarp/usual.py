"""The head that nearly every queue file has, told in one pass over its bytes.

A queue has 200,000 of them, and nearly all are whole fields with lines ended by CRLF. Those are not split: the few
fields that are wanted are sought. Whatever is unusual gets None here, and is for `queue.parse_head` to read;
where both read a head they say the same, which a property test holds.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from breachkit.servers.icewarp.values import KEPT_SPELLINGS
from breachkit.servers.icewarp.values import addresses
from breachkit.servers.icewarp.values import date_of
from breachkit.servers.icewarp.values import peer_and_by
from breachkit.servers.icewarp.values import received
from breachkit.servers.icewarp.values import sender_of
from breachkit.servers.icewarp.values import text_of

_LINE = rb"[!-9;-~]++:[^\r\n]*+\r\n(?:[ \t][^\r\n]*+\r\n)*+"
BLOCK = re.compile(rb"(?:" + _LINE + rb")++(?=\r\n)")
"""Fields, all whole, every line ended by CRLF, and an empty line."""

_OWN_RECEIVED = b"\nreceived:"
_OWN_SUBJECT = b"\nsubject:"
_OTHERS_OWN = (b"\ndate:", b"\nmime-version:", b"\nmessage-id:", b"\ncontent-type:")
_RECIPIENTS = (b"\nrcpt:", b"\nrcptto:", b"\nrecipient:", b"\nrecipients:")

_ID = re.compile(r"[^\s;]+")
_WITH = re.compile(r"\bwith (\S+)\Z")
_DATE = re.compile(
    r" ?(?:[A-Za-z]{3}, )?([0-9]{1,2} [A-Za-z]{3} [0-9]{4}) ((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]) ([+-][0-9]{4})"
)


class Said(NamedTuple):
    """What the head of a queue file says; None for what it does not."""

    queue_id: str | None
    auth_user: str | None
    mail_from: str | None
    header_from: str | None
    rcpt_to: tuple[str, ...]
    subject: str | None
    client_ip: str | None
    ts: str | None
    """ISO 8601, with the offset it was written in: between processes a text travels ten times faster than a time."""


class _Block(NamedTuple):
    """Fields as they stand and in lower case, each with an LF before it."""

    text: bytes
    low: bytes

    def value(self, name: bytes, start: int = 0) -> tuple[bytes, int] | None:
        """Return the value of the next field of this name (LF, name, colon), and where it ends."""
        text, low = self
        place = low.find(name, start)
        if place < 0:
            return None
        place += len(name)
        end = low.find(b"\r\n", place)
        while low[end + 2 : end + 3] in _FOLDED:
            end = low.find(b"\r\n", end + 2)
        return text[place:end].lstrip(b" \t"), end

    def values(self, name: bytes, start: int = 0) -> list[bytes]:
        """Return those of all fields of this name."""
        found = []
        while (one := self.value(name, start)) is not None:
            found.append(one[0])
            start = one[1]
        return found


_FOLDED = frozenset({b" ", b"\t"})


def tell_usual(raw: bytes) -> Said | None:
    """Tell what a head says, from at least all of it; None when it is not of the usual kind."""
    blocks = _blocks(raw)
    if blocks is None:
        return None
    first, own = blocks
    top = own.value(_OWN_RECEIVED)
    if top is None:
        return None
    traced_id, client_ip, ts = _traced(own, *top)
    sender = first.value(b"\nfrom:")
    author = sender if own is first else own.value(b"\nfrom:")
    given = first.value(b"\nmsgid:")
    subject = own.value(_OWN_SUBJECT)
    return Said(
        (None if given is None else text_of(given[0]) or None) or traced_id,
        _account(first),
        None if sender is None else sender_of(sender[0]),
        None if author is None else sender_of(author[0]),
        _recipients(first, own),
        None if subject is None else text_of(subject[0]) or None,
        client_ip,
        ts,
    )


def tell_usual_senders(raw: bytes) -> tuple[str | None, str | None, str | None] | None:
    """Tell account, declared From and subject only."""
    blocks = _blocks(raw)
    if blocks is None:
        return None
    first, own = blocks
    sender, subject = first.value(b"\nfrom:"), own.value(_OWN_SUBJECT)
    if subject is None:
        return None
    return _account(first), None if sender is None else sender_of(sender[0]), text_of(subject[0]) or None


def _blocks(raw: bytes) -> tuple[_Block, _Block] | None:
    """Find the first block, and the message's own header: the same, unless the first is an envelope."""
    found = BLOCK.match(raw)
    if found is None:
        return None
    text = b"\n" + found[0]
    low = text.lower()
    first = _Block(text, low)
    if _OWN_RECEIVED in low or _OWN_SUBJECT in low or any(name in low for name in _OTHERS_OWN):
        return first, first
    found = BLOCK.match(raw, found.end() + 2)
    if found is None:
        return None
    text = b"\n" + found[0]
    return first, _Block(text, text.lower())


def _account(first: _Block) -> str | None:
    named = first.value(b"\nlocalsender:")
    return None if named is None else sender_of(named[0]) or text_of(named[0]).lower() or None


def _recipients(first: _Block, own: _Block) -> tuple[str, ...]:
    values: list[bytes] = []
    if b"\nrcpt" in first.low or b"\nrecipient" in first.low:
        values = [value for name in _RECIPIENTS for value in first.values(name)]
    named = _named([*values, *([] if own is first else first.values(b"\nto:"))])
    return named or _named([*own.values(b"\nto:"), *own.values(b"\ncc:")])


def _named(values: list[bytes]) -> tuple[str, ...]:
    if len(values) == 1:
        found = addresses(values[0])
        return tuple(found) if len(found) < 2 else tuple(dict.fromkeys(found))  # noqa: PLR2004  one cannot stand twice
    return tuple(dict.fromkeys(address for value in values for address in addresses(value)))


def _traced(own: _Block, top: bytes, end: int) -> tuple[str | None, str | None, str | None]:
    """Read the server's trace line: id, client address, time; `values.received` is the slow way."""
    text = text_of(top)
    before, is_there, behind = text.partition(" id ")
    queue_id = _ID.match(behind)
    known = _before_id(before) if is_there and queue_id is not None else None
    if known is None or queue_id is None or not (known[1] or own.low.find(_OWN_RECEIVED, end) < 0):
        slow = received([top, *own.values(_OWN_RECEIVED, end)])
        return slow.queue_id, slow.client_ip, None if slow.ts is None else slow.ts.isoformat()
    return queue_id[0], known[0], _moment(text)


@lru_cache(maxsize=KEPT_SPELLINGS)
def _before_id(text: str) -> tuple[str | None, bool] | None:
    """Read what stands before the id: client address, and whether the id is one of authenticated mail.

    None when the id is none of `with … id …` for sure.
    """
    protocol = _WITH.search(text)
    peer, by = peer_and_by(text)
    if protocol is None or by is None:
        return None
    return peer, protocol[1].upper() == "ASMTP"


def _moment(text: str) -> str | None:
    found = _DATE.fullmatch(text.rpartition(";")[2])
    if found is not None:
        day, clock, offset = found.groups()
        known = _day(day, offset)
        if known is not None:
            return f"{known[0]}T{clock}{known[1]}"
    ts = date_of(text)
    return None if ts is None else ts.isoformat()


@lru_cache(maxsize=KEPT_SPELLINGS)
def _day(day: str, offset: str) -> tuple[str, str] | None:
    """Spell a day and an offset as ISO 8601 does."""
    midnight = date_of(f"{day} 00:00:00 {offset}")
    if midnight is None:
        return None
    spelled = midnight.isoformat()
    return spelled[:10], spelled[19:]
