"""A redacted case names nobody, says the same of the same one everywhere, and cannot be undone by a list of names."""

from __future__ import annotations

import json
import re
from ipaddress import ip_address
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.case.redaction import Redaction
from tests.conftest import story
from tests.evidence import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

READERS = ("--for", "responder", "--for", "owner", "--for", "authority")
RESERVED = (ip_network("240.0.0.0/4"), ip_network("2001:db8::/32"))
_ADDRESSES = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}|\[\.\]\d{1,3}){3}(?![\w.])")


@pytest.mark.parametrize("name", ["guide", "brute-force", "two-domains"])
def test_no_name_and_no_address_is_left(name: str, cli: Callable[..., Ran], tmp_path: Path) -> None:
    truth = build(name, tmp_path / "evidence", 41)
    ran = cli("investigate", "--root", tmp_path / "evidence", "-o", tmp_path / "case", "--redact", *READERS)
    assert ran.code in {0, 3}
    names = {account.partition("@")[0] for account in truth.accounts} - {"user", "newsletter"}  # words of ours too
    ips = {
        str(ip)
        for account in truth.accounts.values()
        for key in ("attacking_ips", "usual_ips", "spam_ips")
        for ip in account.get(key, [])  # type: ignore[union-attr]
    }
    assert names
    files = sorted(path for path in (tmp_path / "case").iterdir() if path.is_file())
    assert len(files) >= 11
    for path in files:
        text = path.read_text("utf-8")
        for account in truth.accounts:
            assert account not in text, (path.name, account)
        for local in names:
            assert not re.search(rf"(?<![\w/]){re.escape(local)}(?![\w/])", text, re.IGNORECASE), (path.name, local)
        for ip in ips:
            assert ip not in text.replace("[.]", "."), (path.name, ip)
        assert "pippo@" not in text
    for address in _ADDRESSES.findall((tmp_path / "case" / "timeline.jsonl").read_text("utf-8")):
        assert any(ip_address(address.replace("[.]", ".")) in net for net in RESERVED), address


def test_one_person_has_one_name_in_every_file(cli: Callable[..., Ran], tmp_path: Path) -> None:
    cli("investigate", "--root", story("guide"), "-o", tmp_path / "case", "--redact", *READERS)
    findings = json.loads((tmp_path / "case" / "findings.json").read_text("utf-8"))
    (one,) = findings["accused"]
    assert re.fullmatch(r"u-[a-z2-7]{10}@example\.it", one["account"])
    for name in ("report.html", "owner.html", "authority.html", "timeline.csv", "indicators.csv"):
        text = (tmp_path / "case" / name).read_text("utf-8")
        assert one["account"] in text, name
        assert one["entry_ip"] in text.replace("[.]", "."), name


def test_two_runs_share_no_name(cli: Callable[..., Ran], tmp_path: Path) -> None:
    names = []
    for case in ("one", "two"):
        cli("investigate", "--root", story("guide"), "-o", tmp_path / case, "--redact")
        names.append(json.loads((tmp_path / case / "findings.json").read_text("utf-8"))["accused"][0]["account"])
    assert names[0] != names[1]


def test_weak_accounts_stand_in_the_report_and_the_findings_only(cli: Callable[..., Ran], tmp_path: Path) -> None:
    words = ("investigate", "--root", story("guide"), *READERS)
    cli(*words, "-o", tmp_path / "open")
    cli(*words, "-o", tmp_path / "closed", "--redact")
    weak = json.loads((tmp_path / "open" / "findings.json").read_text("utf-8"))["weak-passwords"]["accounts"]
    assert weak
    assert "the user name itself" in (tmp_path / "open" / "report.html").read_text("utf-8")
    spelled = ("equals-username", "the user name itself", "guessable", "secret-equals-name")
    letters = ("owner.html", "authority.html", "timeline.jsonl", "timeline.csv", "indicators.csv", "inputs.json")
    for name in (*letters, "indicators.stix.json", "indicators.misp.json"):
        text = (tmp_path / "open" / name).read_text("utf-8")
        assert not any(word in text for word in spelled), name
    for path in (tmp_path / "closed").iterdir():
        text = path.read_text("utf-8")
        assert not any(word in text.replace(">guessable password", "") for word in spelled), path.name
    assert json.loads((tmp_path / "closed" / "findings.json").read_text("utf-8"))["weak-passwords"] is None


def test_an_owner_reads_nothing_of_another_account(cli: Callable[..., Ran], tmp_path: Path) -> None:
    cli("investigate", "--root", story("two-accounts"), "-o", tmp_path / "case", "--for", "owner")
    findings = json.loads((tmp_path / "case" / "findings.json").read_text("utf-8"))
    accounts = [one["account"] for one in findings["accused"] if one["verdict"] == "compromised"]
    assert len(accounts) == 2
    letters = [(tmp_path / "case" / name).read_text("utf-8") for name in ("owner.html", "owner-2.html")]
    for mine, other, letter in ((*accounts, letters[0]), (*reversed(accounts), letters[1])):
        assert mine in letter
        assert other not in letter


NAMES = ("anna.rossi@example.it", "anna", "info", "marco")


@given(st.text(), st.sampled_from(["anna.rossi@example.it", "MARCO", "203.0.113.9", "2001:470::25"]), st.text())
def test_replacing_twice_is_replacing_once(before: str, secret: str, after: str) -> None:
    redaction = Redaction(NAMES, key=b"k")
    once = redaction.text(f"{before} {secret} {after}")
    assert redaction.text(once) == once


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Dear Anna, see http://evil.example/?u=anna.rossi%40example.it", "anna"),
        ("anna-marco wrote", "marco"),
        ("from 203.0.113.9:25 and [2001:470::25]", "203.0.113.9"),
        ("ANNA.ROSSI@EXAMPLE.IT", "ROSSI"),
        ('"odd name"@example.it', "odd"),
    ],
)
def test_every_spelling_is_replaced(text: str, kept: str) -> None:
    assert kept.lower() not in Redaction(NAMES, key=b"k").text(text).lower()


def test_our_own_words_times_and_places_stay() -> None:
    redaction = Redaction(("user@example.it", "logs"), key=b"k")
    document = {
        "path": "logs/smtp/s20261120-00.log",
        "detail": "1 of 2 recipients do not exist (no MX record, unknown user)",
        "entry_ts": "2026-11-20T08:46:04+01:00",
        "text": "user was here at 08:46:04",
    }
    redacted = redaction.document(document)
    assert {key: redacted[key] for key in ("path", "detail", "entry_ts")} == {
        key: document[key] for key in ("path", "detail", "entry_ts")
    }
    assert redacted["text"].endswith(" was here at 08:46:04")
    assert "user" not in redacted["text"]
