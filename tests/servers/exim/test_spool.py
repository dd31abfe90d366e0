"""Exim's spool files, as its specification and real ones have them, read through the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from breachkit.servers.exim.layout import find_layout, find_messages, is_live, queue_home, role_of, split_queue
from breachkit.servers.exim.queue import read_head, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.servers.letterhead import EnvelopeHead
    from tests.conftest import Ran

OLD, NEW = "1xRJib-0000P4-1b", "1xRJib-00000000P4L-1bQz"
THIEF = "203.0.113.9"


def write_message(
    folder: Path,
    name: str = OLD,
    *,
    options: str = "--auth_id Anna@House.example\n",
    tree: str = "XX\n",
    rcpt_to: tuple[str, ...] = ("bob@far.example",),
    headers: tuple[str, ...] = ("F From: Anna <no-reply@post.example>", "  Subject: Hi"),
    body: str = "please look here: http://cheap.example/buy\n",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    envelope = f"{name}-H\nDebian-exim 987 987\n<t5@mail.example>\n1794447313 0\n"
    client = f"--helo_name x\n-host_address [{THIEF}]:41947\n-received_protocol esmtpa\n"
    rcpts = f"{len(rcpt_to)}\n" + "".join(f"{one}\n" for one in rcpt_to)
    lines = "".join(f"{len(one) - 1:03d}{one}\n" for one in headers)  # two for flag and blank, one for the end
    (folder / f"{name}-H").write_bytes((envelope + client + options + tree + rcpts + "\n" + lines).encode())
    (folder / f"{name}-D").write_bytes(f"{name}-D\n{body}".encode())
    return folder / f"{name}-H"


def head_of(path: Path, name: str | None = None) -> EnvelopeHead:
    head = read_head([(name or path.name, path.read_bytes())], None, True)  # type: ignore[arg-type]
    assert head is not None
    return head


def shown(cli: Callable[..., Ran], path: Path) -> dict[str, Any]:
    ran = cli("show", path, "--queue", path.parent, "--format", "json", "--timezone", "UTC")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.parametrize("name", [OLD, NEW])
def test_two_files_are_one_message_with_an_id_of_either_form(
    name: str, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    path = write_message(tmp_path / "spool" / "input", name)
    found = shown(cli, path)
    assert [Path(one).name for one in found["files"]] == [f"{name}-H", f"{name}-D"]
    assert (found["queue_id"], found["auth_user"], found["mail_from"]) == (
        name,
        "anna@house.example",
        "t5@mail.example",
    )
    assert (found["header_from"], found["subject"], found["client_ip"]) == ("no-reply@post.example", "Hi", THIEF)
    assert found["ts"] == "2026-11-12T01:35:13+00:00"
    assert found["recipients"] == ["bob@far.example"]
    assert "http://cheap.example/buy" in found["text"]
    assert "-D" not in found["text"]


@pytest.mark.parametrize(
    ("text", "client_ip"),
    [
        ("[127.103.230.186]:41947", "127.103.230.186"),
        ("127.20.202.55.41397", "127.20.202.55"),
        ("[2001:db8::5]:25", "2001:db8::5"),
        ("2001:DB8::5.41397", "2001:db8::5"),
        ("nonsense", None),
        ("[:::]:1", None),
    ],
)
def test_the_port_stands_behind_the_address(text: str, client_ip: str | None, tmp_path: Path) -> None:
    path = write_message(tmp_path)
    path.write_bytes(path.read_bytes().replace(f"[{THIEF}]:41947".encode(), text.encode()))
    assert head_of(path).client_ip == client_ip


@pytest.mark.parametrize(
    ("option", "account"),
    [
        ("-auth_id anna@house.example\n", "anna@house.example"),
        ("--auth_id anna@house.example\n", "anna@house.example"),
        ("--(ldap)auth_id anna@house.example\n", "anna@house.example"),
        ("-aclm 3 20\nx\n-auth_id bert@x.eu\n-auth_id anna@house.example\n", "anna@house.example"),
        ("--aclc_name 2\nab\n-auth_id anna@house.example\n", "anna@house.example"),
        ("-local\n-ident www-data\n", None),
        ("-auth_id\n", None),
    ],
)
def test_the_account_is_that_of_a_whole_line(option: str, account: str | None, tmp_path: Path) -> None:
    assert head_of(write_message(tmp_path, options=option)).auth_user == account


def test_recipients_that_have_the_message_are_left_out(tmp_path: Path) -> None:
    tree = "YY c@x.example\nNN a@x.example\nNY D@x.example\nNN e@x.example\n"
    named = ("a@x.example", "B@x.example", "c@x.example", "d@x.example", "e@x.example errors@x.example 5,-1#1")
    path = write_message(tmp_path, tree=tree, rcpt_to=named)
    assert head_of(path).rcpt_to == ("b@x.example",)
    assert head_of(write_message(tmp_path, tree="NN a@x.example\n", rcpt_to=("a@x.example",))).rcpt_to == (
        "a@x.example",
    )


def test_a_bounce_has_no_sender_and_a_header_that_was_replaced_is_not_sent(tmp_path: Path) -> None:
    headers = ("* Subject: secret", "  Subject: open", "  Folded: a\n b")
    path = write_message(tmp_path, headers=headers)
    path.write_bytes(path.read_bytes().replace(b"<t5@mail.example>", b"<>"))
    files = [path.read_bytes(), path.with_name(f"{OLD}-D").read_bytes()]
    assert (head_of(path).mail_from, head_of(path).subject) == ("<>", "open")
    assert text_of(files).startswith(b"Subject: open\n")
    assert b"secret" not in text_of(files)


@pytest.mark.parametrize("end", [1, 17, 40, 60, 80, 120, 170, 200, 230])
def test_no_bytes_are_too_few(end: int, tmp_path: Path) -> None:
    path = write_message(tmp_path)
    raw = path.read_bytes()[:end]
    head = read_head([(path.name, raw)], None, True)  # type: ignore[arg-type]
    assert head is not None
    assert head.queue_id == OLD
    assert isinstance(text_of([raw, b""]), bytes)
    assert read_head([(path.name, raw)], None, False) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "raw", [b"", b"\xff\xfe\0", b"-H\n", f"{OLD}-H\nx\n<>\n9{'9' * 30} 0\nXX\n1\n".encode(), b"\n" * 50]
)
def test_a_file_that_is_none_of_exim_is_a_message_of_which_nothing_is_known(raw: bytes) -> None:
    head = read_head([("x", raw)], None, True)  # type: ignore[arg-type]
    assert head is not None
    assert (head.auth_user, head.ts) == (None, None)
    assert text_of([raw]).rstrip() in {raw.rstrip(), b""}


def test_a_half_stands_alone_and_a_journal_goes_with_its_message() -> None:
    names = [f"{OLD}-D", f"{OLD}-H", f"{OLD}-J", f"{NEW}-D", "hdr.12"]
    found = [*find_messages("", names)]
    assert found == [(f"{NEW}-D",), (f"{OLD}-H", f"{OLD}-D", f"{OLD}-J"), ("hdr.12",)]
    assert text_of([f"{NEW}-D\nalone\n".encode()]) == b"alone\n"


@pytest.mark.parametrize("spool", ["var/spool/exim4", "var/spool/exim", "spool", "spool/exim4", "exim", "."])
def test_a_spool_is_found_where_it_lies(spool: str, tmp_path: Path) -> None:
    write_message(tmp_path / spool / "input")
    (queue,) = find_layout(tmp_path).queues
    assert queue.label == (Path(spool) / "input").as_posix()
    assert queue_home(queue.path) == (tmp_path / spool).parent


def test_a_split_spool_and_a_named_queue_are_read(cli: Callable[..., Ran], tmp_path: Path) -> None:
    spool = tmp_path / "var" / "spool" / "exim"
    write_message(spool / "input" / "b")
    write_message(spool / "slow" / "input" / "P", NEW)
    found = find_layout(tmp_path).queues
    assert [one.label for one in found] == ["var/spool/exim/input", "var/spool/exim/slow/input"]
    assert [role_of(one.path) for one in found] == ["active", "hold"]
    assert {queue_home(one.path) for one in found} == {spool.parent}
    assert len(split_queue(spool, None)) == 2
    ran = cli("scan", "--root", tmp_path, "--format", "json")
    assert (ran.code, json.loads(ran.out)["messages"]) == (0, 2)


def test_a_queue_named_alone_is_known_by_its_messages(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write_message(tmp_path / "copy" / "b")
    ran = cli("scan", "--queue", tmp_path / "copy", "--format", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["messages"], found["inputs"]["server"]) == (0, 1, "exim")


@pytest.mark.parametrize(
    ("path", "is_in"),
    [
        ("/var/spool/exim4/input/x", True),
        ("/var/spool/exim/input", True),
        ("/srv/copy/spool/slow/input/P", True),
        ("/var/spool/exim4/msglog", False),
        ("/var/spool/breachkit-quarantine/run", False),
        ("/home/anna/input/report.html", False),
    ],
)
def test_nothing_is_put_where_exim_delivers_from(path: str, is_in: bool) -> None:
    assert is_live(Path(path)) == is_in


def test_a_purge_takes_messages_and_not_the_logs_about_others(cli: Callable[..., Ran], tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    for name in (OLD, "x; reboot #"):
        write_message(spool / "input", name)
    write_message(spool / "input", NEW, body="lunch?\n")
    (spool / "msglog").mkdir()
    for name in (OLD, NEW):
        (spool / "msglog" / name).write_text("please look here: http://cheap.example/buy\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in spool.rglob("*") if path.is_file()}
    ran = cli("purge", "cheap.example/buy", "--yes", "--root", tmp_path, "--format", "json")
    assert (ran.code, json.loads(ran.out)["purged"]) == (0, 2), ran.err
    left = sorted(path.name for path in spool.rglob("*") if path.is_file())
    assert left == [NEW, f"{NEW}-D", f"{NEW}-H"]
    assert cli("restore", "--yes", "--root", tmp_path).code == 0
    assert {path: path.read_bytes() for path in spool.rglob("*") if path.is_file()} == before
