"""What a case says beside the verdict: what the thief alone sent, what became of it, and what others may look for."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import stix2

from breachkit.case.indicators import indicators_of
from breachkit.case.pages import render_report
from breachkit.case.phrases import Phrases
from tests.case.conftest import newest
from tests.conftest import story
from tests.evidence import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

OWNER, THIEF = "198.51.100.29", "203.0.113.155"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(story("guide"), tmp_path / "root")
    return tmp_path / "root"


def queue_up(root: Path, number: int, peer: str, sender: str, texts: tuple[str, str]) -> None:
    """Put a message of the guide's stolen account in the queue, as its server writes it."""
    name, (subject, body) = f"ZZZ{number:05}", texts
    received = (
        "" if not peer else f"Received: from pc ([{peer}])\r\n by mail.example.it (10.3.1) with ASMTP id {name}\r\n"
    )
    stamp = f" for <r{number}@lost.example>; Fri, 20 Nov 2026 10:{number // 60:02}:{number % 60:02} +0100\r\n"
    head = f"LocalSender: user@example.it\r\n{received}{stamp if peer else ''}MsgID: {name}\r\nFrom: <{sender}>\r\n"
    text = f"{head}To: <r{number}@lost.example>\r\nSubject: {subject}\r\n\r\n{body}\r\n"
    (root / "mail" / "_outgoing" / f"{name}.tmp").write_bytes(text.encode())


def items_of(letter: str, heading: str) -> list[str]:
    """List what stands under a heading of a letter, as it is read."""
    part = letter.partition(f"<h2>{heading}</h2>")[2].partition("</ul>")[0]
    return [
        html.unescape(re.sub(r"<[^>]+>", "", row)).strip() for row in re.findall(r"<li>(.*?)</li>", part, re.DOTALL)
    ]


def rows_of(case: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((newest(case) / "indicators.csv").read_text("utf-8"), newline="")))


def test_the_owner_reads_what_the_thief_sent_and_nothing_of_his_own(
    root: Path, findings_of: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    for number in range(12):
        queue_up(
            root, number, OWNER, "user@example.it", (f"Rowing club {number % 2}", "The club meets at Clara's house")
        )
    queue_up(root, 12, OWNER, "private@user-home.example", ("Divorce papers", "for my lawyer"))
    queue_up(root, 13, "", "user@example.it", ("Which way did this come in", "nobody knows"))
    findings = findings_of(root, "--for", "owner")
    assert findings["accused"][0]["messages"] == 133
    letter = (tmp_path / "case" / "owner.html").read_text("utf-8")
    said = items_of(letter, "What was sent in your name")
    assert said[:4] == [
        "Messages sent by the stranger: 130; recipients: 130.",
        "Of these, messages still found on our server: 119; taken out so far: 0.",
        "Messages of the mailbox of which our logs do not show who sent them: 1.",
        "The stranger's messages name as sender: pippo[@]gmail[.]com (130).",
    ]
    assert all(
        re.fullmatch(r"Subject of such a message: (best price|discreet parcel|no prescription|original brand) \w+", row)
        for row in said[4:]
    )
    assert len(said) == 7
    for word in ("Rowing", "Divorce", "Clara", "lawyer", "user-home", "Which way"):
        assert word not in letter


def test_where_no_log_tells_a_letter_claims_nothing(cli: Callable[..., Ran], tmp_path: Path) -> None:
    build("no-logs", tmp_path / "evidence", 3)
    cli("investigate", "--root", tmp_path / "evidence", "-o", tmp_path / "case", "--for", "owner")
    findings = json.loads((tmp_path / "case" / "findings.json").read_text("utf-8"))
    for one in findings["accused"]:
        assert one["by_attackers"] == {
            "messages": 0,
            "quarantined_messages": 0,
            "unclear_messages": one["messages"],
            "mail_froms": [],
            "mail_froms_distinct": 0,
            "subjects": [],
        }
    assert findings["accused"]
    for campaign in findings["campaigns"]:
        fates = campaign["recipients"]
        assert (fates["waiting"], campaign["gone_messages"]) == (fates["tried"], None)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("guide", {"tried": 130, "delivered": 11, "waiting": 19, "dead": 100}),
        ("brute-force", {"tried": 90, "delivered": 33, "waiting": 8, "dead": 49}),
    ],
)
def test_recipients_of_a_campaign_are_counted_by_what_became_of_them(
    name: str,
    counts: dict[str, int],
    findings_of: Callable[..., dict[str, Any]],
    cli: Callable[..., Ran],
    tmp_path: Path,
) -> None:
    shutil.copytree(story(name), tmp_path / "root")
    campaign = findings_of(tmp_path / "root")["campaigns"][0]
    assert campaign["recipients"] == {**counts, "refused": 0, "taken_out": 0, "unknown": 0}
    assert campaign["gone_messages"] == counts["delivered"]
    page = (tmp_path / "case" / "report.html").read_text("utf-8")
    shown = dict(
        re.findall(
            r"<dt>(Recipients|Delivered|Waiting|Dead|Refused|Taken out)</dt><dd>(\d+)</dd>",
            page.partition('id="campaign-1"')[2].partition("</article>")[0],
        )
    )
    assert shown == {
        "Recipients": str(counts["tried"]),
        "Delivered": str(counts["delivered"]),
        "Waiting": str(counts["waiting"]),
        "Dead": str(counts["dead"]),
    }
    # what a purge takes out waits no longer; what was dead before stays dead
    cli("purge", "--campaign", campaign["id"], "--yes", "--root", tmp_path / "root")
    after = findings_of(tmp_path / "root")["campaigns"][0]
    assert after["recipients"] == {**campaign["recipients"], "waiting": 0, "taken_out": counts["waiting"]}


def test_what_two_campaigns_of_one_address_sent_before_is_of_neither(
    root: Path, findings_of: Callable[..., dict[str, Any]]
) -> None:
    for number, path in enumerate(sorted((root / "mail" / "_outgoing").glob("*.tmp"))):
        text = path.read_text("latin-1")
        if number % 2 and "pillole.example" in text:
            head = text.partition("\n\n")[0]
            path.write_text(f"{head}\n\nhttp://casino.example/?{number}\nplay {number} now\n", "latin-1")
    campaigns = [one for one in findings_of(root)["campaigns"] if not one["bulk"]]
    assert len(campaigns) == 2
    assert [one["gone_messages"] for one in campaigns] == [None, None]
    assert sum(one["recipients"]["tried"] for one in campaigns) == 119


def test_indicators_are_what_a_campaign_repeats(root: Path, cli: Callable[..., Ran], tmp_path: Path) -> None:
    shutil.rmtree(root / "mail" / "_outgoing")
    (root / "mail" / "_outgoing").mkdir()
    for number in range(60):
        sender = f"x{number}@forged.example" if number % 2 else "bank@bank.example"
        subject = "Your parcel waits" if number % 3 else f"Hello number {number * 7919}"
        body = (
            f"A parcel waits for you, pay the customs at http://pay.evil.example/track?id={number * 104729}\r\n"
            f"or at HTTP://User@Other.Evil.Example:8080/{number}, see https://www.example.it/imprint\r\n"
            "<img src='http://cdn.evil.example/logo.png'>\r\n"
        )
        queue_up(root, number, THIEF, sender, (subject, body))
    assert cli("investigate", "--root", root, "-o", tmp_path / "case").code == 0
    rows = [(row["type"], row["value"], row["to_block"]) for row in rows_of(tmp_path / "case")]
    (text,) = [value for kind, value, _ in rows if kind == "text"]
    assert rows == [
        ("ipv4", THIEF, "yes"),
        ("email", "bank@bank.example", "no"),
        ("url", "http://cdn.evil.example/logo.png", "yes"),
        ("domain", "cdn.evil.example", "no"),
        ("domain", "other.evil.example", "no"),
        ("domain", "pay.evil.example", "no"),
        ("subject", "Your parcel waits", "no"),
        ("text", text, "no"),
    ]
    assert "://pay" not in text
    bundle = stix2.parse((tmp_path / "case" / "indicators.stix.json").read_text("utf-8"))
    assert sum(one["type"] == "indicator" for one in bundle.objects) == len(rows)


def test_the_guide_has_no_indicator_that_one_message_has(cli: Callable[..., Ran], tmp_path: Path) -> None:
    assert cli("investigate", "--root", story("guide"), "-o", tmp_path / "case").code == 0
    assert [(row["type"], row["value"], row["comment"]) for row in rows_of(tmp_path / "case")] == [
        ("ipv4", THIEF, "stolen-password: entered user@example.it"),
        ("email", "pippo@gmail.com", "declared sender of campaign 0a239b45c7, 119 messages"),
        ("domain", "pillole.example", "linked by campaign 0a239b45c7, 119 messages"),
    ]


@pytest.mark.parametrize(
    ("before", "shared", "after", "text"),
    [
        ("see ", "http://evil.example/v?", "d8x", None),
        ("http://ev", "il.example/v?", "d8x", None),
        ("", "Dear customer, pay at http://evil.exam", "ple/1", "Dear customer, pay at"),
        ("http://evil.ex", "ample/ and then call us at once", "", "and then call us at once"),
        ("www.ev", "il.example/a b", "c", None),
        ("", "no link in here at all", "", "no link in here at all"),
        ("", "-- \r\n", "", None),
    ],
)
def test_a_link_is_never_cut_in_two(
    before: str, shared: str, after: str, text: str | None, findings_of: Callable[..., dict[str, Any]]
) -> None:
    findings = findings_of(story("guide"))
    findings["campaigns"][0] |= {"purge_string": shared, "links": {"read_messages": 0, "hosts": [], "urls": []}}
    findings["campaigns"][0]["sample"] |= {"before": before, "shared": shared, "after": after}
    assert [one.value for one in indicators_of(findings) if one.kind == "text"] == ([] if text is None else [text])


def test_an_address_that_must_not_be_blocked_is_listed_with_the_reason(
    findings_of: Callable[..., dict[str, Any]],
) -> None:
    findings = findings_of(story("brute-force"))
    kept, *blocked = findings["addresses"]
    kept |= {"blocked": False, "not_blocked_why": "shared"}
    for language, said in (
        ("en", "Not to be blocked, though they attacked: 1. 192.0.2.140 (many accounts use it)"),
        ("it", "Da non bloccare, anche se hanno attaccato: 1. 192.0.2.140 (usato da molti account)"),
    ):
        page = render_report(findings, Phrases(language))  # type: ignore[arg-type]
        assert said in re.sub(r"<[^>]+>", "", page)
        (listed,) = re.findall(r'<pre id="block-list"[^>]*>([^<]*)</pre>', page)
        assert listed.split("\n") == [row["ip"] for row in blocked]
    (one,) = [one for one in indicators_of(findings) if one.value == kept["ip"]]
    assert (one.to_block, one.comment) == (
        False,
        "brute-force: entered anna@example.it; not to be blocked: many accounts use it",
    )


def test_block_list_and_indicators_are_those_of_contain(
    findings_of: Callable[..., dict[str, Any]], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    build("spray", tmp_path / "evidence", 12)
    findings = findings_of(tmp_path / "evidence")
    block = cli("contain", "--block-list", "plain", "--root", tmp_path / "evidence").out.split()
    assert [row["ip"] for row in findings["addresses"] if row["blocked"]] == block == findings["contain"]["block"]
    attackers = findings["find-account"]["attackers"]
    assert {row["ip"] for row in findings["addresses"]} == {ip["ip"] for one in attackers for ip in one["ips"]}
    assert {
        row["value"] for row in rows_of(tmp_path / "case") if row["to_block"] == "yes" and row["type"][:2] == "ip"
    } == {*block}
    for row in findings["addresses"]:
        assert (row["not_blocked_why"] is None) == row["blocked"]


def test_json_of_a_case_is_safe_to_print_and_valid(root: Path, cli: Callable[..., Ran], tmp_path: Path) -> None:
    odd = "\x9b31mred \u202egnp \u2028 \x85 \u200b \U000e0041 \ufeff\x7f end"
    coded = f"=?utf-8?B?{base64.b64encode(odd.encode()).decode()}?="
    for number in range(20):
        queue_up(root, number, THIEF, "pippo@gmail.com", (coded, f"{odd} http://pillole.example/v?{number}"))
    for case, words in (("open", ()), ("closed", ("--redact",))):
        assert cli("investigate", "--root", root, "-o", tmp_path / case, *words).code in {0, 3}
        for path in sorted((tmp_path / case).glob("*.json*")):
            text = path.read_text("utf-8")
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e\ufeff\U000e0041]", text), path.name
            documents = (
                [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [json.loads(text)]
            )
            assert documents
        events = (tmp_path / case / "timeline.jsonl").read_text("utf-8").splitlines()
        assert any(json.loads(line).get("subject") == odd for line in events)
