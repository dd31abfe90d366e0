"""What is held against each accused account, and what each attacking address did, in numbers that lead to evidence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from breachkit.detect.accounts.inquiry import is_name
from breachkit.report.contract import counted_json, share
from breachkit.report.words import stamp
from breachkit.text.headers import decoded_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from breachkit.case.investigation import Investigation, ProofRegister
    from breachkit.detect.accounts.accusation import AccountVerdict
    from breachkit.report.contract import Json

SUBJECTS = 3
"""Subjects of what the thief sent that are shown."""
MOST_ADDRESSES = 12
MOST_ACCOUNTS = 25
"""Rows and columns of the matrix that a person can take in; how many there are in all stands beside."""


def account_json(case: Investigation, account: AccountVerdict, proof: ProofRegister) -> Json:
    """Write what the verdict's sentence says of one accused account."""
    inquiry, name, zone = case.inquiry, account.account, case.inputs.zone
    queued, tries, sent = (inquiry.of(name, table) for table in ("messages", "attempts", "sends"))
    attacking = account.attacking_ips
    by_attackers = sent[sent["client_ip"].isin(attacking)]
    entry, before = _entry(account, tries)
    latest = by_attackers if len(by_attackers) else queued
    seen_last = [] if latest.empty else [latest["source"].iloc[int(latest["ts"].argmax())]]
    entered = [other.account for other in account.also_tried_by_same_ips if other.entered]
    entered += [other.account for other in case.found.accounts if other.verdict == "compromised"]
    return {
        "account": name,
        "verdict": account.verdict,
        "confidence": str(account.confidence),
        "messages": len(queued),
        "of_messages": len(case.messages),
        "share": share(len(queued) / len(case.messages)) if case.messages else 0.0,
        "quarantined_messages": account.quarantined_messages,
        "sent_by_attackers": len(by_attackers) if account.sent_messages is not None else None,
        "recipients": int(by_attackers["rcpt_count"].sum()) if account.sent_messages is not None else None,
        "entry": account.entry,
        "entry_ts": stamp(account.entry_ts, zone),
        "entry_ip": None if entry is None else str(entry["client_ip"]),
        "entry_country": None if entry is None else case.country(str(entry["client_ip"])),
        "failures": account.auth_failures_before_entry,
        "failure_addresses": None if before is None else int(before["client_ip"].nunique()),
        "last_ts": stamp(account.last_ts, zone),
        "attacking_addresses": len(attacking),
        "also_entered": [other for other in dict.fromkeys(entered) if other != name],
        "mail_froms": counted_json("mail_from", account.mail_froms[:20]),
        "mail_froms_distinct": len(account.mail_froms),
        "by_attackers": _by_attackers_json(case, queued, by_attackers, attacking),
        "places": list(_places_json(case, account, tries, proof)),
        "signals_proof": {signal.name: proof.of(signal.name, signal.evidence) for signal in account.signals},
        "proof": {
            "messages": proof.of("Messages of the account, queued or purged", queued["source"]),
            "quarantined": proof.of(
                "Messages of the account that were purged", queued.loc[queued["quarantined"].astype("bool"), "source"]
            ),
            "sent": proof.of("Messages sent by the attacking addresses", by_attackers["source"]),
            "failures": None if before is None else proof.of("Failed logins before the entry", before["source"]),
            "entry": None if entry is None else proof.of("The login that came in", [entry["source"]]),
            "last": proof.of("Last seen", seen_last),
        },
    }


def _by_attackers_json(case: Investigation, queued: pd.DataFrame, sent: pd.DataFrame, attacking: Sequence[str]) -> Json:
    """Write what the thief alone sent: the owner's own mail lies in the same queue, and is nobody's business.

    A message is the thief's when its session, or where none is known its peer, is of an attacking address.
    """
    came_from = case.inquiry.came_from(queued)
    mine = queued[came_from.isin([*attacking])]
    senders = (sent if len(sent) else mine)["mail_from"].value_counts()
    said = (case.messages[at].subject for at in mine.index)
    subjects = Counter(decoded_words(subject) for subject in said if subject)
    return {
        "messages": len(mine),
        "quarantined_messages": int(mine["quarantined"].sum()),
        # where no address is known to be the thief's, nobody can say whose a message is
        "unclear_messages": int(came_from.isna().sum()) if attacking else len(queued),
        "mail_froms": counted_json("mail_from", ((str(name), int(n)) for name, n in senders.head(20).items())),
        "mail_froms_distinct": len(senders),
        "subjects": counted_json("subject", subjects.most_common(SUBJECTS)),
    }


def _entry(account: AccountVerdict, tries: pd.DataFrame) -> tuple[pd.Series | None, pd.DataFrame | None]:
    """Find the login by which an account was entered, and the failures from no usual address before it."""
    if account.entry_ts is None:
        return None, None
    came = tries[(tries["ts"] == account.entry_ts) & (tries["outcome"] == "success")]
    came = came[came["source"].isin(list(account.entries))]
    usual = [place.ip for place in account.client_ips if place.usual]
    lost = tries[(tries["outcome"] == "failure") & (tries["ts"] < account.entry_ts)]
    return came.iloc[0] if len(came) else None, lost[~lost["client_ip"].isin(usual)]


def _places_json(
    case: Investigation, account: AccountVerdict, tries: pd.DataFrame, proof: ProofRegister
) -> Iterator[Json]:
    zone = case.inputs.zone
    sources = {str(ip): list(rows) for ip, rows in tries.groupby("client_ip")["source"]}
    for place in sorted(account.client_ips, key=lambda place: not place.attacking):
        yield {
            "ip": place.ip,
            "country": case.country(place.ip),
            "role": "attacker" if place.attacking else "usual" if place.usual else None,
            "successes": place.successes,
            "failures": place.failures,
            "first_seen": stamp(place.first_seen, zone),
            "last_seen": stamp(place.last_seen, zone),
            "proof": proof.of("Logins from this address", sources.get(place.ip, [])),
        }


def addresses_json(case: Investigation) -> list[Json]:
    """Write a row for each attacking address: those to block in the order of block lists, then the others.

    The page's block list and the indicators are made of it. `blocked` says whether an address may stand in a block
    list, `not_blocked_why` why not; `entered` names the accounts it came into, `failures` counts its failed logins.
    """
    wanted = {ip.ip: (ip, attacker) for attacker in case.found.attackers for ip in attacker.ips}
    visits = case.inquiry.visits_by([*wanted], ("successes", "failures", "first_seen", "last_seen"))
    visited = {str(ip): rows for ip, rows in visits.groupby(level="client_ip", observed=True)}
    found = {}
    for ip, (judged, attacker) in wanted.items():
        rows = visited.get(ip)
        entered = [] if rows is None else list(rows.index.get_level_values("account")[rows["successes"] > 0])
        found[ip] = {
            "ip": ip,
            "country": case.country(ip),
            "kind": attacker.kind,
            "blocked": judged.blocked,
            "not_blocked_why": judged.not_blocked_why,
            "entered": sorted({*entered} & {*attacker.accounts_entered}),
            "failures": 0 if rows is None else int(rows["failures"].sum()),
            "first_seen": stamp(attacker.first_seen if rows is None else rows["first_seen"].min(), case.inputs.zone),
            "last_seen": stamp(attacker.last_seen if rows is None else rows["last_seen"].max(), case.inputs.zone),
        }
    order = [ip for ip in case.attackers.ips if ip in found]
    return [found[ip] for ip in dict.fromkeys([*order, *sorted(found)])]


def matrix_json(case: Investigation) -> Json:
    """Write the attacking addresses that did most, the accounts they tried most, and what each did to each."""
    visits = case.inquiry.visits.reset_index()
    visits["tries"] = visits["successes"] + visits["failures"]
    tried = visits[visits["client_ip"].isin(case.attacking_ips) & (visits["tries"] > 0)]
    # people type their password where the name goes: a name that no account is known by is only counted
    is_known = tried["account"].map(is_name).astype("bool")
    unknown, tried = tried[~is_known], tried[is_known]
    did = {str(ip): number for ip, number in tried.groupby("client_ip")["tries"].sum().items()}
    ips = sorted(did, key=lambda ip: (-did[ip], ip))
    shown = ips[:MOST_ADDRESSES]
    by_account = tried.groupby("account")
    won, tries = by_account["successes"].sum().to_dict(), by_account["tries"].sum().to_dict()
    # those that were entered come first: they are what the picture is looked at for
    accounts = sorted(map(str, tries), key=lambda name: (not won[name], -tries[name], name))
    cells = {
        (account, ip): [int(number) for number in numbers]
        for account, ip, *numbers in tried[["account", "client_ip", "successes", "failures", "sent"]].to_numpy()
    }
    return {
        "addresses": shown,
        "addresses_distinct": len(ips),
        "accounts_distinct": len(accounts),
        "unknown_names": int(unknown["account"].nunique()),
        "countries": [case.country(ip) for ip in shown],
        "rows": [
            {"account": name, "cells": [cells.get((name, ip)) for ip in shown]} for name in accounts[:MOST_ACCOUNTS]
        ],
    }
