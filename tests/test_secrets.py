"""A canary password goes through every command and comes out of none."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.conftest import story
from tests.evidence import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

CANARY = "c4n4ry"
FORMS = ("text", "json")


def traces_of_base64(raw: str) -> set[str]:
    """Spell the canary as it stands inside base64, at each of its three alignments."""
    found = set()
    for lead in range(3):
        text = base64.b64encode(b"\0" * lead + raw.encode() + b"\0\0").decode()
        start = (lead * 8 + 5) // 6
        found.add(text[start : start + (len(raw) * 8) // 6 - 1])
    return found


def assert_clean(text: str) -> None:
    assert CANARY not in text.lower()
    for spelled in traces_of_base64(CANARY):
        assert spelled not in text


def commands(root: Path) -> list[list[str]]:
    first = ["scan", "find-account"]
    wanted = ["anna@example.it", "user@example.it", "sara@example.it", "203.0.113.9"]
    return [[name, "--root", str(root)] for name in first] + [
        ["trace", word, "--root", str(root), "--limit", "0"] for word in wanted
    ]


@pytest.mark.parametrize("name", ["brute-force", "two-accounts", "mixed-forms", "imap-door", "hostile-text", "spray"])
def test_no_command_lets_a_secret_out(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / name
    build(name, root, 5)
    logs = b"".join(path.read_bytes() for path in (root / "logs").rglob("*.log")).decode("latin-1")
    assert any(spelled in logs for spelled in traces_of_base64(CANARY)) or CANARY in logs
    for words in commands(root):
        for form in FORMS:
            ran = cli(*words, "--format", form)
            assert ran.code in {0, 1}
            assert_clean(ran.out)
            assert_clean(ran.err)


@pytest.mark.parametrize("name", ["mixed-forms", "imap-door", "hostile-text", "spray"])
@pytest.mark.parametrize("redact", [False, True])
def test_no_file_of_a_case_holds_a_secret(name: str, redact: bool, cli: Callable[..., Ran], tmp_path: Path) -> None:
    build(name, tmp_path / "evidence", 5)
    words = [
        "investigate",
        "--root",
        tmp_path / "evidence",
        "--for",
        "responder",
        "--for",
        "owner",
        "--for",
        "authority",
    ]
    words += ["--redact"] if redact else []
    ran = cli(*words, "-o", tmp_path / "case")
    assert ran.code in {0, 3}
    assert_clean(ran.out + ran.err)
    files = [path for path in (tmp_path / "case").rglob("*") if path.is_file()]
    assert len(files) >= 10
    for path in files:
        assert_clean(path.read_text("utf-8"))
    assert_clean(cli(*words, "--format", "ecs").out)


def test_not_even_a_hash_is_in_the_shipped_findings(cli: Callable[..., Ran]) -> None:
    out = cli("find-account", "--root", story("guide"), "--format", "json").out
    for kind in ("md5", "sha1", "sha256"):
        assert hashlib.new(kind, b"user", usedforsecurity=False).hexdigest() not in out
    assert json.loads(out)["accounts"][0]["weak_password"] == "equals-username"


def test_a_crash_shows_no_locals(tmp_path: Path) -> None:
    import subprocess
    import sys

    secret = base64.b64encode(f"\0anna@example.it\0{CANARY}".encode()).decode()
    log = tmp_path / "logs" / "s20261120-00.log"
    log.parent.mkdir()
    log.write_text(
        f"203.0.113.9     [15C0] 08:00:00 <<< AUTH PLAIN {secret}\n203.0.113.9     [15C0] 08:00:00 >>> 235 ok\n"
    )
    code = (
        "import sys, breachkit.text.sasl as sasl\n"
        "def broken(self, password): local = password.reveal(); raise AttributeError('a bug')\n"
        "sasl.Fingerprints.of_password = broken\n"
        f"sys.argv = ['breachkit', 'find-account', '--root', {str(tmp_path)!r}]\n"
        "from breachkit.cli import run\n"
        "sys.exit(run())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "AttributeError: a bug" in ran.stderr
    assert_clean(ran.stdout + ran.stderr)
