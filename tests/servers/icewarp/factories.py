"""Log lines and queue files, built by hand for one test at a time."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.evidence import queued
from breachkit.logs import listing, sessions
from breachkit.logs.facts import LogReading, LogTally, Question
from breachkit.logs.reader import by_node, every_row
from breachkit.logs.spans import read_facts
from breachkit.micros import moment_of
from breachkit.progress import silent
from breachkit.records import AuthAttempt, Delivery, Message, Session, Skipped, Transaction
from breachkit.servers import Head
from breachkit.servers.icewarp import SERVER
from breachkit.servers.icewarp.export import read_logins
from breachkit.servers.icewarp.logs import KINDS
from breachkit.servers.icewarp.queue import read_head
from breachkit.text.sasl import Fingerprints, Login

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from breachkit.logs.kinds import Event, FoundLogs, LogFile
    from breachkit.records import Account, Locus
    from breachkit.servers import QueueFolder

FINGERPRINTS = Fingerprints(b"a key of the tests")

HEAD_FIELDS = [name for name, value in vars(Head).items() if isinstance(value, property)]
"""What is read of a head."""


def find_logs(places: Sequence[Path], root: Path | None, beside: Sequence[Path] = ()) -> FoundLogs:
    return listing.find_logs(places, root, KINDS, beside)


def read_accounts(path: Path, root: Path | None, columns: tuple[str, ...] | None) -> Iterator[Account | Skipped]:
    for row in read_logins(path, root, columns, needs_password=False):
        yield row.account if isinstance(row, Login) else row


def message_of(raw: bytes, folder: QueueFolder, mtime: float, source: Locus, zone: tzinfo = UTC) -> Message:
    """Make a message of a queue file that is named as its source."""
    head = read_head([("x", raw)], zone, True)
    assert head is not None
    said = {name: getattr(head, name) for name in HEAD_FIELDS if name != "ts"}
    ts = datetime.fromtimestamp(mtime, UTC) if head.ts is None else moment_of(head.ts)
    return Message(
        queue=folder.label,
        **said,
        ts=ts,
        is_stamped=head.ts is not None,
        size=len(raw),
        files=(source.path,),
        quarantined=folder.is_quarantine,
        source=source,
    )


def read_queue(
    folders: Sequence[QueueFolder], root: Path | None, zone: tzinfo, jobs: int = 1
) -> list[Message | Skipped]:
    queue = SERVER.queue
    assert queue is not None
    return list(queued.read_queue(queue, folders, queued.Walk(root, zone, silent, jobs)))


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def reading(zone: tzinfo = UTC) -> LogReading:
    return LogReading(zone, FINGERPRINTS, silent)


def write_log(folder: Path, text: str, name: str = "s20261120-00.log") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def lines(*texts: str, peer: str = "203.0.113.9", thread: str = "15C0", time: str = "08:00:00") -> str:
    return "".join(f"{peer:<16}[{thread}] {time} {text}\n" for text in texts)


@dataclass
class Events:
    """All that happened in a session."""

    attempts: list[AuthAttempt] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def take(self, event: Event) -> None:
        if isinstance(event, AuthAttempt):
            self.attempts.append(event)
        elif isinstance(event, Transaction):
            self.transactions.append(event)
        elif isinstance(event, Delivery):
            self.deliveries.append(event)


def read_sessions(logs: Sequence[LogFile], reading: LogReading) -> Iterator[Session]:
    """Read every session of SMTP logs, all lines in order."""
    for node in by_node(log for log in logs if "smtp" in log.services):
        yield from sessions.read_sessions(node, reading, every_row, Events)


def sessions_of(*paths: Path, zone: tzinfo = UTC) -> tuple[list[Session], list[Skipped], LogTally]:
    logs = find_logs(list(paths), None).logs
    facts = read_facts([log for log in logs if "smtp" in log.services], reading(zone), Question(by_hour=False), 1)
    skipped = [Skipped(reason, place) for reason, (_, places) in facts.skipped.items() for place in places]
    return list(read_sessions(logs, reading(zone))), skipped, facts.tally


def one_session(folder: Path, *texts: str) -> Session:
    sessions, skipped, _ = sessions_of(write_log(folder, lines(*texts)))
    assert skipped == []
    (session,) = sessions
    return session
