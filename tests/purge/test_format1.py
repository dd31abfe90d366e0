"""Journals of format 1, in which a message was one file: `format1/` was made by 0.1.0 and is read for ever.

Its runs: whole · one message restored by then, a name that is no UTF-8 · a name retaken before the move, and kept ·
killed after two of four renames · one message restored, the other dropped.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from breachkit.purge.deletion import drop_run
from breachkit.purge.disk import Disk
from breachkit.purge.stock import find_changed, take_stock
from tests.purge.harness import SPAM, House, house, lines_of

MADE = Path(__file__).parent / "format1" / "mail"
WHOLE, PART, REPLACED, KILLED, DROPPED = range(5)


@pytest.fixture(name="old")
def copy_of_it(tmp_path: Path) -> House:
    shutil.copytree(MADE, tmp_path / "mail")
    (tmp_path / "mail" / "breachkit-quarantine" / "20261120-090000-0005" / "messages").mkdir(exist_ok=True)
    return house(tmp_path / "mail" / "_outgoing")


def test_every_run_is_restored(old: House) -> None:
    runs = old.runs()
    done = [old.restore(run) for run in runs]
    assert [(one.found, one.restored, one.already_there, one.dropped) for one in done] == [
        (3, 3, 0, 0),
        (4, 3, 1, 0),
        (2, 2, 0, 0),
        (4, 2, 2, 0),
        (2, 0, 1, 1),
    ]
    assert not any(one.is_incomplete for one in done)
    queue = Path(old.queues.places[0].path)
    odd = queue / os.fsdecode(b"part \xff \xc3\xa8.dat")
    assert odd.read_bytes() == SPAM + b"part 0\n"
    for stem, number in (("whole", 3), ("part", 4), ("killed", 4)):
        for at in range(number):
            path = queue / ("retry" if at % 2 else "") / f"{stem}-{at}.dat"
            assert (odd if path.name == "part-0.dat" else path).read_bytes() == SPAM + f"{stem} {at}\n".encode()
    assert (queue / "odd-0.dat").read_bytes() == b"second"
    assert [old.restore(run).restored for run in runs] == [0] * 5


def test_a_journal_of_format_1_is_gone_on_with_in_its_own_words(old: House) -> None:
    run = old.runs()[WHOLE]
    old.restore(run)
    first, *_, restoring, restored = lines_of(run)
    assert first["format"] == "breachkit-journal/1"
    assert (restoring["ids"], restored["ids"]) == ([1, 2, 3], [1, 2, 3])


def test_what_it_holds_is_listed_verified_and_dropped(old: House) -> None:
    stock = [take_stock(Disk(), run) for run in old.runs()]
    assert [(one.count("held"), one.count("restored"), one.count("dropped")) for one in stock] == [
        (3, 0, 0),
        (3, 1, 0),
        (2, 0, 0),
        (2, 0, 0),
        (0, 1, 1),
    ]
    assert [one.is_ended for one in stock] == [True, True, True, False, True]
    assert [find_changed(Disk(), one) for one in stock] == [[]] * 5
    assert drop_run(Disk(), old.runs()[PART]).dropped == 3
    assert old.restore(old.runs()[PART]).dropped == 3


def test_a_format_that_is_not_known_is_refused(old: House) -> None:
    run = old.runs()[KILLED]
    line = json.loads(Path(run.journal).read_bytes().splitlines()[0]) | {"format": "breachkit-journal/3"}
    Path(run.journal).write_text(json.dumps(line) + "\n")
    with pytest.raises(Exception, match="it does not fit the lines before it"):
        old.plan_restore(run)
