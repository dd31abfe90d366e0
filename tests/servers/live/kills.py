"""Purge and restore of a real spool, killed at each step: the next restore makes it one that its running server accepts."""

from __future__ import annotations

import os
import re
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

from breachkit.purge.store import find_queues
from breachkit.servers import load
from tests.purge.faults import QuickDisk, run_to_death, steps_of
from tests.purge.harness import House, snapshot
from tests.servers.live.rounds import accepts, empty, letter
from tests.servers.live.servers import Exim, Postfix
from tests.servers.live.stage import user_id
from tests.servers.live.world import DEFERRING, TAKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.purge.disk import Disk
    from breachkit.servers import Queue
    from tests.servers.live.servers import Server

_STRING = "what is to be purged"
_TAKER = "taker.example"
_numbers = count()


def check_kills(server: Server) -> None:
    """Kill a purge and a restore at each step, beside a running server whose queue is empty."""
    server.world.add_domain(_TAKER, TAKING)
    scene = _Scene(server)
    for work in (_purge, _restore):
        scene.kill_everywhere(work)
        scene.kill_while_it_delivers(work)
    alarms = re.findall(r".*(?:fatal|panic|corrupt|WERE CHANGED).*", server.log.read_text("utf-8", "replace"))
    assert alarms == []


class _Scene:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._rules = cast("Queue", load(server.name).queue)
        parts = ("deferred", "hold") if isinstance(server, Postfix) else ("input",)
        self._folders = [server.spool / part for part in parts]

    def _meet_another(self) -> None:
        """Write to a domain that is new: Postfix keeps connections to others open for a while."""
        self._partner = f"partner{next(_numbers)}.example"

    def house(self, disk: Disk) -> House:
        return House(find_queues(self._rules, self._folders, None, disk))

    def kill_everywhere(self, work: Callable[[House], None]) -> None:
        """Kill some work at each step; messages of 1, 2 and 4 files are there."""
        self._meet_another()
        server, marks = self._server, self._fill_with_all_kinds()
        ids = server.queued()
        _add_logs(server, ids)
        files = sorted(len(hit.files) + len(self._beside(hit.files)) for hit in self.house(QuickDisk()).hits(_STRING))
        assert files == ([1, 2, 4] if isinstance(server, Postfix) else [2, 3, 4])
        steps = self._steps(work)
        for last in range(steps):
            _add_logs(server, ids)  # a queue run takes them away
            before = self._snapshot()
            self._die(work, last)
            if last % 8 == 3:  # the server works on what the kill left
                server.run_queue()
                server.settle()
                self._restore_all()
            else:
                self._restore_all()
                assert self._snapshot() == before, f"killed before step {last} of {steps}"
            accepts(server, ids)
        assert steps > sum(files)
        server.world.taken.clear()
        self._deliver()
        assert server.world.taken == dict.fromkeys(marks, 1)

    def kill_while_it_delivers(self, work: Callable[[House], None]) -> None:
        """Kill some work, let the server deliver what it finds, put the rest back, and let it deliver that."""
        server = self._server
        for share in range(6):
            self._meet_another()
            marks = self._fill(4)
            server.world.taken.clear()
            self._die(work, (2 * share + 1) * self._steps(work) // 12)
            server.world.add_domain(self._partner, TAKING)
            server.run_queue()
            server.settle()
            self._restore_all()
            self._deliver()
            assert server.world.taken == dict.fromkeys(marks, 1), f"killed at {share}/6"

    def _beside(self, files: tuple[str, ...]) -> list[str]:
        assert self._rules.beside is not None
        return [path for path in self._rules.beside(files[0]) if Path(path).exists() and path not in files]

    def _steps(self, work: Callable[[House], None]) -> int:
        _purge(self.house(QuickDisk()))  # the first one of all makes a folder more
        if work is _purge:
            self._restore_all()
        steps = steps_of(lambda disk: work(self.house(disk)), QuickDisk())
        self._restore_all()
        return steps

    def _die(self, work: Callable[[House], None], last: int) -> None:
        if work is _restore:
            _purge(self.house(QuickDisk()))
        assert run_to_death(lambda disk: work(self.house(disk)), QuickDisk(), last)

    def _restore_all(self) -> None:
        whole = self.house(QuickDisk())
        for run in whole.runs():
            done = whole.restore(run)
            assert (done.missing, done.changed, done.conflicts, done.failed, done.refused) == (0, 0, 0, 0, 0), done

    def _snapshot(self) -> dict[bytes, object]:
        names = ("deferred", "hold", "active", "incoming", "defer", "bounce", "trace", "input", "msglog")
        folders = [self._server.spool / name for name in names]
        return {
            os.fsencode(folder) + b"/" + name: seen
            for folder in folders
            if folder.is_dir()
            for name, seen in snapshot(folder).items()
        }

    def _fill(self, number: int, sender: str = "a@x.example", others: tuple[str, ...] = ()) -> list[str]:
        """Let the server take messages that it cannot deliver yet, and another that is not purged; returns their marks."""
        server = self._server
        server.world.add_domain(self._partner, DEFERRING)
        (account, *_) = server.accounts
        recipients = (*others, f"b@{self._partner}")
        marks = [f"{next(_numbers)}@x.example" for _ in range(number + 1)]
        texts = [_STRING] * number + ["the minutes"]
        letters = [
            (sender, recipients, letter(sender, recipients[0], mark, text))
            for mark, text in zip(marks, texts, strict=True)
        ]
        assert None not in server.submit(account, "127.20.1.1", letters)
        server.settle()
        return marks

    def _fill_with_all_kinds(self) -> list[str]:
        server = self._server
        marks = self._fill(1)
        server.run_queue()
        server.settle()
        if isinstance(server, Exim):
            marks += self._fill(1, others=(f"done@{_TAKER}",))
            marks += self._fill(1, sender="quiet@x.example")
        else:
            marks += self._fill(1, sender="twice@x.example")
            holding = "check_sender_access inline:{held@x.example=HOLD}"
            server.command("postconf", "-e", f"smtpd_data_restrictions = {holding}")
            server.stop()  # a reload is not over when it says so
            server.start()
            marks += self._fill(1, sender="held@x.example")
        return marks

    def _deliver(self) -> None:
        server = self._server
        server.world.add_domain(self._partner, TAKING)
        if isinstance(server, Postfix):
            server.command("postsuper", "-H", "ALL")
        empty(server)


def _purge(whole: House) -> None:
    whole.purge(_STRING, name=f"run-{time.monotonic_ns():020d}")


def _restore(whole: House) -> None:
    whole.restore(whole.runs()[-1])


def _add_logs(server: Server, ids: list[str]) -> None:
    """Give messages 1, 2 and 4 files (Exim: 2, 3 and 4): one has all that a crash of the server leaves beside it."""
    for one in ids:
        if isinstance(server, Postfix):
            (message,) = (path for name in ("deferred", "hold") for path in (server.spool / name).rglob(one))
            if b"twice@x.example" in message.read_bytes():
                (log,) = (server.spool / "defer").rglob(one)
                for part in ("bounce", "trace"):
                    _write(server.spool / part / log.parent.name / one, log.read_bytes(), server)
        else:
            (head,) = (server.spool / "input").rglob(f"{one}-H")
            if b"\ndone@" in head.read_bytes():
                _write(head.with_name(f"{one}-J"), f"done@{_TAKER}\n".encode(), server)
            if b"<quiet@" in head.read_bytes():  # as where message_logs is false
                for log in (server.spool / "msglog").rglob(one):
                    log.unlink()


def _write(path: Path, content: bytes, server: Server) -> None:
    path.parent.mkdir(exist_ok=True)
    os.chown(path.parent, user_id(server.user), user_id(server.user))
    path.write_bytes(content)
    path.chmod(0o600)
    os.chown(path, user_id(server.user), user_id(server.user))
