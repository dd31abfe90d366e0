"""The way to a Dask scheduler: which addresses are taken, and what the connection must have.

Dask speaks pickle: whoever may connect may run code on every worker, and a scheduler may run code here. So a
connection is either TLS in which both sides show a certificate of one authority, or it stays on this machine.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from breachkit.errors import BreachkitError
from breachkit.nodes.certs import CA, CLIENT, NO_EXTRA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONNECT_SECONDS = 15

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):(\d{1,5})")


def check_address(address: str, certs: Path | None) -> bool:
    """Tell whether TLS is to be used. Raises BreachkitError: it is not safe to speak to."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise BreachkitError(_refused(address, "it has not the form tls://HOST:PORT"))
    is_tls = found[1] == "tls"
    if not is_tls and not _is_loopback(found[2].strip("[]")):
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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may mean another machine tomorrow, `localhost` too


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
