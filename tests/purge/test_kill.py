"""A kill at any point of purge or restore, then restore: every message once, in the queue."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from breachkit.purge.states import read_history
from tests.purge.faults import NoLinksDisk, OtherVolumeDisk, QuickDisk, run_to_death, steps_of
from tests.purge.harness import HAM, SPAM, House, Seen, house, lines_of, make_messages, snapshot

if TYPE_CHECKING:
    from breachkit.purge.disk import Disk
    from breachkit.purge.store import Run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes by signal")


class Volumes(NamedTuple):
    """How queue and quarantine lie to one another."""

    disk: Disk
    quarantine: str | None
    spam: int


KINDS = {
    "one-volume": Volumes(QuickDisk(), None, 24),
    "two-volumes": Volumes(OtherVolumeDisk(), "breachkit-quarantine-far", 5),
    "no-links": Volumes(NoLinksDisk(), None, 8),
}


class Scene:
    """A queue that is made anew for each kill."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.volumes = KINDS[kind]
        self._folder = folder
        self._turn = 0

    def fresh(self) -> tuple[Path, dict[bytes, Seen]]:
        shutil.rmtree(self._folder / str(self._turn), ignore_errors=True)
        self._turn += 1
        top = self._folder / str(self._turn)
        make_messages(top / "_outgoing", [SPAM + b"%d" % number for number in range(self.volumes.spam)] + [HAM] * 3)
        return top, snapshot(top / "_outgoing")

    def house(self, top: Path, disk: Disk | None = None) -> House:
        place = self.volumes.quarantine
        return house(top / "_outgoing", disk or self.volumes.disk, None if place is None else top / place)


def unfinished(runs: list[Run]) -> int:
    """Count the messages whose intent is journalled and whose outcome is not."""
    return sum(read_history(run.journal).count("intended") for run in runs if Path(run.journal).exists())


def is_whole(scene: Scene, top: Path, before: dict[bytes, Seen]) -> bool:
    """Restore what a kill left, twice; tell whether the queue is what it was and nothing is left aside."""
    whole = scene.house(top)
    for run in whole.runs():
        first = whole.restore(run)
        again = whole.restore(run)
        assert (first.missing, first.changed, first.conflicts, first.failed, first.refused) == (0, 0, 0, 0, 0), first
        assert (again.restored, again.in_quarantine) == (0, 0), again
        assert list((top / "breachkit-quarantine").glob("**/restoring")) == []
    return snapshot(top / "_outgoing") == before


@pytest.mark.parametrize("kind", KINDS)
def test_purge_killed_anywhere_is_restored_whole(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind)
    steps = steps_of(lambda disk: scene.house(scene.fresh()[0], disk).purge("pippo"), scene.volumes.disk)
    between = 0
    for last in range(steps):
        top, before = scene.fresh()
        assert run_to_death(lambda disk: scene.house(top, disk).purge("pippo"), scene.volumes.disk, last)  # noqa: B023
        between += bool(unfinished(scene.house(top).runs()))
        assert is_whole(scene, top, before), f"killed before step {last} of {steps}"
    assert (steps, between) >= MIN_POINTS[kind], (steps, between)


@pytest.mark.parametrize("kind", KINDS)
def test_restore_killed_anywhere_is_finished_by_the_next(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind)

    def work(disk: Disk) -> None:
        scene.house(top, disk).restore()

    top, before = scene.fresh()
    scene.house(top).purge("pippo")
    steps = steps_of(work, scene.volumes.disk)
    for last in range(steps):
        top, before = scene.fresh()
        scene.house(top).purge("pippo")
        assert run_to_death(work, scene.volumes.disk, last)
        assert is_whole(scene, top, before), f"killed before step {last} of {steps}"
    assert steps >= MIN_RESTORE_POINTS[kind]


MIN_POINTS = {"one-volume": (80, 70), "two-volumes": (80, 70), "no-links": (30, 20)}
MIN_RESTORE_POINTS = {"one-volume": 50, "two-volumes": 90, "no-links": 40}


def test_a_purge_killed_and_a_restore_killed_on_top_of_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "one-volume")
    for last in range(10, 90, 4):
        top, before = scene.fresh()
        run_to_death(lambda disk: scene.house(top, disk).purge("pippo"), scene.volumes.disk, last)  # noqa: B023
        for run in scene.house(top).runs():
            run_to_death(lambda disk: scene.house(top, disk).restore(run), scene.volumes.disk, last % 17)  # noqa: B023
        assert is_whole(scene, top, before), f"killed at {last}"


def test_torn_last_line_is_dropped_and_said(tmp_path: Path) -> None:
    top, before = Scene(tmp_path, "one-volume").fresh()
    kept = house(top / "_outgoing")
    run = kept.purge("pippo").runs[0]
    with open(run.journal, "ab") as stream:  # noqa: PTH123
        stream.write(b'{"line":99,"pre' + bytes(100))
    assert kept.plan_restore().is_torn
    done = kept.restore()
    assert done.is_torn
    assert done.restored == 24
    assert snapshot(top / "_outgoing") == before
    last = lines_of(run)[-1]
    assert last.kind == "restored"
    assert json.dumps(last.fields["ids"]) == json.dumps(list(range(1, 25)))
