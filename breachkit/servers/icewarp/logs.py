"""IceWarp's logs: the names of its files, how their lines begin, and what tells one kind from another.

`axyyyymmdd-nn.log` (vendor document): `a` type, `x` optional server id, date, `nn` rotation from 00. `s20220921.txt`
exists too.

Real lines of 10.3.1 are `PEER [THREAD] STAMP TEXT`: the peer padded to 16 columns, a thread id of 4 or 8 hex digits in
brackets, a stamp, the text. The stamp format is a setting with four values of which two have public samples; four forms
are accepted. Most carry no date: it is in the file's name.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line, LogKind, LogName, Prefix, TimeOfDay, age_in, day_in
from breachkit.micros import is_possible

if TYPE_CHECKING:
    from datetime import tzinfo


_DAY = r"(?P<day>(?:19|20)\d{6})"
_NAME = re.compile(
    rf"(?P<type>[a-z])(?P<node>[a-z]?\d*?){_DAY}(?:-(?P<number>\d+))?\.(?:log|txt)(?:\.(?:gz|bz2|xz))?", re.IGNORECASE
)
_WITHIN = re.compile(
    rf"(?<![a-z0-9])(?P<type>[a-z])(?P<node>[a-z0-9]?){_DAY}(?!\d)(?:-(?P<number>\d{{1,4}})(?!\d))?", re.IGNORECASE
)
"""The same within another name: `mail1_s20261120-00.log.1`."""


def read_name(types: str, name: str) -> LogName | None:
    """Read the name of a log of some types; None when it is none."""
    exact = _NAME.fullmatch(name)
    for found in [exact] if exact else _WITHIN.finditer(name):
        day = day_in(found["day"])
        if day is not None and found["type"].lower() in types:
            number = int(found["number"] or 0)
            if exact:
                return LogName(found["node"].lower(), day, number)
            node = f"{name[: found.start()]}{found['node']}".strip("_-. ()").lower()
            return LogName(node, day, number, age_in(name), is_exact=False)
    return None


_LINE = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"((?![\"'])[^\s:]{1,64}?|\[?[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?::?\d{1,3}(?:\.\d{1,3}){3})?(?:%\w{1,16})?\]?)"
    rb"[ \t]*\[([0-9A-Fa-f]{4,16})\] "
    rb"(?:"
    rb"(\d\d:\d\d:\d\d)(?:[.,:]\d{1,6})?"
    rb"|(\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d)(?:[.,]\d{1,6})?(Z|[+-]\d\d:?\d\d)?"
    rb"|(?:[A-Za-z]{3}, )?(\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d)(?: ([+-]\d{4}|[A-Z]{3,4}))?"
    rb")(?: (.*))?",
    re.DOTALL,
)
"""A peer with a colon in it is an IPv6 address, or else a line of `grep`: `FILE:PEER`, `NUMBER:PEER`."""
_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}


def split(text: bytes, zone: tzinfo) -> Line | None:
    """Split a line; None when it does not begin as a line of a session does."""
    found = _LINE.match(text)
    if not found:
        return None
    peer, thread, time, iso, iso_zone, rfc, rfc_zone, rest = found.groups()
    stamp: TimeOfDay | float | None
    if time is not None:
        stamp = TimeOfDay(time)
    else:
        stamp = _moment(_rfc(rfc), rfc_zone, zone) if iso is None else _moment(_iso(iso), iso_zone, zone)
        if stamp is None or not is_possible(stamp):
            return None
    return Line(peer.ljust(16) + b"[" + thread + b"]", stamp, rest or b"")


def _iso(stamp: bytes) -> datetime | None:
    try:
        return datetime.fromisoformat(stamp.decode().replace("/", "-"))
    except ValueError:
        return None


def _rfc(stamp: bytes) -> datetime | None:
    day, month, year, time = stamp.split(b" ")
    try:
        hour, minute, second = map(int, time.split(b":"))
        return datetime(int(year), _MONTHS.get(month.lower(), 0), int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def _moment(naive: datetime | None, offset: bytes | None, zone: tzinfo) -> float | None:
    if naive is None:
        return None
    if offset in {b"Z", b"GMT", b"UTC"}:
        return naive.replace(tzinfo=UTC).timestamp()
    if offset is None or offset[:1] not in {b"+", b"-"}:
        return naive.replace(tzinfo=zone).timestamp()
    hours, minutes = int(offset[1:3]), int(offset[-2:])
    if hours > 23 or minutes > 59:
        return None
    shift = timedelta(hours=hours, minutes=minutes)
    return naive.replace(tzinfo=timezone(-shift if offset[:1] == b"-" else shift)).timestamp()


_GREETING = re.compile(rb">>> 220 .*; (?:[A-Za-z]{3}, )?(\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d)")


def read_greeting(line: Line) -> datetime | None:
    """Read the date that the server sends to each client with its greeting: nobody else can write one there."""
    found = line.text.startswith(b">>> 220 ") and _GREETING.match(line.text)
    try:
        return datetime.strptime(found[1].decode(), "%d %b %Y %H:%M:%S") if found else None  # noqa: DTZ007
    except ValueError:
        return None


_CUT_IN_SH = (
    r"grep -aoE '([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:]+:[0-9A-Fa-f:.]+) *\[[0-9A-Fa-f]{4,16}\] .*' "
    r"%s > s20261120-00.log"
)
_CUT_IN_POWERSHELL = (
    r"(Get-Content -LiteralPath %s) -replace '^.*?(?=[0-9A-Fa-f:.]{7,} *\[[0-9A-Fa-f]{4,16}\] )' | "
    r"Set-Content -Encoding utf8 s20261120-00.log"
)
PREFIX = Prefix(
    title="ADDRESS [THREAD] TIME",
    begins=rb"(?:\d{1,3}(?:\.\d{1,3}){3}"
    rb"|\[?[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?::?\d{1,3}(?:\.\d{1,3}){3})?(?:%\w{1,16})?\]?"
    rb"|[A-Za-z_]{1,32})"
    rb"[ \t]{0,64}\[[0-9A-Fa-f]{4,16}\] "
    rb"(?:\d{4}[-/]\d\d[-/]\d\d[ T]|(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} )?\d{1,2}:\d\d:\d\d",
    near=rb"\[[0-9A-Fa-f]{4,16}\].{0,200}?(?:<<<|>>>|&lt;&lt;|&gt;&gt;|\*\*\*|onnected)",
    cut=(_CUT_IN_SH, _CUT_IN_POWERSHELL),
    example="s20261120-00.log",
)


_KIND = partial(
    LogKind,
    split=split,
    prefix=PREFIX,
    read_date=read_greeting,
    own_address=re.compile(rb"Connected, local IP=(\S+)\s*$"),
)
_LOGINS = "breachkit.servers.icewarp.smtplog:IceWarpLogins"
KINDS: tuple[LogKind, ...] = (
    _KIND(
        services=frozenset({"smtp"}),
        read_name=partial(read_name, "s"),
        marks=re.compile(
            rb"(?:<<<|>>>) (?:(?:EHLO|HELO|MAIL FROM|RCPT TO|DATA|BDAT|RSET|AUTH|STARTTLS)\b|[2345]\d\d[ -])|\*\*\* <",
            re.IGNORECASE,
        ),
        grammar="breachkit.servers.icewarp.smtplog:IceWarpSmtp",
    ),
    _KIND(
        services=frozenset({"pop3"}),
        read_name=partial(read_name, "p"),
        marks=re.compile(rb">>> (?:\+OK|-ERR)|<<< (?:USER|PASS|APOP|STAT|UIDL|RETR|DELE|TOP)\b", re.IGNORECASE),
        grammar=_LOGINS,
    ),
    _KIND(
        services=frozenset({"imap"}),
        read_name=partial(read_name, "m"),
        marks=re.compile(
            rb">>> (?:\* (?:OK|BYE|CAPABILITY|FLAGS|LIST|\d)|\S{1,32} (?:OK|NO|BAD)\b)"
            rb"|<<< \S{1,32} (?:LOGIN|AUTHENTICATE|SELECT|EXAMINE|CAPABILITY|FETCH|UID|IDLE|LOGOUT)\b",
            re.IGNORECASE,
        ),
        grammar=_LOGINS,
    ),
    # web and control, not "client" (vendor document)
    _KIND(services=frozenset({"web"}), read_name=partial(read_name, "c"), grammar=_LOGINS),
    # errors, FTP, groupware, instant messages
    _KIND(
        services=frozenset(),
        read_name=partial(read_name, "efgi"),
        grammar="breachkit.servers.icewarp.smtplog:IceWarpLines",
    ),
)
