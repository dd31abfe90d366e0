"""`verify` as it is typed: from the evening of an attack to a closed incident."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from breachkit.detect import closure
from breachkit.detect.accounts.judgement import judge_accounts
from tests.conftest import story
from tests.schemas import validate

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.detect.accounts.accusation import Accusation
    from breachkit.detect.accounts.inquiry import Inquiry
    from tests.cli.typed import Ended

AFTER = "2026-11-21T00:00"
NAMES = {
    "queue-clean",
    "no-entry-since",
    "no-attacker-since",
    "password-changed",
    "left-behind",
    "settings",
    "delivery-failures",
}
EXPORT = """\
email,u_mailbox,u_alias,u_password,u_forwardto,u_respond
user@example.it,user,user;ordini,{password},{forward},0
anna@example.it,anna,anna,c4n4ry-36c2-hr78c7,,0
"""


@pytest.fixture(name="root")
def root_of_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "root"
    shutil.copytree(story("guide"), root)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Europe/Rome")
    return root


def verified(breach: Callable[..., Ended], root: Path, *words: object) -> tuple[Ended, dict[str, tuple[str, str]]]:
    ended = breach("verify", "--root", root, "--timezone", "Europe/Rome", "--format", "json", *words)
    checks = {check["name"]: (check["status"], check["detail"]) for check in validate(ended.out)["checks"]}
    assert checks.keys() == NAMES
    return ended, checks


def mend(breach: Callable[..., Ended], root: Path) -> None:
    """Do all that `contain`, `group` and `harden` say; the next day the office works as it did on the day before."""
    assert breach("purge", "--account", "user@example.it", "--yes", "--root", root).code == 0
    (root / "users.csv").write_text(EXPORT.format(password="c4n4ry-new0-9wk2aa", forward=""), "utf-8")
    (root / "settings.txt").write_text("C_Mail_Security_Tarpit_Enable: 1\n", "utf-8")
    logs = root / "logs" / "smtp"
    shutil.copy(logs / "s20261119-00.log", logs / "s20261121-00.log")


def test_all_is_open_amid_the_attack(root: Path, breach: Callable[..., Ended]) -> None:
    ended, checks = verified(breach, root, "--since", "2026-11-20T09:00")
    assert ended.code == 10
    assert ended.json["closed"] is False
    assert ended.json["accounts"] == ["user@example.it"]
    assert checks["queue-clean"] == (
        "open",
        "119 of 125 queued messages are of the attack, or nothing tells that they are not",
    )
    assert checks["no-entry-since"][0] == checks["no-attacker-since"][0] == checks["password-changed"][0] == "open"
    assert checks["left-behind"][0] == checks["settings"][0] == "unknown"
    assert all(check["evidence"] for check in ended.json["checks"] if check["status"] == "open")


def test_a_closed_incident(root: Path, breach: Callable[..., Ended]) -> None:
    mend(breach, root)
    ended, checks = verified(breach, root, "--since", AFTER)
    assert {status for status, _ in checks.values()} == {"ok"}, checks
    assert (ended.code, ended.json["closed"]) == (0, True)
    assert "c4n4ry" not in ended.out


def test_the_end_of_the_newest_purge_is_the_default(root: Path, breach: Callable[..., Ended]) -> None:
    none = breach("verify", "--root", root)
    assert (none.code, none.out) == (2, "")
    assert "add --since TIME" in none.err
    mend(breach, root)
    ended, checks = verified(breach, root)
    assert ended.json["run"] is not None
    # the purge was made now, and the logs of the story end before
    assert (ended.code, ended.json["closed"]) == (3, None)
    assert checks["no-entry-since"] == ("unknown", "the logs end before it: read newer ones")
    assert checks["queue-clean"][0] == checks["password-changed"][0] == "ok"


@pytest.mark.parametrize(
    ("password", "forward", "name", "detail"),
    [
        ("user", "", "password-changed", "user@example.it: the attacker's password still opens it"),
        ("", "thief@evil.example", "left-behind", "user@example.it: set: forward; ask the owner which are theirs"),
    ],
)
def test_one_thing_left_keeps_it_open(
    password: str, forward: str, name: str, detail: str, root: Path, breach: Callable[..., Ended]
) -> None:
    mend(breach, root)
    made = EXPORT.format(password=password or "c4n4ry-new0-9wk2aa", forward=forward)
    (root / "users.csv").write_text(made, "utf-8")
    ended, checks = verified(breach, root, "--since", AFTER)
    assert ended.code == 10
    assert {open_ for open_, (status, _) in checks.items() if status == "open"} == {name}
    assert checks[name][1] == detail


@pytest.mark.parametrize(
    "password", ["****", "{SHA256}BPiZbadjt6lpsQKO4wB1aerzpjVIbdqyEdUSyFud+Ps=", "$2b$04$" + "a" * 53]
)
def test_an_export_without_passwords_in_clear_tells_nothing_of_them(
    password: str, root: Path, breach: Callable[..., Ended]
) -> None:
    mend(breach, root)
    (root / "users.csv").write_text(EXPORT.format(password=password, forward=""), "utf-8")
    ended, checks = verified(breach, root, "--since", AFTER)
    assert (ended.code, ended.json["closed"]) == (3, None)
    assert checks["password-changed"] == (
        "unknown",
        "user@example.it: the export does not show its password in clear",
    )


def test_a_thief_who_only_fails_since_shows_that_the_password_is_changed(
    root: Path, breach: Callable[..., Ended]
) -> None:
    mend(breach, root)
    (root / "users.csv").unlink()
    logs = root / "logs" / "smtp"
    raw = (logs / "s20261120-01.log").read_bytes()
    assert raw.count(b">>> 235 ") > 3
    (logs / "s20261122-01.log").write_bytes(raw.replace(b">>> 235 ", b">>> 535 "))
    ended, checks = verified(breach, root, "--since", AFTER)
    assert checks["password-changed"][0] == "ok"
    assert "the attacker's password failed" in checks["password-changed"][1]
    assert checks["left-behind"] == (
        "unknown",
        "user@example.it: there is no export of the accounts: make a new one, and name it with --accounts",
    )
    assert ended.json["closed"] is False  # the thief still tries


def test_failures_with_other_passwords_do_not_show_that_it_is_changed(root: Path, breach: Callable[..., Ended]) -> None:
    mend(breach, root)
    (root / "users.csv").unlink()
    logs = root / "logs" / "smtp"
    raw = (logs / "s20261120-01.log").read_bytes().replace(b">>> 235 ", b">>> 535 ")
    user = b64encode(b"user")
    pair = re.compile(rb"(<<< %b\r?\n[^\n]*334 [^\n]*\n[^\n]*<<< )%b" % (user, user))
    guessed, number = pair.subn(rb"\g<1>" + b64encode(b"guess"), raw)
    assert number > 3
    (logs / "s20261122-01.log").write_bytes(guessed)
    _, checks = verified(breach, root, "--since", AFTER)
    assert checks["password-changed"][0] == "unknown"


def test_a_thief_who_comes_back_opens_it_again(root: Path, breach: Callable[..., Ended]) -> None:
    mend(breach, root)
    logs = root / "logs" / "smtp"
    shutil.copy(logs / "s20261120-01.log", logs / "s20261122-01.log")
    ended, checks = verified(breach, root, "--since", AFTER)
    assert ended.code == 10
    assert checks["no-entry-since"][0] == checks["no-attacker-since"][0] == "open"
    assert checks["queue-clean"][0] == "ok"


def test_a_thief_who_uses_the_same_list_on_another_day_is_still_a_thief(
    root: Path, breach: Callable[..., Ended]
) -> None:
    logs = root / "logs" / "smtp"
    shutil.copy(logs / "s20261120-01.log", logs / "s20261122-01.log")
    found = breach("find-account", "--root", root, "--timezone", "Europe/Rome", "--format", "json").json
    worst = found["accounts"][0]
    assert (worst["account"], worst["verdict"]) == ("user@example.it", "compromised")


def test_logins_to_a_suspect_account_leave_it_unknown(
    root: Path, breach: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    def milder(inquiry: Inquiry) -> Accusation:
        found = judge_accounts(inquiry)
        doubted = [replace(one, verdict="suspect") if one.verdict == "compromised" else one for one in found.accounts]
        return replace(found, accounts=tuple(doubted), attackers=())

    monkeypatch.setattr(closure, "judge_accounts", milder)
    _, checks = verified(breach, root, "--since", "2026-11-20T09:00")
    assert checks["no-entry-since"] == (
        "unknown",
        "29 logins to suspect accounts from addresses that may attack: see breachkit find-account",
    )


def test_a_case_records_the_answer(root: Path, breach: Callable[..., Ended]) -> None:
    assert breach("investigate", "-o", "CASE", "--root", root).code in {0, 3}
    assert breach("verify", "--root", root, "--since", "2026-11-20T09:00", "--case", "CASE").code == 10
    last = json.loads(Path("CASE/custody.jsonl").read_text("utf-8").splitlines()[-1])
    assert (last["exit"], last["outcome"]["closed"]) == (10, False)


def test_text_says_what_is_open_first_and_what_mends_it(root: Path, breach: Callable[..., Ended]) -> None:
    ended = breach("verify", "--root", root, "--timezone", "Europe/Rome", "--since", "2026-11-20T09:00")
    lines = ended.out.splitlines()
    assert lines[:3] == ["NOT CLOSED", "  since Fri 2026-11-20 09:00:00 +0100", "  accounts: user@example.it"]
    assert lines[3] == "open    Is the queue clean?"
    assert f"  breachkit contain --root {root} --timezone Europe/Rome" in lines


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        ((), 3, "BREACHKIT UNKNOWN - 125 messages queued; busiest account user@example.it 31 an hour; "),
        (("--since", "2026-11-20T09:00"), 2, "BREACHKIT CRITICAL - 125 messages queued; busiest account"),
        (("--warn-queue", "125"), 1, "BREACHKIT WARNING - 125 messages queued; "),
        (("--warn-queue", "126", "--crit-rate", "31"), 2, "BREACHKIT CRITICAL - 125 messages queued; "),
    ],
)
def test_a_monitor_reads_one_line(
    words: tuple[str, ...], code: int, line: str, root: Path, breach: Callable[..., Ended]
) -> None:
    ended = breach("verify", "--monitor", "--root", root, "--timezone", "Europe/Rome", *words)
    assert (ended.code, ended.err) == (code, "")
    assert ended.out.startswith(line)
    assert ended.out.count("\n") == ended.out.count("|") == 1
    assert "queue=125;" in ended.out
    assert "rate=31;" in ended.out


def test_a_quiet_server_is_ok_for_a_monitor(root: Path, breach: Callable[..., Ended]) -> None:
    mend(breach, root)
    ended = breach("verify", "--monitor", "--root", root, "--since", AFTER, "--crit-queue", "100")
    assert ended.code == 0
    assert ended.out.startswith("BREACHKIT OK - 6 messages queued; ")


def test_what_a_monitor_cannot_read_is_unknown_and_no_alarm(root: Path, breach: Callable[..., Ended]) -> None:
    ended = breach("verify", "--monitor", "--root", root / "gone")
    assert (ended.code, ended.out) == (3, "BREACHKIT UNKNOWN - nothing could be read; stderr says why\n")
    assert ended.err.startswith("breachkit: ")
    assert ended.err.count("\n") == 1


def test_thresholds_want_the_monitor(root: Path, breach: Callable[..., Ended]) -> None:
    ended = breach("verify", "--root", root, "--warn-queue", "3")
    assert (ended.code, ended.out) == (2, "")
    assert "add it" in ended.err
