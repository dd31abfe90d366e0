"""A server that is made up, of which there are logs only: its `mail.log` holds SMTP, POP3 and IMAP, through syslog.

All that breachkit must know of its logs stands here: another product needs no more.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.logs.kinds import LogKind, LogName, age_in
from breachkit.logs.syslog import PREFIX, read_head, split_syslog
from breachkit.records import AuthAttempt, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from breachkit.logs.kinds import Event, Line
    from breachkit.records import Outcome, Service
    from breachkit.text.sasl import Fingerprints

_NAME = re.compile(r"mail(?:\.log|log)(?:\.\d{1,3})?(?:\.gz)?")
_SERVICES: dict[bytes, Service] = {b"smtpd": "smtp", b"popd": "pop3", b"imapd": "imap"}


def read_name(name: str) -> LogName | None:
    return LogName(age=age_in(name)) if _NAME.fullmatch(name) else None


def split(text: bytes, zone: tzinfo) -> Line | None:
    found = split_syslog(key_of, text, zone)
    return found if found is not None and found.key else None


def key_of(head: bytes, _text: bytes) -> bytes:
    told = read_head(head)
    return b" ".join(told) if told.tag in _SERVICES else b""


def begins(line: Line) -> bool:
    return line.text.startswith(b"hello ")


def ends(line: Line) -> bool:
    return line.text.startswith(b"bye")


def read(lines: Sequence[Line], _fingerprints: Fingerprints) -> Iterator[Event]:
    peer = "?"
    for line in lines:
        word, *rest = line.text.decode("utf-8", "backslashreplace").split()
        if word == "hello":
            peer = rest[0]
        elif word == "login" and len(rest) != 2:
            yield Skipped("login without an answer", line.source)
        elif word == "login":
            outcome: Outcome = "success" if rest[1] == "ok" else "failure"
            assert isinstance(line.stamp, float)  # a clock has dated it
            ts = datetime.fromtimestamp(line.stamp, UTC)
            yield AuthAttempt(_SERVICES[line.key.split()[1]], ts, peer, rest[0], "LOGIN", outcome, None, line.source)


MAIL_LOG = LogKind(
    services=frozenset(_SERVICES.values()),
    read_name=read_name,
    split=split,
    prefix=PREFIX._replace(near=rb"(?:smtpd|popd|imapd)\[\d+\]"),
    begins=begins,
    ends=ends,
    read=read,
    own_address=re.compile(rb"listening on (\S+)"),
)
