"""How numbers, times, shares and places are spelled, and text of the evidence, every byte of which may be an attack.

Control characters (ANSI escapes begin with one), bidirectional overrides and lone surrogates become visible escapes
(`clean`); nothing else changes, and cleaning twice is cleaning once.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.micros import EPOCH

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from breachkit.records import Locus

THOUSAND = 1000


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Spell a number with its noun: `1 message`, `2,040 messages`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def percent(share: float) -> str:
    """Spell a share: `96.2 %`."""
    return f"{share * 100:.1f} %"


def of_the_queue(number: int, total: int, share: float) -> str:
    """Spell a part of the queue with what it is a part of: `119 of 125 queued messages (95.2 %)`."""
    return f"{number:,} of {count(total, 'queued message')} ({percent(share)})"


def moment(ts: datetime | None, zone: tzinfo) -> str:
    """Spell a time for people, with weekday and offset; `unknown` for None, and for the epoch: no clock was set."""
    return "unknown" if ts is None or ts == EPOCH else ts.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %z")


def stamp(ts: datetime | None, zone: tzinfo) -> str | None:
    """Spell a time for machines: ISO 8601 with offset and seconds, in the zone of the user; None as in `moment`."""
    return None if ts is None or ts == EPOCH else ts.astimezone(zone).isoformat(timespec="seconds")


def size(number: int) -> str:
    """Spell a number of bytes: `812 B`, `3.4 MB`."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < THOUSAND or unit == "TB":
            break
        amount /= THOUSAND
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def name_journal(run: str, journal: str, sha256: str) -> str:
    """Spell what belongs in the incident notes of a run."""
    return f"run {run}, journal {journal}, SHA-256 {sha256}"


def place(locus: Locus) -> str:
    """Spell where a fact stands: `logs/smtp/s20261120-00.log:57`."""
    return f"{locus.shown}:{locus.line}"


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that are never shown as they are: controls, formats (bidi, zero width), surrogates, line ends."""


_IGNORED = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Signs of other categories that take no room and are not seen (Unicode's `Default_Ignorable_Code_Point`)."""

_ODD = re.compile("[\x7f-\U0010ffff]+")


def escape_json(text: str) -> str:
    r"""Escape in a JSON text what a terminal or an editor would obey or hide; it parses to the same values.

    JSON itself wants that for U+0000 to U+001F only. `\u009b` begins an ANSI escape as ESC does, `\u202e` turns the
    direction of what follows, `\u200b` hides within a word. Outside its strings JSON has none of them.
    """
    return (
        text
        if text.isascii() and "\x7f" not in text
        else _ODD.sub(lambda found: "".join(map(_escaped, found[0])), text)
    )


@lru_cache(maxsize=4096)
def _escaped(sign: str) -> str:
    if unicodedata.category(sign) not in _HIDDEN and not _IGNORED.match(sign):
        return sign
    import json  # 5 ms, and hardly a text needs it

    return json.dumps(sign)[1:-1]


def clean(text: str) -> str:
    r"""Make text safe to print: `\x1b` and its like are spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(sign) if unicodedata.category(sign) in _HIDDEN else sign for sign in text)


def _spelled(sign: str) -> str:
    with suppress(UnicodeEncodeError):
        raw = sign.encode("utf-8", "surrogateescape")
        if len(raw) == 1:  # ASCII, or a byte that is no UTF-8, as the operating system hands it over
            return f"\\x{raw[0]:02x}"
    return sign.encode("ascii", "backslashreplace").decode()
