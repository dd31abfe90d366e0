"""`breachkit cluster-check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from breachkit import __version__
from breachkit.cli import options, output
from breachkit.evidence import gather

if TYPE_CHECKING:
    from breachkit.nodes.check import NodeRow, WorkerRow
    from breachkit.report.contract import Json

Scheduler = Annotated[
    str,
    typer.Option("--scheduler", metavar="tls://HOST:PORT", help="The Dask scheduler to ask."),
]


@options.grouped(product=options.PRODUCT)
def cluster_check(
    *,
    product: options.Product,
    scheduler: Scheduler,
    certs: options.Certs = None,
    node: options.Node = None,
) -> None:
    """Say which nodes answer, which breachkit each has, and what evidence each sees; nothing is read.

    Example: breachkit cluster-check --scheduler tls://10.0.0.5:8786 --certs breachkit-certs --node mail1=/opt/icewarp
    """
    from breachkit.nodes.check import check_cluster
    from breachkit.nodes.nodes import parse_nodes
    from breachkit.report.cluster import check_json, render_check
    from breachkit.report.contract import dump

    output.check(product.output_file, None, certs)
    checked = check_cluster(scheduler, certs, parse_nodes(node or ()))
    rows = scheduler, __version__, [_node(row) for row in checked.nodes], [_worker(row) for row in checked.workers]
    output.write(
        dump(check_json(*rows)) if product.is_json else render_check(*rows),
        product.output_file,
    )
    is_incomplete = not checked.workers or not all(row.is_good for row in checked.nodes)
    output.finish(gather.Books(), findings=False, is_incomplete=is_incomplete)


def _node(row: NodeRow) -> Json:
    seen = dict.fromkeys(("queues", "logs", "log_bytes", "has_accounts", "trouble"))
    return {
        "node": row.node,
        "root": row.root,
        "answers": row.seen is not None,
        "good": row.is_good,
        "worker": row.worker,
        "breachkit": row.version,
        **(seen if row.seen is None else row.seen._asdict()),
    }


def _worker(row: WorkerRow) -> Json:
    return {
        "worker": row.worker,
        "nodes": list(row.nodes),
        "breachkit": None if row.told is None else row.told.version,
        "python": None if row.told is None else row.told.python,
    }
