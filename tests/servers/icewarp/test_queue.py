"""The head of a queue file: both shapes, and what a stranger's text cannot claim."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.evidence.queued import LONGEST_HEAD
from breachkit.files import LINK, SPECIAL
from breachkit.records import Locus, Message, Skipped
from breachkit.servers import QueueFolder
from breachkit.servers.icewarp.layout import split_queue
from breachkit.servers.icewarp.queue import read_head
from tests.servers.icewarp.factories import HEAD_FIELDS, message_of, read_queue

if TYPE_CHECKING:
    from pathlib import Path

ROME = ZoneInfo("Europe/Rome")
SOURCE = Locus("q/x", 0, 1)
MTIME = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RECEIVED = (
    "Received: from [192.0.2.15] ([198.51.100.53])\n by mail.example.it (13.0.3 build 7 x64) with ASMTP id"
    " 202611200845592850\n for <someone@example.net>; Fri, 20 Nov 2026 08:45:59 +0100\n"
)


def read(text: str | bytes) -> Message:
    raw = text.encode() if isinstance(text, str) else text
    from pathlib import Path

    folder = QueueFolder(Path("q"), "q")
    return message_of(raw, folder, MTIME.timestamp(), SOURCE, ROME)


def test_one_block_with_the_names_among_the_headers() -> None:
    message = read(
        f'LocalSender: User@Example.it\n{RECEIVED}MsgID: YAR93710\nFrom: "P" <Pippo@gmail.com>\nTo: A <a@x.example>\n\nhi'
    )
    assert (message.auth_user, message.queue_id) == ("user@example.it", "YAR93710")
    assert (message.mail_from, message.header_from) == ("pippo@gmail.com", "pippo@gmail.com")
    assert (message.rcpt_to, message.client_ip) == (("a@x.example",), "198.51.100.53")
    assert message.ts == datetime(2026, 11, 20, 7, 45, 59, tzinfo=UTC)


def test_an_envelope_before_the_message() -> None:
    message = read(
        "localsender: user@example.it\nFROM: <pippo@gmail.com>\nTo: <a@x.example>\nRcpt: b@x.example\nRcptTo: <c@x.example>\n"
        f"MsgID: YAR93710\n\n{RECEIVED}From: Someone Else <else@example.net>\nTo: list@example.net\nSubject: hi\n  there\n\nbody",
    )
    assert (message.mail_from, message.header_from) == ("pippo@gmail.com", "else@example.net")
    assert message.rcpt_to == ("b@x.example", "c@x.example", "a@x.example")
    assert message.subject == "hi there"


@pytest.mark.parametrize("line", ["", "LocalSender:\n", "LocalSender:   \n"])
def test_a_local_sender_inside_the_message_is_a_strangers_text(line: str) -> None:
    message = read(
        f"{line}From: <a@b.example>\nMsgID: X1\n\nFrom: c@d.example\nLocalSender: victim@example.it\nMsgID: FAKE\n\nx"
    )
    assert (message.auth_user, message.queue_id) == (None, "X1")


def test_the_first_occurrence_counts() -> None:
    message = read("LocalSender: a@example.it\nLocalSender: b@example.it\nMsgID: A1\nMsgID: B2\nSubject: x\n\n")
    assert (message.auth_user, message.queue_id) == ("a@example.it", "A1")


def test_a_body_that_looks_like_headers_makes_no_envelope() -> None:
    message = read(
        "LocalSender: a@example.it\nFrom: a@example.it\nSubject: x\n\nFrom: evil@example.net\nTo: you@example.net\n\n"
    )
    assert message.header_from == "a@example.it"


def test_the_id_of_the_servers_own_received_line_stands_in() -> None:
    forged = "Received: from x by elsewhere with ASMTP id FAKE00001; Fri, 20 Nov 2026 08:00:00 +0100\n"
    message = read(f"LocalSender: a@example.it\n{RECEIVED}{forged}From: a@example.it\n\n")
    assert message.queue_id == "202611200845592850"
    assert read(f"{forged}{RECEIVED}Subject: x\n\n").queue_id == "FAKE00001"


@pytest.mark.parametrize(
    ("line", "queue_id", "client_ip"),
    [
        (
            "from pc ([203.0.113.9])\n by mx.example.it (12.3.0 build 2 x64) with ASMTP (SSL) id\n {id}",
            "ABC00001",
            "203.0.113.9",
        ),
        (
            "from pc ([203.0.113.9]) by mx.example.it (10.4.0) with ESMTPSA (TLSv1.2:AES256-SHA:256) id {id}",
            "ABC00001",
            "203.0.113.9",
        ),
        (
            "from pc ([IPv6:2001:db8::9]) by mx.example.it (IceWarp 11) with ASMTP (TLS)\n id {id}",
            "ABC00001",
            "2001:db8::9",
        ),
        ("from pc\n by mx.example.it ((Our own mail)) with ASMTP (SSL) id {id}", "ABC00001", None),
        ("from pc by mx.example.it (sent with care id 5) with ASMTP(SSL) id {id}", "ABC00001", None),
        ("from ([203.0.113.9])\n by mx.example.it (Mail (two) of us) with ASMTP id {id}", "ABC00001", "203.0.113.9"),
        ("from [192.0.2.4] by mx.example.it ((D)) with ESMTP (SSL) id {id}", "ABC00001", None),
        ("from pc ([hidden]) by mx.example.it (13.0.3) with ASMTP (SSL) id {id}", "ABC00001", None),
        ("from pc ([0.0.0.0]) by mx.example.it (13.0.3) with ASMTP (SSL) id {id}", "ABC00001", None),
        ("from pc (cafe) by mx.example.it (13.0.3) with ASMTP (SSL) id {id}", "ABC00001", None),
        ("from pc ([203.0.113.9]) by mx.example.it (smile :-) ) with ASMTP (SSL) id {id}", "ABC00001", "203.0.113.9"),
        ("by mx.example.it (13.0.3) with ASMTP (SSL) id {id}", "ABC00001", None),
        ("from pc by mx.example.it with Microsoft SMTP Server id 15.1.2507.23", None, None),
    ],
)
def test_the_servers_trace_line_is_read_whatever_stands_between_its_clauses(
    line: str, queue_id: str | None, client_ip: str | None
) -> None:
    trace = line.replace("{id}", "ABC00001") + "\n for <a@x.example>; Fri, 20 Nov 2026 08:45:59 +0100"
    raw = f"LocalSender: a@example.it\nReceived: {trace}\nFrom: a@example.it\n\n"
    message = read(raw)
    assert (message.queue_id, message.client_ip) == (queue_id, client_ip)
    assert message.ts == datetime(2026, 11, 20, 7, 45, 59, tzinfo=UTC)
    assert read(raw.replace("\n", "\r\n"))._replace(size=message.size) == message


def test_the_id_of_authenticated_mail_below_the_topmost_line_counts_by_any_of_its_names() -> None:
    head = "Received: from x by mx.example.it (filter) with SMTP id AAA00001; Fri, 20 Nov 2026 08:45:59 +0100\n"
    for word in ("ASMTP (SSL)", "esmtpsa (TLS)", "ESMTPA", "LMTPSA", "UTF8SMTPA"):
        below = f"Received: from y ([203.0.113.9]) by mx.example.it ((D)) with {word} id BBB00002; Fri, 20 Nov 2026 08:45:58 +0100\n"
        assert read(f"{head}{below}Subject: x\n\n").queue_id == "BBB00002"


@pytest.mark.parametrize(
    ("text", "mail_from", "rcpt_to"),
    [
        ("From a@x.example Fri Nov 20 09:00:00 2026\n{head}", "p@x.example", ("q@y.example",)),
        (">From a@x.example Fri Nov 20 09:00:00 2026\n{head}", "p@x.example", ("q@y.example",)),
        ("Spool file of node 2\n{head}", "p@x.example", ("q@y.example",)),
        ("From : <p@x.example>\nLocalSender: a@x.example\nMsgID: X1\nTo: <q@y.example>\n", "p@x.example", ("q@y.example",)),
        ("LocalSender: a@x.example\n*** a note of a filter ***\nMsgID: X1\nFrom: <p@x.example>\nTo: <q@y.example>\n", "p@x.example", ("q@y.example",)),
        ("{head}Subject: a long one that somebody\nwent on with and did not indent: so\nCc: r@y.example\n", "p@x.example", ("q@y.example", "r@y.example")),
        ("LocalSender: a@x.example\nX-Mailer: of\nseveral lines\n and more\nMsgID: X1\nFrom: p@x.example\nTo: q@y.example\n", "p@x.example", ("q@y.example",)),
    ],
)  # fmt: skip
def test_a_line_that_is_no_header_hides_none_of_those_below_it(
    text: str, mail_from: str, rcpt_to: tuple[str, ...]
) -> None:
    head = "LocalSender: a@x.example\nMsgID: X1\nFrom: <p@x.example>\nTo: <q@y.example>\n"
    for ending in ("\nFrom: not@me.example\n", f"Date: x\n\nTo: not@me.example\n{head}"):
        for eol in ("\n", "\r\n"):
            message = read((text.replace("{head}", head) + ending).replace("\n", eol))
            assert (message.auth_user, message.queue_id) == ("a@x.example", "X1")
            if "Date" in ending:
                assert (message.mail_from, message.rcpt_to) == (mail_from, rcpt_to)


def test_a_raw_subject_is_read_by_the_charset_of_the_text() -> None:
    for charset, text in (("windows-1251", "Скидки"), ("big5", "特價優惠"), ("euc-kr", "무료 상품")):
        for kind in (f"Content-Type: text/plain; charset={charset}\n", "Content-Type: multipart/mixed; boundary=b\n"):
            head = f"LocalSender: a@x.example\n{RECEIVED}Subject: {text}\n {text}\n{kind}\n--b\nContent-Type: text/html; charset={charset}\n\n"
            raw = head.encode(charset)
            assert read(raw).subject == f"{text} {text}"
            assert read(raw.replace(b"\n", b"\r\n")).subject == f"{text} {text}"
    assert read("Subject: perché\nContent-Type: text/plain; charset=koi8-r\n\n").subject == "perché"
    assert read("Subject: perché\n\n".encode("cp1252")).subject == "perché"


def test_a_text_without_a_head_that_quotes_one_is_no_head() -> None:
    message = read("hello there\nTheir letter: was short\n\nFrom: a@x.example\n")
    assert (message.mail_from, message.header_from, message.subject) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MsgID: 202611200845592850\nSubject: x\n\n", datetime(2026, 11, 20, 7, 45, 59, tzinfo=UTC)),
        ("MsgID: 202613990845592850\nSubject: x\n\n", MTIME),
        ("Date: Fri, 20 Nov 2020 08:45:59 +0100\nSubject: x\n\n", MTIME),
        (
            "Received: from x by y; Fri, 20 Nov 2026 08:45 -0000\nSubject: x\n\n",
            datetime(2026, 11, 20, 8, 45, tzinfo=UTC),
        ),
        ("Received: from x by y; Fri, 99 Nov 2026 08:45:59 +0100\nSubject: x\n\n", MTIME),
    ],
)
def test_the_time_is_the_servers_own(text: str, expected: datetime) -> None:
    message = read(text)
    assert (message.ts, message.is_stamped) == (expected, expected != MTIME)


@pytest.mark.parametrize("raw", [b"", b"\0\1\2", b"no header at all", b"\n\n\n", b": x\n", b"\xef\xbb\xbf"])
def test_a_file_without_a_head_is_still_a_message(raw: bytes) -> None:
    message = read(raw)
    assert (message.auth_user, message.mail_from, message.rcpt_to, message.size) == (None, None, (), len(raw))


def test_crlf_and_a_byte_order_mark_change_nothing() -> None:
    text = f"LocalSender: a@example.it\nFrom: <>\nMsgID: X1\n\n{RECEIVED}From: c@d.example\nTo: e@f.example\n\nx"
    plain = read(text)
    other = read(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert other._replace(size=plain.size) == plain
    assert plain.mail_from == "<>"


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"From: {text}\nTo: {text}\n\n{text}".encode()))
def test_no_bytes_make_the_reader_fail(raw: bytes) -> None:
    assert read(raw).size == len(raw)


def test_a_megabyte_of_one_letter_is_read_at_once() -> None:
    assert read(b"To: " + b"a" * LONGEST_HEAD + b"\n\n").rcpt_to == ()


def write(path: Path, text: str = "LocalSender: a@example.it\nSubject: x\n\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def rows_of(root: Path) -> list[Message | Skipped]:
    return read_queue(split_queue(root / "_outgoing", root), root, ROME)


def test_every_file_is_a_message_of_the_queue_it_lies_in(tmp_path: Path) -> None:
    queue = tmp_path / "_outgoing"
    for name in ("a.dat", "no-ending", "deeper/b.tmp", "retry/c.dat", "retry/deeper/d", "priority_3/e", ".hidden"):
        write(queue / name)
    found = {(row.queue, row.source.path) for row in rows_of(tmp_path) if isinstance(row, Message)}
    assert found == {
        ("_outgoing", "_outgoing/a.dat"),
        ("_outgoing", "_outgoing/no-ending"),
        ("_outgoing", "_outgoing/.hidden"),
        ("_outgoing", "_outgoing/deeper/b.tmp"),
        ("_outgoing/retry", "_outgoing/retry/c.dat"),
        ("_outgoing/retry", "_outgoing/retry/deeper/d"),
        ("_outgoing/priority_3", "_outgoing/priority_3/e"),
    }


def test_links_and_fifos_are_passed_over_and_counted(tmp_path: Path) -> None:
    queue = tmp_path / "_outgoing"
    write(queue / "a.dat")
    write(tmp_path / "outside" / "secret")
    (queue / "link").symlink_to(tmp_path / "outside" / "secret")
    (queue / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(queue / "pipe")
    rows = rows_of(tmp_path)
    assert sorted((row.reason, row.source.path) for row in rows if isinstance(row, Skipped)) == [
        (LINK, "_outgoing/folder"),
        (LINK, "_outgoing/link"),
        (SPECIAL, "_outgoing/pipe"),
    ]
    assert sum(isinstance(row, Message) for row in rows) == 1


def test_odd_names_are_shown_and_read(tmp_path: Path) -> None:
    queue = os.fsencode(tmp_path / "_outgoing")
    os.mkdir(queue)  # bytes
    for name in (b"new\nline", b"-rf", b"bad\xff", b"x" * 255):
        with open(os.path.join(queue, name), "wb") as stream:  # bytes
            stream.write(b"LocalSender: a@example.it\n\n")
    rows = rows_of(tmp_path)
    assert {row.source.path for row in rows} == {
        "_outgoing/new\nline",
        "_outgoing/-rf",
        "_outgoing/bad\\xff",
        "_outgoing/" + "x" * 255,
    }


@settings(max_examples=30)
@given(st.integers(1, 3), st.integers(30_000, 40_000))
def test_a_head_longer_than_the_first_read_is_read_whole(repeats: int, size: int) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(
            root / "_outgoing" / "a",
            f"X-Long: {'y' * size}\n" * repeats + "LocalSender: a@example.it\nSubject: x\n\nbody",
        )
        (row,) = rows_of(root)
    assert isinstance(row, Message)
    assert row.auth_user == "a@example.it"


def test_folders_nested_beyond_any_recursion_limit_are_walked(tmp_path: Path) -> None:
    depth = 1_200
    deepest = "/".join(["d"] * depth)
    subprocess.run(["mkdir", "-p", f"_outgoing/{deepest}"], cwd=tmp_path, check=True)
    subprocess.run(
        ["sh", "-c", f"cd _outgoing/{deepest} && echo 'LocalSender: a@b.example' > m"], cwd=tmp_path, check=True
    )
    try:
        (row,) = rows_of(tmp_path)
        assert isinstance(row, Message)
        assert row.source.path.count("/") == depth + 1
    finally:
        # pytest's own removal is recursive
        subprocess.run(["rm", "-rf", "_outgoing"], cwd=tmp_path, check=True)


@pytest.mark.parametrize("date", ["1 Jan 0001 00:00:00 +0100", "31 Dec 9999 23:59:59 -0100"])
def test_a_time_that_no_calendar_has_is_none(date: str) -> None:
    assert read(f"Received: from x by y with SMTP id z; {date}\nSubject: x\n\n").ts == MTIME


BLOCK_LINES = st.sampled_from(
    [
        b"LocalSender: Anna@x.example",
        b"localsender:b@x.example",
        b"From: <c@x.example>",
        b"FROM : <d@x.example>",
        b"To: <e@x.example>\r\n <f@x.example>",
        b"MsgID: 202611190653215113",
        b"Received: from [192.0.2.1]\r\n by mail.x.example with ASMTP id YAR93710\r\n for <g@x.example>; Thu, 19 Nov 2026 06:53:22 +0100",
        b"Subject: one\r\n\ttwo",
        b"subject:",
        b"X-Empty:",
        b"Date: Thu, 19 Nov 2026 23:19:05 +0100",
        b"a line that is none",
        b" goes on",
        b"\xff: high",
        b"X: lone\rreturn",
        b"Subject: of LF\nFrom: h@x.example",
        b"",
    ]
)


def said(raw: bytes) -> list[object]:
    head = read_head([("x", raw)], ROME, True)
    return [getattr(head, name) for name in HEAD_FIELDS]


@given(st.lists(BLOCK_LINES, max_size=14), st.sampled_from([b"", b"\r\n", b"\xef\xbb\xbf", b"\n", b"From a Fri\n"]))
@settings(deadline=None, max_examples=500)
def test_a_head_says_the_same_whatever_its_lines_end_with_and_whatever_stands_above(
    lines: list[bytes], before: bytes
) -> None:
    raw = b"".join(line + b"\r\n" for line in lines) + b"\r\nbody\r\n"
    assert said(before + raw) == said(raw.replace(b"\r\n", b"\n")) == said(raw)


TRACES = st.lists(
    st.sampled_from(
        [
            "from [192.0.2.1]",
            "from with",
            "from id (192.0.2.3)",
            "from by",
            "(helo=x.example)",
            "([IPv6:2001:db8::1])",
            "([203.0.113.7])",
            "by",
            "by mail.x.example",
            "by other.example",
            "with",
            "with ASMTP",
            "with esmtp",
            "with by",
            "\r\n id",
            "id",
            "id YAR93710",
            "id;",
            "id 202611190653215113;",
            "; Thu, 19 Nov 2026 06:53:22 +0100",
            "; 31 Feb 2026 06:53:22 +0100",
            "; Thu, 1 nov 2026 26:53:22 -0330",
            "; 1 Nov 2026 06:53:22",
            "; 1 Nov 0000 06:53:22 +0000",
            "; 1 Nov 2026 06:53:22 +9900",
            "; 1 Nov 2026 06:53 +0100 (CET)",
            "\u0661; 0\u0661 Nov 2026 06:53:22 +0100",
            "\u2028",
        ]
    ),
    max_size=9,
).map(" ".join)


@given(st.lists(TRACES, min_size=1, max_size=3), st.booleans())
@settings(deadline=None, max_examples=500)
def test_any_trace_lines_are_read_and_their_folds_are_blanks(traces: list[str], is_enveloped: bool) -> None:
    envelope = "LocalSender: a@x.example\r\nFROM: b@x.example\r\n" + ("\r\n" if is_enveloped else "")
    lines = "".join(f"Received: {trace}\r\n" for trace in traces)
    raw = f"{envelope}{lines}To: c@x.example, D@x.example,c@x.example\r\nCC: e@x.example\r\n\r\nbody"
    found = said(raw.encode())
    assert found[1:5] == ["a@x.example", "b@x.example", None if is_enveloped else "b@x.example", found[4]]
    assert found[4] == ("c@x.example", "d@x.example", "e@x.example")
    assert found == said(raw.replace("\r\n ", " ").encode())
