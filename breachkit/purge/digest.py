"""SHA-256, whose library is loaded when something is hashed: a dry run hashes nothing, and OpenSSL takes 3 to 8 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash


def sha256(raw: bytes = b"") -> _Hash:
    """Begin a hash with some bytes."""
    import hashlib  # noqa: PLC0415  see above

    return hashlib.sha256(raw)
