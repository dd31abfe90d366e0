"""Doorman: a server of mailboxes, as Dovecot is one: logs of who came in, and nothing else.

`logs/doorman-YYYYMMDD.log` has lines `doorman[SESSION]: 2026-11-20 08:00:00 ADDRESS login USER SECRET ok`.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.logs.kinds import LogKind, LogName, Prefix, day_in
from breachkit.records import AuthAttempt
from breachkit.servers import Layout, MailServer
from tests.servers import toylogs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.logs.kinds import Event, Line
    from breachkit.records import Outcome
    from breachkit.text.sasl import Fingerprints

_NAME = re.compile(r"doorman-(\d{8})\.log")


def find(root: Path) -> Layout:
    """Look for `logs` below a folder."""
    (*_,) = root.iterdir()
    return Layout(root, logs=tuple(path for path in [root / "logs"] if path.is_dir()))


def read_name(name: str) -> LogName | None:
    """Read the day in the name of a log."""
    found = _NAME.fullmatch(name)
    return LogName(day=day_in(found[1])) if found else None


def read(lines: Sequence[Line], fingerprints: Fingerprints) -> Iterator[Event]:
    """Read who came in."""
    for line in lines:
        client_ip, verb, user, secret, outcome = line.text.decode().split()
        if verb == "login":
            won: Outcome = "success" if outcome == "ok" else "failure"
            seen = fingerprints.of(secret)
            yield AuthAttempt("imap", toylogs.moment_of(line), client_ip, user, "PLAIN", won, seen, line.source)


IMAP = LogKind(
    services=frozenset({"imap"}),
    read_name=read_name,
    split=partial(toylogs.split, b"doorman"),
    prefix=Prefix("doorman[SESSION]: TIME", rb"doorman\[\d+\]: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    read=read,
)

SERVER = MailServer(
    name="doorman",
    title="Doorman",
    looked_for="logs/doorman-20261120.log",
    default_roots=(Path("/nowhere/doorman"),),
    find=find,
    logs=(IMAP, toylogs.in_mail_log(IMAP, b"doorman")),
)
