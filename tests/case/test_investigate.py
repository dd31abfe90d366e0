"""One command from the evidence to the case: the verdicts that the stories call for, before and after the purge."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import story
from tests.evidence import SHIPPED, build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

GUILTY = ["distributed", "spray", "low-level", "no-queue", "no-logs", "imap-door", "two-domains"]
INNOCENT = ["newsletter", "ticket-system", "stale-phone", "quiet", "hostile-text"]


def fits(found: object, wanted: object) -> bool:
    return found in wanted if isinstance(wanted, list) else found == wanted


def assert_judged(findings: dict[str, Any], accounts: dict[str, Any], messages: int) -> None:
    """Hold every account of the findings against the truth of the simulation."""
    judged = {account["account"]: account for account in findings["find-account"]["accounts"]}
    assert set(judged) == set(accounts)
    accused = {one["account"]: one for one in findings["accused"]}
    for name, truth in accounts.items():
        assert fits(judged[name]["verdict"], truth["verdict"]), name
        if judged[name]["verdict"] == "clear":
            assert name not in accused
            continue
        one = accused[name]
        assert fits(one["entry"], truth["entry"])
        assert one["messages"] == truth["queued_messages"]
        assert one["of_messages"] == messages
        if "auth_failures_before_entry" in truth:
            assert one["failures"] == truth["auth_failures_before_entry"]
            assert fits(one["entry_ts"], truth["entry_ts"])
            assert one["entry_ip"] in truth["spam_ips"]


def expected(name: str) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((story(name) / "expected.json").read_text("utf-8"))
    return truth


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_story_is_judged_as_expected_before_and_after_the_purge(
    name: str, findings_of: Callable[..., dict[str, Any]], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    root = tmp_path / name
    shutil.copytree(story(name), root)
    truth = expected(name)
    before = findings_of(root)
    assert_judged(before, truth["accounts"], truth["messages"])
    assert {one["name"] for one in before["symptoms"]} >= set(truth["symptoms"])

    guilty = [one["account"] for one in before["accused"]]
    named = [word for account in guilty for word in ("--account", account)]
    assert cli("purge", *named, "--yes", "--root", root, "--case", tmp_path / "case").code == 0
    after = findings_of(root)
    assert_judged(after, truth["accounts"], truth["messages"])
    moved = sum(one["messages"] for one in before["accused"])
    assert after["quarantined_messages"] == moved > 0
    assert [run["moved"] for run in after["purges"]] == [moved]
    assert sum(column["purged"] for column in after["hours"]["columns"]) == moved
    assert {one["id"]: one["messages"] for one in after["campaigns"]} == {
        one["id"]: one["messages"] for one in before["campaigns"]
    }
    assert {one["name"] for one in after["symptoms"]} >= set(truth["symptoms"])
    assert (tmp_path / "case" / "run-2" / "report.html").is_file()


@pytest.mark.parametrize("name", [*GUILTY, *INNOCENT])
def test_a_generated_story_is_judged_as_the_simulation_has_it(
    name: str, findings_of: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    truth = build(name, tmp_path / name, 811)
    findings = findings_of(tmp_path / name)
    assert_judged(findings, truth.accounts, truth.messages)
    report = (tmp_path / "case" / "report.html").read_text("utf-8")
    assert (">compromised<" in report) == any(one["verdict"] == "compromised" for one in findings["accused"])


def test_the_verdict_is_the_first_line_on_the_terminal(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("investigate", "--root", story("brute-force"), "-o", tmp_path / "case")
    truth = expected("brute-force")
    (name, account), *_ = ((k, v) for k, v in truth["accounts"].items() if v["verdict"] == "compromised")
    first = ran.out.splitlines()[0]
    share = round(100 * account["queued_messages"] / truth["messages"])
    assert first.startswith(f"{name}, compromised: {share} % of {truth['messages']} queued messages; entered ")
    assert f"after {account['auth_failures_before_entry']} failures from " in first
    italian = cli("investigate", "--root", story("brute-force"), "-o", tmp_path / "caso", "--lang", "it")
    assert italian.out.splitlines()[0].startswith(
        f"{name}, compromesso: {share} % di {truth['messages']} messaggi in coda; violato "
    )


def test_each_section_is_the_object_of_its_command(
    findings_of: Callable[..., dict[str, Any]], cli: Callable[..., Ran]
) -> None:
    findings = findings_of(story("guide"))
    for command in ("scan", "group", "find-account", "contain", "weak-passwords"):
        alone = json.loads(cli(command, "--root", story("guide"), "--format", "json").out)
        for key in ("inputs", "skipped"):
            alone.pop(key)
            findings[command].pop(key)
        assert findings[command] == alone, command


def test_every_number_leads_to_a_line_that_bears_it_out(findings_of: Callable[..., dict[str, Any]]) -> None:
    root = story("brute-force")
    findings = findings_of(root)
    (one,) = findings["accused"]
    entry = findings["proof"][one["proof"]["entry"]]["places"][0]
    assert "235" in (root / entry["path"]).read_text("latin-1").splitlines()[entry["line"] - 1] or (
        "AUTH" in (root / entry["path"]).read_text("latin-1").splitlines()[entry["line"] - 1]
    )
    assert findings["proof"][one["proof"]["failures"]]["count"] == one["failures"]
    for place in findings["proof"][one["proof"]["messages"]]["places"]:
        head = (root / place["path"]).read_text("latin-1")
        assert one["account"] in head
    for row in findings["proof"].values():
        for place in row["places"]:
            assert (root / place["path"]).is_file()


def test_without_a_folder_only_the_stream_is_written(cli: Callable[..., Ran]) -> None:
    assert cli("investigate", "--root", story("guide")).code == 2
    ran = cli("investigate", "--root", story("guide"), "--format", "ecs")
    assert ran.code == 0
    assert len(ran.out.splitlines()) > 50


def test_help_does_not_import_what_only_pages_need() -> None:
    code = (
        "import sys; sys.argv = ['breachkit', 'investigate', '--help']\n"
        "from breachkit.cli import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'jinja2', 'vl_convert', 'maxminddb', 'pandas'} & set(sys.modules)))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_reading_leaves_the_evidence_as_it_was(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / "evidence"
    shutil.copytree(story("guide"), root)
    before = {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*"))}
    cli("investigate", "--root", root, "-o", tmp_path / "case")
    assert {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*"))} == before
    inside = cli("investigate", "--root", root, "-o", root / "mail" / "_outgoing" / "case")
    assert inside.code == 1
    assert "which is evidence" in inside.err
    assert not (root / "mail" / "_outgoing" / "case").exists()
