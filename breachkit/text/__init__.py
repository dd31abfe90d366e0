"""Bytes → what a reader sees: one decoder (`message`), and one cheap question before it (`message.is_plain`).

*Decoded* is what `message` says, *seen* what `seen` says. `sheets` reads the tables that people export, `sasl` what a
client said to log in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahocorasick_rs import BytesAhoCorasick

MOST_IN_TABLE = 50_000
"""Bytes of strings up to which they are looked for with a full table: three times as fast, at 1 KB of memory a byte."""


def make_finder(strings: Sequence[bytes]) -> BytesAhoCorasick:
    """Make what finds many strings in bytes at once."""
    from ahocorasick_rs import BytesAhoCorasick, Implementation

    is_small = sum(map(len, strings)) <= MOST_IN_TABLE
    return BytesAhoCorasick(strings, implementation=Implementation.DFA if is_small else None)
