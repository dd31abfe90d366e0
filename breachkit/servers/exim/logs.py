"""Exim's main log: who handed in what, who failed to log in, and what became of each recipient.

The form of its lines is that of the chapter "Log files" of Exim's specification, and of logs of 4.96 with the selectors
of Debian and of cPanel. A connection has no id of its own. Its lines have its address and port in common where
`+incoming_port` is set. Else messages have the middle part of their ids, which is the process that took them, and their
client's address; a failed login stands alone. All that happens to a message afterwards stands behind its id.

Lines are read from the left, by fixed words: a HELO, a user name that failed and a subject are a stranger's text.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.logs.envelope import KEPT_RECIPIENTS, address_of, is_nobody
from breachkit.logs.kinds import Line, LogKind, LogName, Prefix, age_in
from breachkit.micros import is_possible
from breachkit.records import AuthAttempt, Connection, Delivery, Skipped, Transaction
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from breachkit.logs.kinds import Event, IsKnown
    from breachkit.records import DeliveryOutcome, Outcome
    from breachkit.text.sasl import Fingerprints

ODD_ARRIVAL = "arrival whose client cannot be told from what it called itself"
BETWEEN_MESSAGES = 1800
"""Seconds of silence after which a process that takes a message is another one with the same number."""

_ID = rb"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
_LINE = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d{1,6})?(?: ([+-]\d{4}))? (?:\[\d{1,10}\] )?((?:(%b) )?.*)" % _ID,
    re.DOTALL,
)
_GOES_ON = re.compile(rb"[ \t]|[A-Z*] +[\w-]+:|Envelope-(?:from|to): |-{9,}$")
"""A warning of two lines; below a line of the reject log the headers of what was rejected."""
_HOST = rb"(?:[^\s()\[\]]+ )?(?:\((?P<helo>\[?[^\s()\[\]]*\]?)\) )?\[(?P<ip>[0-9A-Fa-f.:]+)\](?::(?P<port>\d{1,5}))?"
"""`host.example (helo) [192.0.2.1]:4711`; a HELO with a blank or a bracket in it is none that can be told."""
_ARRIVAL = re.compile(
    rb"(?:\S+ )?<= (?P<sender>\S+)(?: R=\S+)? H=" + _HOST + rb"(?: I=\[[^\]\s]*\](?::\d+)?)?(?: U=\S+)? P=\S+"
    rb"(?: X=\S+| CV=\S+| TFO\S*| PRX=\S+| (?:DN|SNI)=\"(?:[^\"\\]|\\.)*\"| SNI=\S+)*"
    rb"(?: A=(?P<name>[^:\s]+)(?::(?P<user>[^:\s]+))?)?"
)
_LOCAL_ARRIVAL = re.compile(rb"\S+ <= (\S+)")
_FOR = re.compile(rb".* for ((?:[^\s\"<>]+@[^\s\"<>]+ ?)+)", re.DOTALL)
"""Who it is for, at the end of an arrival with `+received_recipients`: all that follows the last `for` is addresses."""
_FAILURE = re.compile(
    rb"(?P<name>\S+) authenticator failed for " + _HOST + rb"(?: I=\[[^\]\s]*\](?::\d+)?)?(?: U=\S+)?: "
    rb"(?P<code>[45])\d\d .*?(?:\(set_id=(?P<user>.*)\))?",
    re.DOTALL,
)
_TYPED = re.compile(rb"\(set_id=(?P<user>.*?)\)?$", re.DOTALL)
"""In a line that was cut off, too."""
_CONNECTION = re.compile(rb"(?:SMTP connection from |H=)" + _HOST)
_OUTCOME = re.compile(rb"\S+ (=>|->|>>|\*>|==|\*\*) +(.*)", re.DOTALL)
_RECIPIENT = re.compile(rb"(\S+)(?: \([^)]*\))?(?: <([^<>]*)>)?")
_REPLY = re.compile(rb": ([245]\d\d[ -].*)", re.DOTALL)
_NOWHERE = re.compile(
    rb"Unrouteable address|non-existent hosts|Unknown user|no such (?:user|domain|host)", re.IGNORECASE
)
_BEGUN = b" (TCP/IP connection count = "
_FATES: dict[bytes, DeliveryOutcome] = {b"==": "deferred", b"**": "failed"}

PREFIX = Prefix("DATE TIME", rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def split(text: bytes, zone: tzinfo) -> Line | None:
    """Split a line; one without a stamp goes on with the line before where it is set in, or quotes a header."""
    found = _LINE.fullmatch(text)
    if found is None:
        return Line(b"", None, text) if _GOES_ON.match(text) else None
    stamp = _moment(found[1], found[2], zone)
    return None if stamp is None else Line(_key_of(found[3], found[4]), stamp, found[3])


@lru_cache(maxsize=4096)
def _moment(stamp: bytes, offset: bytes | None, zone: tzinfo) -> float | None:
    try:
        moment = datetime.fromisoformat((stamp + (offset or b"")).decode())
    except ValueError:
        return None
    seconds = (moment if offset else moment.replace(tzinfo=zone)).timestamp()
    return seconds if is_possible(seconds) else None


def _key_of(text: bytes, queue_id: bytes | None) -> bytes:
    """Tell which session a line is of: `[ADDRESS]:PORT`, `PROCESS [ADDRESS]`, `[ADDRESS]`, or the id of a message."""
    if queue_id is None:
        found = _CONNECTION.match(text) or _FAILURE.match(text)
        return _end_of(found) if found else b""
    if text.startswith(b"<= ", len(queue_id) + 1) and (found := _ARRIVAL.match(text)):
        return _end_of(found) if found["port"] else queue_id.split(b"-")[1] + b" " + _end_of(found)
    return queue_id


def _end_of(found: re.Match[bytes]) -> bytes:
    return b"[%b]:%b" % (found["ip"], found["port"]) if found["port"] else b"[%b]" % found["ip"]


def begins(line: Line) -> bool:
    """Tell a connection that was opened."""
    return line.text.startswith(b"SMTP connection from ") and _BEGUN in line.text


def ends(line: Line) -> bool:
    """Tell a connection that was closed or lost, a message that is done with, and a line that stands alone.

    A failed login that names no port is a session of its own.
    """
    if line.text.startswith(b"SMTP connection from "):
        return _BEGUN not in line.text
    return line.text.endswith(b" Completed") or (line.key.startswith(b"[") and line.key.endswith(b"]"))


def takes(line: Line) -> bool:
    """Tell a message that was taken in."""
    return b" <= " in line.text[:30]


def read(lines: Sequence[Line], _fingerprints: Fingerprints) -> Iterator[Event]:
    """Read a connection, or what became of a message."""
    if b"[" in lines[0].key:
        yield from _read_connection(lines)
    else:
        yield from _read_message(lines)


def _read_connection(lines: Sequence[Line]) -> Iterator[Event]:
    tries, won, last = 0, None, 0.0
    for line in lines:
        ts, text = _ts(line), line.text
        arrived = _ARRIVAL.match(text) if takes(line) else None
        if arrived is None:
            failed = _FAILURE.fullmatch(text)
            if failed is not None:
                user = decode_text(failed["user"] or b"") or None
                outcome: Outcome = "failure" if failed["code"] == b"5" else "undetermined"
                yield AuthAttempt("smtp", ts, _ip(failed), user, _mechanism(failed), outcome, None, line.source)
                tries += 1
            elif connected := _CONNECTION.match(text):
                yield Connection(_ip(connected), _helo(connected), line.source)
            continue
        yield Connection(_ip(arrived), _helo(arrived), line.source)
        user = decode_text(arrived["user"]) if arrived["user"] else None
        if user is None:
            won = None
        elif won is None or won[1] != user or ts.timestamp() - last > BETWEEN_MESSAGES:
            yield AuthAttempt("smtp", ts, _ip(arrived), user, _mechanism(arrived), "success", None, line.source)
            won, tries = (tries, user), tries + 1
        last = ts.timestamp()
        queue_id = text.partition(b" ")[0].decode()
        named = _FOR.fullmatch(text, arrived.end())
        rcpt_to = list(dict.fromkeys(map(address_of, named[1].split()))) if named else []
        yield Transaction(
            ts,
            address_of(arrived["sender"].strip(b"<>")),
            tuple(rcpt_to[:KEPT_RECIPIENTS]),
            len(rcpt_to),
            0,
            queue_id,
            True,
            won and won[0],
            _helo(arrived),
            line.source,
        )


def _read_message(lines: Sequence[Line]) -> Iterator[Event]:
    """Read the last that became of each recipient; retries repeat a line for each of them."""
    queue_id, sender = lines[0].key.decode(), None
    last: dict[str, Delivery] = {}
    for line in lines:
        if takes(line) and (arrived := _LOCAL_ARRIVAL.match(line.text)):
            if b" H=" in line.text:
                yield Skipped(ODD_ARRIVAL, line.source)
            sender = address_of(arrived[1].strip(b"<>"))
            yield Transaction(_ts(line), sender, (), 0, 0, queue_id, True, None, None, line.source)
        elif found := _OUTCOME.fullmatch(line.text):
            told = _RECIPIENT.match(found[2])
            if told is None:
                continue
            rcpt_to = address_of((told[2] or told[1]).rstrip(b":"))
            outcome = _FATES.get(found[1], "delivered")
            is_unknown = outcome == "failed" and _is_nowhere(found[2])
            last.pop(rcpt_to, None)
            last[rcpt_to] = Delivery(_ts(line), queue_id, sender, rcpt_to, outcome, is_unknown, line.source)
    yield from last.values()


def _is_nowhere(text: bytes) -> bool:
    reply = _REPLY.search(text)
    return is_nobody(reply[1]) if reply else bool(_NOWHERE.search(text))


def _ts(line: Line) -> datetime:
    assert isinstance(line.stamp, float)  # noqa: S101  `split` and the reader see to it
    return datetime.fromtimestamp(line.stamp, UTC)


def _ip(found: re.Match[bytes]) -> str:
    try:
        return str(ipaddress.ip_address(found["ip"].decode()))
    except ValueError:
        return found["ip"].decode()


def _helo(found: re.Match[bytes]) -> str | None:
    return decode_text(found["helo"]) if found["helo"] else None


def _mechanism(found: re.Match[bytes]) -> str:
    """Tell the mechanism from the name that the administrator gave the authenticator: `dovecot_login`."""
    name = found["name"].upper()
    return next((word for word in ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2") if word.encode() in name), "other")


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
    prefix=PREFIX,
    begins=begins,
    ends=ends,
    takes=takes,
    telling=(b" authenticator failed for ", b" A=", b" => ", b" -> ", b" ** ", b" == ", b" >> ", b" *> "),
    read=read,
    shown=shown,
    unseen="Exim's log names an account only where it sends or fails to log in: a login that sends nothing is in no"
    " line, and no password is",
    marks=re.compile(rb" %b |authenticator failed for |SMTP connection from |exim [\d.]+ daemon started" % _ID),
)
REJECTLOG = LogKind(
    services=frozenset({"smtp"}),
    read_name=read_reject_name,
    split=split,
    prefix=PREFIX,
    begins=begins,
    ends=ends,
    takes=takes,
    telling=MAINLOG.telling,
    read=read,
    shown=shown,
    unseen="Exim's reject log holds what failed, and nothing of what was sent: its main log is missing",
    marks=MAINLOG.marks,
    repeats=MAINLOG,
)
