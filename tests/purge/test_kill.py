"""A kill at any point of purge or restore, then restore: every message once, in the queue."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest

from breachkit.files import QUARANTINE
from breachkit.purge.deletion import drop_run
from breachkit.purge.journal import read_history
from breachkit.servers import load
from tests.purge.faults import NoLinksDisk, OtherVolumeDisk, QuickDisk, run_to_death, steps_of
from tests.purge.harness import HAM, RULES, SPAM, House, Seen, house, lines_of, make_messages, snapshot
from tests.servers.toys import twins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from breachkit.purge.disk import Disk
    from breachkit.purge.store import Run
    from breachkit.servers import Queue

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes by signal")


class Kind(NamedTuple):
    """How queue and quarantine lie to one another, and what lies in the queue."""

    disk: Disk
    quarantine: str | None
    spam: int
    files: int
    """Of each message."""
    rules: Queue = RULES
    queue: str = "_outgoing"
    """Where it lies; all else of its topmost folder belongs to it."""
    names: tuple[str, ...] = ()
    """Where the files of a message lie, beside the queue, where the server has names for them; `{id}` is its id."""
    holds: bool = False
    """Messages are put on hold."""


def rules_of(server: str) -> Queue:
    return cast("Queue", load(server).queue)


EXIM = ("input/{id}-H", "input/{id}-D", "input/{id}-J", "msglog/{id}")
POSTFIX = ("deferred/0/{id}", "defer/0/{id}", "bounce/{id}", "trace/{id}")
KINDS = {
    "one-volume": Kind(QuickDisk(), None, 24, 1),
    "two-volumes": Kind(OtherVolumeDisk(), "breachkit-quarantine-far", 5, 1),
    "no-links": Kind(NoLinksDisk(), None, 8, 1),
    "one-volume, three files": Kind(QuickDisk(), None, 8, 3),
    "two-volumes, three files": Kind(OtherVolumeDisk(), "breachkit-quarantine-far", 3, 3),
    "no-links, three files": Kind(NoLinksDisk(), None, 4, 3),
    "the server with two files": Kind(QuickDisk(), None, 5, 2, cast("Queue", twins.SERVER.queue)),
    **{
        f"postfix, {files} files": Kind(QuickDisk(), None, 4, files, rules_of("postfix"), "spool/deferred", POSTFIX)
        for files in (1, 2, 4)
    },
    **{
        f"exim, {files} files": Kind(QuickDisk(), None, 4, files, rules_of("exim"), "spool/input", EXIM)
        for files in (2, 4)
    },
    "postfix, on hold": Kind(QuickDisk(), None, 5, 1, rules_of("postfix"), "spool/deferred", POSTFIX, holds=True),
}


class Scene:
    """A queue that is made anew for each kill."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = KINDS[kind]
        self._folder = folder
        self._turn = 0

    def fresh(self) -> tuple[Path, dict[bytes, Seen]]:
        shutil.rmtree(self._folder / str(self._turn), ignore_errors=True)
        self._turn += 1
        top = self._folder / str(self._turn)
        spam = [SPAM + b"%d" % number for number in range(self.kind.spam)]
        make_messages(top / "_outgoing", spam + [HAM] * 3, self.kind.files)
        if self.kind.names:
            self._rename(top)
        elif self.kind.rules is not RULES:
            for path in (top / "_outgoing").rglob("*.dat*"):
                path.rename(path.with_name(path.name.partition(".")[0] + ("-H" if path.suffix == ".dat" else "-D")))
        return top, self.seen(top)

    def _rename(self, top: Path) -> None:
        """Give the files of each message the places that the server has for them."""
        for number, first in enumerate(sorted((top / "_outgoing").rglob("*.dat"))):
            queue_id = f"1xRJib-0000P4-{number:02d}" if self.kind.queue.endswith("input") else f"0{number:05X}2799EC"
            for place, name in enumerate(self.kind.names[: self.kind.files]):
                home = (top / self.kind.queue).parent / name.format(id=queue_id)
                home.parent.mkdir(parents=True, exist_ok=True)
                first.with_name(first.name + (f".{place}" if place else "")).rename(home)
        shutil.rmtree(top / "_outgoing")
        (top / "spool" / "hold").mkdir()

    def seen(self, top: Path) -> dict[bytes, Seen]:
        return snapshot(top / self.kind.queue.partition("/")[0])

    def house(self, top: Path, disk: Disk | None = None) -> House:
        place = self.kind.quarantine
        far = None if place is None else top / place
        return house(top / self.kind.queue, disk or self.kind.disk, far, self.kind.rules, holds=self.kind.holds)

    def dies(self, work: Callable[[House], object], top: Path, last: int) -> bool:
        """Do some work on a queue in a process that dies before a step; True when it died."""
        return run_to_death(lambda disk: work(self.house(top, disk)), self.kind.disk, last)

    def steps(self, work: Callable[[House], object], top: Path) -> int:
        """Count the steps of some work."""
        return steps_of(lambda disk: work(self.house(top, disk)), self.kind.disk)


def purge(whole: House) -> None:
    whole.purge("pippo")


def restore(whole: House, run: Run | None = None) -> None:
    whole.restore(run)


def drop(whole: House) -> None:
    drop_run(whole.disk, whole.runs()[0])


def is_whole(scene: Scene, top: Path, before: dict[bytes, Seen]) -> bool:
    """Restore what a kill left, twice; tell whether the queue is what it was and nothing is left behind."""
    whole = scene.house(top)
    for run in whole.runs():
        first = whole.restore(run)
        again = whole.restore(run)
        assert (first.missing, first.changed, first.conflicts, first.failed, first.refused) == (0, 0, 0, 0, 0), first
        assert (again.restored, again.in_quarantine) == (0, 0), again
        assert list((top / "breachkit-quarantine").glob("**/restoring")) == []
    return scene.seen(top) == before


def is_torn(top: Path, files: int) -> bool:
    """Tell whether of some message a part lies in the queue and a part does not, as a kill may leave it."""
    (queue,) = (path for path in top.iterdir() if not path.name.startswith(QUARANTINE))
    names = (path.name for path in queue.rglob("*") if path.is_file())
    counts = Counter(re.sub(r"\.dat.*|-[HDJ]$", "", name) for name in names)
    return any(0 < number < files for number in counts.values())


@pytest.mark.parametrize("kind", KINDS)
def test_purge_killed_anywhere_is_restored_whole(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind)
    steps = scene.steps(purge, scene.fresh()[0])
    between = torn = 0
    for last in range(steps):
        top, before = scene.fresh()
        assert scene.dies(purge, top, last)
        entries = [one for run in scene.house(top).runs() for one in read_history(run.journal).entries.values()]
        between += any(entry.state == "intended" for entry in entries)
        torn += is_torn(top, scene.kind.files)
        assert is_whole(scene, top, before), f"killed before step {last} of {steps}"
    assert between > steps // 2
    assert bool(torn) == (scene.kind.files > 1)


@pytest.mark.parametrize("kind", KINDS)
def test_restore_killed_anywhere_is_finished_by_the_next(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind)
    top, before = scene.fresh()
    purge(scene.house(top))
    steps = scene.steps(restore, top)
    for last in range(steps):
        top, before = scene.fresh()
        purge(scene.house(top))
        assert scene.dies(restore, top, last)
        assert is_whole(scene, top, before), f"killed before step {last} of {steps}"
    names = 2 if scene.kind.rules.moving == "copy" else 1  # a second name, and the first is taken away
    assert steps > names * scene.kind.spam * scene.kind.files


@pytest.mark.parametrize("kind", ["one-volume", "one-volume, three files"])
def test_drop_killed_anywhere_is_finished_by_the_next(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind)
    top, _ = scene.fresh()
    purge(scene.house(top))
    steps = scene.steps(drop, top)
    for last in range(steps):
        top, before = scene.fresh()
        purge(scene.house(top))
        assert scene.dies(drop, top, last)
        whole = scene.house(top)
        run = whole.runs()[0]
        is_journalled = any(line["kind"] == "dropped" for line in lines_of(run))
        done = whole.restore(run)
        assert (done.missing, done.failed, done.changed) == (0, 0, 0)
        assert (done.dropped, done.restored) == ((scene.kind.spam, 0) if is_journalled else (0, scene.kind.spam))
        assert is_journalled or snapshot(top / "_outgoing") == before
        assert not is_torn(top, scene.kind.files)
        drop(whole)
        assert os.listdir(run.messages) == []
    assert steps > scene.kind.spam * scene.kind.files


@pytest.mark.parametrize("kind", ["one-volume", "one-volume, three files"])
def test_a_purge_killed_and_a_restore_killed_on_top_of_it(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind)
    for last in range(10, 90, 4):
        top, before = scene.fresh()
        scene.dies(purge, top, last)
        for run in scene.house(top).runs():
            scene.dies(partial(restore, run=run), top, last % 17)
        assert is_whole(scene, top, before), f"killed at {last}"


def test_a_kill_while_a_half_moved_message_is_put_back_is_mended(tmp_path: Path) -> None:
    class Held(QuickDisk):
        """The last file of each message is held open by another program."""

        def rename(self, source: str, target: str) -> None:
            if source.endswith(".2"):
                raise OSError(errno.EBUSY, "busy", source)
            super().rename(source, target)

    scene = Scene(tmp_path, "one-volume, three files")
    scene.kind = scene.kind._replace(disk=Held())
    top, before = scene.fresh()
    steps = scene.steps(purge, top)
    assert snapshot(top / "_outgoing") == before
    torn = 0
    for last in range(steps):
        top, before = scene.fresh()
        assert scene.dies(purge, top, last)
        torn += is_torn(top, 3)
        assert is_whole(scene, top, before), f"killed before step {last} of {steps}"
    assert torn > scene.kind.spam


def test_torn_last_line_is_dropped_and_said(tmp_path: Path) -> None:
    top, before = Scene(tmp_path, "one-volume").fresh()
    kept = house(top / "_outgoing")
    run = kept.purge("pippo").runs[0]
    with open(run.journal, "ab") as stream:
        stream.write(b'{"line":99,"pre' + bytes(100))
    assert kept.plan_restore().is_torn
    done = kept.restore()
    assert done.is_torn
    assert done.restored == 24
    assert snapshot(top / "_outgoing") == before
    last = lines_of(run)[-1]
    assert last["kind"] == "restored"
    assert json.dumps(last["ids"]) == json.dumps(list(range(1, 25)))
