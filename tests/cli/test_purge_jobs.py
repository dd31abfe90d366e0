"""What a purge plans and moves depends on no number of processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from breachkit import parallel
from tests.scale.queues import SOUGHT, write_queue

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

MESSAGES = 1500


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("queue")
    truth = write_queue(root, MESSAGES, seed=11)
    assert truth.raw < truth.hits
    home = root / "mail" / "_outgoing"
    (home / "empty.tmp").write_bytes(b"")
    (home / "link.tmp").symlink_to(home / "empty.tmp")
    (home / "long.tmp").write_bytes(
        b"LocalSender: long@x.example\r\n\r\nSubject: s\r\n\r\n" + b"x" * 70_000 + SOUGHT.encode()
    )
    (home / "one\nline.tmp").write_bytes(b"Subject: claim your =?utf-8?q?summer_refund_at?=\r\n\r\nwords\r\n")
    return root


@pytest.mark.parametrize(
    "words",
    [
        [SOUGHT],
        [SOUGHT, "--raw-only"],
        ["summer", "refund at", "--raw-only"],
        ["summer", "nowhere at all", "--any"],
        ["CLAIM your SUMMER", "--ignore-case"],
        [r"refund at desk 0\d", "--regex"],
        [SOUGHT, "--newer-than", "2026-11-20T12:00"],
        ["--account", "long@x.example"],
        ["--all"],
    ],
)
def test_a_plan_is_the_same_over_any_number_of_processes(cli: Callable[..., Ran], root: Path, words: list[str]) -> None:
    asked = ["purge", *words, "--queue", root / "mail" / "_outgoing", "--dry-run"]
    alone = cli(*asked, "--format", "json", "--jobs", "1")
    plan = json.loads(alone.out)
    assert plan["planned"] > 0
    assert plan["messages"] == MESSAGES + 3
    assert [skipped["count"] for skipped in plan["skipped"]] == [1]
    assert alone.code == 3
    assert cli(*asked, "--format", "json", "--jobs", "2") == alone
    assert cli(*asked, "--format", "json", "--jobs", "5") == alone
    assert cli(*asked, "--jobs", "2") == cli(*asked, "--jobs", "1")


def test_what_is_planned_is_what_the_generator_wrote(cli: Callable[..., Ran], tmp_path: Path) -> None:
    truth = write_queue(tmp_path, MESSAGES, seed=12)
    asked = ["purge", SOUGHT, "--queue", tmp_path / "mail" / "_outgoing", "--dry-run", "--format", "json"]
    matched = json.loads(cli(*asked).out)["matched_by"]
    assert matched == {"raw": truth.raw, "decoded": truth.hits - truth.raw, "reader": 0}


def share_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let helpers do as much as they can."""
    monkeypatch.setattr(parallel, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(parallel, "BATCH", 1)


@pytest.mark.parametrize("words", [[SOUGHT], ["CLAIM your SUMMER", "--ignore-case"], ["--account", "long@x.example"]])
def test_a_plan_is_the_same_where_helpers_search(
    cli: Callable[..., Ran], root: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["purge", *words, "--queue", root / "mail" / "_outgoing", "--dry-run", "--format", "json"]
    alone = cli(*asked, "--jobs", "1")
    share_out(monkeypatch)
    assert cli(*asked, "--jobs", "2") == alone


def test_what_helpers_found_is_moved(cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = write_queue(tmp_path, MESSAGES, seed=13)
    share_out(monkeypatch)
    queue = tmp_path / "mail" / "_outgoing"
    ran = cli("purge", SOUGHT, "--queue", queue, "--yes", "--format", "json", "--jobs", "2")
    assert json.loads(ran.out)["purged"] == truth.hits
    assert sum(path.is_file() for path in queue.rglob("*")) == MESSAGES - truth.hits
