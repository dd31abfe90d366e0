from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachkit.errors import BreachkitError
from breachkit.records import Setting, Skipped
from breachkit.servers.icewarp.guide import GUIDE, NO_SETTING, RULES, read_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_of_the_tool_are_read_and_others_lose_name_and_value(tmp_path: Path) -> None:
    path = tmp_path / "settings.txt"
    path.write_bytes(
        b"\xef\xbb\xbfC_Mail_Security_Relay_RelayMode: 1\r\n"
        b"c_mail_security_tarpit_period = 30 min\r\n"
        b"C_Mail_Security_Tarpit_RecipientCount: 7\r\n"
        b"C_Some_SuperUserPassword: c4n4ry\r\n"
        b"# a remark\r\n\r\n"
        b"c4n4ry without a sign\r\n",
    )
    rows = list(read_settings(path, None))
    assert [(row.name, row.value) for row in rows if isinstance(row, Setting)] == [
        ("C_Mail_Security_Relay_RelayMode", "1"),
        ("C_Mail_Security_Tarpit_Period", "30 min"),
        ("C_Mail_Security_Tarpit_Count", "7"),
        ("", ""),
    ]
    assert [(row.reason, row.source.line) for row in rows if isinstance(row, Skipped)] == [(NO_SETTING, 7)]
    assert "c4n4ry" not in repr(rows)


def read(path: Path, text: str) -> tuple[list[tuple[str, str]], list[int]]:
    path.write_text(text)
    rows = list(read_settings(path, None))
    known = [(row.name, row.value) for row in rows if isinstance(row, Setting) and row.name]
    return known, [row.source.line for row in rows if isinstance(row, Skipped)]


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("C_Mail_Security_Tarpit_EnableSMTP", "C_Mail_Security_Tarpit_Enable"),
        ("c_mail_security_tarpit_enablesmtp", "C_Mail_Security_Tarpit_Enable"),
        ("C_Mail_Security_Tarpit_RecipientCount", "C_Mail_Security_Tarpit_Count"),
        ("C_Mail_Security_Tarpit_ProcessPOP3IMAP", "C_Mail_Security_Tarpit_EnableIMAPPOP3"),
    ],
)
@pytest.mark.parametrize("line", ["{}: 1", '"{}","1"', "{};1", "{} = 1"])
def test_a_setting_is_known_by_each_name_that_the_vendor_has_for_it(
    printed: str, name: str, line: str, tmp_path: Path
) -> None:
    assert read(tmp_path / "settings.txt", line.format(printed) + "\n") == ([(name, "1")], [])


@pytest.mark.parametrize(
    "printed",
    [
        "C_Mail_Security_Relay_IPList: 192.0.2.7\n198.51.100.0/24\n\n10.0.0.0 - 10.9.9.9\nD_UserMB: 5\n",
        'C_Mail_Security_Relay_IPList: "192.0.2.7;\n198.51.100.0/24;10.0.0.0-10.9.9.9"\nD_UserMB: 5\n',
        "C_Mail_Security_Relay_IPList: 192.0.2.7\n;198.51.100.0/24\n; 10.0.0.0-10.9.9.9\n; a remark\nD_UserMB: 5\n",
        "C_Mail_Security_Relay_IPList:\n  192.0.2.7,198.51.100.0/24\n  10.0.0.0 - 10.9.9.9\nD_UserMB: 5\n",
        "D_UserMB: 5\nC_Mail_Security_Relay_IPList: 192.0.2.7 198.51.100.0/24\n# ours\n10.0.0.0-10.9.9.9",
    ],
)
def test_a_list_over_several_lines_is_one_value(printed: str, tmp_path: Path) -> None:
    known, skipped = read(tmp_path / "settings.txt", printed)
    (value,) = [value for name, value in known if name == "C_Mail_Security_Relay_IPList"]
    assert value.split(";") == ["192.0.2.7", "198.51.100.0/24", "10.0.0.0-10.9.9.9"]
    assert ("D_UserMB", "5") in known
    assert skipped == []


def test_lines_that_belong_to_no_list_are_counted_and_lists_that_nobody_judges_are_not(tmp_path: Path) -> None:
    printed = (
        "C_System_Services_SMTP_IPList: 192.0.2.1\n192.0.2.2\n"
        "C_Mail_Security_Relay_RelayMode: 1\n192.0.2.3\n"
        "C_Mail_Security_Relay_IPList: 192.0.2.7\nC:\\IceWarp>tool get system X\n::/0\n"
    )
    known, skipped = read(tmp_path / "settings.txt", printed)
    assert known == [
        ("C_Mail_Security_Relay_RelayMode", "1"),
        ("C_Mail_Security_Relay_IPList", "192.0.2.7;::/0"),
    ]
    assert skipped == [4, 6]


def test_a_list_that_cannot_be_read_to_its_end_is_not_judged(tmp_path: Path) -> None:
    printed = "C_Mail_Security_Relay_IPList: 192.0.2.7\n" + "192.0.2.8;" * 10_000 + "\nD_UserMB: 5\n"
    assert read(tmp_path / "settings.txt", printed) == ([("D_UserMB", "5")], [2])
    assert read(tmp_path / "settings.txt", "D_UserMB: 5\nC_X: " + "x" * 100_000) == ([("D_UserMB", "5")], [2])


def test_a_binary_file_is_no_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.txt"
    path.write_bytes(b"\0\1\2\3" * 20)
    with pytest.raises(BreachkitError, match="not a table of text"):
        list(read_settings(path, None))


def test_each_variable_has_one_rule_and_the_line_that_mends_it() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names)) == 50
    for rule in RULES:
        assert re.fullmatch(r"[CDU]_\w+", rule.name)
        assert re.match(rf"tool set (system|domain \S+|account \S+) {rule.name} \S+$", rule.fix)
        assert "\n" not in rule.why


def test_the_lines_that_collect_settings_ask_for_every_rule_on_both_systems() -> None:
    assert list(GUIDE.commands) == ["Windows", "Linux"]
    for lines in GUIDE.commands.values():
        assert [line.split()[-3] for line in lines] == [rule.name for rule in RULES]
    assert GUIDE.commands["Windows"][0].startswith("tool.exe get system ")
    assert GUIDE.commands["Linux"][0].startswith("./tool.sh get system ")


def test_the_policy_is_made_of_rules() -> None:
    assert GUIDE.policy.keys() <= {rule.name.lower() for rule in RULES}


@given(raw=st.binary(max_size=300))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_reader_raises_nothing_but_sentences_on_any_bytes(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "settings.txt"
    path.write_bytes(raw)
    try:
        rows = list(read_settings(path, None))
    except BreachkitError:
        return
    assert len(rows) <= (raw.count(b"\n") or raw.count(b"\r")) + 1
