"""README and the pages of `breachkit docs` are true: their commands print what is shown, nothing is left out."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, get_args, get_type_hints

import pytest
import typer.main

from breachkit.cli import app
from breachkit.cli.docs import TOPICS, Topic
from breachkit.cli.output import Exit
from breachkit.detect.accounts.accusation import VerdictName
from breachkit.detect.campaigns.campaign import NoPurge
from tests.conftest import SLOW
from tests.schemas import reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = (ROOT / "README.md", *sorted((ROOT / "breachkit" / "docs").glob("*.md")))
BLOCK = re.compile(r"^```console\n\$ breachkit (.+)\n((?s:.*?))^```$", re.MULTILINE)
BLOCKS = [(page, *found) for page in PAGES for found in BLOCK.findall(page.read_text("utf-8"))]
AND_SO_ON = "…\n"
"""The last line of a block that shows the first lines of what a command prints."""
SLOW_PATHS = [f"tests/{name}" for name in SLOW]
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_there_are_blocks_to_compare() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize(("page", "words", "shown"), BLOCKS, ids=[f"{page.stem}-{words}" for page, words, _ in BLOCKS])
def test_a_command_prints_what_a_page_shows(
    page: Path,
    words: str,
    shown: str,
    cli: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    shutil.copytree(ROOT / "sample_queues", tmp_path / "sample_queues")
    monkeypatch.chdir(tmp_path)
    ran = cli(*shlex.split(words))
    assert ran.code == 0
    assert ran.err == "" or ran.err.startswith("custody: SHA-256 ")
    printed = ran.out
    if shown.endswith(AND_SO_ON):
        printed = "".join(printed.splitlines(keepends=True)[: shown.count("\n") - 1]) + AND_SO_ON
    if request.config.getoption("--update-snapshots"):
        text = page.read_text("utf-8").replace(f"$ breachkit {words}\n{shown}```", f"$ breachkit {words}\n{printed}```")
        page.write_text(text, "utf-8", newline="")
        shown = printed
    assert printed == shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_an_example(command: str, cli: Callable[..., Ran]) -> None:
    assert f"`{command}`" in README
    assert f"    breachkit {command}" in README
    ran = cli(command, "--help")
    assert f"Example: breachkit {command}" in " ".join(ran.out.split())


def test_the_table_of_exit_codes_is_the_codes() -> None:
    section = README.partition("### Exit codes")[2].partition("\n## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)] == [int(code) for code in Exit]


def test_the_gate_is_what_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    told = (ROOT / "tests" / "README.md").read_text("utf-8")
    gate = ("ruff format --check .", "ruff check .", "mypy", "lint-imports")
    assert all(f"    {check}\n" in told and f'"{check}"' in script for check in gate)
    named = [*re.findall(r"tests/[\w/]+(?:\.py)?", script.partition("first=(")[2].partition(")")[0]), *SLOW_PATHS]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 300


def test_every_topic_is_a_page_of_which_the_readme_tells() -> None:
    assert {page.stem for page in PAGES[1:]} == set(TOPICS)
    assert all(f"| `breachkit docs {topic}` |" in README for topic in TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_prints_its_page(topic: Topic, cli: Callable[..., Ran]) -> None:
    ran = cli("docs", topic)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (ROOT / "breachkit" / "docs" / f"{topic}.md").read_text("utf-8")


def test_the_page_on_verdicts_knows_every_word_of_an_answer() -> None:
    page = (ROOT / "breachkit" / "docs" / "verdicts.md").read_text("utf-8")
    source = "".join(file.read_text("utf-8") for file in (ROOT / "breachkit" / "detect" / "accounts").glob("*.py"))
    signals = set(re.findall(r'Signal\("([a-z-]+)"', source))
    entries, symptoms = (
        get_type_hints(kind)[key] for kind, key in ((reading.FoundAccount, "entry"), (reading.Symptom, "name"))
    )
    words = [get_args(VerdictName), get_args(NoPurge), get_args(get_args(entries)[0]), get_args(symptoms)]
    assert len(signals) > 10
    assert [word for word in (*signals, *(word for some in words for word in some)) if f"`{word}`" not in page] == []


def test_alone_it_lists_the_topics(cli: Callable[..., Ran]) -> None:
    ran = cli("docs")
    assert [line.split()[2] for line in ran.out.splitlines()] == [*TOPICS]
    assert "breachkit docs purge      Take messages out of the queue, and put them back\n" in ran.out


def test_a_topic_that_is_none_is_answered_with_those_there_are(cli: Callable[..., Ran]) -> None:
    ran = cli("docs", "purges")
    assert (ran.code, ran.out) == (2, "")
    assert all(f"'{topic}'" in ran.err for topic in TOPICS)
