"""Dovecot's passwd-file, and what is exported in its form: `user:{SCHEME}hash:uid:gid::home::extra` a line.

The form is that of Dovecot's documents of the passwd-file; what follows the password may be missing. A hash says its
scheme in braces or by a dollar sign, which `detect.passwords` reads.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.files import OVERLONG, shown
from breachkit.records import Account, Locus, Skipped
from breachkit.spelling import spelled
from breachkit.text.sasl import Login, Password
from breachkit.text.sheets import read_lines, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_ACCOUNT = "line that is no account"
NAMES = ("users", "passwd", "dovecot-users", "users.passwd")
"""What such a file is called in Dovecot's documents and here."""

_LINE = re.compile(r"([^\s:{}\"',;]{1,255}):([^:]*)(?::(.*))?", re.DOTALL)
_HASHED = re.compile(r"\{[\w.-]{2,30}\}\S+|\$[\w-]{1,20}\$\S+|[!*x]?")
_LEFT_OUT = re.compile(r"(?:^|\s)(nologin|deny)(?:=|\s|$)")


def read_logins(
    path: Path, root: Path | None, _columns: tuple[str, ...] | None, with_passwords: bool
) -> Iterator[Login | Skipped]:
    """Read the accounts; True wants the passwords. Raises BreachkitError, OSError."""
    label = shown(path, root)
    for line in read_lines(read_sheet(path)):
        source = Locus(label, line.offset, line.number)
        text = None if line.text is None else line.text.strip()
        if text == "" or (text and text.startswith("#")):
            continue
        found = text and _LINE.fullmatch(text)
        if not found:
            yield Skipped(OVERLONG if text is None else NO_ACCOUNT, source)
            continue
        name, secret, more = found[1], found[2], found[3] or ""
        is_locked = secret[:1] in {"!", "*"} or bool(_LEFT_OUT.search(more.rpartition(":")[2]))
        visible = secret not in {"", "x", "*", "!"} and with_passwords
        address = spelled(name)
        yield Login(
            Account(address, (address,), (), is_person=True, source=source),
            usernames=(name,),
            aliases=(),
            full_name=more.split(":")[2] if more.count(":") > 1 else "",
            password=Password(secret.lstrip("!")) if visible else None,
            is_admin=None,
            is_disabled=is_locked,
            auth_mode="standard",
            left_behind=None,
        )


def is_own(head: str) -> bool:
    """Tell whether a file is of this form by its first lines: each has a name, and a hash or no password."""
    lines = [line for line in head.splitlines() if line.strip() and not line.startswith("#")][:20]
    found = [_LINE.fullmatch(line.strip()) for line in lines]
    return bool(found) and all(one is not None and _HASHED.fullmatch(one[2]) is not None for one in found)
