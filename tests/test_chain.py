"""Lines of a journal, held against the standard library's JSON."""

from __future__ import annotations

import json
from hashlib import sha256
from io import BufferedReader, BytesIO, RawIOBase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.chain import LONGEST_LINE, ORIGIN, BrokenChainError, Chain, End, link

TEXT = st.text(alphabet=st.characters(codec=None) | st.sampled_from('\x7f\x00\x1f"\\/\u2028\udc80'))
FIELDS = st.dictionaries(
    st.sampled_from(["home", "ino", "left", "moved"]),
    st.one_of(
        TEXT,
        st.integers(-(2**130), 2**130),
        st.booleans(),
        st.lists(st.lists(st.one_of(st.integers(), TEXT), max_size=3), max_size=3),
    ),
)


@given(FIELDS)
def test_a_line_is_spelled_as_the_standard_library_does_and_read_back(fields: dict[str, object]) -> None:
    text = link(1, ORIGIN, "done", fields)
    line = {"line": 1, "prev": ORIGIN, "kind": "done", **fields}
    assert text == json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode()
    chain = Chain(BytesIO(text + b"\n" + bytes(9)), {"done": {}}, "journal")
    assert list(chain) == [json.loads(text)]
    assert chain.end == End(1, len(text) + 1, sha256(text).hexdigest(), 0)


KINDS: dict[str, dict[str, type]] = {"done": {}}


class Endless(RawIOBase):
    """A file of some bytes and many more of one kind, that no memory could hold."""

    def __init__(self, begin: bytes, more: bytes, size: int, end: bytes = b"") -> None:
        self._held = [begin, end]
        self._more = more
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        room = len(buffer)
        if not self._held[0] and self._left:
            size = min(room, self._left)
            self._left -= size
            buffer[:size] = self._more * size
            return size
        at = 0 if self._held[0] else 1
        chunk, self._held[at] = self._held[at][:room], self._held[at][room:]
        buffer[: len(chunk)] = chunk
        return len(chunk)


def chain_of(begin: bytes, more: bytes, size: int, end: bytes = b"") -> Chain:
    return Chain(BufferedReader(Endless(begin, more, size, end)), KINDS, "journal")


@pytest.mark.parametrize("torn", [b"", b'{"line":2,"pre'])
@pytest.mark.parametrize("size", [1, 4096, 3 * LONGEST_LINE])
def test_zeros_at_the_end_are_room_that_a_crash_left_however_many(torn: bytes, size: int) -> None:
    text = link(1, ORIGIN, "done", {})
    chain = chain_of(text + b"\n" + torn, b"\0", size)
    assert len(list(chain)) == 1
    assert chain.end == End(1, len(text) + 1, sha256(text).hexdigest(), len(torn))


@pytest.mark.parametrize("end", [b"", b"\n", b"x", b"x\n"])
@pytest.mark.parametrize("more", [b"1", b"\0"])
def test_a_line_without_an_end_is_no_line_of_a_journal_and_is_not_kept(more: bytes, end: bytes) -> None:
    if more == b"\0" and not end:
        return
    text = link(1, ORIGIN, "done", {})
    chain = chain_of(text + b'\n{"line":', more, 3 * LONGEST_LINE, end)
    with pytest.raises(BrokenChainError, match="longer than a line of a journal can be"):
        list(chain)


def test_the_longest_line_that_is_written_is_read() -> None:
    text = link(1, ORIGIN, "done", {"wanted": ["x" * (1 << 21)] * 3})
    assert len(list(chain_of(text + b"\n", b"\0", 10))) == 1
