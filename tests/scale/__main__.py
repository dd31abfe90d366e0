"""Measure every job against its peer, side by side on this machine.

Usage: python -m tests.scale [--small] [--turns 5] [--rows NAME…] [--folder DIR] [--json FILE]

Prints a table of ratios and the bound of each, and what each command took. A row whose peer is not installed,
or that cannot be measured here, says so. A ratio above its bound is no failure: machines are noisy. The exit
code is 1 only when a command did not do its work.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tests.scale
from tests.scale.bench import Bench
from tests.scale.harness import MIB, Measured, measure

if TYPE_CHECKING:
    from tests.scale.harness import Took
    from tests.scale.rows import Row

IN_MEMORY = Path("/dev/shm")  # a file system in memory is the point
SMALL = 200
"""By how much less evidence the small form has."""


def known_rows() -> dict[str, Row]:
    """Gather the rows of every module here."""
    rows: dict[str, Row] = {}
    for module in pkgutil.iter_modules(tests.scale.__path__):
        if module.name != "__main__":
            found = importlib.import_module(f"tests.scale.{module.name}")
            rows.update((row.name, row) for row in getattr(found, "ROWS", ()))
    return rows


def line_of(measured: Measured) -> str:
    """Write one row of the table."""
    row = measured.row
    if measured.ratio is None or measured.ours is None or measured.peer is None:
        return f"| {row.job} | {_cell(row.against)} | {row.most:g} x | not measured: {_cell(measured.why_not)} | | | |"
    verdict = "" if measured.is_met else " **above**"
    return (
        f"| {row.job} | {_cell(row.against)} | {row.most:g} x | {measured.ratio:.2f} x{verdict} | {measured.cpu_ratio:.2f} x "
        f"| {_seconds(measured.ours)} / {_seconds(measured.peer)} | {measured.ours.peak / MIB:.0f} MiB |"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _seconds(took: Took) -> str:
    return f"{took.wall:.2f} s" if took.wall >= 1 else f"{1000 * took.wall:.0f} ms"


HEAD = "| job | against | at most | measured | processor time | ours / peer | peak |\n|---|---|---|---|---|---|---|"


def as_json(measured: Measured) -> dict[str, Any]:
    """Write one row for a program."""
    row = measured.row
    return {
        "name": row.name,
        "job": row.job,
        "against": row.against,
        "at_most": row.most,
        "ratio": measured.ratio,
        "cpu_ratio": measured.cpu_ratio,
        "met": measured.is_met,
        "ours_slower": measured.ours_slower,
        "not_measured": measured.why_not or None,
        "ours": None if measured.ours is None else measured.ours._asdict(),
        "peer": None if measured.peer is None else measured.peer._asdict(),
    }


def machine() -> dict[str, Any]:
    """Tell on what machine, and when."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def main() -> int:
    """Measure, print, and write the JSON if asked."""
    rows = known_rows()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="little evidence, two turns: to see that it runs")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--shrink", type=int, default=1, help="make so many times less evidence")
    parser.add_argument("--rows", nargs="+", choices=list(rows), metavar="NAME", help=", ".join(rows))
    parser.add_argument("--folder", type=Path, help="where evidence is made (default: the folder for temporary files)")
    parser.add_argument("--json", type=Path, help="write the table there too")
    wanted = parser.parse_args()
    if wanted.small:
        wanted.turns, wanted.shrink = 2, SMALL
    found: list[Measured] = []
    _write(f"{json.dumps(machine())}\n{HEAD}")
    with tempfile.TemporaryDirectory(dir=wanted.folder) as disk:
        memory = tempfile.TemporaryDirectory(dir=IN_MEMORY) if IN_MEMORY.is_dir() else None
        try:
            place = None if memory is None else Path(memory.name)
            bench = Bench(Path(disk), place, wanted.shrink, wanted.turns, is_small=wanted.small)
            for name in wanted.rows or rows:
                found.append(measure(rows[name], bench))
                _write(line_of(found[-1]))
        finally:
            if memory is not None:
                memory.cleanup()
    if wanted.json is not None:
        table = {"machine": machine(), "shrink": wanted.shrink, "rows": [as_json(one) for one in found]}
        wanted.json.write_text(json.dumps(table, indent=2) + "\n", "utf-8")
    return int(any(one.is_broken for one in found))


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
