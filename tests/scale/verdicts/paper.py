"""What the simulated server leaves on the disk: logs, the queue, an export of accounts."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

from .base import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .base import Account, Knobs, Session, Waiting
    from .clock import Clock
    from .server import Server

FOLDERS = {"smtp": ("smtp", "s"), "imap": ("imap", "m"), "pop3": ("pop3", "p")}


def write(server: Server, accounts: Iterable[Account], root: Path, seed: str) -> None:
    chance = random.Random(seed)
    for door in FOLDERS:
        if door == "smtp" or any(one.door == door for one in server.sessions):
            _logs(root, door, server, chance)
    _queue(root, server)
    if server.knobs.accounts_file:
        rows = [
            f"{one.address},0,0,{one.user},{';'.join((one.user, *one.aliases))},{one.secret},\n" for one in accounts
        ]
        (root / "users.csv").write_text("".join(rows), encoding="utf-8", newline="")


def _logs(root: Path, door: str, server: Server, chance: random.Random) -> None:
    """Put all lines in the order of the clock; a file is begun at midnight and when one is full."""
    knobs, clock = server.knobs, server.clock
    sessions = sorted((one for one in server.sessions if one.door == door), key=lambda one: one.lines[0][0])
    folder, letter = FOLDERS[door]
    place = root / "logs" / folder
    place.mkdir(parents=True)
    rows: list[tuple[int, int, str]] = []
    for serial, (session, thread) in enumerate(zip(sessions, _threads(sessions, knobs, chance), strict=True)):
        head = f"{session.peer} [{thread}] " if knobs.stamp == "rfc822" else f"{session.peer:<15} [{thread}] "
        for at, text in session.lines:
            summary = text.startswith("*** ")
            hidden = (knobs.level == "summary" and not summary) or (knobs.level == "debug" and summary)
            if not hidden and knobs.log_start <= at <= knobs.now:
                rows.append((at, serial, f"{head}{clock.stamp(at, knobs.stamp)} {text}{knobs.eol}"))
    rows.sort(key=lambda row: row[:2])
    day, number, size = -1, 0, 0
    parts: list[str] = []
    for at, _, text in rows:
        today = at // DAY
        if today != day or size > knobs.rotate:
            _close(place, f"{letter}{clock.date(day * DAY)}-{number:02d}.log", parts)
            number, day, parts, size = (number + 1 if today == day else 0), today, [], 0
        parts.append(text)
        size += len(text)
    _close(place, f"{letter}{clock.date(day * DAY)}-{number:02d}.log", parts)


def _close(place: Path, name: str, parts: list[str]) -> None:
    if parts:
        (place / name).write_bytes("".join(parts).encode())


def _threads(sessions: list[Session], knobs: Knobs, chance: random.Random) -> list[str]:
    """Hand out thread ids as a cache does: again and again, never twice at once to the same peer."""
    pool = sorted({f"{int(chance.random() * 65536):0{knobs.hex_width}X}" for _ in range(300)})
    busy: dict[tuple[str, str], int] = {}
    given = []
    for session in sessions:
        start, end = session.lines[0][0], session.lines[-1][0]
        while busy.get((session.peer, thread := pool[int(chance.random() * len(pool))]), -1) >= start:
            pass
        busy[session.peer, thread] = end
        given.append(thread)
    return given


def _queue(root: Path, server: Server) -> None:
    outgoing = root / "mail" / "_outgoing"
    (outgoing / "retry").mkdir(parents=True)
    for one in server.waiting:
        path = outgoing / one.folder / f"{one.sent.id}.dat"
        path.write_bytes(_file(one, server.knobs, server.clock).replace("\n", "\r\n").encode())
        stamp = server.clock.epoch(one.sent.at)
        os.utime(path, (stamp, stamp))


def _file(one: Waiting, knobs: Knobs, clock: Clock) -> str:
    sent, letter = one.sent, one.sent.letter
    first = letter.rcpts[0].address
    protocol = "ASMTP" if sent.account else "SMTP"
    stamp = clock.rfc822(sent.at)
    local = [("LocalSender", sent.account)] if sent.account else []
    received = (
        "Received",
        f"from {sent.spot.helo} ([{sent.spot.ip}])\n by {knobs.host} (13.0.3 build 7 x64) with {protocol} id {sent.id}\n for <{first}>; {stamp}",
    )
    ids = ("MsgID", sent.id)
    everybody = ",\n ".join(f"<{rcpt.address}>" for rcpt in letter.rcpts)
    rest = [("Subject", letter.subject), ("Date", stamp)]
    rest.append(
        ("Message-ID", f"<{sent.id.lower()}.{len(letter.body)}@{letter.mail_from.partition('@')[2] or knobs.host}>")
    )
    rest += [("Reply-To", f"<{letter.reply_to}>")] if letter.reply_to else []
    rest += letter.headers
    rest += (
        []
        if any(name == "MIME-Version" for name, _ in letter.headers)
        else [("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=utf-8")]
    )
    header_from = letter.header_from or f"<{letter.mail_from}>"
    if knobs.head == "envelope":
        envelope = [*local, ("From", f"<{letter.mail_from}>"), *(("To", f"<{name}>") for name in one.left), ids]
        blocks = [envelope, [received, ("From", header_from), ("To", everybody), *rest]]
    else:
        fold = "\n\t" if knobs.head == "folded" else ""
        own = [(name, fold + value) for name, value in (*local, ids)]
        blocks = [
            [
                *own,
                received,
                ("From", f"<{letter.mail_from}>"),
                ("To", ",\n ".join(f"<{name}>" for name in one.left)),
                *rest,
            ]
        ]
    text = "\n\n".join(
        "\n".join(f"{name}: {value}".replace(": \n", ":\n") for name, value in block) for block in blocks
    )
    return f"{text}\n\n{letter.body}{'JVBERi0xLjQK' * (min(letter.extra, 1200) // 12)}\n"
