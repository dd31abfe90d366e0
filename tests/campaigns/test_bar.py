"""A small queue of the benchmark, held to the benchmark's bar."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from breachkit.detect.campaigns.grouping import find_campaigns
from breachkit.evidence.queued import Walk, read_queue
from breachkit.records import Message
from breachkit.servers import load

from .__main__ import score_of
from .queues import Reading, build_queue

if TYPE_CHECKING:
    from pathlib import Path


def test_every_run_is_in_one_group_and_no_innocent_message_is_hit(tmp_path: Path) -> None:
    truth = build_queue(tmp_path / "_outgoing", 2500, 31)
    server = load("icewarp").queue
    assert server is not None
    folders = server.split(tmp_path / "_outgoing", None)
    read = read_queue(server, folders, Walk(None, ZoneInfo("UTC"), lambda _amount: None, 1))
    messages = [message for message in read if isinstance(message, Message)]
    found = find_campaigns(messages, Reading())
    names = [one.source.path.rpartition("_outgoing/")[2] for one in messages]
    score = score_of(found, messages, [truth.run_of[name] for name in names], truth)
    assert min(score.recall.values()) >= 0.99
    assert min(score.covered.values()) >= 0.99
    assert (score.innocent, score.hit) == (0, 0)
    assert any(campaign.bulk for campaign in found.campaigns)
