"""Cases of stories, made once for the tests that only look at them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran


@pytest.fixture
def findings_of(cli: Callable[..., Ran], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Investigate a root and give the findings; the case is `tmp_path / "case"`."""

    def investigate(root: Path, *words: str | Path, case: str = "case") -> dict[str, Any]:
        ran = cli("investigate", "--root", root, "-o", tmp_path / case, *words)
        assert ran.code in {0, 3}, ran.err
        findings: dict[str, Any] = json.loads((newest(tmp_path / case) / "findings.json").read_text("utf-8"))
        return findings

    return investigate


def newest(case: Path) -> Path:
    """Return the folder of the newest run."""
    later = sorted(case.glob("run-*"), key=lambda path: int(path.name.removeprefix("run-")))
    return later[-1] if later else case


@pytest.fixture
def guide_case(cli: Callable[..., Ran], tmp_path: Path) -> Path:
    """Investigate the guide's story for every reader."""
    ran = cli(
        *("investigate", "--root", story("guide"), "-o", tmp_path / "case"),
        *("--for", "responder", "--for", "owner", "--for", "authority"),
    )
    assert ran.code == 0
    return tmp_path / "case"
