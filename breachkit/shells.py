"""The command lines that breachkit prints: safe wherever they are pasted, in sh, cmd.exe or PowerShell.

A word that comes from evidence stands in a line only if it is safe in all three; else a stand-in is printed, and
a sentence says what to type for it. A word that the user typed is quoted for the machine that breachkit runs on.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

IS_WINDOWS = os.name == "nt"

STAND_INS = {
    "ACCOUNT": "the account's name",
    "STRING": "the text",
    "RUN": "the name of the run",
    "WORD": "the word",
}
"""What is printed in place of a word that may not stand in a line, and what it stands for."""
_FIRST = {"trace": "ACCOUNT", "contain": "ACCOUNT", "purge": "STRING", "restore": "RUN"}
"""What the arguments of a command are."""
_VALUES = {
    "--account": "ACCOUNT",
    "--from": "ACCOUNT",
    **dict.fromkeys(
        ("--to-domain", "--campaign", "--min-messages", "--older-than", "--newer-than", "--block-list"), "WORD"
    ),
}
"""Options that are printed with a value, and what it is."""
_TYPED = frozenset({"--case", "--quarantine"})
"""Options whose value is repeated as the user typed it."""
_SWITCHES = frozenset(
    {"--dry-run", "--regex", "--ignore-case", "--any", "--raw-only", "--all", "--everything", "--hold", "--bounces"}
)
_OPTIONS = frozenset({*_VALUES, *_TYPED, *_SWITCHES})
"""Options that are printed: a name in the evidence may look like any other."""

_SAFE = re.compile(r"(?![- ])[A-Za-z0-9@._/:=?#+, -]+(?<! )")
_BARE = re.compile(r"[A-Za-z0-9./_-][A-Za-z0-9@./_:+=-]*")
_LOST_IN_QUOTES = re.compile(r'["%$`“”„\0-\x1f\x7f]')
"""What means something between double quotes to cmd.exe or PowerShell: for this a word has no safe spelling there."""


def is_safe(word: str) -> bool:
    """Tell whether a word of the evidence may stand in a printed line, between double quotes where it has blanks.

    Letters and digits of ASCII, blanks and ``@ . _ - / : = ? # + ,``: none of these means anything between double
    quotes to sh, cmd.exe or PowerShell. It may not begin with a dash, which would make an option of it.
    """
    return _SAFE.fullmatch(word) is not None


def line(words: Iterable[str], *, is_windows: bool = IS_WINDOWS) -> str:
    """Spell a command line of breachkit's own words, of safe ones, and of those that the user typed."""
    return " ".join(_spelled(word, is_windows=is_windows) for word in words)


def guarded(command: str, arguments: Sequence[str]) -> list[str]:
    """Put stand-ins for the arguments of a breachkit command that may not stand in a line."""
    words = []
    for option, word in zip(("", *arguments), arguments, strict=False):
        is_kept = option in _TYPED or is_safe(word) or (option not in _VALUES and word in _OPTIONS)
        words.append(word if is_kept else _VALUES.get(option) or _FIRST.get(command, "WORD"))
    return words


def notes(lines: Iterable[str]) -> list[str]:
    """Say what to type for the stand-ins that stand in some lines."""
    words = {word for one in lines for word in one.split(" ")}
    return [
        f"For {name} type {meant} as it is shown above: it holds signs that mean something to a shell."
        for name, meant in STAND_INS.items()
        if name in words
    ]


def _spelled(word: str, *, is_windows: bool) -> str:
    if _BARE.fullmatch(word):
        return word
    if is_safe(word):
        return f'"{word}"'
    if not is_windows:
        return shlex.quote(word)
    if _LOST_IN_QUOTES.search(word):
        return '"AS TYPED BEFORE"'
    slashes = len(word) - len(word.rstrip("\\"))
    return '"' + word + "\\" * slashes + '"'  # the last backslash would quote the quote
