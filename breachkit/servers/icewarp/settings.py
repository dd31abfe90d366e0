"""The settings of IceWarp, as `tool get` and `tool export` print them: `NAME: value` a line (vendor documents).

A list of addresses may go on in the lines below its name. Other lines of an export are passed over unread: some
settings are passwords.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.advice import entries_of
from breachkit.files import OVERLONG, shown
from breachkit.records import Locus, Setting, Skipped
from breachkit.servers.icewarp.rules import RULES
from breachkit.text.sheets import read_lines, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_SETTING = "line that is no setting"
OTHER_SETTING = ""
"""The name of a setting that no rule speaks of: neither name nor value is kept."""

_LINE = re.compile(r"\s*\"?([A-Za-z]+_\w+)\"?\s*(?:[:=,;]\s?|[ \t]+|$)(.*)", re.DOTALL)
_KNOWN = {name.lower(): rule.name for rule in RULES for name in (rule.name, *rule.spellings)}
_LISTS = {rule.name for rule in RULES if rule.kind == "addresses"}
_ENTRY = re.compile(r"(?=.*[\d:*])(?=.*[.:*/])[\dA-Fa-f.:*/-]+")
"""An address, a range or a wildcard: a line with one of them goes on with the list above it."""


def read_settings(path: Path, root: Path | None) -> Iterator[Setting | Skipped]:
    """Read the settings that a rule speaks of; others come without name and value. Raises NotATableError, OSError."""
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


def _commands(tool: str) -> tuple[str, ...]:
    lines = []
    for rule in RULES:
        kind = {"D": "domain example.it", "U": "account user@example.it"}.get(rule.name[0], "system")
        lines.append(f"{tool} get {kind} {rule.name} >> settings.txt")
    return tuple(lines)


COMMANDS = {"Windows": _commands("tool.exe"), "Linux": _commands("./tool.sh")}
"""One line a setting: a name that the version does not know makes `tool` fail, and should fail alone."""
