"""What a start may cost: modules that a command does not need are not imported."""

from __future__ import annotations

import json
import subprocess
import sys
from inspect import getdoc
from typing import TYPE_CHECKING

import pytest
import typer

from breachkit.cli import SUMMARIES, callback_of
from tests.conftest import story

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = frozenset({"pandas", "numpy", "pydivsufsort", "ahocorasick_rs", "rich", "bcrypt", "zxcvbn"})
"""Each takes from 40 to 330 ms."""


def imported(*words: str | Path, code: int = 0) -> set[str]:
    """Run a command in a process of its own and list the modules it has imported by its end."""
    lines = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: sys.stderr.write('\\n' + json.dumps(sorted(sys.modules))))\n"
        "from breachkit.__main__ import main\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", lines, *map(str, words)], capture_output=True, check=False)
    assert ran.returncode == code, ran.stderr.decode()
    return set(json.loads(ran.stderr.splitlines()[-1]))


def test_the_version_is_told_before_anything_else_is_imported() -> None:
    assert {name for name in imported("--version") if name.startswith("breachkit")} == {
        "breachkit",
        "breachkit.__main__",
    }


@pytest.mark.parametrize("words", [["--help"], ["-h"], []])
def test_help_imports_no_command(words: list[str]) -> None:
    modules = imported(*words, code=0 if words else 2)
    assert not modules & (HEAVY | {"tqdm", "regex", "email"})
    assert {name for name in modules if name.startswith("breachkit.") and not name.startswith("breachkit.cli")} <= {
        "breachkit.__main__",
        "breachkit.errors",
    }


@pytest.mark.parametrize("name", ["scan", "purge", "restore", "weak-passwords", "quarantine"])
def test_a_wrong_option_is_answered_before_the_work_of_a_command_is_imported(name: str) -> None:
    modules = imported(name, "--wrong", code=2)
    assert not modules & (HEAVY | {"tqdm", "regex", "breachkit.servers", "breachkit.evidence.where"})


def test_a_page_is_printed_by_a_start_that_loads_no_reader() -> None:
    modules = imported("docs", "purge")
    assert not modules & (HEAVY | {"tqdm", "regex", "email", "breachkit.servers", "breachkit.evidence"})


def test_purge_and_restore_join_nothing_and_need_no_tables(tmp_path: Path) -> None:
    queue = tmp_path / "mail" / "_outgoing"
    queue.mkdir(parents=True)
    (queue / "one.tmp").write_bytes((next((story("guide") / "mail" / "_outgoing").glob("*.*"))).read_bytes())
    (queue / "two.tmp").write_bytes(b"LocalSender: anna@example.it\r\n\r\nSubject: kept\r\n\r\nkept\r\n")
    purged = imported("purge", "LocalSender", "--queue", queue, "--yes", "--everything", "--format", "json")
    restored = imported("restore", "--queue", queue, "--yes", "--format", "json")
    unwanted = HEAVY | {"email", "regex", "breachkit.servers.icewarp.smtplog"}
    assert not purged & unwanted
    assert not restored & unwanted


def test_a_dry_run_loads_nothing_that_moves_or_hashes_messages(tmp_path: Path) -> None:
    (tmp_path / "one.tmp").write_bytes(b"Subject: sought\r\n\r\nwords\r\n")
    (tmp_path / "two.tmp").write_bytes(b"Subject: kept\r\n\r\nwords\r\n")
    modules = imported("purge", "sought", "--queue", tmp_path, "--dry-run", "--format", "json")
    assert not modules & (HEAVY | {"breachkit.purge.moves", "hashlib", "gzip", "csv", "regex"})


@pytest.mark.parametrize("name", SUMMARIES)
def test_the_list_of_commands_says_what_each_command_says(name: str) -> None:
    found = callback_of(name)
    said = found.info.help if isinstance(found, typer.Typer) else getdoc(found)
    assert SUMMARIES[name] == str(said).splitlines()[0]
