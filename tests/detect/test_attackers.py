"""Who attacked, whose the other failures are, and who sent without a readable login: each a few lines of log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from breachkit.detect.accounts.suspects import failures_before
from tests.detect.test_compromise import OFFICE, THIEF, Logs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

NO = "535 5.7.8 no"
Json = dict[str, Any]


@pytest.fixture
def found(cli: Callable[..., Ran]) -> Callable[..., Json]:
    def find(logs: Logs, *words: str) -> Json:
        ran = cli("find-account", "--root", logs.write(), "--format", "json", *words)
        assert (ran.code, ran.err) == (0, "")
        return dict(json.loads(ran.out))

    return find


def ips_of(attacker: Json) -> list[str]:
    return [ip["ip"] for ip in attacker["ips"]]


def test_every_address_of_a_spray_is_told_though_nobody_was_entered(found: Callable[..., Json], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    for number in range(120):
        logs.login(
            12,
            f"03:{number % 60:02}:00",
            f"203.0.113.{number % 12 + 1}",
            f"name{number}",
            secret="Estate2026",
            reply=NO,
        )
    told = found(logs)
    assert [account["verdict"] for account in told["accounts"]] == ["clear"]
    (attacker,) = told["attackers"]
    assert sorted(ips_of(attacker)) == sorted(f"203.0.113.{number}" for number in range(1, 13))
    assert (attacker["kind"], attacker["entered"], attacker["accounts_entered"]) == ("password-spray", False, [])
    assert (attacker["failures"], attacker["accounts_tried"], attacker["successes"]) == (120, 120, 0)
    assert all(ip["blocked"] for ip in attacker["ips"])
    assert attacker["evidence"]


def test_one_try_each_with_one_secret_is_a_spray_of_them_all(found: Callable[..., Json], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    for number in range(8):
        logs.login(12, f"03:0{number}:00", f"198.51.{number}.7", f"name{number}", secret="Estate2026", reply=NO)
    (attacker,) = found(logs)["attackers"]
    assert len(attacker["ips"]) == 8


def test_many_hands_at_one_account_are_one_attacker(found: Callable[..., Json], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    for number in range(14):
        logs.login(
            12, f"03:{number:02}:00", f"198.51.{number % 7}.9", "anna@example.it", secret=f"guess{number}", reply=NO
        )
    told = found(logs)
    (attacker,) = told["attackers"]
    assert (attacker["kind"], len(attacker["ips"]), attacker["failures"]) == ("distributed-guessing", 7, 14)
    assert told["accounts"][0]["verdict"] == "clear"


def test_a_device_with_an_old_password_is_told_and_never_blocked(found: Callable[..., Json], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=4)
    for number in range(30):
        logs.login(12, f"10:{number:02}:00", f"198.51.100.{number % 9}", "anna@example.it", secret="old", reply=NO)
    told = found(logs)
    assert told["attackers"] == []
    assert {row["account"] for row in told["other_failures"]} == {"anna@example.it"}
    assert sum(row["failures"] for row in told["other_failures"]) == 30
    assert {row["kind"] for row in told["other_failures"]} == {"stale-device"}


def test_slips_of_the_owner_are_told_as_such(found: Callable[..., Json], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    for minute, secret in enumerate(("S3cret", "s3cret!", "S3cert!")):
        logs.login(12, f"09:0{minute}:00", OFFICE, "anna@example.it", secret=secret, reply=NO)
    (row,) = found(logs)["other_failures"]
    assert (row["kind"], row["account"], row["failures"], row["ip"]) == ("mistyper", "anna@example.it", 3, OFFICE)
    assert row["first_seen"][11:19] == "09:00:00"
    assert row["last_seen"][11:19] == "09:02:00"
    assert len(row["evidence"]) == 3


def test_an_office_with_many_accounts_attacks_nobody(found: Callable[..., Json], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    for number in range(8):
        logs.habit(f"user{number}@example.it", days=2)
    for number in range(8, 11):
        logs.login(12, "09:00:00", OFFICE, f"user{number}@example.it", secret="x", reply=NO)
        logs.login(12, "09:01:00", "192.0.2.60", f"user{number}@example.it")
    told = found(logs)
    assert told["attackers"] == []
    assert {row["kind"] for row in told["other_failures"]} == {"unclear"}
    assert [len(row["evidence"]) for row in told["other_failures"]] == [1, 1, 1]


def test_the_address_that_came_in_first_is_named_not_the_one_seen_first(
    found: Callable[..., Json], tmp_path: Path
) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    late, early = "203.0.113.9", THIEF
    for number in range(12):
        logs.login(12, f"01:{number:02}:00", late, "anna@example.it", secret=f"a{number}", reply=NO)
        logs.login(12, f"02:{number:02}:00", early, "anna@example.it", secret=f"b{number}", reply=NO)
    logs.login(12, "03:00:00", early, "anna@example.it", *["x@gone.example"] * 12)
    logs.login(12, "04:00:00", late, "anna@example.it", *["y@gone.example"] * 12)
    (account,) = found(logs)["accounts"]
    assert (account["verdict"], account["entry_ip"], account["entry_ts"][11:19]) == ("compromised", early, "03:00:00")


def test_the_servers_own_and_private_addresses_are_not_to_be_blocked(cli: Callable[..., Ran], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    for ip in ("192.0.2.17", "10.0.0.8", THIEF):
        for number in range(12):
            logs.login(12, f"01:{number:02}:00", ip, "anna@example.it", secret=f"{ip}{number}", reply=NO)
    root = logs.write()
    path = root / "logs" / "s20261110-00.log"
    path.write_text(path.read_text().replace("Connected\n", "Connected, local IP=192.0.2.17\n"))
    ran = cli("contain", "--root", root, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert told["accounts"] == []
    assert told["block"] == [THIEF]
    assert told["not_blocked"] == [{"ip": "10.0.0.8", "why": "private"}, {"ip": "192.0.2.17", "why": "server"}]
    text = cli("contain", "--root", root).out
    assert "not 192.0.2.17: the server itself" in text


CANARY = "Canary-typed-as-name"


def test_a_name_that_no_account_has_is_shown_nowhere(cli: Callable[..., Ran], tmp_path: Path) -> None:
    """People type their password where the name goes, at an address of the house too."""
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    for number, name in enumerate((CANARY, f"{CANARY}@example.it", f"EXAMPLE\\{CANARY}", f"{CANARY}%example.it")):
        logs.login(12, f"01:0{number}:00", THIEF, name, secret="x", reply=NO)
    for number in range(12):
        logs.login(12, f"02:{number:02}:00", THIEF, "anna@example.it", secret=f"b{number}", reply=NO)
    logs.login(12, "03:00:00", THIEF, "anna@example.it", *["x@gone.example"] * 12)
    root = logs.write()
    for words in (
        ("find-account",),
        ("find-account", "--format", "json"),
        ("trace", THIEF),
        ("trace", THIEF, "--format", "json"),
        ("contain", "--format", "json"),
        ("contain",),
    ):
        ran = cli(*words, "--root", root)
        assert ran.code == 0
        assert CANARY.lower() not in (ran.out + ran.err).lower(), words
    assert cli("investigate", "--root", root, "-o", tmp_path / "case").code == 0
    for path in (tmp_path / "case").rglob("*"):
        assert path.is_dir() or CANARY.lower().encode() not in path.read_bytes().lower(), path
    told = json.loads(cli("find-account", "--root", root, "--format", "json").out)
    assert told["accounts"][0]["unknown_names_tried"] == 3


def relayed(
    logs: Logs, peer: str, number: int, *login: str, sender: str = "x@gone.example", to: str = "lost.example"
) -> None:
    """Hand in messages and leave them in the queue."""
    queue = logs.root / "mail" / "_outgoing"
    queue.mkdir(parents=True, exist_ok=True)
    for at in range(number):
        logs.sent += 1
        name, rcpt_to = f"XYZ{logs.sent:05}", f"r{logs.sent}@{to}"
        logs.session(
            12, f"05:{at:02}:00", peer, *login,
            f"<<< MAIL FROM:<{sender}>", ">>> 250 ok", f"<<< RCPT TO:<{rcpt_to}>", ">>> 250 ok; will forward",
            "<<< DATA", ">>> 354 go", f">>> 250 2.6.0 Message id {name} accepted for delivery",
        )  # fmt: skip
        head = f"MsgID: {name}\r\nFrom: <{sender}>\r\nTo: <{rcpt_to}>\r\nSubject: offer\r\n\r\nbuy\r\n"
        (queue / f"{name}.dat").write_bytes(head.encode())


MASKED = ("<<< AUTH LOGIN", ">>> 334 VXNlcm5hbWU6", "<<< ***", ">>> 334 UGFzc3dvcmQ6", "<<< ***", ">>> 235 ok")
GSSAPI = ("<<< AUTH GSSAPI", ">>> 334 ", "<<< YIIB", ">>> 235 ok")


@pytest.mark.parametrize(("login", "how"), [((), "no-login"), (MASKED, "masked-name"), (GSSAPI, "no-name-in-exchange")])
def test_mail_without_a_readable_login_is_judged_by_its_address(
    login: tuple[str, ...], how: str, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    relayed(logs, THIEF, 7, *login)
    root = logs.write()
    told = json.loads(cli("find-account", "--root", root, "--format", "json").out)
    (one,) = told["unauthenticated"]
    assert (one["client_ip"], one["how"], one["verdict"]) == (THIEF, how, "suspect")
    assert (one["messages"], one["queued_messages"], one["queued_share"], one["recipients"]) == (7, 7, 1.0, 7)
    assert {signal["family"] for signal in one["signals"]} == {"queue", "sender"}
    assert [attacker["kind"] for attacker in told["attackers"]] == ["relay"]
    ran = cli("find-account", "--root", root)
    assert THIEF in ran.out
    assert "No account looks compromised" not in ran.out
    assert cli("find-account", "--root", root, "--fail-on-findings").code == 10


@pytest.mark.parametrize(
    ("peer", "sender", "to"),
    [
        ("10.0.0.9", "scanner@example.it", "partner.example"),  # a device of the house
        (THIEF, "friend@gone.example", "example.it"),  # mail for the house is nobody's relay
        (THIEF, "<>", "lost.example"),  # a bounce
    ],
)
def test_mail_that_is_nobodys_relay_is_clear(
    peer: str, sender: str, to: str, found: Callable[..., Json], tmp_path: Path
) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=2)
    relayed(logs, peer, 7, sender=sender.strip("<>"), to=to)
    told = found(logs)
    assert all(one["verdict"] == "clear" for one in told["unauthenticated"])
    assert told["attackers"] == []


@pytest.mark.parametrize(("more", "guesses"), [(0, 12), (3, 0)])
def test_guesses_count_as_an_entry_only_where_they_stop_when_somebody_is_in(more: int, guesses: int) -> None:
    entry = pd.Timestamp("2026-11-19T10:00:00", tz="UTC")
    hours = [*range(-12, 0), *range(1, more + 1)]
    tries = pd.DataFrame(
        {
            "ts": [entry + pd.Timedelta(hours=hour) for hour in hours],
            "client_ip": "203.0.113.50",
            "outcome": "failure",
            "secret": pd.array([None] * len(hours), "UInt64"),
        }
    )
    assert failures_before(tries, entry, frozenset(), frozenset({"198.51.100.7"})).guesses == guesses
    assert failures_before(tries, entry, frozenset(), frozenset({"203.0.113.50"})).guesses == 12
