"""Spools of Postfix and Exim: what is one message, the locks of the server, and where its files go back to."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from breachkit.purge.disk import Disk, Fingerprint
from breachkit.purge.stock import find_changed, take_stock
from breachkit.servers import load
from tests.purge.harness import NOW, House, Seen, house, lines_of, make_messages, snapshot
from tests.purge.test_tampering import rewrite
from tests.servers.exim import test_spool as exim
from tests.servers.postfix import test_queue as postfix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from breachkit.servers import Queue
    from tests.conftest import Ran

SHORT, LONG, OTHER = postfix.SHORT, postfix.LONG, "0C42B2799ED"
NOBODY = 65534
STRING = "please look here"
SAMPLES = Path(__file__).parents[2] / "sample_queues"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no server with such locks runs on Windows")


def postfix_spool(tmp_path: Path, queue: str = "deferred/0") -> House:
    """Make a spool of one message, with what Postfix has written about it, and of another message."""
    spool = tmp_path / "spool"
    postfix.write(spool / queue, SHORT)
    (spool / "hold").mkdir()
    postfix.write(spool / "deferred" / "0", OTHER, postfix.message(content=(b"NSubject: hello", b"N", b"Nlunch?")))
    for part in ("defer/0", "bounce", "trace/0"):
        postfix.write(spool / part, SHORT, b"about " + STRING.encode())
    postfix.write(spool / "defer" / "0", OTHER, b"about " + STRING.encode())
    return house(spool / queue.partition("/")[0], rules=rules_of("postfix"))


def exim_spool(tmp_path: Path, part: str = "") -> House:
    """Make a spool of one message, whose delivery was cut off once, and of another message."""
    spool = tmp_path / "spool"
    for name, body in ((exim.OLD, f"{STRING}\n"), (exim.NEW, "lunch?\n")):
        exim.write_message(spool / "input" / part, name, body=body)
        (spool / "msglog" / part).mkdir(parents=True, exist_ok=True)
        (spool / "msglog" / part / name).write_text(f"{STRING}\n")
    (spool / "input" / part / f"{exim.OLD}-J").write_text("bob@far.example\n")
    return house(spool / "input", rules=rules_of("exim"))


def rules_of(server: str) -> Queue:
    return cast("Queue", load(server).queue)


SPOOLS: dict[str, Callable[[Path], House]] = {"postfix": postfix_spool, "exim": exim_spool}


@contextmanager
def locked(path: Path, kind: str, name: str = "") -> Iterator[None]:
    """Let another process have the lock of a message, as a delivery agent has it; its name in the queue may differ."""
    take = {
        "postfix": "fcntl.flock(stream, fcntl.LOCK_SH)",
        "exim": f"fcntl.lockf(stream, fcntl.LOCK_EX, {len(name or path.name) + 1})",
    }[kind]
    program = f"import fcntl, sys; stream = open(sys.argv[1], 'r+b'); {take}; print(flush=True); sys.stdin.read()"
    agent = subprocess.Popen([sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert agent.stdin is not None
    assert agent.stdout is not None
    assert agent.stdout.readline() == b"\n"
    try:
        yield
    finally:
        agent.stdin.close()
        agent.wait()
        agent.stdout.close()


def on(whole: House, disk: Disk) -> House:
    """Use another disk."""
    return House(whole.queues._replace(disk=disk))


def lock_file(whole: House) -> Path:
    (hit,) = whole.hits(STRING)
    return Path(next((path for path in hit.files if path.endswith("-D")), hit.files[0]))


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("postfix", [f"deferred/0/{SHORT}", f"defer/0/{SHORT}", f"bounce/{SHORT}", f"trace/0/{SHORT}"]),
        ("exim", [f"input/{exim.OLD}-H", f"input/{exim.OLD}-D", f"input/{exim.OLD}-J", f"msglog/{exim.OLD}"]),
    ],
)
def test_what_was_written_about_a_message_goes_and_comes_with_it(kind: str, files: list[str], tmp_path: Path) -> None:
    whole = SPOOLS[kind](tmp_path)
    before = snapshot(tmp_path / "spool")
    receipt = whole.purge(STRING)
    assert (receipt.planned, receipt.purged, receipt.sent_meanwhile) == (1, 1, 0)
    assert before.keys() - snapshot(tmp_path / "spool").keys() == {os.fsencode(name) for name in files}
    (intent,) = [line for line in lines_of(receipt.runs[0]) if line["kind"] == "intent"]
    assert [file["home"] for file in intent["files"]] == [f"spool/{name}" for name in files]
    assert receipt.runs[0].path.startswith(os.fspath(tmp_path / "breachkit-quarantine"))
    assert whole.restore().restored == 1
    assert snapshot(tmp_path / "spool") == before


def test_a_split_spool_of_exim_has_its_logs_split_too(tmp_path: Path) -> None:
    whole = exim_spool(tmp_path, "b")
    before = snapshot(tmp_path / "spool")
    receipt = whole.purge(STRING)
    assert sorted(os.listdir(receipt.runs[0].messages)) == ["00000001", "00000001.1", "00000001.2", "00000001.3"]
    assert whole.restore().restored == 1
    assert snapshot(tmp_path / "spool") == before


@pytest.mark.parametrize("kind", SPOOLS)
def test_a_message_that_is_being_delivered_is_left_and_taken_when_it_is_free(kind: str, tmp_path: Path) -> None:
    whole = SPOOLS[kind](tmp_path)
    before = snapshot(tmp_path / "spool")
    hits = whole.hits(STRING)
    with whole.begin() as run:
        with locked(lock_file(whole), kind):
            run.take(hits, NOW, lambda: False)
        assert list(run.unsettled.values()) == ["in_use"]
        assert snapshot(tmp_path / "spool") == before
        run.take(whole.hits(STRING), NOW, lambda: False)
        receipt = run.close(NOW, is_stopped=False)
    assert (receipt.planned, receipt.purged, receipt.in_use, receipt.left) == (1, 1, 0, ())
    assert whole.restore().restored == 1
    assert snapshot(tmp_path / "spool") == before


@pytest.mark.parametrize("kind", SPOOLS)
def test_the_lock_is_kept_until_the_message_is_moved(kind: str, tmp_path: Path) -> None:
    tries: list[int] = []

    class Watching(Disk):
        """Another process tries to lock the message when it is about to be moved."""

        def rename(self, source: str, target: str) -> None:
            if not tries:
                take = "fcntl.flock(stream, how)" if kind == "postfix" else "fcntl.lockf(stream, how)"
                program = (
                    f"import fcntl, sys; stream = open(sys.argv[1], 'r+b'); how = fcntl.LOCK_EX | fcntl.LOCK_NB; {take}"
                )
                done = subprocess.run([sys.executable, "-c", program, body], check=False, capture_output=True)
                tries.append(done.returncode)
            super().rename(source, target)

    whole = SPOOLS[kind](tmp_path)
    body = lock_file(whole)
    assert on(whole, Watching()).purge(STRING).purged == 1
    assert tries == [1]


def test_what_postfix_has_put_elsewhere_meanwhile_is_found_again(tmp_path: Path) -> None:
    whole = postfix_spool(tmp_path)
    spool = tmp_path / "spool"
    hits = whole.hits(STRING)
    (spool / "active").mkdir()
    (spool / "deferred" / "0" / SHORT).rename(spool / "active" / SHORT)
    both = house(spool / "active", rules=rules_of("postfix"))
    both = House(
        both.queues._replace(
            places=(*both.queues.places, *whole.queues.places), stores={**both.queues.stores, **whole.queues.stores}
        )
    )
    with both.begin() as run:
        run.take(hits, NOW, lambda: False)
        assert run.unsettled == {SHORT: "vanished"}
        run.take(both.hits(STRING), NOW, lambda: False)
        receipt = run.close(NOW, is_stopped=False)
    assert (receipt.planned, receipt.purged, receipt.vanished) == (1, 1, 0)
    assert both.restore().restored == 1
    assert (spool / "deferred" / "0" / SHORT).exists()
    assert os.listdir(spool / "active") == []


@pytest.mark.parametrize(("name", "sign"), [(SHORT, "0"), (LONG, "3")])
@pytest.mark.parametrize("is_split", [True, False])
def test_what_was_active_is_put_back_into_deferred(name: str, sign: str, is_split: bool, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    postfix.write(spool / "active", name)
    postfix.write(spool / "deferred" / ("F" if is_split else ""), "F00000002AA")
    back_to = rules_of("postfix").back_to
    assert back_to is not None
    home = Path(back_to(os.fspath(spool / "active" / name)))
    assert home == (spool / "deferred" / sign / name if is_split else spool / "deferred" / name)
    for kept in ("deferred/0", "hold", "incoming"):
        assert back_to(os.fspath(spool / kept / name)) == os.fspath(spool / kept / name)


def test_what_postfix_had_begun_to_deliver_is_counted_as_sent_and_stays(tmp_path: Path) -> None:
    whole = postfix_spool(tmp_path)
    with whole.begin() as run:
        run.take(whole.hits(STRING), NOW, lambda: False)
        stored = Path(whole.runs()[0].file(1))
        with stored.open("r+b") as stream:  # the agent has it open, and marks whom it served
            stream.seek(stored.read_bytes().index(b"R\x0fbob@far.example"))
            stream.write(b"D")
        receipt = run.close(NOW, is_stopped=False)
    assert (receipt.purged, receipt.sent_meanwhile) == (1, 1)
    assert find_changed(Disk(), take_stock(Disk(), receipt.runs[0])) == []
    done = whole.restore()
    assert (done.restored, done.changed, done.in_quarantine, done.is_incomplete) == (0, 1, 1, True)
    assert [kind for _, kind in done.left] == ["sent"]
    assert stored.exists()


def test_what_exim_had_begun_to_deliver_is_counted_as_sent_and_stays(tmp_path: Path) -> None:
    whole = exim_spool(tmp_path)
    with whole.begin() as run:
        run.take(whole.hits(STRING), NOW, lambda: False)
        (tmp_path / "spool" / "input" / f"{exim.OLD}-J").write_text("bob@far.example\n")
        receipt = run.close(NOW, is_stopped=False)
    assert (receipt.purged, receipt.sent_meanwhile) == (1, 1)
    done = whole.restore()
    assert (done.restored, done.changed, done.left[0][1]) == (0, 1, "sent")


@pytest.mark.parametrize("kind", SPOOLS)
@pytest.mark.parametrize("change", ["owner", "mode", "inode"])
@pytest.mark.parametrize("place", range(4))
def test_a_file_that_is_not_itself_is_given_no_name(kind: str, change: str, place: int, tmp_path: Path) -> None:
    class Strange(Disk):
        """Another owner, without the right to give files away."""

        def fingerprint(self, path: str) -> Fingerprint:
            found = super().fingerprint(path)
            return found._replace(uid=found.uid + 1) if change == "owner" and path == stored else found

    whole = SPOOLS[kind](tmp_path)
    run = whole.purge(STRING).runs[0]
    stored = run.file(1, place)
    after = snapshot(tmp_path / "spool")
    if change == "mode":
        os.chmod(stored, 0o604)
    elif change == "inode":
        shutil.copy2(stored, stored + "~")
        os.replace(stored + "~", stored)
    done = on(whole, Strange()).restore()
    assert (done.restored, done.changed, done.failed) == (0, 1, 0)
    assert [kind for _, kind in done.left] == ["copied" if change == "inode" else "owner"]
    assert snapshot(tmp_path / "spool") == after
    assert len(os.listdir(run.messages)) == 4


@pytest.mark.parametrize("kind", SPOOLS)
def test_nothing_is_copied_to_another_volume(kind: str, tmp_path: Path, cli: Callable[..., Ran]) -> None:
    SPOOLS[kind](tmp_path)
    before = snapshot(tmp_path / "spool")
    far = Path("/dev/shm")
    if not far.is_dir() or far.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no other volume here")
    ran = cli("purge", STRING, "--yes", "--root", tmp_path, "--quarantine", far / f"breachkit-test-{os.getpid()}")
    assert (ran.code, ran.out) == (1, "")
    assert "lies on another volume than" in ran.err
    assert "only renamed" in ran.err
    assert snapshot(tmp_path / "spool") == before
    assert not (far / f"breachkit-test-{os.getpid()}").exists()


@pytest.mark.parametrize("kind", SPOOLS)
def test_a_mount_within_the_queue_leaves_its_messages_where_they_are(kind: str, tmp_path: Path) -> None:
    class Mounted(Disk):
        """One file of each message lies behind a mount."""

        def rename(self, source: str, target: str) -> None:
            if "/bounce/" in source or source.endswith("-D"):
                raise OSError(errno.EXDEV, "Invalid cross-device link", source)
            super().rename(source, target)

    whole = SPOOLS[kind](tmp_path)
    before = snapshot(tmp_path / "spool")
    receipt = on(whole, Mounted()).purge(STRING)
    assert (receipt.purged, receipt.failed) == (0, 1)
    assert receipt.left[0][1].reason == "on another volume, and these files must not be copied"
    assert snapshot(tmp_path / "spool") == before


@pytest.mark.parametrize(
    "home", ["etc/passwd", "deferred/0/0542B2799EC/../../../etc/x", "defer/0/FFFFFF2799EC", "defer/0"]
)
def test_a_journal_that_was_forged_puts_nothing_beside_the_queue(home: str, tmp_path: Path) -> None:
    whole = postfix_spool(tmp_path)
    run = whole.purge(STRING).runs[0]
    rewrite(run, lambda lines: lines[1]["files"][1].update(home=f"spool/{home}"), chained=True)
    after = snapshot(tmp_path / "spool")
    done = whole.restore()
    assert (done.restored, done.refused) == (0, 1)
    assert snapshot(tmp_path / "spool") == after


def differences(before: dict[bytes, Seen], folder: Path) -> set[bytes]:
    after = snapshot(folder)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.mark.parametrize("kind", SPOOLS)
def test_a_copy_of_a_real_spool_is_purged_and_made_whole_again(
    kind: str, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(SAMPLES / kind / "guessed-password", root)
    before = snapshot(root / "spool")
    done = cli("purge", "http://", "--yes", "--root", root, "--everything", "--timezone", "UTC")
    assert done.code == 0, done.err
    assert differences(before, root / "spool")
    assert cli("restore", "--yes", "--root", root).code == 0
    assert differences(before, root / "spool") == set()


def test_messages_on_hold_lie_in_the_queue_and_restore_takes_them_off(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    whole = postfix_spool(tmp_path)
    spool = tmp_path / "spool"
    postfix.write(spool / "hold", LONG)
    before = snapshot(spool)
    done = cli("purge", STRING, "--hold", "--yes", "--root", tmp_path, "--format", "json", "--everything")
    product = json.loads(done.out)
    assert (done.code, product["planned"], product["purged"], product["held"]) == (0, 1, 1, 1), done.err
    moved = {
        name.replace(b"deferred/0/" + SHORT.encode(), b"hold/" + SHORT.encode()): seen for name, seen in before.items()
    }
    assert snapshot(spool) == moved
    listed = cli("quarantine", "list", "--root", tmp_path).out
    assert f"{product['run']}: 1 message on hold in the queue" in listed
    assert cli("quarantine", "verify", "--root", tmp_path).code == 0
    again = cli("purge", STRING, "--hold", "--yes", "--root", tmp_path, "--format", "json")
    assert json.loads(again.out)["planned"] == 0
    assert cli("restore", "--yes", "--root", tmp_path).code == 0
    assert snapshot(spool) == before
    assert "0 messages on hold" in cli("quarantine", "list", "--root", tmp_path).out
    assert whole.restore().restored == 0


def test_what_is_on_hold_is_purged_and_put_back_step_by_step(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    postfix_spool(tmp_path)
    spool = tmp_path / "spool"
    before = snapshot(spool)
    held = json.loads(cli("purge", STRING, "--hold", "--yes", "--root", tmp_path, "--format", "json").out)["run"]
    taken = json.loads(cli("purge", STRING, "--yes", "--root", tmp_path, "--format", "json").out)["run"]
    assert (spool / "hold" / SHORT).exists() is False
    early = cli("restore", held, "--yes", "--root", tmp_path, "--format", "json")
    assert (early.code, json.loads(early.out)["missing"]) == (3, 1)
    assert cli("restore", taken, "--yes", "--root", tmp_path).code == 0
    assert (spool / "hold" / SHORT).exists()
    assert cli("restore", held, "--yes", "--root", tmp_path).code == 0
    assert snapshot(spool) == before


def test_a_name_that_is_taken_on_hold_is_left(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    postfix_spool(tmp_path)
    postfix.write(tmp_path / "spool" / "hold", SHORT, b"another")
    before = snapshot(tmp_path / "spool")
    done = cli("purge", STRING, "--hold", "--yes", "--root", tmp_path, "--format", "json")
    product = json.loads(done.out)
    assert (done.code, product["purged"], product["failed"]) == (3, 0, 1)
    assert product["left"][0]["reason"] == "the name is taken where it would be put"
    assert snapshot(tmp_path / "spool") == before


def test_the_lines_that_freeze_messages_of_exim_are_printed(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    exim_spool(tmp_path)
    exim.write_message(tmp_path / "spool" / "input", "x; reboot #", body=STRING)
    before = snapshot(tmp_path)
    done = cli("purge", STRING, "--hold", "--root", tmp_path)
    assert done.code == 0, done.err
    assert "Plan: 2 of 3 messages to put on hold" in done.out
    assert done.out.endswith(
        f"Nothing was moved: breachkit runs no program of the server.\n\nNext\n  exim -Mf {exim.OLD}\n"
    )
    product = json.loads(cli("purge", STRING, "--hold", "--root", tmp_path, "--format", "json").out)
    assert (product["dry_run"], product["planned"], product["by_hand"]) == (True, 2, [f"exim -Mf {exim.OLD}"])
    assert snapshot(tmp_path) == before


def test_a_server_that_holds_nothing_says_so(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    make_messages(tmp_path / "_outgoing", [b"From: a@x.example\n\nplease look here\n"])
    done = cli("purge", STRING, "--hold", "--yes", "--queue", tmp_path / "_outgoing", "--server", "icewarp")
    assert (done.code, done.out) == (1, "")
    assert "IceWarp has no place for messages on hold; leave --hold out" in done.err


def test_without_a_folder_for_it_nothing_is_held(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    postfix_spool(tmp_path)
    (tmp_path / "spool" / "hold").rmdir()
    done = cli("purge", STRING, "--hold", "--yes", "--queue", tmp_path / "spool" / "deferred")
    assert (done.code, done.out) == (1, "")
    assert "there is no folder" in done.err


@pytest.mark.parametrize("kind", SPOOLS)
def test_whoever_purges_a_copy_is_told_that_the_server_goes_on(
    kind: str, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    SPOOLS[kind](tmp_path)
    done = cli("purge", STRING, "--yes", "--root", tmp_path)
    assert done.code == 0
    title = {"postfix": "Postfix", "exim": "Exim"}[kind]
    assert f"breachkit: {tmp_path} is not where {title} is installed: if this is a copy," in done.err


@pytest.mark.parametrize("kind", SPOOLS)
def test_what_lies_in_the_quarantine_is_read_without_the_logs_about_it(
    kind: str, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    SPOOLS[kind](tmp_path)
    spool = tmp_path / "spool"
    log = spool / ("bounce" if kind == "postfix" else "msglog") / (SHORT if kind == "postfix" else exim.OLD)
    log.write_text("only said of it\n")
    before = snapshot(spool)
    assert cli("purge", STRING, "--yes", "--root", tmp_path).code == 0
    scanned = json.loads(cli("scan", "--root", tmp_path, "--format", "json").out)
    assert (scanned["inputs"]["messages"], scanned["skipped"]) == (1, [])
    for command in ("group", "find-account"):
        assert cli(command, "--root", tmp_path, "--timezone", "UTC").code == 0
    words = ("restore", "--yes", "--root", tmp_path, "--format", "json", "--only")
    assert json.loads(cli(*words, "only said of it").out)["not_chosen"] == 1
    assert json.loads(cli(*words, STRING).out)["restored"] == 1
    assert snapshot(spool) == before


def without_rights(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run breachkit so that it may do no more than any user."""
    line: list[str | Path] = [sys.executable, "-m", "breachkit", *words]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("no setpriv here, and root may do anything")
        line = ["setpriv", "--bounding-set=-all", *line]
    return subprocess.run(line, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("kind", SPOOLS)
@pytest.mark.parametrize("place", ["default", "own"])
def test_a_user_who_may_not_write_there_is_told_and_nothing_is_half_done(kind: str, place: str, tmp_path: Path) -> None:
    SPOOLS[kind](tmp_path)
    own = tmp_path / "own"
    own.mkdir()
    for path in (tmp_path, tmp_path / "spool", *(tmp_path / "spool").rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
        if os.geteuid() == 0:
            os.chown(path, NOBODY, NOBODY)
    before = snapshot(tmp_path / "spool")
    words = ("purge", STRING, "--yes", "--root", tmp_path, *(() if place == "default" else ("--quarantine", own / "q")))
    done = without_rights(*words)
    tmp_path.chmod(0o755)
    assert snapshot(tmp_path / "spool") == before
    if place == "default":
        assert done.returncode == 1
        assert "breachkit-quarantine cannot be written" in done.stderr
        assert "run as Administrator (root)" in done.stderr
    else:
        assert done.returncode == 3, done.stderr
        assert "access denied: run as Administrator (root)" in " ".join(done.stdout.split())
        assert "0 of 1 message moved" in done.stdout


class Killed(BaseException):
    """What ends a run at a point, as a kill does."""


class DyingDisk(Disk):
    """Dies after some renames."""

    def __init__(self, renames: int) -> None:
        self.left = renames

    def rename(self, source: str, target: str) -> None:
        if not self.left:
            raise Killed
        self.left -= 1
        super().rename(source, target)


@pytest.mark.parametrize("kind", SPOOLS)
def test_what_the_server_rewrites_after_a_purge_was_killed_is_at_home(kind: str, tmp_path: Path) -> None:
    whole = SPOOLS[kind](tmp_path)
    with pytest.raises(Killed):
        on(whole, DyingDisk(0)).purge(STRING)
    first = Path(whole.hits(STRING)[0].files[0])
    mode = first.stat().st_mode
    first.with_name("new").write_bytes(first.read_bytes() + b"tried again")
    os.replace(first.with_name("new"), first)
    first.chmod(mode)
    before = snapshot(tmp_path / "spool")
    done = whole.restore()
    assert (done.found, done.already_there, done.missing, done.is_incomplete) == (1, 1, 0, False)
    assert snapshot(tmp_path / "spool") == before


@pytest.mark.parametrize("kind", SPOOLS)
@pytest.mark.parametrize("renames", range(4))
def test_what_is_sent_after_a_restore_was_killed_is_not_put_back_again(kind: str, renames: int, tmp_path: Path) -> None:
    whole = SPOOLS[kind](tmp_path)
    before = snapshot(tmp_path / "spool")
    first = Path(whole.hits(STRING)[0].files[0])
    whole.purge(STRING)
    with pytest.raises(Killed):
        on(whole, DyingDisk(renames)).restore()
    assert not first.exists()  # without it there is no message for the server
    assert whole.restore().restored == 1
    assert snapshot(tmp_path / "spool") == before
    whole.purge(STRING, name="run-2")
    run = whole.runs()[1]

    class Last(DyingDisk):
        """Dies when all files are at home."""

        def sync_folder(self, path: str) -> None:
            raise Killed

    with pytest.raises(Killed):
        on(whole, Last(4)).restore(run)
    assert snapshot(tmp_path / "spool") == before
    for path in whole.hits(STRING)[0].files:  # it is sent
        Path(path).unlink()
    sent = snapshot(tmp_path / "spool")
    done = whole.restore(run)
    assert (done.restored, done.already_there, done.missing) == (0, 1, 0)
    assert snapshot(tmp_path / "spool") == sent


@pytest.mark.parametrize("kind", SPOOLS)
def test_what_is_being_delivered_after_it_was_moved_is_counted_and_put_back_later(kind: str, tmp_path: Path) -> None:
    whole = SPOOLS[kind](tmp_path)
    before = snapshot(tmp_path / "spool")
    name = lock_file(whole).name
    with whole.begin() as run:
        run.take(whole.hits(STRING), NOW, lambda: False)
        stored = Path(whole.runs()[0].file(1, 1 if kind == "exim" else 0))
        with locked(stored, kind, name):  # the agent had opened it before
            receipt = run.close(NOW, is_stopped=False)
            early = whole.restore()
            assert whole.plan_restore().left == early.left
    assert (receipt.purged, receipt.sent_meanwhile) == (1, 1)
    assert (early.restored, early.changed, [reason for _, reason in early.left]) == (0, 1, ["sending"])
    assert whole.restore().restored == 1  # it was not to be delivered
    assert snapshot(tmp_path / "spool") == before


def test_a_journal_of_exim_that_came_up_later_keeps_the_message_where_it_is(tmp_path: Path) -> None:
    whole = exim_spool(tmp_path)
    (tmp_path / "spool" / "input" / f"{exim.OLD}-J").unlink()
    assert whole.purge(STRING).sent_meanwhile == 0
    (tmp_path / "spool" / "input" / f"{exim.OLD}-J").write_text("bob@far.example\n")
    done = whole.restore()
    assert (done.restored, done.changed, [reason for _, reason in done.left]) == (0, 1, ["sent"])


def test_a_log_that_grew_after_the_move_says_nothing_of_a_delivery(tmp_path: Path) -> None:
    whole = exim_spool(tmp_path)
    with whole.begin() as run:
        run.take(whole.hits(STRING), NOW, lambda: False)
        with Path(whole.runs()[0].file(1, 3)).open("a") as stream:
            stream.write("deferred\n")
        receipt = run.close(NOW, is_stopped=False)
    assert (receipt.purged, receipt.sent_meanwhile) == (1, 0)
    assert whole.restore().restored == 1
    assert (tmp_path / "spool" / "msglog" / exim.OLD).read_text() == f"{STRING}\ndeferred\n"
