"""The pages of a case, made of its findings: the responder's report and the letters.

Every value of the evidence is text: Jinja2 escapes it, and control signs and bidirectional overrides are spelled out
before. Addresses and URLs in prose are spelled so that no program makes a link of them (`203.0.113[.]9`,
`hxxp://evil[.]example`); commands, files and indicators keep the real spelling. A page loads nothing and runs one
script, which its policy names by hash.
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
from breachkit.report.find_account_report import ENTRY_WORDS, FAILURE_WORDS, KIND_WORDS, WHY_WORDS
from breachkit.report.group_report import WHY
from breachkit.report.inputs import LEVEL_WORDS
from breachkit.report.weak_passwords_report import MEANINGS
from breachkit.report.words import clean
from breachkit.spelling import ip_of

if TYPE_CHECKING:
    from breachkit.case.phrases import Phrases
    from breachkit.report.contract import Json

LONGEST_TEXT = 300
"""Letters of one text of the evidence that a page shows."""

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

_LINE_END = re.compile(r"\r\n|\r|\n")
_URL = re.compile(r"\b(ht|f)tp(s?)://([^\s/?#<>\"']{1,253})", re.IGNORECASE)
_SCHEMES = {"ht": "hxxp", "f": "fxp"}
_WWW = re.compile(r"\bwww\.(?=[\w-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_MAIL = re.compile(r"(?<![\w.+%-])([\w.+%=~!#$&'*/?^`{|}-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


def defang(text: str, own: frozenset[str] = frozenset()) -> str:
    """Spell the addresses and URLs of a text harmlessly.

    Args:
        text: prose.
        own: mail addresses, lower case, that stay as they are: the accounts that the case is about.
    """
    text = _URL.sub(lambda found: f"{_SCHEMES[found[1].lower()]}{found[2].lower()}://{_dotted(found[3])}", text)
    text = _WWW.sub("www[.]", text)
    text = _MAIL.sub(lambda found: found[0] if found[0].lower() in own else f"{found[1]}[@]{_dotted(found[2])}", text)
    return _IPV6.sub(_colons, _IPV4.sub(r"\1[.]\2", text))


def _dotted(host: str) -> str:
    return host.replace("[.]", ".").replace(".", "[.]")


def _colons(found: re.Match[str]) -> str:
    return found[0] if ip_of(found[0]) is None else "[:]".join(found[0].rsplit(":", 1))


@cache
def _file(name: str) -> str:
    return (files("breachkit.case") / "templates" / name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _ours(text: str) -> Markup:
    """Mark our own style and script, and what Vega drew, whose texts it has escaped, as markup."""
    return Markup(text)  # noqa: S704


def _safe(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


class _PageWriter:
    """What the templates of one page call."""

    def __init__(self, findings: Json, words: Phrases) -> None:
        self._proof: Json = findings["proof"]
        self._words = words
        self._own = frozenset(str(account["account"]).lower() for account in findings["find-account"]["accounts"])
        self.used: dict[str, Json] = {}
        """Evidence that the page has a link to."""

    def t(self, sentence: str, **values: object) -> Markup:
        """Say a sentence of ours; text in its holes is escaped, a number with its link is not."""
        said = escape(clean(self._words.pattern(sentence)))
        return said.format(**{name: _safe(value) for name, value in values.items()}) if values else said

    def translated(self, sentence: str) -> str:
        """Say a detector's sentence, with its addresses defanged."""
        return self.prose(self._words.translated(sentence))

    def prose(self, text: object) -> str:
        """Show a text of the evidence in prose: defanged, and cut where it is too long."""
        return self.harmless(self.cut(text))

    def harmless(self, text: str) -> str:
        """Defang a text; the accounts that the case is about stay as they are."""
        return defang(text, self._own)

    def lines(self, text: str) -> Markup:
        """Show a text of several lines in prose; only the ends of lines stay as they are."""
        return self.several([self.prose(line) for line in _LINE_END.split(text)])

    def several(self, rows: list[Any]) -> Markup:
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
        return self.link(self._words.number(number), proof if number else None)

    def link(self, text: object, proof: str | None) -> Markup:
        """Make a text a link to its evidence."""
        if proof is None or proof not in self._proof:
            return escape(_safe(text))
        self.used[proof] = self._proof[proof]
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


def _render(name: str, findings: Json, words: Phrases, **more: object) -> str:
    page = _PageWriter(findings, words)
    style, script = _file("page.css"), _file("page.js")
    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_safe,
    )
    environment.filters.pop("safe")  # nothing of the evidence may ever be marked as markup in a template
    calls = ("t", "translated", "prose", "lines", "several", "opening", "cut", "num", "link", "more", "top")
    environment.globals.update({call: getattr(page, call) for call in calls}, words=words)
    return environment.get_template(name).render(
        f=findings,
        used=page.used,
        verdict=page.harmless(words.verdict(findings)),
        language=words.language,
        style=_ours(style),
        script=_ours(script),
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


def render_report(findings: Json, words: Phrases) -> str:
    """Render the responder's report."""
    drawings = [chart.draw_hours(findings, words, width) for width in (chart.WIDE, chart.NARROW)]
    wide, narrow = (None if one is None else _ours(one) for one in drawings)
    return _render("report.html", findings, words, wide=wide, narrow=narrow, chart_label=chart.label(findings, words))


def render_owner(findings: Json, words: Phrases, account: Json) -> str:
    """Render the letter to one account's owner; nothing of another account stands in it."""
    return _render("owner.html", findings, words, a=account)


def render_authority(findings: Json, words: Phrases) -> str:
    """Render the skeleton of the three notifications."""
    return _render("authority.html", findings, words)
