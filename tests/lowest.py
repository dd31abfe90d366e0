"""`python -m tests.lowest`: the lowest version of each dependency that pyproject.toml allows, as constraints for pip."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
for requirement in (*project["dependencies"], *project["optional-dependencies"]["cluster"]):
    name, _, bounds = requirement.partition(">=")
    sys.stdout.write(f"{name}=={bounds.partition(',')[0]}\n")
