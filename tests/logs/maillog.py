"""A server that is made up, of which there are logs only: its `mail.log` holds SMTP, POP3 and IMAP, through syslog.

What breachkit must know of its logs to find, order and date them, whatever became of the files, is all here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line, LogKind, LogName, Prefix
from breachkit.logs.lognames import age_in
from breachkit.logs.syslog import BEGINS, split_syslog

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.records import Service

_NAME = re.compile(r"mail(?:\.log|log)(?:\.\d{1,3})?(?:\.gz)?")
_SERVICES: dict[bytes, Service] = {b"smtpd": "smtp", b"popd": "pop3", b"imapd": "imap"}


def read_name(name: str) -> LogName | None:
    return LogName(age=age_in(name)) if _NAME.fullmatch(name) else None


def split(text: bytes, zone: tzinfo) -> Line | None:
    found = split_syslog(text, zone)
    if found is None or found.tag not in _SERVICES:
        return None
    return Line(b" ".join((found.host, found.tag, found.pid)), found.stamp, found.text)


MAIL_LOG = LogKind(
    services=frozenset(_SERVICES.values()),
    read_name=read_name,
    split=split,
    prefix=Prefix("MONTH DAY TIME HOST DAEMON[PROCESS]:", BEGINS, rb"(?:smtpd|popd|imapd)\[\d+\]"),
    own_address=re.compile(rb"listening on (\S+)"),
)
