"""The addresses of the mail server itself, as its logs name them: `Connected, local IP=192.0.2.17`."""

from __future__ import annotations

import ipaddress
import zipfile
import zlib
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING

from breachkit.files import open_log
from breachkit.servers.icewarp.lines import split_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.servers import LogFile

_MARK = b"Connected, local IP="
UNREADABLE = OSError, EOFError, ValueError, RuntimeError, KeyError, zipfile.BadZipFile, zlib.error
MOST_LOGS = 40
MOST_BYTES = 1 << 16
"""A server has few addresses, and each stands at the opening of every session: the heads of the logs name them."""


def read_own_addresses(logs: Sequence[LogFile]) -> frozenset[str]:
    """Read them from the heads of some logs, canonical; a log that cannot be read is told elsewhere."""
    found: set[str] = set()
    for log in islice((log for log in logs if log.service == "smtp"), MOST_LOGS):
        try:
            with open_log(str(log.path), log.member) as stream:
                head = stream.read(MOST_BYTES)
        except UNREADABLE:
            continue
        for line in head.split(b"\n")[:-1]:
            parts = split_line(line, UTC) if _MARK in line else None
            if parts is not None and line.startswith(_MARK, parts.begin):
                found.update(_address(line[parts.begin + len(_MARK) :]))
    return frozenset(found)


def _address(text: bytes) -> set[str]:
    try:
        return {str(ipaddress.ip_address(text.strip().decode("ascii")))}
    except ValueError:
        return set()
