"""What stands in the way of a purge beside a real server: each trouble has its sentence, and nothing is half done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.purge.harness import snapshot
from tests.servers.live import rounds
from tests.servers.live.stage import user_id
from tests.servers.live.world import DEFERRING, TAKING

if TYPE_CHECKING:
    from tests.servers.live.servers import Server

_STRING = "what is to be purged"
_PARTNER = "troubled.example"
_NOBODY = 65534


def check_troubles(server: Server, folder: Path) -> None:
    """Meet them one after the other; a folder takes what is copied."""
    marks = _fill(server, 6)
    _as_others(server)
    _onto_another_volume(server, folder / "volume")
    _with_another_owner(server)
    _stopped(server)
    _copied(server, folder / "copy")
    server.world.add_domain(_PARTNER, TAKING)
    server.world.taken.clear()
    rounds.empty(server)
    assert server.world.taken == dict.fromkeys(marks, 1)


def _fill(server: Server, number: int) -> list[str]:
    server.world.add_domain(_PARTNER, DEFERRING)
    (account, *_) = server.accounts
    marks = [f"trouble{turn}@{server.domain}" for turn in range(number)]
    to = f"b@{_PARTNER}"
    letters = [
        (account, [to], rounds.letter(account, to, mark, _STRING if turn % 2 else "the minutes"))
        for turn, mark in enumerate(marks)
    ]
    server.submit(account, "127.20.1.1", letters)
    server.settle()
    return marks


def _as(server: Server, user: int) -> subprocess.CompletedProcess[str]:
    """Purge as a user of the machine, who may leave nothing half done."""
    before = snapshot(server.spool.parent)
    line = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", sys.executable, "-m", "breachkit"]
    done = subprocess.run([*line, "purge", _STRING, "--yes"], check=False, capture_output=True, text=True)
    assert snapshot(server.spool.parent) == before
    return done


def _as_others(server: Server) -> None:
    stranger, owner = _as(server, _NOBODY), _as(server, user_id(server.user))
    assert stranger.returncode == (1 if server.name == "exim" else 3)  # what can be seen of Postfix's spool is read
    assert "denied" in stranger.stdout + stranger.stderr
    # whoever the server runs as may move its files, but makes no folder beside the spool
    assert owner.returncode == 1
    assert f"{server.spool.parent}/breachkit-quarantine cannot be written" in owner.stderr
    assert "run as Administrator (root)" in owner.stderr


def _onto_another_volume(server: Server, far: Path) -> None:
    before = snapshot(server.spool)
    far.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", far], check=True)
    done = rounds.breachkit("purge", _STRING, "--yes", "--quarantine", far / "quarantine")
    assert done.returncode == 1
    assert "lies on another volume than" in done.stderr
    assert snapshot(server.spool) == before
    assert os.listdir(far) == []


def _with_another_owner(server: Server) -> None:
    before = snapshot(server.spool)
    done = rounds.purge(_STRING)
    assert done["purged"] == 3
    stored = Path(done["quarantine"], "messages", "00000002")
    owner = stored.stat()
    os.chown(stored, 0, 0)
    left = rounds.breachkit("restore", "--yes")
    found = json.loads(left.stdout)
    assert [one["reason"] for one in found["runs"][0]["left"]] == [
        "owner or mode is not what it was; set it right (chown, chmod), then restore again"
    ]
    assert (left.returncode, found["restored"], found["changed"]) == (3, 2, 1)
    server.run_queue()
    server.settle()
    os.chown(stored, owner.st_uid, owner.st_gid)
    assert json.loads(rounds.breachkit("restore", "--yes").stdout)["restored"] == 1
    assert snapshot(server.spool).keys() == before.keys()


def _stopped(server: Server) -> None:
    queue = server.spool / ("deferred" if server.name == "postfix" else "input")
    server.stop()
    before = snapshot(queue)
    assert rounds.purge(_STRING)["purged"] == 3
    server.start()
    assert len(server.queued()) == 3
    assert json.loads(rounds.breachkit("restore", "--yes").stdout)["restored"] == 3
    assert snapshot(queue) == before


def _copied(server: Server, root: Path) -> None:
    spool = root / server.spool.relative_to("/")
    spool.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", server.spool, spool], check=True)
    before, copied = snapshot(server.spool), snapshot(spool)
    done = rounds.breachkit("purge", _STRING, "--yes", "--root", root)
    assert json.loads(done.stdout)["purged"] == 3
    assert f"{root} is not where {server.name.title()} is installed: if this is a copy, the queue" in done.stderr
    assert snapshot(server.spool) == before
    assert rounds.breachkit("restore", "--yes", "--root", root).returncode == 0
    assert snapshot(spool) == copied
