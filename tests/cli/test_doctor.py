"""`doctor` as it is typed: what is there, what is not, and what collects it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.conftest import story
from tests.schemas import validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.typed import Ended


def test_a_whole_copy_lacks_its_settings_only(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    shutil.copytree(story("guide"), tmp_path / "root")
    ended = breach("doctor", "--root", tmp_path / "root", "--timezone", "UTC", "--format", "json")
    product = validate(ended.out)
    assert (ended.code, ended.err) == (0, "")
    found = {part["kind"]: part for part in product["found"]}
    assert found.keys() == {"queue", "smtp-logs", "accounts"}
    assert found["queue"]["messages"] == 125
    logs = found["smtp-logs"]
    assert (logs["version"], logs["level"], len(logs["paths"])) == ("IceWarp 10.3.1", "debug+summary", 8)
    assert (logs["first"], logs["last"]) == ("2026-11-17T05:46:46+00:00", "2026-11-20T11:29:08+00:00")
    assert [lack["what"] for lack in product["missing"]] == ["settings"]
    assert product["disk_free"] > 0


def test_products_that_lie_together_are_both_named(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    shutil.copytree(story("guide").parents[1] / "exim" / "guessed-password", tmp_path / "root")
    text = breach("doctor", "--root", tmp_path / "root", "--timezone", "UTC").out
    assert "  queue (Exim), 67 messages\n" in text
    assert "  smtp logs (Exim 4.96)\n" in text
    assert "  other logs (Dovecot 2.3.19.1)\n" in text


def test_a_level_without_logins_is_switched_on(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    for log in (root / "logs" / "smtp").iterdir():
        log.unlink()
    line = b"203.0.113.10    [B692] 00:37:34 Client session, connected to mx.example.net\n"
    (root / "logs" / "smtp" / "s20261119-00.log").write_bytes(line)
    text = breach("doctor", "--root", root).out
    assert "logins in the SMTP logs: at this level the logs show no login\n" in text
    assert "      tool set system C_System_Log_Services_SMTP 3\n" in text


def test_nothing_at_all_says_what_was_looked_for(
    tmp_path: Path, breach: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = breach("doctor", "--root", tmp_path)
    assert ended.code == 0
    assert ended.out.startswith("Nothing was found\n\nMissing\n  queue: what waits to be sent is not seen; looked for ")
    assert "SMTP logs: without them nothing tells who came in" in ended.out


def test_a_client_cannot_name_the_version(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    for log in (root / "logs" / "smtp").iterdir():
        forged = log.read_bytes().replace(b"ESMTP IceWarp 10.3.1", b"ESMTP")
        log.write_bytes(forged.replace(b"<<< EHLO ", b"<<< EHLO >>> 220 x ESMTP IceWarp 66.6 "))
    product = validate(breach("doctor", "--root", root, "--format", "json").out)
    assert [part["version"] for part in product["found"] if part["kind"] == "smtp-logs"] == [None]
