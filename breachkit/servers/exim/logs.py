"""Exim's main log: who handed in what, who failed to log in, and what became of each recipient.

The form of its lines is that of the chapter "Log files" of Exim's specification, and of logs of 4.96 with the selectors
of Debian and of cPanel. A connection has no id of its own. Its lines have its address and port in common where
`+incoming_port` is set. Else messages have the middle part of their ids, which is the process that took them, and their
client's address; a failed login stands alone. All that happens to a message afterwards stands behind its id.

Lines are read from the left, by fixed words: a HELO, a user name that failed and a subject are a stranger's text.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line, LogKind, LogName, Prefix, age_in
from breachkit.micros import is_possible
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.logs.kinds import IsKnown

_ID = rb"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
_LINE = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d{1,6})?(?: ([+-]\d{4}))? (?:\[\d{1,10}\] )?(.*)",
    re.DOTALL,
)
OF_MESSAGE = re.compile(rb"(%b) " % _ID)
_GOES_ON = re.compile(rb"[ \t]|[A-Z*] +[\w-]+:|Envelope-(?:from|to): |-{9,}$")
"""A warning of two lines; below a line of the reject log the headers of what was rejected."""
_HOST = rb"(?:[^\s()\[\]]+ )?(?:\((?P<helo>\[?[^\s()\[\]]*\]?)\) )?\[(?P<ip>[0-9A-Fa-f.:]+)\](?::(?P<port>\d{1,5}))?"
"""`host.example (helo) [192.0.2.1]:4711`; a HELO with a blank or a bracket in it is none that can be told."""
_ARRIVAL = re.compile(
    rb"(?:\S+ )?<= (?P<sender>\S+)(?: R=\S+)? H=" + _HOST + rb"(?: I=\[[^\]\s]*\](?::\d+)?)?(?: U=\S+)? P=\S+"
    rb"(?: X=\S+| CV=\S+| TFO\S*| PRX=\S+| (?:DN|SNI)=\"(?:[^\"\\]|\\.)*\"| SNI=\S+)*"
    rb"(?: A=(?P<name>[^:\s]+)(?::(?P<user>[^:\s]+))?)?"
)
FAILURE = re.compile(
    rb"(?P<name>\S+) authenticator failed for " + _HOST + rb"(?: I=\[[^\]\s]*\](?::\d+)?)?(?: U=\S+)?: "
    rb"(?P<code>[45])\d\d .*?(?:\(set_id=(?P<user>.*)\))?",
    re.DOTALL,
)
_TYPED = re.compile(rb"\(set_id=(?P<user>.*?)\)?$", re.DOTALL)
"""In a line that was cut off, too."""
CONNECTION = re.compile(rb"(?:SMTP connection from |H=)" + _HOST)
PREFIX = Prefix("DATE TIME", rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def split(text: bytes, zone: tzinfo) -> Line | None:
    """Split a line; one without a stamp goes on with the line before where it is set in, or quotes a header."""
    found = _LINE.fullmatch(text)
    if found is None:
        return Line(b"", None, text) if _GOES_ON.match(text) else None
    stamp = moment_in(found[1], found[2], zone)
    return None if stamp is None else Line(key_of(b"", found[3]), stamp, found[3])


@lru_cache(maxsize=4096)
def moment_in(stamp: bytes, offset: bytes | None, zone: tzinfo) -> float | None:
    """Read a stamp, and the offset of its zone where one is said; None where there is no such time."""
    try:
        moment = datetime.fromisoformat((stamp + (offset or b"")).decode())
    except ValueError:
        return None
    seconds = (moment if offset else moment.replace(tzinfo=zone)).timestamp()
    return seconds if is_possible(seconds) else None


@lru_cache(maxsize=8)
def arrival_in(text: bytes) -> re.Match[bytes] | None:
    """Read a message that a client handed in: asked for the key of a line, and again by its session."""
    return _ARRIVAL.match(text)


def key_of(_head: bytes, text: bytes) -> bytes:
    """Tell which session a line is of: `[ADDRESS]:PORT`, `PROCESS [ADDRESS]`, `[ADDRESS]`, or the id of a message."""
    named = OF_MESSAGE.match(text)
    if named is None:
        found = CONNECTION.match(text) or FAILURE.match(text)
        return _end_of(found) if found else b""
    queue_id = named[1]
    if text.startswith(b"<= ", named.end()) and (found := arrival_in(text)):
        return _end_of(found) if found["port"] else queue_id.split(b"-")[1] + b" " + _end_of(found)
    return queue_id


def _end_of(found: re.Match[bytes]) -> bytes:
    return b"[%b]:%b" % (found["ip"], found["port"]) if found["port"] else b"[%b]" % found["ip"]


def shown(line: Line, is_known: IsKnown) -> bytes:
    """Show a line without a user name that failed and is of no account: people type their password there."""
    found = _TYPED.search(line.text)
    if found is None or not found["user"] or is_known(decode_text(found["user"])):
        return line.text
    return line.text[: found.start("user")] + b"***" + line.text[found.end("user") :]


_MAIN_NAME = re.compile(r"(?:exim_?)?main(?:\.?log)?(?:[-.](?P<day>\d{8}))?(?:[-.]\d{1,10})?(?:\.(?:gz|bz2|xz))?")
_REJECT_NAME = re.compile(_MAIN_NAME.pattern.replace("main", "reject"))


def read_main_name(name: str) -> LogName | None:
    """Read the name of a main log: `mainlog.1`, `main.log-20261115`, `exim_mainlog.2.gz`."""
    return _named(_MAIN_NAME, name)


def read_reject_name(name: str) -> LogName | None:
    """Read the name of a reject log."""
    return _named(_REJECT_NAME, name)


def _named(pattern: re.Pattern[str], name: str) -> LogName | None:
    # day: logrotate's date is that of the last line; the stamps of the lines tell the first
    return LogName(age=age_in(name)) if pattern.fullmatch(name) and "log" in name else None


MAINLOG = LogKind(
    services=frozenset({"smtp"}),
    read_name=read_main_name,
    split=split,
    key_of=key_of,
    grammar="breachkit.servers.exim.sessions:EximLog",
    prefix=PREFIX,
    shown=shown,
    unseen="Exim's log names an account only where it sends or fails to log in: a login that sends nothing is in no"
    " line, and no password is",
    marks=re.compile(rb" %b |authenticator failed for |SMTP connection from |exim [\d.]+ daemon started" % _ID),
)
REJECTLOG = LogKind(
    services=frozenset({"smtp"}),
    read_name=read_reject_name,
    split=split,
    key_of=key_of,
    grammar="breachkit.servers.exim.sessions:EximLog",
    prefix=PREFIX,
    shown=shown,
    unseen="Exim's reject log holds what failed, and nothing of what was sent: its main log is missing",
    marks=MAINLOG.marks,
    repeats=MAINLOG,
)
