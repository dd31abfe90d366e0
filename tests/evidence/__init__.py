"""Synthetic IceWarp evidence, made by a small simulated server.

Nobody who works on breachkit can run an IceWarp server, so every queue and every log here comes from a simulation:
accounts with owners who send mail from their usual addresses, servers of the internet that deliver to them, and
attackers who guess or already know a secret. The simulated server writes what it saw, as the vendor's documents and
the few public sample lines show it, and keeps a ledger of what its actors *did*. `expected.json` is made of that
ledger and of nothing else: no rule reads the written files again, so a mistake of a detector cannot hide in its own
expectation.

`python -m tests.evidence NAME TARGET --seed N` builds one story into TARGET, `--all` every story into a folder of its
own below TARGET, `--shipped` only those kept in `sample_queues/icewarp`. A story's files depend on the seed alone.
"""

from __future__ import annotations

from .stories import GUILTY, INNOCENT, PAIRS, SHIPPED, STORIES, build
from .truth import Truth

__all__ = ["GUILTY", "INNOCENT", "PAIRS", "SHIPPED", "STORIES", "Truth", "build"]
