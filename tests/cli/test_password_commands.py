"""weak-passwords, harden and contain as a user meets them: whole outputs, exit codes, and never a password."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

import breachkit.cli as command_line
from breachkit.detect.passwords import weak_accounts
from breachkit.evidence.products import known_servers
from tests.schemas import validate

SAMPLE = Path(__file__).parents[2] / "sample_queues" / "icewarp" / "guide"

USERS = """\
anna@example.it,0,0,anna,anna,{strong},
marco@example.it,0,0,marco,marco,Marco2024!,
laura@example.it,0,1,laura,laura;vendite,vendite,
blank@example.it,0,0,blank,blank,,
masked@example.it,0,0,masked,masked,*****,
tutti@example.it,1,0,tutti,tutti,,
"""
STRONG = "c4n4ry-Zq8!,vKx"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Runner = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.delenv("BREACHKIT_ROOT", raising=False)

    def running(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["breachkit", *map(str, arguments)])
        code = command_line.run()
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return running


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text(USERS.format(strong=STRONG))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    shutil.copytree(SAMPLE, folder)
    (folder / "settings.txt").write_text(
        "C_Mail_Security_Protection_RejectSMTPAuthSender: 0\nC_Mail_Security_Relay_RelayMode: 1\n",
    )
    return folder


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no mail server be at its default place, whatever is installed on this machine."""
    servers = [replace(server, default_roots=()) for server in known_servers()]
    monkeypatch.setattr("breachkit.evidence.where.known_servers", lambda: servers)


GOLDEN = """\
Guessable: the passwords of 3 of 4 accounts.

By class
  class             accounts  the password is
  blank                    1  no password at all
  equals-alias             1  an alias, or the address
  username-variant         1  made of the user name
  below-policy             1  below the policy

Accounts, worst first
  account           classes
  blank@example.it  blank
  laura@example.it  equals-alias, below-policy  disabled
  marco@example.it  username-variant

What was judged
  4 passwords judged.
  Not readable: 1 password (masked, not exported, or held by a directory). Not readable is not
  strong.
  Not people: 1 account (lists, groups, services), not judged.

Next
  breachkit harden --print-commands
"""


def test_the_report_of_weak_passwords(run: Runner, users: Path) -> None:
    assert run("weak-passwords", users, "--min-length", 8) == Ran(0, GOLDEN, "")


def test_the_object_of_weak_passwords(run: Runner, users: Path) -> None:
    ran = run("weak-passwords", users, "--format", "json", "--fail-on-findings", "--timezone", "UTC")
    found = json.loads(ran.out)
    assert ran.code == 10
    assert found["schema"] == "breachkit.weak-passwords/1"
    assert (found["checked"], found["unreadable"], found["not_people"]) == (4, 1, 1)
    assert found["accounts"][1] == {
        "account": "laura@example.it",
        "classes": ["equals-alias"],
        "disabled": True,
        "admin": None,
        "directory": False,
        "any_password": False,
        "shared_with": [],
        "shared_by": 1,
        "tried": False,
    }


def test_accounts_that_the_attackers_tried_come_first(run: Runner, root: Path) -> None:
    with (root / "users.csv").open("a") as stream:
        stream.write("aaa@example.it,0,0,aaa,aaa,aaa,\n")
    found = json.loads(run("weak-passwords", "--root", root, "--format", "json").out)
    assert [(row["account"], row["tried"]) for row in found["accounts"]] == [
        ("user@example.it", True),
        ("aaa@example.it", False),
    ]


def test_the_policy_may_come_from_the_settings(run: Runner, users: Path, tmp_path: Path) -> None:
    settings = tmp_path / "policy.txt"
    settings.write_text("C_Accounts_Policies_Pass_MinLength: 40\n")
    found = json.loads(run("weak-passwords", users, "--policy", settings, "--format", "json").out)
    assert {"account": "anna@example.it", "classes": ["below-policy"]}.items() <= found["accounts"][-1].items()


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        (b"", 1, "holds no account"),
        (b"\0\1\2" * 40, 1, "not a table of text"),
        (b"words\nand words\n", 1, "--columns"),
        (b"email,password\n", 1, "holds no account"),
        (b"email,password\na@example.it,\n", 0, ""),
        (b"email,password\na@example.it,x\na@example.it,y\n", 3, ""),
    ],
)
def test_bad_tables_are_one_sentence_or_a_count(run: Runner, users: Path, raw: bytes, code: int, said: str) -> None:
    users.write_bytes(raw)
    ran = run("weak-passwords", users)
    assert ran.code == code
    assert said in ran.err
    assert ran.err.count("\n") == (code == 1)


@pytest.mark.usefixtures("bare_machine")
def test_nothing_named_is_wrong_usage(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("weak-passwords")
    assert (ran.code, ran.out) == (2, "")
    assert "weak-passwords users.csv" in ran.err


def test_hardening_speaks_of_the_incident(run: Runner, root: Path) -> None:
    ran = run("harden", "--root", root, "--format", "json", "--fail-on-findings")
    found = json.loads(ran.out)
    rows = {row["name"]: row for row in found["settings"]}
    row = rows["C_Mail_Security_Protection_RejectSMTPAuthSender"]
    assert ran.code == 10
    assert list(row) == ["name", "value", "recommended", "status", "why", "fix", "console"]
    assert (row["value"], row["status"]) == ("0", "fail")
    assert "AUTH was user@example.it, MAIL FROM pippo@gmail.com: this setting would have refused it" in row["why"]
    assert row["fix"] == "tool set system C_Mail_Security_Protection_RejectSMTPAuthSender 1"
    assert row["console"] == {
        "path": "Mail > Security > Advanced",
        "en": "Reject if SMTP AUTH is different from sender",
        "path_it": "Posta > Sicurezza > Avanzate",
        "it": "Respingi se SMTP AUTH non corrisponde al mittente",
    }
    assert rows["C_Mail_Security_Relay_RelayMode"]["status"] == "pass"
    assert rows["C_Mail_Security_Relay_POPSMTP"]["value"] is None


def test_hardening_as_text(run: Runner, root: Path) -> None:
    ran = run("harden", root / "settings.txt")
    assert ran.code == 0
    assert ran.out.startswith("1 fail, 0 advice, 48 unknown, 1 pass\n")
    assert "    tool set system C_Mail_Security_Protection_RejectSMTPAuthSender 1\n" in ran.out


def test_the_lines_that_collect_settings_need_no_evidence(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("harden", "--print-commands")
    assert ran.code == 0
    assert "tool.exe get system C_Mail_Security_Relay_RelayMode >> settings.txt\n" in ran.out
    assert "./tool.sh get system C_Mail_Security_Relay_RelayMode >> settings.txt\n" in ran.out


@pytest.mark.parametrize("raw", [b"", b"nothing here\n", b"\0\0\0\1" * 9, b"C_Unknown_Name: 1\n"])
def test_bad_settings_are_one_sentence(run: Runner, tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "settings.txt"
    path.write_bytes(raw)
    ran = run("harden", path)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)


TITLES = [
    "Stop new sending",
    "Check the owner's computers for malware, before the new password is set there",
    "Change the password",
    "End live sessions",
    "Remove what persists: forward, copy, responder, rules, remote address",
    "Then purge the queue",
    "Set limits",
    "Block the attacking addresses, for 30 minutes",
    "Let the owner in again",
]


def test_containment_of_all_compromised_accounts_in_the_guides_order(run: Runner, root: Path) -> None:
    found = json.loads(run("contain", "--root", root, "--format", "json").out)
    assert [(one["account"], one["verdict"]) for one in found["accounts"]] == [("user@example.it", "compromised")]
    steps = found["accounts"][0]["steps"]
    assert [step["title"] for step in steps] == TITLES
    assert all(step["what"] and step["side_effect"] and step["undo"] and step["check"] for step in steps)
    assert (found["block"], found["block_minutes"]) == (["203.0.113.155"], 30)


def test_the_block_list_leaves_out_where_the_owner_works(run: Runner, root: Path) -> None:
    ran = run("contain", "--root", root, "--block-list", "plain")
    assert (ran.code, ran.out) == (0, "203.0.113.155\n")


@pytest.mark.usefixtures("bare_machine")
def test_what_persists_is_read_from_the_export(run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    export = tmp_path / "users.csv"
    export.write_text("email,u_mailbox,u_forwardto\nanna@example.it,anna,thief@example.net\n")
    ran = run("contain", "anna@example.it", "--accounts", export)
    assert "In the export it forwards its mail." in ran.out
    assert '       tool.exe set account "anna@example.it" u_forwardto ""\n' in ran.out
    assert '       ./tool.sh set account "anna@example.it" u_forwardto ""\n' in ran.out
    assert "u_password" not in ran.out


@pytest.mark.parametrize(
    "name", ['a"$(reboot)@example.it', "a`b`@example.it", "%PATH%@example.it", "a\x1b[2J@example.it"]
)
def test_a_hostile_name_never_stands_in_a_command(run: Runner, root: Path, name: str) -> None:
    ran = run("contain", name, "--root", root)
    assert 'tool.exe set account "ACCOUNT" u_accountdisabled 1' in ran.out
    assert not [line for line in ran.out.splitlines() if "tool " in line and name.partition("@")[0] in line]
    assert "\x1b[2J" not in ran.out


def test_without_a_compromised_account_there_is_nothing_to_contain(run: Runner, root: Path) -> None:
    shutil.rmtree(root / "logs")
    shutil.rmtree(root / "mail" / "_outgoing")
    (root / "mail" / "_outgoing").mkdir()
    ran = run("contain", "--root", root)
    assert (ran.code, ran.out) == (1, "")
    assert "breachkit contain ACCOUNT" in ran.err


CANARIES = ["c4n4ry-Plain!9", "Anna-c4n4ry", "anna1984c4n4ry", "c4n4ry,with,commas", "{CLEAR}c4n4ry-X"]


def traces(secret: str) -> set[str]:
    raw = secret.encode()
    digests = {hashlib.new(name, raw).hexdigest() for name in ("md5", "sha1", "sha256", "sha512")}
    return {secret, base64.b64encode(raw).decode().rstrip("="), *digests, *(digest.upper() for digest in digests)}


def leaks(text: str) -> list[str]:
    forbidden = set().union(*map(traces, CANARIES)) | {"c4n4ry"}
    return [word for word in forbidden if word in text]


@pytest.fixture
def canaries(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    lines = [f"u{number}@example.it,0,0,u{number},u{number},{secret}," for number, secret in enumerate(CANARIES)]
    hashes = sorted(set().union(*map(traces, CANARIES[:1])) - {CANARIES[0]})
    lines += [f"h{number}@example.it,0,0,h{number},h{number},{digest}," for number, digest in enumerate(hashes[::4])]
    lines += ["c4n4ry without an address,x,", lines[0]]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--format", "json"],
        ["--min-length", "99", "--min-digits", "9", "--min-signs", "9", "--min-letters", "9", "--min-capitals", "9"],
        ["--columns", "address,type,disabled,username,alias,password"],
        ["--columns", "password,address"],
        ["--max-minutes", "0"],
        ["--hibp", "HIBP"],
        ["--policy", "USERS"],
        ["--root", "ROOT"],
        ["-v"],
        ["--no-such-option"],
    ],
)
def test_no_option_shows_a_password_its_base64_or_its_hash(
    run: Runner, canaries: Path, root: Path, tmp_path: Path, options: list[str]
) -> None:
    hibp = tmp_path / "hibp"
    hibp.mkdir()
    for secret in CANARIES:
        digest = hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest().upper()
        (hibp / f"{digest[:5]}.txt").write_text(f"{digest[5:]}:1\n")
    places = {"HIBP": str(hibp), "USERS": str(canaries), "ROOT": str(root)}
    ran = run("weak-passwords", canaries, *(places.get(option, option) for option in options))
    assert leaks(ran.out + ran.err) == []


@pytest.mark.parametrize(
    "command", [["harden"], ["contain", "u0@example.it", "--accounts"], ["find-account", "--accounts"]]
)
def test_no_other_command_shows_a_password_of_the_export(
    run: Runner, canaries: Path, root: Path, command: list[str]
) -> None:
    ran = run(*command, canaries, "--root", root)
    assert leaks(ran.out + ran.err) == []


@pytest.mark.parametrize("breaking", ["is_popular", "weaknesses_by_name", "Policy.is_met_by", "recognise"])
def test_a_crash_shows_no_password(run: Runner, canaries: Path, monkeypatch: pytest.MonkeyPatch, breaking: str) -> None:
    def crash(*_arguments: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(f"{weak_accounts.__name__}.{breaking}", crash)
    with pytest.raises(RuntimeError) as caught:
        run("weak-passwords", canaries, "--min-length", 8)
    assert leaks("".join(traceback.format_exception(caught.value))) == []


def test_a_crash_of_the_real_process_shows_no_password(canaries: Path) -> None:
    code = (
        "import sys, breachkit.detect.passwords.weak_accounts as judging\n"
        "judging.is_popular = lambda secret: 1 / 0\n"
        "from breachkit.cli import run\n"
        f"sys.argv = ['breachkit', 'weak-passwords', {str(canaries)!r}]\n"
        "sys.exit(run())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "ZeroDivisionError" in ran.stderr
    assert leaks(ran.stdout + ran.stderr) == []


@pytest.mark.parametrize(
    "words", [["weak-passwords"], ["harden"], ["contain"], ["contain", "new@example.it"]], ids=lambda words: words[0]
)
def test_the_object_is_what_its_schema_says(run: Runner, root: Path, words: list[str]) -> None:
    ran = run(*words, "--root", root, "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    assert validate(ran.out)["schema"] == f"breachkit.{words[0]}/1"
