"""Is a password one that others use: in the list that zxcvbn ships, or in a breach?

The list holds 30,000 passwords of leaks, commonest first. Breaches are the Pwned Passwords as their own downloader
writes them: a folder of range files (`21BD1.txt`: the first five digits of SHA-1 in the name, `SUFFIX:COUNT` a line) or
one file of `SHA1:COUNT` sorted by hash (https://haveibeenpwned.com/Passwords). Nothing is ever sent anywhere.
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import cache
from typing import TYPE_CHECKING

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from breachkit.detect.passwords.variants import LEET, MONTHS, SEASONS
from breachkit.detect.passwords.vocabulary import fold
from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.evidence.where import check_file
from breachkit.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMONEST = 2000
"""Passwords of the list that are found with something added, too."""
PREFIX = 5
LONGEST_WORD = 24
"""Letters of the longest word of the list."""

_SHORTEST = 4
_ADDED = re.compile(r"[\W\d_]{0,5}([^\W\d_].{2,}?)[\W\d_]{0,6}")
_DATED = re.compile(rf"[\W_]?(?:{'|'.join(SEASONS + MONTHS)})[\W_]?(?:\d{{2}}|(?:19|20)\d{{2}})?[\W_]{{0,2}}")
"""`Estate2024!`: the season in which the policy last asked for a new one."""
_LINE = re.compile(rb"[0-9A-Fa-f]{40}(?::\d+)?\s*")
_LONGEST_LINE = 128


PASSWORDS: tuple[str, ...] = tuple(FREQUENCY_LISTS["passwords"])
"""The list, commonest first."""


@cache
def _listed() -> tuple[frozenset[str], frozenset[str]]:
    stems = (word for word in PASSWORDS[:COMMONEST] if len(word) >= _SHORTEST and not word.isdigit())
    return frozenset(PASSWORDS), frozenset(word.translate(LEET) for word in stems)


def is_popular(secret: str) -> bool:
    """Tell a password of the list in any case, or one of its commonest with leet, digits, years or signs added."""
    low = fold(secret)
    everything, commonest = _listed()
    if low in everything or _DATED.fullmatch(low):
        return True
    if len(low) > LONGEST_WORD:
        return False
    added = _ADDED.fullmatch(low)
    return low.translate(LEET) in commonest or bool(added and added[1].translate(LEET) in commonest)


def open_breaches(path: Path) -> Callable[[str], bool]:
    """Return a test for upper case SHA-1 digests, which may be unable to read its list. Both raise BreachkitError."""
    try:
        if os.path.isdir(path):
            is_list = any(re.fullmatch(r"[0-9A-Fa-f]{5}(?:\.txt)?", file.name) for file in path.iterdir())
            is_in = _is_in_range
        else:
            check_file("--hibp", path)
            with open_regular(path) as stream:
                first = stream.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf")
            is_list, is_in = bool(_LINE.fullmatch(first)), _is_in_file
    except OSError as error:
        raise PathUnreadableError(path, error) from None
    if not is_list:
        raise BreachkitError(
            f"--hibp {path} holds no Pwned Passwords; it takes a folder of range files (ABCDE.txt with SUFFIX:COUNT)"
            " or one file of SHA1:COUNT sorted by hash"
        )

    def is_breached(digest: str) -> bool:
        try:
            return is_in(path, digest)
        except OSError as error:
            raise PathUnreadableError(error.filename or path, error) from None

    return is_breached


def digest_of(secret: str, algorithm: str = "sha1") -> str:
    """Digest a password as lists and hashes do, in upper case; it is compared, and never shown."""
    return hashlib.new(algorithm, secret.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()


def _is_in_range(path: Path, digest: str) -> bool:
    prefix, suffix = digest[:PREFIX], digest[PREFIX:].encode()
    for name in (f"{prefix}.txt", f"{prefix.lower()}.txt", prefix):
        try:
            with open_regular(path / name) as stream:
                return any(_is_line_of(line.upper(), suffix) for line in stream)
        except FileNotFoundError:
            continue
    return False


def _is_line_of(line: bytes, digest: bytes) -> bool:
    """Tell the line of a digest; the service adds lines with a count of 0 to hide the size of its answer."""
    return line.startswith(digest) and not line.rstrip().endswith(b":0")


def _is_in_file(path: Path, digest: str) -> bool:
    """Search a sorted file by halves: 36 reads in 40 GB."""
    wanted = digest.encode()
    with open_regular(path) as stream:
        low, high = 0, stream.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            stream.seek(middle)
            if middle:
                stream.readline(_LONGEST_LINE)
            begin = stream.tell()
            line = stream.readline(_LONGEST_LINE).strip().upper()
            if not line or line[:40] > wanted:
                high = middle
            elif line[:40] == wanted:
                return _is_line_of(line, wanted)
            else:
                low = max(middle + 1, begin)
        stream.seek(0)
        return _is_line_of(stream.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf").upper(), wanted)
