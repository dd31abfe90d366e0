from __future__ import annotations

from dataclasses import replace

import pandas as pd

from breachkit.detect.accounts.accusation import AccountVerdict, Accusation
from breachkit.detect.accounts.attackers import Attacker, Unblocked
from breachkit.detect.containment import attackers_of, incident_of
from breachkit.detect.findings import Confidence, Signal
from breachkit.records import Locus

NOON = pd.Timestamp("2026-11-20T12:00:00Z")
SENDER = Signal("sender-not-account", "other sender", (Locus("s.log", 0, 1),))


def verdict(name: str) -> AccountVerdict:
    return AccountVerdict(
        account=name,
        candidates=(),
        verdict="compromised",
        confidence=Confidence.HIGH,
        entry="brute-force",
        signals=(SENDER,),
        queued_messages=9,
        quarantined_messages=0,
        queued_share=1.0,
        sent_messages=12,
        auth_successes=3,
        auth_failures_before_entry=1233,
        entry_ts=NOON,
        entry_ip="192.0.2.9",
        last_ts=NOON,
        client_ips=(),
        mechanisms=("LOGIN",),
        weak_password="equals-username",
        also_tried_by_same_ips=(),
        unknown_names_tried=0,
        mail_froms=(("user@example.it", 3), ("pippo@gmail.com", 9)),
        entries=(),
        doubts=(),
        recipients=None,
        groups=(),
    )


def accusation(*accounts: AccountVerdict) -> Accusation:
    return Accusation(accounts, 0, {}, 0)


def attacked_by(unblocked: Unblocked, *ips: str) -> Accusation:
    attacker = Attacker(
        tuple(map(unblocked.of, ips)), "brute-force", False, 1, (), 9, 0, NOON, NOON, ("smtp",), (Locus("s.log", 0, 1),)
    )
    return replace(accusation(), attackers=(attacker,))


def test_an_address_that_somebody_needs_is_never_blocked_and_the_reason_is_told() -> None:
    unblocked = Unblocked(usual=["192.0.2.7"], shared=["198.51.100.1"], own=["192.0.2.17"])
    ips = ("192.0.2.9", "192.0.2.7", "198.51.100.1", "2001:db8::9", "192.0.2.17", "10.1.2.3", "100.64.0.9", "127.0.0.1")
    found = attackers_of(attacked_by(unblocked, *ips))
    assert found.ips == ("192.0.2.9", "2001:db8::9")
    assert {ip.ip: ip.not_blocked_why for ip in found.kept} == {
        "192.0.2.7": "usual",
        "198.51.100.1": "shared",
        "192.0.2.17": "server",
        "10.1.2.3": "private",
        "100.64.0.9": "private",
        "127.0.0.1": "loopback",
    }


def test_what_is_no_address_or_the_machine_itself_is_not_blocked() -> None:
    assert attackers_of(attacked_by(Unblocked((), (), ()), "127.0.0.1", "::1", "::", "; reboot")).ips == ()


def test_a_mapped_address_is_blocked_as_ipv4() -> None:
    assert attackers_of(attacked_by(Unblocked((), (), ()), "::ffff:192.0.2.9")).ips == ("192.0.2.9",)


def test_the_incident_is_told_in_its_own_words() -> None:
    told = incident_of(accusation(verdict("user@example.it")))
    assert told["sender"] == "AUTH was user@example.it, MAIL FROM pippo@gmail.com: this setting would have refused it"
    assert told["foreign-sender"].startswith("MAIL FROM pippo@gmail.com is of no local domain")
    assert told["guessing"] == "user@example.it was entered after 1,233 failed logins"
    assert "equals-username" in told["weak-password"]
    assert "12 messages" in told["volume"]


def test_an_innocent_account_tells_nothing() -> None:
    clear = replace(verdict("user@example.it"), verdict="clear")
    assert incident_of(accusation(clear)) == {}
