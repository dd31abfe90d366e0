"""A message is all its files or none of them, whatever becomes of one of them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from breachkit.purge.deletion import drop_run
from breachkit.purge.disk import Disk
from breachkit.purge.stock import find_changed, take_stock
from tests.purge.faults import NoLinksDisk, OtherVolumeDisk, QuickDisk
from tests.purge.harness import HAM, NOW, SPAM, House, Seen, house, lines_of, make_messages, snapshot
from tests.servers.toys import twins

MESSAGES = 4
FILES = 3
DISKS = {"links": QuickDisk(), "no links": NoLinksDisk()}


@pytest.fixture(name="queue")
def queue_of_four(tmp_path: Path) -> Path:
    make_messages(tmp_path / "_outgoing", [SPAM + b"%d" % number for number in range(MESSAGES)] + [HAM], FILES)
    return tmp_path / "_outgoing"


def files_left(before: dict[bytes, Seen], queue: Path) -> set[str]:
    """Name the files that are no longer in the queue."""
    return {os.fsdecode(name).rpartition("/")[2] for name in before.keys() - snapshot(queue).keys()}


def test_all_files_are_moved_in_their_order_and_put_back(queue: Path) -> None:
    before = snapshot(queue)
    whole = house(queue)
    receipt = whole.purge("pippo")
    assert (receipt.planned, receipt.purged) == (MESSAGES, MESSAGES)
    run = receipt.runs[0]
    assert len(snapshot(queue)) == FILES
    assert receipt.bytes == sum(len(seen.content) for name, seen in before.items() if b"00000004" not in name)
    intents = [line for line in lines_of(run) if line["kind"] == "intent"]
    assert [file["home"] for file in intents[0]["files"]] == [
        "_outgoing/202611200800000000.dat",
        "_outgoing/202611200800000000.dat.1",
        "_outgoing/202611200800000000.dat.2",
    ]
    assert {(one["key"], one["role"]) for one in intents} >= {("202611200800000000.dat", "active")}
    assert sorted(os.listdir(run.messages))[:4] == ["00000001", "00000001.1", "00000001.2", "00000002"]
    done = whole.restore()
    assert (done.found, done.restored, done.bytes) == (MESSAGES, MESSAGES, receipt.bytes)
    assert snapshot(queue) == before


@pytest.mark.parametrize("place", range(FILES))
def test_a_message_of_which_one_file_changed_or_vanished_stays_whole(queue: Path, place: int) -> None:
    whole = house(queue)
    hits = whole.hits("pippo")
    Path(hits[0].files[place]).write_bytes(b"rewritten")
    Path(hits[1].files[place]).unlink()
    before = snapshot(queue)
    with whole.begin() as run:
        run.take(hits, NOW, lambda: False)
        receipt = run.close(NOW, is_stopped=False)
    assert (receipt.planned, receipt.purged, receipt.changed, receipt.vanished) == (4, 2, 1, 1)
    assert files_left(before, queue) == {Path(path).name for hit in hits[2:] for path in hit.files}


@pytest.mark.parametrize("disk", DISKS)
@pytest.mark.parametrize("place", range(FILES))
def test_a_file_that_cannot_be_moved_keeps_the_others_in_the_queue(queue: Path, place: int, disk: str) -> None:
    class Held(type(DISKS[disk])):  # type: ignore[misc]
        """One file of each message is held open by another program."""

        def rename(self, source: str, target: str) -> None:
            if self.is_held(source):
                raise OSError(errno.EBUSY, "busy", source)
            super().rename(source, target)

        def is_held(self, source: str) -> bool:
            return source.endswith(f".{place}") if place else source.endswith(".dat")

    before = snapshot(queue)
    whole = house(queue, Held())
    receipt = whole.purge("pippo")
    assert (receipt.planned, receipt.purged, receipt.in_use) == (4, 0, 4)
    assert snapshot(queue) == before
    assert whole.restore().found == 0


@pytest.mark.parametrize("place", range(FILES))
def test_a_file_retaken_at_the_last_moment_keeps_the_message_whole(queue: Path, place: int) -> None:
    class Racing(Disk):
        """A server that rewrites a file at the last moment."""

        def rename(self, source: str, target: str) -> None:
            if source.endswith(f"0.dat.{place}" if place else "0.dat"):
                Path(source).unlink()
                Path(source).write_bytes(b"a new state")
            super().rename(source, target)

    before = snapshot(queue)
    receipt = house(queue, Racing()).purge("pippo")
    assert (receipt.purged, receipt.changed) == (3, 1)
    assert not {name for name in files_left(before, queue) if name.startswith("202611200800000000")}
    assert b"a new state" in {seen.content for seen in snapshot(queue).values()}


def test_on_another_volume_a_message_goes_whole_or_stays_whole(queue: Path, tmp_path: Path) -> None:
    class Growing(OtherVolumeDisk):
        """The last file of one message is written to while the copies are made."""

        def sync_folder(self, path: str) -> None:
            if path.endswith("messages"):
                with (queue / "202611200800000000.dat.2").open("ab") as stream:
                    stream.write(b"more")

    before = snapshot(queue)
    far = tmp_path / "breachkit-quarantine-far"
    receipt = house(queue, Growing(), far).purge("pippo")
    assert (receipt.purged, receipt.changed) == (3, 1)
    assert not {name for name in files_left(before, queue) if name.startswith("202611200800000000")}
    assert len(os.listdir(receipt.runs[0].messages)) == 3 * FILES
    assert house(queue, OtherVolumeDisk(), far).restore().restored == 3


def test_an_original_that_cannot_be_taken_away_leaves_a_message_that_restore_makes_whole(
    queue: Path, tmp_path: Path
) -> None:
    class Stuck(OtherVolumeDisk):
        """The last original of each message cannot be deleted."""

        def unlink(self, path: str) -> None:
            if path.endswith(".dat.2"):
                raise PermissionError(errno.EACCES, "denied", path)
            super().unlink(path)

    before = snapshot(queue)
    far = tmp_path / "breachkit-quarantine-far"
    receipt = house(queue, Stuck(), far).purge("pippo")
    assert (receipt.purged, receipt.failed) == (0, 4)
    assert "restore makes it whole" in receipt.left[0][1].reason
    done = house(queue, OtherVolumeDisk(), far).restore()
    assert (done.restored, done.in_quarantine, done.is_incomplete) == (4, 0, False)
    assert snapshot(queue) == before


@pytest.mark.parametrize("place", range(FILES))
def test_a_message_of_which_one_name_is_taken_stays_in_the_quarantine_whole(queue: Path, place: int) -> None:
    before = snapshot(queue)
    whole = house(queue)
    name = Path(whole.hits("pippo")[0].files[place])
    run = whole.purge("pippo").runs[0]
    name.write_bytes(b"new")
    done = whole.restore()
    assert (done.restored, done.conflicts, done.in_quarantine) == (3, 1, 1)
    assert len(os.listdir(run.messages)) == FILES
    assert name.read_bytes() == b"new"
    name.unlink()
    assert whole.restore().restored == 1
    assert snapshot(queue) == before


@pytest.mark.parametrize("place", range(FILES))
def test_a_message_of_which_one_file_was_changed_or_stolen_is_not_put_back(queue: Path, place: int) -> None:
    whole = house(queue)
    run = whole.purge("pippo").runs[0]
    Path(run.file(1, place)).write_bytes(b"not the message")
    Path(run.file(2, place)).unlink()
    stock = take_stock(Disk(), run)
    assert [held.entry.number for held in find_changed(Disk(), stock)] == [1, 2]
    done = whole.restore()
    assert (done.restored, done.changed, done.missing, done.in_quarantine) == (2, 1, 1, 1)
    assert len(snapshot(queue)) == 3 * FILES
    assert len(os.listdir(run.messages)) == 2 * FILES - 1


@pytest.mark.parametrize("disk", DISKS)
def test_a_restore_that_fails_between_two_files_takes_the_first_back(queue: Path, disk: str) -> None:
    class Failing(type(DISKS[disk])):  # type: ignore[misc]
        """The first file of each message, which comes home last, cannot be given its name."""

        def give(self, source: str, target: str, mark: bytes) -> None:
            if target.endswith(".dat"):
                raise OSError(errno.EIO, "trouble", target)
            super().give(source, target, mark)

    before = snapshot(queue)
    run = house(queue).purge("pippo").runs[0]
    done = house(queue, Failing()).restore()
    assert (done.restored, done.failed, done.in_quarantine) == (0, 4, 4)
    assert len(snapshot(queue)) == FILES
    assert len(os.listdir(run.messages)) == MESSAGES * FILES
    assert house(queue, DISKS[disk]).restore().restored == 4
    assert snapshot(queue) == before


def test_drop_deletes_all_files_and_counts_messages(queue: Path) -> None:
    whole = house(queue)
    receipt = whole.purge("pippo")
    done = drop_run(Disk(), receipt.runs[0])
    assert (done.dropped, done.bytes, done.strangers) == (MESSAGES, receipt.bytes, 0)
    assert whole.restore().dropped == MESSAGES


@pytest.fixture(name="spool")
def spool_of_twins(tmp_path: Path) -> Path:
    spool = tmp_path / "spool" / "input"
    spool.mkdir(parents=True)
    for number in range(3):
        (spool / f"1x-{number}-H").write_bytes(b"id: 1x-%d\nfrom: a@x.example\n\nSubject: s\n" % number)
        (spool / f"1x-{number}-D").write_bytes(b"1x-%d-D\npippo\n" % number)
    return spool


def twins_at(spool: Path) -> House:
    """Make a house of a server whose messages have two files."""
    assert twins.SERVER.queue is not None
    return house(spool, rules=twins.SERVER.queue)


@pytest.mark.parametrize("string", ["pippo", "1x-", "Subject: s", "a@x.example"])
def test_a_string_that_stands_in_one_file_takes_both(spool: Path, string: str) -> None:
    before = snapshot(spool)
    whole = twins_at(spool)
    assert whole.purge(string).purged == 3
    assert snapshot(spool) == {}
    assert whole.restore().restored == 3
    assert snapshot(spool) == before


def test_the_servers_own_lock_says_in_use(spool: Path) -> None:
    (spool / "1x-1-J").write_bytes(b"being delivered")
    receipt = twins_at(spool).purge("pippo")
    assert (receipt.purged, receipt.in_use) == (2, 1)
    assert sorted(os.listdir(spool)) == ["1x-1-D", "1x-1-H", "1x-1-J"]
