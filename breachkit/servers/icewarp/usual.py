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

_ONE_FIELD = re.compile(rb"([!-9;-~]++):[ \t]*+([^\r]*+(?:\r\n[ \t][^\r]*+)*+)\r\n")
_OF_A_MESSAGE = frozenset({b"received", b"date", b"subject", b"mime-version", b"message-id", b"content-type"})
_RECIPIENTS = (b"rcpt", b"rcptto", b"recipient", b"recipients")
_BRACKETED = re.compile(rb"<([!-;=?-~]+)>")
"""What nearly all recipients look like."""

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
    """Fields, each with its name in lower case."""

    first: dict[bytes, bytes]
    """The first of each name."""
    all: list[tuple[bytes, bytes]]
    """All, the last one first; empty where no name stands twice."""

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of all fields of this name."""
        if self.all:
            return [value for other, value in reversed(self.all) if other.lower() == name]
        return [self.first[name]] if name in self.first else []


def tell_usual(raw: bytes) -> Said | None:
    """Tell what a head says, from at least all of it; None when it is not of the usual kind."""
    blocks = _blocks(raw)
    if blocks is None:
        return None
    first, own = blocks
    top = own.first.get(b"received")
    if top is None:
        return None
    traced_id, client_ip, ts = _traced(own, top)
    sender, author = first.first.get(b"from"), own.first.get(b"from")
    given, subject = first.first.get(b"msgid"), own.first.get(b"subject")
    return Said(
        (None if given is None else text_of(given) or None) or traced_id,
        _account(first),
        None if sender is None else sender_of(sender),
        None if author is None else sender_of(author),
        _recipients(first, own),
        None if subject is None else text_of(subject) or None,
        client_ip,
        ts,
    )


def tell_usual_senders(raw: bytes) -> tuple[str | None, str | None, str | None] | None:
    """Tell account, declared From and subject only."""
    blocks = _blocks(raw)
    if blocks is None:
        return None
    first, own = blocks
    sender, subject = first.first.get(b"from"), own.first.get(b"subject")
    if subject is None:
        return None
    return _account(first), None if sender is None else sender_of(sender), text_of(subject) or None


def _blocks(raw: bytes) -> tuple[_Block, _Block] | None:
    """Find the first block, and the message's own header: the same, unless the first is an envelope."""
    found = BLOCK.match(raw)
    if found is None:
        return None
    first = _block(found[0])
    if not _OF_A_MESSAGE.isdisjoint(first.first):
        return first, first
    found = BLOCK.match(raw, found.end() + 2)
    return None if found is None else (first, _block(found[0]))


def _block(text: bytes) -> _Block:
    fields = _ONE_FIELD.findall(text)
    fields.reverse()
    first = {name.lower(): value for name, value in fields}
    return _Block(first, fields if len(first) < len(fields) else [])


def _account(first: _Block) -> str | None:
    named = first.first.get(b"localsender")
    return None if named is None else sender_of(named) or text_of(named).lower() or None


def _recipients(first: _Block, own: _Block) -> tuple[str, ...]:
    values: list[bytes] = []
    if not first.first.keys().isdisjoint(_RECIPIENTS):
        values = [value for name in _RECIPIENTS for value in first.values(name)]
    if own is not first:
        values += first.values(b"to")
    return _named(values) or _named([*own.values(b"to"), *own.values(b"cc")])


def _named(values: list[bytes]) -> tuple[str, ...]:
    if len(values) == 1:
        plain = _BRACKETED.fullmatch(values[0])
        if plain is not None:
            return (plain[1].decode("ascii").lower(),)
    return tuple(dict.fromkeys(address for value in values for address in addresses(value)))


def _traced(own: _Block, top: bytes) -> tuple[str | None, str | None, str | None]:
    """Read the server's trace line: id, client address, time; `values.received` is the slow way."""
    text = text_of(top)
    before, is_there, behind = text.partition(" id ")
    queue_id = _ID.match(behind)
    known = _before_id(before) if is_there and queue_id is not None else None
    if known is None or queue_id is None or not (known[1] or not own.all):
        slow = received(own.values(b"received"))
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
