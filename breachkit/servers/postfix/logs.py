"""Postfix's part of the mail log: who handed in what, who failed to log in, and what became of each recipient.

The form of its lines is that of the source (`smtpd/smtpd.c`, `global/log_adhoc.c`) and of logs of 3.7. One `smtpd`
serves one client at a time, so its lines between `connect from` and `disconnect from` are one session; the account
stands in the `client=` line of each message. All else that happens to a message stands behind its queue id, in lines of
other daemons, up to `removed`. Before 3.9 a failed login may name nobody.

Lines are read from the left, by fixed words: what follows the last of them is a stranger's text.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from breachkit.logs.envelope import address_of
from breachkit.logs.kinds import Line, LogKind
from breachkit.logs.syslog import PREFIX, read_mail_name, split_syslog
from breachkit.records import NULL_SENDER, AuthAttempt, Connection, Delivery, Transaction
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from breachkit.logs.kinds import Event, IsKnown
    from breachkit.records import DeliveryOutcome
    from breachkit.text.sasl import Fingerprints

_DAEMONS = frozenset(
    b"smtpd cleanup qmgr nqmgr oqmgr smtp lmtp local virtual pipe error discard bounce defer trace pickup postscreen"
    b" anvil scache verify flush trivial-rewrite tlsproxy dnsblog master postsuper postqueue postdrop sendmail"
    b" postlog proxymap showq spawn qmqpd script postfix-script".split()
)
_ID = rb"(?:[0-9A-F]{6,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20})"
_OF_MESSAGE = re.compile(rb"(%b): " % _ID)
_PEER = rb"[^\s\[\]]+\[(?P<ip>[0-9A-Fa-f.:]+|unknown)\](?::\d{1,5})?"
_CONNECT = re.compile(rb"connect from " + _PEER)
_FAILED = re.compile(
    rb"warning: " + _PEER + rb": SASL (?P<method>[\w-]+) authentication (?:failed|failure|aborted)"
    rb"(?::.*?)??(?:, sasl_username=(?P<user>.*))?",
    re.DOTALL,
)
_TAKEN = re.compile(
    rb"(?P<id>%b): client=" % _ID
    + _PEER
    + rb"(?:, sasl_method=(?P<method>[^,\s]+))?(?:, sasl_username=(?P<user>[^,\s]+))?"
)
_REJECTED = re.compile(rb".{0,200} sasl_username=<?(?P<user>[^,>\s]+)", re.DOTALL)
_PICKED_UP = re.compile(rb"(%b): uid=\d+ from=<(.*)>" % _ID)
_OWN_ID = re.compile(rb"(%b): message-id=<(?:\d{14}\.)?\1@" % _ID)
"""What Postfix itself writes bears the queue id in its Message-ID: a bounce, or mail that had none."""
_FROM = re.compile(rb"%b: from=<(.*?)>, size=" % _ID)
_TO = re.compile(
    rb"(?>%b: to=<(?P<to>.*?)>, (?:orig_to=<[^>]*>, )?relay=\S+, )(?>.*?dsn=(?P<dsn>[245]\.\d{1,3}\.\d{1,3}),"
    rb" status=(?P<status>[a-z]+))(?: \((?P<why>.*)\))?" % _ID,
    re.DOTALL,
)
"""Atomic: each part is the first that fits, or a line of 64 kB that says all of it again and again takes minutes."""
_FATES: dict[bytes, DeliveryOutcome] = {
    b"sent": "delivered",
    b"deferred": "deferred",
    **dict.fromkeys((b"bounced", b"expired", b"undeliverable"), "failed"),
}
_NOBODY = frozenset({b"5.1.1", b"5.1.2", b"5.1.10", b"5.4.4"})
_UNTOLD = frozenset({b"(unavailable)", b""})


def split(text: bytes, zone: tzinfo) -> Line | None:
    """Split a line of syslog: the session of a client, that of a message; what is of neither, or of another daemon."""
    found = split_syslog(text, zone)
    if found is None:
        return None
    daemon = found.tag.rpartition(b"/")[2] if b"/" in found.tag else b""
    if daemon == b"smtpd":
        return Line(b"%b %b[%b]" % (found.host, found.tag, found.pid), found.stamp, found.text)
    named = _OF_MESSAGE.match(found.text) if daemon in _DAEMONS else None
    return Line(b"%b %b" % (found.host, named[1]) if named else b"", found.stamp, found.text)


def begins(line: Line) -> bool:
    """Tell the line with which a client connects, and the first that every message has."""
    if line.key.endswith(b"]"):
        return line.text.startswith(b"connect from ")
    return line.text.partition(b": ")[2].startswith(b"message-id=")


def ends(line: Line) -> bool:
    """Tell the line with which a client is gone, and the last that a message has."""
    if line.key.endswith(b"]"):
        return line.text.startswith(b"disconnect from ")
    return line.text.endswith(b": removed")


def takes(line: Line) -> bool:
    """Tell a message that was taken in."""
    return line.text.partition(b": ")[2].startswith((b"client=", b"uid="))


def read(lines: Sequence[Line], _fingerprints: Fingerprints) -> Iterator[Event]:
    """Read the session of a client, or what became of a message."""
    if lines[0].key.endswith(b"]"):
        yield from _read_client(lines)
    else:
        yield from _read_message(lines)


def _read_client(lines: Sequence[Line]) -> Iterator[Event]:
    tries, won = 0, None
    for line in lines:
        ts, text = _ts(line), line.text
        if connected := _CONNECT.fullmatch(text):
            yield Connection(_ip(connected), None, line.source)
        elif failed := _FAILED.fullmatch(text):
            user = None if failed["user"] in _UNTOLD | {None} else decode_text(failed["user"])
            method = decode_text(failed["method"])
            yield AuthAttempt("smtp", ts, _ip(failed), user, method, "failure", None, line.source)
            tries += 1
        elif taken := _TAKEN.match(text):
            yield Connection(_ip(taken), None, line.source)
            user = decode_text(taken["user"]) if taken["user"] else None
            if user is None:
                won = None
            elif won is None or won[1] != user:
                method = decode_text(taken["method"] or b"other")
                yield AuthAttempt("smtp", ts, _ip(taken), user, method, "success", None, line.source)
                won, tries = (tries, user), tries + 1
            queue_id = taken["id"].decode()
            yield Transaction(ts, None, (), 0, 0, queue_id, True, won and won[0], None, line.source)


def _read_message(lines: Sequence[Line]) -> Iterator[Event]:
    """Read the last that became of each recipient; retries repeat a line for each of them."""
    queue_id, sender = lines[0].key.rpartition(b" ")[2].decode(), None
    is_own = any(_OWN_ID.match(line.text) for line in lines)
    last: dict[str, Delivery] = {}
    for line in lines:
        if picked := _PICKED_UP.fullmatch(line.text):
            yield Transaction(_ts(line), address_of(picked[2]), (), 0, 0, queue_id, True, None, None, line.source)
        elif named := _FROM.match(line.text):
            if is_own and not named[1] and sender is None:
                yield Transaction(_ts(line), NULL_SENDER, (), 0, 0, queue_id, True, None, None, line.source)
            sender = address_of(named[1])
        elif (gone := _TO.fullmatch(line.text)) and (outcome := _FATES.get(gone["status"])):
            rcpt_to = address_of(gone["to"])
            is_unknown = gone["status"] == b"bounced" and (
                gone["dsn"] in _NOBODY or b"Host not found" in (gone["why"] or b"")
            )
            last.pop(rcpt_to, None)
            last[rcpt_to] = Delivery(_ts(line), queue_id, sender, rcpt_to, outcome, is_unknown, line.source)
    yield from last.values()


def _ts(line: Line) -> datetime:
    assert isinstance(line.stamp, float)  # noqa: S101  the reader sees to it
    return datetime.fromtimestamp(line.stamp, UTC)


def _ip(found: re.Match[bytes]) -> str:
    try:
        return str(ipaddress.ip_address(found["ip"].decode()))
    except ValueError:
        return found["ip"].decode()


def shown(line: Line, is_known: IsKnown) -> bytes:
    """Show a line without a user name that failed and is of no account: people type their password there."""
    found = _FAILED.fullmatch(line.text) or _REJECTED.match(line.text)
    if found is None or not found["user"] or is_known(decode_text(found["user"])):
        return line.text
    return line.text[: found.start("user")] + b"***" + line.text[found.end("user") :]


MAIL = LogKind(
    services=frozenset({"smtp"}),
    read_name=read_mail_name,
    split=split,
    prefix=PREFIX,
    begins=begins,
    ends=ends,
    takes=takes,
    telling=(b": SASL ", b"sasl_username=", b", status="),
    read=read,
    shown=shown,
    unseen="Postfix's log names an account only where it sends or fails to log in: a login that sends nothing is in no"
    " line, and no password is",
    marks=re.compile(
        rb" [^\s\[\]:]{1,60}/(?:smtpd|cleanup|qmgr|smtp|lmtp|local|virtual|bounce|pickup|postscreen)\[\d+\]: "
    ),
)
