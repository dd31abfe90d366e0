"""Records of one node ↔ lines of JSON: what a worker sends and what `breachkit read --partial` writes.

The first line is the head: schema, versions, the node and its counts. Then one array a record, times as microseconds
since the epoch, places as [path, offset, line] with the paths of logs numbered. The last line closes the file with
the number of lines before it and their SHA-256, so that a file that lost its end is known for one. What does not
travel: bodies, subjects, passwords; a secret is its keyed fingerprint, and the key is not here.

A partial file is evidence like any other: it may be torn, and it may be a forger's. So every value is held against its
type and length before it is believed; what the types let pass is what breachkit's readers make, with room to spare.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import asdict

from breachkit.errors import BreachkitError, UsageError
from breachkit.evidence.gather import Books
from breachkit.evidence.node import PARTS, NodeRecords
from breachkit.logs.facts import KEPT_EXAMPLES, LogFacts, LogTally
from breachkit.micros import EPOCH, MICROSECOND, micros_of, moment_of
from breachkit.nodes.keys import key_check
from breachkit.nodes.orders import check_name
from breachkit.progress import silent
from breachkit.records import (
    Account,
    AuthAttempt,
    Delivery,
    DeliveryOutcome,
    Locus,
    Message,
    Outcome,
    Service,
    Transaction,
)
from breachkit.servers import names
from breachkit.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

    from breachkit.progress import Progress

SCHEMA, FIRST_SCHEMA = "breachkit.partial/2", "breachkit.partial/1"
"""Format 1 knows neither HELO nor Reply-To; it is read for ever."""

LONGEST_LINE = 1 << 25
"""Bytes: a record holds a few texts of at most 1 MiB, each character at most six bytes long."""

TORN = "the file ends before its closing line"
STRANGE = "a record that breachkit does not write"

Text = Annotated[str, Meta(max_length=1 << 20)]
"""One address may fill a head of a message, of which 1 MiB is read."""
Texts = Annotated[tuple[Text, ...], Meta(max_length=1 << 20)]
"""So may recipients."""
Count = Annotated[int, Meta(ge=0, le=1 << 48)]
"""A count, a size or an offset: 256 TiB, and 32,768 of them can be added up in 64 bits."""
EARLIEST, LATEST = (datetime(year, 1, 1, tzinfo=UTC) for year in (1700, 2250))
"""What pandas holds in nanoseconds, with room for a clock set wrong."""
Micros = Annotated[int, Meta(ge=(EARLIEST - EPOCH) // MICROSECOND, le=(LATEST - EPOCH) // MICROSECOND)]
Seconds = Annotated[float, Meta(ge=EARLIEST.timestamp(), le=LATEST.timestamp())]
Hour = Annotated[int, Meta(ge=0, le=int(LATEST.timestamp()))]
Fingerprint = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
Spot = tuple[Text | Count, Count, Count]
"""A place: its path, or the number of the path of a log; offset; line."""
Spots = Annotated[tuple[tuple[Text, Count, Count], ...], Meta(max_length=KEPT_EXAMPLES)]


class _Row(Struct, array_like=True, forbid_unknown_fields=True):
    """A record: fields are named as in the record itself."""


class _PathRow(_Row, tag="p"):
    path: Text


class _MessageRow(_Row, tag="m"):
    queue: Text
    queue_id: Text | None
    auth_user: Text | None
    mail_from: Text | None
    header_from: Text | None
    rcpt_to: Texts
    client_ip: Text | None
    ts: Micros
    is_stamped: bool
    size: Count
    quarantined: bool
    reply_to: Text | None
    source: Spot


class _AccountRow(_Row, tag="u"):
    address: Text
    usernames: Texts
    aliases: Texts
    is_person: bool
    source: Spot


class _AttemptRow(_Row, tag="a"):
    service: Service
    ts: Micros
    client_ip: Text
    user: Text | None
    mechanism: Text
    outcome: Outcome
    secret: Fingerprint | None
    source: Spot


class _SendRow(_Row, tag="t"):
    client_ip: Text
    user: Text | None
    auth: Spot | None
    ts: Micros
    mail_from: Text | None
    rcpt_to: Texts
    rcpt_count: Count
    rcpt_unknown: Count
    queue_id: Text | None
    accepted: bool
    helo: Text | None
    source: Spot


class _DeliveryRow(_Row, tag="d"):
    ts: Micros
    queue_id: Text | None
    mail_from: Text | None
    rcpt_to: Text | None
    outcome: DeliveryOutcome
    is_unknown: bool
    source: Spot


class _HourRow(_Row, tag="h"):
    hour: Hour
    sessions: Count
    accepted: Count
    source: Spot | None


Row = _PathRow | _MessageRow | _AccountRow | _AttemptRow | _SendRow | _DeliveryRow | _HourRow


class _TallyRow(Struct):
    lines: Count
    session_lines: Count
    bytes: Count
    dialogue_lines: Count
    summary_lines: Count
    first: Seconds | None
    last: Seconds | None
    silences: Annotated[list[tuple[Seconds, Seconds]], Meta(max_length=1 << 20)]
    event_lines: Count = 0


class _BooksRow(Struct):
    files: Count
    found_messages: Count
    messages: Count
    lines: Count
    bytes: Count
    notes: Texts
    skipped: Annotated[list[tuple[Text, Count, Spots]], Meta(max_length=1 << 20)]


class _HeadRow(Struct):
    breachkit: Text
    node: Text
    server: Text
    timezone: Text
    root: Text
    paths: Texts
    notes: Texts
    bounds: Texts
    unread: Texts
    queues: Texts
    doors: Annotated[tuple[Service, ...], Meta(max_length=1 << 20)]
    tally: _TallyRow
    books: dict[str, _BooksRow]
    passed_over: Annotated[tuple[tuple[Text, Text], ...], Meta(max_length=1 << 20)] = ()
    """A file of an earlier breachkit has none."""


ADDED = {FIRST_SCHEMA: (("m", 12), ("t", 11))}
"""Where a record of an older format lacks a value that later ones have, by its kind: it is unknown."""


def partial_lines(records: NodeRecords, key: bytes) -> Iterator[bytes]:
    """Spell the records of a node, line by line, closing line included."""
    digest, number = hashlib.sha256(), 0
    for row in _rows_of(records, key):
        line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
        digest.update(line)
        number += 1
        yield line
    yield json.dumps({"end": True, "lines": number, "sha256": digest.hexdigest()}).encode() + b"\n"


def _rows_of(records: NodeRecords, key: bytes) -> Iterator[Any]:
    facts = records.facts
    yield {
        **{name: getattr(records, name) for name in ("node", "server", "root", "paths", "notes", "bounds", "unread")},
        "schema": SCHEMA,
        "breachkit": records.version,
        "timezone": records.zone_name,
        "key": key_check(key),
        "passed_over": records.passed_over,
        "queues": records.queues,
        "doors": facts.doors,
        "tally": {name: getattr(facts.tally, name) for name in _TallyRow.__struct_fields__},
        "books": {part: _books_row(books) for part, books in records.books.items()},
    }
    for message in records.messages:
        yield _spelled(_MessageRow, message, _place)
    for account in records.accounts:
        yield _spelled(_AccountRow, account, _place)
    # a log has many lines, so that its path is numbered, before the first row that needs it
    numbers: dict[str, int] = {}
    new: list[str] = []

    def numbered(source: Locus) -> Spot:
        if source.path not in numbers:
            numbers[source.path] = len(numbers)
            new.append(source.path)
        return numbers[source.path], source.offset, source.line

    for row in _fact_rows(facts, numbered):
        yield from (("p", path) for path in new)
        new.clear()
        yield row


def _fact_rows(facts: LogFacts, place: Callable[[Locus], Spot]) -> Iterator[Any]:
    for attempt in facts.attempts:
        yield _spelled(_AttemptRow, attempt, place)
    for client_ip, user, auth, sent in facts.sends:
        yield _spelled(_SendRow, sent, place, client_ip=client_ip, user=user, auth=auth)
    for gone in facts.deliveries:
        yield _spelled(_DeliveryRow, gone, place)
    for hour in sorted(facts.sessions | facts.accepted):
        source = facts.sources.get(hour)
        yield "h", hour, facts.sessions[hour], facts.accepted[hour], None if source is None else place(source)


def _spelled(kind: type[_Row], record: Any, place: Callable[[Locus], Spot], **more: object) -> tuple[Any, ...]:
    """Spell a record as a row of a kind, whose fields are its own, or given beside it."""
    row: list[Any] = [kind.__struct_config__.tag]
    for name in kind.__struct_fields__:
        value = more[name] if name in more else getattr(record, name)
        if isinstance(value, Locus):
            value = place(value)
        elif isinstance(value, datetime):
            value = micros_of(value)
        elif isinstance(value, bytes):
            value = value.hex()
        row.append(value)
    return tuple(row)


def _place(source: Locus) -> Spot:
    return source.path, source.offset, source.line


def _books_row(books: Books) -> dict[str, Any]:
    skipped = [(why, number, [*map(_place, examples)]) for why, (number, examples) in books.skipped.items()]
    return {**{name: getattr(books, name) for name in _BooksRow.__struct_fields__}, "skipped": skipped}


class WrittenPartial(NamedTuple):
    """One partial file, as it was written."""

    path: Path
    lines: int
    bytes: int
    sha256: str
    """Of the whole file, as `sha256sum` prints it."""


def write_partial(records: NodeRecords, path: Path, key: bytes) -> WrittenPartial:
    """Write a partial file, readable by its owner only. Raises BreachkitError."""
    exists = f"{path} exists and is not overwritten; name another --partial FILE"
    if os.path.lexists(path):
        raise BreachkitError(exists)
    digest, lines, size = hashlib.sha256(), 0, 0

    def counted() -> Iterator[bytes]:
        nonlocal lines, size
        for line in partial_lines(records, key):
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
    return WrittenPartial(path, lines, size, digest.hexdigest())


def read_partial(stream: IO[bytes], name: str, key: bytes, progress: Progress = silent) -> NodeRecords:
    """Read what a node gave.

    Args:
        stream: the lines.
        name: what to call the file in an error.
        key: that the answer will be given with.
        progress: gets the number of bytes read.

    Raises:
        BreachkitError: it is torn, was changed, or holds what breachkit does not write; it is of another kind, or a
            later one; or its secrets were fingerprinted with another key.

    """
    lines = _Lines(stream, name, progress)
    head = lines.head()
    if head.get("key") != key_check(key):
        raise BreachkitError(
            f"{name} was made with another key, so that its secrets cannot be compared; carry one key file to every"
            " node and read again"
        )
    try:
        records = _records(convert(head, _HeadRow))
        reader = _Reader(records)
        for row in lines.rows():
            for kind, place in ADDED.get(head["schema"], ()):
                if row[:1] == [kind]:
                    row.insert(place, None)
            reader.take(convert(row, Row))
    except (ValidationError, UnicodeEncodeError, RecursionError, IndexError):  # their words repeat a stranger's text
        raise _broken(name, lines.number, STRANGE) from None
    except UsageError as error:
        raise _broken(name, 1, str(error)) from None
    return records


class _Lines:
    """The lines of a file, counted and hashed until the closing one."""

    def __init__(self, stream: IO[bytes], name: str, progress: Progress) -> None:
        self._stream = stream
        self._progress = progress
        self._name = name
        self._digest = hashlib.sha256()
        self.number = 0

    def _next(self) -> Any:
        line = self._stream.readline(LONGEST_LINE)
        self.number += 1
        if not line.endswith(b"\n"):
            self._fail(TORN if len(line) < LONGEST_LINE else "a line of more than 32 MiB")
        try:
            row = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError):
            self._fail("it is no line of JSON")
        if not (isinstance(row, dict) and "end" in row):
            self._digest.update(line)
        self._progress(len(line))
        return row

    def _fail(self, reason: str) -> NoReturn:
        raise _broken(self._name, self.number, reason)

    def head(self) -> dict[str, Any]:
        """Read the first line."""
        head = self._next()
        if not isinstance(head, dict) or head.get("schema") not in (SCHEMA, FIRST_SCHEMA):
            raise BreachkitError(
                f"{self._name} is no partial result of the kind {SCHEMA}; write it with 'breachkit read --partial' of"
                " the same version"
            )
        return head

    def rows(self) -> Iterator[list[Any]]:
        """Read the records, and hold the file against its closing line."""
        while isinstance(row := self._next(), list):
            yield row
        if row != {"end": True, "lines": self.number - 1, "sha256": self._digest.hexdigest()}:
            self._fail("it does not match its SHA-256")
        if self._stream.read(1):
            self._fail("more follows its closing line")


def _broken(name: str, line: int, reason: str) -> BreachkitError:
    return BreachkitError(
        f"{name} line {line}: {reason}; the file is incomplete or was changed: carry it over again and compare its"
        " SHA-256, or read the node anew"
    )


def _no_number(_word: str) -> NoReturn:
    raise ValueError("no number of JSON")


class _Reader:
    """Takes rows into the records of a node."""

    def __init__(self, records: NodeRecords) -> None:
        self._facts = records.facts
        self._paths: list[str] = []
        self._kept: dict[type[Row], tuple[Any, Callable[..., Any]]] = {
            _MessageRow: (records.messages, partial(Message, subject=None, files=())),
            _AccountRow: (records.accounts, Account),
            _AttemptRow: (records.facts.attempts, AuthAttempt),
            _SendRow: (records.facts.sends, _send),
            _DeliveryRow: (records.facts.deliveries, Delivery),
        }

    def take(self, row: Row) -> None:
        """Take one row. Raises IndexError for the number of a path that was not given."""
        held = asdict(row)
        for name in ("source", "auth"):
            if held.get(name) is not None:
                path, offset, line = held[name]
                held[name] = Locus(self._paths[path] if isinstance(path, int) else path, offset, line)
        if "ts" in held:
            held["ts"] = moment_of(held["ts"])
        if held.get("secret") is not None:
            held["secret"] = bytes.fromhex(held["secret"])
        if isinstance(row, _PathRow):
            self._paths.append(row.path)
        elif isinstance(row, _HourRow):
            self._facts.sessions[row.hour] = row.sessions
            self._facts.accepted[row.hour] = row.accepted
            if held["source"] is not None:
                self._facts.sources[row.hour] = held["source"]
        else:
            rows, make = self._kept[type(row)]
            rows.append(make(**held))


def _send(
    client_ip: str, user: str | None, auth: Locus | None, **held: Any
) -> tuple[str, str | None, Locus | None, Transaction]:
    return client_ip, user, auth, Transaction(**held, attempt=None)


def _records(head: _HeadRow) -> NodeRecords:
    """Make a node of what the head says, without any record yet. Raises ValidationError, UsageError."""
    if not set(head.server.split(", ")) <= set(names()) or not set(PARTS) <= set(head.books):
        raise ValidationError(STRANGE)
    tally = LogTally()
    for name, value in asdict(head.tally).items():
        setattr(tally, name, value)
    return NodeRecords(
        **{name: getattr(head, name) for name in ("server", "root", "paths", "notes", "bounds", "unread", "queues")},
        node=check_name(head.node),
        version=head.breachkit,
        zone_name=head.timezone,
        passed_over=head.passed_over,
        books={part: _books(head.books[part]) for part in PARTS},
        messages=[],
        accounts=[],
        facts=LogFacts(tally=tally, doors=tuple(sorted(set(head.doors)))),
    )


def _books(row: _BooksRow) -> Books:
    skipped = {reason: (number, tuple(Locus(*spot) for spot in spots)) for reason, number, spots in row.skipped}
    if row.found_messages - row.messages > sum(number for number, _ in skipped.values()):
        raise ValidationError("its books do not balance")
    return Books(**{**asdict(row), "skipped": skipped, "notes": list(row.notes)})
