"""`show` as a user meets it: one message of the queue, harmless on a terminal, and nothing written."""

from __future__ import annotations

import base64
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import story
from tests.purge.harness import snapshot
from tests.schemas import validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

HEAD = b"LocalSender: anna@example.it\nMsgID: YAR93710\nFrom: <offers@example.net>\nRcpt: a@example.org\n\n"


@pytest.fixture(name="queue")
def queue_with_one_message(tmp_path: Path) -> Path:
    folder = tmp_path / "_outgoing"
    folder.mkdir()
    return folder


@pytest.fixture(name="show")
def show_of_a_message(cli: Callable[..., Ran], queue: Path) -> Callable[[bytes], dict[str, Any]]:
    """Return what makes a queued file of the bytes of a message, and shows it."""

    def call(message: bytes) -> dict[str, Any]:
        (queue / "one.tmp").write_bytes(HEAD + message)
        ran = cli("show", queue / "one.tmp", "--queue", queue, "--format", "json")
        assert (ran.code, ran.err) == (0, "")
        return validate(ran.out)

    return call


def test_a_message_is_golden(
    cli: Callable[..., Ran], golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(story("guide").parents[2])
    root = "sample_queues/icewarp/guide"
    text = cli("show", "APV19131", "--root", root, "--campaign")
    assert (text.code, text.err) == (0, "")
    golden("show-guide.txt", text.out)
    written = cli("show", "APV19131", "--root", root, "--campaign", "--format", "json")
    document = validate(written.out)
    golden("show-guide.json", written.out)
    assert document["session"]["auth_user"] == document["auth_user"] == "user@example.it"
    assert document["campaign"]["messages"] == 119


@pytest.mark.parametrize(
    "wanted",
    ["APV19131", "apv19131", "<APV19131>", "APV19131.tmp", "apv19131.TMP", "mail/_outgoing/APV19131.tmp", "./ABSOLUTE"],
)
def test_a_message_is_found_by_id_name_or_path(wanted: str, cli: Callable[..., Ran]) -> None:
    root = story("guide")
    word = root / "mail" / "_outgoing" / "APV19131.tmp" if wanted == "./ABSOLUTE" else wanted
    found = validate(cli("show", word, "--root", root, "--format", "json").out)
    assert found["path"] == "mail/_outgoing/APV19131.tmp"
    assert found["queue"] == "mail/_outgoing"
    assert found["session"]["client_ip"] == "203.0.113.155"
    assert found["campaign"] is None


def test_an_id_in_several_places_is_a_question_and_all_are_listed(cli: Callable[..., Ran], queue: Path) -> None:
    (queue / "retry").mkdir()
    for path in (queue / "one.tmp", queue / "retry" / "two.tmp"):
        path.write_bytes(HEAD + b"Subject: x\n\nbody\n")
    ran = cli("show", "yar93710", "--queue", queue)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"breachkit: 'yar93710' is several messages; name the file of one: {queue}/one.tmp, {queue}/retry/two.tmp\n"
    )
    assert cli("show", "two.tmp", "--queue", queue).code == 0


def test_what_is_no_message_is_one_sentence(cli: Callable[..., Ran], queue: Path, tmp_path: Path) -> None:
    (queue / "one.tmp").write_bytes(HEAD)
    ran = cli("show", "ABC00001", "--queue", queue)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("breachkit: none of the 1 messages of the queue is 'ABC00001'; name a file")
    os.mkfifo(queue / "pipe")
    for word in (queue / "pipe", tmp_path, "x" * 5000, "a\0b"):
        assert cli("show", word, "--queue", queue).code in {1, 3}


def test_a_copy_that_lies_elsewhere_is_shown_without_a_session(cli: Callable[..., Ran], tmp_path: Path) -> None:
    shutil.copy(story("guide") / "mail" / "_outgoing" / "APV19131.tmp", tmp_path / "copy.eml")
    ran = cli("show", tmp_path / "copy.eml", "--root", story("guide"), "--format", "json")
    found = validate(ran.out)
    assert (found["queue"], found["session"], found["queue_id"]) == (None, None, "APV19131")
    assert "name its --root" in cli("show", tmp_path / "copy.eml", "--root", story("guide")).out


def test_where_the_logs_have_no_session_it_says_how_far_they_reach(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    (root / "mail" / "_outgoing" / "odd.tmp").write_bytes(HEAD + b"Subject: x\n\nbody\n")
    ran = cli("show", "odd.tmp", "--root", root)
    assert ran.code == 0
    assert "No session in the SMTP logs (from Tue 2026-11-17 05:46:46 +0100 to" in ran.out


def test_a_purged_message_is_shown_from_the_quarantine(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    assert cli("purge", "q1fahvkn", "--root", root, "--yes").code == 0
    found = validate(cli("show", "APV19131", "--root", root, "--format", "json").out)
    assert found["quarantined"] is True
    assert found["session"]["auth_user"] == "user@example.it"
    assert "purged from the queue" in cli("show", "APV19131", "--root", root).out


def test_nothing_is_written(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    before = snapshot(root)
    assert cli("show", "APV19131", "--root", root, "--campaign").code == 0
    assert snapshot(root) == before


def test_every_sign_that_a_terminal_obeys_is_spelled_out(cli: Callable[..., Ran], queue: Path) -> None:
    nasty = "\x1b]0;owned\x07\x1b[2J \u202egpj.exe \u200bx \x9b31m [bold]y[/bold]"
    letter = f"Subject: {nasty}\nReply-To: <{nasty.replace(' ', '')}@example.com>\nContent-Type: text/plain\n\n{nasty}\rz\x0b\n"
    (queue / "one.tmp").write_bytes(HEAD + letter.encode())
    ran = cli("show", queue / "one.tmp", "--queue", queue)
    assert ran.code == 0
    assert not set(ran.out) & set("\x1b\x07\u202e\u200b\x9b\r\x0b")
    assert "\\x1b]0;owned\\x07" in ran.out
    assert "[bold]y[/bold]" in ran.out


def test_the_names_that_matter_are_told_apart(show: Callable[[bytes], dict[str, Any]]) -> None:
    found = show(
        b"From: =?utf-8?Q?Bank_of_Rome?= <bank@example.com>\nReply-To: Boss <boss@Example.biz>\n"
        b"Subject: =?utf-8?B?" + base64.b64encode("Perché no".encode()) + b"?=\n =?utf-8?Q?_ora?=\n\nbody\n"
    )
    names = ("auth_user", "mail_from", "header_from", "reply_to", "subject")
    assert [found[name] for name in names] == [
        "anna@example.it",
        "offers@example.net",
        "bank@example.com",
        "boss@example.biz",
        "Perché no ora",
    ]
    assert found["recipients"] == ["a@example.org"]


ALTERNATIVE = b"""\
Subject: x
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Buy cheap=20pills=C3=A9
--a
Content-Type: text/plain

Buy cheap   pills\xc3\xa9
--a--
--m
Content-Type: application/pdf; name="=?utf-8?Q?fattura_=C3=A8.pdf?="
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--m
Content-Type: text/csv
Content-Disposition: attachment; filename*=utf-8''conti%20%C3%A8.csv

a,b
--m--
"""


def test_a_text_that_is_there_twice_is_shown_once_and_files_are_listed(show: Callable[[bytes], dict[str, Any]]) -> None:
    found = show(ALTERNATIVE)
    assert found["text"] == "Buy cheap pillsé"
    assert found["attachments"] == [
        {"name": "fattura è.pdf", "type": "application/pdf", "bytes": 9},
        {"name": "conti è.csv", "type": "text/csv", "bytes": 3},
    ]


HTML = (
    b"<html><head><title>t</title><style>p{color:red}</style></head><body><p>Via<b></b>gra &amp;\ncheap&nbsp;pills</p>"
    b"<p>two<br>lines</p><script>alert(1)</script><!-- hidden --></body></html>\n"
)


@pytest.mark.parametrize("kind", [b"Content-Type: text/html; charset=utf-8\n", b""])
def test_html_is_shown_as_its_reader_sees_it(kind: bytes, show: Callable[[bytes], dict[str, Any]]) -> None:
    assert show(b"Subject: x\n" + kind + b"\n" + HTML)["text"] == "Viagra & cheap pills\ntwo lines"


def test_plain_text_and_the_same_as_html_are_one(show: Callable[[bytes], dict[str, Any]]) -> None:
    found = show(
        b"Subject: x\nContent-Type: multipart/alternative; boundary=a\n\n--a\n\nViagra & cheap pills\n\ntwo lines\n--a\n"
        b"Content-Type: text/html\n\n" + HTML + b"--a--\n"
    )
    assert found["text"] == "Viagra & cheap pills\n\ntwo lines"


def test_a_message_attached_is_read_and_does_not_lend_its_headers(show: Callable[[bytes], dict[str, Any]]) -> None:
    found = show(
        b"Content-Type: multipart/mixed; boundary=m\n\n--m\n\nsee below\n--m\nContent-Type: message/rfc822\n\n"
        b"Subject: inner\nReply-To: x@example.com\n\ninner text\n--m--\n"
    )
    assert (found["subject"], found["reply_to"]) == (None, None)
    assert found["text"] == "see below\n\ninner text"


@pytest.mark.parametrize("parts", [1, 40])
def test_a_long_text_is_cut_and_says_so(parts: int, show: Callable[[bytes], dict[str, Any]]) -> None:
    body = b"".join(b"--m\n\n%d " % part + b"word " * 20_000 + b"\n" for part in range(parts))
    found = show(b"Subject: x\nContent-Type: multipart/mixed; boundary=m\n\n" + body + b"--m--\n")
    assert (len(found["text"]), found["text_truncated"]) == (1 << 14, True)


def test_many_attachments_are_counted(show: Callable[[bytes], dict[str, Any]]) -> None:
    body = b"".join(b"--m\nContent-Type: image/png\n\nx\n" for _ in range(300))
    found = show(b"Subject: x\nContent-Type: multipart/mixed; boundary=m\n\n" + body + b"--m--\n")
    assert (len(found["attachments"]), found["attachments_found"], found["text"]) == (100, 300, "")
    assert (found["text_truncated"], found["attachments"][0]["name"]) == (False, None)


def test_a_session_shows_no_password(cli: Callable[..., Ran]) -> None:
    out = cli("show", "APV19131", "--root", story("guide"), "--format", "json").out
    received = [line["text"] for line in json.loads(out)["session"]["lines"] if line["direction"] == "received"]
    assert received[1:4] == ["AUTH LOGIN", "user  [user name, decoded]", "***"]
