"""Queue files in the two head shapes a reader must know."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from .clock import later, rfc822
from .knobs import Head

if TYPE_CHECKING:
    from pathlib import Path

    from .knobs import Knobs
    from .ledger import Accepted

Header = tuple[str, str]


class Waiting(NamedTuple):
    """One file of the queue."""

    accepted: Accepted
    rcpts: tuple[str, ...]
    folder: str
    """Below `_outgoing`; empty is the queue itself."""
    bare_id: bool = False
    """The file has no MsgID of its own."""


def write_queue(root: Path, waiting: list[Waiting], knobs: Knobs, host: str) -> None:
    outgoing = root / "mail" / "_outgoing"
    outgoing.mkdir(parents=True, exist_ok=True)
    for one in waiting:
        path = outgoing / one.folder / f"{one.accepted.message_id}{knobs.suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(rendered(one, knobs, host))
        stamp = one.accepted.ts.timestamp()
        os.utime(path, (stamp, stamp))


def rendered(one: Waiting, knobs: Knobs, host: str) -> bytes:
    blocks = _one_block(one, knobs, host) if knobs.head is Head.ONE_BLOCK else _two_blocks(one, knobs, host)
    text = "\n\n".join(["\n".join(f"{name}: {value}" for name, value in block) for block in blocks])
    whole = f"{text}\n\n{one.accepted.letter.body}".replace("\n", knobs.queue_eol)
    return (b"\xef\xbb\xbf" if knobs.bom else b"") + whole.encode("utf-8", "surrogateescape")


def message_size(accepted: Accepted, host: str) -> int:
    """Count the bytes the client sent: the message without what the server added."""
    block = _own_headers(accepted, accepted.letter.header_from, tuple(r.address for r in accepted.letter.rcpts), host)
    return sum(len(f"{n}: {v}".encode()) + 2 for n, v in block) + len(accepted.letter.body.encode()) + 2


def _one_block(one: Waiting, knobs: Knobs, host: str) -> list[list[Header]]:
    """Mix the queue's own names with the message's headers; the only From is the declared sender."""
    own = _own_headers(one.accepted, f"<{one.accepted.letter.mail_from}>", one.rcpts, host)
    ids = [] if one.bare_id else [("MsgID", one.accepted.message_id)]
    return [[*_local_sender(one.accepted), _received(one.accepted, knobs, host), *ids, *own]]


def _two_blocks(one: Waiting, knobs: Knobs, host: str) -> list[list[Header]]:
    letter = one.accepted.letter
    ids = [] if one.bare_id else [("MsgID", one.accepted.message_id)]
    recipients = [(knobs.recipient_header, f"<{address}>") for address in one.rcpts]
    envelope = [*_local_sender(one.accepted), ("From", f"<{letter.mail_from}>"), *recipients, *ids]
    everybody = tuple(r.address for r in letter.rcpts)
    return [
        envelope,
        [_received(one.accepted, knobs, host), *_own_headers(one.accepted, letter.header_from, everybody, host)],
    ]


def _local_sender(accepted: Accepted) -> list[Header]:
    """Write the account, or nothing, or an empty value where nobody authenticated."""
    if accepted.sender:
        return [("LocalSender", accepted.sender)]
    return [("LocalSender", "")] if int(accepted.ts.timestamp()) % 2 else []


def _received(accepted: Accepted, knobs: Knobs, host: str) -> Header:
    protocol = "ASMTP" if accepted.sender else "SMTP"
    steps = (
        f"from {accepted.helo} ([{accepted.peer}])",
        f"by {host} ({knobs.version}) with {protocol} id {accepted.message_id}",
        f"for <{accepted.letter.rcpts[0].address}>; {rfc822(accepted.ts)}",
    )
    return "Received", "\n ".join(steps)


def _own_headers(accepted: Accepted, header_from: str, rcpts: tuple[str, ...], host: str) -> list[Header]:
    letter = accepted.letter
    written = rfc822(later(accepted.ts, letter.date_skew))
    origin = letter.mail_from.partition("@")[2] or host
    return [
        ("From", header_from),
        ("To", ",\n ".join(f"<{address}>" for address in rcpts)),
        ("Subject", letter.subject),
        ("Date", written),
        ("Message-ID", f"<{accepted.message_id.lower()}.{len(letter.body)}@{origin}>"),
        *letter.headers,
    ]
