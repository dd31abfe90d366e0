"""Is there what an inquiry needs: which evidence was found, what is missing, and the lines that collect it."""

from __future__ import annotations

import shutil
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.detect.survey import count_messages
from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.files import shown
from breachkit.logs.facts import LogFacts, shows_logins
from breachkit.logs.logtext import HEAD, read_lines
from breachkit.micros import moment_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from breachkit.evidence.products import Product
    from breachkit.evidence.where import Where
    from breachkit.logs.kinds import LogFile

PartKind = Literal["queue", "smtp-logs", "other-logs", "accounts", "settings"]

_MOST_LOGS, _MOST_LINES = 20, 500
"""Logs, and lines of each, in which the version of a product is looked for."""


class Part(NamedTuple):
    """One kind of evidence that was found."""

    kind: PartKind
    product: str
    """The titles of the mail servers that it may be of."""
    version: str | None
    paths: tuple[str, ...]
    """As shown."""
    messages: int | None
    """Of a queue."""
    first: datetime | None
    last: datetime | None
    level: str | None
    """Of SMTP logs: what their lines show."""


class Lack(NamedTuple):
    """Something that an inquiry needs and that is not there."""

    what: str
    why: str
    """What cannot be told without it."""
    lines: tuple[str, ...]
    """What collects it, or switches it on."""


class Checkup(NamedTuple):
    """What was found, and what is missing."""

    found: tuple[Part, ...]
    missing: tuple[Lack, ...]
    disk_free: int | None
    """Bytes where a purge would make its quarantine; None without a queue."""


def check_up(where: Where, books: gather.Books, jobs: int | None) -> tuple[Checkup, LogFacts]:
    """Look at all the evidence. Raises BreachkitError.

    Args:
        where: where it is.
        books: what was read and skipped is counted there.
        jobs: processes to read with; None for one a processor.
    """
    queues = list(_queues(where, books, jobs))
    facts, unread = LogFacts(), ""
    try:
        facts = gather.read_smtp(where, books, gather.run_fingerprints(), frozenset(), jobs, by_hour=False)
    except BreachkitError as error:  # what is in no form that is read: it says which, and the way out
        unread = str(error)
    found = (*queues, *_logs(where, facts), *_files(where))
    return Checkup(found, tuple(_missing(where, facts, unread)), _room(where)), facts


def _queues(where: Where, books: gather.Books, jobs: int | None) -> Iterator[Part]:
    if not where.layout.queues:
        return
    survey = count_messages(where, books, jobs)
    times = sorted(survey.times)
    first, last = (moment_of(times[0]), moment_of(times[-1])) if times else (None, None)
    paths = tuple(gather.queue_labels(where))
    titles = " and ".join(one.server.title for one in where.products if one.layout.queues)
    yield Part("queue", titles, None, paths, survey.messages, first, last, None)


def _logs(where: Where, facts: LogFacts) -> Iterator[Part]:
    """Sum up the logs: those of SMTP, and those of other doors."""
    read = [log for log in where.logs if log.services]
    smtp = [log for log in read if "smtp" in log.services]
    others = [log for log in read if "smtp" not in log.services]
    if smtp:
        yield _part_of_logs(where, "smtp-logs", smtp)._replace(first=facts.first, last=facts.last, level=facts.level)
    if others:
        yield _part_of_logs(where, "other-logs", others)


def _part_of_logs(where: Where, kind: PartKind, logs: Sequence[LogFile]) -> Part:
    of = [one for one in where.products if one.is_named_by(logs)] or list(where.products)
    versions = [f"{one.server.title} {number}" for one in of if (number := _version(one, logs)) is not None]
    titles = " and ".join(one.server.title for one in of)
    return Part(kind, titles, ", ".join(versions) or None, tuple(log.label for log in logs), None, None, None, None)


def _version(product: Product, logs: Sequence[LogFile]) -> str | None:
    """Read the version of a product from the beginnings of its newest logs; None where they do not say it."""
    pattern = product.server.version
    for log in product.own(logs)[: -_MOST_LOGS - 1 : -1] if pattern is not None else ():
        try:
            for raw in islice(read_lines(log, HEAD), _MOST_LINES):
                named = pattern.match(raw.text) if pattern is not None else None
                if named:
                    return named[1].decode("ascii", "replace")
        except OSError:  # it is said with what was read
            continue
    return None


def _files(where: Where) -> list[Part]:
    root = where.layout.root
    named: tuple[tuple[PartKind, Path | None], ...] = (
        ("accounts", where.accounts),
        ("settings", where.layout.settings),
    )
    return [
        Part(kind, where.title, None, (shown(path, root),), None, None, None, None)
        for kind, path in named
        if path is not None
    ]


def _missing(where: Where, facts: LogFacts, unread: str) -> Iterator[Lack]:
    if not where.layout.queues:
        yield Lack("queue", f"what waits to be sent is not seen; looked for {where.looked_for}", ())
    logs = [log for log in where.logs if "smtp" in log.services]
    if unread:
        yield Lack("readable SMTP logs", unread, ())
    elif not logs:
        yield Lack("SMTP logs", "without them nothing tells who came in", ())
    elif not shows_logins(facts.level):
        lines = tuple(line for one in where.products if one.is_named_by(logs) for line in one.server.log_lines)
        yield Lack("logins in the SMTP logs", "at this level the logs show no login", lines)
    if facts.tally.silences:
        number = len(facts.tally.silences)
        yield Lack(f"log lines of {number:,} stretches of time", "what happened in a gap is not known", ())
    if where.accounts is None:
        why = "aliases are not resolved, and passwords and what a thief left behind are not looked at"
        yield Lack("export of the accounts", why, _made_by(where))
    if where.layout.settings is None:
        why = "settings that left the door open are not looked at"
        yield Lack("settings", why, ("breachkit harden --print-commands",))


def _made_by(where: Where) -> tuple[str, ...]:
    try:
        return (where.made_by(),)
    except BreachkitError:  # nothing tells which of several products it is, or it has none
        return ()


def _room(where: Where) -> int | None:
    """Count the bytes that are free where a purge would make its quarantine."""
    for queue in where.layout.queues:
        try:
            return shutil.disk_usage(where.queue_at(queue.label).home(queue.path)).free
        except (OSError, BreachkitError):
            continue
    return None
