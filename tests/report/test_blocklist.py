from __future__ import annotations

from typing import get_args

import pytest

from breachkit.report.blocklist import BlockList, render_block_list

IPS = ["192.0.2.1", "2001:db8::1"]

EXPECTED = {
    "plain": ["192.0.2.1", "2001:db8::1"],
    "nftables": [
        "# nft -f FILE; undo: nft delete table inet breachkit",
        "add table inet breachkit",
        "add chain inet breachkit input { type filter hook input priority -10; policy accept; }",
        "flush chain inet breachkit input",
        "add set inet breachkit attackers4 { type ipv4_addr; flags timeout; }",
        "add rule inet breachkit input ip saddr @attackers4 drop",
        "add element inet breachkit attackers4 { 192.0.2.1 timeout 30m }",
        "add set inet breachkit attackers6 { type ipv6_addr; flags timeout; }",
        "add rule inet breachkit input ip6 saddr @attackers6 drop",
        "add element inet breachkit attackers6 { 2001:db8::1 timeout 30m }",
    ],
    "ipset": [
        "# ipset restore < FILE; then once: iptables -I INPUT -m set --match-set breachkit4 src -j DROP",
        "# and for IPv6: ip6tables -I INPUT -m set --match-set breachkit6 src -j DROP",
        "create breachkit4 hash:ip family inet timeout 1800 -exist",
        "add breachkit4 192.0.2.1 timeout 1800 -exist",
        "create breachkit6 hash:ip family inet6 timeout 1800 -exist",
        "add breachkit6 2001:db8::1 timeout 1800 -exist",
    ],
    "fail2ban": [
        "# needs a jail named breachkit; undo: fail2ban-client unban ADDRESS",
        "fail2ban-client set breachkit bantime 1800",
        "fail2ban-client set breachkit banip 192.0.2.1",
        "fail2ban-client set breachkit banip 2001:db8::1",
    ],
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_each_firewall_gets_its_own_words_with_a_timeout(kind: BlockList) -> None:
    assert render_block_list(kind, IPS, 30).splitlines() == EXPECTED[kind]


def test_the_windows_firewall_has_no_timeout_so_a_task_takes_the_rules_away() -> None:
    lines = render_block_list("windows-firewall", [f"192.0.2.{number}" for number in range(9)] * 60, 45).splitlines()
    assert sum(line.startswith("New-NetFirewallRule") for line in lines) == 2
    assert "AddMinutes(45)" in lines[-3]
    assert lines[-1].startswith("Register-ScheduledTask")


@pytest.mark.parametrize("kind", get_args(BlockList))
def test_without_addresses_nothing_is_blocked(kind: BlockList) -> None:
    text = render_block_list(kind, [], 30)
    assert not [word for word in ("add element", "banip", "New-NetFirewallRule", "hash:ip") if word in text]
