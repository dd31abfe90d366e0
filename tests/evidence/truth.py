"""The truth of a story: what its actors did, in the words of breachkit's JSON contract.

Every number is counted in the simulation's ledger, never in the written files. A key that the evidence cannot show (a
password behind `***`, logins at log level *summary*) is left out. Where the contract leaves more than one answer
open, the value is the list of the answers that are right.

`attacking_ips` holds every address from which a stranger spoke to that account's login; `spam_ips` those that were let
in. The contract calls an address attacking by what it did (unlike secrets, several accounts, the spam itself), so a
right answer lies between the two.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from .clock import iso
from .knobs import Level

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from .ledger import Accepted, Attempt, Queued
    from .world import World

Json = None | bool | int | str | list[str] | list[str | None] | dict[str, "Json"]
SPEAKING = (Level.DEBUG, Level.BOTH)


class Verdict(NamedTuple):
    """What a story says of one account; several values where the contract leaves it open."""

    verdict: tuple[str, ...] = ("clear",)
    entry: tuple[str | None, ...] = (None,)


CLEAR = Verdict()


class Judgement(NamedTuple):
    """What a story knows beyond its ledger; accounts not named are clear."""

    verdicts: dict[str, Verdict]
    symptoms: tuple[str, ...] = ()
    symptoms_absent: tuple[str, ...] = ()


class Truth(NamedTuple):
    story: str
    seed: int
    messages: int
    unattributed_messages: int
    log_level: str
    accounts: dict[str, dict[str, Json]]
    symptoms: list[str]
    symptoms_absent: list[str]

    def rendered(self) -> str:
        return json.dumps(self._asdict(), indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def truth_of(story: str, seed: int, world: World, judgement: Judgement) -> Truth:
    names = sorted(_entered_or_queued(world))
    verdicts = judgement.verdicts
    return Truth(
        story=story,
        seed=seed,
        messages=len(world.ledger.queued),
        unattributed_messages=sum(not _is_logged(world, one.accepted) for one in world.ledger.queued),
        log_level=world.knobs.level.value,
        accounts={name: _account(world, name, verdicts.get(name, CLEAR)) for name in names},
        symptoms=sorted(judgement.symptoms),
        symptoms_absent=sorted(judgement.symptoms_absent),
    )


def _is_kept(world: World, ts: datetime) -> bool:
    return not any(span.holds(ts) for span in world.knobs.lost_logs)


def _is_logged(world: World, accepted: Accepted) -> bool:
    return world.knobs.level is not Level.NONE and accepted.logged and _is_kept(world, accepted.ts)


def visible_attempts(world: World) -> list[Attempt]:
    """Give the attempts that the logs can show."""
    if world.knobs.level not in SPEAKING:
        return []
    return sorted(one for one in world.ledger.attempts if _is_kept(world, one.ts))


def _entered_or_queued(world: World) -> set[str]:
    entered = {one.account for one in visible_attempts(world) if one.ok}
    return entered | {one.accepted.sender for one in world.ledger.queued if one.accepted.sender}


def _account(world: World, name: str, verdict: Verdict) -> dict[str, Json]:
    queued = [one for one in world.ledger.queued if one.accepted.sender == name]
    told: dict[str, Json] = {
        "verdict": _one_or_list(verdict.verdict),
        "entry": _one_or_list(verdict.entry),
        "queued_messages": len(queued),
        "mail_froms": len({one.accepted.letter.mail_from.lower() for one in queued}),
        "recipients": len(_recipients(queued)),
    }
    if world.knobs.level in SPEAKING:
        told |= _logins(world, name)
    return told


def _recipients(queued: Iterable[Queued]) -> set[str]:
    return {address.lower() for one in queued for address in one.rcpts}


def _one_or_list(values: tuple[str | None, ...]) -> Json:
    return values[0] if len(values) == 1 else list(values)


def _logins(world: World, name: str) -> dict[str, Json]:
    mine = [one for one in visible_attempts(world) if one.account == name]
    accepted = [one for one in world.ledger.accepted if one.sender == name and _is_logged(world, one)]
    told: dict[str, Json] = {
        "sent_messages": len(accepted),
        "auth_successes": sum(one.ok and one.door == "smtp" for one in mine),
    }
    told |= _weakness(world, name, mine)
    break_ins = [one for one in mine if one.ok and one.hostile]
    return told | (_entry(world, name, mine, break_ins) if break_ins else {"entry_ts": None})


def _weakness(world: World, name: str, mine: list[Attempt]) -> dict[str, Json]:
    """Say the class of the secret, when the evidence holds the secret or it has no class."""
    account = world.accounts[name]
    shown = world.knobs.accounts_file or any(one.ok and one.legible for one in mine)
    return {"weak_password": account.weak} if shown or account.weak is None else {}


def _entry(world: World, name: str, mine: list[Attempt], break_ins: list[Attempt]) -> dict[str, Json]:
    entry = break_ins[0]
    attacking = {one.ip for one in mine if one.hostile}
    usual = {one.ip for one in mine if one.ok and one.ts < entry.ts} - attacking
    failures = [one for one in mine if not one.ok and one.ts < entry.ts and one.ip not in usual]
    return {
        "entry_ts": _entry_moments(break_ins),
        "auth_failures_before_entry": len(failures),
        "attacking_ips": _canonical(attacking),
        "spam_ips": _canonical({one.ip for one in break_ins}),
        "usual_ips": _canonical(usual),
        "also_tried": _also_tried(world, name, attacking),
    }


def _entry_moments(break_ins: list[Attempt]) -> Json:
    """Give the first success, and the first at the SMTP door where that is another."""
    smtp = [one for one in break_ins if one.door == "smtp"]
    moments = [iso(one.ts) for one in (break_ins[0], *smtp[:1])]
    return moments[0] if len(set(moments)) == 1 else sorted(set(moments))


def _canonical(ips: set[str]) -> list[str]:
    return sorted(str(ip_address(ip)) for ip in ips)


def _also_tried(world: World, name: str, attacking: set[str]) -> dict[str, Json]:
    tried: dict[str, list[Attempt]] = {}
    for one in visible_attempts(world):
        if one.hostile and one.ip in attacking and one.account != name:
            tried.setdefault(one.account, []).append(one)
    return {account: _outcome(attempts) for account, attempts in sorted(tried.items())}


def _outcome(attempts: list[Attempt]) -> dict[str, Json]:
    failures = sum(not one.ok for one in attempts)
    return {"failures": failures, "successes": len(attempts) - failures, "entered": failures < len(attempts)}
