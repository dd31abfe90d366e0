"""The verdict in one sentence: who, how much of the queue, entered when, from where, after what, and who else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from breachkit.case.words import Words
    from breachkit.report.contract import Json

A_WEEK = timedelta(days=6)
"""A weekday alone tells the day only within this much of the end of the evidence."""
NAMED = 5
"""Other accounts that the sentence names; the report has them all."""


def verdict_line(findings: Json, words: Words) -> str:
    """Say it in one line; real addresses, for a terminal."""
    accused = findings["accused"]
    if not accused:
        return _nobody(findings, words)
    return _account(findings, accused[0], words)


def _nobody(findings: Json, words: Words) -> str:
    """Say that no account is named, and of what that was said: it is good news only where logins can be seen."""
    number = words.number(findings["messages"])
    relays = [one for one in findings["find-account"]["unauthenticated"] if one["verdict"] != "clear"]
    if relays:
        names = ", ".join(one["client_ip"] for one in relays[:NAMED])
        sent = words.number(sum(one["messages"] for one in relays))
        sentence = "No account is named, but {n} of {of} messages came from {names} without a login that can be read."
        return words.say(sentence, n=sent, of=number, names=names)
    if not str(findings["log_level"]).startswith("debug"):
        return words.say("Nobody was judged by logins: the logs show none ({n} messages of the case).", n=number)
    return words.say(
        "No account looks compromised in the time that the logs show ({n} messages of the case).", n=number
    )


def _account(findings: Json, worst: Json, words: Words) -> str:
    share, number = words.percent(worst["share"]), words.number(worst["of_messages"])
    parts = []
    if worst["of_messages"]:
        sentence = "{share} of {n} queued messages"
        if findings["quarantined_messages"]:
            sentence = "{share} of {n} queued and purged messages"
        parts.append(words.say(sentence, share=share, n=number))
    if worst["entry_ts"] is not None:
        parts.append(_entered(findings, worst, words))
    elif findings["log_level"] == "none":
        parts.append(words.say("no logs tell how it was entered"))
    others = worst["also_entered"] or [one["account"] for one in findings["accused"][1:]]
    if others:
        names = ", ".join(others[:NAMED])
        more = len(others) - NAMED
        names += " " + words.say("and {n} more", n=words.number(more)) if more > 0 else ""
        also = "also entered: {names}" if worst["also_entered"] else "also suspect: {names}"
        parts.append(words.say(also, names=names))
    return f"{worst['account']}, {words.say(worst['verdict'])}: {'; '.join(parts)}."


def _entered(findings: Json, worst: Json, words: Words) -> str:
    when = datetime.fromisoformat(worst["entry_ts"])
    last = findings["log_last"]
    is_near = last is not None and datetime.fromisoformat(last) - when < A_WEEK
    spelled = f"{words.day(when)} {when:%H:%M}" if is_near else f"{words.moment(worst['entry_ts'])[:-9]}"
    place = worst["entry_ip"] or words.say("unknown")
    if worst["entry_country"]:
        place += f" ({worst['entry_country']})"
    if not worst["failures"]:
        return words.say("entered {when} from {place} without a failure before", when=spelled, place=place)
    failures, addresses = worst["failures"], worst["failure_addresses"]
    sentence = "entered {when} from {place} after {n} failures from {m} addresses"
    if addresses == 1:
        sentence = "entered {when} from {place} after {n} failures from one address"
    if failures == 1:
        sentence = "entered {when} from {place} after one failure"
    return words.say(sentence, when=spelled, place=place, n=words.number(failures), m=words.number(addresses))
