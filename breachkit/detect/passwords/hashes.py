"""A password that an export holds as a hash: which kind, and is it the hash of a candidate?

The forms are those of RFC 2307 and its followers (`{SSHA}`, base64 of digest and salt), bare hex digests, and
modular crypt (`$2b$`: bcrypt). What is recognised but cannot be tested is not readable, and never `strong`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, NamedTuple

import bcrypt

if TYPE_CHECKING:
    from collections.abc import Callable

_HEX = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_BARE = re.compile(rf"(?:0x)?({'|'.join(f'[0-9a-f]{{{size}}}' for size in _HEX)})", re.IGNORECASE)
_SCHEME = re.compile(r"\{([A-Za-z0-9-]+)(?:\.(?:b64|base64|hex))?\}(.*)", re.DOTALL | re.IGNORECASE)
_BCRYPT = re.compile(r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}")
_OTHER = re.compile(r"\$(?:1|5|6|7|y|md5|sha1|apr1|argon2\w*|pbkdf2[\w-]*|scrypt|P|H)\$.+|\$argon2\w*\$.+|pbkdf2[_:].+")
_PLAIN_SCHEMES = {"PLAIN", "CLEAR", "CLEARTEXT"}
_DIGESTS = {
    **dict.fromkeys(("SHA", "SHA1", "SSHA"), "sha1"),
    **dict.fromkeys(("MD5", "SMD5", "PLAIN-MD5", "LDAP-MD5"), "md5"),
    **{f"{salt}SHA{bits}": f"sha{bits}" for salt in ("", "S") for bits in (224, 256, 384, 512)},
    **{f"SHA-{bits}": f"sha{bits}" for bits in (256, 512)},
}
_CRYPTS = {"CRYPT", "BLF-CRYPT"}
_UNTESTABLE = {"SHA512-CRYPT", "SHA256-CRYPT", "MD5-CRYPT", "ARGON2", "ARGON2ID", "ARGON2I", "PBKDF2", "SCRAM-SHA-256"}


class Hash(NamedTuple):
    """A recognised hash, and how to tell whether a candidate is what was hashed."""

    kind: str
    """`md5`, `ssha`, `bcrypt` …: a name, and nothing of the hash."""
    is_slow: bool
    digest: str | None = None
    """Upper case hex of an unsalted digest."""
    is_hash_of: Callable[[str], bool] | None = None
    """None when this kind cannot be tested."""


def unwrapped(text: str) -> str:
    """Return a password that says of itself that it is plain (`{CLEAR}secret`) without saying so."""
    scheme = _SCHEME.fullmatch(text)
    return scheme[2] if scheme and scheme[1].upper() in _PLAIN_SCHEMES else text


def recognise(text: str) -> Hash | None:
    """Recognise a hash; None for a password in clear."""
    text = text.strip()
    if bare := _BARE.fullmatch(text):
        algorithm = _HEX[len(bare[1])]
        return _digested(algorithm, algorithm, bytes.fromhex(bare[1]))
    if scheme := _SCHEME.fullmatch(text):
        return _of_scheme(scheme[1].upper(), scheme[2])
    if _BCRYPT.fullmatch(text):
        return _bcrypt(text)
    return Hash("crypt", is_slow=True) if _OTHER.fullmatch(text) else None


def _of_scheme(name: str, rest: str) -> Hash | None:
    if name in _CRYPTS:
        return _bcrypt(rest) if _BCRYPT.fullmatch(rest) else Hash("crypt", is_slow=True)
    if name not in _DIGESTS:
        return Hash(name.lower(), is_slow=True) if name in _UNTESTABLE else None
    size = hashlib.new(_DIGESTS[name], usedforsecurity=False).digest_size
    try:
        is_hex = _BARE.fullmatch(rest) and len(rest) == size * 2
        raw = bytes.fromhex(rest) if is_hex else base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)
    except ValueError:
        raw = b""
    if len(raw) < size:
        return Hash(name.lower(), is_slow=False)
    return _digested(name.lower(), _DIGESTS[name], raw[:size], raw[size:])


def _digested(kind: str, algorithm: str, digest: bytes, salt: bytes = b"") -> Hash:
    def is_hash_of(secret: str) -> bool:
        raw = secret.encode("utf-8", "surrogatepass") + salt
        return hashlib.new(algorithm, raw, usedforsecurity=False).digest() == digest

    if salt:
        return Hash(kind, is_slow=False, is_hash_of=is_hash_of)
    return Hash(algorithm, is_slow=False, digest=digest.hex().upper(), is_hash_of=is_hash_of)


def _bcrypt(text: str) -> Hash:
    hashed = text.replace("$2y$", "$2b$", 1).replace("$2x$", "$2b$", 1).replace("$2$", "$2a$", 1).encode()

    def is_hash_of(secret: str) -> bool:
        raw = secret.encode("utf-8", "surrogatepass")[:72]  # bcrypt looks at no more, and its library refuses more
        try:
            return b"\0" not in raw and hmac.compare_digest(bcrypt.hashpw(raw, hashed), hashed)
        except ValueError:  # a salt that no bcrypt ever made
            return False

    return Hash("bcrypt", is_slow=True, is_hash_of=is_hash_of)
