"""What is advised for Postfix (`guide.toml`), and its settings as `postconf` prints them: `name = value` a line."""

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
_OF_MAIN_CF = frozenset(
    {
        *("alias_database", "alias_maps", "compatibility_level", "daemon_directory", "inet_interfaces"),
        *("inet_protocols", "mail_owner", "mydestination", "myhostname", "myorigin", "queue_directory", "relayhost"),
    }
)
"""Settings that no rule speaks of, of which each main.cf has some: its installation writes them (`post-install`,
Debian's `main.cf.debian`). Dovecot, whose settings may stand in the same file, has none of these names."""
_LINE = re.compile(r"([A-Za-z][\w-]*) =(?: (.*))?", re.DOTALL)


def read_settings(path: Path, root: Path | None) -> Iterator[Setting | Skipped]:
    """Read the settings that a rule speaks of; others come without name and value. Raises BreachkitError, OSError.

    Where those of each main.cf are in it too, it is not a few lines asked for but the output of `postconf -n`: what it
    leaves out has its default.
    """
    label = shown(path, root)
    names: set[str] = set()
    for line in read_lines(read_sheet(path)):
        source = Locus(label, line.offset, line.number)
        text = None if line.text is None else line.text.strip()
        found = _LINE.fullmatch(text) if text else None
        if found is not None:
            names.add(found[1])
            is_known = found[1] in _KNOWN
            yield Setting(found[1] if is_known else "", (found[2] or "").strip() if is_known else "", source)
        elif text is None:
            yield Skipped(OVERLONG, source)
        elif text and not text.startswith(("#", "postconf: warning")):
            yield Skipped(NO_SETTING, source)
    if names & _KNOWN and names & _OF_MAIN_CF:
        for name in sorted(_TEXT.defaults.keys() - names):
            yield Setting(name, _TEXT.defaults[name], Locus(label, 0, 1))


def system_of(_layout: Layout, _logs: Sequence[LogFile]) -> str | None:
    """Postfix runs on systems with a shell; its lines are spelled once."""
    return "Linux"


GUIDE = Guide(read_settings, RULES, {}, _TEXT.advice, _TEXT.commands(), _TEXT.steps, system_of)
