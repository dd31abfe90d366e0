"""What the simulated actors did: the only source of a story's truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from .letters import Letter


class Attempt(NamedTuple):
    """One secret offered at a door (`smtp`, `imap`, `pop3`)."""

    ts: datetime
    door: str
    ip: str
    account: str
    ok: bool
    hostile: bool
    legible: bool
    """The log shows the secret."""


class Accepted(NamedTuple):
    """One message the server took, at the moment it said so."""

    ts: datetime
    message_id: str
    sender: str | None
    """The account whose session it was; none without SMTP authentication."""
    peer: str
    helo: str
    letter: Letter
    logged: bool = True


class Queued(NamedTuple):
    """One message that still waits at the end, with the recipients it waits for."""

    accepted: Accepted
    rcpts: tuple[str, ...]
    tried: bool


@dataclass
class Ledger:
    attempts: list[Attempt] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    queued: list[Queued] = field(default_factory=list)
