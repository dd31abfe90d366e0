"""What is held against each accused account, in numbers that each lead to their evidence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from breachkit.report.contract import share
from breachkit.report.words import stamp
from breachkit.text.headers import decoded_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from breachkit.case.investigation import Investigation
    from breachkit.case.proof import Proof
    from breachkit.detect.accounts.verdict import AccountVerdict, Place
    from breachkit.records import Locus
    from breachkit.report.contract import Json

SUBJECTS = 3
"""Subjects of what the thief sent that are told."""


def accused_of(case: Investigation) -> list[AccountVerdict]:
    """List the accounts that are not clear, worst first."""
    return [account for account in case.found.accounts if account.verdict != "clear"]


def accused_json(case: Investigation, proof: Proof) -> list[Json]:
    """Write one object for each accused account, worst first: what the verdict's sentence says of it."""
    return [_account_json(case, account, proof) for account in accused_of(case)]


def _account_json(case: Investigation, account: AccountVerdict, proof: Proof) -> Json:
    inquiry, name, zone = case.inquiry, account.account, case.inputs.zone
    queued, tries, sent = (inquiry.of(name, table) for table in ("messages", "attempts", "sends"))
    attacking = [place.ip for place in account.client_ips if place.attacking]
    by_attackers = sent[sent["client_ip"].isin(attacking)]
    entry = _entry(account, tries)
    before = _before(account, tries)
    moved = queued[queued["quarantined"].astype("bool")]
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
        "also_entered": _also_entered(case, account),
        "mail_froms": [{"mail_from": sender, "messages": number} for sender, number in account.mail_froms[:20]],
        "mail_froms_distinct": len(account.mail_froms),
        "by_attackers": _by_attackers_json(case, queued, by_attackers, attacking),
        "places": list(_places_json(case, account, tries, proof)),
        "signals_proof": {signal.name: proof.of(signal.name, signal.evidence) for signal in account.signals},
        "proof": {
            "messages": proof.of("Messages of the account, queued or purged", queued["source"]),
            "quarantined": proof.of("Messages of the account that were purged", moved["source"]),
            "sent": proof.of("Messages sent by the attacking addresses", by_attackers["source"]),
            "failures": None if before is None else proof.of("Failed logins before the entry", before["source"]),
            "entry": None if entry is None else proof.of("The login that came in", [entry["source"]]),
            "last": proof.of("Last seen", _latest(by_attackers, queued)),
        },
    }


def _by_attackers_json(case: Investigation, queued: pd.DataFrame, sent: pd.DataFrame, attacking: Sequence[str]) -> Json:
    """Write what the thief alone sent: the owner's own mail lies in the same queue, and is nobody's business.

    A message is the thief's when its session, or where none is known its peer, is of an attacking address.
    """
    came_from = case.inquiry.sends["client_ip"].reindex(queued["send"]).set_axis(queued.index)
    came_from = came_from.where(came_from.notna(), queued["client_ip"])
    mine = queued[came_from.isin([*attacking])]
    senders = (sent if len(sent) else mine)["mail_from"].value_counts()
    said = (case.messages[at].subject for at in mine.index)
    subjects = Counter(decoded_words(subject) for subject in said if subject)
    return {
        "messages": len(mine),
        "quarantined_messages": int(mine["quarantined"].sum()),
        # where no address is known to be the thief's, nobody can say whose a message is
        "unclear_messages": int(came_from.isna().sum()) if attacking else len(queued),
        "mail_froms": [{"mail_from": str(name), "messages": int(n)} for name, n in senders.head(20).items()],
        "mail_froms_distinct": len(senders),
        "subjects": [{"subject": subject, "messages": n} for subject, n in subjects.most_common(SUBJECTS)],
    }


def _entry(account: AccountVerdict, tries: pd.DataFrame) -> pd.Series | None:
    """Find the login by which the account was entered."""
    if account.entry_ts is None:
        return None
    came = tries[(tries["ts"] == account.entry_ts) & (tries["outcome"] == "success")]
    came = came[came["source"].isin(list(account.entries))]
    return came.iloc[0] if len(came) else None


def _before(account: AccountVerdict, tries: pd.DataFrame) -> pd.DataFrame | None:
    """Find the failures that the verdict counts: on this account, before the entry, from no usual address."""
    if account.entry_ts is None:
        return None
    usual = [place.ip for place in account.client_ips if place.usual]
    lost = tries[(tries["outcome"] == "failure") & (tries["ts"] < account.entry_ts)]
    return lost[~lost["client_ip"].isin(usual)]


def _also_entered(case: Investigation, account: AccountVerdict) -> list[str]:
    """Name the other accounts that the same addresses entered, then the others that are compromised."""
    entered = [other.account for other in account.also_tried_by_same_ips if other.entered]
    others = [other.account for other in case.found.accounts if other.verdict == "compromised"]
    return [name for name in dict.fromkeys([*entered, *others]) if name != account.account]


def _latest(sent: pd.DataFrame, queued: pd.DataFrame) -> list[Locus]:
    rows = sent if len(sent) else queued
    return [] if rows.empty else [rows["source"].iloc[int(rows["ts"].argmax())]]


def _places_json(case: Investigation, account: AccountVerdict, tries: pd.DataFrame, proof: Proof) -> Iterator[Json]:
    zone = case.inputs.zone
    sources = {str(ip): list(rows) for ip, rows in tries.groupby("client_ip")["source"]}
    for place in sorted(account.client_ips, key=lambda place: not place.attacking):
        yield {
            "ip": place.ip,
            "country": case.country(place.ip),
            "role": _role(place),
            "successes": place.successes,
            "failures": place.failures,
            "first_seen": stamp(place.first_seen, zone),
            "last_seen": stamp(place.last_seen, zone),
            "proof": proof.of("Logins from this address", sources.get(place.ip, [])),
        }


def _role(place: Place) -> str | None:
    return "attacker" if place.attacking else "usual" if place.usual else None
