"""The differential harness finds a planted difference, and only that."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.differential import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ASKED = ("--only", "^(scan|find-account) --format json", "--on", "sample-guide", "--stories")
THIS = f"{sys.executable} -m breachkit"


def test_a_planted_difference_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text(
        "import subprocess, sys\n"
        "ran = subprocess.run([sys.executable, '-m', 'breachkit', *sys.argv[1:]], capture_output=True)\n"
        "sys.stdout.buffer.write(ran.stdout.replace(b'\"compromised\"', b'\"suspect\"'))\n"
        "sys.stderr.buffer.write(ran.stderr)\n"
        "sys.exit(ran.returncode)\n",
        encoding="utf-8",
    )
    assert main(["--pinned", THIS, "--breachkit", f"{sys.executable} {planted}", *ASKED]) == 1
    out = capsys.readouterr().out
    assert "DIFFERS sample-guide: find-account --format json" in out
    assert '\n-   "verdict": "compromised",\n+   "verdict": "suspect",\n' in out
    assert out.rstrip().endswith("2 answers of 1 pieces of evidence compared, 1 differ")
