"""Certificates for a cluster: one authority, and one certificate each for scheduler, workers and client.

Dask checks that a certificate was signed by the authority, not whose host it is for; hence a folder of its own for each
cluster, short lives, and a client's certificate that cannot be used to serve (extended key usage, RFC 5280 §4.2.1.12).
The authority lives as long as one call: its key is written once and not used again.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError
from breachkit.writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

CA = "ca.pem"
NO_EXTRA = (
    "this needs the cluster extra: install it with 'pip install breachkit[cluster]', or read each node in place with"
    " 'breachkit read --partial FILE'"
)
SCHEDULER, WORKER, CLIENT = "scheduler", "worker", "client"
SERVES = {SCHEDULER: True, WORKER: True, CLIENT: False}
"""The roles, and whether others connect to them: workers give one another what they have read."""
AHEAD = timedelta(hours=1)
"""How far the clocks of the nodes may be behind ours."""
AUTHORITY = "breachkit cluster authority"


def make_certificates(folder: Path, days: int) -> list[Path]:
    """Write an authority and the certificates of all roles, each file for its owner's eyes only.

    Raises BreachkitError: cryptography is not installed, one of the files exists, or none can be written.
    """
    try:
        pems = _sign_all(days)
    except ImportError:
        raise BreachkitError(NO_EXTRA) from None
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


def _sign_all(days: int) -> dict[str, bytes]:
    """Make the files, PEM, the keys PKCS #8 and not encrypted: whoever has the authority's can admit anybody."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    # ECDSA P-256, which every OpenSSL of the last decade takes
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in (AUTHORITY, *SERVES)}
    begin = datetime.now(UTC) - AHEAD
    life = (begin, begin + AHEAD + timedelta(days=days))
    pems = {}
    for name, key in keys.items():
        stem = "ca" if name == AUTHORITY else name
        pems[f"{stem}.pem"] = _signed(name, key, keys[AUTHORITY], life)
        pems[f"{stem}.key"] = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pems


def _signed(
    name: str, key: EllipticCurvePrivateKey, authority: EllipticCurvePrivateKey, life: tuple[datetime, datetime]
) -> bytes:
    """Sign the certificate of a role, or of the authority itself; one that does not serve is good to connect only."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    is_ca = name == AUTHORITY
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name if is_ca else f"breachkit {name}"))
        .issuer_name(named(AUTHORITY))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(life[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(usage, critical=True)
    )
    if not is_ca:
        serves = [ExtendedKeyUsageOID.SERVER_AUTH] if SERVES[name] else []
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, *serves]), critical=True
        )
    return builder.sign(authority, hashes.SHA256()).public_bytes(Encoding.PEM)
