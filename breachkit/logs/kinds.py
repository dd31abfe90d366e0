"""What a mail server says of its logs (`LogKind`), what their names say, and the log files that were found by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from breachkit.records import AuthAttempt, Connection, Delivery, Hint, Locus, Skipped, Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo
    from pathlib import Path

    from breachkit.logs.archives import Spool
    from breachkit.logs.grammar import Grammar
    from breachkit.records import Service
    from breachkit.text.sasl import Fingerprints

Place = tuple[str, int, int]
"""What a Locus is made of; it is made only where one is kept, which few of a million lines need."""

NOWHERE = Locus("", 0, 1)
"""The place of a line until the reader that met it fills it in."""

Event = AuthAttempt | Transaction | Delivery | Connection | Hint | Skipped
"""What a session tells."""

IsKnown = Callable[[str], bool]
"""Tells whether a user name is one of an account that is known; any other may be a password."""


class TimeOfDay(NamedTuple):
    """A stamp that does not say the year, for a clock to date."""

    time: bytes
    """`HH:MM:SS`."""
    month: int = 0
    """From 1; 0 where the line does not say the day either: it is in the name of the file."""
    day: int = 0


Stamp = float | TimeOfDay
"""Seconds since the epoch, or what a clock makes them of."""


class Line(NamedTuple):
    """One line of a log, split."""

    key: bytes
    """Lines of one session have the same; it may come again when that session has ended. Empty: of no session."""
    stamp: Stamp | None
    """None: the line goes on with the one before."""
    text: bytes
    """Behind the stamp and all that stands before it, without the end of the line."""
    source: Locus = NOWHERE


class LogName(NamedTuple):
    """What the name of a log file says of it."""

    node: str = ""
    """Which server of a cluster wrote it."""
    day: date | None = None
    """Of its first line."""
    number: int = 0
    """Which piece of that day, from 0."""
    age: int = 0
    """How often it was renamed when another began: `.log.2` is older than `.log.1`."""
    is_exact: bool = True
    """It is a name that the server itself gives; False where such a name was found within another."""
    kind: LogKind | None = None
    """Whose name it is, where one kind knows it for one of its own."""


_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d)(?:-(\d{1,3})(?!\d))?")
_NODE = re.compile(r"[a-z]{1,16}\d{1,3}(?=[-_]$)", re.IGNORECASE)
_AGE = re.compile(r"\.(\d{1,3})(?:\.\w{1,4})?$")
_ENDING = re.compile(r"\.(?:log|txt|bak|old|gz|bz2|xz|zip|tar|tgz|tbz2?|txz|7z|rar|zst)(?:\.\d{1,3})?$", re.IGNORECASE)
_TAR = re.compile(r"\.(?:tar(?:\.\w+)?|t[gbx]z2?)$", re.IGNORECASE)
_MAYBE = re.compile(r"log|(?:19|20)\d\d[-_.]?\d\d|\.(?:[blotxz7r]\w{1,4}|gz|zip|zst)(?:\.|$)", re.IGNORECASE)
"""In every name that may be one of a log; asked of 200,000 names where the root is a queue."""


def day_in(digits: str) -> date | None:
    """Read `YYYYMMDD`; None where that is no date."""
    with suppress(ValueError):
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    return None


def date_in(name: str) -> date | None:
    """Read the date in a name; None where there is none, or more than one."""
    days = {day for found in _DATE.finditer(name) if (day := day_in(f"{found[1]}{found[3]}{found[4]}"))}
    return days.pop() if len(days) == 1 else None


def age_in(name: str) -> int:
    """Tell how often a log was renamed since it was written: 2 of `.log.2`."""
    aged = _AGE.search(name)
    return int(aged[1]) if aged else 0


def read_name(name: str, kinds: Iterable[LogKind]) -> LogName:
    """Read any name: what the kind that knows it for one of its own says, else what a date in it does."""
    for kind in kinds:
        told = kind.read_name(name)
        if told is not None:
            return told._replace(kind=kind)
    dates = {day: found for found in _DATE.finditer(name) if (day := day_in(f"{found[1]}{found[3]}{found[4]}"))}
    if len(dates) != 1:
        return LogName(age=age_in(name), is_exact=False)  # none, or two: which one it is, the lines must tell
    ((day, found),) = dates.items()
    node = _NODE.search(name[: found.start()])
    return LogName(node[0].lower() if node else "", day, int(found[5] or 0), age_in(name), is_exact=False)


def may_be_log(name: str, kinds: Iterable[LogKind]) -> bool:
    """Tell whether a file that lies anywhere is worth a look, by its name."""
    if not _MAYBE.search(name):
        return False
    told = read_name(name, kinds)
    if told.kind is not None:
        return True
    if _TAR.search(name):
        return "log" in name.lower()  # else a backup of everything would be unpacked
    return told.day is not None or bool(_ENDING.search(name))


class Prefix(NamedTuple):
    """How the lines of a product's logs begin: by that a log is known, whatever its name and what stands around it."""

    title: str
    """In words: `ADDRESS [THREAD] TIME`."""
    begins: bytes
    """A regular expression without groups of all to the end of the time of day; narrow, so that it finds no beginning
    within one. The hour may have one digit."""
    near: bytes = b"(?!)"
    """One that stands in a line whatever is around it: what has it in half of its lines looks like a log."""
    cut: tuple[str, str] = ("", "")
    """The commands, of sh and of PowerShell, that cut off what stands before; `%s` is the file."""
    example: str = ""
    """A file name that tells the day, for who must give one."""


def never(_line: Line) -> bool:
    """Say that no line does."""
    return False


def as_it_is(line: Line, _is_known: IsKnown) -> bytes:
    """Show the text of a line as it is."""
    return line.text


def read_nothing(_lines: Sequence[Line], _fingerprints: Fingerprints) -> Iterator[Event]:
    """Read no events: of a log that is known, and not read."""
    return iter(())


@dataclass(frozen=True, slots=True)
class LogKind:
    """One kind of log file of one product. Its functions can be pickled: kinds travel between processes."""

    services: frozenset[Service]
    """What it tells of: a `mail.log` may hold SMTP, IMAP and POP3. Empty: the log is known, and not read."""
    read_name: Callable[[str], LogName | None]
    """Read the name of a file; None where it is none of this kind. A log whose name says no day is put in order by the
    stamp of its first line."""
    split: Callable[[bytes, tzinfo], Line | None]
    """Split a line, without its end; the zone is of stamps that have a date and no zone. None: it is none."""
    prefix: Prefix
    begins: Callable[[Line], bool] = never
    """Does a session begin with this line, whatever stands before?"""
    ends: Callable[[Line], bool] = never
    """Does the session of this line end with it?"""
    takes: Callable[[Line], bool] = never
    """Does this line say that a message was taken in?"""
    read: Callable[[Sequence[Line], Fingerprints], Iterator[Event]] = read_nothing
    """Read what one session tells, of all its lines in order."""
    shown: Callable[[Line, IsKnown], bytes] = as_it_is
    """Take what must not be shown out of the text of a line: a password, in the first place, and a name not known."""
    grammar: str = "breachkit.logs.grammar:Grammar"
    """The class that makes sessions of its lines, `MODULE:NAME`, where more is known of that than `begins`, `ends` and
    `read` can say: imported when lines are read, since that takes numpy."""
    key_of: Callable[[bytes, bytes], bytes] | None = None
    """Tell the key of a line from what stands between its stamp and its text, and from the text: where a grammar finds
    these two in many lines at once."""
    unseen: str = ""
    """What lines of this kind never show, as a sentence without its full stop: "a login that sends nothing is in no
    line". It is said where such a log is read."""
    marks: re.Pattern[bytes] | None = None
    """What stands in lines of this kind, and in no other whose lines begin alike: a renamed log is known by it. Where
    every kind whose lines begin so has them, a file with none of them is none of their logs, whatever its lines."""
    repeats: LogKind | None = None
    """The kind whose lines it holds again: it is read only where there is no log of that kind."""
    read_date: Callable[[Line], datetime | None] | None = None
    """Read the date and time that the server itself writes in some lines, as in its greeting, without a zone."""
    own_address: re.Pattern[bytes] | None = None
    """How a line names an address of the server itself, in its first group."""
    within: tuple[LogKind, ...] = ()
    """The kinds that share each file of this one: see `share`."""

    def sessions(self) -> Grammar:
        """Return how its lines become sessions."""
        module, _, name = self.grammar.partition(":")
        made: Grammar = getattr(import_module(module), name)(self)
        return made


def share(kinds: tuple[LogKind, ...]) -> LogKind:
    """Make one kind of several whose lines stand in the same files: each line is of the first that can split it.

    One `mail.log` holds what Postfix says and what Dovecot says; what neither knows is skipped once.
    """
    return LogKind(
        services=frozenset().union(*(kind.services for kind in kinds)),
        read_name=kinds[0].read_name,
        split=partial(_split_shared, kinds),
        prefix=kinds[0].prefix,
        grammar="breachkit.logs.grammar:Shared",
        key_of=partial(_shared_key_of, kinds) if all(kind.key_of for kind in kinds) else None,
        within=kinds,
    )


def _split_shared(kinds: Sequence[LogKind], text: bytes, zone: tzinfo) -> Line | None:
    other = None
    for number, kind in enumerate(kinds):
        line = kind.split(text, zone)
        if line is not None and line.key:
            return line._replace(key=b"%d %b" % (number, line.key))
        other = line if other is None else other
    return other


def _shared_key_of(kinds: Sequence[LogKind], head: bytes, text: bytes) -> bytes:
    for number, kind in enumerate(kinds):
        key = kind.key_of(head, text) if kind.key_of else b""
        if key:
            return b"%d %b" % (number, key)
    return b""


class Form(NamedTuple):
    """How the bytes of a log become lines, where they are not simply its lines."""

    packing: tuple[str, ...] = ()
    """What is to be unpacked, in order: see `archives.unpacked`."""
    crc: int | None = None
    """Of what the first of them gives, where an archive tells it."""
    encoding: str = ""
    """Of UTF-16; all else is read as bytes."""
    wrapping: frozenset[str] | None = None
    """Lines have something around them that is to be taken off, as the server's own reader knows; else None."""
    runs: tuple[tuple[int, int, int], ...] = ()
    """Which lines of the file are of this log, where lines of several were collected: begin, end, number of the first
    line; none for all."""
    begin: int = 0
    """Where its bytes begin in the file, or in what was spooled."""
    length: int | None = None
    """How many there are; None for all."""
    spool: Spool | None = None
    """What keeps its bytes, where they cannot be read again from where they came from; for this process only."""


PLAIN = Form()


class LogFile(NamedTuple):
    """One log file, or one member of an archive."""

    path: Path
    label: str
    kind: LogKind
    node: str
    """Which server of a cluster wrote it."""
    day: date | None
    """The date of its first line, from its name, else from its lines."""
    number: int
    """Which piece of that day, from 0."""
    size: int
    mtime: float
    form: Form = PLAIN
    tail: tuple[int, int] = (0, 0)
    """Midnights that pass in it, and the second of the day of its last line; where only `mtime` tells its day."""
    age: int = 0
    """How often it was renamed when another began: `.log.2` is older than `.log.1`."""
    marked: tuple[LogKind, ...] = ()
    """The kinds whose lines were seen in it, of those that share it; none where nothing tells."""

    @property
    def services(self) -> frozenset[Service]:
        """What it tells of; none for a log that is not read."""
        return self.kind.services


class PassedOver(NamedTuple):
    """A file where logs are that was not read as one, and why."""

    path: str
    reason: str


class FoundLogs(NamedTuple):
    """The logs in some places, in the order in which they were written, and what else was met there."""

    logs: tuple[LogFile, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """What may be a log and could not be read."""
    passed_over: tuple[PassedOver, ...] = ()
    """Every file that is not among the logs, those of `skipped` too."""
    notes: tuple[str, ...] = ()
    """What a reader of the results must know about how logs were told."""
    remedies: tuple[str, ...] = ()
    """Of logs whose lines are in no form that is read: which, why, and what makes a readable one."""


class Listing:
    """The logs in some places, looked for when somebody asks for them: a purge does not."""

    def __init__(self, find: Callable[[], FoundLogs] = FoundLogs, is_likely: bool = False) -> None:
        """Keep how they are found, and whether there is a place for them at all."""
        self._find = find
        self.is_likely = is_likely

    @cached_property
    def found(self) -> FoundLogs:
        """Find them; once."""
        return self._find()

    @property
    def so_far(self) -> FoundLogs:
        """What was found; nothing where nobody has asked."""
        found: FoundLogs = self.__dict__.get("found", FoundLogs())
        return found
