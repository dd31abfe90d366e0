"""Servers drawn from a seed: knobs, people, a share of the kinds on each, and the truth beside the evidence."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tests.evidence.dice import Dice

from . import (
    build_attacks,
    build_houses,
    build_innocents,
    build_more,
    kept_attacks,
    kept_innocents,
    kept_innocents_more,
    paper,
    text,
)
from .base import DAY, HOUR, MINUTE, SECOND, Attempt, Knobs, Login, Truth
from .kinds import ATTACKS
from .stage import STORIES, Stage
from .town import Town

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOLD = (build_innocents, build_attacks, build_more, build_houses, kept_innocents, kept_innocents_more, kept_attacks)
"""The modules whose stories are entered by being imported."""
SERVERS = 6
ATTACKED = 4
"""So many of them are attacked; on the others everybody is innocent."""
EACH = 3
"""On so many servers of a seed each kind plays."""
ZONES = (("UTC", "+00:00"), ("Europe/Rome", "+01:00"), ("America/New_York", "-05:00"), ("Asia/Tokyo", "+09:00"))
FRIDAY = 4
REFUSALS = (
    "535 5.7.8 Authentication credentials invalid",
    "501 5.7.0 Authentication failed",
    "535 Authentication failed",
    "501 5.0.0 Authentication canceled",
)


def knobs(dice: Dice, seed: int, number: int) -> Knobs:
    """Draw in what a server differs from the next."""
    days = dice.between(1, 9)
    before = dice.between(0, 2)
    zone, offset = dice.pick(ZONES)
    first = (2026, dice.pick((1, 2, 11, 12)), dice.between(1, 18))
    log_start = before * DAY
    if days > 1 and dice.happens(0.4):
        log_start += dice.between(1, 14) * HOUR + dice.between(0, 59) * MINUTE
    if dice.happens(0.15):
        log_start = (before + days - 1) * DAY
    now = (before + days - 1) * DAY + dice.between(15 * HOUR, 23 * HOUR + 50 * MINUTE)
    names = [
        f"{dice.pick(text.FIRMS)}-{dice.pick(('comune', 'klinik', 'school', 'hotel', 'group', 'studio'))}{seed % 90}{number}.example"
    ]
    while dice.happens(0.2):
        names.append(f"{dice.pick(text.FIRMS)}{len(names)}-{dice.pick(text.TRADES)}{number}.example")
    roll = dice.fraction()
    level = "summary" if roll < 0.05 else "debug" if roll < 0.35 else "both"
    opens = dice.between(6, 9)
    return Knobs(
        zone=zone,
        offset=offset,
        first_day=first,
        domains=tuple(names),
        host=f"mail.{names[0]}",
        languages=tuple(dice.sample(("it", "de", "en", "fr", "es"), dice.between(1, 3))),
        days=before + days,
        log_start=log_start,
        now=now,
        level=level,
        stamp=dice.pick(("time", "time", "millis", "iso", "slashed", "rfc822")),
        ids=dice.pick(("digits", "digits", "letters")),
        head=dice.pick(("envelope", "one", "folded")),
        dead_hours=dice.pick((0, 0, 6, 6, 24)),
        accounts=dice.between(60, 400),
        accounts_file=dice.happens(0.7),
        imap=dice.happens(0.6),
        pop3=dice.happens(0.3),
        masked=dice.happens(0.15),
        opens=opens,
        closes=dice.between(16, 19),
        dead=dice.between(1, 5) / 100,
        later=dice.between(2, 45) / 100,
        v6=dice.pick((0.0, 0.0, 0.3, 0.6)),
        nat=dice.happens(0.5),
        weekend=dice.happens(0.4) or (date(*first) + timedelta(days=before + days - 1)).weekday() > FRIDAY,
        refusal=dice.pick(REFUSALS),
        hex_width=dice.pick((4, 4, 8)),
        rotate=dice.pick((800_000, 4_000_000, 99_000_000)),
        eol=dice.pick(("\r\n", "\n")),
        noise=dice.pick((2, 6, 20)),
        blocked_at=now - dice.between(1, 30) * HOUR if dice.happens(0.6 if number < ATTACKED else 0.3) else now,
        blocked_share=dice.between(50, 100) / 100,
    )


def casts(dice: Dice, kinds: Sequence[str]) -> list[list[str]]:
    """Share the kinds out: each to three servers, attacks only to those that are attacked."""
    told: list[list[str]] = [[] for _ in range(SERVERS)]
    for kind in kinds:
        homes = range(ATTACKED) if kind in ATTACKS or kind == "infected-neighbour" else range(SERVERS)
        for home in dice.sample(homes, EACH):
            told[home].append(kind)
    return told


def draw(seed: int, number: int, kinds: Sequence[str]) -> Town:
    """Draw one server of a seed."""
    dice = Dice(f"verdicts {seed} {number}")
    town = Town(knobs(dice.branch("knobs"), seed, number), dice)
    for _ in range(dice.between(12, 35)):
        town.live(town.person())
    for kind in casts(Dice(f"verdicts {seed} cast"), kinds)[number]:
        for turn in range(dice.branch(kind).between(1, 2 if kind in ATTACKS else 3)):
            STORIES[kind](Stage(town, kind, turn))
    for truth in town.truths:
        if truth.kind not in ATTACKS:
            _weather(town, dice.branch(f"weather {truth.account}"), truth)
    while len(town.accounts) < town.knobs.accounts:
        town.person()
    _noise(town, dice.branch("noise"))
    _inbound(town, dice.branch("inbound"))
    for truth in town.truths:
        if truth.kind in ATTACKS:
            _complete(town, truth)
        elif town.knobs.level == "summary":
            truth.expected = tuple(
                dict.fromkeys((*truth.expected, "suspect"))
            )  # nothing tells who logged in from where
    return town


def _weather(town: Town, dice: Dice, truth: Truth) -> None:
    """Let happen to an innocent what happens to everybody: guesses in vain, or a secret that was changed."""
    one = town.accounts[truth.account]
    if dice.happens(0.25):
        start, end = town.span(dice, 2, 20)
        spots = [town.abroad() for _ in range(dice.between(1, 15))]
        town.guesses(one, spots, start, end, dice.between(15, 200))
    if dice.happens(0.15):
        lawful = [sent for sent in town.server.sent if sent.account == one.address and sent.at > town.knobs.log_start]
        if len(lawful) > 1:
            sent = lawful[len(lawful) // 2]  # it was let in from there before, too
            at = sent.at - 20 * SECOND
            for _ in range(dice.between(3, 50)):
                town.server.submit(at, sent.spot, [town.slip(one, f"Gone{one.secret[1:]}")], ())
                at -= dice.between(10, 300) * SECOND


def _noise(town: Town, dice: Dice) -> None:
    """Let the internet guess at names, most of which do not exist."""
    knobs = town.knobs
    names = list(town.accounts.values())
    bots = [town.abroad() for _ in range(dice.between(5, 40))]
    count = knobs.noise * (knobs.now - knobs.log_start) // HOUR
    for _ in range(count):
        at = dice.between(knobs.log_start, knobs.now)
        secret = f"{dice.pick(('test', 'admin', 'pass', 'info'))}{dice.between(1, 2026)}"
        if dice.happens(0.25):
            login = town.guess(dice.pick(names), secret)
        else:
            name = dice.pick(("admin", "test", "info1", "root", "user", "postmaster1", "sales9", text.token(dice, 5)))
            login = Login("", f"{name}@{knobs.domains[0]}", secret, ok=False, hostile=True)
        town.server.submit(at, dice.pick(bots), [login], ())


def _inbound(town: Town, dice: Dice) -> None:
    """Let the internet bring mail for the house."""
    knobs = town.knobs
    names = list(town.accounts)
    servers = [town.machine(f"mx.{firm}") for firm in town.firms[:25]]
    for _ in range(min(600, 4 * (knobs.now - knobs.log_start) // HOUR)):
        at = dice.between(knobs.log_start, knobs.now)
        town.server.inbound(
            at, dice.pick(servers), dice.pick(town.customers), dice.pick(names), dice.between(900, 90_000)
        )


def visible(town: Town) -> list[Attempt]:
    """Give the attempts that stand in the logs."""
    knobs = town.knobs
    if knobs.level == "summary":
        return []
    return sorted(one for one in town.server.attempts if knobs.log_start <= one.at <= knobs.now)


def _complete(town: Town, truth: Truth) -> None:
    """Add to a truth what the attempts say about the entry, and widen it where the logs say too little."""
    hostile = [one for one in town.server.attempts if one.hostile and one.account == truth.account]
    seen = [one for one in visible(town) if one.hostile and one.account == truth.account]
    inside = [one for one in seen if one.ok]
    truth.attackers = tuple(dict.fromkeys(one.ip for one in inside))
    truth.entry_open = len(seen) < len(hostile) or not inside
    if truth.entry_open:
        truth.entries = tuple(dict.fromkeys((*truth.entries, "first-try", "unknown")))
    if inside:
        truth.entry_at, truth.entry_ip = inside[0].at, inside[0].ip
        if inside[0].at - town.knobs.log_start < DAY or len(seen) > len(inside):
            # The logs begin shortly before, or others guessed at the name: who came first is not certain.
            truth.entries = tuple(dict.fromkeys((*truth.entries, "unknown")))
    else:
        truth.expected = tuple(dict.fromkeys((*truth.expected, "suspect", "clear")))


def truth_json(town: Town) -> dict[str, Any]:
    """Give all that a judge needs, and nothing that the evidence of the server holds."""
    knobs, iso = town.knobs, town.clock.iso
    hostile = {one.ip for one in visible(town) if one.hostile}
    hostile |= {ip for relay in town.relays for ip in relay.ips}
    lawful = {one.ip for one in visible(town) if not one.hostile and one.ok}
    shared = lawful | town.shared
    must = {ip for one in town.truths if one.expected == ("compromised",) for ip in one.attackers} - shared
    accounts = [
        {
            "account": one.account,
            "names": list(one.names),
            "kind": one.kind,
            "expected": list(one.expected),
            "how": one.how,
            "entries": list(one.entries),
            "entry_ts": None if one.entry_at is None else iso(one.entry_at),
            "entry_ip": one.entry_ip,
            "entry_open": one.entry_open,
            "attackers": [ip for ip in one.attackers if ip in must],
        }
        for one in town.truths
    ]
    special = {one.account for one in town.truths}
    return {
        "timezone": knobs.zone,
        "level": knobs.level,
        "accounts_file": knobs.accounts_file,
        "log_start": iso(knobs.log_start),
        "now": iso(knobs.now),
        "accounts": accounts,
        "others": sorted(name for name in town.accounts if name not in special),
        "unauthenticated": [
            {"ips": list(one.ips), "kind": one.kind, "expected": list(one.expected), "how": one.how}
            for one in town.relays
        ],
        "must_attack": sorted(must),
        "may_attack": sorted(hostile),
    }


def write(town: Town, folder: Path, seed: str) -> None:
    """Write the evidence below `root`, and the truth beside it."""
    root = folder / "root"
    root.mkdir(parents=True)
    paper.write(town.server, list(town.accounts.values()), root, seed)
    told = json.dumps(truth_json(town), indent=1, ensure_ascii=False)
    (folder / "truth.json").write_text(f"{told}\n", encoding="utf-8", newline="")
