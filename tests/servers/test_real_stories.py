"""Evidence of servers that were run, judged by who played the parts: `expected.json` of each sample."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.test_samples import whole
from tests.schemas import validate
from tests.servers.test_toys import without_places

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

SAMPLES = Path(__file__).parents[2] / "sample_queues"
STORIES = sorted(
    path.relative_to(SAMPLES).as_posix() for server in ("exim", "postfix") for path in (SAMPLES / server).iterdir()
)
WRITTEN = datetime(2026, 11, 15, tzinfo=UTC).timestamp()
"""A classic stamp of syslog says no year: that is taken from when a file was written."""


@pytest.fixture(params=STORIES)
def story(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Copy a sample, as `sample_queues/SERVER/NAME` in the working folder."""
    name: str = request.param
    shutil.copytree(SAMPLES / name, tmp_path / "sample_queues" / name)
    for path in (tmp_path / "sample_queues").rglob("*"):
        os.utime(path, (WRITTEN, WRITTEN))
    monkeypatch.chdir(tmp_path)
    return name


def expected(name: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((SAMPLES / name / "expected.json").read_text("utf-8"))
    return said


def test_the_account_is_found_and_all_others_are_clear(story: str, cli: Callable[..., Ran]) -> None:
    truth = expected(story)
    ran = cli("find-account", "--root", f"sample_queues/{story}", "--timezone", "UTC", "--format", "json")
    found = json.loads(ran.out)
    (one, *others) = found["accounts"]
    assert (ran.code, ran.err, found["skipped"]) == (0, "", [])
    assert {other["verdict"] for other in others} == {"clear"}
    assert one["confidence"] == "high"
    assert {other["confidence"] for other in others} <= {"medium", "low"}, "a login that sends nothing is in no line"
    assert {
        "account": one["account"],
        "verdict": one["verdict"],
        "entry": one["entry"],
        "entry_ip": one["entry_ip"],
        "entry_seen_ts": one["entry_ts"],
        "spamming_ips": sorted(row["ip"] for row in one["client_ips"] if row["attacking"] and row["successes"]),
        "failures": one["auth_failures_before_entry"],
        "auth_successes_smtp_seen": one["auth_successes"],
        "sent_messages": one["sent_messages"],
        "queued_messages": one["queued_messages"],
        "log_level": found["log_level"],
    } == {
        "failures": sum(truth["failures_by_door"].values()),
        **{name: truth[name] for name in truth if name in SAID},
    }


SAID = frozenset(
    {
        *("account", "verdict", "entry", "entry_ip", "entry_seen_ts", "spamming_ips", "auth_successes_smtp_seen"),
        *("sent_messages", "queued_messages", "log_level"),
    }
)


def test_the_messages_of_each_account_are_counted(story: str, cli: Callable[..., Ran]) -> None:
    truth = expected(story)
    ran = cli("scan", "--root", f"sample_queues/{story}", "--timezone", "UTC", "--format", "json")
    found = json.loads(ran.out)
    assert (ran.code, ran.err, found["messages"], found["skipped"]) == (0, "", truth["messages"], [])
    counts = {row["auth_user"] or "": row["messages"] for row in found["senders"]}
    assert counts == truth.get("queued_by_account", counts)


@pytest.mark.parametrize(
    "words",
    [("scan",), ("find-account",), ("group",), ("contain",), ("purge", "--all", "--everything", "--dry-run")],
    ids=lambda words: words[0],
)
def test_text_and_json_are_golden(
    story: str, words: tuple[str, ...], cli: Callable[..., Ran], golden: Callable[[str, str], None]
) -> None:
    name = story.replace("/", "-")
    words = (*words, "--root", f"sample_queues/{story}", "--timezone", "UTC")
    golden(f"{words[0]}-{name}.txt", whole(cli(*words)))
    written = cli(*words, "--format", "json")
    if words[0] in {"find-account", "group"}:
        validate(written.out)
        golden(f"{words[0]}-{name}.json", whole(written))


def test_a_case_is_written(story: str, cli: Callable[..., Ran]) -> None:
    ran = cli("investigate", "--root", f"sample_queues/{story}", "-o", "CASE", "--timezone", "UTC")
    found = json.loads(Path("CASE/findings.json").read_bytes())
    assert ran.code == 0, ran.err
    assert found["find-account"]["accounts"][0]["account"] == expected(story)["account"]


def test_partial_files_of_nodes_say_the_same(story: str, cli: Callable[..., Ran]) -> None:
    root = ("--root", f"sample_queues/{story}", "--timezone", "UTC")
    ran = cli("read", *root, "--name", "mx1", "--partial", "mx1.partial", "--key", "one.key")
    assert ran.code == 0, ran.err
    words = ("--timezone", "UTC", "--format", "json")
    together = json.loads(cli("find-account", "--partial", "mx1.partial", "--key", "one.key", *words).out)
    alone = json.loads(cli("find-account", *root, "--format", "json").out)
    rows = [[without_places(row) for row in found["accounts"]] for found in (together, alone)]
    assert rows[0] == rows[1]
    assert together["log_level"] == "normal"
