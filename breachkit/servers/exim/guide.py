"""What is advised for Exim (`guide.toml`), and its settings as `exim -bP` prints them.

It prints `name = value`; a switch as `name` or `no_name`; a named list, asked for as `+name`, as `hostlist name = …`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.servers import Guide, guides
from breachkit.servers.guides import GuideText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.logs.kinds import LogFile
    from breachkit.records import Setting, Skipped
    from breachkit.servers import Layout

_TEXT = GuideText(Path(__file__).with_name("guide.toml"))
RULES = _TEXT.rules()

_KNOWN = {rule.name for rule in RULES}
_LISTS = {rule.name for rule in RULES if rule.kind == "addresses"}
_LINE = re.compile(r"(?:(?:host|domain|address|localpart)list )?(no_)?([a-z][a-z0-9_]*)(?: ?= ?(.*))?", re.DOTALL)
_COMMANDS = {"Linux": ("exim -bP > settings.txt", "exim -bP +relay_from_hosts >> settings.txt")}


def read_settings(path: Path, root: Path | None) -> Iterator[Setting | Skipped]:
    """Read the settings that a rule speaks of; others come without name and value. Raises BreachkitError, OSError."""
    return guides.read_settings(path, root, _KNOWN, _told)


def _told(text: str) -> tuple[str, str] | None:
    found = _LINE.fullmatch(text.lstrip())
    if found is None:
        return None
    off, name, value = found.groups()
    if value is None:
        return name, "0" if off else "1"
    return name, _listed(value) if name in _LISTS else value.strip()


def _listed(value: str) -> str:
    """Spell a list with semicolons: Exim's own separator stands in an address of IPv6 too, where it is doubled."""
    if value.startswith("<"):
        return ";".join(part.strip() for part in value[2:].split(value[1:2] or ":"))
    entries = re.split(r"(?<!:):(?!:)", value)
    return ";".join(entry.strip().replace("::", ":") for entry in entries if entry.strip())


def system_of(_layout: Layout, _logs: Sequence[LogFile]) -> str | None:
    """Exim runs on systems with a shell; its lines are spelled once."""
    return "Linux"


GUIDE = Guide(read_settings, RULES, {}, _TEXT.advice, _COMMANDS, _TEXT.steps, system_of)
