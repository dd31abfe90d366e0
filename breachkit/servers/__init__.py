"""Source files → records, one folder per mail server.

A server is a frozen value of functions, found by its folder's name: adding one is adding a folder that
holds `SERVER = MailServer(...)`, its samples and its tests, and no other edit.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from breachkit.errors import UnknownServerError
from breachkit.workers import Kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from breachkit.advice import SettingRule, Step
    from breachkit.files import Found
    from breachkit.logs.kinds import FoundLogs, Listing, LogFile
    from breachkit.progress import Progress
    from breachkit.records import Account, AuthAttempt, Locus, Message, Session, Setting, Skipped
    from breachkit.servers.facts import LogFacts, Question
    from breachkit.text.sasl import Fingerprints, Login


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


ReadPiece = tuple[str, list[tuple[Any, ...]], list[tuple[str, str]], bool, str]
"""Some files of one folder, in plain values that travel between processes: the label of their queue; of each that was
read its path as shown, size, time (microseconds since the epoch), whether it bears that time itself, what was asked
for, and its name; of each that was not its path and the reason; whether breachkit moved them there; the folder."""


class Walk(NamedTuple):
    """How queues are to be read."""

    root: Path | None
    """What shown paths are relative to."""
    zone: tzinfo
    progress: Progress
    jobs: int
    """Processes to use."""


class QueueCount(Kept, Protocol):
    """What is counted of a queue, in one process or in all."""

    def pass_over(self, skipped: Iterable[Skipped]) -> None:
        """Take what was met on the way and is no file; all else of the folder has been counted by then."""


class Layout(NamedTuple):
    """Where a server keeps what breachkit reads."""

    root: Path | None
    queues: tuple[QueueFolder, ...]
    listing: Listing
    accounts: Path | None
    notes: tuple[str, ...]
    """What a reader of the results must know about where the evidence was found."""
    settings: Path | None = None
    """What its own tool printed of its settings."""
    denied: tuple[Skipped, ...] = ()
    """What could not be read when the rest was looked for."""
    others: tuple[Path, ...] = ()
    """Files that were read to find the rest (`path.dat`), and folders of logs."""

    @property
    def logs(self) -> tuple[LogFile, ...]:
        """The logs, in the order in which they were written."""
        return self.listing.found.logs

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What could not be read of all of it, and what may be a log and could not be read."""
        return self.denied + self.listing.found.skipped


class Reading(NamedTuple):
    """How logs are to be read."""

    zone: tzinfo
    fingerprints: Fingerprints
    progress: Progress


class TranscriptLine(NamedTuple):
    """One line of a session as it may be shown: secrets are already masked."""

    ts: str
    direction: Literal["received", "sent", "note"]
    text: str
    secret: str | None
    """What stood in the place of `***`; only filled when the user asked to see it."""
    source: Locus


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
    """The operating system of the server, see `MailServer.system_of`; None: its lines are spelled for each."""


class Sought(NamedTuple):
    """Which SMTP sessions are sought: those of an address, else those in which a text stands, else those that begin at
    some places.
    """  # noqa: D205  the three fill the line

    client_ip: str | None = None
    """Canonical."""
    texts: frozenset[str] = frozenset()
    """Letters of either case are the same."""
    is_client: bool = False
    """Those in which the mail server delivers outwards, of the ones in which a text stands."""
    places: frozenset[Locus] = frozenset()


class LogTally:
    """What the lines of the logs showed, beside the sessions themselves."""

    __slots__ = ("bytes", "dialogue_lines", "first", "last", "lines", "session_lines", "silences", "summary_lines")

    def __init__(self) -> None:
        self.lines = 0
        self.session_lines = 0
        self.bytes = 0
        self.dialogue_lines = 0
        self.summary_lines = 0
        self.first: float | None = None
        self.last: float | None = None
        self.silences: list[tuple[float, float]] = []

    def begin_at(self, moment: float | None) -> None:
        """Forget that the logs reach back beyond a moment: what is older was left out."""
        if moment is not None and self.first is not None:
            self.first = max(self.first, moment)


@dataclass(frozen=True, slots=True)
class MailServer:
    """What breachkit can do with one mail server; an ability it lacks is None."""

    name: str
    title: str
    looked_for: str
    """What `find_layout` looks for, in words for an error."""
    default_roots: tuple[Path, ...]
    find_layout: Callable[[Path], Layout]
    """Locate queues, logs and accounts below a root. Raises OSError when the root cannot be listed."""
    find_logs: Callable[[Sequence[Path], Path | None], FoundLogs]
    """Turn files and folders named by the user into log files; a file named is read whatever its name."""
    split_queue: Callable[[Path, Path | None], tuple[QueueFolder, ...]]
    """Turn a queue folder named by the user into itself and the queues below it."""
    read_queue: Callable[[Sequence[QueueFolder], Path | None, tzinfo, Progress, int], Iterator[Message | Skipped]]
    """Read queued messages, over so many processes. Raises WorkerLostError."""
    count_queue: Callable[[Sequence[QueueFolder], Walk, Callable[[], QueueCount]], Iterator[QueueCount]]
    """Count what `read_queue` reads, in the process that reads it: a count is made for each folder below no other."""
    read_message: Callable[[Found, QueueFolder, Path | None, tzinfo], Message | Skipped]
    """Read one queued message that lies in, or below, a queue folder."""
    read_senders: Callable[[bytes], tuple[str | None, str | None, str | None]]
    """Read account, declared From and subject from the bytes of a queued message, as `read_message` does."""
    queue_home: Callable[[Path], Path]
    """Return the folder that holds the topmost queue folder above, or at, a queue folder: the quarantine's place."""
    is_live: Callable[[Path], bool]
    """Tell whether the server might deliver, by the names above it, what lies at a path."""
    find_sessions: Callable[[Sequence[LogFile], Reading, Sought], Iterator[Session]]
    """Read the SMTP sessions that are sought, and perhaps others; what cannot be read is passed over."""
    read_facts: Callable[[Sequence[LogFile], Reading, Question, LogTally, int | None], LogFacts]
    """Read what SMTP logs say as far as a question about accounts needs it, in so many processes (None: as many as
    pay)."""
    read_doors: Callable[[Sequence[LogFile], Reading, LogTally], Iterator[AuthAttempt | Skipped]]
    """Read the tries to log in at doors other than SMTP."""
    read_transcripts: Callable[
        [Sequence[LogFile], Reading, frozenset[Locus], Callable[[str], bool], bool],
        Iterator[tuple[Session, tuple[TranscriptLine, ...]]],
    ]
    """Read again the sessions that begin at the given places, with their lines.

    A user name is shown where the function knows it for one; True keeps the secrets.
    """
    read_own_addresses: Callable[[Sequence[LogFile]], frozenset[str]]
    """Read the addresses of the server itself from its logs, as far as they name them; canonical."""
    read_accounts: Callable[[Path, Path | None, tuple[str, ...] | None], Iterator[Account | Skipped]]
    """Read an export of accounts. Raises UnknownColumnsError, NotATableError, OSError."""
    read_logins: Callable[[Path, Path | None, tuple[str, ...] | None, bool], Iterator[Login | Skipped]]
    """Read the same export with all it says; True wants passwords. Raises as `read_accounts` does."""
    account_columns: tuple[str, ...]
    """The words that `read_accounts` takes as column names."""
    read_settings: Callable[[Path, Path | None], Iterator[Setting | Skipped]]
    """Read what its tool printed of its settings. Raises NotATableError, OSError."""
    setting_rules: tuple[SettingRule, ...]
    """What its settings should be."""
    policy_settings: Mapping[str, str]
    """The settings of its password policy: lower case name → length, digits, signs, letters or capitals."""
    advice: tuple[str, ...]
    """What else should be done that no setting tells of."""
    settings_commands: Mapping[str, tuple[str, ...]]
    """The lines that print the settings, by operating system."""
    containment: Callable[[Containment], tuple[Step, ...]]
    """The steps that contain one compromised account, in order, as text."""
    system_of: Callable[[Layout], str | None]
    """Tell the operating system that the server runs on, `Windows` or `Linux`; None where the evidence does not."""


def names() -> list[str]:
    """List the known mail servers."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def load(name: str) -> MailServer:
    """Return one mail server by name. Raises UnknownServerError."""
    if name not in names():
        raise UnknownServerError(name, names())
    module = importlib.import_module(f"{__name__}.{name}")
    server: MailServer = module.SERVER
    return server


def recognise(root: Path) -> tuple[MailServer, Layout] | None:
    """Find the server whose evidence lies at a root: the one of which most is found there.

    Raises OSError when the root cannot be listed.
    """
    found = [(server, server.find_layout(root)) for server in map(load, names())]
    found = [(server, layout) for server, layout in found if layout.queues or layout.logs or layout.skipped]
    if len(found) <= 1:
        return found[0] if found else None
    return max(found, key=lambda pair: len(pair[1].queues) + len(pair[1].logs))
