"""A queue that is purged while its server delivers it, put back, and delivered: each message is counted where it arrives."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.servers.live.servers import Postfix, wait_until
from tests.servers.live.world import DEFERRING, TAKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.servers.live.servers import Server

MESSAGES = 500
_DOMAINS = 5
LOTS = 5
"""Purges of a round, one after the other; each takes a tenth of the messages, if it finds them."""
_RUNNERS = 4
"""Queue runs that begin together: each of Exim's delivers one message after the other."""
_MOST_RUNS = 8
"""Of the queue, until it must be empty."""


class Round(NamedTuple):
    """What became of the messages of a round."""

    messages: int
    moved: int
    in_use: int
    gone: int
    """Delivered or changed before they could be taken."""
    sent_meanwhile: int
    delivered_though_purged: int
    """And not counted as sent meanwhile."""
    restored: int
    kept_though_unsent: int
    """Counted as sent meanwhile, hence left in the quarantine, and never delivered."""
    lost: int
    twice: int


class Purged(NamedTuple):
    """What the journals of some runs say of their messages, by queue id."""

    moved: set[str]
    sent: set[str]


def play(server: Server, turn: int, pause: float) -> Round:
    """Play a round to a running server whose queue is empty, and which does not deliver to these domains yet.

    Args:
        server: any of whose accounts sends.
        turn: the number of the round.
        pause: seconds that the receiver takes for a message.
    """
    world = server.world
    marks = _begin(server, turn, pause)
    receipts = []
    for lot in range(LOTS):
        receipts.append(purge(f"lot-{turn}-{lot}-end"))
        _wait_for_more(server, 10)
    server.settle()
    world.pause = 0
    purged = read_journals(server, {receipt["run"] for receipt in receipts if receipt["run"]})
    told = sum(receipt["sent_meanwhile"] for receipt in receipts)
    assert (len(purged.moved), len(purged.sent)) == (sum(receipt["purged"] for receipt in receipts), told)
    early = {one for one in purged.moved - purged.sent if world.taken[marks[one]]}
    restored = restore_all()
    empty(server)
    arrived = {one: world.taken[mark] for one, mark in marks.items()}
    return Round(
        messages=len(marks),
        moved=len(purged.moved),
        in_use=sum(receipt["in_use"] for receipt in receipts),
        gone=sum(receipt["vanished"] + receipt["changed"] for receipt in receipts),
        sent_meanwhile=told,
        delivered_though_purged=len(early),
        restored=restored,
        kept_though_unsent=sum(not arrived[one] for one in purged.sent),
        lost=sum(not number for one, number in arrived.items() if one not in purged.sent),
        twice=sum(number > 1 for number in arrived.values()),
    )


def play_hold(server: Server, turn: int, pause: float) -> None:
    """Play a round to a running Postfix in which messages are put on hold, and taken off again."""
    marks = _begin(server, turn, pause)
    done = purge(f"lot-{turn}-", "--hold")
    server.settle()
    rows = map(json.loads, server.command("postqueue", "-j").splitlines())
    held = {row["queue_id"] for row in rows if row["queue_name"] == "hold"}
    assert len(held) == len(server.queued()) == done["held"] > MESSAGES // 50
    assert server.world.taken == dict.fromkeys((mark for one, mark in marks.items() if one not in held), 1)
    assert restore_all() == done["held"]
    empty(server)
    assert server.world.taken == dict.fromkeys(marks.values(), 1)


def _begin(server: Server, turn: int, pause: float) -> dict[str, str]:
    """Fill the queue, and let the server begin to deliver; returns the Message-ID of each message, by its queue id."""
    world = server.world
    # new ones each time: Postfix keeps connections to others open for a while
    domains = [f"partner{turn}{number}.example" for number in range(_DOMAINS)]
    for domain in domains:
        world.add_domain(domain, DEFERRING)
    marks = _fill(server, turn, domains)
    server.settle()
    for domain in domains:
        world.add_domain(domain, TAKING)
    world.pause = pause
    world.taken.clear()
    for _ in range(_RUNNERS):
        server.run_queue()
    wait_until("first delivery", lambda: world.taken.total() > 0)
    return marks


def _wait_for_more(server: Server, number: int) -> None:
    """Wait until some more messages were delivered."""
    wanted = server.world.taken.total() + number
    wait_until("delivery", lambda: server.is_idle() or server.world.taken.total() >= wanted)


def check(found: Round) -> None:
    """Hold a round against what purge promises, and print it (pytest shows it with `-rP`)."""
    sys.stdout.write(f"{found}\n")
    assert found._replace(moved=0, in_use=0, gone=0, sent_meanwhile=0, restored=0) == Round(MESSAGES, *[0] * 9)
    assert found.restored == found.moved - found.sent_meanwhile > MESSAGES // 50


def letter(sender: str, recipient: str, mark: str, text: str) -> EmailMessage:
    """Write a letter of a Message-ID."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = sender, recipient, "Offer", f"<{mark}>"
    message.set_content(text)
    return message


def _fill(server: Server, turn: int, domains: Sequence[str]) -> dict[str, str]:
    """Let an account send; half of the messages are of a lot. Returns the Message-ID of each, by its queue id."""
    (account, *_) = server.accounts
    marks = [f"{turn}.{number}@{server.domain}" for number in range(MESSAGES)]
    letters = []
    for number, mark in enumerate(marks):
        to = f"someone{number}@{domains[number % len(domains)]}"
        text = f"lot-{turn}-{number // 2 % LOTS}-end\n" if number % 2 else "what has to arrive\n"
        letters.append((account, [to], letter(account, to, mark, text)))
    taken = []
    for start in range(0, MESSAGES, 50):
        taken += server.submit(account, "127.20.1.1", letters[start : start + 50])
    return {queue_id: mark for queue_id, mark in zip(taken, marks, strict=True) if queue_id is not None}


def breachkit(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run breachkit as its user does, beside the server."""
    line = [sys.executable, "-m", "breachkit", *words, "--timezone", "UTC", "--format", "json"]
    return subprocess.run(line, check=False, capture_output=True, text=True)


def purge(string: str, *options: str) -> dict[str, Any]:
    """Purge what holds a string, and return the receipt."""
    done = breachkit("purge", string, "--yes", "--everything", *options)
    assert done.returncode in {0, 3}, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    kinds = ("purged", "vanished", "changed", "in_use", "failed")
    assert (found["planned"], found["failed"]) == (sum(found[kind] for kind in kinds), 0)
    return found


def restore_all() -> int:
    """Put all back that may go back, and return how many messages did."""
    done = breachkit("restore", "--all", "--yes")
    assert done.returncode in {0, 3}, done.stderr
    return sum(run["restored"] for run in json.loads(done.stdout)["runs"])


def read_journals(server: Server, runs: set[str]) -> Purged:
    """Read from the journals of runs which messages were moved, and which of them were sent."""
    ids = Counter[str]()
    sent = set[str]()
    for run in runs:
        keys = {}
        path = server.spool.parent / "breachkit-quarantine" / run / "journal.jsonl"
        for line in map(json.loads, path.read_text("utf-8").splitlines()):
            if line["kind"] == "intent":
                keys[line["id"]] = line["key"].removesuffix("-H")
            elif line["kind"] == "done":
                ids.update(keys[one] for one in line["moved"])
            elif line["kind"] in {"sent", "sending"}:
                sent.update(keys[one] for one in line["ids"])
    assert set(ids.values()) <= {1}
    return Purged(set(ids), sent)


def empty(server: Server) -> None:
    """Run the queue until it is empty."""
    for _ in range(_MOST_RUNS):
        if not server.queued():
            return
        server.run_queue()
        server.settle()
    raise AssertionError(f"{len(server.queued())} messages are still queued")


def accepts(server: Server, ids: list[str]) -> None:
    """Ask the server's own programs whether all is there, and as it should be."""
    if isinstance(server, Postfix):
        server.command("postsuper")
        listed = server.command("postqueue", "-p")
    else:
        listed = server.command("exim4", "-bp")
    assert server.queued() == ids
    assert all(one in listed for one in ids)
