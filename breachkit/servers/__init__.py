"""Source files → records, one folder per mail server.

A server is a frozen value of functions, found by its folder's name: adding one is adding a folder that
holds `SERVER = MailServer(...)`, its samples and its tests, and no other edit.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from breachkit.errors import UsageError

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import tzinfo
    from pathlib import Path

    from breachkit.advice import SettingRule, Step
    from breachkit.logs.kinds import LogFile, LogKind
    from breachkit.records import Setting, Skipped
    from breachkit.text.sasl import Login


UNTOLD_COLUMN = "column that may hold aliases or passwords: name it with --columns"
"""Why a column of an export of accounts is left out by who needs no passwords."""


class QueueFolder(NamedTuple):
    """One folder of queued messages."""

    path: Path
    label: str
    """As shown: relative to the root, with `/`."""
    is_outside: bool = False
    """True when a file of the server names it and it lies outside the root: read, never purged."""
    named_by: str | None = None
    """What named it, when it is outside: `path.dat line 8`."""
    is_quarantine: bool = False
    """True for what breachkit itself has moved there."""


class Layout(NamedTuple):
    """Where a server keeps what breachkit reads."""

    root: Path | None
    queues: tuple[QueueFolder, ...] = ()
    logs: tuple[Path, ...] = ()
    """Where its logs lie."""
    beside: tuple[Path, ...] = ()
    """Where logs may lie among other files; a file there that is no log is not reported."""
    accounts: Path | None = None
    settings: Path | None = None
    """What its own tool printed of its settings."""
    notes: tuple[str, ...] = ()
    """What a reader of the results must know about where the evidence was found."""
    denied: tuple[Skipped, ...] = ()
    """What could not be read when the rest was looked for."""
    others: tuple[Path, ...] = ()
    """Files that were read to find the rest (`path.dat`)."""


class Containment(NamedTuple):
    """What is known of an account that is to be contained."""

    account: str
    left_behind: tuple[str, ...] | None
    """What of it is set that outlives a new password: `forward`, `copy`, `responder`, `rules`, `remote`; None when the
    export does not tell."""
    group_command: str | None
    """What shows the spam runs in the queue, each with the line that purges it; None where there is no queue."""
    block_command: str
    attackers: int
    """Addresses that attacked it."""
    system: str | None = None
    """The operating system of the server, see `Guide.system_of`; None: its lines are spelled for each."""


QueueRole = Literal["incoming", "active", "deferred", "hold"]
"""What the server does with what lies in a queue folder: it is to be taken in, to be sent, to be tried again, kept."""


class Head(Protocol):
    """What the head of a queued message says; None where it says nothing. A field is read when it is asked for."""

    @property
    def queue_id(self) -> str | None:
        """The server's own id of the message, which its logs show too."""

    @property
    def auth_user(self) -> str | None:
        """The account whose credentials were used to send it, in lower case."""

    @property
    def mail_from(self) -> str | None:
        """The declared sender (of the envelope, where there is one), in lower case; NULL_SENDER for a bounce."""

    @property
    def header_from(self) -> str | None:
        """The sender by the message's own header."""

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """The recipients: the envelope's, else the header's."""

    @property
    def subject(self) -> str | None:
        """The subject, unfolded, not decoded."""

    @property
    def reply_to(self) -> str | None:
        """The first address to which answers are asked for."""

    @property
    def client_ip(self) -> str | None:
        """The client that handed it in, canonical."""

    @property
    def ts(self) -> int | None:
        """When the server took it, by its own stamp; microseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Queue:
    """How a server queues messages as files. A message is all its files or none of them; the first one names it.

    Files are strings, not paths: there may be a million, and a Path takes 2 us to make.
    """

    split: Callable[[Path, Path | None], tuple[QueueFolder, ...]]
    """Turn a queue folder named by the user into itself and the queues below it."""
    find_messages: Callable[[str, Iterable[str]], Iterable[tuple[str, ...]]]
    """Tell which files are one message: a folder and the names of its regular files → the files of each message, the
    one that names it first, then in the order in which they are moved away. Files elsewhere come as a path relative to
    the folder. No name is left out. (Names are read from the disk one by one: yield early where files stand alone.)"""
    read_head: Callable[[Sequence[tuple[str, bytes]], tzinfo, bool], Head | None]
    """Read the head of a message from the names and first bytes of its first `head_files` files. False: the bytes were
    cut, and None says that more of them are wanted. Never None else: of a file without a head nothing is known."""
    role: Callable[[Path], QueueRole]
    """What the server does with what lies in a queue folder."""
    home: Callable[[Path], Path]
    """The folder that holds the topmost queue folder above, or at, a queue folder: the quarantine's place."""
    is_live: Callable[[Path], bool]
    """Whether the server might deliver, by the names above it, what lies at a path: never a place for a quarantine."""
    head_files: int = 1
    """How many of the files `read_head` wants."""
    text_of: Callable[[Sequence[bytes]], bytes] | None = None
    """Make the RFC 5322 message of the bytes of its files; None: the one file is the message."""
    hold_still: Callable[[Sequence[str], Sequence[str]], AbstractContextManager[bool]] | None = None
    """Take the server's own lock of a message, kept until the block ends; False: in use. None: the server has none.
    It gets where the files of the message lie, and where they lay in the queue, which tells which is which.
    Such a server rewrites what it keeps of a message as it tries it again; its name stays: that is its id."""
    beside: Callable[[str], Sequence[str]] | None = None
    """Where, by the path of its first file, files of a message may lie that are not searched: logs about it, the
    journal of a delivery. Those that are there go with it, as its last files, in this order."""
    trail: Callable[[str], str] | None = None
    """Where, by the path of its first file, something comes up while a message is delivered; None: nothing does."""
    bounce_line: re.Pattern[bytes] | None = None
    """What the text of a log line begins with that says which message is the `bounce` of which `cause`, by their ids,
    in groups of these names; None: no line says it."""
    back_to: Callable[[str], str] | None = None
    """Where a file is put back that lay at a path; None: there. (Postfix: what was active is put into deferred.)"""
    hold: Callable[[str], str] | None = None
    """Where a file lies when its message is on hold; None: the server has no such place."""
    moving: Literal["rename", "copy"] = "copy"
    """`rename`: its files are never copied to another volume (the inode counts, or a lock goes with it)."""
    by_hand: Callable[[Sequence[str]], str] | None = None
    """Where there is no place for messages on hold: spell the product's own commands that hold some, by the names of
    their first files."""


@dataclass(frozen=True, slots=True)
class AccountExport:
    """How a server's export of accounts is read."""

    read: Callable[[Path, Path | None, tuple[str, ...] | None, bool], Iterator[Login | Skipped]]
    """Read the accounts; root and columns may be None, True wants passwords. Raises BreachkitError,
    OSError."""
    columns: tuple[str, ...]
    """The words that may name columns."""
    made_by: str
    """The command that makes one, for who has none."""
    is_own: Callable[[str], bool] | None = None
    """Tells a file of its form from those of others by its first lines; None: it may have any form."""


@dataclass(frozen=True, slots=True)
class Guide:
    """What the maker of a server advises: settings, and the steps for a compromised account."""

    read_settings: Callable[[Path, Path | None], Iterator[Setting | Skipped]]
    """Read what its tool printed of its settings. Raises BreachkitError, OSError."""
    rules: tuple[SettingRule, ...]
    """What its settings should be."""
    policy: Mapping[str, str]
    """The settings of its password policy: lower case name → length, digits, signs, letters or capitals."""
    advice: tuple[str, ...]
    """What else should be done, beside the settings."""
    commands: Mapping[str, tuple[str, ...]]
    """The lines that print the settings, by operating system."""
    steps: Callable[[Containment], tuple[Step, ...]]
    """The steps that contain one compromised account, in order, as text."""
    system_of: Callable[[Layout, Sequence[LogFile]], str | None]
    """Tell the operating system that the server runs on, `Windows` or `Linux`; None where the evidence does not."""


@dataclass(frozen=True, slots=True)
class Words:
    """The product's own words, where a report needs one."""

    account: str = ""
    """What it calls, in a queued message, the account that sent it: `LocalSender`."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """What breachkit can do with one mail server; what the product lacks is None or empty."""

    name: str
    title: str
    looked_for: str
    """What `find` looks for, in words for an error."""
    default_roots: tuple[Path, ...]
    find: Callable[[Path], Layout]
    """Locate queues, logs and accounts below a root, or at it; a quarantine is found by who asks. Raises OSError when
    the root cannot be listed."""
    logs: tuple[LogKind, ...] = ()
    queue: Queue | None = None
    accounts: AccountExport | None = None
    words: Words = Words()
    version: re.Pattern[bytes] | None = None
    """How a line of its logs that no client can write names its version, in the first group."""
    log_lines: tuple[str, ...] = ()
    """What switches on the level of its logs that shows logins, where there are levels."""

    @property
    def guide(self) -> Guide | None:
        """What its maker advises, `GUIDE` in the module `guide` of its folder: a purge is not to wait for it."""
        name = f"{__name__}.{self.name}.guide"
        made: Guide | None = importlib.import_module(name).GUIDE if find_spec(name) else None
        return made


def names() -> list[str]:
    """List the known mail servers."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def account_word(listed: str) -> str:
    """Return what the servers of a list of names call the account that sent a message; nothing where it differs."""
    servers = [load(name) for name in listed.split(", ") if name in names()]
    found = {server.words.account for server in servers if server.queue is not None}
    return found.pop() if len(found) == 1 else ""


def load(name: str) -> MailServer:
    """Return one mail server by name. Raises UsageError."""
    if name not in names():
        raise UsageError(f"unknown mail server '{name}'; known: {', '.join(names())}")
    module = importlib.import_module(f"{__name__}.{name}")
    server: MailServer = module.SERVER
    return server
