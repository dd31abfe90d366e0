"""What a purge leaves alone, and what becomes of names that others use meanwhile."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from breachkit import files
from breachkit.chain import hold
from breachkit.errors import BreachkitError
from breachkit.files import NotRegularError
from breachkit.purge.deletion import drop_run
from breachkit.purge.disk import Disk
from breachkit.purge.moves import Receipt, Verdict, verdict_of
from breachkit.purge.store import BATCH
from tests.purge.faults import OtherVolumeDisk
from tests.purge.harness import HAM, NOW, SPAM, house, lines_of, make_messages, snapshot


def books(receipt: Receipt) -> bool:
    left = receipt.vanished + receipt.changed + receipt.in_use + receipt.failed
    return receipt.planned == receipt.purged + left + receipt.untouched


def windows_error(code: int) -> OSError:
    """Make the error that Windows raises; the number of POSIX is what Python gives it."""
    error = PermissionError(errno.EACCES, "refused")
    error.winerror = code  # type: ignore[attr-defined]
    return error


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    make_messages(tmp_path / "_outgoing", [SPAM + b"%d" % number for number in range(4)] + [HAM])
    return tmp_path / "_outgoing"


def test_vanished_changed_and_replaced_messages_are_left_alone(queue: Path) -> None:
    whole = house(queue)
    hits = whole.hits("pippo")
    gone, touched, rewritten, kept = (Path(hit.files[0]) for hit in sorted(hits))
    gone.unlink()
    os.utime(touched, ns=(0, 0))
    content = rewritten.read_bytes()
    status = rewritten.stat()
    rewritten.write_bytes(content[:-1] + b"!")  # same size, and a clock that does not tell
    os.utime(rewritten, ns=(status.st_atime_ns, status.st_mtime_ns))
    with whole.begin() as run:
        run.take(hits, NOW, lambda: False)
        receipt = run.close(NOW, is_stopped=False)
    assert (receipt.planned, receipt.purged, receipt.vanished, receipt.changed) == (4, 1, 1, 2)
    assert books(receipt)
    assert {Path(path) for path, _ in receipt.left} == {gone, touched, rewritten}
    assert not kept.exists()
    left = [line["outcome"] for line in lines_of(receipt.runs[0]) if line["kind"] == "left"]
    assert sorted(left) == ["changed", "changed", "vanished"]


def test_a_message_replaced_by_a_link_or_a_folder_is_left_alone(queue: Path, tmp_path: Path) -> None:
    whole = house(queue)
    hits = whole.hits("pippo")
    outside = tmp_path / "secret"
    outside.write_bytes(SPAM)
    first, second = Path(hits[0].files[0]), Path(hits[1].files[0])
    first.unlink()
    first.symlink_to(outside)
    second.unlink()
    second.mkdir()
    with whole.begin() as run:
        run.take(hits, NOW, lambda: False)
        receipt = run.close(NOW, is_stopped=False)
    assert (receipt.purged, receipt.changed) == (2, 2)
    assert first.is_symlink()
    assert second.is_dir()
    assert outside.read_bytes() == SPAM


def test_a_folder_replaced_by_a_link_is_not_entered(queue: Path, tmp_path: Path) -> None:
    whole = house(queue)
    hits = whole.hits("pippo")
    (queue / "retry").rename(tmp_path / "elsewhere")
    (queue / "retry").symlink_to(tmp_path / "elsewhere")
    with whole.begin() as run:
        run.take(hits, NOW, lambda: False)
        receipt = run.close(NOW, is_stopped=False)
    assert receipt.failed == 1
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1
    assert books(receipt)


def test_a_name_retaken_between_check_and_rename_keeps_its_new_message(queue: Path) -> None:
    class Racing(Disk):
        """A server that writes a new message onto the name at the last moment."""

        raced = 0

        def rename(self, source: str, target: str) -> None:
            if not self.raced:
                self.raced = 1
                fresh = Path(source + ".new")
                fresh.write_bytes(b"a new message")
                fresh.replace(source)
            super().rename(source, target)

    receipt = house(queue, Racing()).purge("pippo")
    assert (receipt.purged, receipt.changed) == (3, 1)
    assert [path.read_bytes() for path in queue.rglob("*.dat")].count(b"a new message") == 1


def test_a_new_message_under_an_old_name_survives_restore(queue: Path) -> None:
    whole = house(queue)
    name = Path(whole.hits("pippo")[0].files[0])
    whole.purge("pippo")
    name.write_bytes(b"new")
    done = whole.restore()
    assert (done.restored, done.conflicts, done.in_quarantine) == (3, 1, 1)
    assert done.is_incomplete
    assert name.read_bytes() == b"new"
    name.unlink()
    again = whole.restore()
    assert (again.restored, again.conflicts, again.already_there) == (1, 0, 3)
    assert name.read_bytes().startswith(SPAM)


def test_a_changed_or_stolen_message_is_not_put_back(queue: Path) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    Path(run.file(1)).write_bytes(b"not the message")
    Path(run.file(2)).unlink()
    Path(run.file(3)).unlink()
    Path(run.file(3)).symlink_to("/etc/passwd")
    done = whole.restore()
    assert (done.restored, done.changed, done.missing, done.in_quarantine) == (1, 2, 1, 2)
    assert done.found == 4


def test_one_name_of_a_hard_linked_message_is_moved_the_other_stays(queue: Path) -> None:
    message = min(queue.glob("*.dat"))
    other = queue.parent / "backup.dat"
    other.hardlink_to(message)
    second = queue / "second-name.dat"
    second.hardlink_to(message)
    before = snapshot(queue)
    whole = house(queue)
    receipt = whole.purge("pippo")
    assert receipt.purged == 5
    assert other.read_bytes() == SPAM + b"0"
    assert whole.restore().restored == 5
    assert snapshot(queue) == before
    assert other.stat().st_ino == message.stat().st_ino


def test_links_fifos_and_devices_are_passed_over(queue: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(SPAM)
    (queue / "link.dat").symlink_to(target)
    (queue / "folder").symlink_to(tmp_path)
    os.mkfifo(queue / "fifo.dat")
    receipt = house(queue).purge("pippo")
    assert receipt.planned == receipt.purged == 4
    assert (queue / "link.dat").is_symlink()
    assert stat.S_ISFIFO((queue / "fifo.dat").stat().st_mode)
    assert target.read_bytes() == SPAM


@pytest.mark.parametrize("code", [32, 33])
def test_a_sharing_violation_is_in_use(queue: Path, code: int) -> None:
    class Held(Disk):
        def rename(self, source: str, target: str) -> None:
            raise windows_error(code)

    receipt = house(queue, Held()).purge("pippo")
    assert (receipt.purged, receipt.in_use) == (0, 4)
    assert books(receipt)
    assert house(queue).restore().found == 0


def test_access_denied_says_run_as_administrator(queue: Path) -> None:
    assert verdict_of(windows_error(5)) == Verdict("failed", "access denied: run as Administrator (root)")
    assert verdict_of(windows_error(32)).outcome == "in_use"
    assert verdict_of(OSError(errno.EBUSY, "busy")).outcome == "in_use"
    assert verdict_of(FileNotFoundError(errno.ENOENT, "gone")).outcome == "vanished"
    assert verdict_of(NotRegularError(errno.ELOOP, "a link")).outcome == "changed"
    assert verdict_of(OSError(errno.EIO, "Input/output error")) == Verdict("failed", "Input/output error")

    class Denied(Disk):
        def rename(self, source: str, target: str) -> None:
            raise windows_error(5)

    receipt = house(queue, Denied()).purge("pippo")
    assert receipt.failed == 4
    assert "Administrator" in receipt.left[0][1].reason


class WindowsDisk(Disk):
    """Windows' ways: a rename never replaces, folders are not synced, names in use cannot be taken away."""

    is_windows = True

    def place(self, source: str, target: str) -> None:
        if self.status(target) is not None:
            raise FileExistsError(errno.EEXIST, "exists", target)
        super().place(source, target)


def test_windows_opens_no_link_either(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (queue / "link").symlink_to(queue / "202611200800000000.dat")
    monkeypatch.setattr(files, "_READING", os.O_RDONLY)
    monkeypatch.setattr(files, "_NOFOLLOW", 0)
    assert Disk().fingerprint(str(queue / "202611200800000000.dat")).size == len(SPAM) + 1
    with pytest.raises(NotRegularError):
        Disk().fingerprint(str(queue / "link"))


def test_windows_places_by_rename_and_syncs_no_folder(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(queue)
    whole = house(queue, WindowsDisk())
    monkeypatch.setattr(os, "link", lambda *_args, **_more: pytest.fail("no links on Windows"))
    whole.purge("pippo")
    WindowsDisk().sync_folder(str(queue / "no such folder"))
    assert whole.restore().restored == 4
    assert snapshot(queue) == before


def test_room_is_taken_by_zeros_where_there_is_no_fallocate(queue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    whole = house(queue)
    before = snapshot(queue)
    receipt = whole.purge("pippo")
    assert not Path(receipt.runs[0].journal).read_bytes().endswith(b"\0")
    assert whole.restore().restored == 4
    assert snapshot(queue) == before


def test_another_volume_keeps_mode_owner_and_times(queue: Path, tmp_path: Path) -> None:
    before = snapshot(queue)
    whole = house(queue, OtherVolumeDisk(), tmp_path / "breachkit-quarantine-far")
    receipt = whole.purge("pippo")
    assert receipt.purged == 4
    moved = snapshot(Path(receipt.runs[0].messages))
    assert sorted(moved.values()) == sorted(seen for seen in before.values() if seen.content.startswith(SPAM))
    assert whole.restore().restored == 4
    assert snapshot(queue) == before


def test_a_copy_that_is_not_the_message_is_no_move(queue: Path, tmp_path: Path) -> None:
    class Growing(OtherVolumeDisk):
        """A message that is still written to while it is copied."""

        def sync_folder(self, path: str) -> None:
            super().sync_folder(path)
            if path.endswith("messages"):
                for name in queue.rglob("*.dat"):
                    with name.open("ab") as stream:
                        stream.write(b"more")

    receipt = house(queue, Growing(), tmp_path / "breachkit-quarantine-far").purge("pippo")
    assert (receipt.purged, receipt.changed) == (0, 4)
    assert snapshot(Path(receipt.runs[0].messages)) == {}
    assert len(list(queue.rglob("*.dat"))) == 5


def test_a_full_disk_before_the_first_move_leaves_nothing_behind(queue: Path) -> None:
    class Full(Disk):
        def reserve(self, handle: int, start: int, size: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    before = snapshot(queue)
    with pytest.raises(BreachkitError, match="nothing was moved, nothing is lost"):
        house(queue, Full()).purge("pippo")
    assert snapshot(queue) == before
    assert sorted(path.name for path in queue.parent.iterdir()) == ["_outgoing"]


def test_a_disk_that_fills_in_the_middle_loses_nothing(queue: Path, tmp_path: Path) -> None:
    class Filling(OtherVolumeDisk):
        writes = 0

        def write(self, handle: int, text: bytes) -> None:
            if text.startswith(b"LocalSender"):
                self.writes += 1
                if self.writes > 2:
                    raise OSError(errno.ENOSPC, "No space left on device")
            super().write(handle, text)

    before = snapshot(queue)
    far = tmp_path / "breachkit-quarantine-far"
    with pytest.raises(BreachkitError, match=r"2 messages were moved, all journalled"):
        house(queue, Filling(), far).purge("pippo")
    assert len(snapshot(queue)) == 3
    done = house(queue, OtherVolumeDisk(), far).restore()
    assert (done.restored, done.found, done.in_quarantine) == (2, 2, 0)
    assert snapshot(queue) == before


def test_an_unwritable_place_is_one_sentence(queue: Path) -> None:
    class ReadOnly(Disk):
        def make_folder(self, path: str) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

    with pytest.raises(BreachkitError, match="Read-only file system"):
        house(queue, ReadOnly()).purge("pippo")


def test_a_stop_ends_after_the_batch_in_hand(tmp_path: Path) -> None:
    queue = tmp_path / "_outgoing"
    make_messages(queue, [SPAM + b"%d" % number for number in range(BATCH + 10)])
    asked = iter([False, True, True, True])
    receipt = house(queue).purge("pippo", is_stopped=lambda: next(asked))
    assert (receipt.purged, receipt.untouched) == (BATCH, 10)
    assert books(receipt)
    assert lines_of(receipt.runs[0])[-1]["stopped"] is True
    assert house(queue).restore().restored == BATCH


def test_our_folders_are_0700_and_our_files_0600(queue: Path) -> None:
    run = house(queue).purge("pippo").runs[0]
    folders = [run.store.path, run.path, run.messages]
    assert [stat.S_IMODE(Path(path).stat().st_mode) for path in folders] == [0o700] * 3
    assert stat.S_IMODE(Path(run.journal).stat().st_mode) == 0o600


def test_the_receipt_has_the_hash_of_the_journal_as_it_lies_there(queue: Path) -> None:
    receipt = house(queue).purge("pippo")
    assert receipt.sha256 == (hashlib.sha256(Path(receipt.runs[0].journal).read_bytes()).hexdigest(),)


def test_a_run_that_another_works_on_is_not_touched(queue: Path) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    with hold(run.path), pytest.raises(BreachkitError, match="another breachkit works on run"):
        whole.restore()
    with hold(run.path), pytest.raises(BreachkitError, match="another breachkit works on run"):
        drop_run(Disk(), run)
    assert whole.restore().restored == 4


def test_drop_keeps_the_journal_and_restore_knows(queue: Path) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    (Path(run.messages) / "stranger").write_bytes(b"?")
    done = drop_run(Disk(), run)
    assert (done.dropped, done.strangers) == (4, 1)
    restored = whole.restore()
    assert (restored.dropped, restored.restored, restored.in_quarantine) == (4, 0, 0)
    assert not restored.is_incomplete
    assert drop_run(Disk(), run).dropped == 0


def test_drop_works_on_a_full_disk(queue: Path) -> None:
    class FullUntilFreed(Disk):
        freed = False

        def write(self, handle: int, text: bytes) -> None:
            if not self.freed:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().write(handle, text)

        def unlink(self, path: str) -> None:
            super().unlink(path)
            self.freed = True

    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    assert drop_run(FullUntilFreed(), run).dropped == 4
    assert whole.plan_restore().dropped == 4


def test_folders_that_the_server_removed_are_made_again(queue: Path) -> None:
    before = snapshot(queue)
    whole = house(queue)
    whole.purge()
    (queue / "retry").rmdir()
    assert whole.restore().restored == 5
    assert snapshot(queue) == before
    assert (queue / "retry").stat().st_mode == queue.stat().st_mode
