"""The words of a case in the language of its reader.

English sentences are the keys. A sentence of ours with numbers or names in it is a pattern (`{n} of {of} messages`),
and a detector's finished sentence is recognised by the pattern that it was made of.
What a language lacks stays English.
"""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["en", "it"]

_HOLE = re.compile(r"\{(\w+)\}")
LONGEST = 2_000
"""Letters of a sentence that is looked up: detectors write none as long."""
DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "it": ("lun", "mar", "mer", "gio", "ven", "sab", "dom"),
}

WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
}
MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
    "it": (
        *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio"),
        *("agosto", "settembre", "ottobre", "novembre", "dicembre"),
    ),
}


@cache
def _catalogue(language: Language) -> dict[str, str]:
    if language == "en":
        return {}
    text = (files("breachkit.case") / "languages" / f"{language}.toml").read_text("utf-8")
    sentences: dict[str, str] = {}
    for section in tomllib.loads(text).values():
        sentences |= section
    return sentences


@cache
def _patterns(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compile the keys with holes, the most telling (longest fixed text) first."""
    keys = sorted(
        (key for key in _catalogue(language) if _HOLE.search(key)),
        key=lambda key: -len(_HOLE.sub("", key)),
    )
    return tuple((_pattern(key), _catalogue(language)[key]) for key in keys)


def _pattern(key: str) -> re.Pattern[str]:
    pieces = _HOLE.split(key)
    return re.compile(
        "".join(f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)), re.DOTALL
    )


def holes_of(sentence: str) -> dict[str, tuple[int, int]] | None:
    """Tell where the holes of a finished English sentence are, by their names; None for one that is not known."""
    if len(sentence) <= LONGEST:
        for pattern, _ in _patterns("it"):  # its keys are the sentences that there are
            found = pattern.fullmatch(sentence)
            if found is not None:
                return {name: found.span(name) for name in pattern.groupindex}
    return None


class Words:
    """How one language says things."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, sentence: str, **values: object) -> str:
        """Say a sentence of ours; `values` fill its holes."""
        said = self.pattern(sentence)
        return said.format(**values) if values else said

    def pattern(self, sentence: str) -> str:
        """Return a sentence of ours with its holes."""
        return _catalogue(self.language).get(sentence, sentence)

    def told(self, sentence: str) -> str:
        """Say a detector's finished English sentence, parts joined by `; ` one by one."""
        if self.language == "en" or len(sentence) > LONGEST:
            return sentence
        whole = self._known(sentence)
        if whole is not None:
            return whole
        parts = sentence.split("; ")
        return "; ".join(self._known(part) or part for part in parts)

    def _known(self, sentence: str) -> str | None:
        known = _catalogue(self.language).get(sentence)
        if known is not None:
            return known
        for pattern, said in _patterns(self.language):
            found = pattern.fullmatch(sentence)
            if found is not None:
                return said.format(**{name: self._piece(text) for name, text in found.groupdict().items()})
        return None

    def _piece(self, text: str) -> str:
        """Spell what stood in an English sentence: a sentence of its own, a number, or a name."""
        known = _catalogue(self.language).get(text)
        if known is not None:
            return known
        if re.fullmatch(r"\d{1,3}(,\d{3})+", text):
            return self.number(int(text.replace(",", "")))
        if re.fullmatch(r"\d+(\.\d+)?%", text):
            return self.decimals(text[:-1]) + " %"
        return text

    def number(self, number: int) -> str:
        """Spell a number: `4,812`, `4.812`."""
        spelled = f"{number:,}"
        return spelled.replace(",", ".") if self.language == "it" else spelled

    def decimals(self, text: str) -> str:
        """Spell a number with decimals: `9.5`, `9,5`."""
        return text.replace(".", ",") if self.language == "it" else text

    def percent(self, share: float) -> str:
        """Spell a share in whole per cent; a part is never said to be all, nor none."""
        rounded = round(share * 100)
        if (rounded == 100 and share < 1) or (rounded == 0 and share > 0):  # noqa: PLR2004
            return self.decimals(f"{share * 100:.1f}") + " %"
        return f"{rounded} %"

    def moment(self, ts: str | None) -> str:
        """Spell a time of the findings with its weekday: `Fri 2026-11-20 02:14:05 +0100`."""
        if ts is None:
            return self.say("unknown")
        when = datetime.fromisoformat(ts)
        date = f"{when:%d/%m/%Y}" if self.language == "it" else f"{when:%Y-%m-%d}"
        return f"{self.day(when)} {date} {when:%H:%M:%S %z}"

    def plain(self, ts: str) -> str:
        """Spell a time for a letter: `Friday 20 November 2026, 08:46`."""
        when = datetime.fromisoformat(ts)
        day, month = WEEKDAYS[self.language][when.weekday()], MONTHS[self.language][when.month - 1]
        return f"{day} {when.day} {month} {when:%Y, %H:%M}"

    def short(self, ts: str | None) -> str:
        """Spell a time for a table: `11-20 02:14`."""
        return "" if ts is None else datetime.fromisoformat(ts).strftime(self.pattern("%m-%d %H:%M"))

    def day(self, when: datetime) -> str:
        """Name the day of the week."""
        return DAYS[self.language][when.weekday()]

    def size(self, number: int) -> str:
        """Spell a number of bytes: `3.4 MB`, `3,4 MB`."""
        amount = float(number)
        for unit in ("B", "kB", "MB"):
            if amount < 1000:  # noqa: PLR2004
                return f"{amount:.0f} {unit}" if unit == "B" else self.decimals(f"{amount:.1f}") + f" {unit}"
            amount /= 1000
        return self.decimals(f"{amount:.1f}") + " GB"
