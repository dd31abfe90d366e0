"""The whole story on both servers: guessed, named, contained, purged, restored, purged again, clean."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.purge.harness import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

SAMPLES = Path(__file__).parents[2] / "sample_queues"
ACCOUNT = "carla.jensen@hotel-adler.example"


@pytest.mark.parametrize("kind", ["postfix", "exim"])
def test_an_incident_from_its_first_guess_to_a_clean_queue(kind: str, tmp_path: Path, cli: Callable[..., Ran]) -> None:
    root, spool = tmp_path / "root", tmp_path / "root" / "spool"
    shutil.copytree(SAMPLES / kind / "guessed-password", root)
    before = snapshot(spool)

    def asked(*words: str | Path) -> Any:
        ran = cli(*words, "--root", root, "--timezone", "UTC", "--format", "json")
        assert ran.code == 0, ran.err
        return json.loads(ran.out)

    def investigated(name: str) -> Any:
        ran = cli("investigate", "--root", root, "--timezone", "UTC", "-o", tmp_path / name)
        assert ran.code == 0, ran.err
        return json.loads((tmp_path / name / "findings.json").read_bytes())

    named = asked("find-account")["accounts"][0]
    assert (named["account"], named["verdict"], named["confidence"]) == (ACCOUNT, "compromised", "high")
    assert named["auth_failures_before_entry"] >= 70
    steps = asked("contain", ACCOUNT)["accounts"][0]["steps"]
    assert any("--bounces" in step["what"] for step in steps)
    first = investigated("before")
    (spam,) = [one for one in first["campaigns"] if one["command"]]
    purged = asked("purge", "--account", ACCOUNT, "--bounces", "--yes")
    assert purged["planned"] == purged["purged"] > 40
    second = investigated("after")
    same = (
        "account",
        "verdict",
        "confidence",
        "messages",
        "share",
        "entry",
        "entry_ts",
        "sent_by_attackers",
        "failures",
    )
    assert [second["accused"][0][key] for key in same] == [first["accused"][0][key] for key in same]
    assert second["accused"][0]["quarantined_messages"] == first["accused"][0]["messages"]
    again = next(one for one in second["campaigns"] if one["id"] == spam["id"])
    assert (again["messages"], again["command"]) == (spam["messages"], None)
    assert second["purges"][0]["moved"] == purged["purged"]
    assert asked("restore", purged["run"], "--yes")["restored"] == purged["purged"]
    assert snapshot(spool) == before
    assert asked("purge", "--account", ACCOUNT, "--bounces", "--yes")["purged"] == purged["purged"]
    checks = json.loads(cli("verify", "--root", root, "--timezone", "UTC", "--format", "json").out)["checks"]
    assert {one["name"]: one["status"] for one in checks}["queue-clean"] == "ok"
    left = cli("scan", "--root", root, "--timezone", "UTC", "--format", "json")
    assert ACCOUNT not in {row["auth_user"] for row in json.loads(left.out)["senders"]}
