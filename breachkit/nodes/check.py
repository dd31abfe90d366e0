"""Which nodes answer, with what breachkit, and what evidence does each see?"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit import __version__
from breachkit.errors import BreachkitError
from breachkit.evidence.gather import queue_labels, smtp_logs
from breachkit.evidence.where import Asked, find_evidence
from breachkit.nodes.engine import connected
from breachkit.nodes.workers import workers_of

if TYPE_CHECKING:
    from breachkit.report.contract import Json


class Seen(NamedTuple):
    """What a worker sees of the evidence of one node."""

    queues: int
    logs: int
    log_bytes: int
    has_accounts: bool
    trouble: str | None
    """Why it cannot be read."""


class Told(NamedTuple):
    """What one worker says."""

    version: str
    python: str
    seen: dict[str, Seen]
    """By node."""


class WorkerRow(NamedTuple):
    """One worker: where it is, which nodes it reads, and what it says (None when it could not be asked)."""

    worker: str
    nodes: tuple[str, ...]
    told: Told | None

    def json(self) -> Json:
        """Write the row of the contract."""
        version, python, _ = (None, None, None) if self.told is None else self.told
        return {"worker": self.worker, "nodes": self.nodes, "breachkit": version, "python": python}


class NodeRow(NamedTuple):
    """One node that was asked for, and what a worker of it sees (None when there is none)."""

    node: str
    root: str
    worker: str | None
    version: str | None
    seen: Seen | None

    @property
    def is_good(self) -> bool:
        """True when it can be read by what is installed there."""
        return self.version == __version__ and self.seen is not None and self.seen.trouble is None

    def json(self) -> Json:
        """Write the row of the contract."""
        return {
            "node": self.node,
            "root": self.root,
            "answers": self.seen is not None,
            "good": self.is_good,
            "worker": self.worker,
            "breachkit": self.version,
            **(dict.fromkeys(Seen._fields) if self.seen is None else self.seen._asdict()),
        }


class Checked(NamedTuple):
    """A cluster as it stands."""

    workers: tuple[WorkerRow, ...]
    nodes: tuple[NodeRow, ...]

    def rows(self) -> tuple[list[Json], list[Json]]:
        """Write the rows of the contract: of the nodes, and of the workers."""
        return [row.json() for row in self.nodes], [row.json() for row in self.workers]


def look(roots: dict[str, str]) -> Told:
    """Say what this worker has, and sees below some roots; nothing is read."""
    return Told(__version__, platform.python_version(), {node: _seen(root) for node, root in roots.items()})


def _seen(root: str) -> Seen:
    try:
        where = find_evidence(Asked(root=Path(root), timezone="UTC"), use_settings=False)
    except BreachkitError as error:
        return Seen(0, 0, 0, has_accounts=False, trouble=str(error))
    logs = smtp_logs(where)
    return Seen(
        queues=len(queue_labels(where)),
        logs=len(logs),
        log_bytes=sum(log.size for log in logs),
        has_accounts=where.accounts is not None,
        trouble=None,
    )


def check_cluster(address: str, certs: Path | None, nodes: dict[str, str]) -> Checked:
    """Ask every worker of a scheduler. Raises BreachkitError as `connected` does."""
    rows: list[WorkerRow] = []
    with connected(address, certs) as client:
        for worker, told in sorted(workers_of(client).items()):
            names = tuple(sorted(told.get("resources") or {}))
            roots = {name: nodes[name] for name in names if name in nodes}
            said = client.run(look, roots, workers=[worker], on_error="return").get(worker)
            rows.append(WorkerRow(worker, names, said if isinstance(said, Told) else None))
    return Checked(tuple(rows), tuple(_node_row(node, root, rows) for node, root in nodes.items()))


def _node_row(node: str, root: str, workers: list[WorkerRow]) -> NodeRow:
    for row in workers:
        if row.told is not None and node in row.told.seen:
            return NodeRow(node, root, row.worker, row.told.version, row.told.seen[node])
    return NodeRow(node, root, None, None, None)
