"""Lines of a journal, held against the standard library's JSON."""

from __future__ import annotations

import json
from hashlib import sha256
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from breachkit.purge.chain import ORIGIN
from breachkit.purge.chain import Chain
from breachkit.purge.chain import End
from breachkit.purge.chain import link

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
