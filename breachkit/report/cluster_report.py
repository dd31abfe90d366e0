"""The reports of `cluster-certs` and `cluster-check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.page import Page
from breachkit.report.words import count, size
from breachkit.shells import line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from breachkit.report.contract import Json


_QUIET = "--no-dashboard --dashboard-address 127.0.0.1:0"
"""Without the address Dask opens a port to the world over HTTP even where no dashboard is wanted."""


def check_json(scheduler: str, version: str, nodes: Sequence[Json], workers: Sequence[Json]) -> Json:
    """Write the object of the contract."""
    return {
        "schema": "breachkit.cluster-check/1",
        "scheduler": scheduler,
        "breachkit": version,
        "nodes": nodes,
        "workers": workers,
    }


def render_check(scheduler: str, version: str, nodes: Sequence[Json], workers: Sequence[Json]) -> str:
    """Write the report for a terminal."""
    page = Page()
    page.say(f"{scheduler}: {count(len(workers), 'worker')}; here is breachkit {version}", style="bold")
    page.table(
        ["worker", "reads", "breachkit", "Python"],
        [
            (row["worker"], ", ".join(row["nodes"]) or "-", row["breachkit"] or "cannot be asked", row["python"] or "")
            for row in workers
        ],
    )
    for row in nodes:
        page.say(f"{row['node']}  {_words(row, version)}", style="green" if row["good"] else "bold red", indent=2)
    return page.text()


def _words(row: Json, version: str) -> str:
    if not row["answers"]:
        return f"no worker with the resource {row['node']}=1 answers"
    if row["trouble"]:
        return str(row["trouble"])
    other = "" if row["breachkit"] == version else f"; ANOTHER breachkit: {row['breachkit']}"
    logs = f"{count(row['logs'], 'SMTP log')} ({size(row['log_bytes'])})"
    accounts = "accounts" if row["has_accounts"] else "no users.csv"
    return f"{count(row['queues'], 'queue folder')}, {logs}, {accounts} in {row['root']}{other}"


def render_certificates(written: Sequence[Path], days: int) -> str:
    """Say what was written, what it can do, and how the parts of a cluster are started with it."""
    page = Page()
    folder = written[0].parent.as_posix()
    page.say(f"{count(len(written), 'file')} in {folder}, good for {count(days, 'day')}")
    page.say(
        "Dask runs whatever it is sent: whoever has one of the keys can run programs on every node. Copy to each"
        " machine only ca.pem and the pair of its role; keep client.pem and client.key here; put ca.key away from"
        " every node, or delete it.",
        style="yellow",
    )
    page.heading("On the machine of the scheduler")
    page.literal(_dask(f"scheduler --protocol tls --port 8786 {_QUIET}", "scheduler"), indent=2)
    page.heading("On each node, with its own NAME, as a user who may read the evidence and no more")
    page.literal(
        _dask(f"worker tls://SCHEDULER:8786 --resources NAME=1 --nthreads 1 --memory-limit 0 {_QUIET}", "worker"),
        indent=2,
    )
    words = ["--scheduler", "tls://SCHEDULER:8786", "--certs", folder, "--node", "NAME=/opt/icewarp"]
    page.commands([line(["breachkit", "cluster-check", *words])], title="Here")
    return page.text()


def _dask(words: str, role: str) -> str:
    return f"dask {words} --tls-ca-file ca.pem --tls-cert {role}.pem --tls-key {role}.key"
