"""Logins at POP3 and IMAP, as far as their lines have the known form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from breachkit.records import AuthAttempt
from breachkit.servers import LogTally
from breachkit.servers.icewarp.doors import read_doors
from breachkit.servers.icewarp.logs import find_logs
from tests.servers.icewarp.factories import FINGERPRINTS
from tests.servers.icewarp.factories import b64
from tests.servers.icewarp.factories import lines
from tests.servers.icewarp.factories import reading
from tests.servers.icewarp.factories import write_log

if TYPE_CHECKING:
    from pathlib import Path


def attempts(folder: Path, name: str, *texts: str) -> list[AuthAttempt]:
    path = write_log(folder, lines(*texts), name)
    rows = read_doors(find_logs([path], None), reading(), LogTally())
    return [row for row in rows if isinstance(row, AuthAttempt)]


PLAIN = b64("\0anna\0pw")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["<<< 1 LOGIN anna pw", ">>> 1 NO failed"], ("anna", "failure", "pw")),
        (['<<< a2 login "an\\"na" "p w"', ">>> * 1 EXISTS", ">>> a2 OK done"], ('an"na', "success", "p w")),
        (["<<< 1 LOGIN anna ***", ">>> 1 BAD what"], ("anna", "failure", None)),
        (["<<< 3 AUTHENTICATE PLAIN", ">>> + ", f"<<< {PLAIN}", ">>> 3 OK"], ("anna", "success", "pw")),
        ([f"<<< 3 AUTHENTICATE PLAIN {PLAIN}", ">>> 2 OK other", ">>> 3 NO"], ("anna", "failure", "pw")),
    ],
)
def test_imap_logins(texts: list[str], expected: tuple[str, str, str | None], tmp_path: Path) -> None:
    (attempt,) = attempts(tmp_path, "m20261120-00.log", "Connected", *texts)
    secret = None if expected[2] is None else FINGERPRINTS.of(expected[2])
    assert (attempt.user, attempt.outcome, attempt.secret, attempt.service) == (*expected[:2], secret, "imap")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["<<< USER anna", ">>> +OK", "<<< PASS p w", ">>> -ERR no"], ("anna", "failure", "p w")),
        (["<<< user anna", ">>> +OK", "<<< pass pw", ">>> +OK in"], ("anna", "success", "pw")),
        (["<<< APOP anna c4c9334bac560ecc979e58001b3e22fb", ">>> +OK"], ("anna", "success", None)),
        (["<<< AUTH PLAIN", ">>> + ", f"<<< {PLAIN}", ">>> +OK"], ("anna", "success", "pw")),
    ],
)
def test_pop3_logins(texts: list[str], expected: tuple[str, str, str | None], tmp_path: Path) -> None:
    (attempt,) = attempts(tmp_path, "p20261120-00.log", ">>> +OK ready", *texts)
    secret = None if expected[2] is None else FINGERPRINTS.of(expected[2])
    assert (attempt.user, attempt.outcome, attempt.secret, attempt.service) == (*expected[:2], secret, "pop3")


def test_what_a_client_types_is_no_answer(tmp_path: Path) -> None:
    assert attempts(tmp_path, "m20261120-00.log", "<<< 1 LOGIN anna pw", "<<< 1 OK done", "alien") == []


def test_a_new_connection_forgets_the_old_one(tmp_path: Path) -> None:
    texts = ["<<< USER anna", "Disconnected", "Connected", "<<< PASS pw", ">>> -ERR"]
    (attempt,) = attempts(tmp_path, "p20261120-00.log", *texts)
    assert attempt.user is None


def test_lines_of_another_form_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "c20261120-00.log"
    path.write_bytes(b"GET /webmail/ 200\n\xff\xfe\n203.0.113.9 [15C0] 08:00:00 <<< GET /\n")
    tally = LogTally()
    assert list(read_doors(find_logs([path], None), reading(), tally)) == []
    assert (tally.lines, tally.session_lines) == (3, 1)
