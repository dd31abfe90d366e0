"""Addresses to block, in the words of a firewall; every block ends by itself.

Formats: nftables(8) `nft -f`, ipset(8) `ipset restore`, PowerShell's NetSecurity module, fail2ban-client(1).
The addresses were parsed and spelled again by `ipaddress`: nothing of the evidence's own spelling is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BlockList = Literal["plain", "nftables", "ipset", "windows-firewall", "fail2ban"]
"""What takes the list."""

NAME = "breachkit"
CHUNK = 500
"""Addresses in one rule of the Windows firewall; its command lines end at 8,191 letters."""

SECONDS = 60


def render_block_list(kind: BlockList, ips: Sequence[str], minutes: int) -> str:
    """Write the list for one firewall; without addresses it is empty, or a comment."""
    makers = {"nftables": _nftables, "ipset": _ipset, "windows-firewall": _windows, "fail2ban": _fail2ban}
    lines = iter(ips) if kind == "plain" else makers[kind](ips, minutes)
    return "".join(f"{line}\n" for line in lines)


def _by_family(ips: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for family, chosen in (("4", [ip for ip in ips if ":" not in ip]), ("6", [ip for ip in ips if ":" in ip])):
        if chosen:
            yield family, chosen


def _nftables(ips: Sequence[str], minutes: int) -> Iterator[str]:
    yield f"# nft -f FILE; undo: nft delete table inet {NAME}"
    yield f"add table inet {NAME}"
    yield f"add chain inet {NAME} input {{ type filter hook input priority -10; policy accept; }}"
    yield f"flush chain inet {NAME} input"
    for family, chosen in _by_family(ips):
        word = "ip" if family == "4" else "ip6"
        yield f"add set inet {NAME} attackers{family} {{ type ipv{family}_addr; flags timeout; }}"
        yield f"add rule inet {NAME} input {word} saddr @attackers{family} drop"
        for ip in chosen:
            yield f"add element inet {NAME} attackers{family} {{ {ip} timeout {minutes}m }}"


def _ipset(ips: Sequence[str], minutes: int) -> Iterator[str]:
    yield f"# ipset restore < FILE; then once: iptables -I INPUT -m set --match-set {NAME}4 src -j DROP"
    yield f"# and for IPv6: ip6tables -I INPUT -m set --match-set {NAME}6 src -j DROP"
    seconds = minutes * SECONDS
    for family, chosen in _by_family(ips):
        kind = "inet" if family == "4" else "inet6"
        yield f"create {NAME}{family} hash:ip family {kind} timeout {seconds} -exist"
        for ip in chosen:
            yield f"add {NAME}{family} {ip} timeout {seconds} -exist"


def _windows(ips: Sequence[str], minutes: int) -> Iterator[str]:
    yield f"# PowerShell as Administrator; undo: Remove-NetFirewallRule -Group '{NAME}'"
    if not ips:
        return
    for begin in range(0, len(ips), CHUNK):
        chosen = ",".join(f"'{ip}'" for ip in ips[begin : begin + CHUNK])
        yield (
            f"New-NetFirewallRule -Group '{NAME}' -DisplayName '{NAME} {begin // CHUNK + 1}' -Direction Inbound"
            f" -Action Block -RemoteAddress {chosen}"
        )
    # the firewall of Windows knows no timeout, so a task takes the rules away
    yield f"$end = New-ScheduledTaskTrigger -Once -At (Get-Date).AddMinutes({minutes})"
    yield (
        "$undo = New-ScheduledTaskAction -Execute 'powershell.exe'"
        f" -Argument \"-NoProfile -Command Remove-NetFirewallRule -Group '{NAME}'\""
    )
    yield f"Register-ScheduledTask -TaskName '{NAME}-unblock' -Action $undo -Trigger $end -User 'SYSTEM' -Force"


def _fail2ban(ips: Sequence[str], minutes: int) -> Iterator[str]:
    yield f"# needs a jail named {NAME}; undo: fail2ban-client unban ADDRESS"
    if ips:
        yield f"fail2ban-client set {NAME} bantime {minutes * SECONDS}"
    for ip in ips:
        yield f"fail2ban-client set {NAME} banip {ip}"
