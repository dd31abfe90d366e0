"""An address as people paste it: out of a spreadsheet, a log, a mail reader or a web page."""

from __future__ import annotations

import re

ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+")

_LINKED = re.compile(r"(?:mailto|smtp):/{0,2}([^\s<>()\[\]?\"',;]+)", re.IGNORECASE)
"""`mailto:` stands in cells that were links, `SMTP:` before the addresses of a directory."""
_BRACKETED = re.compile(r"<\s*([^<>\s]+)\s*>")
_AROUND = " \t\r\n\xa0\u200b\ufeff\"'<>="
"""What may stand around an address and is no part of it: quotes, brackets, and the `=` of a spreadsheet's `="…"`."""


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
    r"""Spell a user name as an address where it is one: lower case, no `<>`, `%`, `/` and `domain\` read as `@`."""
    name = typed.strip().strip("<>").strip().lower()
    if "@" not in name:
        house, found, local = name.partition("\\")
        if found and local and "." in house:
            return f"{local}@{house}"
        for sign in "%/":
            local, found, domain = name.rpartition(sign)
            if found and local and "." in domain:
                return f"{local}@{domain}"
    return name
