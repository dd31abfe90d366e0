"""What `trace` and `contain` take for a message, a sender or an account, however it is spelled."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from breachkit.logs import spans
from breachkit.parallel import Crew
from tests.conftest import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran


def sessions(ran: Ran) -> list[str]:
    """List the places of the sessions that were traced."""
    assert (ran.code, ran.err) == (0, "")
    return [f"{one['source']['path']}:{one['source']['line']}" for one in json.loads(ran.out)["sessions"]]


@pytest.mark.parametrize(
    "word",
    [
        "apv19131",
        " APV19131 ",
        "<APV19131>",
        '"APV19131"',
        "APV19131.tmp",
        "apv19131.tm$.tm$",
        "mail/_outgoing/APV19131.tmp",
        r"D:\IceWarp\mail\_outgoing\APV19131.tmp",
        "ABSOLUTE",
    ],
)
def test_a_message_is_traced_by_its_id_or_its_file(word: str, cli: Callable[..., Ran]) -> None:
    root = story("guide")
    word = str(root / "mail" / "_outgoing" / "APV19131.tmp") if word == "ABSOLUTE" else word
    found = sessions(cli("trace", word, "--root", root, "--format", "json"))
    assert found == sessions(cli("trace", "APV19131", "--root", root, "--format", "json"))
    assert found == ["logs/smtp/s20261120-02.log:584"]


def test_the_head_of_a_file_says_more_than_its_name(cli: Callable[..., Ran], tmp_path: Path) -> None:
    copy = tmp_path / "LOT07350.tmp"
    shutil.copy(story("guide") / "mail" / "_outgoing" / "APV19131.tmp", copy)
    found = cli("trace", copy, "--root", story("guide"), "--format", "json")
    assert "APV19131" in json.loads(found.out)["sessions"][0]["message_ids"]


@pytest.mark.parametrize(
    "word", ["pippo@gmail.com", "PIPPO@Gmail.com", "Pippo <pippo@gmail.com>", "mailto:pippo@gmail.com"]
)
def test_what_no_account_is_called_is_a_declared_sender(word: str, cli: Callable[..., Ran]) -> None:
    ran = cli("trace", word, "--root", story("guide"), "--format", "json", "--limit", "3")
    found = json.loads(ran.out)
    assert found["sessions_found"] > 100
    for one in found["sessions"]:
        assert one["kind"] == "client" or any("MAIL FROM:<pippo@gmail.com>" in line["text"] for line in one["lines"])


@pytest.mark.parametrize(
    "word",
    ["<user@example.it>", "User <user@example.it>", "USER@EXAMPLE.IT", "user%example.it", "user/example.it", "USER"],
)
def test_an_account_is_meant_however_it_is_spelled(word: str, cli: Callable[..., Ran]) -> None:
    root = story("guide")
    found = json.loads(cli("trace", word, "--root", root, "--format", "json", "--limit", "1").out)
    plain = json.loads(cli("trace", "user@example.it", "--root", root, "--format", "json", "--limit", "1").out)
    assert found["sessions_found"] == plain["sessions_found"] > 100
    contained = json.loads(cli("contain", word, "--root", root, "--format", "json").out)
    assert [one["account"] for one in contained["accounts"]] == ["user@example.it"]


def test_a_file_without_an_id_is_said_to_have_none(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "odd.tmp").write_bytes(b"Subject: x\n\nbody\n")
    ran = cli("trace", tmp_path / "odd.tmp", "--root", story("guide"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"breachkit: {tmp_path}/odd.tmp names no message id in its head; trace its account or its sender instead\n"
    )


@pytest.mark.parametrize("word", ["nobody@example.org", "ABC00001", "ABC00001.tmp"])
def test_what_is_nowhere_is_said_to_be(word: str, cli: Callable[..., Ran]) -> None:
    ran = cli("trace", word, "--root", story("guide"))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"breachkit: no session of '{word}' in the logs (they reach from 2026-11-17")


def test_deliveries_are_found_though_the_messages_are_too_many_to_look_for(
    cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("trace", "user@example.it", "--root", story("guide"), "--format", "json")
    looked_for = cli(*words)
    monkeypatch.setattr("breachkit.detect.tracing.MOST_JOINS", 1)
    found = cli(*words)
    assert (found.code, found.out) == (looked_for.code, looked_for.out)
    assert '"kind": "client"' in found.out


@pytest.mark.parametrize("word", ["user@example.it", "APV19131"])
def test_logs_that_are_large_enough_are_read_by_several_processes(
    word: str, cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("trace", word, "--root", story("guide"), "--format", "json")
    alone = cli(*words)
    sizes: list[int] = []

    def counted(task: spans.Task, jobs: int) -> Crew:
        sizes.append(jobs)
        return Crew(task, jobs)

    monkeypatch.setattr(spans, "Crew", counted)
    monkeypatch.setattr(spans, "processors", lambda: 3)
    monkeypatch.setattr(spans, "WORTH_JOBS", 1)
    monkeypatch.setattr(spans, "SMALLEST", 1 << 16)
    found = cli(*words)
    assert (found.code, found.out) == (alone.code, alone.out)
    assert sizes == [3]
