"""Postfix's lines of the mail log, as its source and real servers have them, read through the commands."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

ANNA, THIEF, HOME = "anna@house.example", "203.0.113.9", "198.51.100.7"
WRITTEN = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
ONE, TWO, THREE = "0542B2799EC", "A9B4A28A123", "4jQgG01kYBzJcKt"


def smtpd(text: str, pid: int = 772, tag: str = "postfix/smtpd") -> str:
    return f"{tag}[{pid}]: {text}"


def session(
    *ids: str, ip: str = THIEF, user: str = ANNA, pid: int = 772, failures: int = 0, tag: str = "postfix/smtpd"
) -> list[str]:
    peer = f"unknown[{ip}]"
    auth = f", sasl_method=LOGIN, sasl_username={user}" if user else ""
    texts = [
        f"connect from {peer}",
        *[failed(peer, user)] * failures,
        *[f"{one}: client={peer}{auth}" for one in ids],
        f"disconnect from {peer} ehlo=1 auth={1 if ids else 0}/{failures + 1} quit=1 commands=3",
    ]
    return [smtpd(text, pid, tag) for text in texts]


def failed(peer: str = f"unknown[{THIEF}]", user: str = ANNA) -> str:
    return f"warning: {peer}: SASL LOGIN authentication failed: (reason unavailable), sasl_username={user}"


def carried(one: str, sender: str, *outcomes: tuple[str, str, str]) -> list[str]:
    lines = [f"postfix/cleanup[906]: {one}: message-id=<x@y>"]
    lines += [f"postfix/qmgr[747]: {one}: from=<{sender}>, size=652, nrcpt={len(outcomes)} (queue active)"]
    return lines + [
        f"postfix/smtp[751]: {one}: to=<{to}>, relay=mx.far.example[192.0.2.5]:25, delay=0.02, delays=0/0/0/0.01,"
        f" dsn={dsn}, status={status} (host said: whatever)"
        for to, dsn, status in outcomes
    ]


def write(root: Path, lines: list[str], name: str = "mail.log", *, iso: bool = False) -> Path:
    (root / "log").mkdir(exist_ok=True)
    path = root / "log" / name
    stamps = [
        f"2026-11-12T01:{at // 60:02d}:{at % 60:02d}.123456+00:00" if iso else f"Nov 12 01:{at // 60:02d}:{at % 60:02d}"
        for at in range(len(lines))
    ]
    path.write_text("".join(f"{stamp} mx {line}\n" for stamp, line in zip(stamps, lines, strict=True)))
    os.utime(path, (WRITTEN, WRITTEN))
    return path


def found_in(cli: Callable[..., Ran], root: Path, *words: str) -> dict[str, Any]:
    ran = cli("find-account", "--root", root, "--format", "json", "--timezone", "UTC", *words)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    assert found["skipped"] == []
    return found


@pytest.mark.parametrize("iso", [False, True])
@pytest.mark.parametrize("tag", ["postfix/smtpd", "postfix/submission/smtpd", "postfix-out/smtps/smtpd"])
def test_a_session_is_what_stands_between_connect_and_disconnect(
    tag: str, iso: bool, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    lines = [*session(ONE, TWO, failures=2, tag=tag), *session(THREE, ip=HOME, tag=tag), *session(pid=9, failures=1)]
    write(tmp_path, lines, iso=iso)
    found = found_in(cli, tmp_path)
    (anna,) = found["accounts"]
    assert found["inputs"]["server"] == "postfix"
    assert (anna["auth_successes"], anna["sent_messages"]) == (2, 3)
    rows = {row["ip"]: (row["successes"], row["failures"]) for row in anna["client_ips"]}
    assert rows == {THIEF: (1, 3), HOME: (1, 0)}
    assert anna["client_ips"][0]["first_seen"].startswith("2026-11-12T01:00:0")


def test_sessions_of_two_processes_may_stand_between_one_another(cli: Callable[..., Ran], tmp_path: Path) -> None:
    one, two = session(ONE), session(TWO, ip=HOME, user="bert@house.example", pid=8)
    write(tmp_path, [line for pair in zip(one, two, strict=True) for line in pair])
    found = found_in(cli, tmp_path)
    assert {row["account"]: row["client_ips"][0]["ip"] for row in found["accounts"]} == {
        ANNA: THIEF,
        "bert@house.example": HOME,
    }


def test_sender_and_recipients_stand_in_other_lines(cli: Callable[..., Ran], tmp_path: Path) -> None:
    outcomes = [
        ("b1@far.example", "4.7.1", "deferred"),
        ("b2@far.example", "5.1.1", "bounced"),
        ("b3@q.example", "5.4.4", "bounced"),
        ("b4@far.example", "5.7.1", "bounced"),
        ("b5@far.example", "2.0.0", "sent"),
    ]
    lines = [*session(ONE), *carried(ONE, "t5@mail.example", *outcomes)]
    lines += carried(ONE, "t5@mail.example", ("b1@far.example", "2.0.0", "sent"))[1:]
    lines += [f"postfix/qmgr[747]: {ONE}: removed"]
    write(tmp_path, lines)
    (anna,) = found_in(cli, tmp_path)["accounts"]
    assert anna["recipients"] == {"tried": 5, "delivered": 2, "waiting": 0, "dead": 2, "refused": 1, "unknown": 0}
    ran = cli("find-account", "--root", tmp_path, "--timezone", "UTC")
    assert "Clear: 1 account" in ran.out


def test_an_id_that_comes_again_is_another_message(cli: Callable[..., Ran], tmp_path: Path) -> None:
    first = [*session(ONE), *carried(ONE, "t5@mail.example", ("b1@far.example", "5.1.1", "bounced"))]
    second = [*session(ONE, ip=HOME), *carried(ONE, ANNA, ("b2@far.example", "2.0.0", "sent"))]
    done = [f"postfix/qmgr[747]: {ONE}: removed"]
    write(tmp_path, [*first, *done, *second, *done])
    ran = cli("trace", ONE, "--root", tmp_path, "--format", "json")
    sessions = json.loads(ran.out)["sessions"]
    assert [(row["kind"], row["client_ip"], row["outcome"]) for row in sessions] == [
        ("server", THIEF, "accepted"),
        ("client", None, "failed"),
        ("server", HOME, "accepted"),
        ("client", None, "delivered"),
    ]


def test_a_declared_sender_leads_to_who_handed_its_message_in(cli: Callable[..., Ran], tmp_path: Path) -> None:
    forged, fate = "t5@mail.example", ("b1@far.example", "5.1.1", "bounced")
    done = [f"postfix/qmgr[747]: {ONE}: removed"]
    lines = [*session(ONE, ip=HOME), *carried(ONE, ANNA, fate), *done]
    lines += [*session(ONE, TWO), *carried(ONE, forged, fate), *carried(TWO, "z@mail.example", fate), *done]
    lines += carried(THREE, forged, fate)  # its session is in no log
    write(tmp_path, lines)
    ran = cli("trace", forged, "--root", tmp_path, "--format", "json")
    sessions = json.loads(ran.out)["sessions"]
    assert [(row["kind"], row["client_ip"], row["auth_user"], row["message_ids"]) for row in sessions] == [
        ("server", THIEF, ANNA, [ONE, TWO]),
        ("client", None, None, [ONE]),
        ("client", None, None, [THREE]),
    ]
    titles = [line for line in cli("trace", forged, "--root", tmp_path).out.splitlines() if line[:1] in {"S", "D"}]
    assert titles == [
        f"Server session {THIEF} [mx postfix/smtpd[772]], account {ANNA}: accepted",
        f"Delivery of {ONE}: failed",
        f"Delivery of {THREE}: failed",
    ]


def test_a_bounce_is_traced_by_its_own_id(cli: Callable[..., Ran], tmp_path: Path) -> None:
    bounce = carried(TWO, "", ("t5@mail.example", "4.7.1", "deferred"))
    bounce[0] = f"postfix/cleanup[906]: {TWO}: message-id=<20261112013505.{TWO}@mx.house.example>"
    write(tmp_path, [*session(ONE), *bounce])
    ran = cli("trace", TWO, "--root", tmp_path, "--format", "json")
    assert [(row["kind"], len(row["lines"])) for row in json.loads(ran.out)["sessions"]] == [("client", 3)]


@pytest.mark.parametrize(
    "text",
    [
        f"warning: unknown[{THIEF}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
        f"warning: unknown[{THIEF}]: SASL PLAIN authentication failed: authentication failure",
        f"warning: unknown[{THIEF}]: SASL LOGIN authentication failed: x, sasl_username=(unavailable)",
        f"warning: host.example[{THIEF}]:4711: SASL LOGIN authentication aborted",
    ],
)
def test_a_failure_may_name_nobody(text: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, [*session(ONE, ip=HOME), smtpd(f"connect from unknown[{THIEF}]", 9), *[smtpd(text, 9)] * 2])
    assert "UGFzc3dvcmQ6" not in json.dumps(found_in(cli, tmp_path))
    ran = cli("trace", THIEF, "--root", tmp_path, "--format", "json")
    (row,) = json.loads(ran.out)["sessions"]
    assert (row["outcome"], row["auth_user"], len(row["lines"])) == ("auth-failed", None, 3)


@pytest.mark.parametrize("is_apart", [False, True])
@pytest.mark.parametrize("given", ["", " (SHA1 of given password: {at:06x})"])
def test_a_line_of_dovecot_names_who_failed(
    is_apart: bool, given: str, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    lines, told = [*session(ONE, ip=HOME)], [""] * 3
    for at in range(12):
        auth = f"passwd-file({ANNA},{THIEF}): Password mismatch" + given.format(at=at)
        own = [smtpd(f"warning: unknown[{THIEF}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6", 9)]
        lines += [f"dovecot: auth: {auth}", *own] if not is_apart else [*own, "cron[1]: nothing"]
        told += [f"auth: Info: {auth}", ""]
    path = write(tmp_path, lines)
    if is_apart:
        texts = [
            f"{line[:15]} {text}\n" for line, text in zip(path.read_text().splitlines(), told, strict=True) if text
        ]
        (tmp_path / "log" / "dovecot.log").write_text("".join(texts))
        os.utime(tmp_path / "log" / "dovecot.log", (WRITTEN, WRITTEN))
    found = found_in(cli, tmp_path)
    assert [row["failures"] for row in found["accounts"][0]["client_ips"] if row["ip"] == THIEF] == [12]
    assert [one["kind"] for one in found["attackers"]] == (["brute-force"] if given else [])  # by unlike secrets


def test_a_user_name_that_nobody_has_is_not_shown(cli: Callable[..., Ran], tmp_path: Path) -> None:
    peer = f"unknown[{THIEF}]"
    odd = [smtpd(failed(peer, "S3cret, sasl_username=x"), 9), smtpd(failed(peer, ANNA), 9)]
    rejected = smtpd(f"NOQUEUE: reject: RCPT from {peer}: 550 no; sasl_method=LOGIN, sasl_username=S3cret", 9)
    write(tmp_path, [*session(ONE), smtpd(f"connect from {peer}", 9), *odd, rejected])
    for words in (("trace", THIEF), ("find-account",), ("scan",)):
        ran = cli(*words, "--root", tmp_path)
        assert "S3cret" not in ran.out + ran.err
    assert f"sasl_username={ANNA}" in cli("trace", THIEF, "--root", tmp_path).out


def test_what_others_write_into_the_mail_log_is_read_and_not_skipped(cli: Callable[..., Ran], tmp_path: Path) -> None:
    lines = [
        *session(ONE),
        "amavis[7]: (1) Passed CLEAN",
        f"myd/smtpd2[7]: client={ANNA}",
        "postfix/anvil[8]: statistics",
    ]
    lines += [
        "dovecot: imap-login: Login: user=<anna@house.example>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1, session=<s>"
    ]
    write(tmp_path, lines)
    found = found_in(cli, tmp_path)
    assert found["inputs"]["server"] == "dovecot, postfix"
    assert found["doors"] == ["imap", "pop3"]
    rows = {row["ip"]: row["successes"] for row in found["accounts"][0]["client_ips"]}
    assert rows == {THIEF: 1, HOME: 1}


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_it_makes_no_difference_how_many_processes_read(jobs: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    lines: list[str] = []
    for number in range(30):
        one = f"0542B2799{number:02X}"
        lines += session(one, failures=1, pid=number % 3)
        lines += carried(one, f"t{number}@mail.example", (f"b{number}@far.example", "4.7.1", "deferred"))
    for number in range(30):
        lines += carried(
            f"0542B2799{number:02X}", f"t{number}@mail.example", (f"b{number}@far.example", "2.0.0", "sent")
        )[1:]
    write(tmp_path, lines)
    found = found_in(cli, tmp_path, "--jobs", jobs)
    (anna,) = found["accounts"]
    assert (anna["auth_successes"], anna["sent_messages"], anna["recipients"]["delivered"]) == (30, 30, 30)


POSTCONF = """\
mynetworks = 127.0.0.0/8 10.0.0.0/8
smtpd_tls_auth_only = no
smtpd_relay_restrictions = permit_mynetworks permit
smtpd_sender_restrictions = reject_authenticated_sender_login_mismatch, permit
smtpd_client_message_rate_limit = 0
postconf: warning: smtpd_client_auth_rate_limit: unknown parameter
nonsense
"""


def test_its_settings_are_told_by_what_they_are(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "settings.txt").write_text(POSTCONF)
    ran = cli("harden", tmp_path / "settings.txt", "--format", "json")
    rows = {row["name"]: row["status"] for row in json.loads(ran.out)["settings"] if row["status"] != "unknown"}
    assert ran.code == 3
    assert rows == {
        "mynetworks": "fail",
        "smtpd_tls_auth_only": "fail",
        "smtpd_relay_restrictions": "fail",
        "smtpd_sender_restrictions": "pass",
        "smtpd_client_message_rate_limit": "fail",
    }
    assert [(one["reason"], one["count"]) for one in json.loads(ran.out)["skipped"]] == [("line that is no setting", 1)]
    assert 'postconf -e mynetworks="127.0.0.0/8"' in cli("harden", tmp_path / "settings.txt").out


def test_what_postconf_leaves_out_has_its_default(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "settings.txt").write_text("myhostname = mx.house.example\nsmtpd_recipient_limit = 50\n")
    ran = cli("harden", tmp_path / "settings.txt", "--format", "json")
    rows = {row["name"]: row["status"] for row in json.loads(ran.out)["settings"]}
    assert rows["smtpd_tls_auth_only"] == rows["smtpd_sender_login_maps"] == rows["disable_vrfy_command"] == "fail"
    assert rows["smtpd_client_auth_rate_limit"] == "fail"
    assert rows["smtpd_relay_restrictions"] == rows["smtpd_sasl_security_options"] == "pass"
    assert rows["smtpd_recipient_limit"] == "pass"
    assert rows["mynetworks"] == "unknown"
    assert "postconf -e smtpd_tls_auth_only=yes" in cli("harden", tmp_path / "settings.txt").out, "1 is no boolean here"


def test_lines_of_dovecot_make_no_whole_output_of_postconf(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, session(ONE))
    (tmp_path / "log" / "dovecot.log").write_text("Nov 12 01:00:00 imap-login: Info: Login: user=<a@b.example>\n")
    path = tmp_path / "settings.txt"
    path.write_text("auth_verbose = yes\nssl = no\nsmtpd_recipient_limit = 50\nservice auth {\n  user = root\n}\n")
    found = json.loads(cli("harden", path, "--root", tmp_path, "--format", "json").out)
    rows = {row["name"]: row["status"] for row in found["settings"] if row["status"] != "unknown"}
    assert rows == {"smtpd_recipient_limit": "pass"}


def test_settings_come_without_what_is_said_of_logs(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, session(ONE))
    path = tmp_path / "settings.txt"
    path.write_text("smtpd_recipient_limit = 50\n")
    assert "names an account only where it sends" in cli("trace", ONE, "--root", tmp_path).out
    assert "Note:" not in cli("harden", path, "--root", tmp_path).out
