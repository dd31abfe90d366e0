"""From where, and by which programme? Networks, and what a client calls itself."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from breachkit.micros import DAY
from breachkit.spelling import ip_of


@lru_cache(maxsize=1 << 16)
def network_of(client_ip: str) -> str:
    """Name the network that one customer of a provider has: a /24, or a /48 of IPv6; a private address is alone."""
    return client_ip if is_private(client_ip) else _block(client_ip, 24)


@lru_cache(maxsize=1 << 16)
def region_of(client_ip: str) -> str:
    """Name the block that one provider has: a /16, or a /48 of IPv6; a carrier's telephones roam within it."""
    return _block(client_ip, 16)


def _block(client_ip: str, bits: int) -> str:
    address = address_of(client_ip)
    if address is None:
        return client_ip
    return str(ipaddress.ip_network((address, bits if address.version == 4 else 48), strict=False))


def address_of(client_ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address, a mapped one as IPv4; None for a word of the logs."""
    address = ip_of(client_ip.partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"),
    )
)
"""RFC 1918, 6598, 3927, 4193 and 4291: no firewall outside can mean one computer by them. Documentation and test nets
are not among them, unlike in `ipaddress.is_private`."""


@lru_cache(maxsize=1 << 16)
def is_private(client_ip: str) -> bool:
    """Tell an address of a private network or a link."""
    address = address_of(client_ip)
    return any(address in network for network in _PRIVATE if address and network.version == address.version)


@lru_cache(maxsize=1 << 16)
def is_loopback(client_ip: str) -> bool:
    """Tell an address of the machine itself."""
    address = address_of(client_ip)
    return address is not None and (address.is_loopback or address.is_unspecified)


_DEFAULT = re.compile(r"(?:win|desktop|laptop)-\w+")
"""How Windows names a computer when nobody does: what is random in it tells one from another."""
_CONTAINER = re.compile(r"[0-9a-f]{12}|[0-9a-f]{64}")
"""How Docker names a container: its id (docs.docker.com, "Container networking")."""
_DOCKER = "a container"


@lru_cache(maxsize=1 << 16)
def programme_of(helo: str | None) -> str:
    """Name the programme that a client says it is: one name for the machines of a pool, which differ by number only.

    >>> programme_of("o12.mail.crm.example"), programme_of("mailer-7d9f8b6c5-x2x9z"), programme_of("[192.168.1.7]")
    ('o#.mail.crm.example', 'mailer-#-#', '[]')
    """
    name = (helo or "").lower().rstrip(".")
    if name.startswith("["):
        return "localhost" if is_loopback(name.strip("[]").removeprefix("ipv6:")) else "[]"
    if _DEFAULT.fullmatch(name):
        return name
    if _CONTAINER.fullmatch(name):
        return _DOCKER
    return re.sub(r"[^.-]+", lambda label: re.sub(r"\d.*", "#", label[0]), name)


def is_telling(programme: str) -> bool:
    """Tell a name of its own from what every other computer calls itself, too."""
    return programme == _DOCKER or "." in programme or "-" in programme or "#" in programme


NEW = DAY // 2
"""How long after its account was first seen a place comes up that is new to it."""
