"""`purge` in processes of its own: pipes, terminals, rivals, signals and other disks. Few and slow."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.typed import Ended, balanced
from tests.purge.harness import HAM, SPAM, make_messages, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable


def spawn(*words: object, **how: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "breachkit", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)


def noted(err: str, queue: Path) -> int:
    """Return how many messages a purge says to have moved, once its line on stderr is found to be true."""
    found = re.fullmatch(r"(\d+) messages? moved; run (\S+), journal (\S+), SHA-256 ([0-9a-f]{64})\n", err)
    assert found is not None, err
    assert found[3] == str(queue.parent / "breachkit-quarantine" / found[2] / "journal.jsonl")
    assert hashlib.sha256(Path(found[3]).read_bytes()).hexdigest() == found[4]
    return int(found[1])


def wait_until_left(queue: Path, messages: int) -> None:
    """Wait until the first plan is executed."""
    while sum(path.is_file() for path in queue.rglob("*")) > messages:
        time.sleep(0.05)


def test_a_closed_pipe_ends_the_printing_not_the_purge(queue: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-m", "breachkit", "purge", "pippo", "--queue", str(queue), "--yes"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert process.returncode == 0
    assert noted(process.stderr.decode(), queue) == 6
    assert len(snapshot(queue)) == 3


def test_two_purges_at_once_neither_lose_nor_double(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    queue = tmp_path / "_outgoing"
    make_messages(queue, [SPAM + b"%d" % number for number in range(900)] + [HAM] * 3)
    before = snapshot(queue)
    processes = [spawn("purge", "pippo", "--queue", queue, "--yes", "--format", "json") for _ in range(3)]
    products = [json.loads(process.communicate()[0]) for process in processes]
    assert all(balanced(product) for product in products)
    assert sum(product["purged"] for product in products) == 900
    assert len(snapshot(queue)) == 3
    restores = [spawn("restore", "--all", "--queue", queue, "--yes", "--format", "json") for _ in range(2)]
    assert {process.communicate()[1].count("Traceback") for process in restores} == {0}
    breach("restore", "--all", "--queue", queue, "--yes")
    assert snapshot(queue) == before


def test_watch_takes_what_arrives_and_lets_the_young_ripen(queue: Path) -> None:
    process = spawn("purge", "pippo", "--queue", queue, "--yes", "--watch", "0.15", "--format", "json")
    wait_until_left(queue, 3)
    old = time.time() - 60
    for number in range(4):
        path = queue / f"new-{number}.dat"
        path.write_bytes(SPAM if number else HAM)
        os.utime(path, (old, old))
    growing = queue / "growing.dat"
    end = threading.Event()

    def grow() -> None:
        while not end.wait(0.2):
            with growing.open("ab") as stream:
                stream.write(SPAM)

    writer = threading.Thread(target=grow)
    writer.start()
    out, err = process.communicate()
    end.set()
    writer.join()
    product = json.loads(out)
    assert (product["planned"], product["purged"]) == (9, 9)
    *rounds, last = err.splitlines(keepends=True)
    assert noted(last, queue) == 9
    said = [re.fullmatch(r"watch \d\d:\d\d:\d\d: (\d+) planned, (\d+) moved; (\d+) in all\n", line) for line in rounds]
    numbers = [tuple(map(int, one.groups())) for one in said if one is not None]
    assert len(numbers) == len(rounds) > 1
    assert (sum(moved for _, moved, _ in numbers), numbers[-1][2]) == (3, 9)
    assert balanced(product)
    assert growing.exists()
    assert (queue / "new-0.dat").exists()
    assert product["messages"] == 9 + 4


def test_watch_ends_at_the_limit(queue: Path, breach: Callable[..., Ended]) -> None:
    old = time.time() - 60

    def arrive() -> None:
        wait_until_left(queue, 3)
        for number in range(4):
            path = queue / f"new-{number}.dat"
            path.write_bytes(SPAM)
            os.utime(path, (old, old))

    arrival = threading.Thread(target=arrive)
    arrival.start()
    done = breach("purge", "pippo", "--queue", queue, "--yes", "--watch", "1", "--max-moves", "8")
    arrival.join()
    assert "8 of 8 messages moved" in done.out
    assert "--max-moves ended the watch" in done.out
    assert len(list(queue.glob("new-*"))) == 2


def test_ctrl_c_finishes_the_batch_and_says_how_many(queue: Path, breach: Callable[..., Ended]) -> None:
    before = snapshot(queue)
    process = spawn("purge", "pippo", "--queue", queue, "--yes", "--watch", "5")
    wait_until_left(queue, 3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 1
    assert "stopped: 6 of 6 messages were moved and journalled" in err
    assert err.count("\n") == 1
    held = re.search(
        r"; run (\S+), journal (\S+), SHA-256 ([0-9a-f]{64}); next: .*; to undo: breachkit restore \1 ", err
    )
    assert held is not None
    assert hashlib.sha256(Path(held[2]).read_bytes()).hexdigest() == held[3]
    assert breach("restore", "--queue", queue, "--yes").code == 0
    assert snapshot(queue) == before


def test_a_terminal_is_asked(queue: Path) -> None:
    ours, theirs = pty.openpty()
    process = spawn("purge", "pippo", "--queue", queue, stdin=theirs)
    os.close(theirs)
    os.write(ours, b"y\n")
    out, err = process.communicate()
    os.close(ours)
    assert process.returncode == 0
    assert "6 of 6 messages moved" in out
    assert "Move 6 messages to the quarantine?" in err


def fill(path: Path) -> None:
    """Write until the disk is full."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="No space"):
        write_for_ever(handle)
    os.close(handle)


def write_for_ever(handle: int) -> None:
    while os.write(handle, bytes(512)):
        pass


def test_a_full_disk_is_one_sentence_and_nothing_is_lost(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = shutil.which("mount")
    made = (
        mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=256k", "none", small], check=False).returncode == 0
    )
    if not made:
        pytest.skip("no right to mount")
    try:
        queue = small / "_outgoing"
        make_messages(queue, [SPAM + b"%d" % number for number in range(6)] + [HAM])
        filler = small / "filler"
        fill(filler)
        before = snapshot(small)
        done = breach("purge", "pippo", "--queue", queue, "--yes")
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert "is full: nothing was moved, nothing is lost" in done.err
        assert snapshot(small) == before
        drop = breach("purge", "Buy it\n1", "--drop", "--queue", queue, "--yes", "--format", "json")
        assert (drop.code, drop.json["purged"], drop.json["dropped"]) == (0, 1, 1), drop.err
        assert len(snapshot(queue)) == 6
        assert Path(drop.json["journal"]).read_text().count('"sha256"') == 1
        kept = breach("restore", drop.json["run"], "--queue", queue, "--yes", "--format", "json")
        assert (kept.code, kept.json["dropped"], kept.json["restored"]) == (0, 1, 0)
        filler.unlink()
        assert breach("purge", "pippo", "--queue", queue, "--yes").code == 0
        assert breach("restore", "--queue", queue, "--yes").code == 0
        assert len(snapshot(queue)) == 6
    finally:
        subprocess.run([shutil.which("umount") or "umount", small], check=True)


def test_another_volume_in_truth(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    far = Path("/dev/shm")  # the one other volume that most machines have
    if not far.is_dir() or far.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no other volume at hand")
    make_messages(tmp_path / "_outgoing", [SPAM + b"%d" % number for number in range(6)] + [HAM])
    queue = tmp_path / "_outgoing"
    before = snapshot(queue)
    place = far / f"breachkit-test-{os.getpid()}"
    try:
        done = breach("purge", "pippo", "--queue", queue, "--quarantine", place, "--yes", "--format", "json")
        assert (done.code, done.json["purged"]) == (0, 6)
        back = breach("restore", "--queue", queue, "--quarantine", place, "--yes", "--format", "json")
        assert (back.code, back.json["restored"]) == (0, 6)
        assert snapshot(queue) == before
        assert not (tmp_path / "breachkit-quarantine").exists()
    finally:
        shutil.rmtree(place)
