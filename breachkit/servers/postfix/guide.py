"""What is advised for Postfix (`guide.toml`), and its settings as `postconf` prints them: `name = value` a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.files import shown
from breachkit.records import Locus, Setting
from breachkit.servers import Guide, guides
from breachkit.servers.guides import GuideText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.logs.kinds import LogFile
    from breachkit.records import Skipped
    from breachkit.servers import Layout

_TEXT = GuideText(Path(__file__).with_name("guide.toml"))
RULES = _TEXT.rules()

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
    names: set[str] = set()

    def told(text: str) -> tuple[str, str] | None:
        found = _LINE.fullmatch(text.lstrip())
        if found is None:
            return ("", "") if text.lstrip().startswith(("#", "postconf: warning")) else None
        names.add(found[1])
        return found[1], (found[2] or "").strip()

    yield from guides.read_settings(path, root, _KNOWN, told)
    if names & _KNOWN and names & _OF_MAIN_CF:
        for name in sorted(_TEXT.defaults.keys() - names):
            yield Setting(name, _TEXT.defaults[name], Locus(shown(path, root), 0, 1))


def system_of(_layout: Layout, _logs: Sequence[LogFile]) -> str | None:
    """Postfix runs on systems with a shell; its lines are spelled once."""
    return "Linux"


GUIDE = Guide(read_settings, RULES, {}, _TEXT.advice, _TEXT.commands(), _TEXT.steps, system_of)
