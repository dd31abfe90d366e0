"""Every labelled story comes out as its simulation says, for seeds of the test's own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import SAMPLES
from tests.evidence import SHIPPED, STORIES, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

Json = dict[str, Any]

COUNTED = ("queued_messages", "sent_messages", "auth_successes", "auth_failures_before_entry", "weak_password")
JUDGED = ("verdict", "entry", "entry_ts")


def differences(found: Json, expected: Json) -> list[str]:
    """List what `find-account` says otherwise than the truth of a story."""
    accounts = {account["account"]: account for account in found["accounts"]}
    wrong = [f"accounts: {sorted(accounts)}"] if set(accounts) != set(expected["accounts"]) else []
    for key in ("unattributed_messages", "log_level"):
        wrong += _unlike(key, found[key], expected[key])
    wrong += _unlike("messages", found["inputs"]["messages"], expected["messages"])
    for name, truth in expected["accounts"].items():
        if name in accounts:
            wrong += [f"{name} {line}" for line in _account(accounts[name], truth)]
    return wrong


def _unlike(key: str, found: object, expected: object) -> list[str]:
    right = expected if isinstance(expected, list) else [expected]
    return [] if found in right else [f"{key}: {found!r}, not {expected!r}"]


def _account(found: Json, truth: Json) -> list[str]:
    wrong = [line for key in (*JUDGED, *COUNTED) if key in truth for line in _unlike(key, found[key], truth[key])]
    if "attacking_ips" in truth and found["entry_ts"]:
        attacking = {place["ip"] for place in found["client_ips"] if place["attacking"]}
        if not set(truth["spam_ips"]) <= attacking <= set(truth["attacking_ips"]):
            wrong.append(f"attacking addresses: {sorted(attacking)}")
        usual = {place["ip"] for place in found["client_ips"] if place["usual"]}
        wrong += _unlike("usual addresses", sorted(usual), [sorted(truth["usual_ips"])])
        keys = ("failures", "successes", "entered")
        also = {other["account"]: {key: other[key] for key in keys} for other in found["also_tried_by_same_ips"]}
        # a name that no account has may be a password: it is counted only
        unknown = {name: row for name, row in truth["also_tried"].items() if name not in also and not row["successes"]}
        wrong += _unlike("also tried", {**also, **unknown}, [truth["also_tried"]])
        wrong += _unlike("unknown names tried", found["unknown_names_tried"], len(unknown))
    return wrong


@pytest.mark.parametrize("seed", [7, 11])
@pytest.mark.parametrize("name", sorted(set(STORIES) - set(SHIPPED)))
def test_a_story_is_judged_as_it_happened(name: str, seed: int, tmp_path: Path, cli: Callable[..., Ran]) -> None:
    truth = build(name, tmp_path / name, seed=seed)
    ran = cli("find-account", "--root", tmp_path / name, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    assert differences(json.loads(ran.out), truth._asdict()) == []
    if truth.symptoms or truth.symptoms_absent:
        ran = cli("scan", "--root", tmp_path / name, "--format", "json")
        named = {symptom["name"] for symptom in json.loads(ran.out)["symptoms"]}
        assert set(truth.symptoms) <= named
        assert not named & set(truth.symptoms_absent)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_sample_gives_its_expected_findings(name: str, cli: Callable[..., Ran]) -> None:
    expected = json.loads((SAMPLES / name / "expected.json").read_text("utf-8"))
    ran = cli("find-account", "--root", SAMPLES / name, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    assert differences(json.loads(ran.out), expected) == []
    scanned = json.loads(cli("scan", "--root", SAMPLES / name, "--format", "json").out)
    assert set(expected["symptoms"]) <= {symptom["name"] for symptom in scanned["symptoms"]}
