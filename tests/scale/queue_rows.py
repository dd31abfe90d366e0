"""Purge, restore and scan against the tools that an administrator would use else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tests.scale.bench import breachkit, program
from tests.scale.queues import SLICES, SOUGHT, Truth, slice_of, write_queue
from tests.scale.rows import Act, CannotError, Pair, Row, always

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scale.bench import Bench
    from tests.scale.rows import Check

MESSAGES = 200_000
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
_TRUTHS: dict[Path, Truth] = {}


def _queue(bench: Bench, messages: int = MESSAGES, *, in_memory: bool = False) -> tuple[Path, Truth]:
    def build(root: Path) -> None:
        _TRUTHS[root] = write_queue(root, bench.size(messages))

    root = bench.make(f"queue-{messages}", build, in_memory=in_memory)
    return root, _TRUTHS[root]


def _outgoing(root: Path) -> str:
    return str(root / "mail" / "_outgoing")


def _is_planned(number: int) -> Check:
    def check(written: bytes) -> str:
        planned = json.loads(written)["planned"]
        return "" if planned == number else f"{planned} planned, {number} hold it"

    return check


def _lists(number: int) -> Check:
    def check(written: bytes) -> str:
        listed = written.count(b"\n")
        return "" if listed == number else f"{listed} listed, {number} hold it"

    return check


def _dry_run(root: Path, truth: Truth, *, is_raw: bool, before: Callable[[], object] = lambda: None) -> Act:
    words = ("--queue", _outgoing(root), "--dry-run", "--format", "json", *(["--raw-only"] if is_raw else []))
    return Act(breachkit("purge", SOUGHT, *words), _is_planned(truth.raw if is_raw else truth.hits), before)


def _grep(root: Path, truth: Truth) -> Act:
    return Act((str(program("grep")), "-rl", SOUGHT, _outgoing(root)), _lists(truth.raw))


def _rg(root: Path, truth: Truth, before: Callable[[], object] = lambda: None) -> Act:
    return Act((str(program("rg")), "-l", "-F", "-uu", SOUGHT, _outgoing(root)), _lists(truth.raw), before)


def _raw_by_rg(bench: Bench) -> Pair:
    root, truth = _queue(bench)
    return Pair(always(_dry_run(root, truth, is_raw=True)), always(_rg(root, truth)))


def _raw_by_grep(bench: Bench) -> Pair:
    root, truth = _queue(bench)
    return Pair(always(_dry_run(root, truth, is_raw=True)), always(_grep(root, truth)))


def _cold(bench: Bench) -> Pair:
    root, truth = _queue(bench, 20_000)
    try:
        _drop_caches()
    except OSError:
        raise CannotError("the cache cannot be dropped here") from None
    return Pair(always(_dry_run(root, truth, is_raw=True, before=_drop_caches)), always(_rg(root, truth, _drop_caches)))


def _drop_caches() -> None:
    import os  # only where the machine has it

    os.sync()
    DROP_CACHES.write_text("3")


def _decoding(bench: Bench) -> Pair:
    root, truth = _queue(bench)
    return Pair(always(_dry_run(root, truth, is_raw=False)), always(_dry_run(root, truth, is_raw=True)))


def _purge_on_disk(bench: Bench) -> Pair:
    """Take one part of one queue after the other: nothing is made between the runs, which would slow ext4 down."""
    root = bench.fresh("in-place")
    truth = write_queue(root, bench.size(151_000), encoded=0.0)
    if bench.turns >= SLICES // 2:
        raise CannotError(f"{SLICES // 2 - 1} turns at most")
    return Pair(
        lambda turn: Act(
            breachkit("purge", slice_of(2 * turn), "--queue", _outgoing(root), "--yes", "--format", "json"),
            _is_purged(truth.slices[2 * turn]),
        ),
        lambda turn: _grep_and_remove(root, slice_of(2 * turn + 1)),
    )


def _is_purged(number: int) -> Check:
    def check(written: bytes) -> str:
        purged = json.loads(written)["purged"]
        return "" if purged == number else f"{purged} purged, {number} hold it"

    return check


def _grep_and_remove(root: Path, sought: str, before: Callable[[], object] = lambda: None) -> Act:
    line = 'grep -rl "$1" "$2" | xargs --no-run-if-empty -d "\\n" rm'
    return Act(("sh", "-c", line, "sh", sought, _outgoing(root)), before=before)


def _purge_in_memory(messages: int) -> Callable[[Bench], Pair]:
    def build(bench: Bench) -> Pair:
        model, truth = _queue(bench, messages, in_memory=True)
        root = bench.fresh("copy", in_memory=True)

        def renew() -> None:
            shutil.rmtree(root)
            shutil.copytree(model, root)

        words = ("--queue", _outgoing(root), "--yes", "--raw-only", "--format", "json")
        return Pair(
            always(Act(breachkit("purge", SOUGHT, *words), _is_purged(truth.raw), renew)),
            always(_grep_and_remove(root, SOUGHT, renew)),
        )

    return build


def _restore(bench: Bench) -> Pair:
    root = bench.fresh("restore")
    number = bench.size(100_000)
    write_queue(root, number, sought=1.0, encoded=0.0)
    words = ("--queue", _outgoing(root), "--yes", "--format", "json")
    return Pair(
        always(Act(breachkit("restore", *words), lambda out: _is_restored(out, number))),
        always(Act(breachkit("purge", SOUGHT, "--everything", *words), _is_purged(number))),
        is_peer_first=True,
    )


def _is_restored(written: bytes, number: int) -> str:
    restored = json.loads(written)["restored"]
    return "" if restored == number else f"{restored} restored of {number}"


def _scan(bench: Bench) -> Pair:
    root, truth = _queue(bench)
    return Pair(always(_scan_of(root, truth)), always(_rg(root, truth)))


def _scan_of(root: Path, truth: Truth, *, on_terminal: bool = False) -> Act:
    def check(written: bytes) -> str:
        read = json.loads(written)["messages"]
        return "" if read == truth.messages else f"{read} read of {truth.messages}"

    command = breachkit("scan", "--queue", _outgoing(root), "--format", "json")
    return Act(command, check, on_terminal=on_terminal)


def _twice(bench: Bench) -> Pair:
    root, truth = _queue(bench)
    half, half_truth = _queue(bench, MESSAGES // 2)
    return Pair(always(_scan_of(root, truth)), always(_scan_of(half, half_truth)))


def _progress(bench: Bench) -> Pair:
    root, truth = _queue(bench)
    return Pair(always(_scan_of(root, truth, on_terminal=True)), always(_scan_of(root, truth)))


ROWS = (
    Row("purge-raw-rg", "purge STRING --raw-only --dry-run, 200,000 files", "rg -l -F -uu", 0.85, _raw_by_rg, ("rg",)),
    Row("purge-raw-grep", "the same", "grep -rl", 0.65, _raw_by_grep, ("grep",)),
    Row("purge-cold", "the same, cold cache, 20,000 files", "rg -l -F -uu", 0.5, _cold, ("rg",)),
    Row("purge-decoding", "the same with decoding, 20 % encoded", "its own --raw-only", 2.0, _decoding),
    Row(
        "purge-disk",
        "purge STRING --yes, on disk, in place, 151,000 files",
        "grep -rl | xargs rm",
        0.5,
        _purge_on_disk,
        ("grep",),
    ),
    Row(
        "purge-memory",
        "purge STRING --yes, in memory, 200,000 files",
        "grep -rl | xargs rm",
        1.1,
        _purge_in_memory(MESSAGES),
        ("grep",),
    ),
    Row(
        "purge-memory-20k",
        "the same, 20,000 files",
        "grep -rl | xargs rm",
        1.1,
        _purge_in_memory(20_000),
        ("grep",),
    ),
    Row("restore", "restore, 100,000 messages", "the purge that moved them", 1.0, _restore),
    Row("scan", "scan, 200,000 messages", "rg -l -F -uu", 2.5, _scan, ("rg",)),
    Row("scan-twice", "scan, 200,000 messages", "scan, 100,000 messages", 2.2, _twice),
    Row("progress", "scan with a progress bar", "the same without a terminal", 1.02, _progress, turns=10),
)
