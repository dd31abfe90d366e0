"""Packed evidence within bounds: a few bytes of an archive may stand for terabytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import pytest

from breachkit.files import UnpackError, reason_of
from breachkit.logs import archives
from breachkit.logs.archives import INFLATED, NEEDS_MEMORY, OVERFLOWN, Spool, kind_of, tar_members, unpacked
from breachkit.logs.lines import blocks_of
from breachkit.records import Skipped
from tests.servers.icewarp.factories import find_logs, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
TEXT = b"".join(b"line %d\n" % (number * number) for number in range(40_000))


@pytest.mark.parametrize("kind", PACKERS)
def test_what_is_packed_is_unpacked(kind: str) -> None:
    pack = PACKERS[kind]
    packed = pack(TEXT) + pack(b"") + pack(b"the end") + bytes(4_096)
    assert kind_of(packed[:100]) == kind
    stream = unpacked(io.BytesIO(packed), kind)
    assert stream.read(7) == TEXT[:7]
    assert stream.tell() == 7
    assert stream.read() == TEXT[7:] + b"the end"


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("damage", ["cut", "junk behind", "junk within"])
def test_damage_is_told(kind: str, damage: str) -> None:
    packed = PACKERS[kind](TEXT)
    half = len(packed) // 2
    harmed = {
        "cut": packed[:-9],
        "junk behind": packed + b"junk",
        "junk within": packed[:half] + b"junk" * 9 + packed[half:],
    }
    with pytest.raises(UnpackError) as raised:
        unpacked(io.BytesIO(harmed[damage]), kind).read()
    assert reason_of(raised.value) == "archive is damaged or encrypted"


@pytest.mark.parametrize("kind", PACKERS)
def test_a_bomb_ends_at_the_bound_and_is_not_kept(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = PACKERS[kind](bytes(64 << 20))
    monkeypatch.setattr(archives, "FREE", 1 << 20)
    stream, size = unpacked(io.BytesIO(bomb), kind), 0
    tracemalloc.start()
    with pytest.raises(UnpackError, match=INFLATED):  # noqa: PT012  it is read until it says so
        while found := stream.read1(archives.BLOCK):  # type: ignore[attr-defined]
            size += len(found)
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
    assert size <= 501 * len(bomb) + (1 << 20)


def test_an_xz_that_asks_for_gigabytes_is_refused() -> None:
    greedy = lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}])
    with pytest.raises(UnpackError, match=NEEDS_MEMORY):
        unpacked(io.BytesIO(greedy), "xz").read()


def test_a_spool_keeps_no_more_than_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_SPOOLED", 1_000_000)
    spool = Spool()
    spool.keep(io.BytesIO(b"first" * 10))
    begin = spool.end
    spool.keep(io.BytesIO(b"second" * 10), 30)
    assert spool.open(0, begin).read() == b"first" * 10
    assert spool.open(begin, spool.end - begin).read() == b"second" * 5
    with pytest.raises(UnpackError, match=OVERFLOWN.split(";", maxsplit=1)[0]):
        spool.keep(io.BytesIO(bytes(2_000_000)))
    assert spool.end <= 1_000_000


def test_a_tar_cannot_ask_for_a_head_of_gigabytes() -> None:
    head = tarfile.TarInfo("././@LongLink")
    head.type, head.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    with pytest.raises(UnpackError):
        list(tar_members(io.BytesIO(head.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 16))))


def test_members_of_a_tar_are_listed_whatever_is_read_of_them() -> None:
    stream = io.BytesIO()
    sizes = [0, 1, 511, 512, 513, 70_000]
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for size in sizes:
            member = tarfile.TarInfo("x" * (size % 300 + 1))
            member.size = size
            archive.addfile(member, io.BytesIO(bytes([size % 256]) * size))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    packed = unpacked(io.BytesIO(gzip.compress(stream.getvalue())), "gz")
    for found, size in zip(tar_members(packed), sizes, strict=True):
        assert (found.size, len(found.name)) == (size, size % 300 + 1)
        assert packed.read(size if size % 2 else 0) == (bytes([size % 256]) * size if size % 2 else b"")


def test_bombs_among_logs_are_passed_over_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FREE", 1 << 20)
    log = lines("<<< NOOP").encode()
    zeros = bytes(16 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("s20261120-00.log", zeros)
        archive.writestr("s20261119-00.log", log)
    with tarfile.open(tmp_path / "b.tar.xz", "w:xz") as tar:
        for name, text in {"s20261117-00.log": log, "s20261118-00.log": zeros, "s20261116-00.log": log}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    (tmp_path / "s20261115-00.log.bz2").write_bytes(bz2.compress(zeros))
    found = find_logs([tmp_path], tmp_path)
    assert [log.label for log in found.logs] == [
        "s20261115-00.log.bz2",
        "b.tar.xz!s20261117-00.log",
        "a.zip!s20261119-00.log",
    ]
    assert [(one.source.path, one.reason) for one in found.skipped] == [
        ("a.zip!s20261120-00.log", INFLATED),
        ("b.tar.xz", INFLATED),
    ]
    assert [row.reason for row in blocks_of(found.logs[0]) if isinstance(row, Skipped)] == [INFLATED]
