"""Walking, opening and naming files, Windows' ways included."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit import files
from breachkit.files import FoundFile, LineBlock
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

DEDUPLICATED = 0x80000013
CLOUD = 0x9000001A
JUNCTION = 0xA0000003
SYMLINK = 0xA000000C


def status(mode: int, tag: int = 0) -> os.stat_result:
    return cast("os.stat_result", SimpleNamespace(st_mode=mode, st_reparse_tag=tag))


@pytest.mark.parametrize(
    ("mode", "tag", "is_link"),
    [
        (stat.S_IFREG, 0, False),
        (stat.S_IFLNK, SYMLINK, True),
        (stat.S_IFDIR, JUNCTION, True),
        (stat.S_IFREG, DEDUPLICATED, False),
        (stat.S_IFREG, CLOUD, False),
    ],
)
def test_windows_junctions_are_links_and_deduplicated_or_cloud_files_are_files(
    mode: int, tag: int, is_link: bool
) -> None:
    assert files.is_link(status(mode, tag)) is is_link


def windows_error(code: int, kind: type[OSError] = OSError) -> OSError:
    error = kind()
    error.winerror = code  # type: ignore[attr-defined,unused-ignore]
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (windows_error(32), files.IN_USE),
        (windows_error(33), files.IN_USE),
        (windows_error(5, PermissionError), files.DENIED),
        (windows_error(2, FileNotFoundError), files.VANISHED),
        (windows_error(1392), files.UNREADABLE),
    ],
)
def test_windows_errors_have_their_reasons(error: OSError, reason: str) -> None:
    assert files.reason_of(error) == reason


def test_windows_long_paths_and_device_names_are_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    import ntpath

    fake = SimpleNamespace(
        name="nt", path=SimpleNamespace(abspath=lambda path: ntpath.normpath(ntpath.join("C:\\q", path)))
    )
    monkeypatch.setattr(files, "os", fake)
    assert files.long_path("CON") == "\\\\?\\C:\\q\\CON"
    assert files.long_path("C:\\" + "x" * 300) == "\\\\?\\C:\\" + "x" * 300
    assert files.long_path("\\\\server\\share\\a") == "\\\\?\\UNC\\server\\share\\a"
    assert files.long_path("\\\\?\\C:\\a") == "\\\\?\\C:\\a"


def test_a_path_is_shown_relative_to_the_root(tmp_path: Path) -> None:
    assert files.shown(tmp_path / "a" / "b", tmp_path) == "a/b"
    assert files.shown(tmp_path, tmp_path) == "."
    assert files.shown(tmp_path.parent / "x", tmp_path) == (tmp_path.parent / "x").as_posix()
    assert files.shown(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"), tmp_path) == "\\xff"
    assert files.shown(Path("logs/x"), Path()) == "logs/x"
    assert files.shown(Path(), Path()) == "."
    assert files.shown("/elsewhere/x", Path()) == "/elsewhere/x"
    assert files.shown("a", None) == f"{Path.cwd().as_posix()}/a"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    with files.open_regular(path, 0) as stream:
        yield stream


def rows(path: Path) -> Iterator[LineBlock | Skipped]:
    return files.read_blocks(opened(path), "log")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"")), max_size=40), st.integers(1, 30))
def test_blocks_hold_every_line_with_its_place_whatever_the_size_of_a_read(lines: list[bytes], size: int) -> None:
    import tempfile

    text = b"\n".join(lines)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", size)
        path = Path(folder) / "log"
        path.write_bytes(text)
        found = []
        for block in rows(path):
            assert isinstance(block, LineBlock)
            offset = block.offset
            for line in block.lines:
                found.append((offset, line))
                offset += len(line) + 1
    whole = text.split(b"\n") if text else []
    if whole and not whole[-1]:
        whole.pop()
    assert [line for _, line in found] == whole
    assert all(text[offset : offset + len(line)] == line for offset, line in found)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=12), max_size=30), st.integers(1, 60), st.integers(1, 30))
def test_spans_hold_every_line_once(lines: list[bytes], span: int, size: int) -> None:
    import tempfile

    text = b"\n".join(lines)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", size)
        patch.setattr(files, "LONGEST_LINE", 9)
        path = Path(folder) / "log"
        path.write_bytes(text)
        whole = list(places(files.read_blocks(opened(path), "log")))
        parts = [
            row
            for begin in range(0, len(text) + 1, span)
            for row in places(files.read_blocks(opened(path), "log", (begin, begin + span)))
        ]
    assert parts == whole


def places(blocks: Iterator[LineBlock | Skipped]) -> Iterator[tuple[int, bytes | None]]:
    for block in blocks:
        if isinstance(block, Skipped):
            yield block.source.offset, None
            continue
        offset = block.offset
        for line in block.lines:
            # whether a line of ten bytes is overlong hangs on where reads end: the reader of lines asks again
            yield offset, line if len(line) <= files.LONGEST_LINE else None
            offset += len(line) + 1


@pytest.mark.parametrize("size", [100, 70_000, 3_000_000])
def test_an_overlong_line_is_skipped_once_wherever_it_is_cut(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BLOCK", size)
    path = tmp_path / "log"
    path.write_bytes(b"one\n" + b"x" * 200_000 + b"\nthree\n" + b"y" * 200_000)
    found = [
        (row.reason, row.source.offset) if isinstance(row, Skipped) else [len(line) for line in row.lines]
        for row in rows(path)
    ]
    skipped = [row for row in found if isinstance(row, tuple)]
    if size < 200_000:
        assert skipped == [(files.OVERLONG, 4), (files.OVERLONG, 200_011)]
    kept = [number for row in found if isinstance(row, list) for number in row]
    assert [number for number in kept if number < files.LONGEST_LINE] == [3, 5]


def test_a_file_that_vanishes_is_said(tmp_path: Path) -> None:
    (row,) = rows(tmp_path / "nothing")
    assert isinstance(row, Skipped)
    assert row.reason == files.VANISHED


def test_a_folder_that_cannot_be_listed_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "a").write_text("x")
    really = os.scandir

    def denied(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return really(path)

    monkeypatch.setattr(os, "scandir", denied)
    found = list(files.walk(str(tmp_path), tmp_path))
    assert [row.path if isinstance(row, FoundFile) else row for row in found] == [
        str(tmp_path / "a"),
        Skipped(files.DENIED, Locus("locked", 0, 1)),
    ]


def test_a_link_named_by_the_user_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert [isinstance(row, FoundFile) for row in files.walk(str(tmp_path / "link"))] == [True]
