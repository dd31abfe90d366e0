"""The key that secrets are fingerprinted with on several machines: made once, carried by the user, never in a partial.

Without it the fingerprints of a partial file are noise; with it, whoever holds both can try passwords on them. So it
goes another way than the files and is deleted with them.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError
from breachkit.files import open_regular
from breachkit.text.sasl import Fingerprints
from breachkit.writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
_FORM = re.compile(rb"breachkit-key-1 ([0-9a-f]{64})\r?\n?")
_PROBE = "breachkit: is this the key?"


def read_or_make_key(path: Path) -> tuple[bytes, bool]:
    """Read a key, or make one where there is no file yet; return whether it was made. Raises BreachkitError."""
    if os.path.lexists(path):
        return read_key(path), False
    key = os.urandom(KEY_BYTES)
    try:
        write_whole(path, [b"breachkit-key-1 " + key.hex().encode() + b"\n"])
    except FileExistsError:
        return read_key(path), False
    except OSError as error:
        raise _no_key(path, error.strerror or "it cannot be written") from None
    return key, True


def read_key(path: Path) -> bytes:
    """Read a key. Raises BreachkitError."""
    try:
        with open_regular(path) as stream:
            found = _FORM.fullmatch(stream.read(1024))
    except OSError as error:
        raise _no_key(path, error.strerror or "it cannot be read") from None
    if found is None:
        raise _no_key(path, "it holds no key")
    return bytes.fromhex(found[1].decode())


def _no_key(path: Path, reason: str) -> BreachkitError:
    return BreachkitError(
        f"--key {path}: {reason}; name the key file that 'breachkit read --key' made on the first node"
    )


def key_check(key: bytes) -> str:
    """Return what tells a key from another without showing anything of it."""
    return Fingerprints(key).of(_PROBE).hex()
