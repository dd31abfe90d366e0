"""Logs of events, however they are read: lines all at once or one by one, logs in one go or in stretches."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit.files import LineBlock
from breachkit.logs.clock import Clock
from breachkit.logs.facts import Question
from breachkit.logs.kinds import share
from breachkit.logs.lines import Lines
from breachkit.logs.listing import find_logs
from breachkit.logs.reader import by_node
from breachkit.logs.spans import Task, cut, read_stretches
from breachkit.parallel import Crew
from breachkit.progress import silent
from breachkit.servers import load
from tests.servers.icewarp.factories import reading

if TYPE_CHECKING:
    from breachkit.logs.facts import LogFacts
    from breachkit.logs.kinds import LogKind

SAMPLES = Path(__file__).parents[2] / "sample_queues"
EXIM = load("exim").logs[0]
MAIL = share((*load("postfix").logs, *(kind for kind in load("dovecot").logs if kind.key_of)))
KNOWN = {
    "exim": [
        b"2026-11-12 01:00:00 1xRJib-0000P4-01 <= anna@house.example H=(pc) [203.0.113.9] P=esmtpa A=login:anna S=6",
        b'2026-11-12 01:00:00 1xRJib-0000P4-01 => b@c.example R=outside T=smtp H=c.example [192.0.2.1] C="250 OK"',
        b"2026-11-12 01:00:01.123 +0100 [4711] 1xRJib-0000P4-01 Completed",
        b"2026-02-30 01:00:01 no such day",
        b"2026-11-12 01:00:01 [4711] SMTP connection from [203.0.113.9]:4711 (TCP/IP connection count = 1)",
        b"  set in: it goes on with the line before",
    ],
    "mail": [
        b"Nov 12 01:35:05 mx postfix/submission/smtpd[772]: connect from unknown[203.0.113.9]",
        b"Nov  1 01:35:05 mx dovecot: imap-login: Login: user=<anna>, method=PLAIN, rip=203.0.113.9, session=<abc>",
        b"2026-11-12T01:35:05.123456+01:00 mx postfix/smtp[772]: A30ABE1A9A1: to=<a@b.example>, relay=none, dsn=4.7.1",
        b"2026-11-12T01:35:05.000001+01:00 mx postfix/qmgr[7]: A30ABE1A9A1: removed",
        b"2026-11-12T01:35:05Z mx.example postfix/anvil[12345678901]: x",
        b"Nov 12 01:35:05 mx kernel: no session: at all",
        b"Nov 31 25:35:05 mx postfix/smtpd[7]: no such time",
    ],
}


def one_by_one(kind: LogKind, raw: list[bytes], clock: Clock) -> list[tuple[Any, ...]]:
    """Say of each line what its kind does: key, moment, text; None for one that is none."""
    found: list[tuple[Any, ...]] = []
    for text in raw:
        line = kind.split(text.removesuffix(b"\r").removesuffix(b"\r"), UTC)
        if line is None or line.stamp is None:
            found.append((None, None, None))
            continue
        ts = line.stamp if isinstance(line.stamp, float) else clock.moment_of(line.stamp)
        found.append((None, None, None) if ts is None else (line.key, ts, line.text))
    return found


def at_once(kind: LogKind, raw: list[bytes], clock: Clock) -> list[tuple[Any, ...]]:
    lines = Lines(LineBlock(0, b"\n".join([*raw, b""])), "log", 1, kind, UTC)
    lines.date(clock)
    return [
        (lines.name(row), lines.ts.item(row), lines.raw(row)) if lines.is_line[row] else (None, None, None)
        for row in range(len(lines))
    ]


def mangled(known: list[bytes]) -> st.SearchStrategy[bytes]:
    """Draw known lines, some with a byte changed, left out or put in."""
    signs = st.sampled_from([bytes([one]) for one in b" []:0-9T+.\r\x00\xffA"])
    spot = st.tuples(st.sampled_from(known), st.integers(0, 70), st.integers(0, 1), st.one_of(st.just(b""), signs))
    return st.one_of(
        st.sampled_from(known),
        spot.map(lambda drawn: drawn[0][: drawn[1]] + drawn[3] + drawn[0][drawn[1] + drawn[2] :]),
    )


@pytest.mark.parametrize(("kind", "known"), [(EXIM, KNOWN["exim"]), (MAIL, KNOWN["mail"])], ids=["exim", "mail"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_lines_told_all_at_once_are_those_that_are_split_one_by_one(
    kind: LogKind, known: list[bytes], data: st.DataObject
) -> None:
    raw = data.draw(st.lists(mangled(known), min_size=1, max_size=12))
    day = datetime(2026, 11, 12, tzinfo=UTC).date()
    assert at_once(kind, raw, Clock(day, UTC)) == one_by_one(kind, raw, Clock(day, UTC))


def told(facts: LogFacts) -> tuple[Any, ...]:
    rows = (sorted(some, key=repr) for some in (facts.attempts, facts.sends, facts.deliveries))
    return (*rows, dict(facts.sessions), dict(facts.accepted), facts.attempts.session_of(), facts.skipped, facts.tally)


@pytest.mark.parametrize("story", ["exim/guessed-password", "exim/cpanel-split", "postfix/guessed-password"])
def test_how_a_log_is_cut_makes_no_difference(story: str, tmp_path: Path) -> None:
    for path in (SAMPLES / story / "log").iterdir():
        raw = path.read_bytes()
        (tmp_path / path.name.removesuffix(".gz")).write_bytes(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    kinds = [*load(story.partition("/")[0]).logs, *load("dovecot").logs]
    nodes = by_node(log for log in find_logs([tmp_path], tmp_path, kinds).logs if "smtp" in log.services)
    found = []
    for size in (1 << 40, 40_000, 7_000):
        with Crew(Task(reading(), Question()), 1) as crew:
            found.append(told(read_stretches(crew, [cut(node, size) for node in nodes], silent)))
    assert found[0][0]
    assert found[1:] == found[:1] * 2
