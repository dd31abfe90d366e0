"""The sentences of a case in the language of its reader, and the verdict in one of them.

English sentences are the keys. A sentence of ours with numbers or names in it is a pattern (`{n} of {of} messages`),
and a detector's finished sentence is recognised by the pattern that it was made of. What a language lacks stays
English.
"""

from __future__ import annotations

import re
import tomllib
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from breachkit.logs.facts import shows_logins
from breachkit.report.words import size

if TYPE_CHECKING:
    from breachkit.report.contract import Json

Language = Literal["en", "it"]

LONGEST = 2_000
"""Letters of a sentence that is looked up: detectors write none as long."""
A_WEEK = timedelta(days=6)
"""A weekday alone tells the day only within this much of the end of the evidence."""
NAMED = 5
"""Other accounts that the verdict names; the report has them all."""

_HOLE = re.compile(r"\{(\w+)\}")
_NAMES = {
    "en": """
        Monday Tuesday Wednesday Thursday Friday Saturday Sunday
        January February March April May June July August September October November December""",
    "it": """
        lunedì martedì mercoledì giovedì venerdì sabato domenica
        gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre""",
}
"""The days of a week, then the months of a year."""


@cache
def _catalogue(language: Language) -> dict[str, str]:
    if language == "en":
        return {}
    text = (files("breachkit.case") / "languages" / f"{language}.toml").read_text("utf-8")
    return {key: said for section in tomllib.loads(text).values() for key, said in section.items()}


@cache
def _patterns(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compile the keys with holes, the most telling (longest fixed text) first."""
    keys = sorted(filter(_HOLE.search, _catalogue(language)), key=lambda key: -len(_HOLE.sub("", key)))
    return tuple((_pattern(key), _catalogue(language)[key]) for key in keys)


def _pattern(key: str) -> re.Pattern[str]:
    pieces = _HOLE.split(key)
    return re.compile(
        "".join(f"(?P<{piece}>.+?)" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)), re.DOTALL
    )


def holes_of(sentence: str) -> dict[str, tuple[int, int]] | None:
    """Find the holes of a finished English sentence, by their names; None for one that is not known."""
    if len(sentence) <= LONGEST:
        for pattern, _ in _patterns("it"):  # its keys are the sentences that there are
            found = pattern.fullmatch(sentence)
            if found is not None:
                return {name: found.span(name) for name in pattern.groupindex}
    return None


class Phrases:
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

    def translated(self, sentence: str) -> str:
        """Say a detector's finished English sentence, parts joined by `; ` one by one."""
        if self.language == "en" or len(sentence) > LONGEST:
            return sentence
        whole = self._known(sentence)
        return whole or "; ".join(self._known(part) or part for part in sentence.split("; "))

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
        return self._decimals(text[:-1]) + " %" if re.fullmatch(r"\d+(\.\d+)?%", text) else text

    def number(self, number: int) -> str:
        """Spell a number: `4,812`, `4.812`."""
        return f"{number:,}".replace(",", ".") if self.language == "it" else f"{number:,}"

    def _decimals(self, text: str) -> str:
        return text.replace(".", ",") if self.language == "it" else text

    def percent(self, share: float) -> str:
        """Spell a share in whole per cent; a part is never said to be all, nor none."""
        rounded = round(share * 100)
        if rounded in {0, 100} and share * 100 != rounded:
            return self._decimals(f"{share * 100:.1f}") + " %"
        return f"{rounded} %"

    def moment(self, ts: str | None) -> str:
        """Spell a time of the findings with its weekday: `Fri 2026-11-20 02:14:05 +0100`."""
        if ts is None:
            return self.say("unknown")
        when = datetime.fromisoformat(ts)
        date = f"{when:%d/%m/%Y}" if self.language == "it" else f"{when:%Y-%m-%d}"
        return f"{self._day(when)[:3]} {date} {when:%H:%M:%S %z}"

    def plain(self, ts: str) -> str:
        """Spell a time for a letter: `Friday 20 November 2026, 08:46`."""
        when = datetime.fromisoformat(ts)
        return f"{self._day(when)} {when.day} {_NAMES[self.language].split()[6 + when.month]} {when:%Y, %H:%M}"

    def short(self, ts: str | None) -> str:
        """Spell a time for a table: `11-20 02:14`."""
        return "" if ts is None else datetime.fromisoformat(ts).strftime(self.pattern("%m-%d %H:%M"))

    def _day(self, when: datetime) -> str:
        return _NAMES[self.language].split()[when.weekday()]

    def size(self, number: int) -> str:
        """Spell a number of bytes: `3.4 MB`, `3,4 MB`."""
        return self._decimals(size(number))

    def verdict(self, findings: Json) -> str:
        """Say who, how much of the queue, entered when, from where, after what, and who else; real addresses."""
        accused = findings["accused"]
        if not accused:
            return self._nobody(findings)
        worst, parts = accused[0], []
        if worst["of_messages"]:
            sentence = "{share} of {n} queued messages"
            if findings["quarantined_messages"]:
                sentence = "{share} of {n} queued and purged messages"
            share, number = self.percent(worst["share"]), self.number(worst["of_messages"])
            parts.append(self.say(sentence, share=share, n=number))
        if worst["entry_ts"] is not None:
            parts.append(self._entered(findings, worst))
        elif findings["log_level"] == "none":
            parts.append(self.say("no logs tell how it was entered"))
        others = worst["also_entered"] or [one["account"] for one in accused[1:]]
        if others:
            names, more = ", ".join(others[:NAMED]), len(others) - NAMED
            names += " " + self.say("and {n} more", n=self.number(more)) if more > 0 else ""
            also = "also entered: {names}" if worst["also_entered"] else "also suspect: {names}"
            parts.append(self.say(also, names=names))
        return f"{worst['account']}, {self.say(worst['verdict'])}: {'; '.join(parts)}."

    def _nobody(self, findings: Json) -> str:
        """Say that no account is named, and of what that was said: it is good news only where logins can be seen."""
        number = self.number(findings["messages"])
        relays = [one for one in findings["find-account"]["unauthenticated"] if one["verdict"] != "clear"]
        if relays:
            names = ", ".join(one["client_ip"] for one in relays[:NAMED])
            sent = self.number(sum(one["messages"] for one in relays))
            sentence = (
                "No account is named, but {n} of {of} messages came from {names} without a login that can be read."
            )
            return self.say(sentence, n=sent, of=number, names=names)
        sentence = "No account looks compromised in the time that the logs show ({n} messages of the case)."
        if not shows_logins(str(findings["log_level"])):
            sentence = "Nobody was judged by logins: the logs show none ({n} messages of the case)."
        return self.say(sentence, n=number)

    def _entered(self, findings: Json, worst: Json) -> str:
        when, last = datetime.fromisoformat(worst["entry_ts"]), findings["log_last"]
        is_near = last is not None and datetime.fromisoformat(last) - when < A_WEEK
        spelled = f"{self._day(when)[:3]} {when:%H:%M}" if is_near else self.moment(worst["entry_ts"])[:-9]
        place = worst["entry_ip"] or self.say("unknown")
        if worst["entry_country"]:
            place += f" ({worst['entry_country']})"
        failures, addresses = worst["failures"], worst["failure_addresses"]
        if not failures:
            return self.say("entered {when} from {place} without a failure before", when=spelled, place=place)
        sentence = "entered {when} from {place} after {n} failures from {m} addresses"
        if addresses == 1:
            sentence = "entered {when} from {place} after {n} failures from one address"
        if failures == 1:
            sentence = "entered {when} from {place} after one failure"
        return self.say(sentence, when=spelled, place=place, n=self.number(failures), m=self.number(addresses))
