"""What logs say in sum is what their sessions say one by one, however the logs are cut and whoever reads them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit import files
from breachkit.logs.facts import LogFacts, Question
from breachkit.logs.reader import by_node
from breachkit.logs.spans import Task, cut, read_facts, read_stretches
from breachkit.parallel import Crew
from breachkit.progress import silent
from tests.evidence import build
from tests.servers.icewarp.drawn import WIDE, logs_of_one_server, write
from tests.servers.icewarp.factories import find_logs, lines, read_sessions, reading, write_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.logs.kinds import LogFile


def of_sessions(logs: Sequence[LogFile], question: Question) -> tuple[Any, ...]:
    """Say of all sessions, read in one go, what is asked for: tries, messages, deliveries."""
    tries: list[Any] = []
    sends: list[Any] = []
    gone: list[Any] = []
    for row in read_sessions(logs, reading()):
        if not question.is_inside(row.start.timestamp()):
            continue
        tries += row.kept.attempts
        gone += row.kept.deliveries
        for sent in row.kept.transactions:
            tried = None if sent.attempt is None else row.kept.attempts[sent.attempt]
            if tried is not None or sent.queue_id in question.queue_ids - {None}:
                sends.append((row.client_ip, tried and tried.user, tried and tried.source, sent))
    return tuple(sorted(rows, key=repr) for rows in (tries, sends, gone))


def in_order(facts: LogFacts) -> tuple[Any, ...]:
    return (
        *(sorted(rows, key=repr) for rows in (facts.attempts, facts.sends, facts.deliveries)),
        dict(facts.sessions),
        dict(facts.accepted),
        facts.sources,
        facts.attempts.session_of(),
        facts.skipped,
        facts.tally,
    )


def read(logs: Sequence[LogFile], question: Question, size: int | None) -> tuple[Any, ...]:
    """Read logs in one go, or in spans of so many bytes, each by itself."""
    spans = [cut(node, size or 1 << 40) for node in by_node(log for log in logs if "smtp" in log.services)]
    with Crew(Task(reading(), question), 1) as crew:
        return in_order(read_stretches(crew, spans, silent))


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
            Question(queue_ids=frozenset({"YAR93710", "e"}), by_hour=False),
            Question(since=1795131000.0, until=1795200000.0),
        ]
    ),
)
def test_facts_are_those_of_the_sessions_whatever_the_cut(
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
        whole = read(logs, question, None)
        assert whole[:3] == of_sessions(logs, question)
        patch.setattr(files, "BLOCK", block)
        assert read(logs, question, None) == whole
        assert read(logs, question, size) == whole


@pytest.mark.parametrize("story", ["brute-force", "two-accounts", "guide"])
def test_a_story_reads_the_same_in_tiny_spans(story: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(story, tmp_path / story, seed=11)
    logs = find_logs([tmp_path / story / "logs"], tmp_path).logs
    whole = read(logs, Question(), None)
    assert whole[:3] == of_sessions(logs, Question())
    assert whole[0]
    monkeypatch.setattr(files, "BLOCK", 20_000)
    for size in (1 << 30, 50_000, 7_001):
        assert read(logs, Question(), size) == whole


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
    facts = read_facts(logs, reading()._replace(progress=done.append), Question(), 2)
    assert in_order(facts) == read(logs, Question(), None)
    assert sum(done) == sum(log.size for log in logs if "smtp" in log.services)


class KilledHelper(subprocess.Popen[bytes]):
    """A helper that is killed as soon as it begins."""

    def __init__(self, *words: Any, **options: Any) -> None:
        super().__init__(*words, **options)
        self.kill()


def test_what_a_killed_process_left_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build("guide", tmp_path / "story", seed=14)
    logs = find_logs([tmp_path / "story" / "logs"], tmp_path).logs
    monkeypatch.setattr("subprocess.Popen", KilledHelper)
    facts = read_facts(logs, reading(), Question(), 2)
    assert in_order(facts) == read(logs, Question(), None)


SUMMARY = "*** <a@example.it> <b@example.net> 1 2804 00:00:01 OK YAR93710"
REFUSED = "*** <a@example.it> <b@example.net> 1 2804 00:00:01 REFUSED"


@pytest.mark.parametrize("size", [None, 1 << 20, 200, 40])
def test_a_session_of_which_only_summaries_are_logged_counts_once(size: int | None, tmp_path: Path) -> None:
    """The level *summary*: a session begins with the first summary of its thread, and lasts until a day of silence."""
    many = [lines(SUMMARY, thread=thread, time="09:10:00") for thread in ("15C0", "0838", "15C0")]
    later = [lines(SUMMARY, REFUSED, time="10:10:00"), lines(SUMMARY, thread="0839", time="10:11:00")]
    write_log(tmp_path, "".join([*many, *later]))
    write_log(tmp_path, lines(SUMMARY, time="07:00:00") + lines(SUMMARY, time="22:00:00"), "s20261121-00.log")
    write_log(tmp_path, lines(SUMMARY, time="22:00:01"), "s20261122-00.log")
    write_log(tmp_path, lines("Connected", ">>> 220 x", "Disconnected", time="10:00:00"), "s20261123-00.log")
    logs = find_logs([tmp_path], tmp_path).logs
    first, last = (datetime(2026, 11, day, tzinfo=UTC).timestamp() for day in (20, 23))
    sessions, accepted, sources = read(logs, Question(), size)[3:6]
    assert sessions == {first + 9 * 3600: 2, first + 10 * 3600: 1, first + 70 * 3600: 1, last + 10 * 3600: 1}
    assert sum(accepted.values()) == 8
    assert {(place.path, place.line) for place in sources.values()} == {
        ("s20261120-00.log", 1),
        ("s20261120-00.log", 6),
        ("s20261122-00.log", 1),
        ("s20261123-00.log", 1),
    }


@pytest.mark.parametrize(
    ("module", "absent"),
    [("breachkit.servers.icewarp", "numpy"), ("breachkit.logs.spans", "pandas")],
)
def test_who_reads_imports_no_more_than_reading_needs(module: str, absent: str) -> None:
    code = f"import sys, {module}; sys.exit({absent!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
