"""Which nodes answer, with what breachkit, and what evidence does each see?"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any, NamedTuple

from breachkit import __version__
from breachkit.errors import BreachkitError
from breachkit.evidence.gather import queue_labels, smtp_logs
from breachkit.evidence.where import Asked, find_evidence
from breachkit.nodes.engine import connected, workers_of


class NodeEvidence(NamedTuple):
    """What a worker sees of the evidence of one node."""

    queues: int = 0
    logs: int = 0
    log_bytes: int = 0
    has_accounts: bool = False
    trouble: str | None = None
    """Why it cannot be read."""


class WorkerAnswer(NamedTuple):
    """What one worker has, and sees of nodes."""

    version: str
    python: str
    evidence: dict[str, NodeEvidence]


def look(roots: dict[str, str]) -> WorkerAnswer:
    """Say what this worker has, and sees below the root of each node; nothing is read."""
    return WorkerAnswer(
        __version__, platform.python_version(), {node: _evidence_of(root) for node, root in roots.items()}
    )


def _evidence_of(root: str) -> NodeEvidence:
    try:
        where = find_evidence(Asked(root=Path(root), timezone="UTC"), use_settings=False)
    except BreachkitError as error:
        return NodeEvidence(trouble=str(error))
    logs = smtp_logs(where)
    return NodeEvidence(len(queue_labels(where)), len(logs), sum(log.size for log in logs), where.accounts is not None)


def check_cluster(address: str, certs: Path | None, nodes: dict[str, str]) -> tuple[list[Any], list[Any]]:
    """Ask every worker of a scheduler. Raises BreachkitError as `connected` does.

    Returns:
        A row for each node, and one for each worker; what nobody answered is None.
    """
    workers: list[dict[str, Any]] = []
    answers: dict[str, tuple[str, str, NodeEvidence]] = {}
    with connected(address, certs) as client:
        for worker, known in sorted(workers_of(client).items()):
            names = sorted(known.get("resources") or {})
            roots = {name: nodes[name] for name in names if name in nodes}
            answer = client.run(look, roots, workers=[worker], on_error="return").get(worker)
            row = {"worker": worker, "nodes": names, "breachkit": None, "python": None}
            if isinstance(answer, WorkerAnswer):
                row |= {"breachkit": answer.version, "python": answer.python}
                for name, evidence in answer.evidence.items():
                    answers.setdefault(name, (worker, answer.version, evidence))
            workers.append(row)
    return [_node_row(node, root, *answers.get(node, (None, None, None))) for node, root in nodes.items()], workers


def _node_row(
    node: str, root: str, worker: str | None, version: str | None, evidence: NodeEvidence | None
) -> dict[str, Any]:
    return {
        "node": node,
        "root": root,
        "answers": evidence is not None,
        "good": version == __version__ and evidence is not None and evidence.trouble is None,
        "worker": worker,
        "breachkit": version,
        **(dict.fromkeys(NodeEvidence._fields) if evidence is None else evidence._asdict()),
    }
