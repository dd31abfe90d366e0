"""The README is true: its commands run as shown, every command and exit code is documented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer.main

from breachkit.cli import app
from breachkit.cli.output import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```console\n\$ breachkit (.+)\n((?s:.*?))^```$", README, re.MULTILINE)
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_there_are_blocks_to_compare() -> None:
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize(("words", "shown"), BLOCKS, ids=[words.split()[0] for words, _ in BLOCKS])
def test_a_command_prints_what_the_readme_shows(
    words: str, shown: str, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    ran = cli(*words.split())
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented_with_an_example(command: str, cli: Callable[..., Ran]) -> None:
    assert f"`{command}" in README
    assert f"breachkit {command}" in README
    ran = cli(command, "--help")
    assert f"Example: breachkit {command}" in " ".join(ran.out.split())


def test_the_table_of_exit_codes_is_the_codes() -> None:
    section = README.partition("### Exit codes")[2].partition("\n## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)] == [int(code) for code in Exit]


def test_the_gate_is_what_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    gate = ("ruff format --check .", "ruff check .", "mypy", "lint-imports")
    assert all(f"    {check}\n" in README and f'"{check}"' in script for check in gate)
