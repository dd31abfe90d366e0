"""What an incident looks like to those who mend it: in sentences for settings, in addresses for a firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.places import address_of
from breachkit.detect.accounts.suspects import attacking_ips

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from breachkit.advice import Bearing
    from breachkit.detect.accounts.accusation import AccountVerdict, Accusation
    from breachkit.detect.accounts.attackers import AttackerIp
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.records import Message


class Attackers(NamedTuple):
    """The addresses that attacked, parted by whether a firewall may be told to block them."""

    ips: tuple[str, ...]
    """To block: IPv4 before IPv6, each in order."""
    kept: tuple[AttackerIp, ...]
    """Not to be blocked, each with the reason."""


def incident_of(found: Accusation) -> dict[Bearing, str]:
    """Say what the evidence shows, by what a setting would have stopped; empty without a compromised account."""
    told: dict[Bearing, str] = {}
    domains = {account.account.rpartition("@")[2] for account in found.accounts}
    for account in found.accounts:
        if account.verdict == "compromised":
            for bearing, sentence in _sentences(account, domains):
                told.setdefault(bearing, sentence)
    return told


def _sentences(account: AccountVerdict, domains: Collection[str]) -> Iterator[tuple[Bearing, str]]:
    name = account.account
    declared = next((sender for sender, _ in account.mail_froms if "@" in sender and sender != name), None)
    if declared is not None and any(signal.name == "sender-not-account" for signal in account.signals):
        yield "sender", f"AUTH was {name}, MAIL FROM {declared}: this setting would have refused it"
        if declared.rpartition("@")[2] not in domains:
            yield "foreign-sender", f"MAIL FROM {declared} is of no local domain: this setting would have refused it"
    if account.auth_failures_before_entry:
        yield "guessing", f"{name} was entered after {account.auth_failures_before_entry:,} failed logins"
    if account.weak_password:
        yield "weak-password", f"the password of {name} was guessable ({account.weak_password})"
    sent = max(account.sent_messages or 0, account.queued_messages)
    if sent:
        yield "volume", f"{name} sent {sent:,} messages without meeting a limit"


def targets_of(inquiry: Inquiry) -> frozenset[str]:
    """Find the accounts that attacking addresses tried to log in to, with or without success."""
    return frozenset(inquiry.visits_by(attacking_ips(inquiry), ()).index.unique("account"))


def attackers_of(found: Accusation) -> Attackers:
    """List the addresses that attacked, without any that somebody uses lawfully or that are the server's own."""
    ips = [ip for attacker in found.attackers for ip in attacker.ips]
    blocked = {address for ip in ips if ip.blocked and (address := address_of(ip.ip)) is not None}
    # loopback and the like are none that a firewall may be told to block
    real = (one for one in blocked if not (one.is_loopback or one.is_unspecified or one.is_multicast))
    ordered = sorted(real, key=lambda address: (address.version, int(address)))
    kept = {ip.ip: ip for ip in ips if not ip.blocked}
    return Attackers(tuple(map(str, ordered)), tuple(kept[ip] for ip in sorted(kept)))


def count_owners_own(messages: Iterable[Message], found: Accusation, came_from: Mapping[str | None, str | None]) -> int:
    """Count the messages of accounts that came in from an address that attacks nobody: their owners' own, it seems.

    Args:
        messages: some of the queue.
        found: the verdicts.
        came_from: the address of the session, by the id of the message; of others the message's own word counts.
    """
    attacking = {ip for account in found.accounts for ip in account.attacking_ips}
    attacking |= {ip.ip for attacker in found.attackers for ip in attacker.ips}
    places = (
        came_from.get(message.queue_id) or message.client_ip for message in messages if message.auth_user is not None
    )
    return sum(ip is not None and ip not in attacking for ip in places)
