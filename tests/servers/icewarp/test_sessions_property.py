"""Any interleaving of known sessions, cut at any line into files, gives the same sessions and AUTH attempts."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.icewarp.factories import b64, find_logs, sessions_of

PEERS = ["192.0.2.7", "198.51.100.23", "203.0.113.155", "2001:db8::7:1"]
THREADS = ["15C0", "0838", "00000A1C"]


class Known(NamedTuple):
    """One session as the test means it."""

    peer: str
    thread: str
    tries: tuple[tuple[str, str, bool], ...]
    queue_id: str | None
    has_banner: bool
    is_closed: bool

    def texts(self) -> list[str]:
        opening = ["Connected, local IP=192.0.2.17"] if self.has_banner else []
        texts = [*opening, ">>> 220 mail.example.it ESMTP IceWarp 10.3.1", "<<< EHLO x", ">>> 250-mail Hello x"]
        for form, user, is_right in self.tries:
            texts += _auth(form, user)
            texts.append(">>> 235 2.0.0 ok" if is_right else ">>> 501 5.7.0 Authentication failed")
        if self.queue_id is not None:
            texts += [
                "<<< MAIL FROM:<a@example.it>",
                ">>> 250 2.1.0 ok",
                "<<< RCPT TO:<b@example.net>",
                ">>> 250 2.1.5 ok",
            ]
            texts += [
                "<<< DATA",
                ">>> 354 go",
                "<<< AUTH LOGIN",
                f">>> 250 2.6.0 9 bytes; Message id {self.queue_id} accepted",
            ]
        return [*texts, "<<< QUIT", ">>> 221 bye", *(["Disconnected"] if self.is_closed else [])]


def _auth(form: str, user: str) -> list[str]:
    secret = b64(f"pw-{user}")
    return {
        "LOGIN": [
            "<<< AUTH LOGIN",
            ">>> 334 VXNlcm5hbWU6",
            f"<<< {b64(user)}",
            ">>> 334 UGFzc3dvcmQ6",
            f"<<< {secret}",
        ],
        "LOGIN-IR": [f"<<< AUTH LOGIN {b64(user)}", ">>> 334 UGFzc3dvcmQ6", f"<<< {secret}"],
        "PLAIN": [f"<<< AUTH PLAIN {b64(chr(0) + user + chr(0) + 'pw')}"],
        "PLAIN-2": ["<<< AUTH PLAIN", ">>> 334 ", f"<<< {b64(chr(0) + user + chr(0) + 'pw')}"],
    }[form]


FORMS = {"LOGIN": "LOGIN", "LOGIN-IR": "LOGIN", "PLAIN": "PLAIN", "PLAIN-2": "PLAIN"}

tries = st.tuples(
    st.sampled_from(sorted(FORMS)), st.sampled_from(["anna", "user@example.it", "MARCO%example.it"]), st.booleans()
)


@st.composite
def known_sessions(draw: st.DrawFn) -> list[Known]:
    number = draw(st.integers(1, 7))
    return [
        Known(
            peer=draw(st.sampled_from(PEERS)),
            thread=draw(st.sampled_from(THREADS)),
            tries=tuple(draw(st.lists(tries, max_size=3))),
            queue_id=draw(st.none() | st.just(f"ABC{place:05d}")),
            has_banner=draw(st.booleans()),
            is_closed=draw(st.booleans()),
        )
        for place in range(number)
    ]


class Stamped(NamedTuple):
    """A line at a moment."""

    ts: datetime
    session: int
    text: str


def interleave(draw: st.DrawFn, known: list[Known]) -> list[Stamped]:
    """Mix the lines of all sessions; sessions of one peer and thread follow one another, as in life."""
    queues: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for place, session in enumerate(known):
        queues.setdefault((session.peer, session.thread), []).extend((place, text) for text in session.texts())
    ts = datetime(2026, 11, 19, 22, 0, tzinfo=UTC)
    mixed: list[Stamped] = []
    alive = [queue for queue in queues.values() if queue]
    while alive:
        queue = draw(st.sampled_from(alive))
        ts += timedelta(seconds=draw(st.integers(0, 240)))
        mixed.append(Stamped(ts, *queue.pop(0)))
        alive = [queue for queue in alive if queue]
    return mixed


def write_files(folder: Path, draw: st.DrawFn, known: list[Known], mixed: list[Stamped]) -> list[Path]:
    """Cut the lines anywhere into files, each named by the date of its first line."""
    cuts = sorted({0, *draw(st.lists(st.integers(0, len(mixed)), max_size=5))})
    pieces = [mixed[start:end] for start, end in zip(cuts, [*cuts[1:], len(mixed)], strict=True)]
    eol = draw(st.sampled_from(["\n", "\r\n"]))
    numbers: dict[str, int] = {}
    paths = []
    for piece in filter(None, pieces):
        day = f"{piece[0].ts:%Y%m%d}"
        path = folder / f"s{day}-{numbers.setdefault(day, 0):02d}.log"
        numbers[day] += 1
        rows = [
            f"{known[row.session].peer:<16}[{known[row.session].thread}] {row.ts:%H:%M:%S} {row.text}{eol}"
            for row in piece
        ]
        path.write_text("".join(rows), newline="")
        paths.append(path)
    return paths


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_interleaving_and_any_cut_give_the_same_sessions(drawn: st.DataObject) -> None:
    known = drawn.draw(known_sessions())
    mixed = interleave(drawn.draw, known)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        paths = write_files(Path(folder), drawn.draw, known, mixed)  # type: ignore[arg-type]
        sessions, skipped, tally = sessions_of(*reversed(paths))
        assert [log.path for log in find_logs(paths[::-1], None).logs] == paths
    assert skipped == []
    assert tally.session_lines == len(mixed)
    by_place = {place: [row for row in mixed if row.session == place] for place in range(len(known))}
    expected = sorted(
        (
            rows[0].ts,
            rows[-1].ts,
            known[place].peer,
            [(user, FORMS[form], "success" if is_right else "failure") for form, user, is_right in known[place].tries],
            [row.ts for row in rows if row.text.startswith((">>> 235", ">>> 501"))],
            [known[place].queue_id] if known[place].queue_id else [],
        )
        for place, rows in by_place.items()
    )
    read = sorted(
        (
            session.start,
            session.end,
            session.client_ip,
            [(tried.user, tried.mechanism, tried.outcome) for tried in session.kept.attempts],
            [tried.ts for tried in session.kept.attempts],
            [sent.queue_id for sent in session.kept.transactions],
        )
        for session in sessions
    )
    assert read == expected
