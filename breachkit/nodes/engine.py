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

from breachkit.errors import (
    CertificatesMissingError,
    ClusterExtraError,
    SchedulerAddressError,
    SchedulerUnreachableError,
)
from breachkit.nodes.certs import CA, CLIENT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONNECT_SECONDS = 15

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):(\d{1,5})")


def check_address(address: str, certs: Path | None) -> bool:
    """Tell whether TLS is to be used. Raises SchedulerAddressError, CertificatesMissingError."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise SchedulerAddressError(address, "it has not the form tls://HOST:PORT")
    is_tls = found[1] == "tls"
    if not is_tls and not _is_loopback(found[2].strip("[]")):
        raise SchedulerAddressError(address, "it is neither TLS nor on this machine, and Dask runs what it is sent")
    if is_tls:
        if certs is None:
            raise CertificatesMissingError(address, "no --certs DIR")
        for path in (certs / CA, certs / f"{CLIENT}.pem", certs / f"{CLIENT}.key"):
            if not path.is_file():
                raise CertificatesMissingError(address, f"{path} is not there")
    return is_tls


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name may mean another machine tomorrow, `localhost` too


@contextmanager
def connected(address: str, certs: Path | None) -> Iterator[Any]:
    """Connect to a scheduler for the time of a block.

    Raises:
        SchedulerAddressError: the address is neither TLS nor loopback.
        CertificatesMissingError: TLS without a client's certificate.
        ClusterExtraError: Dask is not installed.
        SchedulerUnreachableError: nobody answers there, or not with a certificate of ours.

    """
    is_tls = check_address(address, certs)
    try:
        import distributed
    except ImportError:
        raise ClusterExtraError from None
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
        raise SchedulerUnreachableError(address, type(error).__name__) from None
    try:
        yield client
    finally:
        client.close(timeout=CONNECT_SECONDS)
