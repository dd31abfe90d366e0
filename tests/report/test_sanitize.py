"""Evidence at the border to a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.report.page import Page
from breachkit.report.words import clean, count, size


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("città 中文", "città 中文"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("line\nbreak\r", "line\\x0abreak\\x0d"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("bad\udcff", "bad\\xff"),
        ("\ud800", "\\ud800"),
        ("tag\U000e0041", "tag\\U000e0041"),
    ],
)
def test_what_could_act_is_spelled_out(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_nothing_acts(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in once)


@given(st.text(max_size=60))
def test_a_page_prints_evidence_as_text_never_as_markup(text: str) -> None:
    page = Page(width=60)
    page.say(f"[bold]{text}[/bold]")
    page.table(["a"], [(f"[red]{text}[/red]",)])
    page.literal(text)
    shown = page.text()
    assert "[bold]" in shown.replace("\n", "")
    assert "\x1b" not in shown


def test_numbers_and_their_nouns() -> None:
    assert [count(1, "message"), count(2_040, "message"), count(2, "address", "addresses")] == [
        "1 message",
        "2,040 messages",
        "2 addresses",
    ]
    assert [size(number) for number in (0, 999, 1_000, 3_400_000, 5 * 10**12)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "3.4 MB",
        "5.0 TB",
    ]
