"""What other tools take: Timesketch, STIX 2.1, MISP and the Elastic Common Schema, each held against its own rules."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pymisp
import pytest
import stix2
from stix2patterns.validator import validate as is_pattern

from breachkit.case.timeline import cell
from tests.case.needs import need
from tests.conftest import story
from tests.evidence import build

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

STORIES = ["hostile-text", "mixed-forms", "newsletter"]


@pytest.fixture(params=STORIES)
def case(request: pytest.FixtureRequest, cli: Callable[..., Ran], tmp_path: Path) -> Path:
    build(request.param, tmp_path / "evidence", 17)
    assert cli("investigate", "--root", tmp_path / "evidence", "-o", tmp_path / "case").code in {0, 3}
    return tmp_path / "case"


def test_timesketch_takes_the_timeline_without_a_mapping(case: Path) -> None:
    events = [json.loads(line) for line in (case / "timeline.jsonl").read_text("utf-8").splitlines()]
    rows = list(csv.DictReader(io.StringIO((case / "timeline.csv").read_text("utf-8"), newline="")))
    assert len(events) == len(rows)
    assert events
    for event, row in zip(events, rows, strict=True):
        # "create timeline from JSON/JSONL/CSV": these three must be there, datetime in ISO 8601
        for wanted in ("message", "datetime", "timestamp_desc"):
            assert isinstance(event[wanted], str)
            assert event[wanted]
            assert row[wanted]
        assert datetime.fromisoformat(event["datetime"]).utcoffset() is not None
        # a keyword longer than this is not indexed
        assert all(len(str(value).encode()) < 32_766 for value in event.values())
        assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())
    assert [event["datetime"] for event in events] == sorted(event["datetime"] for event in events)
    kinds = {event["timestamp_desc"] for event in events}
    assert {"Successful login", "Message sent", "Message queued"} <= kinds


def test_the_timeline_counts_what_the_simulation_did(cli: Callable[..., Ran], tmp_path: Path) -> None:
    truth = build("brute-force-entry", tmp_path / "evidence", 23)
    cli("investigate", "--root", tmp_path / "evidence", "-o", tmp_path / "case")
    events = [json.loads(line) for line in (tmp_path / "case" / "timeline.jsonl").read_text("utf-8").splitlines()]
    (name, account), *_ = ((k, v) for k, v in truth.accounts.items() if v["verdict"] == "compromised")
    mine = [event for event in events if event.get("account") == name]
    assert sum(event["timestamp_desc"] == "Message queued" for event in mine) == account["queued_messages"]
    assert sum(event["timestamp_desc"] == "Successful login" for event in mine) == account["auth_successes"]
    entered = [event["datetime"] for event in mine if event["timestamp_desc"] == "Account entered"]
    assert [datetime.fromisoformat(ts) for ts in entered] == [datetime.fromisoformat(str(account["entry_ts"]))]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "|x", "%x"])
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    assert cell(text) == "'" + text
    assert cell(-5) == "-5"
    assert cell("a\x1b[31m\u202eb") == "a\\x1b[31m\\u202eb"


def test_stix_is_read_by_its_own_library(case: Path) -> None:
    bundle = stix2.parse((case / "indicators.stix.json").read_text("utf-8"), allow_custom=False)
    assert isinstance(bundle, stix2.v21.Bundle)
    indicators = [one for one in bundle.objects if one["type"] == "indicator"]
    for one in indicators:
        assert is_pattern(one["pattern"], stix_version="2.1"), one["pattern"]
    report = next(one for one in bundle.objects if one["type"] == "report")
    assert set(report["object_refs"]) == {one["id"] for one in bundle.objects} - {report["id"]}
    rows = list(csv.DictReader(io.StringIO((case / "indicators.csv").read_text("utf-8"))))
    assert len(indicators) == len(rows)


def test_misp_is_read_by_its_own_library_and_schema(case: Path) -> None:
    text = (case / "indicators.misp.json").read_text("utf-8")
    event = pymisp.MISPEvent()
    event.load(text)  # refuses a type or a category that MISP does not know
    schema = json.loads((Path(pymisp.__file__).parent / "data" / "schema.json").read_text("utf-8"))
    document = json.loads(text)
    for attribute in document["Event"]["Attribute"]:
        # of the core format since 2.4.120, younger than the schema; the library above knows both
        for name in ("first_seen", "last_seen"):
            attribute.pop(name, None)
    jsonschema.validate(document, schema)
    rows = list(csv.DictReader(io.StringIO((case / "indicators.csv").read_text("utf-8"))))
    assert len(event.attributes) == len(rows)
    assert not event.published
    blocked = {one.value for one in event.attributes if one.to_ids}
    assert blocked == {row["value"] for row in rows if row["to_block"] == "yes"}


def test_the_attacking_addresses_are_indicators_and_the_usual_ones_are_not(
    cli: Callable[..., Ran], tmp_path: Path
) -> None:
    truth = build("distributed", tmp_path / "evidence", 5)
    cli("investigate", "--root", tmp_path / "evidence", "-o", tmp_path / "case")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "case" / "indicators.csv").read_text("utf-8"))))
    ips = {row["value"] for row in rows if row["type"] in {"ipv4", "ipv6"}}
    guilty = [account for account in truth.accounts.values() if account["verdict"] == "compromised"]
    spam = {ip for account in guilty for ip in account["spam_ips"]}  # type: ignore[union-attr]
    attacking = {ip for account in guilty for ip in account["attacking_ips"]}  # type: ignore[union-attr]
    assert spam <= ips <= attacking
    # the links are whole: a host that is cut in two is nobody's
    for row in rows:
        if row["type"] == "domain":
            assert row["value"].rpartition(".")[2] in {"example", "com", "it", "net", "org"}


def flat_of(event: dict[str, Any], lead: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in event.items():
        flat |= flat_of(value, f"{lead}{name}.") if isinstance(value, dict) else {lead + name: value}
    return flat


@pytest.fixture(scope="module")
def ecs_fields() -> dict[str, Any]:
    """Read the fields of the schema as Elastic publishes them for programs (npm: @elastic/ecs)."""
    folder = need("@elastic/ecs")
    script = "console.log(JSON.stringify(require(process.argv[1]).EcsFlat))"
    ran = subprocess.run(["node", "-e", script, os.fspath(folder)], capture_output=True, text=True, check=True)
    fields: dict[str, Any] = json.loads(ran.stdout)
    return fields


KINDS: dict[str, tuple[type, ...]] = {
    "date": (str,),
    "keyword": (str,),
    "ip": (str,),
    "match_only_text": (str,),
    "wildcard": (str,),
    "long": (int,),
}


@pytest.mark.parametrize("name", ["brute-force", "imap-door", "masked-secrets"])
def test_every_field_of_the_stream_is_of_the_schema(
    name: str, ecs_fields: dict[str, Any], cli: Callable[..., Ran], tmp_path: Path
) -> None:
    build(name, tmp_path / "evidence", 9)
    ran = cli("investigate", "--root", tmp_path / "evidence", "--format", "ecs")
    events = [json.loads(line) for line in ran.out.splitlines()]
    assert len(events) > 20
    for event in events:
        for field, value in flat_of(event).items():
            known = ecs_fields[field]
            is_list = "array" in known.get("normalize", [])
            assert isinstance(value, list) == is_list, field
            for one in value if is_list else [value]:
                assert isinstance(one, KINDS[known["type"]]), field
                allowed = [row["name"] for row in known.get("allowed_values", [])]
                assert not allowed or one in allowed, (field, one)
    assert {event["event"]["outcome"] for event in events} >= (
        {"success"} if name == "masked-secrets" else {"success", "failure"}
    )


def test_the_stream_has_every_login_of_the_logs(cli: Callable[..., Ran], tmp_path: Path) -> None:
    truth = build("brute-force-entry", tmp_path / "evidence", 31)
    ran = cli("investigate", "--root", tmp_path / "evidence", "--format", "ecs")
    events = [json.loads(line) for line in ran.out.splitlines()]
    for name, account in truth.accounts.items():
        won = [
            event
            for event in events
            if event.get("user", {}).get("email") == name
            and event["event"]["outcome"] == "success"
            and event["event"]["dataset"].endswith(".smtp")
        ]
        assert len(won) == account["auth_successes"], name


def test_the_country_of_an_address_comes_from_the_given_file(cli: Callable[..., Ran], tmp_path: Path) -> None:
    from mmdb_writer import MMDBWriter  # only here
    from netaddr import IPSet

    writer = MMDBWriter(4, "Test-Country", languages=["en"], description="made for a test")
    writer.insert_network(IPSet(["203.0.113.0/24"]), {"country": {"iso_code": "NL"}})
    writer.to_db_file(str(tmp_path / "places.mmdb"))
    words = ("investigate", "--root", story("guide"), "--geoip", tmp_path / "places.mmdb")
    ran = cli(*words, "-o", tmp_path / "case")
    assert "from 203.0.113.155 (NL)" in ran.out.splitlines()[0]
    report = (tmp_path / "case" / "report.html").read_text("utf-8")
    assert "<small>NL</small>" in report
    assert "Test-Country" in report
    events = [json.loads(line) for line in cli(*words, "--format", "ecs").out.splitlines()]
    countries = {event["source"]["ip"]: event["source"].get("geo") for event in events}
    assert countries["203.0.113.155"] == {"country_iso_code": "NL"}
    assert countries["198.51.100.29"] is None
    (tmp_path / "broken.mmdb").write_bytes(b"no database")
    broken = cli("investigate", "--root", story("guide"), "--geoip", tmp_path / "broken.mmdb", "-o", tmp_path / "c2")
    assert broken.code == 1
    assert "is no database of countries" in broken.err
