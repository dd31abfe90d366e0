"""The stamp of a line and the day it belongs to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.files import OVERLONG
from breachkit.logs.clock import Clock
from breachkit.servers.icewarp.logs import split
from breachkit.servers.icewarp.smtplog import peer_of
from tests.servers.icewarp.factories import lines, sessions_of, write_log

if TYPE_CHECKING:
    from pathlib import Path

ALIEN = "log line without 'ADDRESS [THREAD] TIME'"
ROME = ZoneInfo("Europe/Rome")
DAY = date(2026, 11, 20)


def moment_in(line: bytes) -> float | None:
    """Tell when a line was written; None where it is none, or there is no such time."""
    found = split(line, ROME)
    if found is None:
        return None
    assert found.stamp is not None
    return found.stamp if isinstance(found.stamp, float) else Clock(DAY, ROME).moment_of(found.stamp)


def moment_of(line: str) -> str | None:
    ts = moment_in(line.encode())
    return None if ts is None else datetime.fromtimestamp(ts, UTC).isoformat()


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("08:45:59", "2026-11-20T07:45:59+00:00"),
        ("08:45:59.123", "2026-11-20T07:45:59+00:00"),
        ("08:45:59:123", "2026-11-20T07:45:59+00:00"),
        ("2026-11-19 08:45:59", "2026-11-19T07:45:59+00:00"),
        ("2026/11/19 08:45:59", "2026-11-19T07:45:59+00:00"),
        ("2026-11-19T08:45:59.5Z", "2026-11-19T08:45:59+00:00"),
        ("2026-11-19T08:45:59-05:00", "2026-11-19T13:45:59+00:00"),
        ("Thu, 22 Apr 2004 22:01:42 +0200", "2004-04-22T20:01:42+00:00"),
        ("22 Apr 2004 22:01:42 GMT", "2004-04-22T22:01:42+00:00"),
        ("Thu, 22 Apr 2004 22:01:42", "2004-04-22T20:01:42+00:00"),
        ("24:00:00", None),
        ("08:61:00", None),
        ("2026-13-19 08:45:59", None),
        ("Thu, 32 Apr 2004 22:01:42 +0200", None),
        ("Thu, 22 Foo 2004 22:01:42 +0200", None),
        ("Thu, 22 Apr 2004 22:01:42 +9999", None),
    ],
)
def test_each_form_of_a_stamp(stamp: str, expected: str | None) -> None:
    assert moment_of(f"203.0.113.9     [15C0] {stamp} <<< NOOP") == expected


@pytest.mark.parametrize(
    "line",
    [
        "SYSTEM [0000] 00:03:52 Forwarded mails older than 20 days",
        "127.0.0.1 [00000A1C] Thu, 22 Apr 2004 22:01:42 +0200 <<< HELO localhost",
        "2001:db8:1:2:3:4:5:6[15C0] 08:00:00 >>> 220 x",
        "203.0.113.9     [0123456789ABCDEF] 08:00:00",
    ],
)
def test_a_well_formed_line_is_read(line: str) -> None:
    assert moment_of(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "garbage",
        "[15C0] 08:00:00 x",
        "203.0.113.9 [XYZ] 08:00:00 x",
        "203.0.113.9 [15C0]08:00:00",
        " 1 [15C0] 08:00:00 x",
    ],
)
def test_another_line_is_not(line: str) -> None:
    assert moment_of(line) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_line_or_not(raw: bytes) -> None:
    moment_in(raw)


def clock_days(*times: str, previous: str | None = None) -> list[str]:
    before = None if previous is None else datetime.fromisoformat(previous).replace(tzinfo=UTC).timestamp()
    clock = Clock(DAY, UTC, before)
    found = [clock.at(time.encode()) for time in times]
    return [datetime.fromtimestamp(ts, UTC).strftime("%d %H:%M") for ts in found if ts is not None]


def test_midnight_inside_a_file_begins_the_next_day() -> None:
    assert clock_days("23:59:58", "00:00:01", "00:10:00") == ["20 23:59", "21 00:00", "21 00:10"]


def test_lines_a_little_out_of_order_stay_in_their_day() -> None:
    assert clock_days("10:00:05", "10:00:03", "09:05:00") == ["20 10:00", "20 10:00", "20 09:05"]


def test_a_straggler_after_midnight_belongs_to_the_evening() -> None:
    assert clock_days("23:59:58", "00:00:01", "23:59:59", "00:00:02") == [
        "20 23:59",
        "21 00:00",
        "20 23:59",
        "21 00:00",
    ]


def test_a_file_may_begin_with_a_straggler_of_the_evening_before() -> None:
    found = clock_days("23:59:59", "00:00:01", "08:00:00", previous="2026-11-19T23:59:50")
    assert found == ["19 23:59", "20 00:00", "20 08:00"]


def test_hours_follow_the_clock_when_summer_time_ends() -> None:
    clock = Clock(date(2026, 10, 25), ROME)
    found = [clock.at(time) for time in (b"01:30:00", b"03:30:00")]
    assert [datetime.fromtimestamp(ts, UTC).strftime("%d %H:%M") for ts in found if ts] == ["24 23:30", "25 02:30"]


@pytest.mark.parametrize(
    ("peer", "spelled"),
    [
        (b"203.0.113.9", "203.0.113.9"),
        (b"2001:DB8:0:0::1", "2001:db8::1"),
        (b"::ffff:203.0.113.9", "203.0.113.9"),
        (b"[2001:db8::1]", "2001:db8::1"),
        (b"SYSTEM", "SYSTEM"),
        (b"\xff", "\\xff"),
    ],
)
def test_an_address_is_canonical(peer: bytes, spelled: str) -> None:
    assert peer_of(peer + b"  [15C0]") == spelled


def test_alien_and_overlong_lines_are_counted_with_their_place(tmp_path: Path) -> None:
    text = lines("Connected") + "alien\n" + "\n" + "x" * 3_000_000 + "\n" + lines("Disconnected")
    sessions, skipped, tally = sessions_of(write_log(tmp_path, text))
    assert len(sessions) == 1
    assert [(one.reason, one.source.line) for one in skipped] == [(ALIEN, 2), (OVERLONG, 4)]
    assert skipped[1].source.offset == text.index("xxx")
    assert (tally.lines, tally.session_lines) == (4, 2)
