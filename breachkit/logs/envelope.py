"""What an SMTP session says of one message: its envelope, its recipients and the answers to them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.records import NULL_SENDER
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from breachkit.logs.kinds import Place

KEPT_RECIPIENTS = 100
"""Recipients of one message that are kept by name; all are counted."""

NOTE_READ = 400
"""Bytes of a note that are searched: a note may quote a stranger at length."""

_PATH = re.compile(rb"(?:(?:MAIL|RCPT)[ \t]+)?(?:FROM|TO)[ \t]*:[ \t]*(?:<([^>]*)>|([^\s<>]+))", re.IGNORECASE)
_ENHANCED = re.compile(rb"\d{3}[ -]([245])\.(\d{1,3})\.\d{1,3}\b")
_NOWHERE = re.compile(
    rb"nxdomain"
    rb"|\b(?:no|not|unable|cannot|fail\w*|missing|without)\b.*\bmx(?![\w.])|\bmx(?![\w.]).*\b(?:not?|fail\w*|missing|error)\b"
    rb"|\b(?:no such|unknown|non-?existent|invalid) (?:host\w*|domain)\b"
    rb"|\b(?:host\w*|domain|dns)\b.*\b(?:not found|not exist|no record|unknown|non-?existent)",
    re.IGNORECASE,
)
_REFUSED_US = re.compile(
    rb"spam|black|block|list|reputation|policy|denied|relay|spf|dkim|dmarc|authenti", re.IGNORECASE
)


@lru_cache(maxsize=1 << 12)
def address_of(raw: bytes) -> str:
    """Spell an address of an envelope: lower case; `<>` when it is the empty reverse path."""
    return decode_text(raw).strip().lower() or NULL_SENDER


def path_of(command: bytes) -> str | None:
    """Read the path of `MAIL FROM:<…>` or `RCPT TO:<…>` (RFC 5321 §3.3); verb and brackets are optional."""
    found = _PATH.match(command)
    if not found:
        return None
    return address_of(found[1] if found[1] is not None else found[2])


def is_nobody(reply: bytes) -> bool:
    """Tell a refusal that means "no such recipient" from one that is about the sender (RFC 3463 §3.2)."""
    enhanced = _ENHANCED.match(reply)
    if enhanced:
        return enhanced[1] == b"5" and enhanced[2] == b"1"
    return reply[:3] in {b"550", b"551", b"553"} and not _REFUSED_US.search(reply[3:NOTE_READ])


class Envelope:
    """One message on its way through a session."""

    __slots__ = ("count", "is_taken", "mail_from", "refused", "source", "taken", "unknown")

    def __init__(self, mail_from: str | None, source: Place, *, is_taken: bool) -> None:
        self.mail_from = mail_from
        self.is_taken = is_taken
        self.source = source
        self.taken: list[str] = []
        self.refused: list[tuple[str | None, bytes]] = []
        self.count = 0
        self.unknown = 0

    def add(self, rcpt_to: str | None, reply: bytes) -> None:
        """Take one recipient and the answer to it."""
        self.count += 1
        if reply[:1] == b"2":
            if rcpt_to is not None and len(self.taken) < KEPT_RECIPIENTS:
                self.taken.append(rcpt_to)
            return
        self.unknown += is_nobody(reply)
        if len(self.refused) < KEPT_RECIPIENTS:
            self.refused.append((rcpt_to, reply[:NOTE_READ]))


class Noted:
    """What the notes of a client session say: all that is known of one that never reached a server.

    The marker `Client session` and an end for want of an MX record are the guide's; the wording of both is
    not public, so words are looked for, not sentences.
    """

    __slots__ = ("_ids", "addresses", "is_nowhere", "queue_id")

    def __init__(self, ids: re.Pattern[str]) -> None:
        """Begin; the pattern finds an id of the product in a note."""
        self._ids = ids
        self.addresses: list[str] = []
        self.queue_id: str | None = None
        self.is_nowhere = False

    def add(self, text: bytes) -> None:
        """Take one note."""
        self.is_nowhere = self.is_nowhere or bool(_NOWHERE.search(text))
        if len(self.addresses) < KEPT_RECIPIENTS:
            found = [address_of(one) for one in re.findall(rb"<([^<>\s]*)>", text)]
            self.addresses += [address for address in found if address not in self.addresses]
        named = self._ids.search(text.decode("latin-1"))
        self.queue_id = self.queue_id or (named[0] if named else None)
