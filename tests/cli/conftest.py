"""Commands run in this process, and a queue of nine messages."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from breachkit.cli import run
from tests.cli.typed import Ended
from tests.purge.harness import HAM, SPAM, make_messages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(name="breach")
def breach_in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    monkeypatch.delenv("BREACHKIT_ROOT", raising=False)

    def call(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["breachkit", *map(str, words)])
        code = run()
        return Ended(code, *capsys.readouterr())

    return call


@pytest.fixture(name="queue")
def queue_of_nine(tmp_path: Path) -> Path:
    make_messages(tmp_path / "_outgoing", [SPAM + b"%d" % number for number in range(6)] + [HAM] * 3)
    return tmp_path / "_outgoing"
