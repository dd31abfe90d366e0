"""What logs say in sum is what their sessions say one by one, however the logs are cut and whoever reads them."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import tempfile
from concurrent.futures import BrokenExecutor
from concurrent.futures import Future
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from breachkit import files
from breachkit.records import Session
from breachkit.servers import LogTally
from breachkit.servers.facts import LogFacts
from breachkit.servers.facts import Question
from breachkit.servers.icewarp import sieve
from breachkit.servers.icewarp import slabs
from breachkit.servers.icewarp.facts import read_facts
from breachkit.servers.icewarp.facts import read_spans
from breachkit.servers.icewarp.logs import find_logs
from breachkit.servers.icewarp.pieces import cut
from breachkit.servers.icewarp.sessions import by_node
from breachkit.servers.icewarp.sessions import read_sessions
from tests.evidence import build
from tests.servers.icewarp.factories import b64
from tests.servers.icewarp.factories import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.servers import LogFile

WIDE = 1 << 20
"""Bytes of a block that holds all the lines of an example."""

PEERS = ["192.0.2.7", "198.51.100.23", "2001:db8:ffff:ffff::7:1", "SYSTEM", "mx[1].example"]
THREADS = ["15C0", "0838", "00000A1C", "00000A1C000015C0", "15c0", "15C00"]

GREETING = ["Connected, local IP=192.0.2.17", ">>> 220 mail.example.it ESMTP", "<<< EHLO x", ">>> 250-mail Hello x"]
LOGIN = ["<<< AUTH LOGIN", ">>> 334 VXNlcm5hbWU6", f"<<< {b64('anna@example.it')}", ">>> 334 UGFzc3dvcmQ6"]
MAIL = ["<<< MAIL FROM:<a@example.it>", ">>> 250 2.1.0 ok", "<<< RCPT TO:<b@example.net>", ">>> 250 2.1.5 ok"]
CONTENT = ["<<< DATA", ">>> 354 go", "<<< 2809 bytes (overall data transfer speed=1 B/s)", "Start of mail processing"]
TAKEN = [
    "*** <a@example.it> <b@example.net> 1 2804 00:00:01 OK YAR93710",
    ">>> 250 2.6.0 2804 bytes received in 00:00:01; Message id YAR93710 accepted for delivery",
]
END = ["<<< QUIT", ">>> 221 bye", "Disconnected"]
COURSES = [
    [*GREETING, *MAIL, *CONTENT, *TAKEN, *END],
    [*GREETING, ">>> 250 HELP", *LOGIN, "<<< cHc=", ">>> 235 ok", *MAIL, *CONTENT, *TAKEN, *END],
    [*GREETING, *LOGIN, "<<< cHc=", ">>> 535 no", *LOGIN, "<<< cHcy", ">>> 501 5.7.0 Authentication failed", *END],
    [*GREETING, f"<<< AUTH PLAIN {b64(chr(0) + 'bruno' + chr(0) + 'pw')}", ">>> 235 ok", *MAIL, *END],
    [
        *GREETING,
        "<<< STARTTLS",
        ">>> 220 go ahead",
        "<<< EHLO x",
        ">>> 250 x",
        *MAIL,
        ">>> 421 closing",
        "Disconnected",
    ],
    [
        *GREETING,
        *MAIL,
        "<<< RCPT TO:<c@example.net>",
        ">>> 550 5.1.1 no such user",
        "<<< RSET",
        ">>> 250 ok",
        *MAIL,
        *END,
    ],
    [
        *GREETING,
        *MAIL,
        "<<< DATA",
        ">>> 354 go",
        "<<< AUTH LOGIN",
        "<<< x",
        *TAKEN[1:],
        *MAIL,
        *CONTENT,
        ">>> 550 spam",
    ],
    ["Client session", "<<< 220 mx", ">>> EHLO mail", "<<< 250 ok", ">>> MAIL FROM:<a@example.it>", "<<< 250 ok"],
    [">>> RCPT TO:<x@example.net>", "<<< 550 5.1.1 no such user", ">>> QUIT", "<<< 221 bye", "Disconnected"],
    ["*** <a@example.it> <b@example.net> 1 2804 00:00:01 OK YAR93710"],
    [*GREETING, "<<< AUTH LOGIN", "<<< MAIL FROM:<a@example.it>", ">>> 250-more", "<<< RCPT TO:<b@example.net>", *END],
]
ODD = [
    *(
        "<<<",
        ">>>",
        "***",
        "",
        "<<< ",
        ">>> 250",
        ">>> 25",
        "<<< MAILBOX",
        "<<< mail from:<A@example.it>",
        "<<< BDAT 5 LAST",
    ),
    *(
        "Connected",
        "Disconnected",
        "Disconnecte",
        "Connecte",
        "a client session",
        ">>> 220 again",
        "<<< AUTH",
        "<<< 250 x",
    ),
    *(
        ">>> 334 ",
        ">>> 235 ok",
        "<<< cHc=",
        "<<< *",
        ">>> 250-x",
        ">>> 354 go",
        "*** too",
        "<<<x",
        "<<< DATA\t",
        "<<< QUIT x",
    ),
    *(
        "<<< EHLO >>> 235 2.0.0 ok",
        "Start",
        "<<< AUTH =",
        "<<< AUTH CRAM-MD5",
        ">>> 235-x",
        ">>> 300 x",
        "\x0b<<< EHLO",
        "<<< RSETX",
    ),
]

course = st.sampled_from(COURSES) | st.lists(
    st.sampled_from([*ODD, *(text for known in COURSES for text in known)]), max_size=8
)


@st.composite
def logs_of_one_server(draw: st.DrawFn) -> list[tuple[datetime, bytes]]:
    """Draw lines with their moments, in order; courses of one key follow one another, those of several mix."""
    keys = draw(st.lists(st.tuples(st.sampled_from(PEERS), st.sampled_from(THREADS)), min_size=1, max_size=4))
    queues: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        queues.setdefault(key, []).extend(text for known in draw(st.lists(course, max_size=5)) for text in known)
    # one draw each for the mixing and the pauses keeps examples small
    dice = random.Random(draw(st.integers(0, 2**32)))
    calm = draw(st.booleans())
    ts = datetime(2026, 11, 19, 22, 0, tzinfo=UTC)
    rows: list[tuple[datetime, bytes]] = []
    alive = [key for key, queue in queues.items() if queue]
    while alive:
        key = dice.choice(alive)
        pauses = [0, 0, 0, 1, 60] if calm else [0, 0, 1, 60, 3600, 13 * 3600, 25 * 3600, -1, -3000]
        ts += timedelta(seconds=dice.choice(pauses))
        gap = " " * max(16 - len(key[0]), 0) if calm or dice.random() < 0.8 else dice.choice(["", " ", "\t"])
        fraction = "" if calm or dice.random() < 0.9 else dice.choice([".123", ",5", "x", "Z"])
        stamp = f"{ts:%H:%M:%S}" if calm or dice.random() < 0.95 else f"{ts:%Y-%m-%d %H:%M:%S}"
        text = queues[key].pop(0)
        line = f"{key[0]}{gap}[{key[1]}] {stamp}{fraction} {text}"
        rows.append(
            (ts, (line if calm or dice.random() < 0.97 else dice.choice(["", "alien", line[:20], " " + line])).encode())
        )
        alive = [one for one in alive if queues[one]]
    return rows


def write(
    folder: Path, rows: Sequence[tuple[datetime, bytes]], cuts: Sequence[int], eol: bytes, is_packed: bool
) -> None:
    numbers: dict[str, int] = {}
    bounds = sorted({0, *(place for place in cuts if place < len(rows))})
    for begin, end in zip(bounds, [*bounds[1:], len(rows)], strict=True):
        piece = rows[begin:end]
        if piece:
            day = f"{piece[0][0]:%Y%m%d}"
            name = f"s{day}-{numbers.setdefault(day, 0):02d}.log"
            numbers[day] += 1
            text = eol.join(line for _, line in piece) + (eol if begin else b"")
            (folder / name).write_bytes(text)
            if is_packed:
                with gzip.open(folder / f"{name}.gz", "wb") as stream:
                    stream.write(text)
                (folder / name).unlink()


def one_by_one(logs: Sequence[LogFile], question: Question) -> tuple[Any, ...]:
    facts, tally = LogFacts(), LogTally()
    for row in read_sessions(logs, reading(), tally):
        if isinstance(row, Session):
            facts.take(row, question)
        else:
            facts.skip([row])
    return in_order(facts, tally)


def in_order(facts: LogFacts, tally: LogTally) -> tuple[Any, ...]:
    return (
        sorted(facts.attempts, key=lambda tried: tried.source),
        sorted(facts.sends, key=lambda sent: sent[3].source),
        sorted(facts.deliveries, key=repr),
        dict(facts.sessions),
        dict(facts.accepted),
        facts.sources,
        facts.attempts.session_of(),
        {reason: number for reason, (number, _) in facts.skipped.items()},
        [getattr(tally, name) for name in LogTally.__slots__],
    )


def read(logs: Sequence[LogFile], question: Question, size: int) -> tuple[Any, ...]:
    tally = LogTally()
    nodes = [cut(node, size) for node in by_node(logs, frozenset({"smtp"}))]
    return in_order(read_spans(nodes, reading(), question, tally, 1), tally)


@settings(max_examples=80, deadline=None)
@given(
    logs_of_one_server(),
    st.lists(st.integers(1, 120), max_size=3),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.sampled_from([40, 150, 700, 4000]),
    st.sampled_from([100, 1000, WIDE]),
    st.sampled_from(
        [
            Question(),
            Question(by_hour=False),
            Question(queue_ids=frozenset({"YAR93710"})),
            Question(queue_ids=frozenset({"YAR93710"}), by_hour=False),
            Question(queue_ids=frozenset({"YAR93710", "e"}), by_hour=False),
            Question(since=1795131000.0, until=1795200000.0),
            Question(since=1795131000.0, until=1795200000.0, by_hour=False),
        ]
    ),
)
def test_facts_are_those_of_the_sessions_whatever_the_cut(  # noqa: PLR0917  as many as are drawn
    rows: list[tuple[datetime, bytes]],
    cuts: list[int],
    eol: bytes,
    is_packed: bool,
    size: int,
    block: int,
    question: Question,
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        write(Path(name), rows, cuts, eol, is_packed)
        logs = find_logs([Path(name)], Path(name)).logs
        expected = one_by_one(logs, question)
        patch.setattr(files, "BLOCK", block)
        patch.setattr(slabs, "BLOCK", block)
        if block < WIDE:  # keys meet in a slot, and nothing waits long
            for limit, small in (("BITS", 2), ("MOST_WAITING", 2), ("WORTH_WEAVING", 3)):
                patch.setattr(sieve, limit, small)
        assert read(logs, question, 1 << 30) == expected
        assert read(logs, question, size) == expected


@pytest.mark.parametrize("story", ["brute-force", "two-accounts", "guide"])
def test_a_story_reads_the_same_in_tiny_spans(story: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(story, tmp_path / story, seed=11)
    logs = find_logs([tmp_path / story / "logs"], tmp_path).logs
    question = Question()
    expected = one_by_one(logs, question)
    assert expected[0]
    monkeypatch.setattr(slabs, "BLOCK", 20_000)
    monkeypatch.setattr(files, "BLOCK", 20_000)
    for size in (1 << 30, 50_000, 7_001):
        assert read(logs, question, size) == expected


def test_jobs_make_no_difference_to_what_is_said(tmp_path: Path) -> None:
    build("brute-force", tmp_path / "story", seed=12)
    words = [sys.executable, "-m", "breachkit", "find-account", "--root", str(tmp_path / "story"), "--format", "json"]
    said = [
        subprocess.run([*words, "--timezone", "Europe/Rome", "--jobs", jobs], capture_output=True, check=True).stdout
        for jobs in ("1", "2", "3")
    ]
    assert json.loads(said[0])["accounts"]
    assert said[0] == said[1] == said[2]


def test_a_process_of_its_own_reads_a_span(tmp_path: Path) -> None:
    build("two-accounts", tmp_path / "story", seed=13)
    logs = find_logs([tmp_path / "story" / "logs"], tmp_path).logs
    done: list[int] = []
    tally = LogTally()
    facts = read_facts(logs, reading()._replace(progress=done.append), Question(), tally, 2)
    assert in_order(facts, tally) == one_by_one(logs, Question())
    assert sum(done) == sum(log.size for log in logs if log.service == "smtp")


class KilledPool(ThreadPoolExecutor):
    """A pool whose processes are all killed."""

    def __init__(self, _number: int, mp_context: object) -> None:
        super().__init__(1)

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(BrokenExecutor("killed"))
        return future


def test_what_a_killed_process_left_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build("guide", tmp_path / "story", seed=14)
    logs = find_logs([tmp_path / "story" / "logs"], tmp_path).logs
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", KilledPool)
    tally = LogTally()
    facts = read_facts(logs, reading(), Question(), tally, 2)
    assert in_order(facts, tally) == one_by_one(logs, Question())


@pytest.mark.parametrize(
    ("module", "absent"),
    [("breachkit.servers.icewarp", "numpy"), ("breachkit.servers.icewarp.stitch", "pandas")],
)
def test_who_reads_imports_no_more_than_reading_needs(module: str, absent: str) -> None:
    code = f"import sys, {module}; sys.exit({absent!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
