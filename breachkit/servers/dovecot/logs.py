"""Dovecot's log of who came in by IMAP and POP3: in a file of its own, or through syslog beside an MTA.

The form of its lines is that of the source (`login-common/client-common.c`, `auth/auth-request.c`) of 2.3 and 2.4, and
of logs of 2.3.19. A connection is told by its `session=<…>`; a failure stands in the line of the login process, which
counts its tries, and with `auth_verbose` in a line of the auth process for each of them. A line of the auth process
without a session is of a login through an MTA, whose own log counts it, and may not name who it was.

What a client typed as its name stands between `user=<` and `>, method=`: it is read up to the last of these.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from breachkit.logs.kinds import Line, LogKind, LogName, Prefix, age_in
from breachkit.logs.syslog import A_MONTH, PREFIX, day_of_year, read_head, read_mail_name, split_syslog
from breachkit.records import AuthAttempt, Hint
from breachkit.spelling import spelled_ip
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from breachkit.logs.kinds import Event, IsKnown
    from breachkit.records import Service
    from breachkit.text.sasl import Fingerprints

MOST_TRIES = 100
"""Tries of one connection that are taken: Dovecot ends it long before."""

_OWN = re.compile(
    rb"(?P<month>%b) (?P<day>[ \d]\d) (?P<time>\d\d:\d\d:\d\d)(?:\.\d{1,6})? "
    rb"(?P<text>[\w-]+(?:\(.*?\))?(?:<[^<>]*>)*: (?:Info|Error|Warning|Debug|Fatal|Panic): .*)" % A_MONTH,
    re.DOTALL,
)
_NAME = re.compile(r"dovecot(?:[-_.]\w{1,20})?\.log(?:[-.]\d{1,10})*(?:\.(?:gz|bz2|xz))?")
_LOGIN = re.compile(
    rb"(?P<door>imap|pop3)-login: (?:Info: )?(?>(?P<what>.*?): user=<)"
    rb"(?>(?P<user>.*)>, (?:method=(?P<method>[^\s,]+), )?rip=(?P<ip>[0-9A-Fa-f.:]+))"
    rb"(?:,.* session=<(?P<session>[^<>\s]+)>.*)?",
    re.DOTALL,
)
"""Atomic, or a line of 64 kB that says all of it again and again takes minutes."""
_AUTH = re.compile(
    rb"auth(?:-worker)?(?:\(\d+\))?: (?:Info: )?(?:conn [^(]*\([^)]*\): )?(?:auth-worker<\d+>: )?"
    rb"(?P<database>[\w-]+)\((?P<user>.*),(?P<ip>[0-9A-Fa-f.:]+)(?:,<(?P<session>[^<>\s]+)>)?\): "
    rb"(?P<what>(?:Password mismatch|unknown user|Password expired|user disabled|account disabled).*)",
    re.DOTALL | re.IGNORECASE,
)
_THROUGH_MTA = b"through an MTA from "
_OF_SESSION = re.compile(rb"[\w-]+\(.*\)<\d+><([^<>\s]+)>: ")
_TRIES = re.compile(rb"\(auth failed, (\d{1,6}) attempts\b")
_GIVEN = re.compile(rb"given password: (.*)", re.DOTALL)
"""To the end of the line, which may have been cut off within the password."""
_SUBJECT = re.compile(
    rb"auth(?:-worker)?(?:\(\d+\))?: (?:\w+: )?(?:conn [^(]*\([^)]*\): )?(?:auth-worker<\d+>: )?"
    rb"[\w-]+\((?P<user>.*),[0-9A-Fa-f.:]+(?:,<[^<>\s]+>)?\): ",
    re.DOTALL,
)
_NAMED = re.compile(
    rb"user=<(.*)>(?=, (?:method|rip)=)|(?<=\()([^()]*)(?=(?:,[0-9A-Fa-f.:]+(?:,<[^<>\s]*>)?\): |\)<\d+><))"
)


def split(text: bytes, _zone: tzinfo) -> Line | None:
    """Split a line of Dovecot's own log, whose stamp says no year."""
    found = _OWN.fullmatch(text)
    if found is None:
        return None
    return Line(key_of(found["text"]), day_of_year(found["month"], found["day"], found["time"]), found["text"])


def key_in_mail(head: bytes, text: bytes) -> bytes:
    """Tell which session a line of syslog is of; one of another daemon is of none."""
    return key_of(text) if b" dovecot" in head and read_head(head).tag == b"dovecot" else b""


def key_of(text: bytes) -> bytes:
    """Tell which session a line is of."""
    found = _LOGIN.fullmatch(text) or _AUTH.fullmatch(text) or _OF_SESSION.match(text)
    if found is None:
        return b""
    session: bytes | None = found[1] if found.re is _OF_SESSION else found["session"]
    return session or (_THROUGH_MTA if found.re is _AUTH else b"from ") + found["ip"]


def ends(line: Line) -> bool:
    """Tell the line with which a login process lets go of a client that did not come in; one of an MTA stands alone."""
    if line.key.startswith(_THROUGH_MTA):
        return True
    found = _LOGIN.fullmatch(line.text)
    return found is not None and not _is_won(found)


def _is_won(found: re.Match[bytes]) -> bool:
    return found["what"].startswith((b"Login", b"Logged in")) and not found["what"].startswith(b"Login aborted")


def read(lines: Sequence[Line], fingerprints: Fingerprints) -> Iterator[Event]:
    """Read the tries of a connection: as many as the login process counts, with the secrets that others tell."""
    tried: list[tuple[Line, re.Match[bytes]]] = []
    for line in lines:
        if found := _AUTH.fullmatch(line.text):
            if not found["session"]:
                told = _failure(line, found, None, fingerprints)._replace(service="smtp")
                yield Hint(told, line.source)
                return
            tried.append((line, found))
            continue
        ended = _LOGIN.fullmatch(line.text)
        if ended is None:
            continue
        counted = _TRIES.search(ended["what"])
        number = min(int(counted[1]), MOST_TRIES) if counted and ended["user"] else 0
        yield from (_failure(line, told, ended, fingerprints) for line, told in tried)
        yield from (_failure(line, ended, ended, fingerprints) for _ in range(number - len(tried)))
        tried = []
        if _is_won(ended):
            yield _attempt(line, ended, ended)._replace(outcome="success")
    yield from (_failure(line, told, None, fingerprints) for line, told in tried)


def _failure(
    line: Line, told: re.Match[bytes], ended: re.Match[bytes] | None, fingerprints: Fingerprints
) -> AuthAttempt:
    given = _GIVEN.search(line.text) if told is not ended else None
    secret = fingerprints.of(decode_text(given[0])) if given else None
    return _attempt(line, told, ended)._replace(secret=secret)


def _attempt(line: Line, told: re.Match[bytes], ended: re.Match[bytes] | None) -> AuthAttempt:
    assert isinstance(line.stamp, float)  # noqa: S101  the reader sees to it
    door: Service = "pop3" if ended is not None and ended["door"] == b"pop3" else "imap"
    method = ended["method"] if ended is not None else None
    return AuthAttempt(
        door,
        datetime.fromtimestamp(line.stamp, UTC),
        spelled_ip(told["ip"]),
        decode_text(told["user"]) or None,
        decode_text(method).upper() if method else "other",
        "failure",
        None,
        line.source,
    )


def shown(line: Line, is_known: IsKnown) -> bytes:
    """Show a line without what `auth_verbose_passwords` adds, a password or its digest, and without unknown names."""
    given = _GIVEN.search(line.text)
    text = line.text if given is None else line.text[: given.start(1)] + b"***)"
    told = _SUBJECT.match(text)  # a name may have parentheses in it, too
    if told is not None:
        is_shown = is_known(decode_text(told["user"]))
        return text if is_shown else text[: told.start("user")] + b"***" + text[told.end("user") :]
    return _NAMED.sub(lambda found: _masked(found, is_known), text)


def _masked(found: re.Match[bytes], is_known: IsKnown) -> bytes:
    name = found[1] if found[1] is not None else found[2]
    return found[0] if not name or is_known(decode_text(name)) else found[0].replace(name, b"***")


def read_name(name: str) -> LogName | None:
    """Read the name of Dovecot's own log: `dovecot.log`, `dovecot-info.log.1`."""
    return LogName(age=age_in(name)) if _NAME.fullmatch(name) else None


_UNSEEN = "Dovecot's log names who came in by IMAP and POP3, and who failed to; of SMTP it names who failed at most"
_KIND = partial(
    LogKind,
    services=frozenset({"imap", "pop3"}),
    ends=ends,
    read=read,
    shown=shown,
    unseen=_UNSEEN,
)
OWN = _KIND(
    read_name=read_name,
    split=split,
    prefix=Prefix(
        "MONTH DAY TIME PROCESS: LEVEL:",
        rb"(?:%b) [ \d]\d \d\d:\d\d:\d\d(?=[.\d]* [\w-]+[^:]*: (?:Info|Error|Warning|Debug|Fatal|Panic): )" % A_MONTH,
    ),
)
SYSLOG = _KIND(
    read_name=read_mail_name,
    split=partial(split_syslog, key_in_mail),
    prefix=PREFIX,
    grammar="breachkit.logs.grammar:Syslog",
    key_of=key_in_mail,
    marks=re.compile(rb" dovecot(?:\[\d+\])?: "),
)
