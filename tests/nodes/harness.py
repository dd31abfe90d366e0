"""A real Dask cluster on loopback: processes, TLS, ports that the system picks, and an end whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from breachkit.nodes.certs import make_certificates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 90
"""Seconds until a process that does not come up fails a test; on an idle machine it takes two."""

STOP = """
import os, pathlib, time
from breachkit.evidence import gather

read_doors = gather.read_doors
folder = pathlib.Path(os.environ["STOP_FOLDER"])


def stopped(*arguments):
    # queue and SMTP logs are read by now: this is the middle of a run
    (folder / "begun").touch()
    while not (folder / "go").exists():
        time.sleep(0.05)
    return read_doors(*arguments)


gather.read_doors = stopped
"""


@dataclass(slots=True)
class Cluster:
    """One scheduler and the workers that were started."""

    folder: Path
    certs: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(
        self, name: str, *words: str, role: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a part of Dask with the certificate of its role."""
        tls = ["--tls-ca-file", "ca.pem", "--tls-cert", f"{role}.pem", "--tls-key", f"{role}.key"]
        quiet = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words, *quiet, *tls],
                cwd=self.certs,
                env={**os.environ, "DASK_TEMPORARY_DIRECTORY": str(self.folder), **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def worker(self, name: str, node: str, *, stops_in: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker of a node and wait until it is registered; it may stop in the middle of its first order."""
        words = ["worker", self.address, "--resources", f"{node}=1", "--nthreads", "1", "--no-nanny"]
        words += ["--memory-limit", "0"]
        environment = {}
        if stops_in is not None:
            preload = stops_in / "stop.py"
            preload.write_text(STOP)
            words += ["--preload", str(preload)]
            environment = {"STOP_FOLDER": str(stops_in)}
        process = self.start(name, *words, role="worker", environment=environment)
        log = self.folder / f"{name}.log"
        wait_for(lambda: b"Registered to" in log.read_bytes(), process)
        return process

    @property
    def words(self) -> list[str]:
        """The options that lead there."""
        return ["--scheduler", self.address, "--certs", str(self.certs)]

    def log(self) -> str:
        """Everything that the parts of Dask have logged."""
        return "".join(path.read_text("utf-8", "replace") for path in sorted(self.folder.glob("*.log")))


def wait_for(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until something is so, as long as a process lives that must do it."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.05)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start a scheduler; all processes end with the block."""
    made = Cluster(folder, folder / "certs")
    make_certificates(made.certs, 1)
    place = folder / "scheduler.json"
    try:
        words = ["scheduler", "--protocol", "tls", "--port", "0", "--scheduler-file", str(place)]
        process = made.start("scheduler", *words, role="scheduler")
        wait_for(lambda: place.exists() and place.read_text().endswith("}"), process)
        made.address = json.loads(place.read_text())["address"]
        yield made
    finally:
        for process in reversed(made.processes):
            process.kill()
            process.wait(PATIENCE)
