"""The settings of IceWarp, as `tool get` and `tool export` print them: `NAME: value` a line (vendor documents).

Other lines of an export are passed over unread: some settings are passwords.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.files import shown
from breachkit.records import Locus
from breachkit.records import Setting
from breachkit.records import Skipped
from breachkit.servers.icewarp.rules import RULES
from breachkit.servers.icewarp.sheets import read_lines
from breachkit.servers.icewarp.sheets import read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_SETTING = "line that is no setting"
OTHER_SETTING = ""
"""The name of a setting that no rule speaks of: neither name nor value is kept."""

_LINE = re.compile(r"\s*\"?([A-Za-z]+_\w+)\"?\s*(?:[:=]\s?|[ \t]+|$)(.*)", re.DOTALL)
_KNOWN = {name.lower(): rule.name for rule in RULES for name in (rule.name, *rule.spellings)}


def read_settings(path: Path, root: Path | None) -> Iterator[Setting | Skipped]:
    """Read the settings that a rule speaks of; others come without name and value. Raises NotATableError, OSError."""
    label = shown(path, root)
    for offset, number, text in read_lines(read_sheet(path)):
        if not text.strip() or text.lstrip().startswith(("#", ";", "//")):
            continue
        source = Locus(label, offset, number)
        found = None if "\0" in text else _LINE.fullmatch(text)
        if found is None:
            yield Skipped(NO_SETTING, source)
            continue
        name = _KNOWN.get(found[1].lower(), OTHER_SETTING)
        yield Setting(name, found[2].strip().strip('"').rstrip(",").strip() if name else "", source)


def _commands(tool: str) -> tuple[str, ...]:
    lines = []
    for rule in RULES:
        kind = {"D": "domain example.it", "U": "account user@example.it"}.get(rule.name[0], "system")
        lines.append(f"{tool} get {kind} {rule.name} >> settings.txt")
    return tuple(lines)


COMMANDS = {"Windows": _commands("tool.exe"), "Linux": _commands("./tool.sh")}
"""One line a setting: a name that the version does not know makes `tool` fail, and should fail alone."""
