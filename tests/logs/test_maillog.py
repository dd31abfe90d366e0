"""Another product's logs need no more than a `LogKind`: order, archives, encodings, dates and sessions are shared."""

from __future__ import annotations

import gzip
import os
import pickle
import zipfile
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from breachkit.logs.clock import Clock
from breachkit.logs.facts import Question
from breachkit.logs.kinds import TimeOfDay
from breachkit.logs.listing import NOT_A_LOG, find_logs, read_own_addresses
from breachkit.logs.spans import read_facts
from breachkit.logs.syslog import read_head, split_syslog
from breachkit.servers.icewarp.logs import KINDS
from tests.logs.maillog import MAIL_LOG
from tests.servers.icewarp.factories import lines, reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from breachkit.logs.kinds import LogFile
    from breachkit.records import AuthAttempt


OLDEST = """\
Dec 30 23:59:58 mx smtpd[7]: listening on 192.0.2.17
Dec 30 23:59:59 mx smtpd[71]: hello 203.0.113.9
Dec 31 00:00:02 mx imapd[8]: hello 198.51.100.23
Dec 31 00:00:03 mx smtpd[71]: login anna@example.it refused
Dec 31 00:00:04 mx cron[9]: nothing of ours
"""
OLDER = """\
Jan  2 08:00:00 mx imapd[8]: login bruno@example.it ok
Jan  2 08:00:01 mx smtpd[71]: login anna@example.it ok
Jan  2 08:00:02 mx smtpd[71]: bye bye
Jan  2 08:00:03 mx smtpd[71]: hello 192.0.2.66
"""
NEWEST = """\
2027-01-03T09:00:00.123456+02:00 mx popd[4]: hello 2001:db8::7
2027-01-03T09:00:01+02:00 mx popd[4]: login carla@example.it ok
2027-01-03T09:00:02+02:00 mx smtpd[71]: login dora@example.it refused
"""
EXPECTED = [
    ("2026-12-31T00:00:03", "smtp", "203.0.113.9", "anna@example.it", "failure"),
    ("2027-01-02T08:00:00", "imap", "198.51.100.23", "bruno@example.it", "success"),
    ("2027-01-02T08:00:01", "smtp", "203.0.113.9", "anna@example.it", "success"),
    ("2027-01-03T07:00:01", "pop3", "2001:db8::7", "carla@example.it", "success"),
    ("2027-01-03T07:00:02", "smtp", "192.0.2.66", "dora@example.it", "failure"),
]
ALIEN = {"log/mail.log.2.gz", "old.zip!log/mail.log.2"}
"""Logs with a line of another daemon."""
WRITTEN = datetime(2027, 1, 3, 7, 0, 2, tzinfo=UTC).timestamp()


def logins_of(logs: Sequence[LogFile], jobs: int = 1) -> list[AuthAttempt]:
    facts = read_facts(logs, reading(), Question(), jobs)
    assert sum(number for number, _ in facts.skipped.values()) == len(ALIEN & {log.label for log in logs})
    return sorted(facts.attempts, key=lambda one: one.ts)


def told(logins: list[AuthAttempt]) -> list[tuple[str | None, ...]]:
    return [(one.ts.strftime("%Y-%m-%dT%H:%M:%S"), one.service, one.client_ip, one.user, one.outcome) for one in logins]


def write(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "mail.log").write_text(NEWEST)
    (folder / "mail.log.1").write_text(OLDER)
    (folder / "mail.log.2.gz").write_bytes(gzip.compress(OLDEST.encode()))
    for path in folder.iterdir():
        os.utime(path, (WRITTEN, WRITTEN))


def test_logs_whose_names_say_no_day_are_in_the_order_of_their_first_stamps(tmp_path: Path) -> None:
    write(tmp_path / "log")
    (tmp_path / "log" / "dpkg.log").write_text("2027-01-01 10:00:00 install toymail\n")
    found = find_logs([tmp_path / "log"], tmp_path, [MAIL_LOG])
    assert [(log.label, log.day, log.age) for log in found.logs] == [
        ("log/mail.log.2.gz", date(2026, 12, 30), 2),
        ("log/mail.log.1", date(2027, 1, 2), 1),
        ("log/mail.log", date(2027, 1, 3), 0),
    ]
    assert all(log.services == {"smtp", "pop3", "imap"} for log in found.logs)
    assert found.passed_over == (("log/dpkg.log", NOT_A_LOG % "'MONTH DAY TIME HOST DAEMON[PROCESS]:'"),)
    labels = "log/mail.log.1, log/mail.log.2.gz"
    assert found.notes == (f"the year of {labels} is taken from the logs beside it, since no line says it",)


def test_one_file_holds_what_several_services_say_and_a_session_goes_on_in_the_next(tmp_path: Path) -> None:
    write(tmp_path / "log")
    logs = find_logs([tmp_path / "log"], tmp_path, [MAIL_LOG]).logs
    logins = logins_of(logs)
    assert told(logins) == told(logins_of(logs, 3)) == EXPECTED
    for one in logins:
        text = {"log/mail.log": NEWEST, "log/mail.log.1": OLDER, "log/mail.log.2.gz": OLDEST}[one.source.path]
        assert str(one.user) in text.split("\n")[one.source.line - 1]
        assert text[: one.source.offset].count("\n") == one.source.line - 1


def test_what_the_reader_of_a_session_skips_is_counted(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_text(NEWEST + "2027-01-03T09:00:03+02:00 mx popd[4]: login ***\n")
    facts = read_facts(find_logs([tmp_path], tmp_path, [MAIL_LOG]).logs, reading(), Question())
    assert len(facts.attempts) == 2
    assert {why: (number, places[0].line) for why, (number, places) in facts.skipped.items()} == {
        "login without an answer": (1, 4)
    }


def test_its_logs_are_read_packed_wrapped_and_collected_as_those_of_any_product(tmp_path: Path) -> None:
    collected = "".join(
        f"var/log/{name}:{number}:{line}\n"
        for name, text in (("mail.log", NEWEST), ("mail.log.1", OLDER))
        for number, line in enumerate(text.splitlines(), 1)
    )
    (tmp_path / "found.txt").write_text(collected, encoding="utf-16")
    with zipfile.ZipFile(tmp_path / "old.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            zipfile.ZipInfo("log/mail.log.2", (2027, 1, 1, 0, 0, 0)),
            "".join(f'"{line}",\n' for line in OLDEST.splitlines()),
        )
    os.utime(tmp_path / "found.txt", (WRITTEN, WRITTEN))
    found = find_logs([tmp_path], tmp_path, [MAIL_LOG])
    assert next((log.label, log.age) for log in found.logs) == ("old.zip!log/mail.log.2", 2)
    assert (told(logins_of(found.logs)), found.skipped) == (EXPECTED, ())


def test_a_log_that_is_there_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "log")
    (tmp_path / "log" / "maillog").write_text(NEWEST)
    found = find_logs([tmp_path / "log"], tmp_path, [MAIL_LOG])
    assert [row.path for row in found.passed_over] == ["log/maillog"]
    assert told(logins_of(found.logs)) == EXPECTED


def test_its_own_addresses_are_in_its_lines(tmp_path: Path) -> None:
    write(tmp_path / "log")
    assert read_own_addresses(find_logs([tmp_path / "log"], tmp_path, [MAIL_LOG]).logs) == {"192.0.2.17"}


def test_products_that_lie_together_each_find_their_own_logs(tmp_path: Path) -> None:
    write(tmp_path / "log")
    (tmp_path / "log" / "s20270103-00.log").write_text(lines("Connected", "<<< NOOP"))
    ours, others = (find_logs([tmp_path / "log"], tmp_path, kinds) for kinds in ([MAIL_LOG], KINDS))
    assert [log.label for log in others.logs] == ["log/s20270103-00.log"]
    assert [log.label for log in ours.logs] == ["log/mail.log.2.gz", "log/mail.log.1", "log/mail.log"]
    both = find_logs([tmp_path / "log"], tmp_path, [MAIL_LOG, *KINDS])
    assert {log.label for log in both.logs} == {log.label for log in (*ours.logs, *others.logs)}


@pytest.mark.parametrize("kind", [MAIL_LOG, *KINDS])
def test_kinds_travel_between_processes(kind: object) -> None:
    again = pickle.loads(pickle.dumps(kind))
    assert again.services == kind.services  # type: ignore[attr-defined]
    assert again.read_name("x20261120.log") is None


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (["Dec 31 23:59:59", "Jan  1 00:00:01"], ["2026-12-31 23:59", "2027-01-01 00:00"]),
        (["Dec 31 23:59:59", "Jan  1 00:00:01", "Dec 31 23:59:59"], ["2026-12-31 23:59", "2027-01-01 00:00"] * 2),
        (["Dec 20 10:00:00", "Dec 29 09:00:00"], ["2026-12-20 10:00", "2026-12-29 09:00"]),
        (["Dec 20 10:00:00", "Feb 29 09:00:00"], ["2026-12-20 10:00", "-"]),
    ],
)
def test_a_day_without_a_year_is_the_nearest_to_the_line_before(stamps: list[str], expected: list[str]) -> None:
    clock = Clock(date(2026, 12, 20), ZoneInfo("UTC"))
    found = []
    for stamp in stamps:
        line = MAIL_LOG.split(f"{stamp} mx smtpd[1]: x".encode(), UTC)
        assert line is not None
        assert isinstance(line.stamp, TimeOfDay)
        ts = clock.moment_of(line.stamp)
        found.append("-" if ts is None else datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d %H:%M"))
    assert found == expected[: len(stamps)]


@pytest.mark.parametrize(
    "line",
    [
        "Nov 12 01:35:05 mx postfix/submission/smtpd[772]: connect from unknown[127.103.230.186]",
        "Nov  1 01:35:05 mx dovecot: imap-login: Login: user=<anna@example.it>",
        "2026-11-12T01:35:05.123456+00:00 mx postfix/smtpd[772]: x",
    ],
)
def test_lines_of_syslog_are_split(line: str) -> None:
    found = split_syslog(lambda head, _: head, line.encode(), UTC)
    assert found is not None
    assert read_head(found.key).host == b"mx"
    assert line.encode().endswith(b": " + found.text)
