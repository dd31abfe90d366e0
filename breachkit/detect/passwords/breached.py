"""Was a password in a breach? Told offline, by the Pwned Passwords as their own downloader writes them.

Either a folder of range files (`21BD1.txt`: the first five digits of SHA-1 in the name, `SUFFIX:COUNT` a line)
or one file of `SHA1:COUNT` sorted by hash (https://haveibeenpwned.com/Passwords). Nothing is ever sent anywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.evidence.where import check_file
from breachkit.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREFIX = 5
_LINE = re.compile(rb"[0-9A-Fa-f]{40}(?::\d+)?\s*")
_LONGEST = 128


def open_breaches(path: Path) -> Callable[[str], bool]:
    """Return a test for upper case SHA-1 digests, which may be unable to read its list. Both raise BreachkitError."""
    try:
        is_in = _opened(path)
    except OSError as error:
        raise PathUnreadableError(path, error) from None

    def is_breached(digest: str) -> bool:
        try:
            return is_in(digest)
        except OSError as error:
            raise PathUnreadableError(error.filename or path, error) from None

    return is_breached


def _opened(path: Path) -> Callable[[str], bool]:
    if os.path.isdir(path):  # False for what may not be asked
        if not any(re.fullmatch(r"[0-9A-Fa-f]{5}(?:\.txt)?", file.name) for file in path.iterdir()):
            raise _no_list(path)
        return lambda digest: _is_in_range(path, digest)
    check_file("--hibp", path)
    with open_regular(path) as stream:
        if not _LINE.fullmatch(stream.readline(_LONGEST).removeprefix(b"\xef\xbb\xbf")):
            raise _no_list(path)
    return lambda digest: _is_in_file(path, digest.encode())


def _no_list(path: Path) -> BreachkitError:
    return BreachkitError(
        f"--hibp {path} holds no Pwned Passwords; it takes a folder of range files (ABCDE.txt with SUFFIX:COUNT)"
        " or one file of SHA1:COUNT sorted by hash"
    )


def digest_of(secret: str) -> str:
    """Digest a password as the list does; it is compared, and never shown."""
    return hashlib.sha1(secret.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()


def _is_in_range(folder: Path, digest: str) -> bool:
    prefix, suffix = digest[:PREFIX], digest[PREFIX:].encode()
    for name in (f"{prefix}.txt", f"{prefix.lower()}.txt", prefix):
        try:
            with open_regular(folder / name) as stream:
                lines = stream.read().upper().split(b"\n")
        except FileNotFoundError:
            continue
        return any(line.startswith(suffix) and not _is_padding(line) for line in lines)
    return False


def _is_padding(line: bytes) -> bool:
    """Tell a line that the service adds to hide the size of its answer: a count of 0."""
    return line.rstrip().endswith(b":0")


def _is_in_file(path: Path, digest: bytes) -> bool:
    """Search a sorted file by halves: 36 reads in 40 GB."""
    with open_regular(path) as stream:
        low, high = 0, stream.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            stream.seek(middle)
            if middle:
                stream.readline(_LONGEST)
            begin = stream.tell()
            line = stream.readline(_LONGEST).strip().upper()
            if not line or line[:40] > digest:
                high = middle
            elif line[:40] == digest:
                return not _is_padding(line)
            else:
                low = max(middle + 1, begin)
        stream.seek(0)
        first = stream.readline(_LONGEST).removeprefix(b"\xef\xbb\xbf").strip().upper()
        return first[:40] == digest and not _is_padding(first)
