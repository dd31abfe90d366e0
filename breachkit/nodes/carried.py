"""Lines of JSON → records of one node: every value is held against its type and length before it is believed.

A partial file is evidence like any other: it may be torn, and it may be a forger's.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NoReturn

from breachkit.errors import NodeNameError, PartialBrokenError, PartialKeyError, PartialSchemaError
from breachkit.evidence.gather import KEPT_EXAMPLES, Books, SmtpFacts
from breachkit.evidence.node import PARTS, NodeRecords
from breachkit.nodes import fields
from breachkit.nodes.nodes import check_name
from breachkit.nodes.partial import BOOK_COUNTS, FIRST_SCHEMA, SCHEMA, TALLY_COUNTS
from breachkit.progress import silent
from breachkit.records import Account, AuthAttempt, Delivery, Locus, Message, Transaction
from breachkit.servers import LogTally, names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from breachkit.progress import Progress

LONGEST_LINE = 1 << 25
"""Bytes: a record holds a few texts of at most 1 MiB, each character at most six bytes long."""

TORN = "the file ends before its closing line"
BROKEN = ValueError, TypeError, OverflowError, RecursionError, KeyError, IndexError
"""What hostile JSON can make of reading it; every one is a broken file."""


def read_partial(stream: IO[bytes], name: str, key_check: str, progress: Progress = silent) -> NodeRecords:
    """Read what a node gave.

    Args:
        stream: the lines.
        name: what to call the file in an error.
        key_check: of the key that the answer will be given with.
        progress: is told of bytes read.

    Raises:
        PartialBrokenError: it is torn, was changed, or holds what breachkit does not write.
        PartialSchemaError: it is of another kind, or a later one.
        PartialKeyError: its secrets were fingerprinted with another key.

    """
    lines = _Lines(stream, name, progress)
    head = lines.head()
    if head.get("key") != key_check:
        raise PartialKeyError(name)
    try:
        records = _records(head)
        reader = _Reader(records)
        for row in lines.rows():
            reader.take(row)
    except BROKEN as error:
        # a KeyError would repeat the text of a stranger
        reason = str(error) if isinstance(error, ValueError) else "a record that breachkit does not write"
        raise PartialBrokenError(name, lines.number, reason) from None
    except NodeNameError as error:
        raise PartialBrokenError(name, 1, str(error)) from None
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
        raise PartialBrokenError(self._name, self.number, reason)

    def head(self) -> dict[str, Any]:
        """Read the first line."""
        head = self._next()
        if not isinstance(head, dict) or head.get("schema") not in (SCHEMA, FIRST_SCHEMA):
            raise PartialSchemaError(self._name, SCHEMA)
        return head

    def rows(self) -> Iterator[list[Any]]:
        """Read the records, and hold the file against its closing line."""
        while isinstance(row := self._next(), list):
            yield row
        if row != {"end": True, "lines": self.number - 1, "sha256": self._digest.hexdigest()}:
            self._fail("it does not match its SHA-256")
        if self._stream.read(1):
            self._fail("more follows its closing line")


def _no_number(_word: str) -> NoReturn:
    raise ValueError("no number of JSON")


class _Reader:
    """Takes rows into the records of a node."""

    def __init__(self, records: NodeRecords) -> None:
        self._records = records
        self._facts = records.facts
        self._paths: list[str] = []
        self._takers: dict[str, Callable[..., None]] = {
            "p": self._path,
            "m": self._message,
            "u": self._account,
            "a": self._attempt,
            "t": self._send,
            "d": self._delivery,
            "h": self._hour,
        }

    def take(self, row: list[Any]) -> None:
        """Take one row. Raises one of BROKEN."""
        self._takers[fields.text(row[0])](*row[1:])

    def _place(self, value: Any) -> Locus:
        path, offset, line = fields.row(value)
        named = self._paths[fields.number(path)] if type(path) is int else fields.text(path)
        return Locus(named, fields.number(offset), fields.number(line))

    def _path(self, path: Any) -> None:
        self._paths.append(fields.text(path))

    def _message(self, *row: Any) -> None:
        queue, queue_id, auth_user, mail_from, header_from, rcpt_to, client_ip, ts, is_stamped, size, *more = row
        moved, *more, place = more
        self._records.messages.append(
            Message(
                queue=fields.text(queue),
                queue_id=fields.text_or_none(queue_id),
                auth_user=fields.text_or_none(auth_user),
                mail_from=fields.text_or_none(mail_from),
                header_from=fields.text_or_none(header_from),
                rcpt_to=fields.texts(rcpt_to),
                subject=None,
                reply_to=fields.text_or_none(*more) if more else None,  # format 1 has none
                client_ip=fields.text_or_none(client_ip),
                ts=fields.moment(ts),
                is_stamped=fields.flag(is_stamped),
                size=fields.number(size),
                files=(),
                quarantined=fields.flag(moved),
                source=self._place(place),
            ),
        )

    def _account(self, *row: Any) -> None:
        address, usernames, aliases, is_person, place = row
        self._records.accounts.append(
            Account(
                fields.text(address),
                fields.texts(usernames),
                fields.texts(aliases),
                fields.flag(is_person),
                self._place(place),
            ),
        )

    def _attempt(self, *row: Any) -> None:
        service, ts, client_ip, user, mechanism, outcome, secret, place = row
        self._facts.attempts.append(
            AuthAttempt(
                service=fields.one_of(service, "smtp", "pop3", "imap", "web"),
                ts=fields.moment(ts),
                client_ip=fields.text(client_ip),
                user=fields.text_or_none(user),
                mechanism=fields.text(mechanism),
                outcome=fields.one_of(outcome, "success", "failure", "undetermined"),
                secret=fields.fingerprint_or_none(secret),
                source=self._place(place),
            ),
        )

    def _send(self, *row: Any) -> None:
        client_ip, user, auth, ts, mail_from, rcpt_to, rcpt_count, rcpt_unknown, queue_id, accepted, *more, place = row
        sent = Transaction(
            ts=fields.moment(ts),
            mail_from=fields.text_or_none(mail_from),
            rcpt_to=fields.texts(rcpt_to),
            rcpt_count=fields.number(rcpt_count),
            rcpt_unknown=fields.number(rcpt_unknown),
            queue_id=fields.text_or_none(queue_id),
            accepted=fields.flag(accepted),
            attempt=None,
            helo=fields.text_or_none(*more) if more else None,  # format 1 has none
            source=self._place(place),
        )
        at = None if auth is None else self._place(auth)
        self._facts.sends.append((fields.text(client_ip), fields.text_or_none(user), at, sent))

    def _delivery(self, *row: Any) -> None:
        ts, queue_id, mail_from, rcpt_to, outcome, is_unknown, place = row
        self._facts.deliveries.append(
            Delivery(
                ts=fields.moment(ts),
                queue_id=fields.text_or_none(queue_id),
                mail_from=fields.text_or_none(mail_from),
                rcpt_to=fields.text_or_none(rcpt_to),
                outcome=fields.one_of(outcome, "delivered", "deferred", "failed"),
                is_unknown=fields.flag(is_unknown),
                source=self._place(place),
            ),
        )

    def _hour(self, *row: Any) -> None:
        hour, sessions, accepted, place = row
        fields.seconds_or_none(hour)
        self._facts.sessions[fields.number(hour)] = fields.number(sessions)
        self._facts.accepted[hour] = fields.number(accepted)
        if place is not None:
            self._facts.sources[hour] = self._place(place)


def _records(head: dict[str, Any]) -> NodeRecords:
    """Make a node of what the head says, without any record yet. Raises one of BROKEN, NodeNameError."""
    facts = SmtpFacts(tally=_tally(head["tally"]), doors=tuple(sorted(set(fields.texts(head["doors"])))))
    for door in facts.doors:
        fields.one_of(door, "smtp", "pop3", "imap", "web")
    return NodeRecords(
        node=check_name(fields.text(head["node"])),
        version=fields.text(head["breachkit"]),
        server=fields.one_of(head["server"], *names()),
        zone_name=fields.text(head["timezone"]),
        root=fields.text(head["root"]),
        paths=fields.texts(head["paths"]),
        notes=fields.texts(head["notes"]),
        bounds=fields.texts(head["bounds"]),
        unread=fields.texts(head["unread"]),
        # a file of an earlier breachkit has none
        passed_over=tuple(_passed_over(one) for one in fields.row(head.get("passed_over", []))),
        queues=fields.texts(head["queues"]),
        books={part: _books(head["books"][part]) for part in PARTS},
        messages=[],
        accounts=[],
        facts=facts,
    )


def _passed_over(value: Any) -> tuple[str, str]:
    path, reason = fields.texts(value)
    return path, reason


def _tally(held: dict[str, Any]) -> LogTally:
    tally = LogTally()
    for name in TALLY_COUNTS:
        setattr(tally, name, fields.number(held[name]))
    tally.first = fields.seconds_or_none(held["first"])
    tally.last = fields.seconds_or_none(held["last"])
    for start, end in fields.row(held["silences"]):
        silence = fields.seconds_or_none(start), fields.seconds_or_none(end)
        if silence[0] is None or silence[1] is None:
            raise ValueError("no time")
        tally.silences.append((silence[0], silence[1]))
    return tally


def _books(held: dict[str, Any]) -> Books:
    books = Books()
    for name in BOOK_COUNTS:
        setattr(books, name, fields.number(held[name]))
    books.notes.extend(fields.texts(held["notes"]))
    for reason, number, examples in fields.row(held["skipped"]):
        places = tuple(_example(place) for place in fields.row(examples))
        if len(places) > KEPT_EXAMPLES:
            raise ValueError("more examples than are kept")
        books.skipped[fields.text(reason)] = (fields.number(number), places)
    if books.found_messages - books.messages > sum(number for number, _ in books.skipped.values()):
        raise ValueError("its books do not balance")
    return books


def _example(value: Any) -> Locus:
    path, offset, line = fields.row(value)
    return Locus(fields.text(path), fields.number(offset), fields.number(line))
