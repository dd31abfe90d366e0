"""Who attacked, whose the other failures are, and who sent without a readable login."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.contract import dated, share
from breachkit.report.words import count, moment, of_the_queue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from breachkit.detect.accounts.attackers import Attacker, OtherFailure
    from breachkit.detect.accounts.unauthenticated import Unauthenticated
    from breachkit.detect.accounts.verdict import Accusation
    from breachkit.detect.findings import Signal
    from breachkit.report.contract import Json
    from breachkit.report.page import Page

SHOWN = 10
SHOWN_IPS = 6
TOP_SENDERS = 20
"""Declared senders that the contract lists."""

KIND_WORDS = {
    "password-spray": "tried few passwords on many accounts",
    "brute-force": "guessed passwords",
    "distributed-guessing": "guessed together at the same account",
    "stolen-password": "came in without guessing",
    "relay": "sent without a login that can be read",
}
HOW_WORDS = {
    "no-login": "without any login",
    "masked-name": "with a login whose user name the log hides",
    "no-name-in-exchange": "with a login that shows no user name",
    "trusted": "without any login, from an address of your own network",
}
FAILURE_WORDS = {
    "stale-device": "one wrong password over and over: a device with an old one",
    "mistyper": "a few slips of somebody who also comes in",
    "unclear": "too few to tell",
}
WHY_WORDS = {
    "usual": "an account uses it lawfully too",
    "private": "private network",
    "loopback": "the server itself",
    "shared": "many accounts use it",
    "server": "the server itself",
}


def attacks_json(found: Accusation, zone: tzinfo) -> Json:
    """Write the keys `attackers`, `other_failures` and `unauthenticated` of the contract."""
    return {
        "attackers": [dated(one, zone) for one in found.attackers],
        "other_failures": [dated(one, zone) for one in found.other_failures],
        "unauthenticated": [_unauthenticated_json(one, zone) for one in found.unauthenticated],
    }


def signals_json(signals: Sequence[Signal]) -> list[Json]:
    """Write what speaks against somebody."""
    return [{"name": one.name, "family": one.family, "detail": one.detail, "evidence": one.evidence} for one in signals]


def _unauthenticated_json(one: Unauthenticated, zone: tzinfo) -> Json:
    return {
        **dated(one, zone),
        "signals": signals_json(one.signals),
        "queued_share": share(one.queued_share),
        "mail_froms": [
            {"mail_from": name, "messages": number, "share": share(number / one.messages)}
            for name, number in one.mail_froms[:TOP_SENDERS]
        ],
    }


def render_unauthenticated(page: Page, one: Unauthenticated, in_queue: int, zone: tzinfo) -> None:
    """Tell of an address that is accused of sending without a readable login."""
    style = "bold red" if one.verdict == "compromised" else "bold yellow"
    page.say(f"{one.client_ip} {HOW_WORDS[one.how]}: {one.verdict.upper()} (confidence {one.confidence})", style=style)
    queued = of_the_queue(one.queued_messages, in_queue, one.queued_share)
    moved = one.messages - one.queued_messages
    more = f", {moved:,} more in quarantine" if moved else ""
    page.say(f"sent      {queued}{more}, to {count(one.recipients, 'recipient')} outside your domains", indent=2)
    name, number = one.mail_froms[0]
    others = f" and {count(len(one.mail_froms) - 1, 'other')}" if len(one.mail_froms) > 1 else ""
    page.say(f"declared  {name} ({number:,}){others}", indent=2)
    page.say(f"seen      {moment(one.first_seen, zone)} to", indent=2)
    page.say(f"          {moment(one.last_seen, zone)}", indent=2)
    page.say("because", indent=2)
    for signal in one.signals:
        page.say(f"{signal.name} ({signal.family}): {signal.detail}", indent=4)
        page.places(signal.evidence[:2], indent=6)
    advice = {
        "no-login": "No account is behind it: look at who may relay (trusted addresses, POP before SMTP, open relay).",
        "trusted": "No account is behind it: look at that computer (a web form, a script, an infected PC).",
    }
    unknown = "The log does not say which account it was: set the log to show user names, or look at the address."
    page.say(advice.get(one.how, unknown), indent=2)
    page.say()


def render_attackers(page: Page, attackers: Sequence[Attacker], zone: tzinfo) -> None:
    """List who attacked, those who came in first."""
    if not attackers:
        return
    number = sum(len(one.ips) for one in attackers)
    page.heading(f"Attackers: {count(number, 'address', 'addresses')}")
    for one in attackers[:SHOWN]:
        ips = ", ".join(ip.ip for ip in one.ips[:SHOWN_IPS])
        more = f" and {count(len(one.ips) - SHOWN_IPS, 'more address', 'more addresses')}"
        page.say(ips + (more if len(one.ips) > SHOWN_IPS else ""), indent=2)
        done = KIND_WORDS[one.kind]
        if one.failures:
            done += f": {count(one.failures, 'failure')} on {count(one.accounts_tried, 'name')}"
        page.say(f"{done}; {moment(one.first_seen, zone)} to {moment(one.last_seen, zone)}", indent=4)
        if one.entered:
            page.say(f"ENTERED {', '.join(one.accounts_entered)}", style="bold red", indent=4)
        elif one.kind != "relay":
            page.say("entered no account in these logs", indent=4)
        kept = sorted({WHY_WORDS[ip.not_blocked_why] for ip in one.ips if ip.not_blocked_why is not None})
        if kept:
            left = sum(not ip.blocked for ip in one.ips)
            page.say(f"not to be blocked: {left:,} of them ({'; '.join(kept)})", style="yellow", indent=4)
    page.more(len(attackers) - SHOWN)


def render_other_failures(page: Page, failures: Sequence[OtherFailure]) -> None:
    """Tell whose the failures are that are no attack."""
    if not failures:
        return
    page.heading(f"Other failed logins: {sum(one.failures for one in failures):,}, no attack")
    rows = [
        (one.ip, one.account or "an unknown name", f"{one.failures:,}", FAILURE_WORDS[one.kind])
        for one in failures[:SHOWN]
    ]
    page.table({"address": "left", "account": "left", "failed": "right", "what it looks like": "left"}, rows, indent=2)
    page.more(len(failures) - SHOWN)
