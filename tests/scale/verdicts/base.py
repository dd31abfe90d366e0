"""The things a drawn server is made of; times are milliseconds of the server's wall clock since the first drawn midnight."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Fate(Enum):
    LOCAL = "a mailbox of the house"
    GOOD = "taken at once"
    GREY = "taken at the second try"
    LATER = "451 for as long as we look"
    DEAD = "550, no such user"
    NO_MX = "the domain has no server"
    REFUSED = "554, not wanted"
    DOWN = "nobody answers there"


class Rcpt(NamedTuple):
    address: str
    fate: Fate = Fate.GOOD


class Spot(NamedTuple):
    """A place from which somebody connects."""

    ip: str
    helo: str


@dataclass
class Account:
    address: str
    secret: str
    name: str
    aliases: tuple[str, ...] = ()
    typed: str = ""
    mechanism: str = "LOGIN"
    spots: list[Spot] = field(default_factory=list)
    special: str = ""
    language: str = "it"

    @property
    def user(self) -> str:
        return self.address.partition("@")[0]

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]


class Login(NamedTuple):
    """What a client offers; `account` is whom it means, the empty word where nobody of the house is meant."""

    account: str
    typed: str
    secret: str
    ok: bool
    mechanism: str = "LOGIN"
    hostile: bool = False


@dataclass
class Letter:
    mail_from: str
    rcpts: list[Rcpt]
    subject: str
    body: str
    header_from: str = ""
    reply_to: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    extra: int = 0
    """Bytes of attachments that the log counts; a file of the queue holds a part of them."""


class Attempt(NamedTuple):
    at: int
    door: str
    ip: str
    account: str
    ok: bool
    hostile: bool


class Sent(NamedTuple):
    """A message the server took."""

    at: int
    id: str
    account: str
    spot: Spot
    letter: Letter
    hostile: bool


class Waiting(NamedTuple):
    sent: Sent
    left: list[str]
    folder: str


class Session(NamedTuple):
    door: str
    peer: str
    lines: list[tuple[int, str]]


@dataclass(frozen=True)
class Knobs:
    """In what one server differs from the next."""

    zone: str
    offset: str
    first_day: tuple[int, int, int]
    domains: tuple[str, ...]
    host: str
    languages: tuple[str, ...]
    days: int
    """How many days are drawn; the logs may begin later."""
    log_start: int
    now: int
    level: str
    stamp: str
    ids: str
    head: str
    dead_hours: int
    accounts: int
    accounts_file: bool
    imap: bool
    pop3: bool
    masked: bool
    opens: int
    closes: int
    dead: float
    """How many of the addresses that ordinary people write to do not exist."""
    later: float
    """How many of the living do not take mail at once."""
    v6: float
    nat: bool
    weekend: bool
    refusal: str
    hex_width: int
    rotate: int
    eol: str
    noise: int
    """Guesses of the internet an hour."""
    blocked_at: int
    """Since when others make this server wait, whoever writes: its address stands on a list."""
    blocked_share: float


@dataclass
class Truth:
    """What stands about one account, written before anybody judges it."""

    account: str
    names: tuple[str, ...]
    kind: str
    expected: tuple[str, ...]
    how: str
    entries: tuple[str, ...] = ()
    entry_at: int | None = None
    entry_ip: str | None = None
    entry_open: bool = False
    """The logs do not show the whole entry: `unknown` is a right answer too."""
    attackers: tuple[str, ...] = ()


@dataclass
class Relay:
    """What stands about an address that sent without a name."""

    ips: tuple[str, ...]
    kind: str
    expected: tuple[str, ...]
    how: str
