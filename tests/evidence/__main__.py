"""The command that builds stories."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .stories import SHIPPED, STORIES, build


def main(argv: list[str]) -> int:
    asked = _parser().parse_args(argv)
    names = list(STORIES) if asked.all else list(SHIPPED) if asked.shipped else []
    for name in names:
        build(name, asked.target / name, asked.seed)
    if not names:
        build(asked.name, asked.target, asked.seed)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.evidence", description="Build synthetic IceWarp evidence.")
    parser.add_argument("name", nargs="?", choices=sorted(STORIES), default="guide", help="the story (default: guide)")
    parser.add_argument("target", type=Path, help="the folder that becomes the evidence root")
    parser.add_argument("--seed", type=int, default=1)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="every story, each in a folder of its own below the target")
    which.add_argument("--shipped", action="store_true", help="only the stories kept in sample_queues/icewarp")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
