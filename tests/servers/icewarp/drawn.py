"""Logs of one server as hypothesis draws them: courses of sessions, mixed, cut, dated and damaged at random."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.servers.icewarp.factories import b64

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

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
def logs_of_one_server(draw: st.DrawFn, course: st.SearchStrategy[list[str]] = course) -> list[tuple[datetime, bytes]]:
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
    folder: Path,
    rows: Sequence[tuple[datetime, bytes]],
    cuts: Sequence[int],
    eol: bytes,
    is_packed: bool,
    kind: str = "s",
) -> None:
    """Write drawn lines as logs of one kind, cut at some lines."""
    numbers: dict[str, int] = {}
    bounds = sorted({0, *(place for place in cuts if place < len(rows))})
    for begin, end in zip(bounds, [*bounds[1:], len(rows)], strict=True):
        piece = rows[begin:end]
        if piece:
            day = f"{piece[0][0]:%Y%m%d}"
            name = f"{kind}{day}-{numbers.setdefault(day, 0):02d}.log"
            numbers[day] += 1
            text = eol.join(line for _, line in piece) + (eol if begin else b"")
            (folder / name).write_bytes(text)
            if is_packed:
                with gzip.open(folder / f"{name}.gz", "wb") as stream:
                    stream.write(text)
                (folder / name).unlink()
