"""Logs as people hand them over: packed, renamed, in UTF-16, through grep, out of a spreadsheet or a web page."""

from __future__ import annotations

import bz2
import gzip
import html
import io
import lzma
import os
import subprocess
import tarfile
import zipfile
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from breachkit.logs import listing
from breachkit.logs.facts import Question
from breachkit.logs.kinds import may_be_log, read_name
from breachkit.logs.spans import read_facts
from breachkit.servers.icewarp.logs import KINDS
from tests.servers.icewarp.factories import b64, find_logs, lines, reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from breachkit.logs.facts import LogFacts
    from breachkit.logs.kinds import FoundLogs

NOT_A_LOG, UNREADABLE_FORM = (
    reason % "'ADDRESS [THREAD] TIME'" for reason in (listing.NOT_A_LOG, listing.UNREADABLE_FORM)
)
DAY = date(2026, 3, 14)
NAME = "s20260314-00.log"


def session(peer: str, user: str, time: str, reply: str = "535 5.7.8 no", *, greeting: str = "ESMTP ready") -> str:
    return lines(
        "Connected, local IP=192.0.2.17",
        f">>> 220 mail.example.it {greeting}",
        '<<< EHLO "a, b"; c',
        ">>> 250-mail.example.it Hello, pleased to meet you",
        "<<< AUTH LOGIN",
        ">>> 334 VXNlcm5hbWU6",
        f"<<< {b64(user)}",
        ">>> 334 UGFzc3dvcmQ6",
        f"<<< {b64('pa=ss&word')}",
        f">>> {reply}",
        "*** <a&b@example.it> <c@example.net> 1 1 00:00:01 OK",
        "Disconnected",
        peer=peer,
        time=time,
    )


TEXT = (
    session("203.0.113.9", "anna@example.it", "09:00:05")
    + session("2001:db8:85a3::8a2e:370:7334", "bruno@example.it", "12:30:00", "235 ok")
    + session("198.51.100.23", "carla@example.it", "21:15:59", "235 ok")
)
EXPECTED = [
    (datetime(2026, 3, 14, 9, 0, 5, tzinfo=UTC), "203.0.113.9", "anna@example.it", "failure"),
    (datetime(2026, 3, 14, 12, 30, tzinfo=UTC), "2001:db8:85a3::8a2e:370:7334", "bruno@example.it", "success"),
    (datetime(2026, 3, 14, 21, 15, 59, tzinfo=UTC), "198.51.100.23", "carla@example.it", "success"),
]


def facts_of(found: FoundLogs, zone: ZoneInfo | None = None, jobs: int = 1) -> LogFacts:
    question = Question(by_hour=False)
    return read_facts([log for log in found.logs if "smtp" in log.services], reading(zone or UTC), question, jobs)


def tries(facts: LogFacts) -> list[tuple[datetime, str, str | None, str]]:
    return sorted((one.ts.astimezone(UTC), one.client_ip, one.user, one.outcome) for one in facts.attempts)


def of_day(line: str) -> str:
    """Spell the hour as one of twelve."""
    before, after = line.split("] ", 1)
    hour = int(after[:2])
    return f"{before}] {hour % 12 or 12}{after[2:8]} {'AM' if hour < 12 else 'PM'}{after[8:]}"


def each(change: Callable[[str], str], text: str = TEXT) -> bytes:
    return "".join(change(line) + "\n" for line in text.splitlines()).encode()


def numbered(text: str, spelled: str) -> bytes:
    return "".join(spelled.format(number, line) + "\n" for number, line in enumerate(text.splitlines(), 7)).encode()


def excel(line: str) -> str:
    """Quote as a spreadsheet does: only where it must."""
    return '"' + line.replace('"', '""') + '"' if "," in line or '"' in line or ";" in line else line


WRAPPED: dict[str, tuple[str, bytes]] = {
    "BOM": (NAME, b"\xef\xbb\xbf" + TEXT.encode()),
    "UTF-16 LE with a BOM": (NAME, TEXT.encode("utf-16")),
    "UTF-16 BE with a BOM": (NAME, b"\xfe\xff" + TEXT.encode("utf-16-be")),
    "UTF-16 LE": (NAME, TEXT.replace("\n", "\r\n").encode("utf-16-le")),
    "UTF-16 BE": (NAME, TEXT.encode("utf-16-be")),
    "grep -n": (NAME, numbered(TEXT, "{}:{}")),
    "grep -n of one address, an IPv6 one": (NAME, numbered(TEXT, "{}:{}")),
    "grep -r": ("found.txt", each(lambda line: f"logs/smtp/{NAME}:{line}")),
    "grep -rn": ("found.txt", numbered(TEXT, f"/var/icewarp/logs/{NAME}" + ":{}:{}")),
    "grep -rC3": ("found.txt", each(lambda line: f"logs/{NAME}{'-:'['AUTH' in line]}{line}") + b"--\n"),
    "grep -T": ("found.txt", each(lambda line: f"logs/{NAME}:\t{line}")),
    "tail of several": ("found.txt", f"==> logs/{NAME} <==\n{TEXT}\n".encode()),
    "grep --color": (
        "found.txt",
        each(lambda line: f"\x1b[35m\x1b[K{NAME}\x1b[m\x1b[K\x1b[36m\x1b[K:\x1b[m\x1b[K{line}"),
    ),
    "findstr /s /n": ("found.txt", numbered(TEXT, f"C:\\IceWarp\\logs\\smtp\\{NAME}" + ":{}:{}")),
    "Select-String": ("found.txt", numbered(TEXT, f"> logs\\{NAME}" + ":{}:{}")),
    "a spreadsheet": (NAME, each(excel)),
    "a spreadsheet of all quotes": (NAME, each(lambda line: '"' + line.replace('"', '""') + '",,')),
    "grep -r over a spreadsheet": ("found.txt", each(lambda line: f"logs/{NAME}:{excel(line)}")),
    "a spreadsheet of grep -rn": (
        "found.csv",
        each(lambda line: f'"logs/{NAME}:{line.replace(chr(34), chr(34) * 2)}"'),
    ),
    "a web page": (NAME, each(html.escape)),
    "a web page of numbers": (
        NAME,
        each(lambda line: html.escape(line).replace("&lt;", "&#60;").replace("&gt;", "&#x3E;")),
    ),
    "a web page of lines": (NAME, each(lambda line: html.escape(line).replace(" ", "&nbsp;", 1) + "<br>")),
    "cat -n": (NAME, numbered(TEXT, "{:6}\t{}")),
    "hours of twelve": (NAME, each(of_day)),
    "hours of twelve behind a date": (NAME, each(lambda line: of_day(line).replace("] ", "] 2026-03-14 "))),
    "hours of twelve in a spreadsheet": (NAME, each(lambda line: excel(of_day(line)))),
    "a quoted mail": (NAME, each(lambda line: f"> {line}")),
}


@pytest.mark.parametrize("kind", WRAPPED)
def test_what_stands_around_lines_is_taken_off(kind: str, tmp_path: Path) -> None:
    name, text = WRAPPED[kind]
    (tmp_path / name).write_bytes(text)
    found = find_logs([tmp_path], tmp_path)
    facts = facts_of(found)
    assert tries(facts) == EXPECTED
    assert facts.skipped == {}
    assert (found.skipped, found.passed_over, found.notes) == ((), (), ())
    encoding = "utf-16-le" if "LE" in kind else "utf-16-be" if "BE" in kind else "utf-8"
    rows = text.decode(encoding).split("\n")
    for one in facts.attempts:
        assert one.source.path == name
        assert "AUTH LOGIN" in rows[one.source.line - 1]
        assert one.source.offset == len("\n".join([*rows[: one.source.line - 1], ""]).encode(encoding))


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma.xz of two parts": lambda text: lzma.compress(text[:500]) + lzma.compress(text[500:]),
    "gz of two parts": lambda text: gzip.compress(text[:500]) + gzip.compress(text[500:]),
}


def tar(mode: str, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, text in members.items():
            member = tarfile.TarInfo(f"evidence/{name}")
            member.size, member.mtime = len(text), 1_773_500_000
            archive.addfile(member, io.BytesIO(text))
    return stream.getvalue()


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("name", ["s20260314-00.log.gz", "s20260314-00.log.old", "mx2-s20260314-00 (2).log"])
def test_a_packed_log_is_told_by_its_bytes(packing: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(PACKED[packing](TEXT.encode()))
    assert tries(facts_of(find_logs([tmp_path], tmp_path))) == EXPECTED


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_a_tar_is_read_member_by_member(mode: str, tmp_path: Path) -> None:
    older = lines("<<< NOOP", peer="192.0.2.77")
    packed = tar(
        mode,
        **{
            "big.bin": os.urandom(70_000),
            NAME: TEXT.encode("utf-16"),
            "s20260313-00.log.gz": gzip.compress(older.encode()),
        },
    )
    (tmp_path / "logs.tgz").write_bytes(packed)
    found = find_logs([tmp_path], tmp_path)
    assert [log.label for log in found.logs] == [
        "logs.tgz!evidence/s20260313-00.log.gz",
        f"logs.tgz!evidence/{NAME}",
    ]
    assert found.passed_over == (("logs.tgz!evidence/big.bin", NOT_A_LOG),)
    assert tries(facts_of(found)) == EXPECTED
    assert tries(facts_of(found, jobs=3)) == EXPECTED


def test_a_zip_holds_packed_and_wrapped_logs(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old.dat", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"a/{NAME}.xz", lzma.compress(TEXT.encode("utf-16")))
        archive.writestr("inner.zip", b"PK\x05\x06" + bytes(18))
    found = find_logs([tmp_path], tmp_path)
    assert tries(facts_of(found)) == EXPECTED
    assert found.passed_over == (("old.dat!inner.zip", listing.NESTED),)
    assert [(one.reason, one.source.path) for one in found.skipped] == [(listing.NESTED, "old.dat!inner.zip")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s20261120-00.log.1", ("smtp", "", date(2026, 11, 20), 0, 1)),
        ("s20261120-03.log.12.gz", ("smtp", "", date(2026, 11, 20), 3, 12)),
        ("s20261120-00 (1).log", ("smtp", "", date(2026, 11, 20), 0, 0)),
        ("mail1_s20261120-01.log", ("smtp", "mail1", date(2026, 11, 20), 1, 0)),
        ("MX-2.p20261120.log", ("pop3", "mx-2", date(2026, 11, 20), 0, 0)),
        ("s20261120-00.bak", ("smtp", "", date(2026, 11, 20), 0, 0)),
        ("smtp-2026-11-20.txt", (None, "", date(2026, 11, 20), 0, 0)),
        ("mail2-20261120-04.log", (None, "mail2", date(2026, 11, 20), 4, 0)),
        ("log20261120.txt", (None, "", date(2026, 11, 20), 0, 0)),
        ("from 20261119 to 20261120.log", (None, "", None, 0, 0)),
        ("20-11-2026.log", (None, "", None, 0, 0)),
        ("202611200845592850.dat", (None, "", None, 0, 0)),
        ("smtp.log", (None, "", None, 0, 0)),
    ],
)
def test_any_name_says_what_it_says(name: str, expected: tuple[object, ...]) -> None:
    told = read_name(name, KINDS)
    service = None if told.kind is None else min(told.kind.services)
    assert (service, told.node, told.day, told.number, told.age) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("s20261120-00.log.1", True),
        ("export.txt", True),
        ("logs.tar.gz", True),
        ("backup-20261120.tgz", False),
        ("XYZ00001.dat", False),
        ("202611200845592850.dat", False),
    ],
)
def test_a_file_that_lies_anywhere_is_looked_at_by_its_name(name: str, expected: bool) -> None:
    assert may_be_log(name, KINDS) is expected


def test_a_day_that_no_name_says_is_in_the_lines(tmp_path: Path) -> None:
    stamped = TEXT.replace("] ", "] Sat, 14 Mar 2026 ").replace("05 ", "05 +0000 ").replace("00 Conn", "00 +0000 Conn")
    greeted = session("192.0.2.1", "dora@example.it", "23:59:58", greeting="IceWarp; nonsense") + session(
        "192.0.2.2", "emil@example.it", "00:10:00", greeting="ESMTP IceWarp 13; Sun, 15 Mar 2026 00:10:01 +0100"
    )
    dateless = session("192.0.2.3", "fritz@example.it", "23:50:00") + session(
        "192.0.2.4", "gina@example.it", "00:05:00"
    )
    for name, text in {"stamped.log": stamped, "greeted.log": greeted, "dateless.log": dateless}.items():
        (tmp_path / name).write_text(text)
    written = datetime(2026, 3, 20, 0, 5, 1, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "dateless.log", (written, written))
    found = find_logs([tmp_path], tmp_path)
    by_user = {user: ts for ts, _, user, _ in tries(facts_of(found))}
    assert by_user["anna@example.it"].date() == DAY
    assert by_user["dora@example.it"] == datetime(2026, 3, 14, 23, 59, 58, tzinfo=UTC)
    assert by_user["emil@example.it"] == datetime(2026, 3, 15, 0, 10, tzinfo=UTC)
    assert by_user["fritz@example.it"] == datetime(2026, 3, 19, 23, 50, tzinfo=UTC)
    assert by_user["gina@example.it"] == datetime(2026, 3, 20, 0, 5, tzinfo=UTC)
    advice = ", since no name says it (save it as s20261120-00.log or the like where that is wrong)"
    assert sorted(found.notes) == [
        f"the day of dateless.log is taken from when the file was last written to{advice}",
        f"the day of greeted.log is taken from the server's greetings in the lines{advice}",
    ]


def greeted(day: int, time: str, user: str) -> str:
    return session("192.0.2.1", f"{user}@example.it", time, greeting=f"ESMTP; {day:02} Mar 2026 {time} +0100")


def test_logs_that_were_put_together_are_of_the_days_that_their_greetings_tell(tmp_path: Path) -> None:
    """The clock falls by less than two hours, not at all, and by a day too few; the last two follow from it."""
    told = [
        (2, "10:00:00", "a"),
        (2, "11:30:00", "b"),
        (5, "10:30:00", "c"),
        (6, "11:00:00", "d"),
        (9, "01:00:00", "e"),
    ]
    told += [(9, "23:00:00", "f"), (10, "01:00:00", "g")]
    (tmp_path / "all.log").write_text("".join(greeted(*one) for one in told))
    found = find_logs([tmp_path], tmp_path)
    assert [(ts.day, ts.strftime("%H:%M:%S"), str(user)[0]) for ts, _, user, _ in tries(facts_of(found))] == told
    assert [log.day for log in found.logs] == [date(2026, 3, day) for day in (2, 5, 6, 9)]
    for one in facts_of(found).attempts:
        assert "AUTH LOGIN" in (tmp_path / "all.log").read_text().splitlines()[one.source.line - 1]


def test_lines_of_several_logs_go_to_the_log_that_grep_names(tmp_path: Path) -> None:
    later = session("192.0.2.1", "dora@example.it", "00:00:03", "235 ok")
    pop = lines("<<< USER anna", ">>> +OK", "<<< PASS pw", ">>> +OK in", peer="192.0.2.2")
    text = each(lambda line: f"logs/smtp/s20260315-00.log:{line}", later)
    text += each(lambda line: f"logs/smtp/{NAME}:{line}")
    text += each(lambda line: f"logs/pop3/p20260314-00.log:{line}", pop)
    text += b"Binary file logs/x.zip matches\n"
    # a message in the queue may say anything
    text += b"mail/_outgoing/x.dat:192.0.2.66     [15C0] 09:00:00 >>> 235 ok\n"
    (tmp_path / "found.txt").write_bytes(text)
    found = find_logs([tmp_path], tmp_path)
    assert sorted((*log.services, log.day) for log in found.logs) == [
        ("pop3", DAY),
        ("smtp", DAY),
        ("smtp", date(2026, 3, 15)),
    ]
    facts = facts_of(found)
    assert tries(facts) == [
        *EXPECTED,
        (datetime(2026, 3, 15, 0, 0, 3, tzinfo=UTC), "192.0.2.1", "dora@example.it", "success"),
    ]
    assert sorted(one.source.line for one in facts.attempts) == [5, 17, 29, 41]
    doors = read_facts([log for log in found.logs if "smtp" not in log.services], reading(), Question())
    assert [row.source.line for row in doors.attempts] == [51]
    assert tries(facts_of(found, jobs=4)) == tries(facts)


def test_a_renamed_log_is_told_by_the_dialogue_in_it(tmp_path: Path) -> None:
    dialogues = {
        "smtp": TEXT,
        "pop3": lines(">>> +OK ready", "<<< USER anna", ">>> +OK"),
        "imap": lines(">>> * OK ready", "<<< a1 LOGIN anna x", ">>> a1 NO no"),
    }
    for service, text in dialogues.items():
        (tmp_path / f"of {service} 2026-03-14.bak").write_text(text)
    (tmp_path / "notes.txt").write_text("what the boss said [1234] on Monday\n")
    (tmp_path / "nothing.bak").write_text("")
    found = find_logs([tmp_path], tmp_path)
    assert {log.label: next(iter(log.services), None) for log in found.logs} == {
        f"of {service} 2026-03-14.bak": service for service in dialogues
    }
    assert found.passed_over == (("notes.txt", NOT_A_LOG), ("nothing.bak", listing.EMPTY))
    assert found.skipped == ()


UNREADABLE = {
    "syslog": each(lambda line: f"Mar 14 09:00:00 mx icewarp: {line}"),
    "a table": each(lambda line: ";".join(f'"{part}"' for part in line.split(" ", 3))),
    "JSON": each(lambda line: '{"line": "' + line.replace('"', '\\"') + '"}'),
    "another stamp": each(lambda line: line.replace("] ", "] 3/14/2026 ")),
    "dots in the stamp": each(
        lambda line: line.replace(":00:", ".00.").replace(":30:", ".30.").replace(":15:", ".15.")
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_log_in_a_form_that_is_not_read_is_refused(kind: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(UNREADABLE[kind])
    found = find_logs([tmp_path], tmp_path)
    assert found.logs == ()
    assert found.passed_over == ((NAME, UNREADABLE_FORM),)
    assert [one.reason for one in found.skipped] == [UNREADABLE_FORM]
    (remedy,) = found.remedies
    assert remedy.startswith(f"{NAME} looks like a log, but its lines do not begin")
    assert str(tmp_path / NAME) in remedy
    assert "203.0.113.9" not in remedy


@pytest.mark.skipif(os.name == "nt", reason="grep")
def test_the_command_that_is_told_makes_a_readable_log(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / NAME).write_bytes(UNREADABLE["syslog"])
    (remedy,) = find_logs([tmp_path / "logs"], tmp_path).remedies
    command = remedy[remedy.index("grep ") :].replace("s20261120-00.log", NAME)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    assert tries(facts_of(find_logs([tmp_path / NAME], tmp_path))) == EXPECTED


@pytest.mark.skipif(os.name == "nt", reason="grep")
def test_a_name_that_is_an_attack_is_quoted_in_the_command(tmp_path: Path) -> None:
    (tmp_path / "a'; touch pwned; '.log").write_bytes(UNREADABLE["syslog"])
    (remedy,) = find_logs([tmp_path], tmp_path).remedies
    subprocess.run(["sh", "-c", remedy[remedy.index("grep ") :]], cwd=tmp_path, check=True)
    assert not (tmp_path / "pwned").exists()
    assert (tmp_path / "s20261120-00.log").read_text() == TEXT


def test_a_log_whose_peers_are_names_is_read(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(TEXT.replace("203.0.113.9 ", "mx1.example.net "))
    found = find_logs([tmp_path], tmp_path)
    assert next(ip for _, ip, _, _ in tries(facts_of(found))) == "mx1.example.net"
    assert (found.skipped, facts_of(found).skipped) == ((), {})


def test_a_line_of_grep_within_a_plain_log_is_no_line_of_it(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(TEXT * 4 + f"{NAME}:192.0.2.8       [15C0] 22:00:00 Connected\n")
    facts = facts_of(find_logs([tmp_path], tmp_path))
    assert {ip for _, ip, _, _ in tries(facts)} == {"203.0.113.9", "2001:db8:85a3::8a2e:370:7334", "198.51.100.23"}
    assert [number for number, _ in facts.skipped.values()] == [1]


def test_a_copy_is_read_once_whatever_its_name_and_form(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(TEXT)
    (tmp_path / f"backup_{NAME}").write_text(TEXT)
    (tmp_path / f"{NAME}.xz").write_bytes(lzma.compress(TEXT.encode("utf-16")))
    (tmp_path / "s20260314-00 (1).log").write_text(TEXT + session("192.0.2.1", "dora@example.it", "22:00:00"))
    found = find_logs([tmp_path], tmp_path)
    assert [(log.label, log.node) for log in sorted(found.logs, key=lambda log: log.label)] == [
        ("s20260314-00 (1).log", "#2"),
        (NAME, ""),
    ]
    assert sorted(found.passed_over) == [(f"backup_{NAME}", listing.SAME), (f"{NAME}.xz", listing.SAME)]


def test_the_older_of_two_rotated_logs_comes_first(tmp_path: Path) -> None:
    for name, time in {"s20260314-00.log": "12:00:00", f"{NAME}.2": "03:00:00", f"{NAME}.1": "08:00:00"}.items():
        (tmp_path / name).write_text(session("192.0.2.1", f"{time[:2]}@example.it", time))
    found = find_logs([tmp_path], tmp_path)
    assert [(log.label, log.node) for log in found.logs] == [(f"{NAME}.2", ""), (f"{NAME}.1", ""), (NAME, "")]


def test_a_session_goes_on_from_one_form_to_another(tmp_path: Path) -> None:
    halves = TEXT.splitlines(keepends=True)
    (tmp_path / "s20260314-00.log").write_text("".join(halves[:6]), encoding="utf-16")
    (tmp_path / "s20260314-01.log.gz").write_bytes(gzip.compress(each(excel, "".join(halves[6:30]))))
    (tmp_path / "s20260314-02.log").write_bytes(each(lambda line: f"{line}", "".join(halves[30:])))
    found = find_logs([tmp_path], tmp_path)
    for jobs in (1, 2, 5):
        assert tries(facts_of(found, jobs=jobs)) == EXPECTED


BACK = [
    ("Europe/Rome", "20261025", "02:25:00", "02:05:00", 40),
    ("America/New_York", "20261101", "01:59:30", "01:00:10", 1),
    ("Australia/Lord_Howe", "20260405", "01:58:00", "01:35:00", 7),
]


@pytest.mark.parametrize("back", BACK)
def test_the_hour_that_the_clock_is_put_back_is_there_twice(
    back: tuple[str, str, str, str, int], tmp_path: Path
) -> None:
    zone, day, first, second, minutes = back
    before, after = session("192.0.2.1", "a@b.it", first), session("192.0.2.1", "a@b.it", second, "235 ok")
    (tmp_path / f"s{day}-00.log").write_text(before + after)
    (tmp_path / f"p{day}-00.log").write_text(before)
    (tmp_path / f"p{day}-01.log").write_text(after)
    for kind in ("s", "p"):
        found = find_logs([tmp_path / f"{kind}{day}-*.log"], tmp_path)
        found = found._replace(logs=tuple(log._replace(kind=KINDS[0]) for log in found.logs))
        for jobs in (1, 9):
            one, two = tries(facts_of(found, ZoneInfo(zone), jobs))
            assert (one[3], two[3]) == ("failure", "success")
            assert (two[0] - one[0]).total_seconds() / 60 == pytest.approx(minutes, abs=0.7)


def test_a_clock_that_is_not_put_back_goes_on(tmp_path: Path) -> None:
    """Two threads write a little out of order; and an hour that is there once is there once."""
    texts = [session("192.0.2.1", "a@b.it", time) for time in ("02:25:40", "02:25:01", "03:10:00", "03:00:00")]
    for day in ("20261025", "20261026"):
        (tmp_path / f"s{day}-00.log").write_text("".join(texts))
    times = [
        ts.strftime("%d %H:%M:%S")
        for ts, *_ in tries(facts_of(find_logs([tmp_path], tmp_path), ZoneInfo("Europe/Rome")))
    ]
    assert times == [
        *("25 00:25:01", "25 00:25:40", "25 02:00:00", "25 02:10:00"),
        *("26 01:25:01", "26 01:25:40", "26 02:00:00", "26 02:10:00"),
    ]
