"""`breachkit group` as its user meets it."""

from __future__ import annotations

import json
import random
import re
import shlex
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from breachkit.files import read_whole
from tests.campaigns.letter import Letter
from tests.campaigns.queues import write_letter
from tests.campaigns.tongue import token
from tests.conftest import story
from tests.schemas import validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran


def spam_queue(folder: Path, lure: str, count: int = 8) -> Path:
    """Write a queue of one run: `lure` among random words, under forged senders."""
    rng = random.Random(1)
    for at in range(count):
        sender = f"{token(rng)}@{token(rng)}.example"
        around = [" ".join(token(rng) for _ in range(20)) for _ in range(2)]
        text = f"{around[0]}\n{lure}\n{around[1]}\n"
        letter = Letter("run", "anna@house.example", sender, sender, "A", "b@b.example", token(rng), text, second=at)
        write_letter(folder, letter, rng, at)
    return folder


UNSAFE = [
    'it\'s only $(rm -rf /) `now` at "boxes" & more!',
    "--everything must go at the box shop--",
    "http://boxes.example/?a=1&calc.exe",
    "half of it: 50% off at the box shop",
    "scatole a metà prezzo, solo per oggi",
]


@pytest.mark.parametrize("lure", UNSAFE)
def test_what_means_something_to_a_shell_is_purged_by_the_id_of_its_campaign(
    lure: str, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    queue = spam_queue(tmp_path / "a queue", lure)
    [campaign] = validate(cli("group", "--queue", queue, "--format", "json").out)["campaigns"]
    assert lure in campaign["purge_string"]
    text = cli("group", "--queue", queue).out
    line = text.rstrip("\n").rpartition("\n")[2]
    shown = f'breachkit purge --campaign {campaign["id"]} --dry-run --queue "{queue}" --timezone Europe/Rome'
    assert line == f"  {shown}"
    assert f"id            {campaign['id']}\n" in text
    for words in (shlex.split(line)[2:], ["--campaign", "1", "--dry-run", "--queue", str(queue)]):
        planned = cli("purge", "--format", "json", *words)
        assert (planned.code, json.loads(planned.out)["planned"]) == (0, 8)


def test_a_text_that_no_shell_minds_stands_in_the_line(cli: Callable[..., Ran], tmp_path: Path) -> None:
    queue = spam_queue(tmp_path, "buy boxes, now: http://boxes.example/a?b=1#c")
    line = cli("group", "--queue", queue).out.rstrip("\n").rpartition("\n")[2]
    shown = 'breachkit purge "buy boxes, now: http://boxes.example/a?b=1#c" --dry-run'
    assert line == f"  {shown} --queue {queue} --timezone Europe/Rome"


def test_the_line_of_a_small_campaign_finds_it_again(cli: Callable[..., Ran], tmp_path: Path) -> None:
    queue = spam_queue(tmp_path, "http://boxes.example/?a=1&b=2", count=4)
    line = cli("group", "--queue", queue, "--min-messages", "3").out.rstrip("\n").rpartition("\n")[2]
    planned = cli("purge", "--format", "json", *shlex.split(line)[2:])
    assert (planned.code, json.loads(planned.out)["planned"]) == (0, 4)
    assert cli("purge", *[word for word in shlex.split(line)[2:] if word not in {"--min-messages", "3"}]).code == 1


def test_part_of_a_queue_names_no_campaign_that_the_whole_may_not_have(cli: Callable[..., Ran], tmp_path: Path) -> None:
    queue = spam_queue(tmp_path, "http://boxes.example/?a=1&b=2")
    line = cli("group", "--queue", queue, "--since", "2020-01-01").out.rstrip("\n").rpartition("\n")[2]
    assert re.fullmatch(r"  \(campaign [0-9a-f]{10}: group without --since and --until, whose line purges it\)", line)


def test_who_is_not_accused_has_no_purge_line(cli: Callable[..., Ran], tmp_path: Path) -> None:
    root = tmp_path / "story"
    shutil.copytree(story("brute-force"), root)
    document = validate(cli("group", "--root", root, "--format", "json").out)
    assert document["judged"] is True
    assert [one["no_purge_why"] for one in document["campaigns"]] == [None, "cleared"]
    text = cli("group", "--root", root).out
    assert "\n  2. 23 messages: " in text
    assert "why     the logs show its accounts, and accuse none of them\n" in text
    assert "Nobody was judged" not in text
    assert text.count("breachkit purge") == 1
    assert "\n  breachkit contain anna@example.it --root" in text
    kept = cli("purge", "--campaign", "2", "--root", root, "--dry-run", "--format", "json")
    assert (kept.code, json.loads(kept.out)["planned"]) == (0, 23)
    assert kept.err.startswith("breachkit: 'group' has no line for campaign ")
    unseen = validate(cli("group", "--queue", root / "mail" / "_outgoing", "--format", "json").out)
    assert unseen["judged"] is False
    assert [one["no_purge_why"] for one in unseen["campaigns"]] == [None, "list-mail"]
    text = cli("group", "--queue", root / "mail" / "_outgoing").out
    assert "\nNobody was judged: no log shows who logged in." in text
    assert "\nNext: change the password of the account first, then\n" in text


def test_what_belongs_to_many_is_no_campaign_to_purge(cli: Callable[..., Ran], tmp_path: Path) -> None:
    rng = random.Random(3)
    for at in range(12):
        sender, rest = f"{token(rng)}@{token(rng)}.example", " ".join(token(rng) for _ in range(20))
        text = f"{rest}\nhttps://docs.google.com/forms/d/e/{rng.getrandbits(64):x}\n{rest[::-1]}\n"
        letter = Letter("run", "anna@house.example", sender, sender, "A", "b@b.example", token(rng), text, second=at)
        write_letter(tmp_path, letter, rng, at)
    [campaign] = validate(cli("group", "--queue", tmp_path, "--format", "json").out)["campaigns"]
    assert (campaign["messages"], campaign["no_purge_why"]) == (12, "only-weak-string")
    ran = cli("group", "--queue", tmp_path, "--fail-on-findings")
    assert ran.code == 10
    assert "breachkit purge" not in ran.out
    assert "all that its messages share belongs to many owners" in ran.out
    for name in (campaign["id"], "1"):
        refused = cli("purge", "--campaign", name, "--queue", tmp_path, "--yes")
        assert (refused.code, refused.out) == (1, "")
        assert f"campaign {campaign['id']} share belongs to many owners" in refused.err


def test_control_characters_of_spam_reach_no_terminal(cli: Callable[..., Ran], tmp_path: Path) -> None:
    queue = spam_queue(tmp_path, "click \x1b]0;owned\x07 here \u202efdp.exe http://boxes.example/now")
    ran = cli("group", "--queue", queue)
    assert "http://boxes.example/now" in ran.out
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)


def test_groups_may_be_limited_and_findings_told_by_the_exit_code(cli: Callable[..., Ran], tmp_path: Path) -> None:
    queue = spam_queue(tmp_path, "http://boxes.example/now")
    assert cli("group", "--queue", queue, "--fail-on-findings").code == 10
    few = cli("group", "--queue", queue, "--min-messages", "9", "--fail-on-findings", "--format", "json")
    assert (few.code, json.loads(few.out)["ungrouped"]) == (0, 8)
    assert cli("group", "--queue", queue, "--by", "from", "--top", "3", "--format", "json").out.count('"name"') == 3
    assert cli("group", "--queue", queue, "--min-messages", "1").code == 2


@pytest.mark.parametrize("by", ["local-sender", "from", "subject", "url"])
def test_plain_groups_are_golden(
    by: str, cli: Callable[..., Ran], golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(story("guide").parents[2])
    root = "sample_queues/icewarp/guide"
    ran = cli("group", "--root", root, "--by", by, "--top", "5")
    assert (ran.code, ran.err) == (0, "")
    golden(f"group-by-{by}-guide.txt", ran.out)
    document = validate(cli("group", "--root", root, "--by", by, "--format", "json").out)
    assert document["ungrouped"] + sum(group["messages"] for group in document["groups"]) == 125


def test_a_message_that_is_gone_by_now_is_counted_as_skipped(
    cli: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = spam_queue(tmp_path, "http://boxes.example/now")
    gone = min(queue.rglob("*.dat"))

    def read(path: str) -> bytes:
        gone.unlink(missing_ok=True)
        return read_whole(path)

    monkeypatch.setattr(sys.modules["breachkit.evidence.again"], "read_whole", read)
    ran = cli("group", "--queue", queue, "--format", "json")
    document = json.loads(ran.out)
    assert ran.code == 3
    assert [(row["reason"], row["count"]) for row in document["skipped"]] == [("vanished while it was read", 1)]
    assert document["campaigns"][0]["messages"] == 7


@pytest.mark.parametrize(
    "kind", ["application/pdf", "image/png", "application/pkcs7-mime", "t,ext/plain", "video/mp4; x"]
)
@pytest.mark.parametrize("number", [1, 12])
def test_a_message_without_any_text_is_counted_and_the_rest_goes_on(
    kind: str, number: int, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    queue = spam_queue(tmp_path / "_outgoing", "http://boxes.example/now")
    for at in range(number):
        head = f"LocalSender: scan{at}@house.example\nFrom: scan{at}@house.example\n\nSubject: scan {at}\n"
        (queue / f"scan{at}.dat").write_text(f"{head}Content-Type: {kind}\n\n%PDF-1.4\n", encoding="utf-8")
    document = json.loads(cli("group", "--queue", queue, "--format", "json").out)
    assert [one["messages"] for one in document["campaigns"]] == [8]
    assert document["ungrouped"] == number
    by_id = cli("purge", "--campaign", document["campaigns"][0]["id"], "--dry-run", "--queue", queue)
    assert (by_id.code, by_id.out.split(",")[0]) == (0, f"Plan: 8 of {8 + number} messages to move out of the queue")
    explained = cli("purge", "--all", "--explain", "--dry-run", "--queue", queue, "--format", "json")
    assert (explained.code, json.loads(explained.out)["unexplained"]["messages"]) == (0, number)
    case = cli("investigate", "--queue", queue, "-o", tmp_path / "case")
    assert (case.code, (tmp_path / "case" / "report.html").is_file()) == (0, True)


def test_logs_alone_are_no_queue(cli: Callable[..., Ran]) -> None:
    ran = cli("group", "--logs", story("guide") / "logs")
    assert (ran.code, ran.out) == (1, "")
    assert "no queue found" in ran.err


def test_an_empty_queue_has_no_campaign(cli: Callable[..., Ran], tmp_path: Path) -> None:
    ran = cli("group", "--queue", tmp_path)
    assert ran.code == 0
    assert ran.out.startswith("No campaign")
