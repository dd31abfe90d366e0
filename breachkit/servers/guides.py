"""What the maker of a server advises, as data: `guide.toml` in the server's folder → rules and steps.

Its keys are those of `icewarp/guide.toml`, which says what they mean.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from breachkit.advice import Console, SettingRule, Step
from breachkit.files import OVERLONG, shown
from breachkit.records import Locus, Setting, Skipped
from breachkit.text.sheets import read_lines, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from breachkit.servers import Containment

_NO_LIMIT = 2**63
NO_SETTING = "line that is no setting"


def read_settings(
    path: Path, root: Path | None, known: Collection[str], told: Callable[[str], tuple[str, str] | None]
) -> Iterator[Setting | Skipped]:
    """Read settings of which each stands in a line. Raises BreachkitError, OSError.

    Args:
        path: what the server's own tool printed.
        root: what shown paths are relative to.
        known: the settings that a rule speaks of; others come without name and value.
        told: reads name and value in a line; no name where it holds nothing that counts, None where it is none.
    """
    label = shown(path, root)
    for line in read_lines(read_sheet(path)):
        source, text = Locus(label, line.offset, line.number), (line.text or "").rstrip()
        found = told(text) if text else ("", "")
        if line.text is None:
            yield Skipped(OVERLONG, source)
        elif found is None:
            yield Skipped(NO_SETTING, source)
        elif found[0]:
            yield Setting(*(found if found[0] in known else ("", "")), source)


class GuideText:
    """What stands in a guide."""

    def __init__(self, path: Path) -> None:
        """Read it. It is a file of breachkit, so it is there and as it should be."""
        with path.open("rb") as stream:
            self._said: dict[str, Any] = tomllib.load(stream)
        self.tools: Mapping[str, str] = self._said["tools"]
        self.advice: tuple[str, ...] = tuple(self._said["advice"])
        self.defaults: Mapping[str, str] = self._said.get("defaults", {})
        self._consoles = {
            name: Console(page["path"], names[0], page["it"], names[1] if len(names) > 1 else None)
            for page in self._said.get("console", ())
            for name, names in page["names"].items()
        }
        self.policy = {name.lower(): row["policy"] for name, row in self._said["settings"].items() if "policy" in row}

    def _line(self, purpose: str, name: str, **values: str) -> str:
        line: str = self._said["lines"][purpose]
        scopes: Mapping[str, str] = self._said.get("scopes", {})
        return line.format(scope=scopes.get(name[0], ""), name=name, **values)

    def rules(self) -> tuple[SettingRule, ...]:
        """Make the rules: a number (`is`) is a switch, which `set` spells where the server takes no number."""
        return tuple(self._rule(name, row) for name, row in self._said["settings"].items())

    def _rule(self, name: str, row: Mapping[str, Any]) -> SettingRule:
        is_switch = "is" in row
        value = str(row.get("set", row["is"])) if is_switch else row["set"]
        low, high = (
            (row["is"], row["is"])
            if is_switch
            else (row.get("low", 0), row.get("high", _NO_LIMIT if "low" in row else 0))
        )
        return SettingRule(
            name=name,
            kind="exactly" if is_switch else row["kind"],
            low=low,
            high=high,
            recommended=value if is_switch else row["recommended"],
            why=row["why"],
            fix=row.get("fix") or self._line("fix", name, value=value),
            bearing=row.get("bearing"),
            unit=row.get("unit", ""),
            spellings=tuple(row.get("also", ())),
            words=tuple(row.get("words", ())),
            look=self._line("look", name),
            console=self._consoles.get(name),
        )

    def commands(self) -> dict[str, tuple[str, ...]]:
        """Make the lines that print the settings: one a setting, since a name that a version does not know fails."""
        return {
            system: tuple(self._line("collect", name, tool=tool) for name in self._said["settings"])
            for system, tool in self.tools.items()
        }

    def steps(self, known: Containment) -> tuple[Step, ...]:
        """Make the steps that contain an account, for its operating system; for each in turn where it is unknown."""
        kinds: Mapping[str, tuple[str, str]] = self._said["left_behind"]
        values = {
            "account": f'"{known.account}"',
            "group": known.group_command or "",
            "block": known.block_command if known.attackers else "",
            "attackers": _attacked(known.attackers),
            "properties": " ".join(properties for properties, _ in kinds.values()),
            "found": _found([kinds[left][1] for left in known.left_behind] if known.left_behind is not None else None),
        }
        each = [name for left in known.left_behind or () for name in kinds[left][0].split()]
        return tuple(
            Step(
                **{key: text.format(**values) for key, text in step.items() if key != "commands"},
                commands=tuple(self._spelled(step["commands"], values, each, known.system)),
            )
            for step in self._said["steps"]
        )

    def _spelled(
        self, lines: Iterable[str], values: Mapping[str, str], each: Sequence[str], system: str | None
    ) -> Iterator[str]:
        """Spell command lines: those of each operating system together, then those that are the same on all."""
        rows = [line.replace("{each}", one) for line in lines for one in (each if "{each}" in line else [""])]
        for name, tool in self.tools.items():
            for row in rows if system in {None, name} else ():
                if "{tool}" in row:
                    yield row.format(**values, tool=tool)
                elif row.startswith(f"{name}: "):
                    yield row.removeprefix(f"{name}: ")
        marks = ("{tool}", *(f"{name}: " for name in self.tools))
        yield from filter(None, (row.format(**values) for row in rows if not row.startswith(marks)))


def _found(said: Sequence[str] | None) -> str:
    if said is None:
        return "The export does not tell; look at each of them."
    return f"In the export it {', '.join(said)}." if said else "In the export none of them is set."


def _attacked(number: int) -> str:
    return "One address attacked" if number == 1 else f"{number or 'No'} addresses attacked"
