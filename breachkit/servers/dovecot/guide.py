"""What is advised for Dovecot (`guide.toml`), and its settings as `doveconf` prints them.

It prints `name = value`, and blocks in braces, which are set in: their settings are of a part and are not judged.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.files import OVERLONG, shown
from breachkit.records import Locus, Setting, Skipped
from breachkit.servers import Guide
from breachkit.servers.guides import GuideText
from breachkit.text.sheets import read_lines, read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.logs.kinds import LogFile
    from breachkit.servers import Layout

_TEXT = GuideText(Path(__file__).with_name("guide.toml"))
RULES = _TEXT.rules()

NO_SETTING = "line that is no setting"
_KNOWN = {rule.name for rule in RULES}
_LINE = re.compile(r"([a-z][\w/]*) ?=(?: (.*))?|[\w-]+(?: [^{}]*)?\{|\}|#.*|\s.*", re.DOTALL)


def read_settings(path: Path, root: Path | None) -> Iterator[Setting | Skipped]:
    """Read the settings that a rule speaks of; others come without name and value. Raises BreachkitError, OSError."""
    label = shown(path, root)
    for line in read_lines(read_sheet(path)):
        source = Locus(label, line.offset, line.number)
        found = None if line.text is None else _LINE.fullmatch(line.text.rstrip())
        if line.text is None or (found is None and line.text.strip()):
            yield Skipped(OVERLONG if line.text is None else NO_SETTING, source)
        elif found is not None and found[1] is not None:
            is_known = found[1] in _KNOWN
            yield Setting(found[1] if is_known else "", (found[2] or "").strip() if is_known else "", source)


def system_of(_layout: Layout, _logs: Sequence[LogFile]) -> str | None:
    """Dovecot runs on systems with a shell; its lines are spelled once."""
    return "Linux"


GUIDE = Guide(read_settings, RULES, {}, _TEXT.advice, _TEXT.commands(), _TEXT.steps, system_of)
