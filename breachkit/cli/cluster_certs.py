"""`breachkit cluster-certs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachkit.cli import output

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder to put them in; made if it is not there.")]
Days = Annotated[int, typer.Option("--days", min=1, max=3650, metavar="N", help="How long they are good for.")]


def cluster_certs(folder: Folder, *, days: Days = 30) -> None:
    """Make the certificates that a cluster of nodes needs: an authority, a scheduler, workers, a client.

    Example: breachkit cluster-certs breachkit-certs
    """
    from breachkit.nodes.certs import make_certificates
    from breachkit.report.cluster import render_certificates

    output.check(folder, None, option="DIR")
    output.write(render_certificates(make_certificates(folder, days), days), None)
