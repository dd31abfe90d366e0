"""Dovecot: who came in by IMAP and POP3, and who failed to; its accounts and settings. It queues no mail.

The format facts are from its source and documents (2.3, 2.4) and from servers that were run (2.3.19 on Debian 12).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from breachkit.logs.syslog import find_mail_logs, find_named
from breachkit.servers import AccountExport, Layout, MailServer
from breachkit.servers.dovecot.logs import OWN, SYSLOG, read_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from breachkit.records import Skipped
    from breachkit.text.sasl import Login

_LOGS = ("var/log/dovecot", "var/log", "log/dovecot", "log", "logs", ".")
_ACCOUNTS = ("etc/dovecot/users", "etc/dovecot/passwd", "etc/dovecot-users", "dovecot-users")
_SETTINGS = ("doveconf-n.txt", "etc/doveconf-n.txt")


def find_layout(root: Path) -> Layout:
    """Locate logs, accounts and settings below a root. Raises OSError when it cannot be listed."""
    os.scandir(root).close()
    return Layout(
        root,
        logs=tuple(dict.fromkeys([*find_named(root, _LOGS, read_name), *find_mail_logs(root)])),
        accounts=next((path for name in _ACCOUNTS if (path := root / name).is_file()), None),
        settings=next((path for name in _SETTINGS if (path := root / name).is_file()), None),
    )


def _read_logins(
    path: Path, root: Path | None, columns: tuple[str, ...] | None, with_passwords: bool
) -> Iterator[Login | Skipped]:
    """Read a passwd-file; see `export.read_logins`."""
    from breachkit.servers.dovecot.export import read_logins  # most commands read no accounts

    return read_logins(path, root, columns, with_passwords)


def _is_own(head: str) -> Any:
    """Tell a passwd-file; see `export.is_own`."""
    from breachkit.servers.dovecot.export import is_own  # as above

    return is_own(head)


SERVER = MailServer(
    name="dovecot",
    title="Dovecot",
    looked_for="logs named like dovecot.log, or mail.log and maillog with its lines",
    default_roots=(),
    find=find_layout,
    logs=(OWN, SYSLOG),
    accounts=AccountExport(
        _read_logins,
        (),
        made_by="cp /etc/dovecot/users dovecot-users (or passwd-file lines of your own database)",
        is_own=_is_own,
    ),
    version=re.compile(rb"\S{3} +\d+ [\d:]+ (?:\S+ dovecot(?:\[\d+\])?: )?master: (?:Info: )?Dovecot v(\d[\w.]{0,20})"),
)
