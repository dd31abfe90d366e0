"""What those who contain an incident need: steps for an account, sentences for settings, addresses for a firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.places import address_of
from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.servers import Containment
from breachkit.shells import is_safe
from breachkit.spelling import plain_address, spelled
from breachkit.text.sasl import Login

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from breachkit.advice import Bearing, Step
    from breachkit.detect.accounts.accusation import AccountVerdict, Accusation
    from breachkit.detect.accounts.attackers import AttackerIp
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.evidence.where import Where
    from breachkit.records import Message

PLACEHOLDER = "ACCOUNT"
_MORE_THAN_ONE = frozenset("?, ")
"""Signs that are safe in a line, but may make the server's tool take other accounts too."""


class Attackers(NamedTuple):
    """The addresses that attacked, parted by whether a firewall may be told to block them."""

    ips: tuple[str, ...]
    """To block: IPv4 before IPv6, each in order."""
    kept: tuple[AttackerIp, ...]
    """Not to be blocked, each with the reason."""


class Contained(NamedTuple):
    """One account and its steps."""

    account: str
    verdict: str | None
    steps: tuple[Step, ...]
    is_safe: bool
    """False when the name must not stand in a command line: the commands say ACCOUNT instead."""


def choose_accounts(names: Sequence[str], found: Accusation) -> list[str]:
    """Name the accounts to contain: those typed, a bare name resolved where it is one account's, else the compromised.

    Raises BreachkitError where there is nothing to contain.
    """
    if not names:
        chosen = [account.account for account in found.accounts if account.verdict == "compromised"]
        if not chosen and not found.attackers:
            raise BreachkitError(
                "no account looks compromised in this evidence and no address attacked;"
                " name one: breachkit contain ACCOUNT"
            )
        return chosen
    known = [account.account for account in found.accounts]
    typed = [spelled(plain_address(name)) for name in names]
    owners = {name: [account for account in known if account.partition("@")[0] == name] for name in typed}
    return list(dict.fromkeys(owners[name][0] if len(owners[name]) == 1 else name for name in typed))


def contain_accounts(
    where: Where, accounts: Iterable[str], found: Accusation, called: Callable[[str], str] | None = None
) -> list[Contained]:
    """Write the steps for some accounts, under other names where their own must not be shown. Raises BreachkitError."""
    attackers = len(attackers_of(found).ips)
    return [_contained(where, account, found, attackers, called) for account in accounts]


def _contained(
    where: Where, account: str, found: Accusation, attackers: int, called: Callable[[str], str] | None
) -> Contained:
    name = account if called is None else called(account)
    accused = found.accused_names()
    # under another name none of the true ones may stand in a line
    names = [] if called is not None else accused if account in accused else [account, *accused]
    group = where.command("group") if where.layout.queues else None
    block = where.command("contain", *names, "--block-list", "nftables")
    shown = name if is_safe(name) and not _MORE_THAN_ONE & set(name) else PLACEHOLDER
    system = where.guide.system_of(where.layout, where.logs)
    known = Containment(shown, _left_behind(where, account), group, block, attackers, system)
    verdict = next((one.verdict for one in found.accounts if one.account == account), None)
    return Contained(name, verdict, where.guide.steps(known), shown == name)


def _left_behind(where: Where, account: str) -> tuple[str, ...] | None:
    """Read from the export what of the account outlives a new password; None when it does not tell."""
    if where.accounts is None:
        return None
    try:
        rows = where.export.read(where.accounts, where.layout.root, where.columns, False)
        mine = (row.left_behind for row in rows if isinstance(row, Login) and row.account.address == account)
        return next(mine, None)
    except (OSError, BreachkitError) as error:
        if not where.is_accounts_asked:  # that it lies there and cannot be read is said with what was read
            return None
        raise error if isinstance(error, BreachkitError) else PathUnreadableError(where.accounts, error) from None


def incident_of(found: Accusation) -> dict[Bearing, str]:
    """Say what the evidence shows, by what a setting would have stopped; empty without a compromised account."""
    found_by: dict[Bearing, str] = {}
    domains = {account.account.rpartition("@")[2] for account in found.accounts}
    for account in found.accounts:
        if account.verdict == "compromised":
            for bearing, sentence in _sentences(account, domains):
                found_by.setdefault(bearing, sentence)
    return found_by


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
    from breachkit.detect.accounts.suspects import attacking_ips  # pandas takes 0.3 s

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
