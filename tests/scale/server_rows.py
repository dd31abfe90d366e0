"""Exim and Postfix against the tools that their administrators have, on a run of each that is repeated to size.

The peers count and match; they decode nothing, join no login to a queue and judge nobody. `eximstats` and `exipick` are
in Debian's `exim4-base`, which removes Postfix where it is installed: unpack it with `dpkg -x` and put it on the PATH.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.scale.bench import breachkit, program
from tests.scale.repeated import exim_parts, moved_exim_id, postfix_parts, write_repeated
from tests.scale.rows import Act, Pair, Row, always

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scale.bench import Bench
    from tests.scale.rows import Check

SAMPLES = Path(__file__).parents[2] / "sample_queues"
WHOLE = 1 << 30
MESSAGES = 100_000
THIEF, OTHER = "carla.jensen@hotel-adler.example", "elena.rossi@hotel-adler.example"
LOGS = {
    "exim": ("mainlog", exim_parts, ("mainlog.1.gz", "mainlog")),
    "postfix": ("mail.log", postfix_parts, ("mail.log.20261112-000500.gz", "mail.log.20261113-000500.gz")),
}


def _lines(server: str) -> list[str]:
    lines: list[str] = []
    for name in LOGS[server][2]:
        path = SAMPLES / server / "guessed-password" / "log" / name
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        lines += text.decode("utf-8", "replace").splitlines(keepends=True)
    return lines


def _find_account(server: str, peer: str) -> Callable[[Bench], Pair]:
    def build(bench: Bench) -> Pair:
        name, parts, _ = LOGS[server]
        size = bench.size(WHOLE)
        folder = bench.make(f"{server}-log", lambda made: write_repeated(_lines(server), made / name, size, parts))

        def check(written: bytes) -> str:
            read, size = json.loads(written)["inputs"]["bytes"], (folder / name).stat().st_size
            return "" if read == size else f"{read} bytes read of {size}"

        ours = Act(breachkit("find-account", "--logs", str(folder), "--timezone", "UTC", "--format", "json"), check)
        return Pair(always(ours), always(Act((str(program(peer)), str(folder / name)))))

    return build


def _write_exim_queue(root: Path, messages: int) -> None:
    """Write a spool whose messages are the thief's and, every second one, another account's."""
    source = SAMPLES / "exim" / "guessed-password" / "spool" / "input"
    heads = [path for path in sorted(source.glob("*-H")) if f"auth_id {THIEF}" in path.read_text("utf-8", "replace")]
    place = root / "input"
    place.mkdir()
    for number in range(messages):
        head = heads[number % len(heads)]
        old = head.name.removesuffix("-H")
        new = moved_exim_id(old, number, 60 * number)
        for part in "HD":
            raw = head.with_name(f"{old}-{part}").read_bytes().replace(old.encode(), new.encode())
            (place / f"{new}-{part}").write_bytes(raw.replace(THIEF.encode(), OTHER.encode()) if number % 2 else raw)


def _write_postfix_queue(root: Path, messages: int) -> None:
    source = SAMPLES / "postfix" / "guessed-password" / "spool" / "deferred"
    name = f"sasl_username={THIEF}".encode()
    texts = [raw for path in sorted(source.rglob("*")) if path.is_file() and name in (raw := path.read_bytes())]
    size = len(THIEF) - len(OTHER)
    for number in range(messages):
        raw = texts[number % len(texts)]
        # as long as the other, so that the lengths of the records stay right
        raw = raw.replace(THIEF.encode(), b"x" * size + OTHER.encode()) if number % 2 else raw
        path = root / "deferred" / f"{number % 16:X}" / f"{number % 16:X}{0x100000 + number:09X}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
        path.chmod(0o700)


def _purge(server: str) -> Callable[[Bench], Pair]:
    write = _write_exim_queue if server == "exim" else _write_postfix_queue

    def build(bench: Bench) -> Pair:
        number = bench.size(MESSAGES)
        root = bench.make(f"{server}-queue", lambda made: write(made, number))
        queue = root / ("input" if server == "exim" else "deferred")
        words = ("purge", "--account", THIEF, "--queue", str(queue), "--dry-run", "--format", "json")
        hits = (number + 1) // 2
        ours = Act(breachkit(*words), _planned(hits))
        peer: tuple[str, ...]
        if server == "exim":
            peer = (str(program("exipick")), "-spool", str(root), "-i", f"$authenticated_id eq {THIEF}")
        else:
            peer = (str(program("grep")), "-rl", f"sasl_username={THIEF}", str(queue))
        return Pair(always(ours), always(Act(peer, _listed(hits))))

    return build


def _planned(number: int) -> Check:
    def check(written: bytes) -> str:
        planned = json.loads(written)["planned"]
        return "" if planned == number else f"{planned} planned, {number} are the account's"

    return check


def _listed(number: int) -> Check:
    def check(written: bytes) -> str:
        listed = written.count(b"\n")
        return "" if listed == number else f"{listed} listed, {number} are the account's"

    return check


_JOB = "find-account, {} log of 1 GiB"
_PURGE = "purge --account --dry-run, {} queue of 100,000"

ROWS = (
    Row("exim-log", _JOB.format("Exim"), "eximstats", 0.5, _find_account("exim", "eximstats"), ("eximstats",)),
    Row("postfix-log", _JOB.format("Postfix"), "pflogsumm", 0.5, _find_account("postfix", "pflogsumm"), ("pflogsumm",)),
    Row("exim-purge", _PURGE.format("Exim"), "exipick", 0.25, _purge("exim"), ("exipick",)),
    Row("postfix-purge", _PURGE.format("Postfix"), "grep -rl sasl_username=", 3.0, _purge("postfix"), ("grep",)),
)
