"""Transcripts show who and how, and never a secret, however it was mangled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.logs.sessions import read_transcripts
from breachkit.logs.transcript import MOST_LINES
from tests.servers.icewarp.factories import b64, find_logs, lines, read_sessions, reading, write_log

if TYPE_CHECKING:
    from pathlib import Path

    from breachkit.logs.facts import TranscriptLine

OPENING = ("Connected", ">>> 220 mail.example.it", "<<< EHLO x", ">>> 250 Hello")
CANARY = "c4n4ry-pw"


def transcript(folder: Path, *texts: str, show: bool = False) -> tuple[TranscriptLine, ...]:
    logs = find_logs([write_log(folder, lines(*OPENING, *texts))], None).logs
    wanted = frozenset(session.source for session in read_sessions(logs, reading()))
    ((_, found),) = read_transcripts(logs, reading(), wanted, {"anna", "user"}.__contains__, show)
    return found[len(OPENING) :]


def texts_of(folder: Path, *texts: str) -> list[str]:
    return [line.text for line in transcript(folder, *texts)]


def test_auth_login_is_decoded_and_masked(tmp_path: Path) -> None:
    said = [
        "<<< AUTH LOGIN",
        ">>> 334 VXNlcm5hbWU6",
        f"<<< {b64('anna')}",
        ">>> 334 UGFzc3dvcmQ6",
        f"<<< {b64(CANARY)}",
    ]
    assert texts_of(tmp_path, *said, ">>> 235 ok", "<<< MAIL FROM:<anna@example.it>") == [
        "AUTH LOGIN",
        "334 VXNlcm5hbWU6",
        "anna  [user name, decoded]",
        "334 UGFzc3dvcmQ6",
        "***",
        "235 ok",
        "MAIL FROM:<anna@example.it>",
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f"<<< AUTH PLAIN {b64(chr(0) + 'anna' + chr(0) + CANARY)}", "AUTH PLAIN *** [user anna]"),
        (f"<<< AUTH LOGIN {b64('anna')}", "AUTH LOGIN anna  [user name, decoded]"),
        (
            f"<<< AUTH XOAUTH2 {b64('user=anna' + chr(1) + 'auth=Bearer ' + CANARY + chr(1) + chr(1))}",
            "AUTH XOAUTH2 *** [user anna]",
        ),
        (f"<<< AUTH {b64(CANARY)}", "AUTH ***"),
        (f"<<< AUTH PLAIN {CANARY}!", "AUTH PLAIN ***"),
        (f"<<< AUTHLOGIN {CANARY}", f"***  [no SMTP command, {10 + len(CANARY)} bytes]"),
        (f"<<< {b64(CANARY)}", f"***  [no SMTP command, {len(b64(CANARY))} bytes]"),
        (f"<<< NOOP {CANARY}", "NOOP ***"),
        (f"<<< MAIL {CANARY}", "MAIL ***"),
        ("<<< HELO mail.example.net", "HELO mail.example.net"),
    ],
)
def test_each_form_is_masked(said: str, expected: str, tmp_path: Path) -> None:
    assert texts_of(tmp_path, said) == [expected]


def test_a_password_where_the_user_name_belongs_is_masked(tmp_path: Path) -> None:
    said = [
        "<<< AUTH LOGIN",
        ">>> 334 u",
        f"<<< {b64(CANARY)}",
        ">>> 334 p",
        f"<<< {b64('anna')}",
        f">>> 535 no such user {CANARY}",
    ]
    assert texts_of(tmp_path, *said)[2:] == [
        "***  [user name, of no account that is known]",
        "334 p",
        "***",
        "535 no such user ***",
    ]
    assert texts_of(tmp_path, f"<<< AUTH LOGIN {b64(CANARY)}") == [
        "AUTH LOGIN ***  [user name, of no account that is known]"
    ]


def test_an_echo_of_a_secret_is_masked_too(tmp_path: Path) -> None:
    said = [f"<<< {b64(CANARY)}", f'>>> 500 5.5.1 Unrecognized command "{b64(CANARY)}"', f"note {b64(CANARY)}"]
    assert texts_of(tmp_path, *said)[1:] == ['500 5.5.1 Unrecognized command "***"', "note ***"]


def test_a_secret_that_is_the_user_name_masks_its_place_only(tmp_path: Path) -> None:
    said = [
        "<<< AUTH LOGIN",
        ">>> 334 u",
        f"<<< {b64('user')}",
        ">>> 334 p",
        f"<<< {b64('user')}",
        ">>> 235 welcome user",
    ]
    assert texts_of(tmp_path, *said)[2:] == ["user  [user name, decoded]", "334 p", "***", "235 welcome user"]


def test_passwords_are_shown_only_when_asked_for(tmp_path: Path) -> None:
    said = ["<<< AUTH PLAIN " + b64(f"\0anna\0{CANARY}"), ">>> 535 no"]
    assert [line.secret for line in transcript(tmp_path, *said)] == [None, None]
    assert [line.secret for line in transcript(tmp_path, *said, show=True)] == [CANARY, None]


def test_a_flood_of_lines_is_counted(tmp_path: Path) -> None:
    found = transcript(tmp_path, *(["<<< NOOP"] * (MOST_LINES + 10)))
    assert len(found) == MOST_LINES - len(OPENING)
    assert found[-1].text == f"[{10 + len(OPENING) + 1} more lines of this session]"


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["AUTH LOGIN YW5uYQ==", "AUTH PLAIN", "AUTH {x}", "AUTH PLAIN {x}", "{x}", "RSET {x}", "MAIL {x}", "x {x}"],
        ),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.sampled_from(["334 p", "235 ok", "535 no", "250 ok", "500 what is {x}", ""]), max_size=6),
)
def test_no_order_of_lines_shows_a_secret(said: list[str], replies: list[str]) -> None:
    import tempfile
    from pathlib import Path

    secret = b64(CANARY)
    rows = [f"<<< {text.format(x=secret)}" for text in said]
    # a server can only echo what it was told
    answers = [
        f">>> {text.format(x=secret if secret in row else 'it')}" for text, row in zip(replies, rows, strict=False)
    ]
    mixed = [row for pair in zip(rows, [*answers, *[">>> 250 ok"] * len(rows)], strict=False) for row in pair]
    with tempfile.TemporaryDirectory() as folder:
        shown = "\n".join(line.text for line in transcript(Path(folder), *mixed))
    assert secret not in shown
    assert CANARY not in shown
