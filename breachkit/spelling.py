"""An address as people paste it: out of a spreadsheet, a log, a mail reader or a web page."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+")

_LINKED = re.compile(r"(?:mailto|smtp):/{0,2}([^\s<>()\[\]?\"',;]+)", re.IGNORECASE)
"""`mailto:` stands in cells that were links, `SMTP:` before the addresses of a directory."""
_BRACKETED = re.compile(r"<\s*([^<>\s]+)\s*>")
_AROUND = " \t\r\n\xa0\u200b\ufeff\"'<>="
"""What may stand around an address and is no part of it: quotes, brackets, and the `=` of a spreadsheet's `="…"`."""
_QUOTED = re.compile(r'^"([\w.+-]+)"(?=@)')
"""A quoted local part (RFC 5321 §4.1.2) that needs no quotes."""
_BESIDE = "[](),;"
"""What more may stand around a user name that somebody took out of a list."""


def ip_of(text: str) -> IPv4Address | IPv6Address | None:
    """Read an IP address; None for any other word."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def plain_address(text: str) -> str:
    """Return the address, or the name, in a text: `Anna <anna@example.it>`, `mailto:anna@example.it`, `<YAR93710>`.

    A text without brackets and links is returned as it is, without what stands around it.
    """
    found = _LINKED.search(text) if ":" in text else None
    if found:
        return found[1]
    bracketed = _BRACKETED.findall(text) if "<" in text else []
    return (bracketed[-1] if bracketed else text).strip(_AROUND)


def spelled(typed: str) -> str:
    r"""Spell a user name as an address where it is one.

    In lower case, without what stands around it (`"…"`, `<…>`, `Anna <…>`, a full stop behind); `%`, `/` and `domain\`
    are read as `@`, the domain before or behind a `/`.
    """
    whole = _QUOTED.sub(r"\1", typed.strip().lower())
    name = plain_address(whole).strip(_BESIDE) or whole
    if "@" in name:
        return name.rstrip(".")
    house, found, local = name.partition("\\")
    if found and local and "." in house:
        return f"{local}@{house}"
    for sign in "%/":
        local, found, domain = name.rpartition(sign)
        if found and local and "." in domain:
            return f"{local}@{domain}"
    house, found, local = name.partition("/")
    if found and local and "." in house:
        return f"{local}@{house}"
    return name


@lru_cache(maxsize=1 << 12)
def spelled_ip(text: bytes) -> str:
    """Spell an address of the internet in its canonical form (RFC 5952); what is none as it is. Raises UnicodeError."""
    word = text.decode()
    found = ip_of(word)
    return word if found is None else str(found)
