"""Queues of any size for measurements: letters of about 2 KB, of which some hold what is sought.

Each file is an IceWarp envelope, an empty line, and the message, as the samples are. What is sought stands in
the plain part, or only in the encoded one; the truth is returned.
"""

from __future__ import annotations

import base64
import quopri
import random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

SOUGHT = "claim your summer refund at"
SLICES = 16
"""Parts of the letters with what is sought that can be taken one after the other, by `slice_of`."""
STOLEN = 3
"""Mailboxes that what is sought is sent from."""
_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "la", "me", "ni", "po", "ru", "sta", "tre", "vi", "zo", "qua", "sche")
_FOLDERS = ("", "", "", "retry")


class Truth(NamedTuple):
    """What a queue holds."""

    messages: int
    raw: int
    """Messages in whose bytes it stands."""
    hits: int
    """Messages that hold it for a reader."""
    slices: tuple[int, ...]
    """Messages in whose bytes each of the slices stands."""


def slice_of(number: int) -> str:
    """Spell what is sought in one part of the queue only."""
    return f"{SOUGHT} desk {number:02d}"


def write_queue(root: Path, messages: int, *, seed: int = 1, sought: float = 0.2, encoded: float = 0.2) -> Truth:
    """Write a queue below `root`/mail/_outgoing.

    Args:
        root: an empty folder.
        messages: how many.
        seed: of all that is left to chance.
        sought: share of the messages that hold what is sought.
        encoded: share of the messages whose text is in base64 or quoted-printable.
    """
    rng = random.Random(seed)
    words = [_word(rng) for _ in range(6000)]
    text = [" ".join(rng.choices(words, k=rng.randint(6, 11))) for _ in range(20_000)]
    people = [f"{rng.choice(words)}.{rng.choice(words)}@{rng.choice(words)}.example" for _ in range(4000)]
    home = root / "mail" / "_outgoing"
    for folder in set(_FOLDERS):
        (home / folder).mkdir(parents=True, exist_ok=True)
    raw = hits = 0
    slices = [0] * SLICES
    for number in range(messages):
        lines = rng.choices(text, k=rng.randint(14, 34))
        part = number % SLICES
        is_hit = rng.random() < sought
        if is_hit:
            lines[rng.randrange(2, len(lines))] = f"{rng.choice(words)} {slice_of(part)} {rng.choice(words)}.example"
        is_encoded = rng.random() < encoded
        hits += is_hit
        raw += is_hit and not is_encoded
        slices[part] += is_hit and not is_encoded
        # a run comes from few stolen mailboxes
        names = rng.choice(people[:STOLEN] if is_hit else people), rng.choice(people)
        letter = _letter(rng, number, lines, names, is_encoded=is_encoded)
        (home / _FOLDERS[rng.randrange(4)] / f"{number:08d}.tmp").write_bytes(letter)
    return Truth(messages, raw, hits, tuple(slices))


def _word(rng: random.Random) -> str:
    return "".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4)))


def _letter(rng: random.Random, number: int, lines: list[str], names: tuple[str, str], *, is_encoded: bool) -> bytes:
    sender, recipient = names
    clock = f"{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}"
    queue_id = f"20261120{clock.replace(':', '')}{number % 10_000:04d}"
    body = "\r\n".join(lines).encode() + b"\r\n"
    coding = "7bit"
    subject = lines[0][:40]
    if is_encoded:
        coding = "base64" if number % 2 else "quoted-printable"
        if coding == "base64":
            body = base64.encodebytes(body).replace(b"\n", b"\r\n")
            subject = "=?utf-8?b?" + base64.b64encode(("è " + subject).encode()).decode() + "?="
        else:
            body = quopri.encodestring("perché ".encode() + body.replace(b" ", b"=20", 3))
            body = body.replace(b"your summer", b"your=20summer")
    head = (
        f"LocalSender: {sender}\r\nFrom: <{sender}>\r\nTo: <{recipient}>\r\nMsgID: {queue_id}\r\n\r\n"
        f"Received: from [192.168.1.{number % 250}] ([203.0.113.{number % 250}])\r\n"
        f" by mail.example.it (13.0.3 build 7 x64) with ASMTP id {queue_id}\r\n"
        f" for <{recipient}>; Fri, 20 Nov 2026 {clock} +0100\r\n"
        f'From: "{lines[1][:12]}" <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n'
        f"Date: Fri, 20 Nov 2026 {clock} +0100\r\nMessage-ID: <{queue_id}.{number}@mail.example.it>\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {coding}\r\n\r\n"
    )
    return head.encode() + body
