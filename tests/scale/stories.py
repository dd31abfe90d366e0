"""How often is an account judged otherwise than its story happened?

    python -m tests.scale.stories [--seeds 101,102,103,104,105,106]

Builds every labelled story for every seed, runs `find-account` on it, and prints, seed by seed and for the worst of them,
how many accounts came out otherwise than the simulation says (verdict, entry, times and counts).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.detect.test_stories import differences
from tests.evidence import STORIES, build


def judge(name: str, seed: int) -> tuple[int, list[str]]:
    """Build one story and return how many accounts it has and what is judged otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        truth = build(name, Path(folder) / name, seed=seed)._asdict()
        words = [sys.executable, "-m", "breachkit", "find-account", "--root", f"{folder}/{name}"]
        words += ["--format", "json", "--timezone", "Europe/Rome"]
        ran = subprocess.run(words, capture_output=True, text=True, check=True)
    return len(truth["accounts"]), differences(json.loads(ran.stdout), truth)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="101,102,103,104,105,106", help="seeds, comma separated")
    parser.add_argument("--stories", default=",".join(STORIES), help="stories, comma separated")
    asked = parser.parse_args()
    wrong_by_seed = []
    for seed in map(int, asked.seeds.split(",")):
        accounts = wrong = 0
        for name in asked.stories.split(","):
            number, lines = judge(name, seed)
            accounts, wrong = accounts + number, wrong + len(lines)
            for line in lines:
                sys.stdout.write(f"  {name} {seed}: {line}\n")
        wrong_by_seed.append(wrong)
        sys.stdout.write(f"seed {seed}: {wrong} differences in {accounts} accounts\n")
    sys.stdout.write(f"worst seed: {max(wrong_by_seed)} differences\n")


if __name__ == "__main__":
    main()
