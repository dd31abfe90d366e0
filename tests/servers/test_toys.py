"""Two products beside the true ones: every command works on their evidence, or says in a sentence what they lack."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from breachkit import servers
from breachkit.evidence.where import Asked, find_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Ran

BEGIN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
ANNA, THIEF = "anna@house.example", "203.0.113.9"
LINK = "http://cheap-boxes.example/buy?now"
SPAM = 12


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the folder of the toys beside that of the true servers."""
    monkeypatch.setattr(servers, "__path__", [*servers.__path__, str(Path(__file__).parent / "toys")])
    yield
    for name in ("twins", "doorman"):
        sys.modules.pop(f"{servers.__name__}.{name}", None)


def write_message(spool: Path, number: int, *, account: str | None = ANNA, text: str = LINK) -> str:
    spool.mkdir(parents=True, exist_ok=True)
    name = f"twin-{number:06d}-1T"
    at = int((BEGIN + timedelta(minutes=number)).timestamp())
    envelope = [f"id: {name}", f"at: {at}", f"client: {THIEF}", f"from: f{number}@random{number}.example"]
    envelope += [f"auth: {account}"] if account else []
    envelope += [f"to: a{number}@far{number}.example b{number}@far{number}.example"]
    header = [f"From: f{number}@random{number}.example", f"Subject: Your parcel {number}"]
    (spool / f"{name}-H").write_bytes("\n".join([*envelope, "", *header, ""]).encode())
    (spool / f"{name}-D").write_bytes(f"{name}-D\nGood day,\n\nplease look here: {text}\n\nRegards\n".encode())
    return name


def write_twins(root: Path) -> Path:
    """Write a queue of spam and two letters, and the logs of how it came in."""
    spool = root / "spool" / "input"
    names = [write_message(spool, number) for number in range(SPAM)]
    for number in (SPAM, SPAM + 1):
        write_message(
            spool, number, account=f"bert{number}@house.example", text=f"a letter of its own, number {number}"
        )
    lines = []
    for number in range(1, 9):  # the owner, in the days before
        session = f"twins[{number}]: 2026-11-1{number} 09:00:00 192.0.2.7"
        lines += [f"{session} auth {ANNA} summer ok", f"{session} mail own{number} {ANNA} b@partner.example"]
    for number in range(30):  # the thief tries everybody, and then comes in
        tried = (ANNA, "bert12@house.example", "bert13@house.example", "carl@house.example")[number % 4]
        lines.append(f"twins[{number + 10}]: 2026-11-20 07:{number:02d}:00 {THIEF} auth {tried} s{number} bad")
    lines.append(f"twins[99]: 2026-11-20 07:50:00 {THIEF} auth {ANNA} summer ok")
    for number, name in enumerate(names):
        lines += [
            f"twins[99]: 2026-11-20 08:{number:02d}:00 {THIEF} mail {name} f{number}@random{number}.example a@b.example"
        ]
    (root / "logs").mkdir(exist_ok=True)
    (root / "logs" / "twins-20261120.log").write_text("\n".join(lines) + "\n")
    return root


def write_doorman(root: Path) -> Path:
    """Write the logs of who came in to read mail."""
    (root / "logs").mkdir(parents=True, exist_ok=True)
    lines = [f"doorman[{number}]: 2026-11-19 0{number}:00:00 192.0.2.7 login {ANNA} summer ok" for number in range(6)]
    lines += [f"doorman[7]: 2026-11-20 09:00:00 {THIEF} login {ANNA} summer ok"]
    (root / "logs" / "doorman-20261120.log").write_text("\n".join(lines) + "\n")
    return root


def write_mail_log(root: Path) -> Path:
    """Put the logs of both into the one file that syslog writes, with lines of nobody's."""
    lines = []
    for path in sorted((root / "logs").iterdir()):
        for line in path.read_text().splitlines():
            tag, day, time, text = line.split(" ", 3)
            lines.append(f"{datetime.fromisoformat(day):%b %e} {time} mx {tag} {text}")
        path.unlink()
    lines.sort(key=lambda line: line[:15])
    lines[3:3] = ["Nov 11 12:00:00 mx cron[9]: nothing of ours", "no line at all"]
    path = root / "logs" / "mail.log"
    path.write_text("\n".join(lines) + "\n")
    written = datetime(2026, 11, 20, 9, 0, tzinfo=UTC).timestamp()
    os.utime(path, (written, written))
    return root


def parsed(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    return found


def test_a_server_is_found_by_its_folder() -> None:
    assert {"doorman", "icewarp", "twins"} <= {*servers.names()}


@pytest.mark.parametrize(("write", "name"), [(write_twins, "twins"), (write_doorman, "doorman")])
def test_each_is_recognised(write: Callable[[Path], Path], name: str, tmp_path: Path) -> None:
    where = find_evidence(Asked(root=write(tmp_path)))
    assert where.server == name
    assert len(where.logs) == 1


def test_what_lies_together_is_read_together(tmp_path: Path) -> None:
    where = find_evidence(Asked(root=write_doorman(write_twins(tmp_path))))
    assert len(where.logs) == 2
    assert where.listing.found.passed_over == ()
    assert where.server == "doorman, twins"


def without_places(rows: Any) -> Any:
    """Leave out where things stand."""
    if isinstance(rows, dict):
        return {name: without_places(row) for name, row in rows.items() if name != "evidence"}
    return [without_places(row) for row in rows] if isinstance(rows, list) else rows


def test_one_file_is_read_by_the_kinds_of_several_products(cli: Callable[..., Ran], tmp_path: Path) -> None:
    words = ("--format", "json", "--timezone", "UTC")
    apart = parsed(cli("find-account", "--root", write_doorman(write_twins(tmp_path)), *words))
    write_mail_log(tmp_path)
    ran = cli("find-account", "--root", tmp_path, *words, "--jobs", "1")
    shared = parsed(ran)
    assert ran.code == 3
    assert shared["inputs"]["server"] == "doorman, twins"
    assert shared["inputs"]["lines"] == apart["inputs"]["lines"] + 2
    (skipped,) = shared["skipped"]
    assert (skipped["reason"], skipped["count"]) == ("log line without 'MONTH DAY TIME HOST DAEMON[PROCESS]:'", 1)
    assert [place["line"] for place in skipped["examples"]] == [5]
    for name in ("accounts", "attackers", "other_failures", "unauthenticated"):
        assert without_places(shared[name]) == without_places(apart[name])
    assert parsed(cli("find-account", "--root", tmp_path, *words, "--jobs", "3")) == shared


def test_trace_of_a_shared_file_masks_as_the_kind_of_each_line_does(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write_mail_log(write_doorman(write_twins(tmp_path)))
    ran = cli("trace", ANNA, "--root", tmp_path, "--format", "json", "--timezone", "UTC")
    sessions = parsed(ran)["sessions"]
    assert len(sessions) == 17
    assert {session["thread"] for session in sessions} >= {"1", "99"}
    assert "summer" not in ran.out


def test_scan_counts_messages_not_files(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("scan", "--root", write_doorman(write_twins(tmp_path)), "--format", "json")
    found = parsed(ran)
    assert ran.code == 0, ran.err
    assert found["messages"] == SPAM + 2
    assert found["bytes"] == sum(path.stat().st_size for path in (tmp_path / "spool" / "input").iterdir())
    assert found["senders"][0]["auth_user"] == ANNA
    assert found["senders"][0]["messages"] == SPAM
    assert found["inputs"]["server"] == "doorman, twins"
    assert found["skipped"] == []


def test_scan_of_logs_alone(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("scan", "--root", write_doorman(tmp_path), "--format", "json")
    assert (ran.code, parsed(ran)["messages"]) == (0, 0)


def test_group_finds_what_stands_in_the_second_file(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("group", "--root", write_twins(tmp_path), "--format", "json")
    (campaign,) = parsed(ran)["campaigns"]
    assert ran.code == 0, ran.err
    assert campaign["messages"] == SPAM
    assert LINK in campaign["purge_string"]
    for by in ("local-sender", "from", "subject", "url"):
        assert cli("group", "--root", tmp_path, "--by", by).code == 0


def test_find_account_joins_queue_and_logs_of_all(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("find-account", "--root", write_doorman(write_twins(tmp_path)), "--format", "json", "--timezone", "UTC")
    (anna, *others) = parsed(ran)["accounts"]
    assert ran.code == 0, ran.err
    assert (anna["account"], anna["verdict"], anna["queued_messages"]) == (ANNA, "compromised", SPAM)
    assert anna["sent_messages"] == SPAM + 8
    assert anna["auth_successes"] == 9  # what is counted is SMTP
    assert {one["verdict"] for one in others} == {"clear"}
    assert "Twins" not in ran.err


def test_trace_shows_the_session_of_a_message(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("trace", ANNA, "--root", write_twins(tmp_path), "--format", "json")
    sessions = parsed(ran)["sessions"]
    assert ran.code == 0, ran.err
    assert len(sessions) == 17
    assert "summer" not in ran.out


@pytest.mark.parametrize("ending", ["-H", "-D", ""])
def test_show_takes_either_file_or_the_id(ending: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    name = "twin-000003-1T"
    ran = cli("show", name + ending, "--root", write_twins(tmp_path), "--format", "json")
    shown = parsed(ran)
    assert ran.code == 0, ran.err
    assert [Path(path).name for path in shown["files"]] == [f"{name}-H", f"{name}-D"]
    assert (shown["queue_id"], shown["auth_user"], shown["subject"]) == (name, ANNA, "Your parcel 3")
    assert LINK in shown["text"]
    assert f"{name}-D" not in shown["text"]


@pytest.mark.parametrize("words", [("show", "x"), ("group",), ("purge", "x", "--dry-run"), ("restore",)])
def test_without_a_queue_it_is_said(words: tuple[str, ...], cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli(*words, "--root", write_doorman(tmp_path))
    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err
        == f"breachkit: no queue found in {tmp_path}: looked for logs/doorman-20261120.log; name it with --queue DIR\n"
    )


def test_trace_without_smtp_logs_says_so(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("trace", ANNA, "--root", write_doorman(tmp_path))
    assert (ran.code, ran.out) == (1, "")
    assert "no SMTP logs found" in ran.err


@pytest.mark.parametrize(
    ("words", "lacks"),
    [
        (("weak-passwords",), "export of accounts"),
        (("weak-passwords", "users.csv"), "export of accounts"),
        (("harden",), "settings and steps"),
        (("harden", "--print-commands"), "settings and steps"),
        (("contain",), "settings and steps"),
        (("contain", ANNA), "settings and steps"),
    ],
)
def test_what_is_lacking_is_said_in_one_sentence(
    words: tuple[str, ...], lacks: str, cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users.csv").write_text("a@house.example,a,pw,\n")
    ran = cli(*words, "--root", write_twins(tmp_path), "--timezone", "UTC")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"breachkit: breachkit knows no {lacks} of Twins; where it is another product, name it with --server\n"
    )


def test_addresses_to_block_need_no_guide(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("contain", "--block-list", "plain", "--root", write_twins(tmp_path), "--timezone", "UTC")
    assert (ran.code, ran.out) == (0, f"{THIEF}\n")


def test_a_case_says_what_is_lacking(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = write_doorman(write_twins(tmp_path / "evidence"))
    ran = cli("investigate", "--root", root, "-o", tmp_path / "case", "--timezone", "UTC")
    found = json.loads((tmp_path / "case" / "findings.json").read_bytes())
    assert ran.code == 0, ran.err
    assert {one["account"]: one["verdict"] for one in found["find-account"]["accounts"]}[ANNA] == "compromised"
    assert set(found["absent"]) == {"weak-passwords", "harden", "contain"}
    assert (
        "breachkit knows no settings and steps of Doorman and Twins" in (tmp_path / "case" / "report.html").read_text()
    )


def test_a_queue_named_alone_is_known_by_what_lies_in_it(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("scan", "--queue", write_twins(tmp_path) / "spool" / "input", "--format", "json")
    found = parsed(ran)
    assert (ran.code, found["messages"], found["inputs"]["server"]) == (0, SPAM + 2, "twins")


def test_a_folder_of_messages_as_they_are_is_of_the_one_server_that_queues_so(
    cli: Callable[..., Ran], tmp_path: Path
) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "1.eml").write_text("From: a@b.example\n\nhello\n")
    ran = cli("scan", "--queue", tmp_path / "copy", "--format", "json")
    assert (ran.code, parsed(ran)["inputs"]["server"]) == (0, "icewarp")


@pytest.mark.parametrize("words", [("harden", "settings.txt"), ("harden", "--print-commands")])
def test_where_one_server_can_be_meant_it_is(
    words: tuple[str, ...], cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.txt").write_text("C_Mail_Security_Tarpit_Enable: 1\n")
    assert cli(*words).code == 0


def test_where_several_can_be_meant_the_command_asks(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write_twins(tmp_path)
    (tmp_path / "mail" / "_outgoing").mkdir(parents=True)
    (tmp_path / "mail" / "_outgoing" / "1.tmp").write_text("LocalSender: a@b.example\nSubject: x\n\nhello\n")
    ran = cli("scan", "--root", tmp_path, "--format", "json")
    assert (ran.code, parsed(ran)["messages"]) == (0, SPAM + 3)
    ran = cli("purge", "hello", "--dry-run", "--root", tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "breachkit: this may be of several mail servers (icewarp, twins); say which one is meant with --server NAME\n"
    )
    assert cli("purge", "hello", "--dry-run", "--root", tmp_path, "--server", "icewarp").code == 0


def test_logs_named_alone_are_known_by_their_lines(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write_doorman(write_twins(tmp_path))
    renamed = (tmp_path / "logs" / "twins-20261120.log").rename(tmp_path / "some.txt")
    ran = cli("find-account", "--logs", renamed, "--format", "json")
    assert (ran.code, parsed(ran)["inputs"]["server"]) == (0, "twins")
    (tmp_path / "alien.txt").write_text("nothing that anybody knows\n")
    ran = cli("find-account", "--logs", tmp_path / "alien.txt")
    assert ran.code == 1
    assert "holds no log" in ran.err


def test_purge_plans_by_message(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write_twins(tmp_path)
    ran = cli("purge", LINK, "--dry-run", "--root", tmp_path, "--format", "json")
    assert (ran.code, parsed(ran)["planned"]) == (0, SPAM)


def test_a_purged_message_is_gone_with_all_its_files(cli: Callable[..., Ran], tmp_path: Path) -> None:
    write_twins(tmp_path)
    before = sorted(path.name for path in (tmp_path / "spool" / "input").iterdir())
    ran = cli("purge", LINK, "--yes", "--root", tmp_path, "--format", "json")
    assert (ran.code, parsed(ran)["purged"]) == (0, SPAM)
    left = [path.name for path in (tmp_path / "spool" / "input").iterdir()]
    assert len(left) == 4
    assert parsed(cli("scan", "--root", tmp_path, "--format", "json"))["messages"] == 2
    found = parsed(cli("find-account", "--root", tmp_path, "--format", "json"))
    assert found["accounts"][0]["quarantined_messages"] == SPAM
    assert cli("restore", "--yes", "--root", tmp_path).code == 0
    assert sorted(path.name for path in (tmp_path / "spool" / "input").iterdir()) == before
