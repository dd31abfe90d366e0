"""The same work by one process or several: the same answer, whatever becomes of a helper."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from breachkit import parallel
from breachkit.parallel import Crew, Piece, spread

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECES = [Piece("f", [(str(number),), (f"{number}.1",)]) for number in range(60)]


def names_of(piece: Piece) -> list[str]:
    return [name for (name,) in piece.messages]


@pytest.fixture(autouse=True)
def _shares_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(parallel, "BATCH", 3)


@pytest.mark.parametrize("is_cold", [False, True])
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_the_results_are_the_same_over_any_number_of_processes(
    jobs: int, is_cold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "COLD", -1.0 if is_cold else 1.0)
    monkeypatch.setattr(parallel, "_disk_reads", lambda: None)
    for number in (0, 1, 2, 3, 60):
        assert sorted(spread(iter(PIECES[:number]), names_of, jobs)) == sorted(map(names_of, PIECES[:number]))


def add(task: int, number: int) -> tuple[int, int]:
    return task + number, os.getpid()


def test_a_crew_helps_and_rows_are_taken_only_a_few_ahead() -> None:
    taken: list[int] = []

    def rows() -> Iterator[tuple[int]]:
        for number in range(200):
            taken.append(number)
            yield (number,)

    with Crew(1000, 2) as crew:
        results = crew.each(add, rows())
        first = next(results)
        assert len(taken) < 20
        found = [first, *results]
    assert [number for number, _ in found] == list(range(1000, 1200))
    assert os.getpid() in {process for _, process in found}


class Dies:
    """Work that ends every process but the one it was made in."""

    def __init__(self) -> None:
        self.here = os.getpid()

    def __call__(self, piece: Piece) -> list[str]:
        if os.getpid() != self.here:
            os._exit(9)
        time.sleep(0.01)  # the other has time to take one
        return names_of(piece)


def test_what_a_lost_helper_had_in_hand_is_done_all_the_same() -> None:
    assert sorted(spread(iter(PIECES), Dies(), 2)) == sorted(map(names_of, PIECES))


ENDS = """\
import os, signal
from breachkit.parallel import Crew
from tests.test_parallel import add
if __name__ == "__main__":
    crew = Crew(0, 2)
    helpers = {process for _, process in crew.each(add, [(number,) for number in range(50)])} - {os.getpid()}
    print(*helpers, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def is_alive(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_helpers_end_when_the_process_that_asked_is_killed(tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text(ENDS)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    ran = subprocess.run([sys.executable, "ends.py"], cwd=tmp_path, env=environ, capture_output=True, check=False)
    (helper,) = map(int, ran.stdout.split())
    for _ in range(600):
        if not is_alive(helper):
            return
        time.sleep(0.1)
    raise AssertionError(helper)


class Fails(Dies):
    """Work with a fault."""

    def __call__(self, piece: Piece) -> list[str]:
        if piece.messages[0] == ("50",):
            raise ZeroDivisionError
        return names_of(piece)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_is_raised_where_it_is_asked_for(jobs: int) -> None:
    with pytest.raises(ZeroDivisionError):
        spread(iter(PIECES), Fails(), jobs)


def test_a_helper_loads_nothing_that_lies_in_the_folder_it_runs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pickle.py", "breachkit.py"):
        (tmp_path / name).write_text("import os\nos._exit(7)\n")
    monkeypatch.chdir(tmp_path)
    with Crew(1000, 2) as crew:
        assert {process for _, process in crew.each(slow, [(number,) for number in range(20)])} - {os.getpid()}


def slow(task: int, number: int) -> tuple[int, int]:
    time.sleep(0.05)  # the other has time to begin
    return add(task, number)


def test_where_no_process_can_be_started_one_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Crew(1, 5) as crew:
        assert {process for _, process in crew.each(add, [(2,), (3,)])} == {os.getpid()}


def test_where_no_process_may_be_started_one_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    with Crew(1, 5) as crew:
        assert crew.is_one
        assert {process for _, process in crew.each(add, [(2,), (3,)])} == {os.getpid()}
