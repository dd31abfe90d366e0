"""Times, ages and zones as people type them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.errors import UsageError
from breachkit.evidence.moments import read_moment, read_zone
from tests.conftest import story

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 11, 23, 0, 30, tzinfo=ROME)


def moment(text: str) -> datetime:
    return read_moment("--since", text, ROME, NOW)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-20", "2026-11-20"),
        ("20/11/2026", "2026-11-20"),
        ("20.11.2026", "2026-11-20"),
        ("20-11-2026", "2026-11-20"),
        ("11/20/2026", "2026-11-20"),
        ("5.11.2026", "2026-11-05"),
        ("05.11.2026", "2026-11-05"),
        ("05/05/2026", "2026-05-05"),
        ("2026/11/20", "2026-11-20"),
        ("2026.11.20", "2026-11-20"),
        ("2026/05/11", "2026-05-11"),
        ("20261120", "2026-11-20"),
        ("20 Nov 2026", "2026-11-20"),
        ("20-Nov-2026", "2026-11-20"),
        ("20 novembre 2026", "2026-11-20"),
        ("3 mag 2026", "2026-05-03"),
        ("Nov 20, 2026", "2026-11-20"),
        ("Mar 5 2026", "2026-03-05"),
        ("March 5, 2026", "2026-03-05"),
        ("yesterday", "2026-11-22"),
        ("Ieri", "2026-11-22"),
        ("today", "2026-11-23"),
    ],
)
def test_a_date_is_its_beginning_in_the_zone_of_the_server(text: str, day: str) -> None:
    assert moment(text) == datetime.fromisoformat(day).replace(tzinfo=ROME)
    assert moment(f" {text} ") == moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T08:45",
        "2026-11-20 08:45:00",
        "20/11/2026 08:45",
        "20.11.2026, 8:45",
        "20.11.2026 08.45.00",
        "20/11/2026 8:45 am",
        "20 Nov 2026 08:45:00.000",
        "2026-11-20T07:45:00Z",
        "2026-11-20 09:45 +0200",
        "20/11/2026 07:45 UTC",
        "Fri 2026-11-20 08:45:00 +0100",
        "Fri, 20 Nov 2026 08:45:00 +0100",
        "ven 20 nov 2026 08:45",
        "20261120T084500",
    ],
)
def test_a_time_may_stand_behind_the_date(text: str) -> None:
    assert moment(text) == datetime(2026, 11, 20, 8, 45, tzinfo=ROME)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("3d", timedelta(days=3)),
        ("3 days", timedelta(days=3)),
        ("3 Days ago", timedelta(days=3)),
        ("-3d", timedelta(days=3)),
        ("3 giorni fa", timedelta(days=3)),
        ("90m", timedelta(minutes=90)),
        ("12 h", timedelta(hours=12)),
        ("2 ore", timedelta(hours=2)),
        ("2w", timedelta(weeks=2)),
        ("45s", timedelta(seconds=45)),
        ("now", timedelta()),
    ],
)
def test_an_age_is_counted_back_from_now(text: str, age: timedelta) -> None:
    assert moment(text) == NOW - age


@pytest.mark.parametrize("text", ["05/11/2026", "5-11-2026", "11/05/2026", "05/11/2026 08:45"])
def test_a_date_that_may_be_two_days_is_refused_with_both(text: str) -> None:
    with pytest.raises(UsageError, match=r"may be two days; write 2026-\d\d-\d\d or 2026-\d\d-\d\d$") as caught:
        moment(text)
    assert "2026-11-05" in str(caught.value)
    assert "2026-05-11" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "3", "3x", "31.02.2026", "20.11.26", "32/11/2026", "13/13/2026", "20 Xyz 2026"),
        *("20.11.2026 13:00 pm", "999999w", "08:45", "20.11.2026 +99:00"),
        *("2026-11-20x", "20.11.2026 25:00"),
    ],
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="is no time and no age; write 2026-11-20"):
        moment(text)


@pytest.mark.parametrize(("text", "year"), [("0001-01-01", 1970), ("9999-12-31T23:59+14:00", 2250), ("9000d", 2002)])
def test_a_time_beyond_all_evidence_is_its_end(text: str, year: int) -> None:
    assert moment(text).year == year


@given(st.text(max_size=30) | st.from_regex(r"\A[0-9./ :+-]{1,30}\Z"))
def test_no_text_is_too_odd(text: str) -> None:
    try:
        assert moment(text).tzinfo is not None
    except UsageError:
        return


@pytest.mark.parametrize(
    ("text", "name", "hours"),
    [
        ("Europe/Rome", "Europe/Rome", 1),
        ("europe/rome", "Europe/Rome", 1),
        ("america/new york", "America/New_York", -5),
        ("CET", "CET", 1),
        ("W. Europe Standard Time", "Europe/Berlin", 1),
        ("romance standard time", "Europe/Paris", 1),
        ("+01:00", "UTC+01:00", 1),
        ("+0100", "UTC+01:00", 1),
        ("+1", "UTC+01:00", 1),
        ("UTC+1", "UTC+01:00", 1),
        ("gmt -5", "UTC-05:00", -5),
        ("-05:30", "UTC-05:30", -5.5),
        ("UTC", "UTC", 0),
        ("utc", "UTC", 0),
        ("Z", "UTC", 0),
        ("+00:00", "UTC", 0),
    ],
)
def test_a_zone_is_read_however_it_is_written(text: str, name: str, hours: float) -> None:
    zone, shown = read_zone(text)
    assert shown == name
    assert datetime(2026, 11, 20, tzinfo=zone).utcoffset() == timedelta(hours=hours)
    assert read_zone(shown) == (zone, shown)


@pytest.mark.parametrize(
    "text", ["", " ", "Rom", "CEST", "+25:00", "+1:75", "01:00", "../etc", "Europe", "a\0b", "x" * 9999]
)
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"or the offset: \+01:00$"):
        read_zone(text)


def test_every_command_that_asks_for_a_time_reads_it_so(cli: Callable[..., Ran]) -> None:
    root = ("--root", story("guide"))
    noon = json.loads(cli("scan", *root, "--format", "json", "--since", "2026-11-20T10:00").out)
    for text in ("20/11/2026 10:00", "20.11.2026 10:00", "Fri 2026-11-20 09:00 UTC"):
        assert json.loads(cli("scan", *root, "--format", "json", "--since", text).out) == noon
    assert 0 < noon["messages"] < 125
    dry = ("purge", *root, "--dry-run", "--format", "json")
    newer = json.loads(cli(*dry, "--newer-than", "20.11.2026 10:00").out)
    assert newer["planned"] == noon["messages"]
    zone = json.loads(cli("find-account", *root, "--format", "json", "--timezone", "+01:00").out)
    assert zone["inputs"]["timezone"] == "UTC+01:00"
    rome = json.loads(cli("find-account", *root, "--format", "json").out)
    assert zone["accounts"] == rome["accounts"]
    everything = datetime.now(UTC) - datetime(2026, 11, 1, tzinfo=UTC)
    aged = cli("find-account", *root, "--format", "json", "--since", f"{max(everything.days, 1) + 9000}d")
    assert json.loads(aged.out)["accounts"] == rome["accounts"]
