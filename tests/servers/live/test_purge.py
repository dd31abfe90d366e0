"""Queues of running servers: purged while they deliver, put back, and each message counted at the host that gets it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from breachkit.servers import load
from tests.purge.faults import QuickDisk, run_to_death, steps_of
from tests.purge.harness import House, house
from tests.servers.live.servers import Exim, Postfix, running
from tests.servers.live.world import DEFERRING, TAKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.purge.disk import Disk
    from breachkit.servers import Queue
    from tests.servers.live.servers import Server

pytestmark = pytest.mark.live

ACCOUNT, DOMAIN, THEIRS = "anna@corp.example", "corp.example", "partner.example"
A_ROUND, ROUNDS = 500, 3
A_SESSION = 50
WORD = "SPAMWORD"
SERVERS: dict[str, Callable[[], Server]] = {
    "postfix": lambda: Postfix(DOMAIN, {ACCOUNT: "secret"}),
    "postfix, long ids": lambda: Postfix(DOMAIN, {ACCOUNT: "secret"}, long_ids=True),
    "exim": lambda: Exim(DOMAIN, {ACCOUNT: "secret"}),
    "exim, split spool": lambda: Exim(DOMAIN, {ACCOUNT: "secret"}, as_cpanel=True),
}
_MARK = re.compile(rb"(?mi)Message-ID: <(m\d+-\d+)@")


def ask(*words: str) -> Any:
    """Run a command beside the server, and return its JSON."""
    line = [sys.executable, "-m", "breachkit", *words, "--timezone", "UTC", "--format", "json"]
    done = subprocess.run(line, check=False, capture_output=True, text=True)
    assert done.returncode in {0, 3}, done.stderr
    return json.loads(done.stdout)


def fill(server: Server, number: int, turn: int = 0) -> list[str]:
    """Let the server take messages that it cannot deliver yet, every other one spam; returns their marks."""
    server.world.add_domain(THEIRS, DEFERRING)
    letters = []
    for at in range(number):
        letter = EmailMessage()
        letter["From"], letter["Message-ID"] = "a@x.example", f"<m{turn}-{at}@x.example>"
        letter.set_content(f"buy {WORD}{turn} now" if at % 2 else "the minutes")
        letters.append(("t@y.example", [f"b{at}@{THEIRS}"], letter))
    for at in range(0, number, A_SESSION):
        server.submit(ACCOUNT, "127.20.1.1", letters[at : at + A_SESSION])
    server.settle()
    return [f"m{turn}-{at}" for at in range(number)]


def deliver_all(server: Server, marks: list[str]) -> None:
    """Let the server deliver what is left, and count: nothing is lost, nothing was sent twice."""
    server.world.pause = 0.0
    for _ in range(10):
        server.run_queue()
        server.settle()
        if not server.queued():
            break
    taken = {mark: server.world.taken[f"{mark}@x.example"] for mark in marks}
    assert {mark: number for mark, number in taken.items() if number != 1} == {}


def held_marks(folder: str) -> set[str]:
    """Return the marks of the messages in a run's quarantine."""
    found = (_MARK.search(path.read_bytes()) for path in Path(folder, "messages").iterdir())
    return {one[1].decode() for one in found if one}


@pytest.mark.parametrize("name", SERVERS)
def test_nothing_is_lost_or_sent_twice_that_is_purged_while_it_is_delivered(name: str, tmp_path: Path) -> None:
    with running(SERVERS[name](), tmp_path / "server") as server:
        for turn in range(ROUNDS):
            marks = fill(server, A_ROUND, turn)
            server.world.add_domain(THEIRS, TAKING)
            server.world.pause = 0.3
            for _ in range(1 if server.name == "postfix" else 3):
                server.run_queue()
            done = ask("purge", f"{WORD}{turn}", "--yes")
            server.settle()
            assert done["purged"] > A_ROUND // 10
            left = ("vanished", "changed", "in_use", "failed")
            assert done["planned"] == done["purged"] + sum(done[key] for key in left)
            assert done["failed"] == 0
            held = held_marks(done["quarantine"])
            assert len(held) == done["purged"]
            sent = {mark for mark in held if server.world.taken[f"{mark}@x.example"]}
            assert len(sent) <= done["sent_meanwhile"]
            back = ask("restore", done["run"], "--yes")
            assert back["restored"] + back["changed"] == done["purged"]
            assert back["changed"] <= done["sent_meanwhile"]
            deliver_all(server, marks)


def test_nothing_is_sent_that_was_put_on_hold_while_postfix_delivers(tmp_path: Path) -> None:
    with running(SERVERS["postfix"](), tmp_path / "server") as server:
        marks = fill(server, A_ROUND)
        server.world.add_domain(THEIRS, TAKING)
        server.world.pause = 0.3
        server.run_queue()
        done = ask("purge", f"{WORD}0", "--hold", "--yes")
        server.settle()
        held = [json.loads(line) for line in server.command("postqueue", "-j").splitlines()]
        assert {one["queue_name"] for one in held} == {"hold"}
        assert len(held) == done["held"] > A_ROUND // 10
        assert sum(server.world.taken.values()) == A_ROUND - done["held"]
        assert ask("restore", done["run"], "--yes")["restored"] == done["held"]
        deliver_all(server, marks)


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("work", ["purge", "restore"])
def test_a_kill_at_any_point_leaves_a_spool_that_the_server_accepts(name: str, work: str, tmp_path: Path) -> None:
    with running(SERVERS[name](), tmp_path / "server") as server:
        marks = fill(server, 6)
        before = server.queued()
        folder = server.spool / ("deferred" if server.name == "postfix" else "input")
        rules = cast("Queue", load(server.name).queue)

        def at(disk: Disk) -> House:
            return house(folder, disk, rules=rules)

        def purge(disk: Disk) -> None:
            at(disk).purge(f"{WORD}0", name=f"run-{time.monotonic_ns()}")

        def restore(disk: Disk | None = None) -> None:
            for run in at(disk or QuickDisk()).runs():
                done = at(disk or QuickDisk()).restore(run)
                assert (done.missing, done.changed, done.conflicts, done.failed) == (0, 0, 0, 0)

        purge(QuickDisk())  # makes the folder of all runs
        if work == "purge":
            restore()
        steps = steps_of(purge if work == "purge" else restore, QuickDisk())
        restore()
        for last in range(steps):
            if work == "restore":
                purge(QuickDisk())
            assert run_to_death(purge if work == "purge" else restore, QuickDisk(), last)
            if last % 6 == 0:  # the server works on what the kill left
                server.run_queue()
                server.settle()
            restore()
            assert server.queued() == before, f"killed before step {last} of {steps}"
        if server.name == "postfix":
            server.command("postsuper")
        assert server.queued() == before
        server.world.add_domain(THEIRS, TAKING)
        deliver_all(server, marks)
        alarms = re.findall(r".*(?:fatal|panic|corrupt|WERE CHANGED).*", server.log.read_text("utf-8", "replace"))
        assert alarms == []


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_a_stopped_server_is_purged_alike_and_goes_on_with_what_was_put_back(name: str, tmp_path: Path) -> None:
    with running(SERVERS[name](), tmp_path / "server") as server:
        marks = fill(server, 20)
        server.stop()
        done = ask("purge", f"{WORD}0", "--yes")
        assert (done["planned"], done["purged"]) == (10, 10)
        server.start()
        assert len(server.queued()) == 10
        assert ask("restore", "--yes")["restored"] == 10
        server.world.add_domain(THEIRS, TAKING)
        deliver_all(server, marks)
