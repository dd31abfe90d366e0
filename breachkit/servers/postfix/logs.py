"""Postfix's part of the mail log: who handed in what, who failed to log in, and what became of each recipient.

The form of its lines is that of the source (`smtpd/smtpd.c`, `global/log_adhoc.c`) and of logs of 3.7. One `smtpd`
serves one client at a time, so its lines between `connect from` and `disconnect from` are one session; the account
stands in the `client=` line of each message. All else that happens to a message stands behind its queue id, in lines of
other daemons, up to `removed`. Before 3.9 a failed login may name nobody.

Lines are read from the left, by fixed words: what follows the last of them is a stranger's text.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from breachkit.logs.kinds import LogKind
from breachkit.logs.syslog import PREFIX, read_head, read_mail_name, split_syslog
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from breachkit.logs.kinds import IsKnown, Line

_DAEMONS = frozenset(
    b"smtpd cleanup qmgr nqmgr oqmgr smtp lmtp local virtual pipe error discard bounce defer trace pickup postscreen"
    b" anvil scache verify flush trivial-rewrite tlsproxy dnsblog master postsuper postqueue postdrop sendmail"
    b" postlog proxymap showq spawn qmqpd script postfix-script".split()
)
ID = rb"(?:[0-9A-F]{6,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20})"
_OF_MESSAGE = re.compile(rb"(%b): " % ID)
PEER = rb"[^\s\[\]]+\[(?P<ip>[0-9A-Fa-f.:]+|unknown)\](?::\d{1,5})?"
FAILED = re.compile(
    rb"warning: " + PEER + rb": SASL (?P<method>[\w-]+) authentication (?:failed|failure|aborted)"
    rb"(?::.*?)??(?:, sasl_username=(?P<user>.*))?",
    re.DOTALL,
)
_REJECTED = re.compile(rb".{0,200} sasl_username=<?(?P<user>[^,>\s]+)", re.DOTALL)


def key_of(head: bytes, text: bytes) -> bytes:
    """Tell which session a line is of: that of a client, or that of a message; empty where it is of neither."""
    begin = _key_begin(head)
    if not begin or begin.endswith(b"]"):
        return begin
    named = _OF_MESSAGE.match(text)
    return begin + named[1] if named else b""


@lru_cache(maxsize=4096)
def _key_begin(head: bytes) -> bytes:
    """Tell the key of lines of a client, else what stands in it before the id; empty for another daemon's."""
    host, tag, pid = read_head(head)
    daemon = tag.rpartition(b"/")[2] if b"/" in tag else b""
    if daemon == b"smtpd":
        return b"%b %b[%b]" % (host, tag, pid)
    return host + b" " if daemon in _DAEMONS else b""


def shown(line: Line, is_known: IsKnown) -> bytes:
    """Show a line without a user name that failed and is of no account: people type their password there."""
    found = FAILED.fullmatch(line.text) or _REJECTED.match(line.text)
    if found is None or not found["user"] or is_known(decode_text(found["user"])):
        return line.text
    return line.text[: found.start("user")] + b"***" + line.text[found.end("user") :]


MAIL = LogKind(
    services=frozenset({"smtp"}),
    read_name=read_mail_name,
    split=partial(split_syslog, key_of),
    key_of=key_of,
    prefix=PREFIX,
    grammar="breachkit.servers.postfix.sessions:PostfixLog",
    shown=shown,
    unseen="Postfix's log names an account only where it sends or fails to log in: a login that sends nothing is in no"
    " line, and no password is",
    marks=re.compile(
        rb" [^\s\[\]:]{1,60}/(?:smtpd|cleanup|qmgr|smtp|lmtp|local|virtual|bounce|pickup|postscreen)\[\d+\]: "
    ),
)
