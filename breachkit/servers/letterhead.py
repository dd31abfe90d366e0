"""What people read of a queued message, whichever server queues it: senders, a title, addresses in header values."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from breachkit.logs.envelope import address_of
from breachkit.records import NULL_SENDER
from breachkit.text.charsets import decode_text, readable

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT_SPELLINGS = 4096
"""Senders whose spelling is remembered once it was read: a spam run has few, and some hold a megabyte."""

_BRACKETED = re.compile(r"<\s*([^<>\s]*)\s*>")
_PLAIN = re.compile(rb"<([!-;=?-~]+)>|([!#-'*+\--9=?A-~]++@[!#-'*+\--9=?A-~]++)")
"""What nearly all values are: one address in brackets, or one without."""
_BETWEEN = re.compile(r"[\s<>\"(),;:]+")


def field(names: bytes) -> re.Pattern[bytes]:
    """Make what finds fields in a head, of which each line begins with LF; a line that is none hides none below it."""
    return re.compile(rb"\n(?:%b)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)" % names, re.IGNORECASE)


FROM, REPLY_TO, SUBJECT = map(field, (b"from", b"reply-to", b"subject"))


class EnvelopeHead(NamedTuple):
    """A head whose envelope stands apart from the message, see `servers.Head`: what it says is read as it stands."""

    queue_id: str | None = None
    account: bytes = b""
    """The account that logged in."""
    sender: bytes | None = None
    """Of the envelope; empty for a bounce."""
    recipients: Sequence[bytes] = ()
    client: bytes = b""
    """The address of the client."""
    ts: int | None = None
    header: bytes = b""
    """Of the message; each line begins with LF."""

    @property
    def auth_user(self) -> str | None:
        """The account."""
        return decode_text(self.account).strip().lower() if self.account else None

    @property
    def mail_from(self) -> str | None:
        """The declared sender."""
        return None if self.sender is None else address_of(self.sender)

    @property
    def header_from(self) -> str | None:
        """The sender by the message's own header."""
        return sender_in(FROM, self.header)

    @property
    def rcpt_to(self) -> tuple[str, ...]:
        """The recipients, each once."""
        return tuple(dict.fromkeys(map(address_of, self.recipients)))

    @property
    def subject(self) -> str | None:
        """The subject, unfolded."""
        return title_in(self.header, self.header)

    @property
    def reply_to(self) -> str | None:
        """Where answers are asked for."""
        return sender_in(REPLY_TO, self.header)

    @property
    def client_ip(self) -> str | None:
        """The client, where it is an address."""
        try:
            return str(ip_address(self.client.decode()))
        except ValueError:
            return None


def sender_in(sought: re.Pattern[bytes], head: bytes) -> str | None:
    """Read the one address of the first field that a pattern finds."""
    found = sought.search(head)
    return None if found is None else sender_of(found[1])


def title_in(head: bytes, around: bytes) -> str | None:
    """Read the subject in a head, unfolded; raw bytes by the charset of the text around it, as a reader does."""
    found = SUBJECT.search(head)
    if found is None:
        return None
    value = found[1]
    return (text_of(value) if value.isascii() else " ".join(readable(value, around).split())) or None


def text_of(value: bytes) -> str:
    """Read a value, unfolded."""
    return " ".join(decode_text(value).split())


def addresses(value: bytes) -> list[str]:
    """List the addresses in a value, in lower case."""
    plain = _PLAIN.fullmatch(value.strip())
    if plain:
        return [(plain[1] or plain[2]).decode("ascii").lower()]
    text = decode_text(value)
    # split, not search: a search for "word@word" is quadratic on a megabyte of one letter
    found = _BRACKETED.findall(text) or [word for word in _BETWEEN.split(text) if "@" in word.strip("@")]
    return [address.lower() for address in found if address]


@lru_cache(maxsize=KEPT_SPELLINGS)
def sender_of(value: bytes) -> str | None:
    """Read the one address of a value; NULL_SENDER where it says that there is none."""
    found = addresses(value)
    if found:
        return found[-1]  # "a@b <c@d>": the display name comes first
    return NULL_SENDER if value.strip() == b"<>" else None
