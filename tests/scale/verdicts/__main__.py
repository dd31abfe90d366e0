"""Draw whole servers, ask find-account about them, and say how often its verdicts are wrong.

Usage: python -m tests.scale.verdicts --seeds N [N …] [--kinds build|kept|all] [--kind NAME …] [--jobs 2]
           [--keep DIR] [--breachkit COMMAND | --without SIGNAL] [--show KIND] [--draw-only DIR]

A seed is six servers, each with its own size, days, hours, log window and level; every kind plays on three of them.
`--show` tells what was said about each account of a kind that was judged wrongly, and why a fair expert could tell;
it is refused for the kinds that are kept aside. `--without` asks a breachkit that lacks one signal, which shows what
that signal is worth.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import cast, judge, table
from .kinds import BUILD, KEPT, chosen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .judge import Judged


def main(argv: Sequence[str]) -> int:
    """Draw, judge, tell."""
    asked = _parser().parse_args(argv)
    if asked.show in KEPT:
        sys.stderr.write(f"{asked.show} is kept aside: it judges a detector, and nobody builds against it\n")
        return 2
    kinds = chosen(asked.kinds, asked.kind)
    if not kinds:
        sys.stderr.write("none of these kinds is in that half\n")
        return 2
    if asked.draw_only is not None:
        _draw(asked.draw_only, asked.seeds, kinds)
        return 0
    command = asked.breachkit
    if asked.without is not None:
        command = f"{sys.executable} -m tests.scale.verdicts.without {asked.without}"
    orders = [
        judge.Order(seed, number, kinds, command, asked.keep) for seed in asked.seeds for number in range(cast.SERVERS)
    ]
    servers = []
    for server in judge.run(orders, asked.jobs):
        servers.append(server)
        for one in (*server.judged, *server.relays):
            if one.truth["kind"] == asked.show and (not one.right or one.entry_faults or one.missed):
                _tell(one, asked.keep)
    for line in table.lines(servers):
        _say(line)
    return 0


def _say(line: object) -> None:
    sys.stdout.write(f"{line}\n")


def _draw(folder: Path, seeds: Sequence[int], kinds: tuple[str, ...]) -> None:
    for seed in seeds:
        for number in range(cast.SERVERS):
            name = f"{seed}-{number}"
            cast.write(cast.draw(seed, number, kinds), folder / name, name)
            _say(folder / name)


def _tell(one: Judged, keep: Path | None) -> None:
    """Print one account that was judged wrongly."""
    place = keep / one.server if keep is not None else f"server {one.server}, not kept"
    _say(f"== {place}: {one.truth.get('account') or one.truth['ips']} is {one.verdict}")
    for fault in one.entry_faults:
        _say(f"   {fault}")
    if one.missed:
        _say(f"   attacking addresses missed: {', '.join(one.missed)}")
    _say(json.dumps({"truth": one.truth, "answer": one.answer}, indent=1, ensure_ascii=False))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.scale.verdicts", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", required=True)
    parser.add_argument("--kinds", choices=("build", "kept", "all"), default="build")
    parser.add_argument("--kind", nargs="+", default=[], choices=(*BUILD, *KEPT), metavar="NAME", help="only these")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="keep the servers, their truth and the answers there")
    parser.add_argument("--breachkit", default=f"{sys.executable} -m breachkit", help="the command that is judged")
    parser.add_argument("--without", metavar="SIGNAL", help="judge a breachkit that lacks this signal")
    parser.add_argument("--show", choices=(*BUILD, *KEPT), metavar="KIND", help="tell what is wrong in a build kind")
    parser.add_argument("--draw-only", type=Path, metavar="DIR", help="only write the servers and their truth")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
