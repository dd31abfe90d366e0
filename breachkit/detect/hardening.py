"""Which settings left the door open?"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.advice import VALUE, entries_of
from breachkit.detect.containment import incident_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from breachkit.advice import Bearing, Console, SettingRule
    from breachkit.detect.accounts.accusation import Accusation
    from breachkit.records import Locus, Setting
    from breachkit.servers import Guide

Status = Literal["fail", "advice", "unknown", "pass"]
STATUSES: tuple[Status, ...] = ("fail", "advice", "unknown", "pass")
"""Worst first: of several values of one setting (a limit of each domain) the worst counts."""

WIDE = 256
"""Addresses in one range from which on a list of trusted addresses is no list of few known ones."""

UNDO = "undo: "
"""What stands before the line that brings a list back: pasted with the others it must not run."""
SEVERAL = "Several values were read: take the wide entry out of the one that holds it, in the console."
UNWRITABLE = "No line is safe to write this value with: take the wide entry out in the console."

_ENTRY = re.compile(r"[^;,|\s]+(?:\s+-\s+[^;,|\s]+)?")
"""One entry of a list: an address, a network, or a range, perhaps with blanks around its dash."""
_WRITABLE = re.compile(r"(?!-)[A-Za-z0-9 @._/:=?#+,;-]*")
"""Values that are what they say between double quotes, to sh, cmd.exe and PowerShell alike, and are no option."""
_NUMBER = re.compile(r"(-?\d{1,15})\s*([A-Za-zàèìòù]*)\.?(?:\s.*)?")
_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "enabled", "si", "sì", "vero"), 1),
    **dict.fromkeys(("false", "no", "off", "disabled", "falso"), 0),
}
_MINUTES = {"s": 1 / 60, "m": 1.0, "h": 60.0, "o": 60.0, "d": 1440.0, "g": 1440.0}
"""By the first letter of a unit of time, English or Italian."""

_UNBOUND = 1 << 128


class JudgedSetting(NamedTuple):
    """One setting against its rule."""

    name: str
    value: str | None
    recommended: str
    status: Status
    why: str
    fix: str
    """The lines that mend it, or what to do where there are none."""
    console: Console | None
    """Where it stands in the administrator's console, where that is known."""


class Hardening(NamedTuple):
    """The settings of a file against the guides."""

    judged: tuple[JudgedSetting, ...]
    others: int
    """How many settings no rule speaks of."""
    advice: Sequence[str]
    """What else should be done that no setting tells of."""
    sources: Mapping[str, Locus]
    """Where each setting was read."""


def hardening_of(settings: Sequence[Setting], guide: Guide, found: Accusation) -> Hardening:
    """Judge the settings of a file in the light of what happened."""
    known = [setting for setting in settings if setting.name]
    judged = judge_settings(known, guide.rules, incident_of(found))
    sources = {setting.name: setting.source for setting in known}
    return Hardening(judged, len(settings) - len(known), guide.advice, sources)


def judge_settings(
    settings: Iterable[Setting], rules: Sequence[SettingRule], incident: Mapping[Bearing, str]
) -> tuple[JudgedSetting, ...]:
    """Hold the settings against the rules: one row a rule, in the order of the rules.

    Args:
        settings: as read; one may occur several times.
        rules: what they should be.
        incident: what the evidence shows of an incident, by what a setting would have stopped.
    """
    values: dict[str, list[str]] = {}
    for setting in settings:
        values.setdefault(setting.name, []).append(setting.value)
    return tuple(_judge(rule, values.get(rule.name, []), incident) for rule in rules)


def _judge(rule: SettingRule, values: Sequence[str], incident: Mapping[Bearing, str]) -> JudgedSetting:
    value = min(values, key=lambda value: STATUSES.index(status_of(rule, value)), default=None)
    status = "unknown" if value is None else status_of(rule, value)
    seen = incident.get(rule.bearing) if rule.bearing is not None and status != "pass" else None
    why = rule.why if seen is None else f"{rule.why}; {seen}"
    fix = "\n".join(_mend(rule, values, status))
    return JudgedSetting(rule.name, value, rule.recommended, status, why, fix, rule.console)


def _mend(rule: SettingRule, values: Sequence[str], status: Status) -> list[str]:
    """List the lines that mend a setting; nothing that was not read is ever written over.

    A list is written as it was read, without the entries that are too wide, after the line that prints what it is now,
    and before the one that brings it back.
    """
    if status == "unknown":
        return [rule.look]
    if rule.kind != "addresses":
        return [rule.fix]
    if status != "fail":
        return [rule.look]
    if len(set(values)) > 1:
        return [rule.look, SEVERAL]
    value, kept = values[0], _without_wide(values[0])
    if kept == value or not (_WRITABLE.fullmatch(value) and _WRITABLE.fullmatch(kept)):
        return [rule.look, UNWRITABLE]
    new, old = (rule.fix.removesuffix(VALUE) + f'"{text}"' for text in (kept, value))
    return [rule.look, new, UNDO + old]


def _without_wide(value: str) -> str:
    """Leave out the entries of a list that are too wide; the others stay as read, and what stands between two."""
    entries = list(_ENTRY.finditer(value))
    between = value[entries[0].end() : entries[1].start()] if len(entries) > 1 else ""
    return between.join(entry[0] for entry in entries if _size("".join(entry[0].split())) <= WIDE)


def status_of(rule: SettingRule, value: str) -> Status:
    """Judge one value; what is no value of this kind is unknown."""
    if rule.kind == "addresses":
        return _status_of_addresses(value)
    if rule.kind in {"filled", "unlike", "holds"}:
        text = value.strip().lower()
        is_held = any(word in text for word in rule.words) if rule.kind == "holds" else text not in rule.words
        return "pass" if is_held and (text or rule.kind == "unlike") else "fail"
    number = number_of(value, rule.unit)
    if number is None:
        return "unknown"
    if rule.low <= number <= rule.high:
        return "pass"
    if rule.kind == "optional" or (rule.kind == "preferred" and number > 0):
        return "advice"
    return "fail"


def number_of(value: str, unit: str = "") -> float | None:
    """Read a number, with a unit or without, or a word for on and off; None for anything else."""
    text = value.strip().strip("\"'").lower()
    if text in _WORDS:
        return _WORDS[text]
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    number = float(found[1])
    return number * _MINUTES.get(found[2][:1], 1.0) if unit == "minutes" else number


def _status_of_addresses(value: str) -> Status:
    sizes = [_size(entry) for entry in entries_of(value)]
    if any(size > WIDE for size in sizes):
        return "fail"
    return "advice" if any(sizes) else "pass"


def _size(entry: str) -> int:
    """Count the addresses of an entry: an address, `/24`, `*`, or a range; 0 for the machine itself."""
    if entry in {"0", "::1", "localhost"} or entry.startswith("127."):
        return 0
    if entry.lower() in {"any", "all", "0/0"}:
        return _UNBOUND
    first, is_range, last = entry.partition("-")
    try:
        if is_range:
            return int(ipaddress.ip_address(last)) - int(ipaddress.ip_address(first)) + 1
        if "*" in entry:
            # `10.*` is `10.*.*.*`
            return int(256 ** (entry.count("*") + 3 - entry.count("."))) if "." in entry else _UNBOUND
        network = ipaddress.ip_network(entry, strict=False)
    except (ValueError, TypeError):
        return 1
    return _UNBOUND if not int(network.network_address) else network.num_addresses
