"""JSON lines, each chained to the one before: the journal of a run and the book of a case are such files.

Each line has `line` (its number from 1), `prev` (SHA-256 of the bytes of the line before it, without its end; zeros
for the first) and `kind`. The chain shows accident and careless edits, not a forger who writes it all anew.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from breachkit.purge.digest import sha256

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

ORIGIN = "0" * 64

_LARGE = re.compile(rb"[0-9]{20}")


class BrokenChainError(Exception):
    """A line that the chain does not vouch for: its number, and why; whoever reads the file says which file it is."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(number, why)
        self.number = number
        self.why = why


class Chain(NamedTuple):
    """A chained file as read."""

    lines: list[dict[str, Any]]
    length: int
    """Bytes of the lines that are believed."""
    last_hash: str
    torn: int
    """Bytes of half a line that a crash left at the end."""


def link(number: int, previous: str, kind: str, fields: Mapping[str, object]) -> bytes:
    """Spell a line, without its end."""
    import orjson  # noqa: PLC0415  a dry run spells no lines

    line = {"line": number, "prev": previous, "kind": kind, **fields}
    try:
        text = orjson.dumps(line, option=orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:  # what it does not take: half of a surrogate pair, a number of more than 64 bits
        return _encoder()(line).encode("ascii")
    # of what it takes, it spells only these otherwise than `json` does, whose escapes a journal has
    return text if text.isascii() and b"\x7f" not in text else _encoder()(line).encode("ascii")


@lru_cache(maxsize=1)
def _encoder() -> Callable[[object], str]:
    """Make what spells a line that is not plain: `json.dumps` would make an encoder for each."""
    import json  # noqa: PLC0415  5 ms

    return json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def read_chain(raw: bytes, kinds: Mapping[str, Mapping[str, type]], title: str) -> Chain:
    """Read the bytes of a file and verify its chain.

    Args:
        raw: all of them.
        kinds: what each kind of line must hold.
        title: what the file is called: `journal`.

    Raises:
        BrokenChainError: a line is none, or does not follow.
    """
    length = raw.rfind(b"\n") + 1
    lines: list[dict[str, Any]] = []
    previous = ORIGIN
    begin = 0
    while begin < length:  # a journal of 100,000 messages has 40 MB: no copy of it is made
        end = raw.index(b"\n", begin)
        text = raw[begin:end]
        lines.append(_parse(len(lines) + 1, text, previous, kinds, title))
        previous = sha256(text).hexdigest()
        begin = end + 1
    return Chain(lines, length, previous, len(raw) - length)


def _loads(text: bytes) -> Any:
    """Read a line as `json` does, which keeps the names of all fields of each line anew. Raises ValueError."""
    import orjson  # noqa: PLC0415  see above

    if not _LARGE.search(text):  # a number of more than 64 bits, as Windows has for files, it would round
        with suppress(orjson.JSONDecodeError):  # half of a surrogate pair, or no JSON at all
            return orjson.loads(text)
    import json  # noqa: PLC0415  see above

    return json.loads(text)


def _parse(
    number: int, text: bytes, previous: str, kinds: Mapping[str, Mapping[str, type]], title: str
) -> dict[str, Any]:
    try:
        fields = _loads(text)
    except (ValueError, RecursionError):
        raise BrokenChainError(number, f"it is no line of a {title}") from None
    if not isinstance(fields, dict) or fields.get("line") != number or fields.get("prev") != previous:
        raise BrokenChainError(number, "it does not follow from the line before it")
    kind = fields.get("kind")
    wanted = kinds.get(kind) if isinstance(kind, str) else None
    if wanted is None or any(type(fields.get(name)) is not needed for name, needed in wanted.items()):
        raise BrokenChainError(number, "it is of no known kind")
    return fields
