"""Each test here runs again in namespaces of its own (`stage`), where it may start servers; it wants `tmp_path`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.servers.live import stage

pytest.register_assert_rewrite(
    *(f"tests.servers.live.{name}" for name in ("checks", "ending", "kills", "rounds", "troubles"))
)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if stage.is_inside():
        return None
    if (reason := stage.missing()) is not None:
        (pytest.fail if stage.PACKAGES in os.environ else pytest.skip)(reason)
    ran = stage.run_inside(pyfuncitem.nodeid, Path(str(pyfuncitem.funcargs["tmp_path"]), "inside"))
    if ran.returncode != 0:
        pytest.fail(ran.stdout + ran.stderr, pytrace=False)
    sys.stdout.write(ran.stdout)
    return True
