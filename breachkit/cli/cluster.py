"""`breachkit cluster-certs` and `breachkit cluster-check`: workers that read nodes in place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachkit import __version__
from breachkit.cli import options, output

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder to put them in; made if it is not there.")]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, metavar="N", help="How long they are good for.")]


def cluster_certs(folder: Folder, *, days: Days = 30) -> None:
    """Make the certificates that a cluster of nodes needs: an authority, a scheduler, workers, a client.

    Example: breachkit cluster-certs breachkit-certs
    """
    from breachkit.nodes.certs import make_certificates
    from breachkit.report.cluster_report import render_certificates

    output.check(folder, None, option="DIR")
    output.write(render_certificates(make_certificates(folder, days), days), None)


Scheduler = Annotated[
    str,
    typer.Option("--scheduler", metavar="tls://HOST:PORT", help="The Dask scheduler to ask."),
]


@options.grouped(product=options.PRODUCT)
def cluster_check(
    *,
    product: options.Output,
    scheduler: Scheduler,
    certs: options.Certs = None,
    node: options.Node = None,
) -> None:
    """Say which nodes answer, which breachkit each has, and what evidence each sees; nothing is read.

    Example: breachkit cluster-check --scheduler tls://10.0.0.5:8786 --certs breachkit-certs --node mail1=/opt/icewarp
    """
    from breachkit.evidence.gather import Books
    from breachkit.nodes.orders import parse_nodes
    from breachkit.nodes.workers import check_cluster
    from breachkit.report.cluster_report import check_json, render_check
    from breachkit.report.contract import dump

    output.check(product.output_file, None, certs)
    nodes, workers = check_cluster(scheduler, certs, parse_nodes(node or ()))
    what = scheduler, __version__, nodes, workers
    output.write(dump(check_json(*what)) if product.is_json else render_check(*what), product.output_file)
    is_incomplete = not workers or not all(row["good"] for row in nodes)
    output.finish(Books(), is_incomplete=is_incomplete)
