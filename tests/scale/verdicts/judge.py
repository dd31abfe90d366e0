"""Ask a breachkit about drawn servers, and hold its answer against the truth."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from . import cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Json = dict[str, Any]
GRAVE = ("clear", "suspect", "compromised")
ABSENT: Json = {"account": None, "verdict": "clear", "entry": None, "entry_ts": None, "client_ips": [], "signals": []}


@dataclass
class Judged:
    """One account (or address without a login) beside its truth."""

    server: str
    truth: Json
    answer: Json
    verdict: str
    entry: bool | None = None
    """Whether kind, time and address of the entry are right; none where there is nothing to be right about."""
    entry_faults: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    """Attacking addresses that were not named."""

    @property
    def right(self) -> bool:
        return self.verdict in self.truth["expected"]


@dataclass
class Server:
    """What was said about one server."""

    name: str
    judged: list[Judged]
    relays: list[Judged]
    others: dict[str, str]
    """Ordinary people who are not clear."""
    people: int
    must: int
    found: int
    named: int
    named_right: int
    wrongly: tuple[str, ...]
    """Innocent addresses that are called attackers."""
    relays_wrongly: tuple[str, ...]
    """Addresses accused of sending without a login that only brought mail to the house, or logged in."""
    seconds: tuple[float, float]
    """To draw, and to ask."""


@dataclass(frozen=True)
class Order:
    """One server to draw and to ask about."""

    seed: int
    number: int
    kinds: tuple[str, ...]
    command: str
    keep: Path | None

    @property
    def name(self) -> str:
        return f"{self.seed}-{self.number}"


def run(orders: Sequence[Order], jobs: int) -> Iterator[Server]:
    """Draw and judge, so many at once; the answers come in the order asked."""
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_one, orders)


def _one(order: Order) -> Server:
    if order.keep is not None:
        return _in(order, order.keep / order.name)
    with TemporaryDirectory(prefix="verdicts-") as folder:
        return _in(order, Path(folder))


def _in(order: Order, folder: Path) -> Server:
    began = time.perf_counter()
    if (folder / "truth.json").exists():
        shutil.rmtree(folder)  # drawn by an earlier run, maybe of other kinds
    cast.write(cast.draw(order.seed, order.number, order.kinds), folder, order.name)
    drawn = time.perf_counter()
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    answer = ask(order.command, folder / "root", truth)
    if order.keep is not None:
        (folder / "answer.json").write_text(json.dumps(answer, indent=1), encoding="utf-8")
    times = (drawn - began, time.perf_counter() - drawn)
    return compare(order.name, truth, answer, times)


def ask(command: str, root: Path, truth: Json) -> Json:
    """Run find-account as a user would."""
    accounts = ["--accounts", str(root / "users.csv")] if truth["accounts_file"] else []
    asked = [*shlex.split(command), "find-account", "--root", str(root), *accounts]
    asked += ["--timezone", truth["timezone"], "--format", "json"]
    done = subprocess.run(asked, capture_output=True, check=False)
    if done.returncode not in (0, 3):
        message = f"{root}: exit {done.returncode}: {done.stderr.decode(errors='replace')[-400:]}"
        raise RuntimeError(message)
    found: Json = json.loads(done.stdout)
    return found


def compare(name: str, truth: Json, answer: Json, seconds: tuple[float, float]) -> Server:
    """Hold one answer against the truth of its server."""
    answers: dict[str, Json] = {one["account"].lower(): one for one in answer["accounts"]}
    attacking = _attacking(answer)
    summary = truth["level"] == "summary"
    judged = []
    known: set[str] = set()
    for told in truth["accounts"]:
        known.update(told["names"])
        mine = [answers[one] for one in told["names"] if one in answers] or [ABSENT]
        worst = max(mine, key=lambda one: GRAVE.index(one["verdict"]))
        one = Judged(name, told, worst, worst["verdict"])
        if told["entry_ts"] and one.verdict != "clear" and "clear" not in told["expected"] and not summary:
            one.entry_faults = tuple(_entry_faults(told, worst))
            one.entry = not one.entry_faults
        one.missed = tuple(ip for ip in told["attackers"] if ip not in attacking)
        judged.append(one)
    others = {who: one["verdict"] for who, one in answers.items() if who not in known and one["verdict"] != "clear"}
    asked = truth["unauthenticated"] if "unauthenticated" in answer else []
    relays = [_relay(name, told, answer) for told in asked]
    right = attacking & set(truth["may_attack"])
    must = set(truth["must_attack"])
    accused = {one["client_ip"] for one in answer.get("unauthenticated", []) if one["verdict"] != "clear"}
    return Server(
        name=name,
        judged=judged,
        relays=relays,
        others=others,
        people=len(truth["others"]),
        must=len(must),
        found=len(must & attacking),
        named=len(attacking),
        named_right=len(right),
        wrongly=tuple(sorted(attacking - right)),
        relays_wrongly=tuple(sorted(accused - {ip for one in truth["unauthenticated"] for ip in one["ips"]})),
        seconds=seconds,
    )


def _attacking(answer: Json) -> set[str]:
    """Give the addresses that are called attackers."""
    if "attackers" in answer:
        return {place["ip"] for one in answer["attackers"] for place in one["ips"]}
    return {place["ip"] for one in answer["accounts"] for place in one["client_ips"] if place.get("attacking")}


def _entry_faults(told: Json, said: Json) -> Iterator[str]:
    if said["entry"] not in told["entries"]:
        yield f"entry is {said['entry']}, allowed {', '.join(told['entries'])}"
    if said["entry_ts"] is None:
        if not told["entry_open"]:
            yield f"entry_ts is null, truth {told['entry_ts']}"
        return
    apart = datetime.fromisoformat(said["entry_ts"]) - datetime.fromisoformat(told["entry_ts"])
    if abs(apart.total_seconds()) > 1:
        yield f"entry_ts is {said['entry_ts']}, truth {told['entry_ts']}"
    elif "entry_ip" in said and said["entry_ip"] != told["entry_ip"]:
        yield f"entry_ip is {said['entry_ip']}, truth {told['entry_ip']}"


def _relay(server: str, told: Json, answer: Json) -> Judged:
    """Judge addresses that sent without a name: each of a thief's must be accused, none of an innocent's."""
    said = {one["client_ip"]: one for one in answer.get("unauthenticated", [])}
    mine = [said.get(ip, {**ABSENT, "client_ip": ip}) for ip in told["ips"]]
    farthest = max if told["expected"] == ["clear"] else min
    one = farthest(mine, key=lambda one: GRAVE.index(one["verdict"]))
    return Judged(server, told, one, one["verdict"])
