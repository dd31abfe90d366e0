"""Commands that take no time zone, run in this process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from breachkit.cli import run
from tests.conftest import Ran

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run a command with the words given and no others."""

    def call(*words: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["breachkit", *map(str, words)])
        return Ran(run(), *capsys.readouterr())

    return call
