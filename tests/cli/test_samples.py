"""What the shipped stories look like to the person who runs breachkit on them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Ran, story
from tests.evidence import SHIPPED
from tests.schemas import validate

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Copy the sample that a test is about, as `sample_queues/icewarp/NAME` in the working folder."""
    name = request.getfixturevalue("name") if "name" in request.fixturenames else "guide"
    shutil.copytree(story(name), tmp_path / "sample_queues" / "icewarp" / name)
    monkeypatch.chdir(tmp_path)
    return f"sample_queues/icewarp/{name}"


def whole(ran: Ran) -> str:
    """Return all that a command shows, without what the clock and chance decide."""
    text = ran.out
    text += f"--- stderr\n{ran.err}" if ran.err else ""
    text += f"--- exit code {ran.code}\n" if ran.code else ""
    for pattern, plain in CHANCE:
        text = re.sub(pattern, plain, text)
    return text.replace(f"{Path.cwd()}{os.sep}", "")


CHANCE = (
    (r"\b\d{8}-\d{6}-[0-9a-f]{4}\b", "RUN"),
    (r'(began "?|began": "|created": ")[\dT:+-]+', r"\1NOW"),
    (r"(SHA-256 |sha256   )[0-9a-f]{64}", r"\1HASH"),  # of a journal or a custody: times are in them
    (r'(journal\.jsonl",\s+"sha256": ")[0-9a-f]{64}', r"\1HASH"),
    (r"\d+ lines, [\d.]+ kB\n", "…\n"),  # how a partial file is written is nobody's business
)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize(
    "words",
    [
        ("scan",),
        ("group",),
        ("find-account",),
        ("weak-passwords",),
        ("contain",),
        ("purge", "--all", "--everything", "--dry-run"),
    ],
    ids=lambda words: words[0],
)
def test_text_and_json_are_golden(
    name: str, words: tuple[str, ...], root: str, cli: Callable[..., Ran], golden: Callable[[str, str], None]
) -> None:
    golden(f"{words[0]}-{name}.txt", whole(cli(*words, "--root", root)))
    written = cli(*words, "--root", root, "--format", "json")
    if written.code == 0:
        validate(written.out)
        assert written.err == ""
        golden(f"{words[0]}-{name}.json", whole(written))


def test_a_trace_is_golden(root: str, cli: Callable[..., Ran], golden: Callable[[str, str], None]) -> None:
    golden("trace-guide.txt", whole(cli("trace", "AAD39323", "--root", root)))
    written = cli("trace", "AAD39323", "--root", root, "--format", "json")
    validate(written.out)
    golden("trace-guide.json", whole(written))


SETTINGS = """\
C_Mail_Security_Relay_RejectLocalUnauth: 0
C_Mail_Security_Relay_POPSMTP: 1
C_Mail_Security_Relay_IPList: 127.0.0.1;192.168.0.0/16;0.0.0.0/0
C_Mail_Security_Tarpit_Enable: 1
C_Mail_Security_Tarpit_Count: 90
C_Accounts_Policies_Pass_Enable: 1
C_Accounts_Policies_Pass_MinLength: 4
example.it D_NumberLimit: 0
"""


def test_settings_are_golden(root: str, cli: Callable[..., Ran], golden: Callable[[str, str], None]) -> None:
    golden("harden-guide.txt", whole(cli("harden", "--root", root)))
    Path("settings.txt").write_text(SETTINGS, "utf-8")
    golden("harden-settings.txt", whole(cli("harden", "settings.txt", "--root", root)))
    written = cli("harden", "settings.txt", "--root", root, "--format", "json")
    validate(written.out)
    golden("harden-settings.json", whole(written))
    golden("harden-commands.txt", whole(cli("harden", "--print-commands", "--root", root)))


@pytest.mark.parametrize("kind", ["plain", "nftables", "ipset", "windows-firewall", "fail2ban"])
def test_a_block_list_is_golden(
    kind: str, root: str, cli: Callable[..., Ran], golden: Callable[[str, str], None]
) -> None:
    golden(f"contain-{kind}.txt", whole(cli("contain", "--block-list", kind, "--root", root)))


@pytest.mark.parametrize("name", SHIPPED)
def test_the_summary_of_a_case_is_golden(
    name: str, root: str, cli: Callable[..., Ran], golden: Callable[[str, str], None]
) -> None:
    golden(f"investigate-{name}.txt", whole(cli("investigate", "-o", "CASE", "--root", root)))
    if name == "guide":
        golden("investigate-guide.json", whole(Ran(0, Path("CASE/findings.json").read_text("utf-8"), "")))
        golden("investigate-timeline.csv", "".join(Path("CASE/timeline.csv").read_text("utf-8").splitlines(True)[:40]))
        golden("investigate-indicators.csv", Path("CASE/indicators.csv").read_text("utf-8"))


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_purge_and_its_way_back_are_golden(
    form: str, root: str, cli: Callable[..., Ran], golden: Callable[[str, str], None]
) -> None:
    told = run = ""
    for words in (
        ("purge", "Undeliverable", "--yes"),
        ("quarantine", "list"),
        ("quarantine", "show", "RUN"),
        ("quarantine", "verify"),
        ("find-account",),
        ("restore", "--only", "furio", "--dry-run"),
        ("restore", "RUN", "--yes"),
        ("restore", "RUN", "--yes"),
        ("purge", "--account", "giulia@example.it", "--yes", "--drop"),
        ("quarantine", "drop", "RUN", "--yes"),
        ("restore", "--yes"),
    ):
        named = [run if word == "RUN" else word for word in words]
        ran = cli(*named, "--root", root, "--format", form)
        if form == "json" and ran.code == 0:
            validate(ran.out)
        ran = ran._replace(out="".join(ran.out.splitlines(True)[:12])) if words == ("find-account",) else ran
        run = run or next(Path(root, "mail").glob("breachkit-quarantine/*")).name
        told += f"$ breachkit {' '.join(words)}\n{whole(ran)}\n"
    golden(f"purge-and-back-guide.{form.replace('text', 'txt')}", told)


def test_a_reading_is_golden(root: str, cli: Callable[..., Ran], golden: Callable[[str, str], None]) -> None:
    told = whole(cli("read", "--name", "mail1", "--partial", "mail1.partial", "--key", "key", "--root", root))
    ran = cli("find-account", "--partial", "mail1.partial", "--key", "key")
    golden("read-guide.txt", told + whole(ran))


@pytest.mark.parametrize("wanted", ["user@example.it", "USER", "203.0.113.155"])
def test_an_account_or_an_address_can_be_traced(wanted: str, cli: Callable[..., Ran]) -> None:
    ran = cli("trace", wanted, "--root", story("guide"), "--format", "json", "--limit", "3")
    document = validate(ran.out)
    assert len(document["sessions"]) == 3
    assert document["sessions_found"] > 100
    shown = cli("trace", wanted, "--root", story("guide"))
    assert f"20 of {document['sessions_found']} sessions shown; --limit 0 shows all." in shown.out


def test_finding_something_can_fail_a_script(cli: Callable[..., Ran]) -> None:
    assert cli("find-account", "--root", story("guide"), "--fail-on-findings").code == 10
    assert cli("scan", "--root", story("guide"), "--fail-on-findings").code == 10
