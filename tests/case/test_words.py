"""Italian readers read Italian: no sentence of a page is missing, and no hole of one is lost."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from breachkit.case.pages import defang
from breachkit.case.phrases import Phrases
from breachkit.servers import Containment, load, names
from tests.evidence import STORIES, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

PLACE = files("breachkit.case")
ITALIAN: dict[str, str] = {}
for section in tomllib.loads((PLACE / "languages" / "it.toml").read_text("utf-8")).values():
    assert not set(section) & set(ITALIAN), "a sentence stands twice"
    ITALIAN |= section


def holes(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def test_every_sentence_of_the_templates_is_there() -> None:
    asked = set()
    for path in (PLACE / "templates").iterdir():
        if path.name.endswith(".html"):
            text = path.read_text("utf-8")
            asked |= set(re.findall(r'\bt\("([^"]*)"[,)]', text)) | set(re.findall(r"\bt\('([^']*)'[,)]", text))
    assert len(asked) > 150
    assert sorted(asked - set(ITALIAN)) == []


def test_no_hole_is_lost() -> None:
    assert {key: said for key, said in ITALIAN.items() if holes(said) - holes(key)} == {}
    # a name that a translation leaves out on purpose is a count of one
    lost = {key for key, said in ITALIAN.items() if holes(key) - holes(said)}
    assert all("more address" in key for key in lost)


@pytest.mark.parametrize("name", names())
def test_advice_of_a_server_is_there(name: str) -> None:
    guide, words = load(name).guide, Phrases("it")
    if guide is None:
        return
    for rule in guide.rules:
        assert words.translated(rule.why) != rule.why, rule.name
        # a number, or what the server itself calls on and off, is the same in every language
        is_value = re.fullmatch(r"\d+|yes|no|true|false", rule.recommended)
        assert is_value or words.translated(rule.recommended) != rule.recommended, rule.name
    left_behind = {"icewarp": ("forward", "rules")}.get(name, ())
    for left, attackers in ((None, 0), ((), 1), (left_behind, 12)):
        for step in guide.steps(Containment("anna@example.it", left, "G", "B", attackers)):
            for sentence in (step.title, step.what, step.side_effect, step.check):
                assert words.translated(sentence) != sentence, sentence


@pytest.mark.parametrize("name", ["distributed", "low-level", "newsletter", "spray", "guide", "imap-door", "log-gap"])
def test_every_claim_of_a_story_is_there(name: str, findings_of: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    assert name in STORIES
    build(name, tmp_path / "evidence", 77)
    findings = findings_of(tmp_path / "evidence", "--lang", "it")
    words = Phrases("it")
    said = [signal for account in findings["find-account"]["accounts"] for signal in account["signals"]]
    sentences = [signal["detail"] for signal in said] + [one["detail"] for one in findings["symptoms"]]
    sentences += [doubt for account in findings["find-account"]["accounts"] for doubt in account["doubts"]]
    sentences += [*findings["absent"].values(), *(row["reason"] for row in findings["skipped"])]
    assert sentences
    for sentence in sentences:
        assert words.translated(sentence) != sentence
    for name_of in {signal["name"] for signal in said} | {one["name"] for one in findings["symptoms"]}:
        assert name_of in ITALIAN
    for row in findings["proof"].values():
        assert row["title"] in ITALIAN


def test_numbers_shares_and_times_are_spelled_as_italians_do() -> None:
    words = Phrases("it")
    assert words.number(1234567) == "1.234.567"
    assert words.percent(0.999) == "99,9 %"
    assert words.percent(1.0) == "100 %"
    assert Phrases("en").percent(0.001) == "0.1 %"
    assert words.moment("2026-11-20T08:46:04+01:00") == "ven 20/11/2026 08:46:04 +0100"
    assert words.plain("2026-08-01T08:46:04+02:00") == "sabato 1 agosto 2026, 08:46"
    assert words.translated("holds 95.2% of the queue (1,190 messages)") == "ha 95,2 % della coda (1.190 messaggi)"


def test_a_hostile_sentence_does_not_hold_the_catalogue_up() -> None:
    assert Phrases("it").translated("and " * 5000) == "and " * 5000
    text = "{0} {name} {} " * 30
    assert Phrases("it").translated(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see http://evil.example/a.b?c", "see hxxp://evil[.]example/a.b?c"),
        ("HTTPS://Evil.Example", "hxxps://Evil[.]Example"),
        ("ftp://x.example", "fxp://x[.]example"),
        ("www.evil.example/x", "www[.]evil.example/x"),
        ("from 203.0.113.9, then", "from 203.0.113[.]9, then"),
        ("from 2001:db8::9 then", "from 2001:db8:[:]9 then"),
        ("at 08:46:04", "at 08:46:04"),
        ("version 10.3.1", "version 10.3.1"),
        ("pippo@gmail.com", "pippo[@]gmail[.]com"),
        ("anna@example.it", "anna@example.it"),
    ],
)
def test_addresses_and_links_in_prose_are_defanged(text: str, shown: str) -> None:
    own = frozenset({"anna@example.it"})
    assert defang(text, own) == shown
    assert defang(shown, own) == shown
