from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from breachkit.errors import NotATableError
from breachkit.records import Setting
from breachkit.records import Skipped
from breachkit.servers.icewarp.rules import POLICY
from breachkit.servers.icewarp.rules import RULES
from breachkit.servers.icewarp.settings import COMMANDS
from breachkit.servers.icewarp.settings import NO_SETTING
from breachkit.servers.icewarp.settings import read_settings

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


def test_a_binary_file_is_no_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.txt"
    path.write_bytes(b"\0\1\2\3" * 20)
    with pytest.raises(NotATableError):
        list(read_settings(path, None))


def test_each_variable_has_one_rule_and_the_line_that_mends_it() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names)) == 49
    for rule in RULES:
        assert re.fullmatch(r"[CDU]_\w+", rule.name)
        assert re.match(rf"tool set (system|domain \S+|account \S+) {rule.name} \S+$", rule.fix)
        assert "\n" not in rule.why


def test_the_lines_that_collect_settings_ask_for_every_rule_on_both_systems() -> None:
    assert list(COMMANDS) == ["Windows", "Linux"]
    for lines in COMMANDS.values():
        assert [line.split()[-3] for line in lines] == [rule.name for rule in RULES]
    assert COMMANDS["Windows"][0].startswith("tool.exe get system ")
    assert COMMANDS["Linux"][0].startswith("./tool.sh get system ")


def test_the_policy_is_made_of_rules() -> None:
    assert POLICY.keys() <= {rule.name.lower() for rule in RULES}


@given(raw=st.binary(max_size=300))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_reader_raises_nothing_but_sentences_on_any_bytes(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "settings.txt"
    path.write_bytes(raw)
    try:
        rows = list(read_settings(path, None))
    except NotATableError:
        return
    assert len(rows) <= raw.count(b"\n") + 1
