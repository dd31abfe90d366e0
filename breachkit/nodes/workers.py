"""Nodes read by workers of a Dask scheduler: the way to it, each node read where its evidence lies, and what each sees.

A worker says with the resource NAME=1 that it reads the evidence of node NAME. One that is lost in mid-run has its
order given to another worker of that node; where there is none, the node is missing. Only records come back.

Dask speaks pickle: whoever may connect may run code on every worker, and a scheduler may run code here. So a
connection is either TLS in which both sides show a certificate of one authority, or it stays on this machine.
"""

from __future__ import annotations

import io
import logging
import platform
import re
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit import __version__
from breachkit.errors import BreachkitError
from breachkit.evidence.gather import queue_labels, smtp_logs
from breachkit.evidence.where import Asked, find_evidence
from breachkit.nodes.certs import CA, CLIENT, NO_EXTRA
from breachkit.nodes.orders import LostNode, read_order
from breachkit.nodes.partial import partial_lines, read_partial
from breachkit.progress import bar
from breachkit.spelling import ip_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from breachkit.evidence.node import NodeRecords
    from breachkit.nodes.orders import NodeOrder
    from breachkit.nodes.several import Several


CONNECT_SECONDS = 15

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):(\d{1,5})")


def check_address(address: str, certs: Path | None) -> bool:
    """Tell whether TLS is to be used. Raises BreachkitError: it is not safe to speak to."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise BreachkitError(_refused(address, "it has not the form tls://HOST:PORT"))
    is_tls = found[1] == "tls"
    host = ip_of(found[2].strip("[]"))
    # a name may mean another machine tomorrow, `localhost` too
    if not is_tls and not (host and host.is_loopback):
        reason = "it is neither TLS nor on this machine, and Dask runs what it is sent"
        raise BreachkitError(_refused(address, reason))
    if is_tls:
        if certs is None:
            raise BreachkitError(_uncertified(address, "no --certs DIR"))
        for path in (certs / CA, certs / f"{CLIENT}.pem", certs / f"{CLIENT}.key"):
            if not path.is_file():
                raise BreachkitError(_uncertified(address, f"{path} is not there"))
    return is_tls


def _refused(address: str, reason: str) -> str:
    return (
        f"--scheduler {address} is refused: {reason}; use tls://HOST:PORT with --certs DIR (see 'breachkit"
        " cluster-certs'), or tcp://127.0.0.1:PORT"
    )


def _uncertified(address: str, reason: str) -> str:
    return (
        f"--scheduler {address} is refused without a client's certificate: {reason}; make the certificates with"
        " 'breachkit cluster-certs DIR' and name that folder with --certs DIR"
    )


@contextmanager
def connected(address: str, certs: Path | None) -> Iterator[Any]:
    """Connect to a scheduler for the time of a block.

    Raises:
        BreachkitError: the address is neither TLS with a certificate of ours nor loopback, Dask is not installed, or
            nobody answers there with a certificate of the same authority.

    """
    is_tls = check_address(address, certs)
    try:
        import distributed
    except ImportError:
        raise BreachkitError(NO_EXTRA) from None
    dask: Any = distributed  # its calls are not typed
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said in sentences of ours
    security: Any = False
    if is_tls and certs is not None:
        security = dask.Security(
            require_encryption=True,
            tls_ca_file=str(certs / CA),
            tls_client_cert=str(certs / f"{CLIENT}.pem"),
            tls_client_key=str(certs / f"{CLIENT}.key"),
        )
    try:
        client = dask.Client(address, security=security, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # timeouts, refusals and every fault of TLS are OSError
        raise BreachkitError(
            f"no scheduler answers at {address} ({type(error).__name__}); check that 'dask scheduler' runs there with"
            " certificates of the same authority"
        ) from None
    try:
        yield client
    finally:
        client.close(timeout=CONNECT_SECONDS)


def workers_of(client: Any) -> dict[str, dict[str, Any]]:
    """Return what the scheduler says of its workers, by address; nothing when it is gone."""
    try:
        held = client.scheduler_info(n_workers=-1)
    except OSError:  # the connection is lost, and the scheduler with it
        return {}
    found: dict[str, dict[str, Any]] = held.get("workers", {})
    return found


POLL = 0.2
"""Seconds between two looks at what has come in."""


class Answer(NamedTuple):
    """What a worker gives back."""

    version: str
    """Of its breachkit."""
    lines: bytes | str
    """A whole partial result, read here with the same suspicion as a file; or the sentence that says why not."""


def read_in_place(order: NodeOrder) -> Answer:
    """Read the evidence of a node on its worker."""
    try:
        return Answer(__version__, b"".join(partial_lines(read_order(order), order.key)))
    except BreachkitError as error:
        return Answer(__version__, str(error))


def read_on_workers(orders: Sequence[NodeOrder], address: str, several: Several) -> list[NodeRecords | LostNode]:
    """Have every node read by a worker of its own.

    Args:
        orders: one for each node.
        address: of the scheduler, TLS or loopback.
        several: what was typed of the nodes.

    Raises:
        BreachkitError: as `connected` does; a worker cannot read what it was asked for, has another breachkit, or sent
            what is no partial result.

    """
    with connected(address, several.certs) as client:
        pending = {
            # the name is shown on Dask's dashboard and in its logs, and an equal one would be answered from memory
            order.node: client.submit(
                read_in_place,
                order,
                key=f"breachkit-{order.node}-{uuid.uuid4()}",
                resources={order.node: 1},
                pure=False,
            )
            for order in orders
        }
        with bar(sys.stderr, "nodes", len(orders), " nodes") as progress:
            answers = _collect(client, pending, several.wait, progress)
    return [_records(order, answers[order.node]) for order in orders]


def _collect(client: Any, pending: dict[str, Any], patience: float, progress: Any) -> dict[str, Answer | None]:
    """Wait for the answers; None where a node has none to give."""
    answers: dict[str, Answer | None] = {}
    seen = dict.fromkeys(pending, time.monotonic())
    while pending:
        alive = {name for worker in workers_of(client).values() for name in worker.get("resources") or {}}
        now = time.monotonic()
        seen.update((node, now) for node in pending if node in alive)
        for node, future in list(pending.items()):
            if future.done():
                answers[node] = _answer(future)
            elif now - seen[node] > patience:
                future.cancel()
                answers[node] = None
            else:
                continue
            del pending[node]
            progress(1)
        time.sleep(POLL if pending else 0)
    return answers


def _answer(future: Any) -> Answer | None:
    from distributed.scheduler import KilledWorker

    if future.cancelled() or future.status == "lost":
        return None
    try:
        answer: Answer = future.result()
    except (KilledWorker, OSError):
        return None
    return answer


def _records(order: NodeOrder, answer: Answer | None) -> NodeRecords | LostNode:
    if answer is None:
        return LostNode(order.node, order.root)
    if answer.version != __version__:
        raise BreachkitError(
            f"node {order.node} has breachkit {answer.version}, this is {__version__}; install one version everywhere"
        )
    if isinstance(answer.lines, str):
        raise BreachkitError(f"node {order.node}: {answer.lines}")
    return read_partial(io.BytesIO(answer.lines), f"the answer of {order.node}", order.key)


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
