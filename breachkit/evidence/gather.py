"""Reading the evidence a command needs: records in memory, and the books of what was read and what was not."""

from __future__ import annotations

import math
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.columns import Roster
from breachkit.errors import BreachkitError, PathUnreadableError, UnbalancedError
from breachkit.evidence.queued import Walk, read_queue
from breachkit.files import reason_of, shown
from breachkit.logs.facts import LogFacts, LogReading, Question, count_skipped, shows_logins
from breachkit.parallel import processors
from breachkit.progress import bar
from breachkit.records import NO_TIME, Locus, Skipped
from breachkit.servers import UNTOLD_COLUMN, account_word
from breachkit.text.sasl import Fingerprints

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from breachkit.evidence.where import Where
    from breachkit.logs.facts import Skips, Sought, TranscriptLine
    from breachkit.logs.kinds import FoundLogs, LogFile
    from breachkit.records import Account, Message, Session, Setting
    from breachkit.servers import QueueFolder
    from breachkit.text.sasl import Login


@dataclass(slots=True)
class Books:
    """What was found, read and skipped; found = read + skipped."""

    files: int = 0
    found_messages: int = 0
    messages: int = 0
    lines: int = 0
    bytes: int = 0
    skipped: Skips = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What a reader must know of how the evidence was read."""

    def skip(self, skipped: Skipped) -> None:
        """Count a piece of evidence that could not be read."""
        count_skipped(self.skipped, skipped.reason, 1, (skipped.source,))

    def merge(self, skipped: Skips) -> None:
        """Count pieces of evidence that others could not read."""
        for reason, (number, places) in skipped.items():
            count_skipped(self.skipped, reason, number, places)

    def keep(self, rows: Iterable[Session | Skipped]) -> Iterator[Session]:
        """Pass on what was read and count what was not."""
        for row in rows:
            if isinstance(row, Skipped):
                self.skip(row)
            else:
                yield row


class Gap(NamedTuple):
    """A time of which the logs hold no line."""

    start: datetime
    end: datetime
    node: str = ""
    """Whose logs, where there are several nodes."""


class NodeInputs(NamedTuple):
    """What one of several nodes gave."""

    node: str
    root: str
    is_read: bool
    messages: int = 0
    lines: int = 0
    bytes: int = 0
    log_level: str | None = None
    log_first: datetime | None = None
    log_last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one run read."""

    files: int
    messages: int
    lines: int
    bytes: int
    timezone: str
    zone: tzinfo
    server: str
    paths: tuple[str, ...]
    skipped: Mapping[str, tuple[int, tuple[Locus, ...]]]
    notes: tuple[str, ...]
    """What a reader must know of where the evidence was found."""
    unread: tuple[str, ...]
    """Logs of services that are not read."""
    passed_over: Sequence[tuple[str, str]] = ()
    """Every file where logs are that was not read as one, and why; those of `unread` and of `skipped`, too."""
    log_level: str = "none"
    log_first: datetime | None = None
    log_last: datetime | None = None
    log_gaps: tuple[Gap, ...] = ()
    doors: tuple[str, ...] = ()
    nodes: tuple[NodeInputs, ...] = ()
    """Where several were read; empty for a single server."""
    account_word: str = ""
    """What the server calls, in a queued message, the account that sent it."""
    log_notes: tuple[str, ...] = ()
    """Those of `notes` that say how the logs were dated, and what they can never show."""

    @property
    def account_title(self) -> str:
        """What stands above a column of these."""
        return f"account ({self.account_word})" if self.account_word else "account"

    @property
    def shows_logins(self) -> bool:
        """True when the logs show the dialogue, so that an AUTH would be seen."""
        return shows_logins(self.log_level)


def read_messages(where: Where, books: Books, *, quarantined: bool, jobs: int | None = None) -> list[Message]:
    """Read the queued messages over `jobs` processes; with `quarantined`, those that breachkit moved away too.

    None is one process a processor. Raises PathUnreadableError.
    """
    folders = queue_folders(where, quarantined=quarantined)
    messages: list[Message] = []
    with bar(sys.stderr, "queue", None, " messages") as progress:
        walk = Walk(where.layout.root, where.zone, progress, jobs or processors())
        for row in (row for queue, own in where.owners(folders) for row in read_queue(queue, own, walk)):
            books.files += 1
            books.found_messages += 1
            if isinstance(row, Skipped):
                books.skip(row)
                continue
            books.messages += 1
            books.bytes += row.size
            if not row.is_dated:
                books.skip(Skipped(NO_TIME, row.source))
            if not row.is_dated or where.is_inside(row.ts):
                messages.append(row)
    return messages


def read_queued(where: Where, books: Books) -> list[Message]:
    """Read the messages of a queue that has to be there, quarantined ones too. Raises BreachkitError."""
    if not where.layout.queues:
        raise where.no_queue()
    return read_messages(where, books, quarantined=True)


def queue_folders(where: Where, *, quarantined: bool) -> list[QueueFolder]:
    """List the queue folders, each of which can be listed. Raises PathUnreadableError.

    A quarantine that may not be opened (another user's purge made it) is none of the queue: it is counted when it is
    read.
    """
    folders: list[QueueFolder] = [queue for queue in where.layout.queues if quarantined or not queue.is_quarantine]
    for folder in folders:
        if not folder.is_quarantine:
            _listable(folder)
    return folders


def _listable(folder: QueueFolder) -> None:
    try:
        os.scandir(folder.path).close()
    except OSError as error:
        raise PathUnreadableError(folder.path, error) from None


def smtp_logs(where: Where) -> list[LogFile]:
    """List the SMTP logs among the logs. Raises BreachkitError where there are some, and none can be read."""
    found = where.listing.found
    logs = [log for log in found.logs if "smtp" in log.services]
    if found.remedies and not logs:
        first, *others = found.remedies
        raise BreachkitError(first + (f" ({len(others):,} more files are like that)" if others else ""))
    return logs


def unread_logs(found: FoundLogs) -> list[str]:
    """List the logs that breachkit does not read, as shown."""
    return [log.label for log in found.logs if not log.services]


def read_smtp(
    where: Where,
    books: Books,
    fingerprints: Fingerprints,
    queue_ids: Collection[str],
    jobs: int | None = None,
    *,
    by_hour: bool = True,
    distance_of: Callable[[str, str], int] | None = None,
) -> LogFacts:
    """Read the SMTP logs.

    Mail from outside is only counted, unless one of `queue_ids` names it: a log holds far more of it than
    of what accounts do. Where nobody asks how much came in each hour, not even that.
    """
    logs, (since, until) = smtp_logs(where), _reach(where)
    question = Question(since, until, frozenset(queue_ids), by_hour, distance_of)
    facts = _read_facts(where, books, logs, "logs", (question, fingerprints), jobs)
    for skipped in where.skipped:
        books.skip(skipped)
    if facts.tally.lines and not facts.tally.session_lines:
        raise BreachkitError(
            f"{logs[0].path} is not an {where.title} log: none of its lines begins '{logs[0].kind.prefix.title}';"
            " name the server's own log files with --logs"
        )
    facts.tally.begin_at(since)
    return facts


def _reach(where: Where) -> tuple[float, float]:
    """Spell --since and --until as seconds since the epoch."""
    return (
        -math.inf if where.since is None else where.since.timestamp(),
        math.inf if where.until is None else where.until.timestamp(),
    )


def _read_facts(
    where: Where,
    books: Books,
    logs: Sequence[LogFile],
    title: str,
    asked: tuple[Question, Fingerprints],
    jobs: int | None,
) -> LogFacts:
    """Read what some logs say with a progress bar, and book it."""
    facts = LogFacts()
    if logs:  # numpy, by which logs are read, takes as long to import as 10,000 messages to count
        from breachkit.logs.spans import read_facts

        with bar(sys.stderr, title, sum(log.size for log in logs), "B") as progress:
            facts = read_facts(logs, LogReading(where.zone, asked[1], progress), asked[0], jobs)
    books.merge(facts.skipped)
    books.files += len(logs)
    books.lines += facts.tally.lines
    books.bytes += facts.tally.bytes
    return facts


def find_sessions(where: Where, sought: Sought, keep: Callable[[], Any], title: str) -> Iterator[Session]:
    """Read the SMTP sessions that are sought, and perhaps others, within --since and --until, with a progress bar.

    `keep` makes what is kept of one: its `take` is given each event.
    """
    from breachkit.logs import sessions

    logs = smtp_logs(where)
    with bar(sys.stderr, title, sum(log.size for log in logs), "B") as progress:
        reading = LogReading(where.zone, run_fingerprints(), progress)
        for session in sessions.find_sessions(logs, reading, sought, keep):
            if where.is_inside(session.start):
                yield session


def read_transcripts(
    where: Where, wanted: frozenset[Locus], is_known: Callable[[str], bool], *, show_passwords: bool
) -> Iterator[tuple[Session, tuple[TranscriptLine, ...]]]:
    """Read again the sessions that begin at some places, with their lines; names that are not known are masked."""
    from breachkit.logs import sessions

    logs = smtp_logs(where)
    with bar(sys.stderr, "transcripts", sum(log.size for log in logs), "B") as progress:
        reading = LogReading(where.zone, run_fingerprints(), progress)
        yield from sessions.read_transcripts(logs, reading, wanted, is_known, show_passwords)


def read_doors(
    where: Where, facts: LogFacts, books: Books, fingerprints: Fingerprints, jobs: int | None = None
) -> None:
    """Add the tries to log in at other doors to the facts."""
    logs = [log for log in where.logs if log.services and "smtp" not in log.services]  # the others are read already
    found = _read_facts(where, books, logs, "doors", (Question(*_reach(where), by_hour=False), fingerprints), jobs)
    facts.hints.add(found.hints)
    facts.name_tries()
    facts.attempts.add(found.attempts)
    facts.door_tally = found.tally
    facts.doors = tuple(sorted({service for log in where.logs for service in log.services} - {"smtp"}))


def read_accounts(where: Where, books: Books) -> Sequence[Account]:
    """Read the export of accounts, if there is one."""
    if where.accounts is None:
        return []
    accounts = Roster()
    try:
        for row in where.export.read(where.accounts, where.layout.root, where.columns, False):
            if not isinstance(row, Skipped):
                accounts.append(row.account)
            elif row.reason == UNTOLD_COLUMN and not where.is_accounts_asked:
                books.notes.append(f"aliases in {row.source.path} are not resolved: {row.reason}")
            else:
                books.skip(row)
    except (OSError, BreachkitError) as error:
        said = error if isinstance(error, BreachkitError) else PathUnreadableError(where.accounts, error)
        if isinstance(error, OSError):
            books.skip(Skipped(reason_of(error), Locus(shown(where.accounts, where.layout.root), 0, 1)))
        if where.is_accounts_asked:
            raise said from None
        # nobody named the file: it must not stand between the user and the account
        books.notes.append(f"bare names and aliases are not resolved: {said}")
        return []
    books.files += 1
    return accounts


def run_key() -> bytes:
    """Make the key of this run: fingerprints of two runs cannot be compared."""
    return os.urandom(32)


def run_fingerprints() -> Fingerprints:
    """Make fingerprints with a key of this run."""
    return Fingerprints(run_key())


def balance(books: Books) -> None:
    """Check that nothing was dropped in silence. Raises UnbalancedError."""
    lost = books.found_messages - books.messages
    if lost > sum(number for number, _ in books.skipped.values()):
        raise UnbalancedError(f"{books.found_messages} files found", f"{books.messages} read")


def bounds(where: Where) -> Iterator[str]:
    """Say that evidence was left out on the user's word: what came before may explain what came after."""
    if where.since is not None:
        yield f"what is older than {where.since.isoformat(timespec='seconds')} was left out (--since)"
    if where.until is not None:
        yield f"what is newer than {where.until.isoformat(timespec='seconds')} was left out (--until)"


def queue_labels(where: Where) -> list[str]:
    """List the queue folders, as shown."""
    return [queue.label for queue in where.layout.queues if not queue.is_quarantine]


def unseen(found: FoundLogs) -> Iterator[str]:
    """Say what the logs can never show, whatever happened."""
    kinds = {kind for log in found.logs for kind in log.marked or log.kind.within or (log.kind,)}
    yield from sorted({kind.unseen for kind in kinds} - {""})


def gaps_of(facts: LogFacts, node: str = "") -> Iterator[Gap]:
    """List the times of which the SMTP logs hold no line."""
    for start, end in facts.tally.silences:
        yield Gap(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC), node)


def inputs_of(where: Where, books: Books, facts: LogFacts | None) -> Inputs:
    """Close the books: what was read, for the report. Raises UnbalancedError."""
    balance(books)
    found = where.listing.so_far
    log_notes = (*found.notes, *unseen(found))
    inputs = Inputs(
        files=books.files,
        messages=books.messages,
        lines=books.lines,
        bytes=books.bytes,
        timezone=where.zone_name,
        zone=where.zone,
        server=where.server,
        paths=where.paths,
        skipped=books.skipped,
        notes=(
            *(*where.layout.notes, *found.notes, *found.remedies, *unseen(found)),
            *(*books.notes, *bounds(where)),
        ),
        unread=tuple(unread_logs(found)),
        passed_over=found.passed_over,
        account_word=account_word(where.server),
        log_notes=log_notes,
    )
    if facts is None:
        return inputs
    return replace(
        inputs,
        log_level=facts.level,
        log_first=facts.first,
        log_last=facts.last,
        log_gaps=tuple(gaps_of(facts)),
        doors=facts.doors,
    )


LISTED_TWICE = "account listed twice: the first line counts"


def read_logins(where: Where, path: Path, books: Books) -> Iterator[Login]:
    """Read the accounts with their passwords, each address once. Raises BreachkitError."""
    seen: set[str] = set()
    with _counted(where, path, books), bar(sys.stderr, "accounts", None, " accounts") as progress:
        for row in where.export.read(path, where.layout.root, where.columns, True):
            progress(1)
            if isinstance(row, Skipped):
                books.skip(row)
            elif row.account.address in seen:
                books.skip(Skipped(LISTED_TWICE, row.account.source))
            else:
                seen.add(row.account.address)
                yield row
    if not seen:
        raise BreachkitError(f"{path} holds no account; export the accounts again, or name its columns with --columns")


def read_settings(where: Where, path: Path, books: Books) -> list[Setting]:
    """Read the settings of a file; those that no rule speaks of have no name. Raises BreachkitError."""
    settings: list[Setting] = []
    with _counted(where, path, books):
        for row in where.guide_to(path).read_settings(path, where.layout.root):
            if isinstance(row, Skipped):
                books.skip(row)
            else:
                settings.append(row)
    if not any(setting.name for setting in settings):
        raise BreachkitError(
            f"{path} holds no setting that breachkit knows, in lines as the server's own tool prints them;"
            " make it with the lines that breachkit harden --print-commands prints"
        )
    return settings


@contextmanager
def _counted(where: Where, path: Path, books: Books) -> Iterator[None]:
    """Count a file that is read; one that cannot be read is counted as skipped. Raises PathUnreadableError."""
    try:
        books.bytes += path.stat().st_size
        yield
    except OSError as error:
        books.skip(Skipped(reason_of(error), Locus(shown(path, where.layout.root), 0, 1)))
        raise PathUnreadableError(path, error) from None
    books.files += 1
