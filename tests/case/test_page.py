"""The page without a browser: strict, escaped, and bounded whatever the size of the incident."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from breachkit.case.pages import CAPS, render_authority, render_owner, render_report
from breachkit.case.phrases import Phrases
from tests.conftest import story
from tests.schemas import validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202egnp.exe\x1b[31m{{7*7}}{n}"
LIMIT = 5_000_000


@pytest.fixture
def findings(findings_of: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return findings_of(story("guide"))


def pages_of(findings: dict[str, Any], language: str = "en") -> list[str]:
    words = Phrases(language)  # type: ignore[arg-type]
    owners = [render_owner(findings, words, account) for account in findings["accused"]]
    return [render_report(findings, words), *owners, render_authority(findings, words)]


def spoilt(document: Any, text: str) -> Any:
    """Put a hostile text into every text that evidence may have written."""
    if isinstance(document, dict):
        return {name: value if name in KEPT else spoilt(value, text) for name, value in document.items()}
    if isinstance(document, list):
        return [spoilt(value, text) for value in document]
    return text if isinstance(document, str) else document


KEPT = {
    *("schema", "verdict", "confidence", "entry", "entry_ts", "last_ts", "first_seen", "last_seen", "from", "to"),
    *("created", "role", "status", "classes", "log_level", "log_first", "log_last", "step", "began", "proof"),
    *("signals_proof", "weak_proof", "settings_proof", "weak_password", "family", "name", "absent", "account"),
}


def test_hostile_text_stays_text_wherever_it_stands(findings: dict[str, Any]) -> None:
    hostile = spoilt(copy.deepcopy(findings), HOSTILE)
    for row in hostile["proof"].values():
        for place in row["places"]:
            place["path"] = HOSTILE
    for one in (*hostile["accused"], *hostile["find-account"]["accounts"]):
        if one["account"] == findings["accused"][0]["account"]:
            one["account"] = HOSTILE
    hostile["signals_proof"] = {}
    hostile["case"]["created"] = "2026-11-20T10:00:00+01:00"  # a clock that says 49 would be taken for what ran
    for language in ("en", "it"):
        for page in pages_of(hostile, language):
            assert len(re.findall(r"<script", page)) == 1
            assert "<img" not in page
            assert "onerror=alert(2)>" not in page
            assert "\u202e" not in page
            assert "\x1b" not in page
            assert "49" not in re.findall(r"\{\{7\*7\}\}|\b49\b", page)
            assert "&lt;script&gt;" in page


def test_the_policy_names_the_one_script_and_the_one_style(findings: dict[str, Any]) -> None:
    for page in pages_of(findings):
        policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
        assert len(policy) == 1
        assert "default-src 'none'" in policy[0]
        assert "unsafe" not in policy[0]
        for tag, directive in (("script", "script-src"), ("style", "style-src")):
            (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
            sha256 = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{directive} 'sha256-{sha256}'" in policy[0]
        assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page)
        assert not re.findall(r'(?:src|href|action)="(?!#|data:,")', page)


def large(findings: dict[str, Any]) -> dict[str, Any]:
    """Make what an incident of 200,000 messages and 1 GiB of logs would find, and worse."""
    big = copy.deepcopy(findings)
    account, judged = big["accused"][0], big["find-account"]["accounts"][0]
    place, campaign = account["places"][0], big["campaigns"][0]
    long = "prescription " * 400
    account["places"] = [
        {**place, "ip": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", "proof": f"p{n}"} for n in range(60_000)
    ]
    account["mail_froms"] = [{"mail_from": f"{long}{n}@x.example", "messages": 9} for n in range(20)]
    account["also_entered"] = [f"victim{n}@example.it" for n in range(3_000)]
    judged["also_tried_by_same_ips"] = [
        {"account": f"someone{n}@example.it", "ips": ["203.0.113.9"], "failures": 3, "successes": 0, "entered": False}
        for n in range(30_000)
    ]
    first, others = account["places"], account["places"][:100]
    big["accused"] = [
        {**account, "account": f"stolen{n}@example.it", "places": others if n else first} for n in range(300)
    ]
    clear = {**judged, "verdict": "clear", "signals": [], "doubts": [long]}
    big["find-account"]["accounts"] = [
        *({**judged, "account": one["account"]} for one in big["accused"]),
        *({**clear, "account": f"clear{n}@example.it"} for n in range(5_000)),
    ]
    campaign["strings"] = [{"text": long + str(n), "messages": 9, "elsewhere": 0} for n in range(50)]
    campaign["sample"] |= {"before": long, "shared": long, "after": long}
    campaign["subjects"] = [long] * 9
    big["campaigns"] = [{**campaign, "id": f"{n:010x}"} for n in range(800)]
    column = big["hours"]["columns"][0]
    big["hours"]["columns"] = [
        {**column, "from": f"2026-{1 + n // 600:02}-{1 + n % 600 // 24:02}T{n % 24:02}:00:00+01:00", "failures": n + 1}
        for n in range(1_440)
    ]
    row = {"classes": ["common"], "disabled": False, "admin": False, "tried": True, "shared_with": []}
    weak = big["weak-passwords"]
    weak["accounts"] = [{**row, "account": f"weak{n}@example.it"} for n in range(100_000)]
    big["skipped"] = [
        {"reason": f"reason {n}", "count": 9, "examples": [{"path": long, "line": 1}] * 3} for n in range(500)
    ]
    big["contain"]["block"] = [f"10.0.{n >> 8}.{n & 255}" for n in range(60_000)]
    big["contain"]["accounts"] *= 300
    big["inputs"]["notes"] = [long] * 500
    big["log_gaps"] = [{"from": account["entry_ts"], "to": account["entry_ts"]}] * 5_000
    big["purges"] = [{"run": f"r{n}", "began": account["entry_ts"], "moved": 9} for n in range(3_000)]
    big["proof"] = {
        f"p{n}": {"title": "In this hour", "count": 9, "places": [{"path": long, "line": 1}] * 5} for n in range(99_000)
    }
    big["inputs"]["paths"] = [long] * 500
    return big


def test_a_large_incident_fits_in_five_megabytes_and_says_what_it_leaves_out(findings: dict[str, Any]) -> None:
    big = large(findings)
    report, words = render_report(big, Phrases("en")), Phrases("it")
    pages = [report, render_authority(big, words), render_owner(big, words, big["accused"][0])]
    assert max(len(page.encode()) for page in pages) < LIMIT
    for left in (99_800, 60_000 - CAPS["places"], 30_000 - CAPS["also"], 780, 280):
        assert f"{left:,} more in findings.json" in report
    # no more rows than are said
    assert report.count("<article") == CAPS["accused"] + CAPS["campaigns"]


def test_every_link_leads_somewhere_and_every_id_is_one(guide_case: Path) -> None:
    for path in guide_case.glob("*.html"):
        page = path.read_text("utf-8")
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids)), path.name
        assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
        assert set(re.findall(r'data-copies="([^"]+)"', page)) <= set(ids)


def test_findings_follow_their_published_schema(guide_case: Path) -> None:
    validate((guide_case / "findings.json").read_text("utf-8"))
