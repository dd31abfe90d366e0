"""The usual forms of lines, looked for in all lines of a block at once: see `Grammar.find_usual`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from breachkit.logs.syslog import MONTHS, day_of_year, moment_in

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.logs.kinds import Stamp

Column = np.ndarray[Any, Any]

TIME = b"00:00:00"
DATE_TIME = b"0000-00-00 00:00:00 "
_CLASSIC = b"??? ?0 00:00:00 "
_ISO = b"0000-00-00T00:00:00.000000?00:00 "
_MONTHS = np.array([int.from_bytes(month, "little") for month in MONTHS], np.uint64)
_THREE, _SIX = (np.uint64((1 << 8 * size) - 1) for size in (3, 6))
"""Masks of the first bytes of a word."""
_LONGEST_HOST, _LONGEST_TAG, _LONGEST_PID = 255, 100, 10
_SEPARATES, _IS_DIGIT = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
_SEPARATES[[*b" \t\n\r\f\v[]:"]] = True
_IS_DIGIT[[*b"0123456789"]] = True
_SPACE, _OPEN, _CLOSE, _COLON = b" []:"


class Usual(NamedTuple):
    """Which lines have the form that is usual for a product, and where their parts are."""

    is_usual: Column
    close: Column
    """Behind the key, which begins where the line does and has 16 bytes or more; where the kind tells keys itself
    (`LogKind.key_of`), behind what stands between stamp and text."""
    begin: Column
    """Where the text begins."""
    stamps: tuple[Column, ...]
    """Numbers that are other than those of another line where the stamp is, its microseconds left out."""
    head: Column | None = None
    """Where what stands between stamp and text begins."""
    micros: Column | None = None


def fits(words: Column, at: Column, form: bytes) -> Column:
    """Tell at which places a form stands: in it `0` is any digit, `?` anything, and all else is itself."""
    is_fit = np.ones(len(at), np.bool_)
    for begin, (wanted, added, mask) in _parts_of(form):
        odd = words[at + begin] ^ wanted
        is_fit &= (odd | (odd + added)) & mask == 0
    return is_fit


@cache
def _parts_of(form: bytes) -> list[tuple[int, tuple[np.uint64, ...]]]:
    """Cut a form into words, the last of which may begin within the one before it.

    A digit is 0 to 9 by XOR with `0`; with 6 more it carries into its upper half where it is none.
    """
    parts = []
    for begin in [*range(0, len(form) - 8, 8), len(form) - 8]:
        word = form[begin : begin + 8]
        added, mask = word.translate(_ADDED), word.translate(_MASK)
        parts.append((begin, tuple(np.uint64(int.from_bytes(part, "little")) for part in (word, added, mask))))
    return parts


_ADDED = bytes(6 * (sign == b"0"[0]) for sign in range(256))
_MASK = bytes({b"0"[0]: 0xF0, b"?"[0]: 0}.get(sign, 0xFF) for sign in range(256))


def find_dated(octets: Column, words: Column, start: Column) -> Usual:
    """Tell lines that begin `YYYY-MM-DD HH:MM:SS `, and go on with no zone and no process."""
    begin = start + len(DATE_TIME)
    following = octets[begin]
    is_usual = fits(words, start, DATE_TIME) & (following != b"["[0]) & (following != b"+"[0]) & (following != b"-"[0])
    return Usual(is_usual, begin, begin, (words[start], words[start + 8], words[start + 11]), begin)


def find_syslog(octets: Column, words: Column, start: Column) -> Usual:
    """Tell lines of both forms of syslog: `MMM DD HH:MM:SS HOST TAG[PID]: `, and with the stamp of RFC 3339.

    That has six digits of a second and a zone in hours and minutes, as rsyslog writes it.
    """
    day, sign = octets[start + 4], octets[start + 26]
    is_classic = (
        fits(words, start, _CLASSIC) & np.isin(words[start] & _THREE, _MONTHS) & (_IS_DIGIT[day] | (day == _SPACE))
    )
    is_iso = fits(words, start, _ISO) & ((sign == b"+"[0]) | (sign == b"-"[0]))
    head = start + np.where(is_iso, len(_ISO), len(_CLASSIC))
    between = np.append(np.flatnonzero(_SEPARATES[octets]), [len(octets) - 16] * 3)
    first = np.searchsorted(between, head)
    blank, end, close = between[first], between[first + 1], between[first + 2]
    size = close - end - 1
    has_pid = (octets[end] == _OPEN) & (octets[close] == _CLOSE) & (size > 0) & (size <= _LONGEST_PID)
    for place in range(_LONGEST_PID):
        has_pid &= _IS_DIGIT[octets[np.minimum(end + 1 + place, close - 1)]] | (place >= size)
    end_of_head = np.where(has_pid, close + 1, end)
    is_usual = (is_classic | is_iso) & (octets[blank] == _SPACE) & (blank > head) & (blank - head <= _LONGEST_HOST)
    is_usual &= (end > blank + 1) & (end - blank <= _LONGEST_TAG + 1)
    is_usual &= (octets[end_of_head] == _COLON) & (octets[end_of_head + 1] == _SPACE)
    micros = np.zeros(len(start))
    for place in range(6):
        micros = micros * 10 + (octets[start + 20 + place] - b"0"[0])
    stamps = (
        words[start],
        np.where(is_iso, words[start + 8], words[start + 7]),
        np.where(is_iso, words[start + 11], 0),
        np.where(is_iso, words[start + 26] & _SIX, 0),
    )
    return Usual(is_usual, end_of_head, end_of_head + 2, stamps, head, np.where(is_iso, micros, 0))


def read_stamp(line: bytes, zone: tzinfo) -> Stamp | None:
    """Read the stamp, its microseconds left out, of a line that has a form of syslog."""
    if line[:1].isdigit():
        return moment_in(line[:19] + line[26:32], zone)
    return day_of_year(line[:3], line[4:6], line[7:15])
