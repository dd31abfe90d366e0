"""Lines of JSON → records of one node: every value is held against its type and length before it is believed.

A partial file is evidence like any other: it may be torn, and it may be a forger's. What the types below let pass is
what the readers of breachkit make themselves, with room to spare.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from msgspec import Meta, Struct, ValidationError, convert

from breachkit.errors import BreachkitError, UsageError
from breachkit.evidence.books import Books
from breachkit.evidence.node import PARTS, NodeRecords
from breachkit.logs.facts import KEPT_EXAMPLES, LogFacts, LogTally
from breachkit.nodes.nodes import check_name
from breachkit.nodes.partial import BOOK_COUNTS, EPOCH, FIRST_SCHEMA, MICROSECOND, SCHEMA
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from breachkit.progress import Progress

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


class _PathRow(Struct, array_like=True, forbid_unknown_fields=True, tag="p"):
    path: Text


class _MessageRow(Struct, array_like=True, forbid_unknown_fields=True, tag="m"):
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


class _AccountRow(Struct, array_like=True, forbid_unknown_fields=True, tag="u"):
    address: Text
    usernames: Texts
    aliases: Texts
    is_person: bool
    source: Spot


class _AttemptRow(Struct, array_like=True, forbid_unknown_fields=True, tag="a"):
    service: Service
    ts: Micros
    client_ip: Text
    user: Text | None
    mechanism: Text
    outcome: Outcome
    secret: Fingerprint | None
    source: Spot


class _SendRow(Struct, array_like=True, forbid_unknown_fields=True, tag="t"):
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


class _DeliveryRow(Struct, array_like=True, forbid_unknown_fields=True, tag="d"):
    ts: Micros
    queue_id: Text | None
    mail_from: Text | None
    rcpt_to: Text | None
    outcome: DeliveryOutcome
    is_unknown: bool
    source: Spot


class _HourRow(Struct, array_like=True, forbid_unknown_fields=True, tag="h"):
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


def read_partial(stream: IO[bytes], name: str, key_check: str, progress: Progress = silent) -> NodeRecords:
    """Read what a node gave.

    Args:
        stream: the lines.
        name: what to call the file in an error.
        key_check: of the key that the answer will be given with.
        progress: is told of bytes read.

    Raises:
        BreachkitError: it is torn, was changed, or holds what breachkit does not write; it is of another kind, or a
            later one; or its secrets were fingerprinted with another key.

    """
    lines = _Lines(stream, name, progress)
    head = lines.head()
    if head.get("key") != key_check:
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
        self._records = records
        self._paths: list[str] = []

    def _place(self, spot: Spot) -> Locus:
        path, offset, line = spot
        return Locus(self._paths[path] if isinstance(path, int) else path, offset, line)

    def take(self, row: Row) -> None:
        """Take one row. Raises IndexError for the number of a path that was not given."""
        records, facts = self._records, self._records.facts
        match row:
            case _PathRow():
                self._paths.append(row.path)
            case _MessageRow():
                records.messages.append(
                    Message(**{**_values(row), "source": self._place(row.source)}, subject=None, files=())
                )
            case _AccountRow():
                records.accounts.append(Account(**{**_values(row), "source": self._place(row.source)}))
            case _AttemptRow():
                secret = None if row.secret is None else bytes.fromhex(row.secret)
                facts.attempts.append(
                    AuthAttempt(**{**_values(row), "secret": secret, "source": self._place(row.source)})
                )
            case _SendRow():
                values = {**_values(row), "source": self._place(row.source), "attempt": None}
                auth = values.pop("auth")
                client_ip, user = values.pop("client_ip"), values.pop("user")
                at = None if auth is None else self._place(auth)
                facts.sends.append((client_ip, user, at, Transaction(**values)))
            case _DeliveryRow():
                facts.deliveries.append(Delivery(**{**_values(row), "source": self._place(row.source)}))
            case _HourRow():
                facts.sessions[row.hour] = row.sessions
                facts.accepted[row.hour] = row.accepted
                if row.source is not None:
                    facts.sources[row.hour] = self._place(row.source)


def _values(row: Struct) -> dict[str, Any]:
    """Return the values of a row by name, its time as a moment."""
    values = {name: getattr(row, name) for name in row.__struct_fields__}
    return {**values, "ts": EPOCH + values["ts"] * MICROSECOND} if "ts" in values else values


def _records(head: _HeadRow) -> NodeRecords:
    """Make a node of what the head says, without any record yet. Raises ValidationError, UsageError."""
    if not set(head.server.split(", ")) <= set(names()) or not set(PARTS) <= set(head.books):
        raise ValidationError(STRANGE)
    tally = LogTally()
    for name in head.tally.__struct_fields__:
        setattr(tally, name, getattr(head.tally, name))
    return NodeRecords(
        node=check_name(head.node),
        version=head.breachkit,
        server=head.server,
        zone_name=head.timezone,
        root=head.root,
        paths=head.paths,
        notes=head.notes,
        bounds=head.bounds,
        unread=head.unread,
        passed_over=head.passed_over,
        queues=head.queues,
        books={part: _books(head.books[part]) for part in PARTS},
        messages=[],
        accounts=[],
        facts=LogFacts(tally=tally, doors=tuple(sorted(set(head.doors)))),
    )


def _books(row: _BooksRow) -> Books:
    skipped = {reason: (number, tuple(Locus(*spot) for spot in spots)) for reason, number, spots in row.skipped}
    if row.found_messages - row.messages > sum(number for number, _ in skipped.values()):
        raise ValidationError("its books do not balance")
    books = Books(skipped=skipped, notes=list(row.notes))
    for name in BOOK_COUNTS:
        setattr(books, name, getattr(row, name))
    return books
