"""A file of accounts that merely lies in the root stops nobody; one that was named is asked about."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

COMMANDS = {
    "find-account": ["find-account"],
    "contain": ["contain", "user@example.it"],
    "trace": ["trace", "user@example.it", "--limit", "1"],
    "group": ["group"],
    "harden": ["harden", "settings.txt"],
    "investigate": ["investigate", "-o", "case"],
}
WHY = {
    "workbook": "users.csv is a workbook or archive, not a table of text",
    "words": "the columns of ",
    "folder": "users.csv cannot be read (it is no regular file)",
    "link": "users.csv cannot be read (No such file or directory)",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "root"
    shutil.copytree(story("guide"), folder)
    (folder / "users.csv").unlink()
    (tmp_path / "settings.txt").write_text("C_Mail_Security_Relay_RelayMode: 1\n")
    monkeypatch.chdir(tmp_path)
    return folder


def lay(kind: str, path: Path) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("nowhere.csv")
    else:
        path.write_bytes({"workbook": b"PK\x03\x04rest", "words": b"some words\nand, more\n"}[kind])


@pytest.mark.parametrize("kind", WHY)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_accounts_in_the_root_that_cannot_be_read_is_a_note(
    command: str, kind: str, root: Path, cli: Callable[..., Ran]
) -> None:
    lay(kind, root / "users.csv")
    ran = cli(*COMMANDS[command], "--root", root, "--format", "json")
    assert ran.code in {0, 3}, ran.err
    notes = json.loads(ran.out)["inputs"]["notes"]
    assert [
        note for note in notes if note.startswith("bare names and aliases are not resolved: ") and WHY[kind] in note
    ]


@pytest.mark.parametrize("kind", WHY)
@pytest.mark.parametrize("command", ["find-account", "contain", "investigate"])
def test_a_file_of_accounts_that_was_named_is_asked_about(
    command: str, kind: str, root: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    lay(kind, tmp_path / "users.csv")
    ran = cli(*COMMANDS[command], "--root", root, "--accounts", tmp_path / "users.csv")
    assert (ran.code, ran.out) == (1, "")
    assert len([line for line in ran.err.splitlines() if not line.startswith("custody: ")]) == 1


TIE = "user@example.it;0;0;user;ordini;hunter2\nanna@example.it;0;0;anna;a.rossi;tiger9\n"


def test_what_is_certain_of_a_file_of_accounts_is_used_and_the_rest_is_said(
    root: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    (root / "users.csv").write_text(TIE)
    beside = cli("find-account", "--root", root, "--format", "json")
    assert beside.code == 0
    said = "column that may hold aliases or passwords: name it with --columns"
    assert f"aliases in users.csv are not resolved: {said}" in json.loads(beside.out)["inputs"]["notes"]
    assert json.loads(beside.out)["accounts"][0]["account"] == "user@example.it"
    (tmp_path / "named.csv").write_text(TIE)
    named = cli("find-account", "--root", root, "--accounts", tmp_path / "named.csv", "--format", "json")
    assert named.code == 3
    assert [row["reason"] for row in json.loads(named.out)["skipped"]] == [said]
    asked = cli("weak-passwords", "--root", root)
    assert (asked.code, asked.out) == (1, "")
    assert "(its first row holds: address, number, number, text, text, text)" in asked.err
    for ran in (beside, named, asked):
        assert "hunter2" not in ran.out + ran.err
