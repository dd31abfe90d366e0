"""The JSON Schemas in the package are those of the types, and what commands write is what they say."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import story
from tests.schemas import FOLDER, schemas, validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran


def test_the_published_schemas_are_made_of_the_types() -> None:
    """`python -m tests.schemas` writes them."""
    assert {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")} == schemas()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Copy the guide's story."""
    return shutil.copytree(story("guide"), tmp_path / "root")


def test_what_purge_restore_and_quarantine_write_follows_its_schema(root: Path, cli: Callable[..., Ran]) -> None:
    def run(*words: str) -> dict[str, object]:
        ran = cli(*words, "--root", root, "--format", "json")
        assert ran.code in {0, 3}, ran.err
        return validate(ran.out)

    plan = run("purge", "--all", "--everything", "--explain", "--dry-run")
    assert plan["planned"]
    done = run("purge", "--all", "--everything", "--yes")
    assert done["purged"] == plan["planned"]
    name = str(done["run"])
    runs = [run("quarantine", verb, *names)["runs"] for verb, names in (("list", ()), ("show", [name]), ("verify", ()))]
    assert all(rows and rows[0]["held"] == done["purged"] for rows in runs)  # type: ignore[index]
    assert run("restore", "--dry-run")["restored"] == done["purged"]
    assert run("restore", "--yes", "--only", "pippo")["restored"]
    assert run("quarantine", "drop", name, "--yes")["dropped"]


@pytest.mark.parametrize("command", ["scan", "group", "find-account", "weak-passwords", "contain", "trace", "harden"])
def test_what_a_reading_command_writes_follows_its_schema(command: str, root: Path, cli: Callable[..., Ran]) -> None:
    words = ["trace", "APV19131"] if command == "trace" else [command]
    if command == "harden":
        (root / "settings.txt").write_text("C_Accounts_Policies_Pass_MinLength: 4\n", "utf-8")
    ran = cli(*words, "--root", root, "--format", "json")
    assert ran.code in {0, 3}, ran.err
    assert validate(ran.out)["schema"] == f"breachkit.{command}/1"
