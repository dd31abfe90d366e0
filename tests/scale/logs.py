"""`find-account` against a join of AUTH lines in awk, on a synthetic SMTP log.

The peer only joins the AUTH dialogue by thread id: it decodes nothing, dates nothing and judges nobody.
"""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING

from tests.scale.bench import breachkit, program
from tests.scale.rows import Act, Pair, Row, always

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.scale.bench import Bench

WHOLE = 1 << 30
SEED = 1
LOG = "s20261121-00.log"
USERS = 5_000
DOMAINS = 97
BURST = (20, 200)

JOIN = """
$4 == "<<<" && $5 == "AUTH" { state[$2] = ($6 == "PLAIN" && NF > 6) ? 2 : 1; user[$2] = $7; next }
($2 in state) {
  if ($4 == "<<<") { if (state[$2] == 1) { user[$2] = $5; state[$2] = 2 } }
  else if ($5 == "235") { won++; delete state[$2] }
  else if ($5 ~ /^53/) { lost++; delete state[$2] }
}
END { print won + 0, lost + 0 }
"""


def _find_account(live: int) -> Callable[[Bench], Pair]:
    def build(bench: Bench) -> Pair:
        folder = bench.make(f"logs-{live}", lambda made: write_log(made / LOG, bench.size(WHOLE), live, SEED))
        log = folder / LOG
        words = ("--logs", str(folder), "--timezone", "UTC", "--format", "json")

        def check(written: bytes) -> str:
            read, size = json.loads(written)["inputs"]["bytes"], log.stat().st_size
            return "" if read == size else f"{read} bytes read of {size}"

        peer = Act((str(program("mawk")), JOIN, str(log)), _is_joined)
        return Pair(always(Act(breachkit("find-account", *words), check)), always(peer))

    return build


def _is_joined(written: bytes) -> str:
    won, _ = map(int, written.split())
    return "" if won else "no login joined"


def write_log(path: Path, size: int, live: int, seed: int) -> None:
    """Write a day of so many bytes in which so many sessions are always open, their lines mixed at random."""
    dice = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    attacks: list[str] = []
    alive = [_session(dice, attacks) for _ in range(live)]
    written = 0
    with path.open("w", encoding="ascii", newline="") as stream:
        while written < size:
            second = min(86_399, written * 86_400 // size)
            stamp = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
            rows = []
            for _ in range(1_000):
                place = dice.randrange(live)
                prefix, texts = alive[place]
                text = next(texts, None)
                if text is None:
                    alive[place] = _session(dice, attacks)
                else:
                    rows.append(f"{prefix}{stamp} {text}\n")
            written += stream.write("".join(rows))


def _session(dice: random.Random, attacks: list[str]) -> tuple[str, Iterator[str]]:
    attacker = attacks.pop() if attacks else None
    peer = attacker or f"{dice.randint(1, 223)}.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randint(1, 254)}"
    digits = dice.choice((4, 8, 16, 16))
    if attacker is None and dice.random() < 0.0004:
        attacks.extend([peer] * dice.randint(*BURST))
    return f"{peer:<16}[{dice.getrandbits(4 * digits):0{digits}X}] ", _texts(dice, peer, is_attack=attacker is not None)


def _texts(dice: random.Random, peer: str, *, is_attack: bool) -> Iterator[str]:
    yield "Connected, local IP=192.0.2.10:25"
    yield ">>> 220 mail.example.com ESMTP; Sat, 21 Nov 2026 10:00:00 +0000"
    yield f"<<< EHLO [{peer}]"
    yield f">>> 250-mail.example.com Hello [{peer}], pleased to meet you."
    yield from (">>> 250-ENHANCEDSTATUSCODES", ">>> 250-SIZE 52428800", ">>> 250-AUTH LOGIN PLAIN", ">>> 250 HELP")
    if is_attack:
        for _ in range(dice.randint(1, 3)):
            yield from _login(dice, _user(dice), is_right=False)
    else:
        sender = f"{dice.getrandbits(32):08x}@outside.example"
        if dice.random() < 0.05:
            sender = "info@own-0.example" if dice.random() < 0.2 else _user(dice)
            yield from _login(dice, sender, is_right=True)
        yield from _message(dice, sender)
    yield from ("<<< QUIT", ">>> 221 2.0.0 mail.example.com closing connection", "Disconnected")


def _user(dice: random.Random) -> str:
    number = dice.randrange(USERS)
    return f"user{number}@own-{number % DOMAINS}.example"


def _login(dice: random.Random, user: str, *, is_right: bool) -> Iterator[str]:
    secret = f"pw{dice.getrandbits(40):x}"
    if dice.random() < 0.25:
        yield f"<<< AUTH PLAIN {_spelled(chr(0) + user + chr(0) + secret)}"
    else:
        yield from ("<<< AUTH LOGIN", ">>> 334 VXNlcm5hbWU6", f"<<< {_spelled(user)}", ">>> 334 UGFzc3dvcmQ6")
        yield f"<<< {_spelled(secret)}"
    yield ">>> 235 2.0.0 Authentication successful" if is_right else ">>> 535 5.7.8 Authentication failed"


def _spelled(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _message(dice: random.Random, sender: str) -> Iterator[str]:
    yield f"<<< MAIL FROM:<{sender}> SIZE={dice.randint(900, 90_000)}"
    yield f">>> 250 2.1.0 <{sender}>... Sender ok"
    number = dice.choice((1, 1, 1, 2, 2, 3))
    for _ in range(number):
        rcpt_to = _user(dice)
        yield f"<<< RCPT TO:<{rcpt_to}>"
        yield f">>> 250 2.1.5 <{rcpt_to}>... Recipient ok"
    queue_id = f"20261121{dice.randrange(10**10):010}"
    yield from ("<<< DATA", '>>> 354 Enter mail, end with "." on a line by itself')
    yield f"*** <{sender}> <{rcpt_to}> {number} {dice.randint(900, 90_000)} 00:00:01 OK {queue_id}"
    yield f">>> 250 2.6.0 Message id {queue_id} accepted for delivery"


ROWS = (
    Row(
        "find-account-200",
        "find-account, 1 GiB of SMTP log, 200 live sessions",
        "mawk, a join of the AUTH lines",
        0.5,
        _find_account(200),
        ("mawk",),
    ),
    Row(
        "find-account-2000",
        "the same, 2,000 live sessions",
        "mawk, a join of the AUTH lines",
        0.6,
        _find_account(2_000),
        ("mawk",),
    ),
)
