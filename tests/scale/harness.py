"""Running two commands in turn, and what each took."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.scale.bench import program
from tests.scale.rows import CannotError

if TYPE_CHECKING:
    from tests.scale.bench import Bench
    from tests.scale.rows import Act, Row

MIB = 1 << 20
STOPWATCH = Path(__file__).with_name("stopwatch.py")
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"
"""Set on some build machines; an installed package has its byte code beside it."""
PEAK_UNIT = 1024
"""Bytes of one unit of `ru_maxrss` on Linux (getrusage(2))."""


class WrongError(Exception):
    """A command did not do what it was to be measured for."""


class Run(NamedTuple):
    """What one command took."""

    wall: float
    cpu: float
    """Seconds, user and system, of it and of the processes it started."""
    peak: int
    """Bytes of the largest of its processes."""


class Took(NamedTuple):
    """What all runs of one command took."""

    wall: float
    """Median seconds."""
    cpu: float
    peak: int
    walls: tuple[float, ...]


class Measured(NamedTuple):
    """A row as measured, or why it was not."""

    row: Row
    ours: Took | None
    peer: Took | None
    ratio: float | None
    """Median over the turns of our time by the peer's."""
    cpu_ratio: float | None
    ours_slower: int
    """Turns in which ours was the slower one: what noise would make half of them."""
    why_not: str = ""
    is_broken: bool = False
    """A command did not do its work."""

    @property
    def is_met(self) -> bool | None:
        """Whether the bound holds; None when nothing was measured."""
        return None if self.ratio is None else self.ratio <= self.row.most


def measure(row: Row, bench: Bench) -> Measured:
    """Make the evidence of a row, then run both commands in turn."""
    missing = [name for name in row.needs if program(name) is None]
    if missing:
        return _not_measured(row, f"not installed: {', '.join(missing)}")
    try:
        pair = row.build(bench)
        turns = bench.turns if bench.is_small else max(bench.turns, row.turns)
        runs: list[tuple[Run, Run]] = []
        for turn in range(-1, turns):  # the first fills the caches and is not counted
            ours_first = turn % 2 == 0 and not pair.is_peer_first
            first, second = (pair.ours, pair.peer) if ours_first else (pair.peer, pair.ours)
            one, two = run(first(turn + 1)), run(second(turn + 1))
            if turn >= 0:
                runs.append((one, two) if ours_first else (two, one))
    except CannotError as error:
        return _not_measured(row, str(error))
    except WrongError as error:
        return _not_measured(row, str(error))._replace(is_broken=True)
    ours, peer = _took([pair[0] for pair in runs]), _took([pair[1] for pair in runs])
    return Measured(
        row,
        ours,
        peer,
        statistics.median(one.wall / two.wall for one, two in runs),
        statistics.median(one.cpu / max(two.cpu, 1e-6) for one, two in runs),
        sum(one.wall > two.wall for one, two in runs),
    )


def _not_measured(row: Row, why: str) -> Measured:
    return Measured(row, None, None, None, None, 0, why)


def _took(runs: list[Run]) -> Took:
    return Took(
        statistics.median(run.wall for run in runs),
        statistics.median(run.cpu for run in runs),
        max(run.peak for run in runs),
        tuple(round(run.wall, 4) for run in runs),
    )


def run(act: Act) -> Run:
    """Run one command and tell what it took. Raises WrongError when it did not do its work."""
    act.before()
    master, slave = os.openpty() if act.on_terminal else (-1, -1)
    reading, writing = os.pipe()
    watched = (sys.executable, "-S", "-E", str(STOPWATCH), str(writing), *act.command)
    child = subprocess.Popen(
        watched,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=slave if act.on_terminal else subprocess.DEVNULL,
        cwd=act.folder,
        env={name: value for name, value in os.environ.items() if name != NO_BYTECODE},
        pass_fds=(writing,),
    )
    os.close(writing)
    if act.on_terminal:
        os.close(slave)
        threading.Thread(target=_drain, args=(master,), daemon=True).start()
    written, _ = child.communicate()
    with os.fdopen(reading, "rb") as report:
        wall, cpu, peak, code = report.read().split()
    complaint = act.check(written) if int(code) in act.codes else f"exit code {int(code)}"
    if complaint:
        raise WrongError(f"{' '.join(act.command)[:200]}: {complaint}")
    return Run(float(wall), float(cpu), int(peak) * PEAK_UNIT)


def _drain(handle: int) -> None:
    """Read what goes to a terminal, as a terminal does, so that nobody waits for it."""
    try:
        while os.read(handle, 1 << 16):
            pass
    except OSError:  # how Linux says that the other side is closed
        os.close(handle)
