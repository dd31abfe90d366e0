"""Sessions that are sought among many are those that are found where all are read, however the logs are cut."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breachkit import files
from breachkit.logs.facts import Sought
from breachkit.logs.sessions import find_sessions
from tests.servers.icewarp.drawn import WIDE, logs_of_one_server, write
from tests.servers.icewarp.factories import Events, find_logs, lines, read_sessions, reading, write_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from breachkit.logs.kinds import LogFile
    from breachkit.records import Session


def in_order(sessions: list[Session]) -> list[Session]:
    return sorted(sessions, key=lambda session: session.source)


def both(
    logs: tuple[LogFile, ...], sought: Sought, is_wanted: Callable[[Session], bool]
) -> tuple[list[Session], list[Session]]:
    plain = list(read_sessions(logs, reading()))
    found = find_sessions(logs, reading(), sought, Events)
    return in_order(list(filter(is_wanted, found))), in_order(list(filter(is_wanted, plain)))


def is_of(peer: str, session: Session) -> bool:
    return session.client_ip == peer


def carried(text: str, session: Session) -> bool:
    return session.kind == "client" and any(text in one for one in session.kept.deliveries)


def holds(text: str, session: Session) -> bool:
    said = (
        *(sent.queue_id for sent in session.kept.transactions),
        *(sent.queue_id for sent in session.kept.deliveries),
    )
    names = (
        *(name for sent in session.kept.transactions for name in sent.rcpt_to),
        *(d.rcpt_to for d in session.kept.deliveries),
    )
    return text in said or text in names


@settings(max_examples=40, deadline=None)
@given(
    logs_of_one_server(),
    st.lists(st.integers(1, 120), max_size=3),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.sampled_from([100, 1000, WIDE]),
    st.integers(0, 5),
)
def test_what_is_sought_is_found_as_line_by_line(
    rows: list[tuple[datetime, bytes]], cuts: list[int], eol: bytes, is_packed: bool, block: int, nth: int
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        write(Path(name), rows, cuts, eol, is_packed)
        logs = find_logs([Path(name)], Path(name)).logs
        plain = list(read_sessions(logs, reading()))
        places = frozenset(session.source for session in plain[nth::3])
        patch.setattr(files, "BLOCK", block)
        found, expected = both(logs, Sought(places=places), lambda session: session.source in places)
        assert found == expected
        for peer in {session.client_ip for session in plain}:
            found, expected = both(logs, Sought(client_ip=peer), partial(is_of, peer))
            assert found == expected
        for text in ("YAR93710", "b@example.net", "x@example.net"):
            found, expected = both(logs, Sought(texts=frozenset({text})), partial(holds, text))
            assert found == expected
            clients = Sought(texts=frozenset({text, "nobody"}), is_client=True)
            found, expected = both(
                logs,
                clients,
                partial(carried, text),
            )
            assert found == expected


def test_a_text_that_is_no_ascii_is_sought_in_all_of_the_log(tmp_path: Path) -> None:
    path = write_log(tmp_path, lines("Connected", ">>> 220 x", "<<< EHLO y", ">>> 250 x", "Disconnected"))
    found = list(
        find_sessions(find_logs([path], None).logs, reading(), Sought(texts=frozenset({"pérez@example.it"})), Events)
    )
    assert [session.helo for session in found] == ["y"]


def test_progress_tells_of_all_bytes_though_they_are_read_twice(tmp_path: Path) -> None:
    path = write_log(tmp_path, lines("Connected", ">>> 220 x", "<<< EHLO y", ">>> 250 HELP", "Disconnected"))
    logs = find_logs([path], None).logs
    for sought in (Sought(client_ip="203.0.113.9"), Sought(texts=frozenset({"HELP"}))):
        done: list[int] = []
        assert len(list(find_sessions(logs, reading()._replace(progress=done.append), sought, Events))) == 1
        assert logs[0].size - 1 <= sum(done) <= logs[0].size
