"""The addresses of the mail server itself, as its logs name them: `Connected, local IP=192.0.2.17`."""

from __future__ import annotations

import ipaddress
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING

from breachkit.files import broken
from breachkit.servers.icewarp.lines import split_line
from breachkit.servers.icewarp.logtext import HEAD, read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.logs.kinds import LogFile

_MARK = b"Connected, local IP="
MOST_LOGS = 40
MOST_LINES = 1_000
"""A server has few addresses, and each stands at the opening of every session: the heads of the logs name them."""


def read_own_addresses(logs: Sequence[LogFile]) -> frozenset[str]:
    """Read them from the heads of some logs, canonical; a log that cannot be read is told elsewhere."""
    found: set[str] = set()
    for log in islice((log for log in logs if log.service == "smtp"), MOST_LOGS):
        try:
            for line in islice(read_lines(log, HEAD), MOST_LINES):
                parts = split_line(line.text, UTC) if _MARK in line.text else None
                if parts is not None and line.text.startswith(_MARK, parts.begin):
                    found.update(_address(line.text[parts.begin + len(_MARK) :]))
        except broken():
            continue
    return frozenset(found)


def _address(text: bytes) -> set[str]:
    try:
        return {str(ipaddress.ip_address(text.strip().decode("ascii")))}
    except ValueError:
        return set()
