"""Nodes read by workers: each where its evidence lies, and only records come back.

A worker says with the resource NAME=1 that it reads the evidence of node NAME. One that is lost in mid-run has its
order given to another worker of that node; where there is none, the node is reported as missing.
"""

from __future__ import annotations

import io
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit import __version__
from breachkit.errors import BreachkitError
from breachkit.nodes.engine import connected, workers_of
from breachkit.nodes.orders import LostNode, read_order
from breachkit.nodes.partial import partial_lines, read_partial
from breachkit.progress import bar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TextIO

    from breachkit.evidence.node import NodeRecords
    from breachkit.nodes.orders import NodeOrder

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


def read_on_workers(
    orders: Sequence[NodeOrder],
    address: str,
    certs: Path | None,
    patience: float,
    stream: TextIO,
) -> list[NodeRecords | LostNode]:
    """Have every node read by a worker of its own.

    Args:
        orders: one for each node.
        address: of the scheduler, TLS or loopback.
        certs: the folder of the client's certificate.
        patience: seconds for which a node may be without any worker.
        stream: where a bar of the nodes is shown.

    Raises:
        BreachkitError: as `connected` does; a worker cannot read what it was asked for, has another breachkit, or sent
            what is no partial result.

    """
    with connected(address, certs) as client:
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
        with bar(stream, "nodes", len(orders), " nodes") as progress:
            answers = _collect(client, pending, patience, progress)
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
