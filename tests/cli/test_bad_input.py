"""Evidence that is missing, broken or another's: one clear sentence, or an answer that says what it lacks."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from breachkit.evidence import where
from breachkit.servers import names
from tests.conftest import story
from tests.servers.icewarp.factories import b64, lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

COMMANDS = ["scan", "find-account"]


def message(root: Path, name: str = "a", account: str = "user@example.it") -> Path:
    path = root / "mail" / "_outgoing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"LocalSender: {account}\nFrom: pippo@gmail.com\nTo: x@y.example\nMsgID: A{name}\nSubject: s\n\nhi\n"
    )
    return path


def log(root: Path, text: str, name: str = "s20261120-00.log") -> Path:
    path = root / "logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


@pytest.mark.parametrize("command", [*COMMANDS, "trace x"])
def test_a_path_that_does_not_exist(command: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli(*command.split(), "--root", tmp_path / "nowhere")
    assert ran == (1, "", f"breachkit: --root {tmp_path}/nowhere: no such file or folder; check the path\n")


@pytest.mark.parametrize("command", [*COMMANDS, "trace x"])
def test_a_folder_with_nothing_known(command: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    ran = cli(*command.split(), "--root", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"breachkit: {tmp_path} holds no queue and no logs that breachkit knows: looked for ")
    assert "mail/_outgoing" in ran.err
    assert ran.err.endswith("name the folders themselves with --queue DIR and --logs DIR\n")
    assert ran.err.count("\n") == 1


def test_logs_of_another_product(cli: Callable[..., Ran], tmp_path: Path) -> None:
    path = log(tmp_path, "Nov 20 08:45:59 mx postfix/smtpd[7]: connect from x\n" * 3)
    ran = cli("find-account", "--root", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(
        f"breachkit: {path} is not an IceWarp log: none of its lines begins 'ADDRESS [THREAD] TIME'"
    )


def test_a_root_that_is_a_file(cli: Callable[..., Ran], tmp_path: Path) -> None:
    path = tmp_path / "mail.zip"
    path.write_text("x")
    ran = cli("scan", "--root", path)
    assert (ran.code, ran.out) == (1, "")
    assert "it is no folder" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_root_that_cannot_be_read(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0)
    ran = cli("scan", "--root", tmp_path / "locked")
    assert ran.code == 1
    assert "run as Administrator" in ran.err


def test_a_root_that_cannot_be_listed(cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deny(monkeypatch, tmp_path)
    ran = cli("scan", "--root", tmp_path)
    assert ran == (
        1,
        "",
        f"breachkit: {tmp_path} cannot be read (Permission denied); run as Administrator (root), or copy the evidence first\n",
    )


def test_an_empty_queue_is_an_answer(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "mail" / "_outgoing").mkdir(parents=True)
    ran = cli("scan", "--root", tmp_path, "--format", "json")
    assert ran.code == 0
    assert json.loads(ran.out)["messages"] == 0
    assert json.loads(ran.out)["queues"] == [{"path": "mail/_outgoing", "messages": 0, "bytes": 0}]
    text = cli("find-account", "--root", tmp_path)
    assert (text.code, text.err) == (0, "")
    assert "Nobody was judged by logins: there are no SMTP logs." in text.out
    assert "Missing: no SMTP logs: nothing is known of sessions." in text.out


def test_a_queue_without_logs_goes_on_alone(cli: Callable[..., Ran], tmp_path: Path) -> None:
    for number in range(6):
        message(tmp_path, f"b{number}")
    ran = cli("find-account", "--queue", tmp_path / "mail" / "_outgoing", "--format", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["log_level"], found["unattributed_messages"]) == (0, "none", 6)
    (account,) = found["accounts"]
    assert (account["verdict"], account["confidence"], account["auth_successes"]) == ("suspect", "low", None)


def test_logs_without_a_queue_go_on_alone(cli: Callable[..., Ran], tmp_path: Path) -> None:
    path = log(tmp_path, lines("<<< AUTH PLAIN " + b64("\0anna@example.it\0x"), ">>> 235 ok"))
    ran = cli("find-account", "--logs", path, "--format", "json")
    found = json.loads(ran.out)
    assert ran.code == 0
    assert [(one["account"], one["verdict"]) for one in found["accounts"]] == [("anna@example.it", "clear")]


def test_what_cannot_be_read_is_counted_shown_and_exits_3(cli: Callable[..., Ran], tmp_path: Path) -> None:
    message(tmp_path)
    (tmp_path / "mail" / "_outgoing" / "link").symlink_to("/etc/passwd")
    log(tmp_path, lines("<<< NOOP") + "alien c4n4ry\n")
    ran = cli("find-account", "--root", tmp_path)
    assert ran.code == 3
    assert "Skipped: 1 x a link, not followed (mail/_outgoing/link:1)" in ran.out
    assert "Skipped: 1 x log line without 'ADDRESS [THREAD] TIME' (logs/s20261120-00.log:2)" in ran.out
    assert "c4n4ry" not in ran.out
    written = json.loads(cli("scan", "--root", tmp_path, "--format", "json").out)
    assert {(row["reason"], row["count"]) for row in written["skipped"]} == {
        ("a link, not followed", 1),
        ("log line without 'ADDRESS [THREAD] TIME'", 1),
    }


def test_findings_win_over_incompleteness(cli: Callable[..., Ran], tmp_path: Path) -> None:
    for number in range(6):
        message(tmp_path, f"b{number}")
    (tmp_path / "mail" / "_outgoing" / "link").symlink_to("/etc/passwd")
    assert cli("find-account", "--root", tmp_path).code == 3
    assert cli("find-account", "--root", tmp_path, "--fail-on-findings").code == 10


def test_damaged_archives_are_counted(cli: Callable[..., Ran], tmp_path: Path) -> None:
    whole = gzip.compress("".join(lines(f"<<< NOOP {n * n}") for n in range(5_000)).encode())
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "s20261118-00.log.gz").write_bytes(whole[: len(whole) // 2])
    (logs / "s20261117-00.log.gz").write_bytes(b"no gzip")
    (logs / "old.zip").write_bytes(b"no zip")
    with zipfile.ZipFile(logs / "s20261119-00.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("s20261119-00.log", lines("<<< NOOP") * 5_000)
    raw = bytearray((logs / "s20261119-00.zip").read_bytes())
    raw[100:110] = b"\xff" * 10
    (logs / "s20261119-00.zip").write_bytes(raw)
    ran = cli("find-account", "--root", tmp_path, "--format", "json")
    assert ran.code == 3
    (skipped,) = json.loads(ran.out)["skipped"]
    assert (skipped["reason"], skipped["count"]) == ("archive is damaged or encrypted", 4)
    assert 0 < json.loads(ran.out)["inputs"]["lines"] < 10_000  # what could be unpacked was read


def test_a_queue_named_by_path_dat_outside_the_root_is_named_in_every_output(
    cli: Callable[..., Ran], tmp_path: Path
) -> None:
    root, live = tmp_path / "copy", tmp_path / "live"
    message(live)
    root.mkdir()
    rows = [""] * 10
    rows[0], rows[7] = "/opt/icewarp/config/", str(live / "mail" / "_outgoing")
    (root / "path.dat").write_text("\n".join(rows))
    sentence = f"queue outside the root, from path.dat line 8: {live}/mail/_outgoing"
    for command in COMMANDS:
        assert sentence in " ".join(cli(command, "--root", root).out.split())
        assert json.loads(cli(command, "--root", root, "--format", "json").out)["inputs"]["notes"] == [sentence]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--timezone", "Mars/Olympus"],
            "unknown time zone 'Mars/Olympus'; use a name such as Europe/Rome or UTC, or the offset: +01:00",
        ),
        (
            ["--timezone", "../etc"],
            "unknown time zone '../etc'; use a name such as Europe/Rome or UTC, or the offset: +01:00",
        ),
        (
            ["--since", "someday"],
            (
                "--since 'someday' is no time and no age; write 2026-11-20, 2026-11-20T08:45, 20.11.2026 or yesterday,"
                " or an age: 90m, 12h, 3d"
            ),
        ),
        (["--until", "05/11/2026"], "--until '05/11/2026' may be two days; write 2026-11-05 or 2026-05-11"),
        (["--server", "qmail"], f"unknown mail server 'qmail'; known: {', '.join(names())}"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2(words: list[str], sentence: str, cli: Callable[..., Ran]) -> None:
    ran = cli("scan", "--root", story("guide"), *words)
    assert ran == (2, "", f"breachkit: {sentence}\n")


def test_an_unknown_option_is_2(cli: Callable[..., Ran]) -> None:
    ran = cli("scan", "--rot", "x")
    assert (ran.code, ran.out) == (2, "")
    assert "No such option: --rot" in ran.err


def test_passwords_are_for_a_terminal_only(cli: Callable[..., Ran], tmp_path: Path) -> None:
    for words in ([], ["--format", "json"], ["--output", tmp_path / "x"]):
        for command in (["find-account"], ["trace", "user@example.it"]):
            ran = cli(*command, "--root", story("guide"), "--show-passwords", *words)
            assert (ran.code, ran.out) == (2, "")
            assert "--show-passwords writes text to a terminal only" in ran.err


def test_columns_that_cannot_be_told(cli: Callable[..., Ran], tmp_path: Path) -> None:
    message(tmp_path)
    users = tmp_path / "users.csv"
    users.write_text("one,two\nthree,four\n")
    asked = cli("find-account", "--root", tmp_path, "--accounts", users)
    assert (asked.code, asked.out) == (1, "")
    assert f"the columns of {users} cannot be told; name them in order with --columns" in asked.err
    wrong = cli("find-account", "--root", tmp_path, "--columns", "address,colour")
    assert (wrong.code, wrong.err.startswith("breachkit: --columns: unknown column 'colour'")) == (2, True)


@pytest.mark.parametrize("raw", [b"one,two\nthree,four\n", b"\0\1\2", b"a@b.example,us\rer,\n", b"x" * 200_000])
def test_a_file_that_only_lies_there_does_not_stand_between_the_user_and_the_account(
    raw: bytes, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    message(tmp_path)
    (tmp_path / "users.csv").write_bytes(raw)
    ran = cli("find-account", "--root", tmp_path)
    assert ran.code in {0, 3}
    assert "user@example.it" in ran.out
    assert ran.err == ""


def test_unreadable_logs_are_counted_and_unreadable_mail_is_named(
    cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message(tmp_path)
    (tmp_path / "logs" / "smtp").mkdir(parents=True)
    log(tmp_path, lines("<<< NOOP"), "smtp/s20261120-00.log")
    deny(monkeypatch, tmp_path / "logs" / "smtp")
    ran = cli("find-account", "--root", tmp_path)
    assert ran.code == 3
    assert "Skipped: 1 x cannot be opened: access denied (logs/smtp:1)" in ran.out
    deny(monkeypatch, tmp_path / "mail" / "_outgoing")
    ran = cli("scan", "--root", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"breachkit: {tmp_path}/mail/_outgoing cannot be read (Permission denied)")


def deny(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    really = os.scandir

    def denied(path: str | Path) -> object:
        if str(path) == str(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", denied)


def test_what_was_left_out_on_the_users_word_is_said(cli: Callable[..., Ran]) -> None:
    ran = cli("find-account", "--root", story("brute-force"), "--since", "2026-11-19")
    assert "what is older than 2026-11-19T00:00:00+01:00 was left out (--since)" in " ".join(ran.out.split())
    assert "first-try" not in ran.out


def test_ctrl_c_is_one_sentence(cli: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_asked: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, "find_evidence", interrupted)
    monkeypatch.delitem(sys.modules, "breachkit.cli.scan", raising=False)  # which takes it when it is imported
    ran = cli("scan", "--root", story("guide"))
    assert (ran.code, ran.out, ran.err.strip()) == (1, "", "breachkit: stopped by Ctrl-C; nothing was written")


def test_nothing_to_trace(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("trace", "ZZZ00000", "--root", story("guide"))
    assert ran.code == 1
    assert ran.err.startswith("breachkit: no session of 'ZZZ00000' in the logs (they reach from 2026-11-17 05:46 to")
    message(tmp_path)
    assert "no SMTP logs found" in cli("trace", "ZZZ00000", "--root", tmp_path).err


def test_since_and_until_leave_out_the_rest(cli: Callable[..., Ran]) -> None:
    ran = cli("find-account", "--root", story("guide"), "--until", "2026-11-19T23:59", "--format", "json")
    found = json.loads(ran.out)
    assert {account["verdict"] for account in found["accounts"]} == {"clear"}
    later = json.loads(cli("scan", "--root", story("guide"), "--since", "2026-11-20T11:00", "--format", "json").out)
    assert 0 < later["messages"] < 125
