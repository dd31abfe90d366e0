"""A server that is made up, of which there are logs only: its `mail.log` holds SMTP, POP3 and IMAP, through syslog.

All that breachkit must know of its logs stands here: another product needs no more.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line, LogKind, LogName, Prefix
from breachkit.logs.lognames import age_in
from breachkit.logs.syslog import BEGINS, split_syslog
from breachkit.records import AuthAttempt, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from breachkit.logs.kinds import Event
    from breachkit.records import Service
    from breachkit.text.sasl import Fingerprints

_NAME = re.compile(r"mail(?:\.log|log)(?:\.\d{1,3})?(?:\.gz)?")
_LOGIN = re.compile(rb"login (?P<user>\S+) (?P<result>ok|refused)")
_SERVICES: dict[bytes, Service] = {b"smtpd": "smtp", b"popd": "pop3", b"imapd": "imap"}


def read_name(name: str) -> LogName | None:
    return LogName(age=age_in(name)) if _NAME.fullmatch(name) else None


def split(text: bytes, zone: tzinfo) -> Line | None:
    found = split_syslog(text, zone)
    if found is None or found.tag not in _SERVICES:
        return None
    return Line(b" ".join((found.host, found.tag, found.pid)), found.stamp, found.text)


def ends(line: Line) -> bool:
    return line.text.startswith(b"bye")


def read(lines: Sequence[Line], _fingerprints: Fingerprints) -> Iterator[Event]:
    service = _SERVICES[lines[0].key.split()[1]]
    peer = "?"
    for line in lines:
        if line.text.startswith(b"hello "):
            peer = line.text.removeprefix(b"hello ").decode("ascii", "backslashreplace")
        elif found := _LOGIN.match(line.text):
            assert isinstance(line.stamp, float)
            ts = datetime.fromtimestamp(line.stamp, UTC)
            outcome = "success" if found["result"] == b"ok" else "failure"
            user = found["user"].decode("ascii", "backslashreplace")
            yield AuthAttempt(service, ts, peer, user, "LOGIN", outcome, None, line.source)  # type: ignore[arg-type]
        elif line.text.startswith(b"login"):
            yield Skipped("login without a name", line.source)


MAIL_LOG = LogKind(
    services=frozenset(_SERVICES.values()),
    read_name=read_name,
    split=split,
    prefix=Prefix("MONTH DAY TIME HOST DAEMON[PROCESS]:", BEGINS, rb"(?:smtpd|popd|imapd)\[\d+\]"),
    ends=ends,
    telling=(b"login ",),
    read=read,
    own_address=re.compile(rb"listening on (\S+)"),
)
