"""Counted where they are read, or read and then counted: the same, over however many processes."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from breachkit import parallel
from breachkit.detect.survey import Survey, count_messages, survey_of
from breachkit.evidence import gather
from breachkit.evidence.where import Asked, find_evidence

if TYPE_CHECKING:
    from pathlib import Path

MANY = 2000
ACCOUNTS = ("a@x.example", "b@x.example", "Bare", "")
RECIPIENTS = ("c@y.example", "D@Z.example, e@z.example, c@z.example", "qxv7k2m9p@w.example", "", "a@b@c.example")


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    rng = random.Random(8)
    folder = tmp_path / "_outgoing"
    (folder / "retry").mkdir(parents=True)
    for number in range(MANY):
        account, recipients = rng.choice(ACCOUNTS), rng.choice(RECIPIENTS)
        day, hour = rng.randrange(17, 21), rng.randrange(24)
        trace = f"Received: from x by y with ASMTP id Z{number}; {day} Nov 2026 {hour:02d}:00:00 +0000\n"
        text = f"LocalSender: {account}\nFrom: {rng.choice(ACCOUNTS)}\nTo: {recipients}\n{rng.choice((trace, ''))}\n"
        path = folder / rng.choice(("", "retry")) / f"{number}.tmp"
        path.write_bytes(text.encode() + b"b" * rng.randrange(4000))
        os.utime(path, (1_795_000_000 + number, 1_795_000_000 + number))
    (folder / "link.tmp").symlink_to(folder / "0.tmp")
    (folder / "aaa.tmp").symlink_to(folder / "0.tmp")
    return folder


def counted(survey: Survey) -> dict[str, Any]:
    """Put what was counted in an order that does not depend on who counted."""
    return {**vars(survey), "times": sorted(survey.times)}


@pytest.mark.parametrize("bounds", [(None, None), ("2026-11-18", "2026-11-19 12:00")])
def test_counted_in_parts_is_counted_at_once(
    queue: Path, bounds: tuple[str | None, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = find_evidence(Asked(None, [queue], None, timezone="UTC", since=bounds[0], until=bounds[1]))
    books = gather.Books()
    expected = counted(survey_of(gather.read_messages(where, books, quarantined=False, jobs=1)))
    assert books.messages == MANY
    assert sum(number for number, _ in books.skipped.values()) == 2
    monkeypatch.setattr(parallel, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(parallel, "BATCH", 2)
    for jobs in (1, 2, 5):
        own = gather.Books()
        assert counted(count_messages(where, own, jobs)) == expected
        assert own == books
