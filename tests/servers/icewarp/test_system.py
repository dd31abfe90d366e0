"""For which operating system the lines of the server's own tool are spelled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from breachkit.evidence.where import Asked, find_evidence
from breachkit.servers.icewarp.guide import GUIDE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

BANNER = "203.0.113.9 [0001] 09:00:00 >>> 220 mail.example.it ESMTP IceWarp {}; Fri, 20 Nov 2026 09:00:00 +0100\r\n"
TOLD = {
    "path.dat of Windows": ({"path.dat": "C:\\IceWarp\\config\\\r\n"}, "Windows"),
    "path.dat of Windows, in config": ({"config/PATH.DAT": "\r\nD:\\mail\\\r\n"}, "Windows"),
    "a share": ({"path.dat": "\\\\nas\\mail\\config\\\r\n"}, "Windows"),
    "path.dat of Linux": ({"path.dat": "/opt/icewarp/config/\r\n"}, "Linux"),
    "settings of Windows": ({"settings.txt": "C_System_Storage_Dir_MailPath: D:\\IceWarp\\mail\\\r\n"}, "Windows"),
    "settings of Linux": ({"settings.txt": "C_System_Storage_Dir_MailPath: /var/mail/icewarp/\n"}, "Linux"),
    "an export": ({"users.csv": "anna@example.it,0,C:\\mail\\anna\\,anna,x\n"}, "Windows"),
    "a banner of Linux": ({"logs/smtp/s20261120-00.log": BANNER.format("12.2.0 RHEL7 x64")}, "Linux"),
    "a banner of either": ({"logs/smtp/s20261120-00.log": BANNER.format("13.0.3 build 7 x64")}, None),
    "a client that says so": (
        {"logs/smtp/s20261120-00.log": "203.0.113.9 [0001] 09:00:00 <<< EHLO C:\\x /opt/x RHEL7\r\n"},
        None,
    ),
    "both": ({"settings.txt": "A: C:\\x\\\nB: /opt/x/\n"}, None),
    "nothing": ({"mail/_outgoing/a.dat": "From: a@b.example\n\nC:\\x\\ /opt/x/\n"}, None),
}


def evidence(root: Path, files: dict[str, str]) -> Path:
    (root / "mail" / "_outgoing").mkdir(parents=True)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="")
    return root


@pytest.mark.parametrize("name", TOLD)
def test_the_operating_system_is_told_by_what_the_server_wrote(name: str, tmp_path: Path) -> None:
    files, system = TOLD[name]
    where = find_evidence(Asked(root=evidence(tmp_path, files), timezone="UTC"))
    assert GUIDE.system_of(where.layout, where.logs) == system


def test_settings_that_powershell_wrote_are_read(tmp_path: Path) -> None:
    root = evidence(tmp_path, {})
    (root / "settings.txt").write_bytes("C_System_Storage_Dir_MailPath: D:\\mail\\\r\n".encode("utf-16"))
    where = find_evidence(Asked(root=root, timezone="UTC"))
    assert GUIDE.system_of(where.layout, where.logs) == "Windows"


@pytest.mark.parametrize(
    ("name", "tools"),
    [
        ("path.dat of Windows", ["tool.exe"]),
        ("path.dat of Linux", ["./tool.sh"]),
        ("nothing", ["tool.exe", "./tool.sh"]),
    ],
)
def test_lines_of_the_servers_tool_are_those_of_its_system(
    name: str, tools: list[str], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    root = evidence(tmp_path, TOLD[name][0])
    found = json.loads(cli("contain", "anna@example.it", "--root", root, "--format", "json").out)
    steps = found["accounts"][0]["steps"]
    assert [line.split(" ")[0] for line in steps[-1]["commands"]] == tools
    assert {line.split(" ")[0] for step in steps for line in step["commands"]} - {"breachkit"} == {
        *tools,
        *(["./icewarpd.sh"] if "./tool.sh" in tools else []),
    }
    assert [step["title"] for step in steps if "assword" in " ".join(step["commands"])] == []
