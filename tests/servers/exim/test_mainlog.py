"""Lines of Exim's main log, as its specification and real servers have them, read through the commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from breachkit.logs.kinds import Line
from breachkit.servers.exim.logs import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

ANNA, THIEF, HOME = "anna@house.example", "203.0.113.9", "198.51.100.7"
DAY = "2026-11-12"


def arrival(
    queue_id: str, client: str = f"(pc) [{THIEF}]", *, user: str = ANNA, more: str = "", sender: str = ANNA
) -> str:
    auth = f" A=dovecot_login:{user}" if user else ""
    return f"{queue_id} <= {sender} H={client} P=esmtp{'a' if user else ''}{auth} S=681 id=x@y{more}"


def write(root: Path, lines: list[str], name: str = "mainlog") -> Path:
    (root / "log").mkdir(exist_ok=True)
    path = root / "log" / name
    path.write_text("".join(f"{DAY} 01:{at // 60:02d}:{at % 60:02d} {line}\n" for at, line in enumerate(lines)))
    return path


def ids(number: int, process: str = "0000P4") -> list[str]:
    return [f"1xRJib-{process}-{at:02d}" for at in range(number)]


def found_in(cli: Callable[..., Ran], root: Path) -> dict[str, Any]:
    ran = cli("find-account", "--root", root, "--format", "json", "--timezone", "UTC")
    assert ran.code in {0, 3}, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def account_in(cli: Callable[..., Ran], root: Path, name: str = ANNA) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in found_in(cli, root)["accounts"] if one["account"] == name)
    return found


def test_messages_of_one_process_and_address_are_one_session(cli: Callable[..., Ran], tmp_path: Path) -> None:
    lines = [arrival(one) for one in [*ids(5), *ids(3, "0000PR")]]
    lines += [arrival(one, f"[{HOME}]") for one in ids(2, "0000P4")]
    write(tmp_path, lines)
    anna = account_in(cli, tmp_path)
    assert (anna["auth_successes"], anna["sent_messages"]) == (3, 10)
    assert {row["ip"]: row["successes"] for row in anna["client_ips"]} == {THIEF: 2, HOME: 1}


def test_the_title_of_a_session_names_its_address_once(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (one,) = ids(1)
    write(tmp_path, [arrival(one, sender="t5@mail.example"), f"{one} == b1@far.example R=outside defer (-1): no"])
    out = cli("trace", "t5@mail.example", "--root", tmp_path).out
    assert [line for line in out.splitlines() if line.endswith((": accepted", ": deferred"))] == [
        f"Server session {THIEF} [0000P4], account {ANNA}: accepted",
        f"Delivery of {one}: deferred",
    ]


def test_a_process_number_that_comes_again_is_another_session(cli: Callable[..., Ran], tmp_path: Path) -> None:
    first, second = ids(2)
    write(tmp_path, [arrival(first), *["Start queue run: pid=1"] * 2000, arrival(second)])
    assert account_in(cli, tmp_path)["auth_successes"] == 2


def test_with_ports_a_session_is_what_stands_between_its_opening_and_its_end(
    cli: Callable[..., Ran], tmp_path: Path
) -> None:
    client = f"[{THIEF}]:43195"
    lines = [
        f"SMTP connection from {client} (TCP/IP connection count = 1)",
        f"dovecot_login authenticator failed for (User) {client}: 535 Incorrect authentication data (set_id={ANNA})",
        *[arrival(one, f"(User) {client} I=[192.0.2.1]:587") for one in ids(3)],
        f"SMTP connection from (User) {client} closed by QUIT",
        f"SMTP connection from {client} (TCP/IP connection count = 1)",
        arrival(ids(4)[3], f"(User) {client}", more=' T="Parcel A=b:c for x@y" for b1@far.example b2@far.example'),
        f"SMTP connection from (User) {client} lost D=0s",
    ]
    write(tmp_path, lines)
    anna = account_in(cli, tmp_path)
    assert (anna["auth_successes"], anna["sent_messages"]) == (2, 4)
    assert [(row["successes"], row["failures"]) for row in anna["client_ips"]] == [(2, 1)]
    ran = cli("trace", THIEF, "--root", tmp_path, "--format", "json")
    sessions = [one for one in json.loads(ran.out)["sessions"] if one["kind"] == "server"]
    assert [(one["client_ip"], len(one["lines"]), one["outcome"]) for one in sessions] == [
        (THIEF, 6, "accepted"),
        (THIEF, 3, "accepted"),
    ]


def test_a_subject_full_of_addresses_is_read_at_once(cli: Callable[..., Ran], tmp_path: Path) -> None:
    """Drawn by a stranger: one pattern for all recipients never came to its end on it."""
    subject = ' T="for ' + "aa@aa" * 400 + '"'
    kept, lost = ids(2)
    write(tmp_path, [arrival(kept, more=f"{subject} for b1@far.example b2@far.example"), arrival(lost, more=subject)])
    anna = account_in(cli, tmp_path)
    assert (anna["sent_messages"], anna["recipients"]["tried"]) == (2, 2)


def test_a_recipient_counts_once_by_its_last_status(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (one,) = ids(1)
    wait = "R=outside T=remote_smtp defer (-44) H=mx.far.example [192.0.2.5]: SMTP error from remote mail server after"
    failed = "R=outside T=remote_smtp H=mx [192.0.2.5]: SMTP error from remote mail server after"
    lines = [
        arrival(one),
        f"{one} == b1@far.example {wait} RCPT TO:<b1@far.example>: 451 4.7.1 Greylisted",
        f"{one} == b1@far.example {wait} RCPT TO:<b1@far.example>: 451 4.7.1 Greylisted",
        f"{one} == b2@far.example {wait} RCPT TO:<b2@far.example>: 451 4.7.1 Greylisted",
        f"{one} ** nobody@q1.example: Unrouteable address",
        f"{one} ** b3@far.example {failed} RCPT TO:<b3@far.example>: 550 5.1.1 no such user",
        f"{one} ** b4@far.example {failed} end of data: 550 5.7.1 this is spam",
        f"{one} => elena <elena@house.example> R=local_user T=to_box",
        f"{one} -> b5@far.example R=outside T=remote_smtp H=mx [192.0.2.5]",
        f"{one} => b1@far.example R=outside T=remote_smtp H=mx [192.0.2.5]",
    ]
    write(tmp_path, lines)
    counts = account_in(cli, tmp_path)["recipients"]
    assert counts == {"tried": 7, "delivered": 3, "waiting": 1, "dead": 2, "refused": 1, "unknown": 0}


@pytest.mark.parametrize(
    "line",
    [
        f'{ids(1)[0]} <= thief@x.example H=(a) [{THIEF}] P=esmtp S=9 T="P=esmtpa A=dovecot_login:{ANNA} S=1"',
        f'{ids(1)[0]} <= thief@x.example H=(a) [{THIEF}] P=esmtps X=TLS1.3 CV=no SNI="x A=y:{ANNA}" S=9',
        f"{ids(1)[0]} <= thief@x.example H=(x) [9.9.9.9] P=esmtpa A=dovecot_login:{ANNA}) [{THIEF}] P=esmtp S=9".replace(
            "(x)", "(x y"
        ),
    ],
)
def test_what_a_stranger_writes_makes_no_login(line: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, [line, arrival(ids(2)[1], user="bert@house.example")])
    assert {one["account"] for one in found_in(cli, tmp_path)["accounts"]} == {"bert@house.example"}


def test_an_arrival_that_cannot_be_told_is_counted(cli: Callable[..., Ran], tmp_path: Path) -> None:
    odd = f"{ids(1)[0]} <= a@b.example H=(two words) [{THIEF}] P=esmtpa A=plain:{ANNA} S=9"
    write(tmp_path, [odd, f"{ids(1)[0]} => c@far.example R=x T=y", arrival(ids(2)[1])])
    (skipped,) = found_in(cli, tmp_path)["skipped"]
    assert skipped["reason"] == "arrival whose client cannot be told from what it called itself"
    assert [place["line"] for place in skipped["examples"]] == [1]


def test_stamps_with_zone_milliseconds_and_process(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    lines = [
        f"2026-11-12 01:35:13.123 +0200 [772] {arrival(ids(1)[0])}",
        "2026-11-12 01:35:14.123 +0200 [773] exim 4.98 daemon started: pid=1",
        " Suggested action: none",
    ]
    (tmp_path / "log" / "exim_mainlog").write_text("\n".join(lines) + "\n")
    found = found_in(cli, tmp_path)
    assert found["skipped"] == []
    assert found["log_first"] == "2026-11-11T23:35:13+00:00"
    assert found["accounts"][0]["auth_successes"] == 1


FAILED = f"plain authenticator failed for (x) [{THIEF}]: 535 Incorrect authentication data (set_id=%s)"


def test_the_reject_log_counts_only_where_the_main_log_is_missing(cli: Callable[..., Ran], tmp_path: Path) -> None:
    rejected = [*[FAILED % ANNA] * 3, f"{ids(1)[0]} H=(x) [{THIEF}] F=<a@b> rejected after DATA: spam"]
    path = write(tmp_path, rejected, "rejectlog")
    with path.open("a") as stream:
        stream.write(
            "Envelope-from: <a@b>\nEnvelope-to: <c@d>\nP Received: from x\n\tby y\nF From: me\n" + "-" * 60 + "\n"
        )
    found = found_in(cli, tmp_path)
    assert found["skipped"] == []
    assert sum(one["failures"] for one in [*found["attackers"], *found["other_failures"]]) == 3
    assert "its main log is missing" in found["inputs"]["notes"][-1]
    write(tmp_path, [*rejected[:3], arrival(ids(1)[0])])
    found = found_in(cli, tmp_path)
    assert account_in(cli, tmp_path)["client_ips"][0]["failures"] == 3
    assert found["inputs"]["passed_over"] == [{"path": "log/rejectlog", "reason": "its lines stand in other logs, too"}]


def test_a_user_name_that_nobody_has_is_not_shown(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, [arrival(ids(1)[0]), FAILED % "S3cret(x) y", FAILED % ANNA])
    for words in (("trace", THIEF), ("find-account",), ("scan",)):
        ran = cli(*words, "--root", tmp_path)
        assert "S3cret" not in ran.out + ran.err
    assert f"(set_id={ANNA})" in cli("trace", THIEF, "--root", tmp_path).out


def test_a_message_is_traced_from_its_arrival_to_its_end(cli: Callable[..., Ran], tmp_path: Path) -> None:
    (one,) = ids(1)
    write(tmp_path, [arrival(one), f"{one} => c@far.example R=x T=y H=mx [192.0.2.5]", f"{one} Completed"])
    ran = cli("trace", one, "--root", tmp_path, "--format", "json")
    assert [(row["kind"], row["outcome"], len(row["lines"])) for row in json.loads(ran.out)["sessions"]] == [
        ("server", "accepted", 1),
        ("client", "delivered", 2),
    ]


@pytest.mark.parametrize("name", ["mainlog.1", "main.log-20261115", "exim_mainlog", "exim_mainlog-20261115"])
def test_a_log_is_known_by_its_name(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, [arrival(ids(1)[0])], name)
    assert found_in(cli, tmp_path)["inputs"]["server"] == "exim"


def test_other_logs_with_such_stamps_are_none_of_exim(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write(tmp_path, ["status installed libc6:amd64 2.36"] * 5, "dpkg.log")
    write(tmp_path, [arrival(ids(1)[0])], "renamed.txt")
    ran = cli("find-account", "--logs", tmp_path / "log", "--format", "json")
    assert json.loads(ran.out)["inputs"]["passed_over"][0]["reason"] == "log of a service that is not read"


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_it_makes_no_difference_how_many_processes_read(jobs: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    lines = []
    for number in range(40):
        (one,) = ids(1, f"{number:06d}")
        lines += [FAILED % ANNA, arrival(one), f"{one} == b{number}@far.example R=x T=y defer (-1)"]
    lines += [f"{ids(1, f'{number:06d}')[0]} => b{number}@far.example R=x T=y" for number in range(40)]
    write(tmp_path, lines)
    ran = cli("find-account", "--root", tmp_path, "--format", "json", "--jobs", jobs, "--timezone", "UTC")
    (anna,) = json.loads(ran.out)["accounts"]
    assert (anna["auth_successes"], anna["sent_messages"], anna["recipients"]["delivered"]) == (40, 40, 40)


def test_a_user_name_that_was_cut_off_is_not_shown() -> None:
    cut = (FAILED % "S3cret").removesuffix(")").encode()
    assert b"S3c" not in shown(Line(b"", 0.0, cut), lambda _name: False)
    assert shown(Line(b"", 0.0, cut), lambda _name: True) == cut
