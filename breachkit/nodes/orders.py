"""Which nodes are to be read: `NAME=ROOT`, and what a node is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.errors import UsageError
from breachkit.evidence.node import read_node
from breachkit.evidence.where import Asked, find_evidence
from breachkit.records import Locus
from breachkit.text.sasl import Fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.evidence.node import NodeRecords

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
"""One letter alone would look like a drive of Windows; a colon ends the name in front of a path."""

NO_NODE = "'{}' is no node: write NAME=ROOT, the name of 2 to 63 letters, digits, '.', '_' and '-'"
TWICE = "two nodes are called {}; give each node a name of its own"
LOST = "node that did not answer: none of its evidence was read"


@dataclass(frozen=True, slots=True)
class NodeOrder:
    """What one node is asked to read; it travels to the worker, so that its `repr` shows no key."""

    node: str
    root: str
    """The folder of its evidence, as spelled on that node."""
    timezone: str
    since: str | None
    until: str | None
    server: str | None
    key: bytes = field(repr=False)
    """What the secrets of this run are fingerprinted with."""


@dataclass(frozen=True, slots=True)
class LostNode:
    """A node whose evidence could not be had."""

    node: str
    root: str

    @property
    def source(self) -> Locus:
        """Where the evidence would have stood."""
        return Locus(self.root, 0, 1, self.node)


def check_name(name: str) -> str:
    """Return a node's name. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(NO_NODE.format(name))
    return name


def parse_nodes(words: Iterable[str]) -> dict[str, str]:
    """Take `NAME=ROOT` apart, in order of name. Raises UsageError."""
    found: dict[str, str] = {}
    for word in words:
        name, sign, root = word.partition("=")
        if not sign or not root:
            raise UsageError(NO_NODE.format(word))
        if check_name(name) in found:
            raise UsageError(TWICE.format(name))
        found[name] = root
    return dict(sorted(found.items()))


def read_order(order: NodeOrder, jobs: int | None = 1) -> NodeRecords:
    """Read the evidence of one node on this machine. Raises BreachkitError subclasses.

    One process unless the caller wants more: a worker of an engine may not start any.
    """
    asked = Asked(
        root=Path(order.root), timezone=order.timezone, since=order.since, until=order.until, server=order.server
    )
    return read_node(order.node, find_evidence(asked, use_settings=False), Fingerprints(order.key), jobs)
