"""Where a file is expected lies a FIFO, a socket, a device, a folder or a dead link: nothing hangs, nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import zipfile
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from breachkit import files
from breachkit.logs.logtext import beginning_of, open_text
from tests.cli.test_bad_input import deny
from tests.conftest import story
from tests.purge.harness import snapshot
from tests.servers.icewarp.factories import b64, find_logs, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.typed import Ended

KINDS = ["fifo", "socket", "device", "folder", "dead link"]


@pytest.fixture(autouse=True)
def never_hang() -> Iterator[None]:
    """Let a command that waits for a FIFO fail instead."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.fixture(name="root")
def copy_of_the_guide(tmp_path: Path) -> Path:
    shutil.copytree(story("guide"), tmp_path / "root")
    return tmp_path / "root"


def put(kind: str, path: Path) -> Path:
    """Lay something odd where a file should be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        above = os.open(path.parent, os.O_RDONLY)  # the name of a socket has 107 bytes at most
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(f"/proc/self/fd/{above}/{path.name}")
        os.close(above)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path.with_name("nowhere"))
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_users_csv_that_nobody_named_stops_nothing(
    kind: str, root: Path, breach: Callable[..., Ended], tmp_path: Path
) -> None:
    put(kind, root / "users.csv")
    found = breach("find-account", "--root", root, "--format", "json")
    assert (found.code, found.json["accounts"][0]["account"]) == (3, "user@example.it")
    (skipped,) = found.json["skipped"]
    assert (skipped["count"], skipped["examples"]) == (1, [{"path": "users.csv", "offset": 0, "line": 1}])
    assert skipped["reason"] == ("vanished while it was read" if kind == "dead link" else "not a regular file")
    (note,) = found.json["inputs"]["notes"]
    assert note.startswith(f"bare names and aliases are not resolved: {root}/users.csv cannot be read (")
    assert breach("contain", "--root", root).code == 3
    case = breach("investigate", "--root", root, "-o", tmp_path / "case", "--format", "json")
    assert case.code == 3
    assert next(row["auth_user"] for row in case.json["scan"]["senders"]) == "user@example.it"
    alone = breach("weak-passwords", "--root", root)
    assert (alone.code, alone.out, alone.err.count("\n")) == (1, "", 1)
    assert f"{root}/users.csv cannot be read" in alone.err


@pytest.mark.parametrize("kind", KINDS)
def test_odd_settings_stop_harden_alone(kind: str, root: Path, breach: Callable[..., Ended], tmp_path: Path) -> None:
    put(kind, root / "settings.txt")
    alone = breach("harden", "--root", root)
    assert (alone.code, alone.out, alone.err.count("\n")) == (1, "", 1)
    assert "settings.txt" in alone.err
    case = breach("investigate", "--root", root, "-o", tmp_path / "case", "--format", "json")
    assert case.code == 3
    assert "settings.txt cannot be read" in json.dumps(case.json)


@pytest.mark.parametrize("name", ["path.dat", "config/path.dat"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_path_dat_is_said(kind: str, name: str, root: Path, breach: Callable[..., Ended]) -> None:
    put(kind, root / name)
    for command in (["scan"], ["find-account"]):
        done = breach(*command, "--root", root, "--format", "json")
        assert done.code == 3
        assert done.json["skipped"][0]["examples"][0]["path"] == name
        assert done.json["inputs"]["notes"] == ["path.dat cannot be read: queues that it puts elsewhere are not known"]
    assert "path.dat cannot be read" in breach("purge", "pippo", "--root", root, "--dry-run").out


@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_breachkit_toml_is_a_sentence(
    kind: str, root: Path, breach: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    put(kind, tmp_path / "breachkit.toml")
    done = breach("scan", "--root", root)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("breachkit: breachkit.toml: ")
    assert done.err.endswith("it may hold root, queue, logs, accounts, timezone and server\n")


@pytest.mark.parametrize("kind", KINDS)
def test_odd_files_among_logs_and_messages_are_counted(kind: str, root: Path, breach: Callable[..., Ended]) -> None:
    for name in ("s20261119-09.log", "s20261119-09.log.gz", "old.zip"):
        put(kind, root / "logs" / "smtp" / name)
    put(kind, root / "mail" / "_outgoing" / "ABC12345.tmp")
    done = breach("find-account", "--root", root, "--format", "json")
    counted = {row["reason"]: row["count"] for row in done.json["skipped"]}
    expected = {"fifo": "not a regular file", "socket": "not a regular file"}.get(kind, "a link, not followed")
    assert counted == ({} if kind == "folder" else {expected: 4})
    assert done.code == (0 if kind == "folder" else 3)


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "dead link"])
def test_an_odd_log_that_was_named(kind: str, root: Path, breach: Callable[..., Ended], tmp_path: Path) -> None:
    odd = put(kind, tmp_path / "any.name")
    named = ("--logs", odd, "--logs", root / "logs", "--format", "json")
    done = breach("find-account", "--queue", root / "mail" / "_outgoing", *named)
    assert done.code == 3
    assert [row["count"] for row in done.json["skipped"]] == [1]
    assert done.json["accounts"][0]["account"] == "user@example.it"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", ["--accounts", "--policy", "--hibp", "--geoip", "--key", "--case", "--partial"])
def test_an_odd_file_that_was_named_is_a_sentence(
    kind: str, option: str, root: Path, breach: Callable[..., Ended], tmp_path: Path
) -> None:
    odd = put(kind, tmp_path / "odd")
    (tmp_path / "users.csv").write_text("a@b.example,0,0,a,,x1\n")
    (tmp_path / "key").write_text("breachkit-key-1 " + "0" * 64 + "\n")
    words = {
        "--accounts": ["find-account", "--root", root, "--accounts", odd],
        "--policy": ["weak-passwords", tmp_path / "users.csv", "--policy", odd],
        "--hibp": ["weak-passwords", tmp_path / "users.csv", "--hibp", odd],
        "--geoip": ["investigate", "--root", root, "-o", tmp_path / "case", "--geoip", odd],
        "--key": ["find-account", "--partial", tmp_path / "key", "--key", odd],
        "--case": ["contain", "--root", root, "--case", tmp_path / "c"],
        "--partial": ["find-account", "--partial", odd, "--key", tmp_path / "key"],
    }[option]
    if option == "--case":
        put(kind, tmp_path / "c" / "custody.jsonl")
    done = breach(*words)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "Traceback" not in done.err


@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_an_odd_journal_hangs_nothing(kind: str, root: Path, breach: Callable[..., Ended]) -> None:
    run = root / "mail" / "breachkit-quarantine" / "20261120-080000-abcd"
    (run / "messages").mkdir(parents=True)
    (run / "messages" / "00000001").write_bytes(b"x")
    put(kind, run / "journal.jsonl")
    before = snapshot(root)
    for words in (
        ["quarantine", "list"],
        ["quarantine", "verify"],
        ["quarantine", "drop", run.name, "--yes"],
        ["restore", "--yes"],
        ["restore", "--dry-run"],
    ):
        done = breach(*words, "--root", root)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert "journal.jsonl" in done.err or run.name in done.err
    assert snapshot(root) == before or set(snapshot(root)) - set(before) == {
        os.fsencode(os.path.relpath(run / "lock", root))
    }


def test_a_file_that_turns_into_a_fifo_hangs_nothing(tmp_path: Path) -> None:
    path = put("fifo", tmp_path / "was-a-message")
    with pytest.raises(files.NotRegularError):
        files.read_whole(str(path))
    with pytest.raises(files.NotRegularError):
        files.open_regular(path)
    with files.HeadReader(str(path)) as heads, pytest.raises(NotADirectoryError):
        heads.read("x", 10)


def test_a_zip_of_many_logs_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "logs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(300):
            text = lines("<<< AUTH PLAIN " + b64(f"\0a{number % 7}@example.it\0x"), ">>> 235 ok")
            archive.writestr(f"d{number}/s20261120-{number % 100:02d}.log", text)
    opened = Mock(wraps=zipfile.ZipFile)
    monkeypatch.setattr(zipfile, "ZipFile", opened)
    compared = Mock(wraps=beginning_of)
    monkeypatch.setattr("breachkit.logs.listing.beginning_of", compared)
    logs = find_logs([tmp_path / "logs.zip"], tmp_path).logs
    for log in logs:
        (block,) = files.read_blocks(open_text(log), log.label)
        assert isinstance(block, files.LineBlock)
        assert block.text.endswith(b"235 ok\n")
    assert opened.call_count == 1
    assert compared.call_count == 300  # each log of which there is another of the name, once
    numbers = {(log.number, log.node) for log in logs}
    assert len(logs) == len(numbers) == 300


def test_members_that_cannot_be_read(tmp_path: Path, breach: Callable[..., Ended]) -> None:
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"s20261120-0{number}.log", lines("<<< NOOP"))
    raw = whole.read_bytes()
    whole.unlink()
    first, central = raw.index(b"PK\x03\x04"), raw.index(b"PK\x01\x02")
    (tmp_path / "logs").mkdir()
    for name, at, byte in (("head", first + 1, 0), ("secret", central + 8, 1), ("method", central + 10, 99)):
        (tmp_path / "logs" / f"{name}.zip").write_bytes(raw[:at] + bytes([byte]) + raw[at + 1 :])
    name_at = raw.index(b"s2026", central)
    odd = raw[:name_at] + b"\xff" + raw[name_at + 1 :]
    odd = odd[: central + 9] + b"\x08" + odd[central + 10 :]  # it says UTF-8, and is none
    (tmp_path / "logs" / "name.zip").write_bytes(odd)
    (tmp_path / "logs" / "with.zip").write_bytes(b"#!/bin/sh\n" + raw)
    done = breach("find-account", "--root", tmp_path, "--format", "json")
    assert done.code == 3
    assert [(row["reason"], row["count"]) for row in done.json["skipped"]] == [("archive is damaged or encrypted", 4)]
    assert done.json["inputs"]["lines"] == 3


def test_a_nul_is_a_row_that_is_counted(root: Path, breach: Callable[..., Ended], tmp_path: Path) -> None:
    rows = [
        b"anna@example.it,0,0,anna,info,Tr1cky-enough,",
        b"us\0er@example.it,0,0,x,x,x,",
        b"bruno@example.it,0,0,bruno,,br\0uno,",
        b"\0\0\0",
        b"carla@example.it,0,0,carla,,carla,",
        b"dora@example.it,0,0,dora,,Other-4nd-long,",
    ]
    for head in ([], [b"Email,Type,Disabled,Mailbox,Alias,Password,"]):
        (root / "users.csv").write_bytes(b"\r\n".join([*head, *rows, b""]))
        done = breach("weak-passwords", "--root", root, "--format", "json")
        assert (done.code, done.json["checked"]) == (3, 3)
        assert [row["account"] for row in done.json["accounts"]] == ["carla@example.it"]
        (skipped,) = done.json["skipped"]
        assert (skipped["reason"], skipped["count"]) == ("account line with a NUL byte in it", 3)
        for command in (["find-account"], ["contain"], ["investigate", "-o", tmp_path / f"case{len(head)}"]):
            assert breach(*command, "--root", root).code == 3
    (root / "users.csv").write_bytes(b"\x00\x01\x02\n\x00\x00\nabc\x00")
    assert "a binary file" in breach("weak-passwords", "--root", root).err
    assert breach("find-account", "--root", root).code == 0
    (root / "settings.txt").write_bytes(
        b"C_Mail_Security_Relay_RelayMode: 0\nC_a: 1\nC_Mail\0_x: 1\nC_Accounts_x: a\0b\n"
    )
    hard = breach("harden", "--root", root, "--format", "json")
    assert (hard.code, [row["count"] for row in hard.json["skipped"]]) == (3, [2])


@pytest.mark.parametrize("denied", ["mail/breachkit-quarantine", "mail/breachkit-quarantine/RUN"])
def test_a_quarantine_of_another_user_is_counted_and_said(
    denied: str, root: Path, breach: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = breach("purge", "pippo", "--root", root, "--yes", "--format", "json").json["run"]
    denied = denied.replace("RUN", run)
    deny(monkeypatch, root / denied)
    for command in (["find-account"], ["group"], ["investigate", "-o", tmp_path / "case"]):
        done = breach(*command, "--root", root, "--format", "json")
        assert done.code == 3
        assert done.json["skipped"] == [
            {
                "reason": "cannot be opened: access denied",
                "count": 1,
                "examples": [{"path": denied, "offset": 0, "line": 1}],
            }
        ]
    assert f"({denied}:1)" in breach("find-account", "--root", root).out
    for words in (["scan"], ["purge", "x", "--dry-run"]):  # which never read it
        done = breach(*words, "--root", root, "--format", "json")
        assert (done.code, done.json["skipped"]) == (0, [])


def test_a_folder_of_the_root_that_is_denied_is_counted_unless_it_may_hold_the_queue(
    root: Path, breach: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lost+found", "config", "logs"):
        (root / name).mkdir(exist_ok=True)
        with monkeypatch.context() as patch:
            deny(patch, root / name)
            for command in ("scan", "find-account", "group"):
                done = breach(command, "--root", root, "--format", "json")
                assert done.code == 3
                assert [(row["count"], row["examples"][0]["path"]) for row in done.json["skipped"]] == [(1, name)]
    with monkeypatch.context() as patch:
        deny(patch, root / "mail")
        done = breach("scan", "--root", root)
        assert (done.code, done.out) == (1, "")
        assert f"{root}/mail cannot be read (Permission denied)" in done.err
