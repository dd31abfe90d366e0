"""Accounts that look guilty and are not, and the other way about: each a few lines of log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.icewarp.factories import b64

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

OFFICE, PHONE, THIEF = "198.51.100.10", "192.0.2.77", "203.0.113.50"


class Logs:
    """A server's days, written as they come."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.days: dict[int, list[tuple[str, str]]] = {}
        self.sent = 0

    def session(self, day: int, time: str, peer: str, *texts: str) -> None:
        rows = self.days.setdefault(day, [])
        thread = f"{len(rows) % 65_536:04X}"
        for text in (
            "Connected",
            ">>> 220 mail",
            "<<< EHLO x",
            ">>> 250-mail Hello",
            *texts,
            "<<< QUIT",
            ">>> 221 bye",
            "Disconnected",
        ):
            rows.append((time, f"{peer:<16}[{thread}] {time} {text}\n"))

    def login(
        self, day: int, time: str, peer: str, user: str, *mail: str, secret: str = "S3cret!", reply: str = "235 ok"
    ) -> None:
        """Log in and send one message for each sender of `mail`."""
        texts = [f"<<< AUTH PLAIN {b64(chr(0) + user + chr(0) + secret)}", f">>> {reply}"]
        for sender in mail:
            self.sent += 1
            texts += [
                f"<<< MAIL FROM:<{sender}>",
                ">>> 250 ok",
                f"<<< RCPT TO:<r{self.sent}@partner.example>",
                ">>> 250 ok",
            ]
            texts += ["<<< DATA", ">>> 354 go", f">>> 250 2.6.0 Message id ABC{self.sent:05d} accepted for delivery"]
        self.session(day, time, peer, *texts)

    def habit(self, user: str, days: int = 5, peer: str = OFFICE) -> None:
        """Let an owner send one ordinary message a day."""
        for day in range(10, 10 + days):
            self.login(day, "09:00:00", peer, user, user)

    def write(self) -> Path:
        logs = self.root / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        for day, rows in self.days.items():
            ordered = sorted(rows, key=lambda row: row[0])
            (logs / f"s202611{day:02d}-00.log").write_text("".join(line for _, line in ordered))
        return self.root


@pytest.fixture
def judged(cli: Callable[..., Ran]) -> Callable[[Logs], dict[str, dict[str, Any]]]:
    def judge(logs: Logs, *words: str) -> dict[str, dict[str, Any]]:
        ran = cli("find-account", "--root", logs.write(), "--format", "json", *words)
        assert (ran.code, ran.err) == (0, "")
        return {account["account"]: account for account in json.loads(ran.out)["accounts"]}

    return judge


Judge = "Callable[[Logs], dict[str, dict[str, Any]]]"


def test_an_alias_used_once_from_the_phone_accuses_nobody(judged: Callable[..., Any], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it")
    logs.login(15, "20:00:00", PHONE, "anna@example.it", "anna.rossi@example.it")
    assert judged(logs)["anna@example.it"]["verdict"] == "clear"


def test_the_owners_own_infected_computer_is_suspect(judged: Callable[..., Any], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it", days=6)
    for minute in range(0, 60, 2):
        logs.login(16, f"10:{minute:02d}:00", OFFICE, "anna@example.it", *["pippo@gmail.com"] * 2)
    queue = tmp_path / "mail" / "_outgoing"
    queue.mkdir(parents=True)
    for number in range(7, 67):
        head = f"LocalSender: anna@example.it\nFrom: pippo@gmail.com\nMsgID: ABC{number:05d}\nSubject: x\n\n"
        (queue / str(number)).write_text(head)
    found = judged(logs)["anna@example.it"]
    assert found["verdict"] == "suspect"
    assert {signal["family"] for signal in found["signals"]} == {"queue", "sender"}
    assert found["entry_ts"].endswith("-16T10:00:00+01:00")
    assert [(place["attacking"], place["usual"]) for place in found["client_ips"]] == [
        (True, True)
    ]  # not to be blocked


def test_who_was_visited_before_the_spam_began_was_entered(judged: Callable[..., Any], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    for name in ("anna", "carla", "bruno"):
        logs.habit(f"{name}@example.it")
    logs.login(15, "09:00:00", THIEF, "carla@example.it")
    logs.login(15, "10:00:00", THIEF, "anna@example.it", *["pippo@gmail.com"] * 20)
    found = judged(logs)
    also = {other["account"]: other["entered"] for other in found["anna@example.it"]["also_tried_by_same_ips"]}
    assert also == {"carla@example.it": True}
    assert found["anna@example.it"]["verdict"] == "compromised"
    assert found["carla@example.it"]["verdict"] != "clear"
    assert found["bruno@example.it"]["verdict"] == "clear"


def test_colleagues_of_an_infected_computer_are_not_tainted(judged: Callable[..., Any], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    for name in ("anna", "carla", "bruno"):
        logs.habit(f"{name}@example.it")
    logs.login(15, "10:00:00", OFFICE, "anna@example.it", *["pippo@gmail.com"] * 60)
    found = judged(logs)
    assert {found[f"{name}@example.it"]["verdict"] for name in ("carla", "bruno")} == {"clear"}


def test_two_role_accounts_of_one_web_server_do_not_accuse_one_another(
    judged: Callable[..., Any], tmp_path: Path
) -> None:
    logs = Logs(tmp_path)
    for hour in range(8, 13):
        for name in ("support", "sales"):
            logs.login(10, f"{hour:02d}:00:00", OFFICE, f"{name}@example.it", *["customer@partner.example"] * 4)
    assert {account["verdict"] for account in judged(logs).values()} == {"clear"}


def test_a_clear_account_that_is_odd_says_so(
    judged: Callable[..., Any], tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    logs = Logs(tmp_path)
    for hour in range(8, 18):
        logs.login(10, f"{hour:02d}:00:00", OFFICE, "tickets@example.it", *["customer@partner.example"] * 4)
    found = judged(logs)["tickets@example.it"]
    assert (found["verdict"], found["confidence"]) == ("clear", "low")
    assert found["doubts"] == ["wrote 40 messages in other names, as a ticket system does"]
    assert (
        "tickets@example.it (confidence low): wrote 40 messages in other names"
        in cli("find-account", "--root", tmp_path).out
    )


def test_failures_whose_secrets_cannot_be_seen_lower_the_confidence(judged: Callable[..., Any], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    for number in range(40):
        said = ("<<< AUTH CRAM-MD5", ">>> 334 PDE+", f"<<< {b64('anna@example.it 0a1b')}", ">>> 535 no")
        logs.session(10, f"03:{number:02d}:00", THIEF, *said)
    logs.session(
        10, "03:45:00", THIEF, "<<< AUTH CRAM-MD5", ">>> 334 PDE+", f"<<< {b64('anna@example.it 0a1b')}", ">>> 235 ok"
    )
    found = judged(logs)["anna@example.it"]
    assert (found["verdict"], found["confidence"]) == ("clear", "low")
    assert "failed 40 times with secrets that the logs do not show" in found["doubts"][0]


def test_a_spray_that_hits_early_is_a_spray(judged: Callable[..., Any], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("user5@example.it")
    for number in range(30):
        reply = "235 ok" if number == 5 else "535 no"
        logs.login(15, f"03:{number:02d}:00", THIEF, f"user{number}@example.it", secret="Winter2026", reply=reply)
    assert judged(logs)["user5@example.it"]["entry"] == "password-spray"


@pytest.mark.parametrize(("own", "verdict"), [(1, "suspect"), (6, "compromised")])
def test_the_guesses_of_others_do_not_make_a_thief_of_who_mistyped_on_a_journey(
    judged: Callable[..., Any], tmp_path: Path, own: int, verdict: str
) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it")
    for number in range(12):
        logs.login(
            14, f"22:{number:02d}:00", f"45.3.{number}.1", "anna@example.it", secret=f"x{number}", reply="535 no"
        )
    for number in range(own):
        logs.login(14, f"23:{number:02d}:00", THIEF, "anna@example.it", secret=f"S3cret{number}", reply="535 no")
    logs.login(14, "23:10:00", THIEF, "anna@example.it", *["anna@example.it"] * 3)
    assert judged(logs)["anna@example.it"]["verdict"] == verdict


def test_what_was_left_out_invents_no_first_try(judged: Callable[..., Any], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    logs.habit("anna@example.it")
    for number in range(40):
        logs.login(14, f"22:{number:02d}:00", THIEF, "anna@example.it", secret=f"guess{number}", reply="535 no")
    logs.login(15, "03:00:00", THIEF, "anna@example.it", *["pippo@gmail.com"] * 20)
    whole = judged(logs)["anna@example.it"]
    assert (whole["entry"], whole["auth_failures_before_entry"]) == ("brute-force", 40)
    assert judged(logs, "--since", "2026-11-15")["anna@example.it"]["entry"] != "first-try"


def test_a_masked_user_is_the_local_sender_of_what_was_sent(judged: Callable[..., Any], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    said = ["<<< AUTH LOGIN", ">>> 334 u", "<<< ***", ">>> 334 p", "<<< ***", ">>> 235 ok"]
    said += [
        "<<< MAIL FROM:<user@example.it>",
        ">>> 250 ok",
        "<<< RCPT TO:<r@partner.example>",
        ">>> 250 ok",
        "<<< DATA",
    ]
    logs.session(10, "09:00:00", OFFICE, *said, ">>> 354 go", ">>> 250 2.6.0 Message id ABC00001 accepted for delivery")
    queue = tmp_path / "mail" / "_outgoing"
    queue.mkdir(parents=True)
    (queue / "a").write_text("LocalSender: user@example.it\nFrom: user@example.it\nMsgID: ABC00001\nSubject: x\n\n")
    found = judged(logs)["user@example.it"]
    assert (found["auth_successes"], found["sent_messages"], found["verdict"]) == (1, 1, "clear")
    assert [place["ip"] for place in found["client_ips"]] == [OFFICE]


def test_mail_of_an_account_that_no_session_shows_is_judged_by_the_queue(
    judged: Callable[..., Any], tmp_path: Path
) -> None:
    logs = Logs(tmp_path)
    for number in range(8):
        fate = [
            "<<< 220 mx",
            ">>> MAIL FROM:<pippo@gmail.com>",
            "<<< 250 ok",
            f">>> RCPT TO:<q{number}@no.example>",
            "<<< 550 5.1.1 no",
        ]
        logs.days.setdefault(10, []).extend(
            ("10:00:00", f"192.0.2.99      [{number:04X}] 10:00:00 {text}\n") for text in fate
        )
    queue = tmp_path / "mail" / "_outgoing"
    queue.mkdir(parents=True)
    for number in range(8):
        head = (
            f"LocalSender: user@example.it\nFrom: pippo@gmail.com\nTo: q{number}@no.example\nMsgID: ZZZ{number:05d}\n\n"
        )
        (queue / str(number)).write_text(head)
    found = judged(logs)["user@example.it"]
    assert (found["verdict"], found["entry"]) == ("compromised", None)
    assert found["confidence"] == "medium"


def test_an_account_traced_by_its_alias_shows_every_session(cli: Callable[..., Ran], tmp_path: Path) -> None:
    logs = Logs(tmp_path)
    for typed in ("anna@example.it", "a.rossi", "a.rossi@example.it", "A.Rossi%example.it"):
        logs.login(10, "09:00:00", OFFICE, typed)
    (tmp_path / "users.csv").write_text("anna@example.it,0,0,anna,anna;a.rossi,pw,\n")
    ran = cli("trace", "anna@example.it", "--root", logs.write(), "--format", "json")
    assert json.loads(ran.out)["sessions_found"] == 4
