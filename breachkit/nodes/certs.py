"""Certificates for a cluster: one authority, and one certificate each for scheduler, workers and client.

Dask checks that a certificate was signed by the authority, not whose host it is for; hence a folder of its own for each
cluster, short lives, and a client's certificate that cannot be used to serve (extended key usage, RFC 5280 §4.2.1.12).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError
from breachkit.writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

CA = "ca.pem"
CA_KEY = "ca.key"
NO_EXTRA = (
    "this needs the cluster extra: install it with 'pip install breachkit[cluster]', or read each node in place with"
    " 'breachkit read --partial FILE'"
)
SCHEDULER, WORKER, CLIENT = "scheduler", "worker", "client"
SERVES = {SCHEDULER: True, WORKER: True, CLIENT: False}
"""The roles, and whether others connect to them: workers give one another what they have read."""


def make_certificates(folder: Path, days: int) -> list[Path]:
    """Write an authority and the certificates of all roles, each file for its owner's eyes only.

    Raises BreachkitError: cryptography is not installed, one of the files exists, or none can be written.
    """
    try:
        from breachkit.nodes.signing import Authority
    except ImportError:
        raise BreachkitError(NO_EXTRA) from None
    authority = Authority(days)
    pems = {CA: authority.certificate, CA_KEY: authority.key}
    for role, serves in SERVES.items():
        pems[f"{role}.pem"], pems[f"{role}.key"] = authority.sign(f"breachkit {role}", serves=serves)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in pems:
            if os.path.lexists(folder / name):
                raise BreachkitError(
                    f"{folder / name} exists; nothing was written: choose another folder, or remove the old ones"
                )
        for name, pem in pems.items():
            write_whole(folder / name, [pem])
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise BreachkitError(f"DIR {folder} cannot be written ({reason}); choose another place") from None
    return [folder / name for name in pems]
