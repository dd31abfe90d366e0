"""What many tests need: commands run in this process, golden files, evidence of one's own."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from breachkit.cli import run as run_cli

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).parents[1] / "sample_queues" / "icewarp"
SNAPSHOTS = Path(__file__).parent / "snapshots"


class Ran(NamedTuple):
    """The whole visible result of a command."""

    code: int
    out: str
    err: str


Cli = "Callable[..., Ran]"


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Ran]:
    """Run a command in this process, without a terminal, in Europe/Rome."""

    def run(*words: str | Path) -> Ran:
        named = [str(word) for word in words]
        if named and not named[0].startswith("-") and not {"--timezone", "--help", "docs"} & set(named):
            named += ["--timezone", "Europe/Rome"]
        monkeypatch.setattr(sys, "argv", ["breachkit", *named])
        code = run_cli()
        captured = capsysbinary.readouterr()
        return Ran(code, captured.out.decode("utf-8"), captured.err.decode("utf-8"))

    return run


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="Write golden files anew; read them afterwards.")


SLOW = frozenset(
    {
        "campaigns/test_bar.py",
        "case/test_browser.py",
        "case/test_words.py",
        "cli/test_memory.py",
        "cli/test_purge_processes.py",
        "cli/test_purge_property.py",
        "detect/test_stories.py",
        "nodes/test_workers.py",
        "purge/test_kill.py",
        "purge/test_search_property.py",
        "scale/test_verdicts.py",
        "servers/live/test_exim.py",
        "servers/live/test_postfix.py",
        "wild/test_wild.py",
    }
)
"""The files that take longest; `.ci/run --quick` leaves them out."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(Path(__file__).parent).as_posix() in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with its golden file."""

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if request.config.getoption("--update-snapshots"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        assert text == path.read_text(encoding="utf-8")

    return compare


def story(name: str) -> Path:
    """Return the root of a shipped story."""
    return SAMPLES / name
