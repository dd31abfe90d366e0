"""The report of `find-account`: who sent the spam, how it was entered, from where, and what else was touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.report.contract import dated, dump_rows, senders_json, share
from breachkit.report.inputs import head_json, logs_json, render_inputs
from breachkit.report.page import Page
from breachkit.report.words import count, moment, of_the_queue, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo

    from breachkit.detect.accounts.accusation import AccountVerdict, Accusation, Place
    from breachkit.detect.accounts.attackers import Attacker, OtherFailure
    from breachkit.detect.accounts.unauthenticated import Unauthenticated
    from breachkit.detect.findings import Signal
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json

SHOWN = 10
"""Rows of a table on a terminal."""
SHOWN_IPS = 6

JOIN_WORDS = {
    "message id": "by message id to a session: certain",
    "peer and time": "by peer and time to a session: probable",
    "local sender": "by {word} only: no session of the logs",
    "none": "by nothing: neither {word} nor session",
}

ENTRY_WORDS = {
    "brute-force": "guessed by brute force",
    "distributed-guessing": "guessed from many addresses",
    "password-spray": "guessed by trying few passwords on many accounts",
    "first-try": "no failure before it in the SMTP logs: the password was known (stolen, phished or a name)",
    "unknown": "the logs do not reach back far enough to tell how",
}

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


def find_account_json(found: Accusation, inputs: Inputs) -> Json:
    """Write the object of the contract."""
    return {**_object(found, inputs), "accounts": [*_accounts_json(found, inputs)]}


def dump_find_account(found: Accusation, inputs: Inputs) -> Iterator[str]:
    """Spell the object of the contract, one account at a time: at 1 GiB of log all of it has 30 MB."""
    return dump_rows(_object(found, inputs), "accounts", _accounts_json(found, inputs))


def _accounts_json(found: Accusation, inputs: Inputs) -> Iterator[Json]:
    return (_account_json(account, inputs.zone) for account in found.accounts)


def _object(found: Accusation, inputs: Inputs) -> Json:
    return {
        **head_json(inputs, "find-account"),
        "accounts": [],
        "unattributed_messages": found.unattributed_messages,
        "joins": found.joins,
        "contradicting_messages": found.contradictions,
        "attackers": [dated(one, inputs.zone) for one in found.attackers],
        "other_failures": [dated(one, inputs.zone) for one in found.other_failures],
        "unauthenticated": [_unauthenticated_json(one, inputs.zone) for one in found.unauthenticated],
        **logs_json(inputs),
    }


def _account_json(account: AccountVerdict, zone: tzinfo) -> Json:
    fates = account.recipients
    return dated(account, zone, "mail_froms", "entries") | {
        "signals": _signals_json(account.signals),
        "queued_share": share(account.queued_share),
        "client_ips": [_place_json(place, zone) for place in account.client_ips],
        "recipients": None if fates is None else {"tried": fates.tried, **fates._asdict()},
        "groups": [dated(group, zone) for group in account.groups],
    }


def _place_json(place: Place, zone: tzinfo) -> Json:
    first_seen = stamp(place.first_seen, zone)
    # most addresses were seen once
    last_seen = first_seen if place.last_seen == place.first_seen else stamp(place.last_seen, zone)
    return place._asdict() | {"first_seen": first_seen, "last_seen": last_seen}


def render_find_account(
    found: Accusation, inputs: Inputs, next_commands: list[str], passwords: dict[str, list[str]] | None = None
) -> str:
    """Write the report for a terminal; `passwords`, by account, only when the user asked to see them."""
    page = Page()
    clear = [account for account in found.accounts if account.verdict == "clear"]
    if not found.accused:
        _render_nobody(page, found, inputs)
    for account in found.accused:
        _render_account(page, account, found.in_queue, inputs.zone, (passwords or {}).get(account.account, []))
    for one in found.accused_relays:
        _render_unauthenticated(page, one, found.in_queue, inputs.zone)
    _render_clear(page, clear)
    _render_attackers(page, found.attackers, inputs.zone)
    _render_other_failures(page, found.other_failures)
    _render_joins(page, found, inputs.account_word or "own account")
    render_inputs(page, inputs)
    page.commands(next_commands)
    return page.text()


def _render_nobody(page: Page, found: Accusation, inputs: Inputs) -> None:
    """Say that no account is accused, and of what that was said: it is good news only where logins can be seen."""
    relays = found.accused_relays
    if relays:
        page.say("No account is named, but mail came in without a login that can be read:", style="bold yellow")
        page.say()
    elif not inputs.shows_logins:
        missing = "there are no SMTP logs" if inputs.log_level == "none" else "these logs show no login"
        page.say(f"Nobody was judged by logins: {missing}.", style="bold yellow")
    elif found.unattributed_messages or inputs.log_gaps or any(account.doubts for account in found.accounts):
        page.say("No account looks compromised by what was read; see what is missing below.", style="bold")
    else:
        page.say("No account looks compromised in the time that the logs show.", style="bold green")


def _render_account(page: Page, account: AccountVerdict, in_queue: int, zone: tzinfo, passwords: list[str]) -> None:
    style = "bold red" if account.verdict == "compromised" else "bold yellow"
    page.say(f"{account.account}: {account.verdict.upper()} (confidence {account.confidence})", style=style)
    queued = of_the_queue(account.queued_messages, in_queue, account.queued_share)
    if account.quarantined_messages:
        queued += f", {account.quarantined_messages:,} more in quarantine"
    sent = "" if account.sent_messages is None else f"; {account.sent_messages:,} sent in its sessions"
    page.say(f"sent      {queued}{sent}", indent=2)
    _render_declared(page, account.mail_froms)
    _render_entry(page, account, zone)
    if account.weak_password:
        page.say(f"password  guessable: {account.weak_password}", indent=2)
    for password in passwords:
        page.say(f"password  {password}", indent=2)
    if account.candidates:
        page.say(f"may mean  {', '.join(account.candidates)} (name them with --accounts)", indent=2)
    _render_signals(page, account.signals)
    _render_places(page, account, zone)
    _render_also(page, account)
    page.say()


def _render_declared(page: Page, mail_froms: Sequence[tuple[str | None, int]]) -> None:
    for name, number in mail_froms[:1]:
        more = f" and {count(len(mail_froms) - 1, 'other')}" if len(mail_froms) > 1 else ""
        page.say(f"declared  {name} ({number:,}){more}", indent=2)


def _render_signals(page: Page, signals: Sequence[Signal]) -> None:
    page.say("because", indent=2)
    for signal in signals:
        page.say(f"{signal.name} ({signal.family}): {signal.detail}", indent=4)
        page.places(signal.evidence[:2], indent=6)


def _render_entry(page: Page, account: AccountVerdict, zone: tzinfo) -> None:
    if account.entry is None or account.entry_ts is None:
        page.say("entered   unknown: no session of the logs shows it", indent=2)
        return
    came_from = [place.ip for place in account.client_ips if place.attacking and place.successes]
    others = len(came_from) - 1
    more = f" (then from {count(others, 'more address', 'more addresses')})" if others else ""
    failures = count(account.auth_failures_before_entry or 0, "failure")
    page.say(f"entered   {moment(account.entry_ts, zone)} from {account.entry_ip}{more} after {failures}", indent=2)
    page.say(f"how       {account.entry}: {ENTRY_WORDS[account.entry]}", indent=2)
    page.say(f"last seen {moment(account.last_ts, zone)}", indent=2)


def _render_places(page: Page, account: AccountVerdict, zone: tzinfo) -> None:
    places = sorted(account.client_ips, key=lambda place: not place.attacking)
    rows = [
        (
            place.ip,
            "attacker" if place.attacking else "usual" if place.usual else "",
            f"{place.successes:,}",
            f"{place.failures:,}",
            moment(place.first_seen, zone)[9:20],
            moment(place.last_seen, zone)[9:20],
        )
        for place in places[:SHOWN]
    ]
    if not rows:
        return
    hidden = len(places) - len(rows)
    page.say(f"addresses{f' ({hidden:,} more with --format json)' if hidden else ''}", indent=2)
    page.table(["address", "", "in", "failed", "first", "last"], rows, indent=4)


def _render_also(page: Page, account: AccountVerdict) -> None:
    also = account.also_tried_by_same_ips
    if account.unknown_names_tried:
        names = count(account.unknown_names_tried, "name")
        page.say(f"the same addresses also tried {names} that no account has", indent=2)
    if not also:
        return
    entered = [other.account for other in also if other.entered]
    page.say(f"the same addresses also tried {count(len(also), 'account')}", indent=2)
    if entered:
        page.say(f"and ENTERED: {', '.join(entered)}", style="bold red", indent=4)
    rows = [
        (other.account, f"{other.failures:,}", f"{other.successes:,}", "entered" if other.entered else "")
        for other in also[:SHOWN]
    ]
    page.table(["account", "failed", "in", ""], rows, indent=4)
    page.more(len(also) - SHOWN, indent=4)


def _render_clear(page: Page, clear: list[AccountVerdict]) -> None:
    if not clear:
        return
    page.heading(f"Clear: {count(len(clear), 'account')}")
    for account in clear:
        if account.doubts:
            page.say(f"{account.account} (confidence {account.confidence}): {'; '.join(account.doubts)}", indent=2)
            page.say("nothing says that a stranger came in; look at what it sends", style="dim", indent=4)
    names = ", ".join(account.account for account in clear[:SHOWN])
    page.say(names + (f" … {len(clear) - SHOWN:,} more with --format json" if len(clear) > SHOWN else ""), indent=2)


def _render_joins(page: Page, found: Accusation, word: str) -> None:
    total = sum(found.joins.values())
    if not total:
        return
    page.heading("How queued messages were traced to accounts")
    for join, words in JOIN_WORDS.items():
        if join in found.joins:
            page.say(f"{found.joins[join]:,} {words.format(word=word)}", indent=2)
    page.say(f"{found.unattributed_messages:,} join no session of the logs", indent=2)
    if found.contradictions:
        named = count(found.contradictions, "message")
        page.say(f"{named} name a {word} that is not the account of their session: the session counts", indent=2)


def _signals_json(signals: Sequence[Signal]) -> list[Json]:
    """Write what speaks against somebody."""
    return [{"name": one.name, "family": one.family, "detail": one.detail, "evidence": one.evidence} for one in signals]


def _unauthenticated_json(one: Unauthenticated, zone: tzinfo) -> Json:
    return {
        **dated(one, zone),
        "signals": _signals_json(one.signals),
        "queued_share": share(one.queued_share),
        "mail_froms": senders_json(one.mail_froms, one.messages),
    }


def _render_unauthenticated(page: Page, one: Unauthenticated, in_queue: int, zone: tzinfo) -> None:
    """Tell of an address that is accused of sending without a readable login."""
    style = "bold red" if one.verdict == "compromised" else "bold yellow"
    page.say(f"{one.client_ip} {HOW_WORDS[one.how]}: {one.verdict.upper()} (confidence {one.confidence})", style=style)
    queued = of_the_queue(one.queued_messages, in_queue, one.queued_share)
    moved = one.messages - one.queued_messages
    more = f", {moved:,} more in quarantine" if moved else ""
    page.say(f"sent      {queued}{more}, to {count(one.recipients, 'recipient')} outside your domains", indent=2)
    _render_declared(page, one.mail_froms)
    page.say(f"seen      {moment(one.first_seen, zone)} to", indent=2)
    page.say(f"          {moment(one.last_seen, zone)}", indent=2)
    _render_signals(page, one.signals)
    advice = {
        "no-login": "No account is behind it: look at who may relay (trusted addresses, POP before SMTP, open relay).",
        "trusted": "No account is behind it: look at that computer (a web form, a script, an infected PC).",
    }
    unknown = "The log does not say which account it was: set the log to show user names, or look at the address."
    page.say(advice.get(one.how, unknown), indent=2)
    page.say()


def _render_attackers(page: Page, attackers: Sequence[Attacker], zone: tzinfo) -> None:
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


def _render_other_failures(page: Page, failures: Sequence[OtherFailure]) -> None:
    """Tell whose the failures are that are no attack."""
    if not failures:
        return
    page.heading(f"Other failed logins: {sum(one.failures for one in failures):,}, no attack")
    rows = [
        (one.ip, one.account or "an unknown name", f"{one.failures:,}", FAILURE_WORDS[one.kind])
        for one in failures[:SHOWN]
    ]
    page.table(["address", "account", "failed", "what it looks like"], rows, indent=2)
    page.more(len(failures) - SHOWN)
