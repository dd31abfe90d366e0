"""What commands offer to run next: every accused account, by campaign, nothing that a shell or breachkit would refuse."""

from __future__ import annotations

import json
import random
import re
import shlex
import shutil
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.campaigns.tongue import token
from tests.conftest import story
from tests.detect.test_attackers import relayed
from tests.detect.test_compromise import THIEF, Logs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

RUNS = ["find-account", "group", "contain", "scan", "weak-passwords"]


def lines_of(text: str) -> list[str]:
    return re.findall(r"^ *(breachkit .*)$", text, re.MULTILINE)


@pytest.fixture(name="copied")
def copied_story(tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        shutil.copytree(story(name), tmp_path / "root")
        return tmp_path / "root"

    return copy


@pytest.mark.parametrize("command", [*RUNS, "investigate", "harden", "trace"])
@pytest.mark.parametrize("name", ["guide", "two-accounts"])
def test_every_line_that_is_offered_is_taken(
    name: str, command: str, cli: Callable[..., Ran], copied: Callable[[str], Path]
) -> None:
    root = copied(name)
    (root / "settings.txt").write_text("C_Mail_Security_Relay_RelayMode: 1\n", encoding="utf-8")
    if name == "two-accounts" and command != "harden":
        (root / "settings.txt").unlink()
    words = ["-o", root.parent / "case"] if command == "investigate" else [THIEF] if command == "trace" else []
    ran = cli(command, *words, "--root", root)
    assert ran.code in {0, 1, 2, 3}
    offered = lines_of(ran.out)
    assert offered or ran.code in {1, 2}
    for line in offered:
        if "RUN" not in line and "--print-commands prints" not in line:
            again = cli(*shlex.split(line)[1:])
            assert again.code in {0, 3}, (line, again.err)


def test_all_accused_accounts_are_named_and_the_queue_is_cleaned_by_campaign(
    cli: Callable[..., Ran], copied: Callable[[str], Path]
) -> None:
    root = copied("two-accounts")
    where = f"--root {root} --timezone Europe/Rome"
    both = "renzo@example.it paola@example.it"
    assert lines_of(cli("find-account", "--root", root).out) == [
        f"breachkit trace renzo@example.it {where}",
        f"breachkit contain {both} {where}",
        f"breachkit group {where}",
    ]
    case = f"--case {root.parent / 'case'}"
    purge = f'breachkit purge "http://riprogramma-consegna.example/p?" --dry-run {where}'
    assert lines_of(cli("group", "--root", root).out) == [f"breachkit contain {both} {where}", purge]
    found = json.loads(cli("investigate", "--root", root, "-o", root.parent / "case", "--format", "json").out)
    assert [step["command"] for step in found["next"]][:5] == [
        f"breachkit contain {both} {case} {where}",
        f"breachkit contain {both} --block-list nftables {case} {where}",
        f"breachkit trace renzo@example.it {where}",
        f"breachkit trace paola@example.it {where}",
        purge.replace("--dry-run", f"{case} --dry-run"),
    ]
    steps = json.loads(cli("contain", "--root", root, "--format", "json").out)["accounts"][0]["steps"]
    assert f"breachkit group {where}" in {line for step in steps for line in step["commands"]}
    assert f"breachkit contain {both} --block-list nftables {where}" in steps[-2]["commands"]


@pytest.mark.parametrize("hostile", ["us$(x)", "us&calc", "us%path%", "us'er"])
def test_an_account_that_a_shell_would_mind_stands_in_no_line(
    hostile: str, cli: Callable[..., Ran], copied: Callable[[str], Path]
) -> None:
    root = copied("guide")
    account = f"{hostile}@example.it"
    typed, meant = b64encode(b"user"), b64encode(hostile.encode())
    for path in root.rglob("*"):
        if path.is_file():
            raw = path.read_bytes().replace(b"user@example.it", account.encode())
            path.write_bytes(
                raw.replace(b"<<< %b" % typed, b"<<< %b" % meant).replace(b",user,", b",%b," % hostile.encode())
            )
    found = cli("find-account", "--root", root)
    assert f"{account}: COMPROMISED" in found.out
    assert lines_of(found.out)[0].startswith("breachkit trace ACCOUNT --root ")
    assert "For ACCOUNT type the account's name as it is shown above" in found.out
    for command in RUNS:
        shown = cli(command, "--root", root).out
        assert not [line for line in lines_of(shown) if hostile in line]
        assert not [line for line in shown.splitlines() if "tool." in line and hostile in line and "set" in line]
    case = root.parent / "case"
    summary = cli("investigate", "--root", root, "-o", case).out
    assert not [line for line in lines_of(summary) if hostile in line]
    findings = json.loads((case / "findings.json").read_text("utf-8"))
    assert not [step for step in findings["next"] if hostile in step["command"]]
    assert any("For ACCOUNT type" in step["title"] for step in findings["next"])


def test_mail_without_a_login_is_contained_by_address_and_purged_by_campaign(
    cli: Callable[..., Ran], tmp_path: Path
) -> None:
    logs, rng = Logs(tmp_path), random.Random(1)
    logs.habit("anna@example.it", days=2)
    relayed(logs, THIEF, 12)
    for path in (tmp_path / "mail" / "_outgoing").iterdir():
        body = f"{token(rng)} {token(rng)}\r\nhttp://boxes.example/buy now\r\n"
        path.write_bytes(path.read_bytes().replace(b"buy\r\n", body.encode()))
    root = logs.write()
    where = f"--root {root} --timezone Europe/Rome"
    assert lines_of(cli("find-account", "--root", root).out) == [
        f"breachkit contain {where}",
        f"breachkit group {where}",
    ]
    document = json.loads(cli("group", "--root", root, "--format", "json").out)
    assert [(one["messages"], one["no_purge_why"]) for one in document["campaigns"]] == [(12, None)]
    assert lines_of(cli("group", "--root", root).out) == [
        f"breachkit contain {where}",
        f'breachkit purge "{document["campaigns"][0]["purge_string"]}" --dry-run {where}',
    ]


def test_a_purge_is_followed_by_its_check_and_the_way_back_stands_apart(
    cli: Callable[..., Ran], copied: Callable[[str], Path]
) -> None:
    root = copied("guide")
    done = cli("purge", "pillole.example", "--root", root, "--yes").out
    run = re.search(r"run      (\S+)", done)
    assert run is not None
    where = f"--root {root} --timezone Europe/Rome"
    assert done.endswith(
        f"\nNext\n  breachkit scan {where}\n  breachkit verify {where}\n\nTo undo: breachkit restore {run[1]} {where}\n"
    )
    nothing = cli("purge", "pillole.example", "--root", root, "--yes").out
    assert "To undo" not in nothing
    # what lies in the quarantine alone is no campaign to purge
    assert lines_of(cli("group", "--root", root).out) == [f"breachkit contain user@example.it {where}"]
    found = json.loads(cli("investigate", "--root", root, "-o", root.parent / "case", "--format", "json").out)
    assert [one["command"] for one in found["campaigns"]] == [None]
    assert not [step for step in found["next"] if "breachkit purge" in step["command"]]


def test_the_plan_and_the_case_count_what_looks_like_the_owners_own(
    cli: Callable[..., Ran], copied: Callable[[str], Path]
) -> None:
    root = copied("brute-force")
    plan = ("--root", root, "--dry-run", "--explain")
    told = json.loads(cli("purge", "--all", *plan, "--format", "json").out)
    assert (told["planned"], told["owners_own"]) == (80, 23)
    assert (
        "look like the owners' own, from addresses that attack nobody: 23 messages" in cli("purge", "--all", *plan).out
    )
    spam = json.loads(cli("purge", "fortuna-club", *plan, "--format", "json").out)
    assert (spam["planned"], spam["owners_own"]) == (57, 0)
    plain = json.loads(cli("purge", "--all", "--root", root, "--dry-run", "--format", "json").out)
    assert plain["owners_own"] is None
    unseen = json.loads(
        cli("purge", "--all", "--queue", root / "mail" / "_outgoing", "--dry-run", "--explain", "--format", "json").out
    )
    assert unseen["owners_own"] is None
    found = json.loads(cli("investigate", "--root", root, "-o", root.parent / "case", "--format", "json").out)
    assert [(one["messages"], one["owners_own"]) for one in found["campaigns"]] == [(57, 0), (23, 23)]
