from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.detect.hardening import SEVERAL, STATUSES, UNWRITABLE, judge_settings, status_of
from breachkit.records import Locus, Setting
from breachkit.servers.icewarp.guide import RULES

BY_NAME = {rule.name: rule for rule in RULES}


def setting(name: str, value: str) -> Setting:
    return Setting(name, value, Locus("settings.txt", 0, 1))


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("C_Mail_Security_Relay_RejectLocalUnauth", "1", "pass"),
        ("C_Mail_Security_Relay_RejectLocalUnauth", "0", "fail"),
        ("C_Mail_Security_Relay_RejectLocalUnauth", "true", "pass"),
        ("C_Mail_Security_Relay_RejectLocalUnauth", "banana", "unknown"),
        ("C_Mail_Security_Relay_POPSMTP", "0", "pass"),
        ("C_Mail_Security_Relay_POPSMTP", "1", "fail"),
        ("C_Mail_Security_Relay_RelayMode", "0", "fail"),
        ("C_Mail_Security_Relay_IPList", "127.0.0.1", "pass"),
        ("C_Mail_Security_Relay_IPList", "192.0.2.7;192.0.2.9", "advice"),
        ("C_Mail_Security_Relay_IPList", "192.0.2.7;0.0.0.0", "fail"),
        ("C_Mail_Security_Relay_IPList", "10.0.0.0/8", "fail"),
        ("C_Mail_Security_Relay_IPList", "192.168.*.*", "fail"),
        ("C_Mail_Security_Relay_IPList", "192.168.1.*", "advice"),
        ("C_Mail_Security_Relay_IPList", "10.0.0.1-10.9.9.9", "fail"),
        ("C_Mail_Security_Relay_IPList", "2001:db8::/32", "fail"),
        ("C_Mail_Security_Relay_IPList", "192.0.2.7;192.0.2.8\n10.*", "fail"),
        ("C_Mail_Security_Relay_IPList", "10.0.0.1 - 10.9.9.9", "fail"),
        ("C_Mail_Security_Relay_IPList", "any", "fail"),
        ("C_Mail_Security_Relay_IPList", "0/0", "fail"),
        ("C_Mail_Security_Relay_IPList", "10.0.0.0/255.0.0.0", "fail"),
        ("C_Mail_DoNot_Tarpit_IPs", "0", "pass"),
        ("C_Mail_DoNot_Tarpit_IPs", "1", "advice"),
        ("C_Mail_DoNot_Tarpit_IPs", "true", "advice"),
        ("C_Mail_DoNot_Tarpit_IPs", "192.0.2.7", "unknown"),
        ("C_Mail_Security_Tarpit_LoginCount", "5", "pass"),
        ("C_Mail_Security_Tarpit_LoginCount", "100", "fail"),
        ("C_Mail_Security_Tarpit_LoginCount", "0", "fail"),
        ("C_Mail_Security_Tarpit_Period", "30 minutes", "pass"),
        ("C_Mail_Security_Tarpit_Period", "1800 s", "pass"),
        ("C_Mail_Security_Tarpit_Period", "2 ore", "fail"),
        ("C_Mail_Security_Tarpit_Period", "0", "fail"),
        ("C_Mail_SMTP_Delivery_BadMail", "postmaster@example.it", "pass"),
        ("C_Mail_SMTP_Delivery_BadMail", "", "fail"),
        ("C_Mail_SMTP_Other_MaxHopCount", "20", "pass"),
        ("C_Mail_SMTP_Other_MaxHopCount", "30", "advice"),
        ("C_Mail_SMTP_Other_MaxHopCount", "0", "fail"),
        ("C_System_Services_SMTP_MaxInConn", "512", "advice"),
        ("C_System_Adv_Protocols_BackLog", "5000", "pass"),
        ("C_System_Adv_Protocols_BackLog", "200", "fail"),
        ("C_Accounts_Policies_Pass_MinLength", "8 characters", "pass"),
        ("C_Accounts_Policies_Pass_Expiration", "0", "advice"),
        ("U_NumberSendLimit", "0", "fail"),
        ("D_NumberLimit", "5000", "pass"),
    ],
)
def test_each_kind_of_value_is_judged(name: str, value: str, status: str) -> None:
    assert status_of(BY_NAME[name], value) == status


def test_absent_settings_are_unknown_and_every_rule_has_its_row() -> None:
    judged = judge_settings([], RULES, {})
    assert [row.name for row in judged] == [rule.name for rule in RULES]
    assert {(row.status, row.value) for row in judged} == {("unknown", None)}


def test_of_several_values_the_worst_counts() -> None:
    rows = judge_settings([setting("D_NumberLimit", "9"), setting("D_NumberLimit", "0")], RULES, {})
    found = next(row for row in rows if row.name == "D_NumberLimit")
    assert (found.status, found.value) == ("fail", "0")


def test_the_incident_speaks_where_a_setting_would_have_helped_and_not_where_it_passes() -> None:
    name = "C_Mail_Security_Protection_RejectSMTPAuthSender"
    told = "AUTH was user@example.it, MAIL FROM pippo@gmail.com: this setting would have refused it"
    for value, is_told in (("0", True), ("1", False)):
        rows = judge_settings([setting(name, value)], RULES, {"sender": told})
        assert (told in next(row.why for row in rows if row.name == name)) is is_told


@given(value=st.text(max_size=60), rule=st.sampled_from(RULES))
def test_no_value_is_too_odd(value: str, rule: object) -> None:
    assert status_of(rule, value) in STATUSES  # type: ignore[arg-type]


LIST = "C_Mail_Security_Relay_IPList"
LOOK = f"tool get system {LIST}"


def mend(*values: str, name: str = LIST) -> list[str]:
    rows = judge_settings([setting(name, value) for value in values], RULES, {})
    return next(row for row in rows if row.name == name).fix.split("\n")


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("127.0.0.1;0.0.0.0/0;192.0.2.5", "127.0.0.1;192.0.2.5"),
        ("10.0.0.0/8, 192.0.2.5, 192.0.2.9", "192.0.2.5, 192.0.2.9"),
        ("192.0.2.5 192.0.2.9 10.0.0.1-10.9.9.9", "192.0.2.5 192.0.2.9"),
        ("192.0.2.5;;2001:db8::/32;", "192.0.2.5"),
        ("0.0.0.0", ""),  # noqa: S104
    ],
)
def test_a_list_is_written_as_read_without_what_is_too_wide(value: str, kept: str) -> None:
    assert mend(value) == [
        LOOK,
        f'tool set system {LIST} "{kept}"',
        f'undo: tool set system {LIST} "{value}"',
    ]


@pytest.mark.parametrize(
    "value", ["192.0.2.5;10.*.*.*", "0.0.0.0/0;$(reboot)", "10.0.0.0/8;`x`", '0.0.0.0/0;"', "-x;0.0.0.0/0", "0.0.0.0/0;%PATH%", "10.0.0.0/8;città"]
)  # fmt: skip
def test_a_value_that_means_something_to_a_shell_gets_no_line_that_writes(value: str) -> None:
    assert mend(value) == [LOOK, UNWRITABLE]


def test_no_line_writes_over_what_is_not_known_or_not_wrong() -> None:
    assert mend() == [LOOK]
    assert mend("192.0.2.5;192.0.2.9") == [LOOK]
    assert mend("127.0.0.1") == [LOOK]
    assert mend("0.0.0.0/0", "192.0.2.5") == [LOOK, SEVERAL]
    assert mend("0.0.0.0/0", "0.0.0.0/0")[1] == f'tool set system {LIST} ""'
    assert mend(name="C_Mail_Security_Tarpit_Period") == ["tool get system C_Mail_Security_Tarpit_Period"]
    assert mend("banana", name="D_NumberLimit") == ["tool get domain example.it D_NumberLimit"]
    assert mend("0", name="D_NumberLimit") == ["tool set domain example.it D_NumberLimit 5000"]


@given(st.lists(st.text(st.sampled_from("0123456789./-;, *$`\\'\"!%&|<>()\n\x00é:ab")), max_size=4))
def test_whatever_a_list_holds_its_lines_are_safe_and_lose_nothing(parts: list[str]) -> None:
    value = ";".join([*parts, "0.0.0.0/0"])
    look, *written = mend(value)
    assert look == LOOK
    if len(written) == 2:
        new, old = (line.removeprefix("undo: ") for line in written)
        for line, said in ((new, None), (old, value)):
            words = shlex.split(line)
            assert words[:4] == ["tool", "set", "system", LIST]
            assert len(words) == 5
            assert said is None or words[4] == said
            assert not set(line) & set("$`\\!%&|<>()\n\x00'^*")
        assert "0.0.0.0/0" not in new
        kept = {entry for entry in re.split(r"[;,\s]+", value) if entry and status_of(BY_NAME[LIST], entry) != "fail"}
        assert kept <= set(re.split(r"[;,\s]+", shlex.split(new)[4])) | {"-"} or " - " in value
