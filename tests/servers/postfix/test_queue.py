"""Postfix's queue files, as its source and real ones have them, read through the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from breachkit.servers.postfix.layout import find_layout, is_live, queue_home, role_of, split_queue
from breachkit.servers.postfix.queue import read_head, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.servers.letterhead import EnvelopeHead
    from tests.conftest import Ran

SHORT, LONG = "0542B2799EC", "4jQgG01kYBzJcKt"
THIEF = "203.0.113.9"
ENVELOPE = (
    b"T1794391201 135000",
    b"Acreate_time=1794391201",
    b"Alog_ident=0542B2799EC",
    b"Asasl_method=LOGIN",
    b"Asasl_username=Anna@House.example",
    b"St5@mail.example",
    b"Aclient_name=unknown",
    b"Aclient_address=203.0.113.9",
    b"Aclient_address=198.51.100.1",
    b"Obob@far.example",
    b"Rbob@far.example",
)
CONTENT = (
    b"NFrom: Anna <no-reply@post.example>",
    b"NSubject: Hi",
    b"N",
    b"Nplease look here: http://cheap.exam=",
    b"Nple/buy",
    b"La long line that ",
    b"Ngoes on",
)


def record(raw: bytes) -> bytes:
    """Spell a record: its type, its length with 7 bits a byte, its text."""
    kind, text = raw[:1], raw[1:]
    size, length = len(text), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return kind + length + bytes([size]) + text


def spelled(*parts: bytes) -> bytes:
    return b"".join(map(record, parts))


def message(
    envelope: tuple[bytes, ...] = ENVELOPE, content: tuple[bytes, ...] = CONTENT, extracted: tuple[bytes, ...] = ()
) -> bytes:
    return spelled(b"C%15d%16d" % (100, 200), *envelope, b"M", *content, b"X", *extracted, b"E")


def write(folder: Path, name: str = SHORT, raw: bytes = b"") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(raw or message())
    return folder / name


def head_of(raw: bytes, name: str = SHORT) -> EnvelopeHead:
    head = read_head([(name, raw)], None, True)  # type: ignore[arg-type]
    assert head is not None
    return head


def shown(cli: Callable[..., Ran], path: Path, root: Path) -> dict[str, Any]:
    ran = cli("show", path, "--root", root, "--format", "json", "--timezone", "UTC")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.parametrize("name", [SHORT, LONG])
def test_a_message_is_its_records_put_together(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    path = write(tmp_path / "spool" / "deferred" / "3", name)
    (tmp_path / "spool" / "defer").mkdir()
    found = shown(cli, path, tmp_path)
    assert (found["queue_id"], found["auth_user"], found["mail_from"]) == (
        name,
        "anna@house.example",
        "t5@mail.example",
    )
    assert (found["header_from"], found["subject"], found["client_ip"]) == ("no-reply@post.example", "Hi", THIEF)
    assert found["ts"] == "2026-11-11T10:00:01+00:00"
    assert found["recipients"] == ["bob@far.example"]
    assert "a long line that goes on" in found["text"]


def test_a_text_that_no_record_holds_is_found(cli: Callable[..., Ran], tmp_path: Path) -> None:
    head = (b"NContent-Transfer-Encoding: quoted-printable", *CONTENT)
    write(tmp_path / "spool" / "deferred" / "0", raw=message(content=head))
    (tmp_path / "spool" / "defer" / "0").mkdir(parents=True)
    (tmp_path / "spool" / "defer" / "0" / SHORT).write_text("a note about it: http://cheap.example/buy\n")
    ran = cli("purge", "http://cheap.example/buy", "--dry-run", "--everything", "--root", tmp_path, "--format", "json")
    assert (ran.code, json.loads(ran.out)["planned"]) == (0, 1)


def test_a_recipient_that_was_served_is_left_out() -> None:
    served = (*ENVELOPE, b"Dcarl@far.example", b"Ddora@far.example", b"RBob@far.example")
    assert head_of(message(served)).rcpt_to == ("bob@far.example",)
    done = tuple(part for part in ENVELOPE if part[:1] != b"R")
    assert head_of(message((*done, b"Dcarl@far.example"))).rcpt_to == ("carl@far.example",)


def test_a_bounce_has_no_sender_and_nobody_who_logged_in() -> None:
    bounce = [part for part in ENVELOPE if not part.startswith((b"Asasl", b"S"))]
    head = head_of(message((*bounce, b"S")))
    assert (head.auth_user, head.mail_from) == (None, "<>")


def test_a_pointer_is_followed() -> None:
    opening = spelled(b"C%15d" % 1, *ENVELOPE[:6])
    hole = len(opening) + len(record(b"p%15d" % 0))
    rest = spelled(b"Rbob@far.example", b"M")
    line = spelled(b"NSubject: old")
    after = spelled(b"N", b"Nthe text", b"X", b"E")
    more_at = hole + len(rest) + len(record(b"p%15d" % 0)) + len(line) + len(after)
    added = spelled(b"Rdora@far.example") + record(b"p%15d" % hole)
    edited_at = more_at + len(added)
    back = hole + len(rest) + len(record(b"p%15d" % 0)) + len(line)
    raw = (
        opening
        + record(b"p%15d" % more_at)
        + rest
        + record(b"p%15d" % edited_at)
        + line
        + after
        + added
        + spelled(b"NSubject: new")
        + record(b"p%15d" % back)
    )
    head = head_of(raw)
    assert head.rcpt_to == ("dora@far.example", "bob@far.example")
    assert head.subject == "new"
    assert text_of([raw]) == b"Subject: new\n\nthe text\n"


@pytest.mark.parametrize("goal", [0, 5, 10**14])
def test_a_pointer_into_nowhere_or_in_a_circle_ends_it(goal: int) -> None:
    raw = spelled(b"C%15d" % 1, *ENVELOPE, b"p%15d" % goal, b"M", *CONTENT)
    assert head_of(raw).queue_id == SHORT
    assert isinstance(text_of([raw]), bytes)
    assert text_of([spelled(b"C%15d" % 1, b"p" + b"9" * 5_000, b"M", *CONTENT)])  # no number has so many digits
    circle = spelled(b"C%15d" % 1) + record(b"p%15d" % 17)
    assert text_of([circle * 3]) == b""


def test_recipients_may_stand_behind_the_message() -> None:
    local = tuple(part for part in ENVELOPE if part[:1] not in {b"R", b"O"})
    raw = message(local, extracted=(b"Rbob@far.example",))
    assert head_of(raw).rcpt_to == ("bob@far.example",)
    cut = raw[: raw.index(b"goes on")]
    assert read_head([(SHORT, cut)], None, False) is None  # type: ignore[arg-type]
    head = read_head([(SHORT, message()[:-20])], None, False)  # type: ignore[arg-type]
    assert head is not None
    assert head.rcpt_to == ("bob@far.example",)


@pytest.mark.parametrize("end", range(0, 330, 15))
def test_no_bytes_are_too_few(end: int) -> None:
    raw = message()[:end]
    assert head_of(raw).queue_id == SHORT
    assert isinstance(text_of([raw]), bytes)


@pytest.mark.parametrize("raw", [b"", b"no record\n", b"C\xff\xff\xff\xff\xff", b"T\x05abcde", b"C\x0f" + b" " * 15])
def test_a_file_that_is_none_of_postfix_is_a_message_of_which_nothing_is_known(raw: bytes) -> None:
    head = head_of(raw, "00000007")
    assert (head.auth_user, head.ts, head.rcpt_to) == (None, None, ())
    assert text_of([raw]) in {raw, b""}


@pytest.mark.parametrize("spool", ["var/spool/postfix", "spool/postfix", "postfix", "spool", "."])
def test_a_spool_is_found_where_it_lies(spool: str, tmp_path: Path) -> None:
    write(tmp_path / spool / "deferred" / "0")
    write(tmp_path / spool / "hold", LONG)
    (tmp_path / spool / "bounce").mkdir()
    found = find_layout(tmp_path).queues
    assert [one.path.name for one in found] == ["deferred", "hold"]
    assert {queue_home(one.path) for one in found} == {(tmp_path / spool).parent}
    assert len(split_queue(tmp_path / spool, None)) == 2
    assert split_queue(tmp_path / spool / "hold", None)[0].label.endswith("hold")


def test_a_queue_named_alone_is_known_by_its_messages(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path / "copy" / "0")
    ran = cli("scan", "--queue", tmp_path / "copy", "--format", "json")
    found = json.loads(ran.out)
    assert (ran.code, found["messages"], found["inputs"]["server"]) == (0, 1, "postfix")


def test_what_is_named_alike_and_holds_no_records_is_none(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path / "copy", raw=b"From: a@b.example\n\nhello\n")
    ran = cli("scan", "--queue", tmp_path / "copy", "--format", "json")
    assert json.loads(ran.out)["inputs"]["server"] == "icewarp"


@pytest.mark.parametrize(
    ("path", "role", "is_in"),
    [
        ("/var/spool/postfix/active", "active", True),
        ("/var/spool/postfix/deferred/0", "deferred", True),
        ("/srv/copy/spool/hold", "hold", True),
        ("/var/spool/postfix-out/incoming", "incoming", True),
        ("/var/spool/postfix/defer/0", "deferred", False),
        ("/home/anna/hold/report.html", "hold", False),
    ],
)
def test_what_postfix_does_with_a_place(path: str, role: str, is_in: bool) -> None:
    assert (role_of(Path(path)), is_live(Path(path))) == (role, is_in)


def test_a_purge_takes_messages_and_not_the_logs_about_others(cli: Callable[..., Ran], tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    for name in (SHORT, "x; reboot #"):
        write(spool / "deferred" / name[0], name)
        write(spool / "defer" / name[0], name, b"about it")
    write(spool / "hold", LONG, message(content=(b"Nbob asks", b"N", b"Nlunch?")))
    write(spool / "defer" / "3", LONG, b"please look here: http://cheap.example/buy")
    before = {path: path.read_bytes() for path in spool.rglob("*") if path.is_file()}
    ran = cli("purge", "please look here", "--yes", "--root", tmp_path, "--format", "json")
    assert (ran.code, json.loads(ran.out)["purged"]) == (0, 2), ran.err
    assert sorted(path.name for path in spool.rglob("*") if path.is_file()) == [LONG, LONG]
    assert cli("restore", "--yes", "--root", tmp_path).code == 0
    assert {path: path.read_bytes() for path in spool.rglob("*") if path.is_file()} == before
