"""Twins: a queue of two files a message, as Exim has it, and SMTP logs; no export of accounts, no settings.

`spool/input/ID-H` is the envelope and the header, `ID-D` its own name and the body. `logs/twins-YYYYMMDD.log` has lines
`twins[SESSION]: 2026-11-20 08:00:00 ADDRESS WORDS`.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.files import shown
from breachkit.logs.kinds import LogKind, LogName, Prefix, day_in
from breachkit.micros import micros_of
from breachkit.records import NULL_SENDER, AuthAttempt, Transaction
from breachkit.servers import Layout, MailServer, Queue, QueueFolder
from tests.servers import toylogs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from breachkit.logs.kinds import Event, IsKnown, Line
    from breachkit.servers import QueueRole
    from breachkit.text.sasl import Fingerprints

_HEAD, _BODY = "-H", "-D"


class PlainHead(NamedTuple):
    """A head whose fields are all read at once."""

    queue_id: str | None = None
    auth_user: str | None = None
    mail_from: str | None = None
    header_from: str | None = None
    rcpt_to: tuple[str, ...] = ()
    subject: str | None = None
    reply_to: str | None = None
    client_ip: str | None = None
    ts: int | None = None


def find(root: Path) -> Layout:
    """Look for `spool/input` and `logs` below a folder, or for messages in it."""
    (*_,) = root.iterdir()  # a root that cannot be listed is none without evidence
    place = root if any(root.glob(f"*{_HEAD}")) else root / "spool" / "input"
    return Layout(
        root,
        split(place, root) if place.is_dir() else (),
        logs=tuple(path for path in [root / "logs"] if path.is_dir()),
    )


def split(folder: Path, root: Path | None) -> tuple[QueueFolder, ...]:
    """Return the folder alone: there is no queue below a queue."""
    return (QueueFolder(folder, shown(folder, root)),)


def find_messages(_folder: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Put the two files of a message together; any other file is one of its own."""
    there = {*names}
    for name in sorted(there):
        body = name.removesuffix(_HEAD) + _BODY
        if name.endswith(_HEAD) and body in there:
            yield name, body
        elif not (name.endswith(_BODY) and name.removesuffix(_BODY) + _HEAD in there):
            yield (name,)


def read_head(files: Sequence[tuple[str, bytes]], _zone: tzinfo, is_whole: bool) -> PlainHead | None:
    """Read the envelope and the header of `ID-H`."""
    ((_, raw),) = files
    envelope, found, header = raw.partition(b"\n\n")
    if not found:
        return PlainHead() if is_whole else None
    said = dict(line.split(": ", 1) for line in envelope.decode().splitlines() if ": " in line)
    fields = dict(line.split(": ", 1) for line in header.decode().splitlines() if ": " in line)
    return PlainHead(
        queue_id=said.get("id"),
        auth_user=said.get("auth"),
        mail_from=said["from"] or NULL_SENDER if "from" in said else None,
        header_from=fields.get("From"),
        rcpt_to=tuple(said.get("to", "").split()),
        subject=fields.get("Subject"),
        client_ip=said.get("client"),
        ts=micros_of(datetime.fromtimestamp(int(said["at"]), UTC)) if "at" in said else None,
    )


def text_of(files: Sequence[bytes]) -> bytes:
    """Put the header before the body."""
    head, *bodies = files
    return head.partition(b"\n\n")[2] + b"\n" + b"".join(body.partition(b"\n")[2] for body in bodies)


def role(_folder: Path) -> QueueRole:
    """Say that all of it is to be sent."""
    return "active"


def home(folder: Path) -> Path:
    """Return what holds `spool`."""
    above = [path for path in folder.parents if path.name == "spool"]
    return above[-1].parent if above else folder.parent


def is_live(path: Path) -> bool:
    """Tell what lies in `input` of a spool."""
    return "input" in path.parts and "spool" in path.parts


@contextmanager
def hold_still(files: Sequence[str], _names: Sequence[str]) -> Iterator[bool]:
    """Tell whether a message is not being delivered: then `ID-J` lies beside it."""
    yield not Path(files[0].removesuffix(_HEAD) + "-J").exists()


_NAME = re.compile(r"twins-(\d{8})\.log")


def read_name(name: str) -> LogName | None:
    """Read the day in the name of a log."""
    found = _NAME.fullmatch(name)
    return LogName(day=day_in(found[1])) if found else None


def read(lines: Sequence[Line], fingerprints: Fingerprints) -> Iterator[Event]:
    """Read `auth USER SECRET ok`, `auth USER SECRET bad` and `mail ID FROM TO…`."""
    tries, won = 0, None
    for line in lines:
        client_ip, verb, *words = line.text.decode().split()
        ts = toylogs.moment_of(line)
        if verb == "auth":
            user, secret, outcome = words
            is_in = outcome == "ok"
            won = tries if is_in else won
            tries += 1
            seen = fingerprints.of(secret)
            yield AuthAttempt(
                "smtp", ts, client_ip, user, "LOGIN", "success" if is_in else "failure", seen, line.source
            )
        elif verb == "mail":
            queue_id, mail_from, *rcpt_to = words
            yield Transaction(ts, mail_from, tuple(rcpt_to), len(rcpt_to), 0, queue_id, True, won, None, line.source)


def without_secret(line: Line, _is_known: IsKnown) -> bytes:
    """Leave out what stands behind `auth`."""
    return line.text.split(b" auth ")[0]


SMTP = LogKind(
    services=frozenset({"smtp"}),
    read_name=read_name,
    split=partial(toylogs.split, b"twins"),
    prefix=Prefix("twins[SESSION]: TIME", rb"twins\[\d+\]: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    read=read,
    shown=without_secret,
)

SERVER = MailServer(
    name="twins",
    title="Twins",
    looked_for="spool/input and logs/twins-20261120.log",
    default_roots=(Path("/nowhere/twins"),),
    find=find,
    logs=(SMTP, toylogs.in_mail_log(SMTP, b"twins")),
    queue=Queue(
        split,
        find_messages,
        read_head,
        role,
        home,
        is_live,
        text_of=text_of,
        hold_still=hold_still,
    ),
)
