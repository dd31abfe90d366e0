"""Records of one node → lines of JSON: what a worker sends and what `breachkit read --partial` writes.

The first line is the head: schema, versions, the node and its counts. Then one array a record, times as microseconds
since the epoch, places as [path, offset, line] with the paths of logs numbered. The last line closes the file with
the number of lines before it and their SHA-256, so that a file that lost its end is known for one. What does not
travel: bodies, subjects, passwords; a secret is its keyed fingerprint, and the key is not here.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.errors import BreachkitError
from breachkit.nodes.keys import key_check
from breachkit.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from breachkit.evidence.books import Books
    from breachkit.evidence.node import NodeRecords
    from breachkit.logs.facts import LogFacts, LogTally
    from breachkit.records import Locus

SCHEMA, FIRST_SCHEMA = "breachkit.partial/2", "breachkit.partial/1"
"""Format 1 knows neither HELO nor Reply-To; it is read for ever."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

TALLY_COUNTS = ("lines", "session_lines", "bytes", "dialogue_lines", "summary_lines")
BOOK_COUNTS = ("files", "found_messages", "messages", "lines", "bytes")

Place = tuple[int | str, int, int]


class Places:
    """Numbers the paths of logs, since a log has many lines."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.new: list[str] = []
        """Paths met since they were last written."""

    def of(self, source: Locus | None) -> Place | None:
        """Spell a place in a log."""
        if source is None:
            return None
        number = self._numbers.get(source.path)
        if number is None:
            number = self._numbers[source.path] = len(self._numbers)
            self.new.append(source.path)
        return number, source.offset, source.line


def partial_lines(records: NodeRecords, key_check: str) -> Iterator[bytes]:
    """Spell the records of a node, line by line, closing line included."""
    digest = hashlib.sha256()
    number = 0
    for row in _rows(records, key_check):
        line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        digest.update(line)
        number += 1
        yield line
    yield json.dumps({"end": True, "lines": number, "sha256": digest.hexdigest()}).encode() + b"\n"


def _rows(records: NodeRecords, key_check: str) -> Iterator[Any]:
    yield _head(records, key_check)
    for message in records.messages:
        yield (
            *("m", message.queue, message.queue_id, message.auth_user, message.mail_from, message.header_from),
            *(message.rcpt_to, message.client_ip, _micros(message.ts), message.is_stamped, message.size),
            *(message.quarantined, message.reply_to, place_of(message.source)),
        )
    for account in records.accounts:
        yield "u", account.address, account.usernames, account.aliases, account.is_person, place_of(account.source)
    places = Places()
    for row in _facts(records.facts, places):
        # a path is numbered before the first row that needs it
        for path in places.new:
            yield "p", path
        places.new.clear()
        yield row


def _facts(facts: LogFacts, places: Places) -> Iterator[Any]:
    for one in facts.attempts:
        secret = None if one.secret is None else one.secret.hex()
        yield (
            *("a", one.service, _micros(one.ts), one.client_ip, one.user, one.mechanism, one.outcome, secret),
            places.of(one.source),
        )
    for client_ip, user, auth, sent in facts.sends:
        yield (
            *("t", client_ip, user, places.of(auth), _micros(sent.ts), sent.mail_from, sent.rcpt_to),
            *(sent.rcpt_count, sent.rcpt_unknown, sent.queue_id, sent.accepted, sent.helo, places.of(sent.source)),
        )
    for gone in facts.deliveries:
        yield (
            *("d", _micros(gone.ts), gone.queue_id, gone.mail_from, gone.rcpt_to, gone.outcome, gone.is_unknown),
            places.of(gone.source),
        )
    for hour in sorted(facts.sessions | facts.accepted):
        yield "h", hour, facts.sessions[hour], facts.accepted[hour], places.of(facts.sources.get(hour))


def place_of(source: Locus) -> Place:
    """Spell a place outside the logs."""
    return source.path, source.offset, source.line


def _micros(ts: datetime) -> int:
    return (ts - EPOCH) // MICROSECOND


def _head(records: NodeRecords, key_check: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "breachkit": records.version,
        "node": records.node,
        "server": records.server,
        "timezone": records.zone_name,
        "key": key_check,
        "root": records.root,
        "paths": records.paths,
        "notes": records.notes,
        "bounds": records.bounds,
        "unread": records.unread,
        "passed_over": records.passed_over,
        "queues": records.queues,
        "doors": records.facts.doors,
        "tally": _tally(records.facts.tally),
        "books": {part: _books(books) for part, books in records.books.items()},
    }


def _tally(tally: LogTally) -> dict[str, Any]:
    counts = {name: getattr(tally, name) for name in TALLY_COUNTS}
    return {**counts, "first": tally.first, "last": tally.last, "silences": tally.silences}


def _books(books: Books) -> dict[str, Any]:
    counts = {name: getattr(books, name) for name in BOOK_COUNTS}
    skipped = [
        (reason, number, [place_of(source) for source in examples])
        for reason, (number, examples) in books.skipped.items()
    ]
    return {**counts, "notes": books.notes, "skipped": skipped}


class Carried(NamedTuple):
    """One partial file, as it was written."""

    path: Path
    lines: int
    bytes: int
    sha256: str
    """Of the whole file, as `sha256sum` prints it."""
    skipped: Mapping[str, int]


def carry(records: NodeRecords, path: Path, key: bytes) -> Carried:
    """Write a partial file, readable by its owner only. Raises BreachkitError."""
    exists = f"{path} exists and is not overwritten; name another --partial FILE"
    if os.path.lexists(path):
        raise BreachkitError(exists)
    digest, lines, size = hashlib.sha256(), 0, 0

    def counted() -> Iterator[bytes]:
        nonlocal lines, size
        for line in partial_lines(records, key_check(key)):
            digest.update(line)
            lines, size = lines + 1, size + len(line)
            yield line

    try:
        write_whole(path, counted())
    except FileExistsError:
        raise BreachkitError(exists) from None
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise BreachkitError(f"--partial {path} cannot be written ({reason}); choose another place") from None
    skipped: dict[str, int] = {}
    for books in records.books.values():
        for reason, (number, _) in books.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + number
    return Carried(path, lines, size, digest.hexdigest(), skipped)
