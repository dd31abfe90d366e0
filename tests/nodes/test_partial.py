"""A partial file is evidence too: torn, changed or forged, it ends in one sentence and is never believed."""

from __future__ import annotations

import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachkit.detect.accounts.inquiry import Inquiry
from breachkit.detect.accounts.judgement import judge_accounts
from breachkit.errors import BreachkitError
from breachkit.nodes.orders import NodeOrder, read_order
from breachkit.nodes.partial import partial_lines, read_partial
from breachkit.nodes.stitch import stitch
from breachkit.text.sasl import Fingerprints
from tests.conftest import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

KEY = b"k" * 32


class Whole(bytes):
    """A partial file; hypothesis must not print it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "whole"


@pytest.fixture(scope="module")
def whole() -> Whole:
    order = NodeOrder("mail1", str(story("two-accounts")), "Europe/Rome", None, None, None, KEY)
    return Whole(b"".join(partial_lines(read_order(order), KEY)))


def closed(rows: list[Any]) -> bytes:
    """Close rows as a forger would: with the right number and hash."""
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    return b"".join(lines) + json.dumps({"end": True, "lines": len(lines), "sha256": digest}).encode() + b"\n"


def rows_of(whole: bytes) -> list[Any]:
    return [json.loads(line) for line in whole.splitlines()][:-1]


def read(raw: bytes) -> object:
    return read_partial(io.BytesIO(raw), "mail1.partial", KEY)


def test_what_is_carried_comes_back(whole: bytes) -> None:
    order = NodeOrder("mail1", str(story("two-accounts")), "Europe/Rome", None, None, None, KEY)
    here, there = read_order(order), read_partial(io.BytesIO(whole), "f", KEY)
    assert [row._replace(subject=None, files=()) for row in here.messages] == there.messages
    assert here.accounts == there.accounts
    assert [*here.facts.attempts] == [*there.facts.attempts]
    assert [*here.facts.deliveries] == [*there.facts.deliveries]
    for name in ("sessions", "accepted", "sources", "doors", "level", "first", "last"):
        assert getattr(here.facts, name) == getattr(there.facts, name)
    sends = [(*row[:3], row[3]._replace(attempt=None)) for row in here.facts.sends]
    assert sends == [*there.facts.sends]
    for name in ("node", "version", "server", "zone_name", "root", "paths", "notes", "unread", "queues", "books"):
        assert getattr(here, name) == getattr(there, name)
    assert b"".join(partial_lines(there, KEY)) == whole


def test_a_torn_file_is_told_wherever_it_is_torn(whole: bytes) -> None:
    places = [0, 1, 500, *range(0, len(whole), len(whole) // 200), len(whole) - 1]
    for end in places:
        with pytest.raises(BreachkitError, match=r"incomplete or was changed|no partial result") as told:
            read(whole[:end])
        assert "mail1.partial" in str(told.value)


def test_whole_lines_that_are_missing_are_told(whole: bytes) -> None:
    lines = whole.splitlines(keepends=True)
    for gone in range(1, len(lines), 37):
        with pytest.raises(BreachkitError, match="incomplete or was changed"):
            read(b"".join(lines[:gone] + lines[gone + 1 :]))
    with pytest.raises(BreachkitError, match="more follows"):
        read(whole + b"[]\n")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 1 << 20), value=st.integers(0, 255))
def test_a_byte_that_was_changed_is_told(whole: bytes, place: int, value: int) -> None:
    spot = place % len(whole)
    changed = whole[:spot] + bytes([value]) + whole[spot + 1 :]
    if changed == whole:
        return
    with pytest.raises(BreachkitError):
        read(changed)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["m", "a", "t", "d", "u", "h", "p", "smtp", "success", "00" * 8, "\ud800", "\0"]),
    lambda inner: st.lists(inner, max_size=14) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picked=st.integers(0, 10_000), column=st.integers(0, 13), value=VALUES)
def test_a_forged_value_is_taken_or_told(whole: bytes, picked: int, column: int, value: Any) -> None:
    """Whatever stands in one place of one record, with a right hash: no other exception, and no strange type."""
    rows = rows_of(whole)
    row = rows[1 + picked % (len(rows) - 1)]
    row[column % len(row)] = value
    try:
        records = read_partial(io.BytesIO(closed(rows)), "f", KEY)
    except BreachkitError:
        return
    for one in records.facts.attempts:
        assert one.user is None or type(one.user) is str
        assert one.secret is None or len(one.secret) == 8
        assert one.ts.tzinfo is not None
    for message in records.messages:
        assert message.files == ()


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picked=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 13), VALUES), min_size=1, max_size=12))
def test_what_is_taken_can_be_judged(whole: bytes, picked: list[tuple[int, int, Any]]) -> None:
    """Many forged values that pass: judging them ends in verdicts, never in an exception."""
    rows = rows_of(whole)
    for number, column, value in picked:
        row = rows[1 + number % (len(rows) - 1)]
        kept = row[column % len(row)]
        row[column % len(row)] = value
        try:
            read_partial(io.BytesIO(closed([rows[0], *(one for one in rows[1:] if one[0] == "p"), row])), "f", KEY)
        except BreachkitError:
            row[column % len(row)] = kept
    stitched = stitch([read_partial(io.BytesIO(closed(rows)), "f", KEY)], Fingerprints(KEY))
    found = judge_accounts(Inquiry(stitched.messages, stitched.facts, stitched.accounts, Fingerprints(KEY)))
    assert {one.verdict for one in found.accounts} <= {"compromised", "suspect", "clear"}


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.integers(0, 30), value=VALUES)
def test_a_forged_head_is_taken_or_told(whole: bytes, name: int, value: Any) -> None:
    head, *rows = rows_of(whole)
    names = sorted(head)
    head[names[name % len(names)]] = value
    try:
        read_partial(io.BytesIO(closed([head, *rows])), "f", KEY)
    except BreachkitError:
        return


@pytest.mark.parametrize(
    "row",
    [
        ["x"],
        [],
        [None],
        [["m"]],
        ["m"],
        ["p", 1],
        ["h", -3600, 1, 1, None],
        ["h", 1 << 62, 1, 1, None],
        ["a", "smtp", 1 << 70, "192.0.2.1", None, "LOGIN", "failure", None, ["p", 0, 1]],
        ["a", "smtp", 0, "192.0.2.1", None, "LOGIN", "maybe", None, ["p", 0, 1]],
        ["a", "smtp", 0, "192.0.2.1", None, "LOGIN", "failure", "plainpassword!!!", ["p", 0, 1]],
        ["a", "smtp", 0, "192.0.2.1", None, "LOGIN", "failure", None, [10**6, 0, 1]],
        ["a", "smtp", 0, "192.0.2.1", None, "LOGIN", "failure", None, [-1, 0, 1]],
        ["u", "a@b", ["a"], [{}], True, ["users.csv", 0, 1]],
        ["d", True, None, None, None, "failed", True, ["p", 0, 1]],
    ],
)
def test_what_breachkit_does_not_write_is_not_read(row: list[Any], whole: bytes) -> None:
    with pytest.raises(BreachkitError, match="incomplete or was changed") as told:
        read(closed([rows_of(whole)[0], row]))
    assert "line 2" in str(told.value)
    assert "plainpassword" not in str(told.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b'{"schema": "breachkit.partial/3"}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b"9" * 9_000 + b"\n",
    ],
)
def test_another_file_is_told(raw: bytes) -> None:
    with pytest.raises(BreachkitError, match=r"incomplete or was changed|no partial result"):
        read(raw)


def test_a_line_without_end_is_not_read_whole() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = b"[" * len(buffer)
            self.given += len(buffer)
            return len(buffer)

    endless = Endless()
    with pytest.raises(BreachkitError, match="more than 32 MiB"):
        read_partial(io.BufferedReader(endless), "f", KEY)
    assert endless.given < 1 << 26


def test_another_key_is_told(whole: bytes) -> None:
    with pytest.raises(BreachkitError, match="another key"):
        read_partial(io.BytesIO(whole), "f", b"j" * 32)


def test_names_of_evidence_reach_the_terminal_cleaned(whole: bytes, cli: Callable[..., Ran], tmp_path: Path) -> None:
    head, *rows = rows_of(whole)
    head["notes"] = ["\x1b[31mred\x07 \u202eeslaf"]
    head["unread"] = ["\x1b]0;title\x07"]
    (tmp_path / "f").write_bytes(closed([head, *rows]))
    (tmp_path / "key").write_bytes(b"breachkit-key-1 " + KEY.hex().encode() + b"\n")
    out = cli("find-account", "--partial", tmp_path / "f", "--key", tmp_path / "key").out
    assert "red" in out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)


@pytest.mark.parametrize("text", [b"", b"breachkit-key-1 zz\n", b"breachkit-key-1 " + b"0" * 63 + b"\n", b"\0" * 5000])
def test_a_file_that_is_no_key_is_told(text: bytes, cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(text)
    ran = cli(
        "read", "--root", story("guide"), "--name", "mail1", "--partial", tmp_path / "f", "--key", tmp_path / "key"
    )
    assert (ran.code, ran.out) == (1, "")
    assert "holds no key" in ran.err
    assert (tmp_path / "key").read_bytes() == text
    assert not (tmp_path / "f").exists()


def test_missing_files_are_told(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("find-account", "--partial", tmp_path / "f", "--key", tmp_path / "key")
    assert (ran.code, ran.out) == (1, "")
    assert "No such file" in ran.err
    (tmp_path / "key").write_bytes(b"breachkit-key-1 " + KEY.hex().encode())
    ran = cli("find-account", "--partial", tmp_path / "f", "--key", tmp_path / "key")
    assert (ran.code, ran.out) == (1, "")
    assert "cannot be read" in ran.err


def test_a_folder_that_is_not_there_is_told(cli: Callable[..., Ran], tmp_path: Path) -> None:
    named = "--root", story("guide"), "--name", "mail1"
    ran = cli("read", *named, "--partial", tmp_path / "no" / "f", "--key", tmp_path / "key")
    assert (ran.code, ran.out) == (1, "")
    assert "cannot be written" in ran.err
    ran = cli("read", *named, "--partial", tmp_path / "f", "--key", tmp_path / "no" / "key")
    assert (ran.code, ran.out) == (1, "")
