"""Logins at POP3 and IMAP, as far as their lines have the known form."""

from __future__ import annotations

import gzip
import tempfile
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit import files
from breachkit.logs.facts import Question
from breachkit.logs.grammar import Listener
from breachkit.logs.reader import LogReader, Stretch, by_node
from breachkit.logs.spans import Task, cut, read_facts, read_stretches
from breachkit.parallel import Crew
from breachkit.progress import silent
from breachkit.records import AuthAttempt
from tests.servers.icewarp.drawn import WIDE, logs_of_one_server, write
from tests.servers.icewarp.factories import FINGERPRINTS, b64, find_logs, lines, reading, write_log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from breachkit.logs.kinds import Event, LogFile


def attempts(folder: Path, name: str, *texts: str) -> list[AuthAttempt]:
    path = write_log(folder, lines(*texts), name)
    return list(read_facts(find_logs([path], None).logs, reading(), Question()).attempts)


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
    path.write_bytes(b"GET /webmail/ 200\n\xff\xfe\n" + b"x" * 70_000 + b"\n203.0.113.9 [15C0] 08:00:00 <<< GET /\n")
    facts = read_facts(find_logs([path], None).logs, reading(), Question())
    assert (list(facts.attempts), facts.skipped) == ([], {})
    assert (facts.tally.lines, facts.tally.session_lines) == (4, 1)


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(lines("<<< NOOP", ">>> +OK").encode())
    (tmp_path / "p20261120-00.log.gz").write_bytes(packed[:-8])
    write_log(tmp_path, lines("<<< USER anna", ">>> +OK", "<<< PASS pw", ">>> +OK"), "p20261120-01.log")
    facts = read_facts(find_logs([tmp_path], tmp_path).logs, reading(), Question())
    assert [one.source.path for one in facts.attempts] == ["p20261120-01.log"]
    assert [place.path for _, places in facts.skipped.values() for place in places] == ["p20261120-00.log.gz"]


TRIES = [
    ["Connected", ">>> +OK ready", "<<< USER anna", ">>> +OK", "<<< PASS pw", ">>> +OK in", "<<< STAT", ">>> +OK 1 2"],
    ["<<< PASS again", "<<< NOOP", ">>> -ERR", "<<< QUIT", ">>> +OK", "Disconnected"],
    ["Connected", "<<< a1 LOGIN anna pw", "<<< a2 NOOP", ">>> * 1 EXISTS", ">>> a2 OK", ">>> a1 NO", "Disconnected"],
    ["<<< 3 AUTHENTICATE LOGIN", ">>> + x", f"<<< {b64('anna')}", ">>> + y", f"<<< {b64('pw')}", ">>> 3 OK in"],
    ["<<< AUTH PLAIN", "<<< USER x", ">>> +OK", "a note with LOGIN in it", "<<< 7 SELECT a", ">>> 7 OK"],
    [
        f"<<< AUTH PLAIN {PLAIN}",
        ">>> -ERR",
        "<<< APOP anna x",
        ">>> +OK",
        "<<< user b",
        "<<< pass c",
        ">>> +ok",
        ">>> +OK",
    ],
]
ODD = [
    "Connected",
    "Disconnected",
    "<<< PASS ",
    "<<< USER",
    ">>> +OK",
    ">>> -ERR",
    "<<< *",
    "<<<",
    "a LOGIN b c",
    "<<< x LOGIN y z",
]
talk = st.sampled_from(TRIES) | st.lists(
    st.sampled_from([*ODD, *(text for said in TRIES for text in said)]), max_size=8
)


def of_all_lines(logs: Sequence[LogFile]) -> list[AuthAttempt]:
    """Lead every line to its session, those that begin no try too."""
    tries: list[AuthAttempt] = []
    (service,) = logs[0].services

    def tell(_session: object, event: Event | None, _distance: int) -> None:
        tries.extend([event] if isinstance(event, AuthAttempt) else [])

    listener = Listener(UTC, FINGERPRINTS, tell, None, service)
    reader = LogReader(logs[0].kind, UTC, listener)
    for log in logs:
        for block in reader.blocks(Stretch(log)):
            reader.lead(block.entries(np.flatnonzero(block.is_line)))
    return tries


@settings(max_examples=60, deadline=None)
@given(
    logs_of_one_server(talk),
    st.lists(st.integers(1, 60), max_size=3),
    st.booleans(),
    st.sampled_from([100, 1000, WIDE]),
    st.sampled_from(["p", "m"]),
    st.sampled_from([None, 40, 150, 700, 4000]),
)
def test_tries_are_those_of_all_lines_however_they_are_cut(
    rows: list[tuple[datetime, bytes]], cuts: list[int], is_packed: bool, block: int, kind: str, size: int | None
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        write(Path(name), rows, cuts, b"\n", is_packed, kind)
        logs = find_logs([Path(name)], Path(name)).logs
        expected = sorted(of_all_lines(logs) if logs else [], key=repr)
        patch.setattr(files, "BLOCK", block)
        nodes = [cut(node, size or 1 << 40) for node in by_node(logs)]
        with Crew(Task(reading(), Question(by_hour=False)), 1) as crew:
            facts = read_stretches(crew, nodes, silent)
        assert sorted(facts.attempts, key=repr) == expected
        assert facts.tally.bytes == sum(log.size for log in logs)


@pytest.mark.parametrize("form", ["<<< 1 LOGIN anna pw", f"<<< 1 AUTHENTICATE PLAIN {PLAIN}"])
def test_a_try_goes_on_from_what_another_process_has_read(form: str, tmp_path: Path) -> None:
    text = lines("Connected", form, *["<<< 2 NOOP"] * 40) + lines(">>> 1 OK in", ">>> 2 OK")
    logs = find_logs([write_log(tmp_path, text, "m20261120-00.log")], None).logs
    facts = read_facts(logs, reading(), Question(), 2)
    assert [(one.user, one.outcome, one.source.line) for one in facts.attempts] == [("anna", "success", 2)]
