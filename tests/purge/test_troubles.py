"""Restores that meet trouble, and the rare ways of a move."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from breachkit.errors import BreachkitError
from breachkit.files import QUARANTINE
from breachkit.purge.restoration import RestoreRun
from tests.purge.faults import OtherVolumeDisk, QuickDisk
from tests.purge.harness import HAM, SPAM, house, lines_of, make_messages, snapshot


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    make_messages(tmp_path / "_outgoing", [SPAM + b"%d" % number for number in range(4)] + [HAM])
    return tmp_path / "_outgoing"


class Failing(QuickDisk):
    """Cannot give a name back."""

    code = errno.EIO

    def place(self, source: str, target: str) -> None:
        raise OSError(self.code, "trouble", source)


class Full(Failing):
    code = errno.ENOSPC


def test_what_cannot_be_put_back_stays_and_is_counted(queue: Path) -> None:
    before = snapshot(queue)
    house(queue).purge("pippo")
    done = house(queue, Failing()).restore()
    assert (done.restored, done.failed, done.in_quarantine, done.is_incomplete) == (0, 4, 4, True)
    assert house(queue).restore().restored == 4
    assert snapshot(queue) == before


def test_a_disk_that_is_full_stops_a_restore_with_one_sentence(queue: Path) -> None:
    before = snapshot(queue)
    house(queue).purge("pippo")
    with pytest.raises(BreachkitError, match="nothing was restored, nothing is lost"):
        house(queue, Full()).restore()
    assert house(queue).restore().restored == 4
    assert snapshot(queue) == before


def test_a_journal_that_cannot_be_written_stops_a_restore(queue: Path) -> None:
    class ReadOnly(QuickDisk):
        def reopen(self, path: str) -> int:
            raise OSError(errno.EROFS, "Read-only file system", path)

    house(queue).purge("pippo")
    with pytest.raises(BreachkitError, match="Read-only"):
        house(queue, ReadOnly()).restore()
    assert house(queue).restore().restored == 4


def test_a_stopped_restore_leaves_the_rest_in_quarantine(queue: Path) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    done = RestoreRun(whole.queues, run).execute(lambda: True)
    assert (done.restored, done.untouched, done.in_quarantine) == (0, 4, 4)
    assert whole.restore().restored == 4


def test_a_volume_mounted_within_the_queue_is_restored_by_a_copy(queue: Path) -> None:
    class Mounted(QuickDisk):
        """`retry` lies on a volume of its own."""

        def rename(self, source: str, target: str) -> None:
            self._cross(source, target)
            super().rename(source, target)

        def place(self, source: str, target: str) -> None:
            self._cross(source, target)
            super().place(source, target)

        def _cross(self, source: str, target: str) -> None:
            if ("/retry/" in source) != ("/retry/" in target):
                raise OSError(errno.EXDEV, "Invalid cross-device link", source)

    before = snapshot(queue)
    whole = house(queue, Mounted())
    assert whole.purge("pippo").purged == 4
    assert whole.restore().restored == 4
    assert snapshot(queue) == before
    assert not list((queue.parent / QUARANTINE).glob("**/restoring"))


def test_a_message_that_cannot_be_given_back_its_name_is_kept_as_it_is(queue: Path) -> None:
    class Racing(QuickDisk):
        """A name is retaken before the rename, and once more before it can be undone."""

        raced: str | None = None

        def rename(self, source: str, target: str) -> None:
            if self.raced is None:
                self.raced = source
                Path(source).unlink()
                Path(source).write_bytes(b"second")
            super().rename(source, target)

        def place(self, source: str, target: str) -> None:
            if target == self.raced and not Path(target).exists():
                Path(target).write_bytes(b"third")
            super().place(source, target)

    disk = Racing()
    receipt = house(queue, disk).purge("pippo")
    assert receipt.purged == 4
    assert "replaced" in [line["kind"] for line in lines_of(receipt.runs[0])]
    name = Path(disk.raced or "")
    assert name.read_bytes() == b"third"
    name.unlink()
    done = house(queue).restore()
    assert (done.restored, done.changed) == (4, 0)
    assert name.read_bytes() == b"second"


def test_a_link_where_copies_are_staged_is_not_followed(queue: Path, tmp_path: Path) -> None:

    far = tmp_path / "breachkit-quarantine-far"
    whole = house(queue, OtherVolumeDisk(), far)
    whole.purge("pippo")
    (tmp_path / "trap").mkdir()
    (tmp_path / QUARANTINE).symlink_to(tmp_path / "trap")
    done = whole.restore()
    assert (done.restored, done.failed) == (0, 4)
    assert not list((tmp_path / "trap").rglob("0000*"))


def test_a_message_taken_away_while_it_is_restored_is_missing(queue: Path) -> None:
    class Thief(QuickDisk):
        """Somebody empties the quarantine after it was listed."""

        def names(self, folder: str) -> list[str]:
            found = super().names(folder)
            if folder.endswith("messages"):
                os.unlink(os.path.join(folder, found[0]))
            return found

    house(queue).purge("pippo")
    done = house(queue, Thief()).restore()
    assert (done.restored, done.missing, done.in_quarantine) == (3, 1, 0)
