"""What IceWarp's maker advises (`guide.toml`), its settings as its tool prints them, and the system it runs on.

`tool get` and `tool export` print `NAME: value` a line (vendor documents). A list of addresses may go on in the lines
below its name. Other lines of an export are passed over unread: some settings are passwords. The tool is called
`tool.exe` on Windows and `tool.sh` on Linux: a line to paste must name the right one.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.advice import entries_of
from breachkit.files import OVERLONG, read_head, shown
from breachkit.records import Locus, Setting, Skipped
from breachkit.servers import Guide
from breachkit.servers.guides import GuideText
from breachkit.servers.icewarp.layout import DEFAULT_ROOTS
from breachkit.text.sheets import read_lines, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.logs.kinds import LogFile
    from breachkit.servers import Layout

_TEXT = GuideText(Path(__file__).with_name("guide.toml"))
RULES = _TEXT.rules()

NO_SETTING = "line that is no setting"
OTHER_SETTING = ""
"""The name of a setting that no rule speaks of: neither name nor value is kept."""

_LINE = re.compile(r"\s*\"?([A-Za-z]+_\w+)\"?\s*(?:[:=,;]\s?|[ \t]+|$)(.*)", re.DOTALL)
_KNOWN = {name.lower(): rule.name for rule in RULES for name in (rule.name, *rule.spellings)}
_LISTS = {rule.name for rule in RULES if rule.kind == "addresses"}
_ENTRY = re.compile(r"(?=.*[\d:*])(?=.*[.:*/])[\dA-Fa-f.:*/-]+")
"""An address, a range or a wildcard: a line with one of them goes on with the list above it."""


def read_settings(path: Path, root: Path | None) -> Iterator[Setting | Skipped]:
    """Read the settings that a rule speaks of; others come without name and value. Raises BreachkitError, OSError."""
    label = shown(path, root)
    above: Setting | None = None  # held back while lines below it may belong to it
    for line in read_lines(read_sheet(path)):
        source = Locus(label, line.offset, line.number)
        text = line.text
        if text is None:
            if above is not None and above.name not in _LISTS:
                yield above
            above = None  # a list that cannot be read to its end is not judged
            yield Skipped(OVERLONG, source)
            continue
        is_torn = "\0" in text
        goes_on = above is not None and not is_torn and any(map(_ENTRY.fullmatch, entries_of(text)))
        bare = text.strip()
        if not bare or bare.startswith(("#", "//")) or (bare.startswith(";") and not goes_on):
            continue
        found = None if is_torn else _LINE.fullmatch(text)
        if found is None:
            if above is None or not goes_on or (above.name and above.name not in _LISTS):
                yield Skipped(NO_SETTING, source)
            elif above.name:
                above = above._replace(value=";".join([*entries_of(above.value), *entries_of(text)]))
            continue
        if above is not None:
            yield above
        name = _KNOWN.get(found[1].lower(), OTHER_SETTING)
        above = Setting(name, found[2].strip().strip('"').rstrip(",").strip() if name else "", source)
    if above is not None:
        yield above


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


GUIDE = Guide(read_settings, RULES, _TEXT.policy, _TEXT.advice, _TEXT.commands(), _TEXT.steps, system_of)
