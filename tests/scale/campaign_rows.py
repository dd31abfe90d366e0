"""`group` against `scan` of the same queue, which reads each message as well, but looks for nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.campaigns.queues import build_queue
from tests.scale.bench import breachkit
from tests.scale.rows import Act, Pair, Row, always

if TYPE_CHECKING:
    from pathlib import Path

    from tests.scale.bench import Bench

SEED = 901
WHOLE = 10_000
"""Messages from which on every run is large enough to be held against the truth."""


def _group(bench: Bench) -> Pair:
    number = bench.size(100_000)
    spam: list[int] = []

    def build(root: Path) -> None:
        truth = build_queue(root, number, SEED)
        spam.append(sum(run is not None for run in truth.run_of.values()))

    root = bench.make("campaigns", build)

    def check(written: bytes) -> str:
        found = sum(one["messages"] for one in json.loads(written)["campaigns"] if not one["bulk"])
        is_told = number < WHOLE or abs(found - spam[0]) <= 0.01 * spam[0]
        return "" if is_told else f"{found} messages in campaigns, {spam[0]} are spam"

    def is_read(written: bytes) -> str:
        read = json.loads(written)["messages"]
        return "" if read == number else f"{read} read of {number}"

    words = ("--queue", str(root), "--format", "json")
    return Pair(always(Act(breachkit("group", *words), check)), always(Act(breachkit("scan", *words), is_read)))


ROWS = (Row("group", "group, 100,000 messages", "scan of the same queue", 3.0, _group),)
