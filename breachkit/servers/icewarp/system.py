"""Which operating system the server ran on, by the paths and banners in its evidence.

The server's own tool is called `tool.exe` on Windows and `tool.sh` on Linux: a line to paste must name the right one.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from breachkit.files import read_head
from breachkit.servers.icewarp.layout import DEFAULT_ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from breachkit.logs.kinds import LogFile
    from breachkit.servers import Layout

TOOLS = {"Windows": "tool.exe", "Linux": "./tool.sh"}
"""The server's tool, in its own folder."""
LOOKED_AT = 1 << 16
"""Bytes of each file that are looked at."""
MOST_LOGS = 3

_OF_WINDOWS = re.compile(rb"(?:^|[\s=:\",;])(?:[A-Za-z]:\\|\\\\[\w.-]+\\)", re.MULTILINE)
_OF_LINUX = re.compile(rb"(?:^|[\s=\",;])/(?:opt|var|usr|home|srv|mnt|data)/", re.MULTILINE)
_BANNER = re.compile(rb">>> 220 [^\r\n]{0,200}IceWarp [\d.]+ ([^\r\n;]{0,60})")
_LINUX_BUILD = re.compile(rb"\b(?:RHEL|DEB|UBUNTU|CENTOS|LINUX)", re.IGNORECASE)


def system_of(layout: Layout, logs: Sequence[LogFile]) -> str | None:
    """Tell the operating system of the server, `Windows` or `Linux`; None where the evidence does not tell."""
    if layout.root is not None and layout.root in DEFAULT_ROOTS:
        return "Windows" if os.name == "nt" else "Linux"
    for text in _texts(layout):
        is_windows, is_linux = bool(_OF_WINDOWS.search(text)), bool(_OF_LINUX.search(text))
        if is_windows != is_linux:
            return "Windows" if is_windows else "Linux"
    # the banner is the server's own line: what clients say in a log may say anything
    banners = [found[1] for text in _logs(logs) for found in _BANNER.finditer(text)]
    return "Linux" if any(map(_LINUX_BUILD.search, banners)) else None


def _texts(layout: Layout) -> Iterator[bytes]:
    """Read the files that the server wrote of itself: where its folders are, its settings, its accounts."""
    for path in (*layout.others, layout.settings, layout.accounts):
        if path is not None:
            yield _head(path).replace(b"\0", b"")  # UTF-16, as PowerShell writes it


def _logs(logs: Sequence[LogFile]) -> Iterator[bytes]:
    plain = [log.path for log in logs if "smtp" in log.services and log.form.length is None]
    for path in plain[-MOST_LOGS:]:
        yield _head(path)


def _head(path: Path) -> bytes:
    try:
        return read_head(os.fspath(path), LOOKED_AT)
    except OSError:
        return b""
