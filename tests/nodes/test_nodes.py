"""Several nodes, one answer: read here or carried over in files, it is the same answer."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import story
from tests.detect.test_stories import differences
from tests.evidence import build
from tests.nodes.spread import spread
from tests.schemas import validate
from tests.test_secrets import assert_clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

STORIES = ["guide", "two-accounts"]


def carried(cli: Callable[..., Ran], roots: dict[str, Path], folder: Path) -> list[str]:
    """Read each node into a file; return the options that name the files."""
    words = ["--key", str(folder / "key")]
    for name, root in roots.items():
        file = folder / f"{name}.partial"
        ran = cli("read", "--root", root, "--name", name, "--partial", file, "--key", folder / "key")
        assert (ran.code, ran.err) == (0, "")
        words += ["--partial", str(file)]
    return words


def here(roots: dict[str, Path]) -> list[str]:
    """Name the nodes for reading them in this process."""
    return [word for name, root in roots.items() for word in ("--node", f"{name}={root}")]


@pytest.mark.parametrize("command", ["find-account", "scan"])
def test_files_carried_over_give_the_answer_of_one_process(
    command: str, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    roots = {name: story(name) for name in STORIES}
    local = cli(command, *here(roots), "--format", "json")
    partial = cli(command, *reversed_pairs(carried(cli, roots, tmp_path)), "--format", "json")
    assert local.out == partial.out
    assert (local.code, partial.code, local.err, partial.err) == (0, 0, "", "")
    document = validate(local.out)
    assert [node["node"] for node in document["inputs"]["nodes"]] == STORIES
    assert document["inputs"]["paths"] == [f"{name}:{root.as_posix()}" for name, root in roots.items()]


def reversed_pairs(words: list[str]) -> list[str]:
    """Turn the order of options round: the answer must not depend on it."""
    pairs = [words[place : place + 2] for place in range(0, len(words), 2)]
    return [word for pair in reversed(pairs) for word in pair]


def test_every_place_of_a_finding_says_its_node(cli: Callable[..., Ran]) -> None:
    roots = {name: story(name) for name in STORIES}
    found = json.loads(cli("find-account", *here(roots), "--format", "json").out)["accounts"]
    places = {
        account["account"]: {
            place["path"].partition(":")[0] for signal in account["signals"] for place in signal["evidence"]
        }
        for account in found
        if account["verdict"] == "compromised"
    }
    assert places == {
        "user@example.it": {"guide"},
        "renzo@example.it": {"two-accounts"},
        "paola@example.it": {"two-accounts"},
    }


def test_text_names_the_nodes_and_what_to_run_on_each(cli: Callable[..., Ran]) -> None:
    out = cli("find-account", *here({name: story(name) for name in STORIES})).out
    assert "see guide:mail/_outgoing/" in out
    assert "    two-accounts  89 messages, 5,803 log lines\n" in out
    assert f"\n  on guide:\n    breachkit trace user@example.it --root {story('guide')} --timezone Europe/Rome\n" in out


@pytest.mark.parametrize("name", ["brute-force", "distributed", "spray", "merely-tried", "stale-phone"])
@pytest.mark.parametrize("every", [1, 2])
def test_failures_on_another_node_weigh_as_on_the_same(
    name: str, every: int, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    """The truth is that of one server: it does not matter which node a guess came in at."""
    root = tmp_path / "whole"
    truth = build(name, root, 7)._asdict()
    nodes = here(dict(zip(("mail1", "mail2"), spread(root, tmp_path, every=every), strict=True)))
    found = json.loads(cli("find-account", *nodes, "--format", "json").out)
    leave_out_strangers(found, truth)
    assert differences(found, truth) == []


def leave_out_strangers(found: dict[str, Any], truth: dict[str, Any]) -> None:
    """Hold what was done to names of no account against the truth by number alone, and leave it out of both."""
    for account in found["accounts"]:
        also = {other["account"]: other for other in account["also_tried_by_same_ips"]}
        happened = truth["accounts"][account["account"]].get("also_tried", {})
        numbered = [also.pop(name) for name in list(also) if name.startswith("unknown name ")]
        hidden = [happened.pop(name) for name in list(happened) if name not in also] if numbered else []
        assert sorted(one["failures"] for one in numbered) == sorted(one["failures"] for one in hidden)
        account["also_tried_by_same_ips"] = list(also.values())


def test_equal_ids_of_two_nodes_are_two_messages(cli: Callable[..., Ran]) -> None:
    """The same evidence under two names: every id collides, and every number doubles."""
    roots = {"mail1": story("guide"), "mail2": story("guide")}
    one = json.loads(cli("find-account", "--root", story("guide"), "--format", "json").out)
    two = json.loads(cli("find-account", *here(roots), "--format", "json").out)
    assert two["joins"] == {join: 2 * number for join, number in one["joins"].items()}
    for single, double in zip(one["accounts"], two["accounts"], strict=True):
        assert single["account"] == double["account"]
        assert 2 * single["queued_messages"] == double["queued_messages"]
        assert 2 * single["sent_messages"] == double["sent_messages"]
        assert 2 * single["auth_successes"] == double["auth_successes"]


def test_a_name_known_on_another_node_is_named_again(cli: Callable[..., Ran], tmp_path: Path) -> None:
    """Neither the key of one run nor of another changes a letter of the answer."""
    root = tmp_path / "whole"
    build("spray", root, 11)
    first, second = spread(root, tmp_path)
    roots = {"mail1": first, "mail2": second}
    outs = {cli("find-account", *here(roots), "--format", "json").out for _ in range(2)}
    outs.add(cli("find-account", *carried(cli, roots, tmp_path), "--format", "json").out)
    assert len(outs) == 1
    whole = json.loads(cli("find-account", "--root", root, "--format", "json").out)
    typed = {other["account"] for account in whole["accounts"] for other in account["also_tried_by_same_ips"]}
    named = {
        other["account"]
        for account in json.loads(outs.pop())["accounts"]
        for other in account["also_tried_by_same_ips"]
    }
    known = {account["account"] for account in whole["accounts"]}
    assert typed & known == named & known
    assert all(name in typed or name.startswith("unknown name ") for name in named)


@pytest.mark.parametrize("name", ["mixed-forms", "hostile-text", "spray", "imap-door", "two-accounts"])
def test_a_partial_file_holds_no_secret(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / name
    build(name, root, 5)
    words = carried(cli, {"mail1": root}, tmp_path)
    raw = (tmp_path / "mail1.partial").read_text("ascii")
    assert_clean(raw)
    assert_clean(cli("find-account", *words, "--format", "json").out)
    assert (tmp_path / "key").read_text().split()[1] not in raw


def test_a_password_in_the_place_of_a_name_stays_on_its_node(cli: Callable[..., Ran], tmp_path: Path) -> None:
    import base64

    user, password = (base64.b64encode(word).decode() for word in (b"c4n4ry-typed-as-name", b"x"))
    log = tmp_path / "logs" / "s20261120-00.log"
    log.parent.mkdir()
    said = [
        "Connected", ">>> 220 mail", "<<< EHLO pc", ">>> 250 AUTH LOGIN", "<<< AUTH LOGIN", ">>> 334 VXNlcm5hbWU6",
        f"<<< {user}", ">>> 334 UGFzc3dvcmQ6", f"<<< {password}", ">>> 535 no", "Disconnected",
    ]  # fmt: skip
    log.write_text("".join(f"203.0.113.9     [15C0] 08:00:00 {line}\n" for line in said))
    words = carried(cli, {"mail1": tmp_path}, tmp_path)
    raw = (tmp_path / "mail1.partial").read_text("ascii")
    assert '"failure"' in raw
    assert_clean(raw)
    assert cli("find-account", *words).code == 0


def test_the_files_are_their_owners(cli: Callable[..., Ran], tmp_path: Path) -> None:
    carried(cli, {"mail1": story("guide")}, tmp_path)
    if os.name == "posix":
        assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "mail1.partial"]


def test_reading_says_what_to_carry(cli: Callable[..., Ran], tmp_path: Path) -> None:
    import hashlib

    file = tmp_path / "mail1.partial"
    ran = cli("read", "--root", story("guide"), "--name", "mail1", "--partial", file, "--key", tmp_path / "key")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in ran.out
    assert "another way than the files" in ran.out
    again = cli("read", "--root", story("guide"), "--name", "mail1", "--partial", file, "--key", tmp_path / "key")
    assert again.code == 1
    assert "is not overwritten" in again.err


def test_what_was_skipped_on_a_node_makes_the_answer_incomplete(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / "node"
    build("guide", root, 2)
    log = next(iter((root / "logs").rglob("*.log")))
    log.write_bytes(log.read_bytes() + b"no line of a log\n")
    local = cli("find-account", *here({"mail1": root}), "--format", "json")
    ran = cli("read", "--root", root, "--name", "mail1", "--partial", tmp_path / "f", "--key", tmp_path / "key")
    partial = cli("find-account", "--partial", tmp_path / "f", "--key", tmp_path / "key", "--format", "json")
    assert (local.code, ran.code, partial.code) == (3, 3, 3)
    assert local.out == partial.out
    skipped = json.loads(local.out)["skipped"]
    assert skipped[0]["examples"][0]["path"].startswith("mail1:logs/")


def test_bounds_belong_to_the_node(cli: Callable[..., Ran], tmp_path: Path) -> None:
    since = "2026-11-20T08:00"
    local = cli("find-account", *here({"mail1": story("guide")}), "--since", since, "--format", "json")
    key, file = tmp_path / "key", tmp_path / "f"
    ran = cli("read", "--root", story("guide"), "--name", "mail1", "--partial", file, "--key", key, "--since", since)
    assert ran.code == 0
    assert cli("find-account", "--partial", file, "--key", key, "--format", "json").out == local.out
    late = cli("find-account", "--partial", file, "--key", key, "--since", since)
    assert (late.code, late.out) == (2, "")


GUIDE = str(story("guide"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--node", "mail1"], "is no node"),
        (["--node", f"c={GUIDE}"], "is no node"),
        (["--node", f"a b={GUIDE}"], "is no node"),
        (["--node", f"mail1={GUIDE}", "--node", f"mail1={GUIDE}"], "two nodes are called mail1"),
        (["--node", f"mail1={GUIDE}", "--root", GUIDE], "--root does not go with --node"),
        (["--node", f"mail1={GUIDE}", "--accounts", "users.csv"], "--accounts does not go with --node"),
        (["--node", f"mail1={GUIDE}", "--key", "key"], "--key does not go with --node"),
        (["--node", f"mail1={GUIDE}", "--certs", "certs"], "--certs needs --scheduler"),
        (["--node", f"mail1={GUIDE}", "--partial", "f"], "--node does not go with --partial"),
        (["--scheduler", "tls://host:1"], "--scheduler needs --node"),
        (["--partial", "f"], "--partial needs --key"),
    ],
)
def test_wrong_usage_is_said(words: list[str], said: str, cli: Callable[..., Ran]) -> None:
    ran = cli("find-account", *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_a_root_that_is_not_there_is_said(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("find-account", "--node", f"mail1={tmp_path / 'nothing'}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("breachkit: node mail1: ")
    assert "no such file or folder" in ran.err
    ran = cli("find-account", *here({"mail1": story("guide")}), "--since", "someday")
    assert (ran.code, ran.out) == (2, "")
