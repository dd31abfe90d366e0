"""The folder of a case is only ever added to, and its custody shows every command and every careless edit."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

ORIGIN = "0" * 64


def read(case: Path) -> list[dict[str, Any]]:
    """Read the custody, holding its chain against the words of `breachkit docs cases`."""
    previous, lines = ORIGIN, []
    for number, text in enumerate((case / "custody.jsonl").read_bytes().splitlines(), 1):
        line = json.loads(text)
        assert (line["line"], line["prev"]) == (number, previous)
        previous = hashlib.sha256(text).hexdigest()
        lines.append(line)
    return lines


def hashes(folder: Path) -> dict[Path, str]:
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"custody.jsonl", "lock"}
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(story("guide"), tmp_path / "evidence")
    return tmp_path / "evidence"


def test_running_again_adds_and_never_overwrites(cli: Callable[..., Ran], root: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    assert cli("investigate", "--root", root, "-o", case).code == 0
    first, book = hashes(case), (case / "custody.jsonl").read_bytes()
    ran = cli("investigate", "--root", root, "-o", case, "--redact", "--lang", "it")
    assert ran.code == 0
    assert str(case / "run-2") in ran.out
    assert cli("investigate", "--root", root, "-o", case).code == 0
    after = hashes(case)
    assert {path: after[path] for path in first} == first
    assert {path.parts[0] for path in set(after) - set(first)} == {"run-2", "run-3"}
    assert (case / "custody.jsonl").read_bytes().startswith(book)
    lines = read(case)
    assert [line["kind"] for line in lines] == ["began", "ended"] * 3
    for line, folder in zip(lines[1::2], (case, case / "run-2", case / "run-3"), strict=True):
        written = line["outcome"]["written"]
        assert set(written) >= {"report.html", "findings.json", "timeline.csv", "timeline.jsonl", "inputs.json"}
        for name, sha256 in written.items():
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256


def test_purge_contain_and_restore_are_written_down(cli: Callable[..., Ran], root: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    cli("investigate", "--root", root, "-o", case)
    assert cli("contain", "--root", root, "--case", case).code == 0
    purged = cli("purge", "pippo@gmail.com", "--yes", "--root", root, "--case", case, "--format", "json")
    assert purged.code == 0
    assert cli("restore", "--yes", "--root", root, "--case", case).code == 0
    declined = cli("purge", "pippo@gmail.com", "--root", root, "--case", case)
    assert declined.code == 1
    lines = read(case)
    began = [line["command"][0] for line in lines if line["kind"] == "began"]
    assert began == ["investigate", "contain", "purge", "restore", "purge"]
    ends = [line for line in lines if line["kind"] == "ended"]
    assert [line["exit"] for line in ends] == [0, 0, 0, 0, 1]
    receipt = json.loads(purged.out)
    assert ends[2]["outcome"]["run"] == receipt["run"]
    assert ends[2]["outcome"]["purged"] == receipt["purged"] > 100
    assert ends[3]["outcome"]["runs"][0]["restored"] == receipt["purged"]
    assert ends[1]["outcome"]["accounts"] == ["user@example.it"]
    assert lines[2]["user"]
    closing = hashlib.sha256((case / "custody.jsonl").read_bytes()).hexdigest()
    assert closing in declined.err


def test_a_case_that_is_none_stops_a_purge_before_it_moves(cli: Callable[..., Ran], root: Path, tmp_path: Path) -> None:
    before = hashes(root)
    ran = cli("purge", "pippo@gmail.com", "--yes", "--root", root, "--case", tmp_path / "nothing")
    assert ran.code == 1
    assert "nothing was done" in ran.err
    assert hashes(root) == before


@pytest.mark.parametrize("edit", ["word", "line", "order"])
def test_an_edited_custody_stops_every_command(edit: str, cli: Callable[..., Ran], root: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    cli("investigate", "--root", root, "-o", case)
    cli("contain", "--root", root, "--case", case)
    book = case / "custody.jsonl"
    lines = book.read_bytes().splitlines(keepends=True)
    if edit == "word":
        lines[0] = lines[0].replace(b'"investigate"', b'"Investigate"')
    elif edit == "line":
        del lines[1]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    book.write_bytes(b"".join(lines))
    edited, before = book.read_bytes(), hashes(root)
    for words in (("purge", "pippo@gmail.com", "--yes", "--case", case), ("investigate", "-o", case)):
        ran = cli(*words, "--root", root)
        assert ran.code == 1
        assert "custody.jsonl line" in ran.err
    assert book.read_bytes() == edited
    assert hashes(root) == before


def test_half_a_line_of_a_crash_is_cut_and_said(cli: Callable[..., Ran], root: Path, tmp_path: Path) -> None:
    case = tmp_path / "case"
    cli("investigate", "--root", root, "-o", case)
    with (case / "custody.jsonl").open("ab") as stream:
        stream.write(b'{"line":3,"prev":"ab')
    assert cli("contain", "--root", root, "--case", case).code == 0
    assert read(case)[2]["torn_bytes_cut"] == 20


def test_a_folder_with_something_else_is_left_alone(cli: Callable[..., Ran], root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    ran = cli("investigate", "--root", root, "-o", other)
    assert ran.code == 1
    assert "is no case" in ran.err
    assert [path.name for path in other.iterdir()] == ["notes.txt"]


def test_a_run_that_fails_is_written_down_as_such(cli: Callable[..., Ran], root: Path, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("what,is,this\n1,2,3\n")
    ran = cli("investigate", "--root", root, "-o", tmp_path / "case", "--accounts", users)
    assert ran.code == 1
    assert [line.get("exit") for line in read(tmp_path / "case")] == [None, 1]


def test_inputs_holds_every_file_with_its_hash(guide_case: Path) -> None:
    document = json.loads((guide_case / "inputs.json").read_text("utf-8"))
    listed = {row["path"]: row for row in document["files"]}
    source = story("guide")
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and path.name not in {"README.md", "expected.json"}
    }
    assert set(listed) == wanted
    for name, row in listed.items():
        raw = (source / name).read_bytes()
        assert (row["size"], row["sha256"]) == (len(raw), hashlib.sha256(raw).hexdigest())
        assert row["mtime"]
    assert {"log_gaps", "log_first", "log_last", "skipped"} <= set(document)
