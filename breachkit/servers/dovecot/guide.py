"""What is advised for Dovecot (`guide.toml`), and its settings as `doveconf` prints them.

It prints `name = value`, and blocks in braces, which are set in: their settings are of a part and are not judged.
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
_LINE = re.compile(r"([a-z][\w/]*) ?=(?: (.*))?|[\w-]+(?: [^{}]*)?\{|\}|#.*|\s.*", re.DOTALL)


def read_settings(path: Path, root: Path | None) -> Iterator[Setting | Skipped]:
    """Read the settings that a rule speaks of; others come without name and value. Raises BreachkitError, OSError."""
    return guides.read_settings(path, root, _KNOWN, _told)


def _told(text: str) -> tuple[str, str] | None:
    found = _LINE.fullmatch(text)
    return None if found is None else (found[1] or "", (found[2] or "").strip())


def system_of(_layout: Layout, _logs: Sequence[LogFile]) -> str | None:
    """Dovecot runs on systems with a shell; its lines are spelled once."""
    return "Linux"


GUIDE = Guide(read_settings, RULES, {}, _TEXT.advice, _TEXT.commands(), _TEXT.steps, system_of)
