"""The pages of a case, made of its findings: the responder's report and the letters.

Every value of the evidence is text: Jinja2 escapes it, and control signs and bidirectional overrides are spelled out
before. The page loads nothing and runs one script, which its policy names by hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from breachkit.case import chart
from breachkit.case.defang import defang
from breachkit.case.verdict import verdict_line
from breachkit.report.attackers import FAILURE_WORDS, KIND_WORDS, WHY_WORDS
from breachkit.report.find_account import ENTRY_WORDS
from breachkit.report.group import WHY
from breachkit.report.inputs import LEVEL_WORDS
from breachkit.report.sanitize import clean
from breachkit.report.weak_passwords import MEANINGS

if TYPE_CHECKING:
    from breachkit.case.words import Words
    from breachkit.report.contract import Json

LONGEST_TEXT = 300
"""Letters of one text of the evidence that a page shows."""

_LINE_END = re.compile(r"\r\n|\r|\n")

CAPS = {
    "accused": 20,
    "relays": 20,
    "attackers": 50,
    "other_failures": 50,
    "places": 40,
    "also": 20,
    "campaigns": 20,
    "strings": 5,
    "names": 5,
    "weak": 200,
    "clear": 40,
    "hours": 72,
    "skipped": 40,
    "notes": 40,
    "purges": 50,
    "doubts": 40,
    "block": 20_000,
    "left_out": 40,
    "next": 20,
}
"""Rows of a table; what is left out is counted, and stands in findings.json."""


@cache
def _text(name: str) -> str:
    return (files("breachkit.case") / "templates" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class Book:
    """What the templates of one page call."""

    def __init__(self, findings: Json, words: Words) -> None:
        self._findings = findings
        self._words = words
        self._own = frozenset(str(account["account"]).lower() for account in findings["find-account"]["accounts"])
        self.used: dict[str, Json] = {}

    def t(self, sentence: str, **values: object) -> Markup:
        """Say a sentence of ours; text in its holes is escaped, a number with its link is not."""
        said = escape(clean(self._words.pattern(sentence)))
        return said.format(**{name: _safe(value) for name, value in values.items()}) if values else said

    def told(self, sentence: str) -> str:
        """Say a detector's sentence: translated, and its addresses defanged."""
        return self.prose(self._words.told(sentence))

    def prose(self, text: object) -> str:
        """Show a text of the evidence in prose: defanged, and cut where it is too long."""
        return defang(self.cut(text), self._own)

    def lines(self, text: str) -> Markup:
        """Show a text of several lines in prose; only the ends of lines stay as they are."""
        return Markup("\n").join(escape(clean(self.prose(line))) for line in _LINE_END.split(text))

    def several(self, rows: list[object]) -> Markup:
        """Show texts one a line, to be copied as they are: only the ends of lines between them are ours."""
        return Markup("\n").join(escape(clean(str(row))) for row in rows)

    def opening(self, text: str) -> str:
        """Begin a sentence with a capital."""
        return text[:1].upper() + text[1:]

    def cut(self, text: object, most: int = LONGEST_TEXT) -> str:
        """Show the beginning of a long text."""
        shown = str(text)
        return shown if len(shown) <= most else shown[:most] + "…"

    def num(self, number: int | None, proof: str | None = None) -> Markup:
        """Spell a number as a link to its evidence."""
        if number is None:
            return escape(self._words.say("unknown"))
        said = escape(self._words.number(number))
        if not number or proof is None or proof not in self._findings["proof"]:
            return said
        self.used[proof] = self._findings["proof"][proof]
        return Markup('<a class="n" href="#{}">{}</a>').format(proof, said)

    def link(self, text: object, proof: str | None) -> Markup:
        """Make a text a link to its evidence."""
        if proof is None or proof not in self._findings["proof"]:
            return escape(_safe(text))
        self.used[proof] = self._findings["proof"][proof]
        return Markup('<a class="n" href="#{}">{}</a>').format(proof, _safe(text))

    def more(self, rows: list[Any], kind: str, total: int | None = None) -> Markup:
        """Count what a table leaves out."""
        left = (len(rows) if total is None else total) - min(len(rows), CAPS[kind])
        if left <= 0:
            return Markup("")
        return Markup('<p class="more">{}</p>').format(self.t("{n} more in findings.json", n=self._words.number(left)))

    def top(self, rows: list[Any], kind: str) -> list[Any]:
        """Return the rows of a table that are shown."""
        return rows[: CAPS[kind]]


def _safe(value: object) -> object:
    return value if isinstance(value, Markup) else clean(str(value))


def _finalize(value: object) -> object:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return clean(value)


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters.pop("safe")  # nothing of the evidence may ever be marked as markup in a template
    return environment


def render_page(name: str, findings: Json, words: Words, **more: object) -> str:
    """Render one page: `report.html`, `owner.html` or `authority.html`."""
    book = Book(findings, words)
    style, script = _text("page.css"), _text("page.js")
    environment = _environment()
    environment.globals.update(t=book.t, told=book.told, prose=book.prose, cut=book.cut, num=book.num, link=book.link)
    environment.globals.update(lines=book.lines, several=book.several, opening=book.opening)
    environment.globals.update(more=book.more, top=book.top, words=words)
    return environment.get_template(name).render(
        f=findings,
        used=book.used,
        verdict=defang(verdict_line(findings, words), book._own),  # noqa: SLF001  its own maker
        language=words.language,
        style=Markup(style),  # noqa: S704  our own file
        script=Markup(script),  # noqa: S704  our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        entry_words=ENTRY_WORDS,
        level_words=LEVEL_WORDS,
        class_words=MEANINGS,
        why_words=WHY_WORDS,
        kept_words=WHY,
        kind_words=KIND_WORDS,
        failure_words=FAILURE_WORDS,
        weak_proof={row["account"]: row["proof"] for row in findings["weak_proof"]},
        **more,
    )


def render_report(findings: Json, words: Words) -> str:
    """Render the responder's report."""
    drawings = [chart.draw_hours(findings, words, width) for width in (chart.WIDE, chart.NARROW)]
    wide, narrow = (None if one is None else Markup(one) for one in drawings)  # noqa: S704  Vega escapes its texts
    return render_page(
        "report.html", findings, words, wide=wide, narrow=narrow, chart_label=chart.label(findings, words)
    )


def render_owner(findings: Json, words: Words, account: Json) -> str:
    """Render the letter to one account's owner; nothing of another account stands in it."""
    return render_page("owner.html", findings, words, a=account)


def render_authority(findings: Json, words: Words) -> str:
    """Render the skeleton of the three notifications."""
    return render_page("authority.html", findings, words)
