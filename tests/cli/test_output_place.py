"""Where a product, a key or a partial file may be written, and how: whole or absent, for its owner only."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from breachkit import writing
from breachkit.nodes.certs import make_certificates
from breachkit.writing import write_whole
from tests.conftest import story
from tests.purge.harness import snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.typed import Ended

COMMANDS = [
    "scan",
    "group",
    "group --by from",
    "find-account",
    "trace AAD39323",
    "show AAD39323",
    "contain",
    "weak-passwords",
    "harden",
    "harden --print-commands",
    "purge pippo --yes --format json",
    "purge pippo --dry-run",
    "restore --yes",
    "quarantine list",
]


@pytest.fixture(name="root")
def evidence_of_every_kind(tmp_path: Path, breach: Callable[..., Ended]) -> Path:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    (root / "users.csv").write_text("user@example.it,0,0,user,,user\nanna@example.it,0,0,anna,,Lkj82-xx!\n")
    (root / "settings.txt").write_text("C_Mail_Security_Relay_RelayMode: 0\n")
    (root / "config").mkdir()
    (root / "config" / "path.dat").write_text("\n")
    assert breach("purge", "AAD39323", "--root", root, "--yes").code == 0
    return root


PLACES = [
    "mail/_outgoing/report.txt",
    "mail/_outgoing/retry/deeper/report.txt",
    "mail/breachkit-quarantine/report.txt",
    "logs/report.txt",
    "logs/smtp/s20261118-00.log",
    "users.csv",
    "settings.txt",
    "config/path.dat",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_product_lands_in_evidence(command: str, root: Path, breach: Callable[..., Ended], tmp_path: Path) -> None:
    before = snapshot(root)
    (tmp_path / "link").symlink_to(root / "mail" / "_outgoing")
    (tmp_path / "hard.csv").hardlink_to(root / "users.csv")
    places = [*(root / place for place in PLACES), tmp_path / "link" / "x", tmp_path / "hard.csv"]
    for place in [*places, tmp_path / "other" / "_outgoing" / "x"]:
        done = breach(*command.split(), "--root", root, "--output", place)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1), place
        assert done.err.startswith(f"breachkit: nothing was written: --output {place} ")
        assert done.err.endswith(" evidence; name a place elsewhere\n")
    assert snapshot(root) == before
    done = breach(*command.split(), "--root", root, "--output", root / "report.txt")
    assert done.code in {0, 3}
    assert (root / "report.txt").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("place", PLACES)
def test_no_key_and_no_partial_file_either(
    place: str, root: Path, breach: Callable[..., Ended], tmp_path: Path
) -> None:
    before = snapshot(root)
    words = ("read", "--root", root, "--name", "n1")
    for partial, key in ((root / place, tmp_path / "key"), (tmp_path / "partial", root / place)):
        done = breach(*words, "--partial", partial, "--key", key)
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert "evidence; name a place elsewhere" in done.err
    assert snapshot(root) == before
    assert not (tmp_path / "key").exists()
    done = breach("cluster-certs", root / "mail" / "_outgoing" / "certs")
    assert (done.code, "evidence; name a place elsewhere" in done.err) == (1, True)
    for command in ("scan", "find-account"):
        done = breach(command, "--node", f"n1={root}", "--output", root / place)
        assert (done.code, "evidence; name a place elsewhere" in done.err) == (1, True)
    assert snapshot(root) == before


def test_what_was_named_to_be_read_is_evidence_too(root: Path, breach: Callable[..., Ended], tmp_path: Path) -> None:
    policy, key, partial = tmp_path / "policy.txt", tmp_path / "key", tmp_path / "n1.partial"
    policy.write_text("C_Accounts_Policies_Pass_MinLength: 8\n")
    assert breach("read", "--root", root, "--name", "n1", "--partial", partial, "--key", key).code == 0
    case = tmp_path / "case"
    assert breach("investigate", "--root", root, "-o", case).code == 0
    before = snapshot(tmp_path)
    carried = ("--partial", partial, "--key", key)
    for words in (
        ["weak-passwords", "--root", root, "--policy", policy, "--output", policy],
        ["harden", policy, "--output", policy],
        ["scan", *carried, "--output", key],
        ["scan", *carried, "--output", partial],
        ["contain", "--root", root, "--case", case, "--output", case / "custody.jsonl"],
        ["scan", "--logs", root / "logs", "--output", root / "logs" / "smtp" / "x"],
        ["investigate", "--root", root, "-o", root / "logs" / "case"],
        ["investigate", "--root", root, "-o", root / "mail" / "breachkit-quarantine" / "case"],
    ):
        done = breach(*words)
        assert (done.code, done.out) == (1, "")
        assert "evidence; name a place elsewhere" in done.err
    after = snapshot(tmp_path)
    book = os.fsencode("case/custody.jsonl")
    assert len(after.pop(book).content) > len(before.pop(book).content)  # the refusal is on record
    after.pop(b"case/lock", None), before.pop(b"case/lock", None)
    assert {name: seen.content for name, seen in after.items()} == {name: seen.content for name, seen in before.items()}


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_what_is_written_is_for_its_owner_whatever_the_umask(
    umask: int, breach: Callable[..., Ended], tmp_path: Path
) -> None:
    (tmp_path / "old.json").write_text("{}")
    (tmp_path / "old.json").chmod(0o644)
    before = os.umask(umask)
    try:
        written = [tmp_path / "old.json", tmp_path / "new.json"]
        for path in written:
            assert breach("scan", "--root", story("guide"), "--output", path).code == 0
        read = ("read", "--root", story("guide"), "--name", "n1")
        assert breach(*read, "--partial", tmp_path / "p", "--key", tmp_path / "k").code == 0
    finally:
        os.umask(before)
    os.umask(0)
    try:
        assert breach("investigate", "--root", story("guide"), "-o", tmp_path / "case").code == 0
        made = make_certificates(tmp_path / "certs", 1)
    finally:
        os.umask(before)
    written += [tmp_path / "p", tmp_path / "k", *(tmp_path / "case").iterdir(), *made]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in written} == dict.fromkeys(
        (path.name for path in written), "0o600"
    )


def test_a_full_disk_leaves_nothing_and_what_was(
    breach: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report").write_text("the last one")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for words in (
        ["scan", "--output", tmp_path / "report"],
        ["read", "--name", "n1", "--partial", tmp_path / "p", "--key", tmp_path / "k"],
    ):
        done = breach(*words, "--root", story("guide"))
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert "No space left on device" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert (tmp_path / "report").read_text() == "the last one"


def test_a_name_that_is_taken_is_not_given_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "a", broken())
    write_whole(tmp_path / "a", [b"one"])
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "a", [b"two"])
    (tmp_path / "dangling").symlink_to(tmp_path / "b")
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "dangling", [b"two"])

    def no_links(*_paths: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "a", [b"two"])
    write_whole(tmp_path / "c", [b"three"])
    assert [(path.name, path.is_symlink() or path.read_bytes()) for path in sorted(tmp_path.iterdir())] == [
        ("a", b"one"),
        ("c", b"three"),
        ("dangling", True),
    ]


def test_windows_gives_a_name_by_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(source: str, target: str) -> None:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "exists", target)
        os.replace(source, target)

    windows = type("Windows", (), {**vars(os), "name": "nt", "rename": staticmethod(rename)})
    monkeypatch.setattr(writing, "os", windows)
    write_whole(tmp_path / "a", [b"one"])
    with pytest.raises(FileExistsError):
        write_whole(tmp_path / "a", [b"two"])
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"one")]
