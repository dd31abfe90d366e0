"""What some tests need of the machine: a browser, and packages of npm. Where the gate runs, they must be there."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

MUST = "BREACHKIT_TEST_BROWSER"
"""Set to `required` by `.ci/run`: what is missing is a failure then, else the test is skipped with the reason."""

PLACES = (Path(__file__).parents[2] / ".npm", Path(__file__).parents[2])


def _missing(what: str) -> None:
    if os.environ.get(MUST) == "required":
        pytest.fail(what)
    pytest.skip(what)


def need(package: str) -> Path:
    """Return the folder of an npm package, and make sure that node is there where it is wanted."""
    named = os.environ.get("BREACHKIT_TEST_NPM")
    for place in ([Path(named)] if named else []) + list(PLACES):
        folder = place / "node_modules" / package
        if folder.is_dir():
            if package.startswith("@") and shutil.which("node") is None:
                _missing("node is not installed")
            return folder
    _missing(f"the npm package {package} is not installed (npm install --prefix .npm {package})")
    raise AssertionError


def browser() -> str:
    """Return the path of Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        _missing("Chromium is not installed (apt-get install chromium)")
    return str(found)
