from __future__ import annotations

from dataclasses import replace

import pandas as pd

from breachkit.detect.compromise import AccountVerdict
from breachkit.detect.compromise import Accusation
from breachkit.detect.compromise import Place
from breachkit.detect.findings import Confidence
from breachkit.detect.findings import Signal
from breachkit.detect.incident import attackers_of
from breachkit.detect.incident import incident_of
from breachkit.records import Locus

NOON = pd.Timestamp("2026-11-20T12:00:00Z")
SENDER = Signal("sender-not-account", "other sender", (Locus("s.log", 0, 1),))


def place(ip: str, *, attacking: bool, usual: bool = False, successes: int = 1) -> Place:
    return Place(ip, successes, 0, NOON, NOON, usual=usual, attacking=attacking)


def verdict(name: str, *places: Place) -> AccountVerdict:
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
        last_ts=NOON,
        client_ips=places,
        mechanisms=("LOGIN",),
        weak_password="equals-username",
        also_tried_by_same_ips=(),
        mail_froms=(("user@example.it", 3), ("pippo@gmail.com", 9)),
        entries=(),
        doubts=(),
    )


def accusation(*accounts: AccountVerdict) -> Accusation:
    return Accusation(accounts, 0, {}, 0)


def test_addresses_that_any_account_used_lawfully_are_never_blocked() -> None:
    mine = verdict(
        "a@example.it",
        place("192.0.2.9", attacking=True),
        place("192.0.2.7", attacking=True, usual=True),
        place("198.51.100.1", attacking=True),
        place("2001:db8::9", attacking=True),
        place("192.0.2.1", attacking=False, usual=True),
    )
    other = verdict("b@example.it", place("198.51.100.1", attacking=False))
    found = attackers_of(accusation(mine, other), ["a@example.it"])
    assert found == (("192.0.2.9", "2001:db8::9"), 2)


def test_what_is_no_address_or_the_machine_itself_is_not_blocked() -> None:
    mine = verdict("a@example.it", *(place(ip, attacking=True) for ip in ("127.0.0.1", "::1", "::", "; reboot")))
    assert attackers_of(accusation(mine), ["a@example.it"]).ips == ()


def test_a_mapped_address_is_blocked_as_ipv4() -> None:
    mine = verdict("a@example.it", place("::ffff:192.0.2.9", attacking=True))
    assert attackers_of(accusation(mine), ["a@example.it"]).ips == ("192.0.2.9",)


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
