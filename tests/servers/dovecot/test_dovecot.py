"""Lines of Dovecot, of its own log and through syslog, and its passwd-files, read through the commands."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from breachkit.logs.kinds import Line
from breachkit.servers.dovecot.logs import SYSLOG, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

SAMPLE = Path(__file__).parents[3] / "sample_queues" / "dovecot" / "verbose-passwords"
ANNA, THIEF = "anna@house.example", "203.0.113.9"
WRITTEN = datetime(2026, 11, 20, tzinfo=UTC).timestamp()


def failed(number: int = 1, *, user: str = ANNA, session: str = "s1", old: bool = True) -> str:
    said = "Disconnected: Aborted login by logging out" if old else "Login aborted: Logged out"
    code = "" if old else " (auth_failed)"
    return (
        f"imap-login: %s{said} (auth failed, {number} attempts in 2 secs){code}: user=<{user}>, method=PLAIN,"
        f" rip={THIEF}, lip=192.0.2.1, session=<{session}>"
    )


def won(session: str = "w1", word: str = "Login", ip: str = THIEF) -> str:
    return f"pop3-login: %s{word}: user=<{ANNA}>, method=PLAIN, rip={ip}, lip=192.0.2.1, mpid=222, session=<{session}>"


def verbose(given: str, *, session: str = ",<s1>", user: str = ANNA) -> str:
    return f"auth: %spasswd-file({user},{THIEF}{session}): Password mismatch ({given})"


def write(root: Path, lines: list[str], name: str = "dovecot-info.log") -> Path:
    (root / "log").mkdir(exist_ok=True)
    path = root / "log" / name
    is_mail = name.startswith("mail")
    texts = [line % ("" if is_mail else "Info: ") if "%s" in line else line for line in lines]
    opening = "mx dovecot: " if is_mail else ""
    path.write_text(
        "".join(f"Nov 12 01:{at // 60:02d}:{at % 60:02d} {opening}{line}\n" for at, line in enumerate(texts))
    )
    os.utime(path, (WRITTEN, WRITTEN))
    return path


def found_in(cli: Callable[..., Ran], root: Path, *words: str) -> dict[str, Any]:
    ran = cli("find-account", "--root", root, "--format", "json", "--timezone", "UTC", *words)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def failures(found: dict[str, Any]) -> int:
    return sum(one["failures"] for one in [*found["attackers"], *found["other_failures"]])


@pytest.mark.parametrize("name", ["dovecot-info.log", "dovecot.log", "mail.log", "maillog"])
def test_who_came_in_and_who_failed(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, [failed(3), won(), won("w2", "Logged in", "198.51.100.7")], name)
    found = found_in(cli, tmp_path)
    assert found["inputs"]["server"] == "dovecot"
    assert (found["skipped"], found["doors"]) == ([], ["imap", "pop3"])
    (anna,) = found["accounts"]
    rows = {row["ip"]: (row["successes"], row["failures"]) for row in anna["client_ips"]}
    assert rows == {THIEF: (1, 3), "198.51.100.7": (1, 0)}


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        ([failed(2)], 2),
        ([failed(2, old=False)], 2),
        ([verbose("SHA1 of given password: 5baa61"), failed(1)], 1),
        ([verbose("SHA1 of given password: 5baa61"), failed(3)], 3),
        ([verbose("given password: a) b"), verbose("given password: c"), failed(2)], 2),
        ([verbose("SHA1 of given password: 5baa61")], 1),
        ([verbose("SHA1 of given password: 5baa61", session="")], 0),
        ([failed(1, user="")], 0),
        ([f"imap-login: %sDisconnected (no auth attempts in 0 secs): user=<>, rip={THIEF}, lip=192.0.2.1"], 0),
        (["imap-login: %sError: something new", "master: %sWarning: time moved"], 0),
    ],
)
def test_a_try_counts_once(lines: list[str], number: int, cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, lines)
    assert failures(found_in(cli, tmp_path)) == number


def test_what_was_given_tells_equal_secrets_from_unlike_ones(cli: Callable[..., Ran], tmp_path: Path) -> None:
    lines = []
    for at in range(12):
        digest = f"SHA1 of given password: {at:06x}"
        lines += [verbose(digest, session=f",<s{at}>"), failed(session=f"s{at}")]
    write(tmp_path, lines)
    (attacker,) = found_in(cli, tmp_path)["attackers"]
    assert (attacker["kind"], attacker["failures"]) == ("brute-force", 12)
    write(
        tmp_path, [line.replace("password: 0", "password: f")[:-1] + ")" if "auth:" in line else line for line in lines]
    )
    same = [verbose("SHA1 of given password: ffffff", session=f",<s{at}>") for at in range(12)]
    write(tmp_path, [line for at in range(12) for line in (same[at], failed(session=f"s{at}"))])
    found = found_in(cli, tmp_path)
    assert [one["kind"] for one in found["other_failures"]] == ["stale-device"]


@pytest.mark.parametrize("given", ["given password: S3cr) et", "SHA1 of given password: 5baa61"])
def test_what_was_given_is_in_no_output(given: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, [verbose(given), failed(2, user="S3cr) et"), won()], "mail.log")
    secret = given.partition(": ")[2]
    for words in (
        ("find-account",),
        ("scan",),
        ("find-account", "--format", "json"),
        ("investigate", "-o", tmp_path / "c"),
    ):
        ran = cli(*words, "--root", tmp_path)
        assert secret not in ran.out + ran.err
        assert "S3cr" not in ran.out + ran.err
    texts = [
        path.read_text("utf-8") for path in (tmp_path / "c").rglob("*") if path.suffix in {".json", ".html", ".csv"}
    ]
    assert texts
    assert not [text for text in texts if secret in text or "S3cr" in text]


def test_a_name_that_looks_like_a_line_is_a_name(cli: Callable[..., Ran], tmp_path: Path) -> None:
    user = f"x>, method=PLAIN, rip=198.51.100.7, session=<q> Login: user=<{ANNA}"
    write(tmp_path, [failed(1, user=user)])
    found = found_in(cli, tmp_path)
    assert found["accounts"] == []
    assert [(one["ip"], one["failures"]) for one in found["other_failures"]] == [(THIEF, 1)]


def test_lines_of_other_daemons_are_read_and_not_skipped(cli: Callable[..., Ran], tmp_path: Path) -> None:
    path = write(tmp_path, [won(), failed(2)], "mail.log")
    text = path.read_text()
    path.write_text(text + "Nov 12 02:00:00 mx cron[9]: nothing of ours\nNov 12 02:00:01 mx amavis[7]: (1) Passed\n")
    found = found_in(cli, tmp_path)
    assert (found["inputs"]["lines"], found["skipped"]) == (4, [])


@pytest.mark.parametrize("name", ["auth.log", "syslog"])
def test_other_logs_of_syslog_are_no_mail_log(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, [won()], "mail.log")
    (tmp_path / "log" / name).write_text("Nov 12 02:00:00 mx sshd[9]: Failed password for root\n" * 3)
    ran = cli("find-account", "--logs", tmp_path / "log", "--format", "json")
    assert json.loads(ran.out)["inputs"]["passed_over"] == [
        {"path": f"{tmp_path}/log/{name}", "reason": "log of a service that is not read"}
    ]


def test_the_year_is_that_of_logs_beside_it(cli: Callable[..., Ran], tmp_path: Path) -> None:
    path = write(tmp_path, [won()])
    later = datetime(2031, 1, 1, tzinfo=UTC).timestamp()
    os.utime(path, (later, later))
    (tmp_path / "log" / "mainlog").write_text("2026-11-13 08:00:00 1xRJib-0000P4-1T Completed\n")
    found = found_in(cli, tmp_path)
    assert found["accounts"][0]["client_ips"][0]["first_seen"] == "2026-11-12T01:00:00+00:00"
    assert (
        "the year of log/dovecot-info.log is taken from the logs beside it, since no line says it"
        in found["inputs"]["notes"]
    )
    (tmp_path / "log" / "mainlog").unlink()
    shutil.move(path, tmp_path / "log" / "dovecot.log-20271115")
    assert found_in(cli, tmp_path)["accounts"][0]["client_ips"][0]["first_seen"] == "2027-11-12T01:00:00+00:00"


USERS = """\
# made by hand
anna@house.example:{PLAIN}anna:1000:1000::/home/anna::
Bert@House.example:{SHA}0DPiKuNIrrVmD8IUCuw1hQxNqZc=::::::
carl@house.example:{BLF-CRYPT}$2y$05$abcdefghijklmnopqrstuuJRZ6xPvBBdsBHUvyVcEmQYbGIX1XUE2:::::: nologin
dora@house.example:*
no account at all
"""


@pytest.mark.parametrize("name", ["etc/dovecot/users", "dovecot-users"])
def test_weak_passwords_of_a_passwd_file(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, [won()])
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(USERS)
    ran = cli("weak-passwords", "--root", tmp_path, "--format", "json")
    found = json.loads(ran.out)
    rows = {one["account"]: one["classes"] for one in found["accounts"]}
    assert ran.code == 3
    assert (found["checked"], found["unreadable"]) == (3, 1)
    assert rows == {"anna@house.example": ["equals-username"], "bert@house.example": ["common"]}
    assert "{PLAIN}" not in ran.out + ran.err
    assert [(one["reason"], one["count"]) for one in found["skipped"]] == [("line that is no account", 1)]


def test_an_export_alone_is_known_by_its_form(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(USERS.replace("no account at all\n", ""))
    ran = cli("weak-passwords", tmp_path / "list.txt", "--format", "json")
    assert [one["account"] for one in json.loads(ran.out)["accounts"]] == ["anna@house.example", "bert@house.example"]
    (tmp_path / "users.csv").write_text("email,u_password\nanna@house.example,anna\n")
    ran = cli("weak-passwords", tmp_path / "users.csv", "--format", "json")
    assert [one["account"] for one in json.loads(ran.out)["accounts"]] == ["anna@house.example"]


DOVECONF = """\
# 2.3.19.1 (9b53102964): /etc/dovecot/dovecot.conf
auth_verbose = yes
auth_verbose_passwords = plain
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
passdb {
  driver = passwd-file
}
ssl = required
nonsense
"""


def test_its_settings_are_told_by_what_they_are(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "settings.txt").write_text(DOVECONF)
    ran = cli("harden", tmp_path / "settings.txt", "--format", "json")
    rows = {row["name"]: row["status"] for row in json.loads(ran.out)["settings"]}
    assert ran.code == 3
    assert rows == {
        "auth_verbose_passwords": "fail",
        "disable_plaintext_auth": "fail",
        "auth_allow_cleartext": "unknown",
        "ssl": "pass",
        "auth_failure_delay": "unknown",
        "auth_verbose": "pass",
    }
    assert [(one["reason"], one["count"]) for one in json.loads(ran.out)["skipped"]] == [("line that is no setting", 1)]


def test_the_lines_that_print_settings_are_those_of_every_server_that_may_be_meant(cli: Callable[..., Ran]) -> None:
    text = cli("harden", "--print-commands").out
    assert "# Dovecot, Linux: " in text
    assert "doveconf ssl >> settings.txt" in text
    assert "# Exim, Linux: " in text
    assert "# IceWarp, Windows: " in text


def test_a_sample_is_read_as_it_was_played(cli: Callable[..., Ran], tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "copy")
    os.utime(tmp_path / "copy" / "log" / "dovecot-info.log", (WRITTEN, WRITTEN))
    truth = json.loads((SAMPLE / "expected.json").read_text())
    found = found_in(cli, tmp_path / "copy")
    assert len(found["accounts"]) == truth["clear"]
    assert {one["verdict"] for one in found["accounts"]} == {"clear"}
    stale = [one for one in found["other_failures"] if one["kind"] == "stale-device"]
    assert [[one["ip"], one["account"], one["failures"]] for one in stale] == [truth["stale_device"]]
    ran = cli("contain", "jonas.berg@corp.example", "--root", tmp_path / "copy")
    assert 'doveadm kick "jonas.berg@corp.example"' in ran.out


@pytest.mark.parametrize(
    "text",
    [
        "auth: Info: sql(anna@house.example,192.0.2.1): Password mismatch (given password: S3cr(et",
        "auth: Info: sql(S3cr(e)t,192.0.2.1,<s1>): unknown user",
        "auth-worker(7): Info: conn unix:auth-worker (pid=1,uid=2): auth-worker<1>: sql(S3c(rt,192.0.2.1): Password mismatch",
        "imap-login: Info: Aborted login (auth failed, 1 attempts): user=<S3cr>et>, method=PLAIN, rip=192.0.2.1",
    ],
)
def test_what_is_cut_off_or_oddly_spelled_is_not_shown(text: str) -> None:
    said = shown(Line(b"", 0.0, text.encode()), lambda name: name == "anna@house.example")
    assert b"S3c" not in said
    assert b"rt" not in said.replace(b"Aborted", b"")


def test_a_line_that_says_all_again_and_again_is_read_at_once() -> None:
    hostile = b"imap-login: " + b": user=<x>, rip=1, session=<" * 2_000
    assert SYSLOG.split(b"Nov 12 01:35:05 mx dovecot: " + hostile, UTC) is not None
