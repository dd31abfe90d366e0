"""What breachkit says of a server that still runs, beside the truth of the story; no root is named, as its user does."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.servers.live.story import SPAM_STRING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran
    from tests.servers.live.story import Story, Truth

    Cli = Callable[..., Ran]


def check_reading(story: Story, truth: Truth, cli: Cli) -> None:
    """Hold every command that reads queue and logs against the truth."""
    _check_account(story, truth, _ask(cli, "find-account"))
    found = _ask(cli, "scan")
    assert {row["auth_user"] or "": row["messages"] for row in found["senders"]} == truth.queued_by_account

    one = truth.queued_spam[0]
    shown = _ask(cli, "show", one)
    assert (shown["queue_id"], shown["auth_user"]) == (one, truth.account)
    assert SPAM_STRING in shown["text"]
    assert shown["client_ip"] in truth.spamming_ips

    (server_session, *onward) = _ask(cli, "trace", one)["sessions"]
    assert server_session["auth_user"] == truth.account
    assert one in server_session["message_ids"]
    assert onward, "no line of its delivery"
    sessions = _ask(cli, "trace", truth.account)["sessions"]
    named = [session for session in sessions if session["kind"] == "server" and session["message_ids"]]
    assert len(named) == truth.sessions_with_mail

    planned = _ask(cli, "purge", "--account", truth.account, "--dry-run")
    assert (planned["planned"], planned["purged"]) == (truth.queued, 0)
    assert planned["messages"] == sum(truth.queued_by_account.values())
    planned = _ask(cli, "purge", SPAM_STRING, "--account", truth.account, "--dry-run")
    assert planned["planned"] == len(truth.queued_spam)


def _check_account(story: Story, truth: Truth, found: dict[str, Any]) -> None:
    (one, *others) = found["accounts"]
    assert {other["verdict"] for other in others} == {"clear"}
    assert {other["account"] for other in others} <= story.accounts.keys()
    assert {
        "account": one["account"],
        "verdict": one["verdict"],
        "entry": one["entry"],
        "entry_ip": one["entry_ip"],
        "spamming_ips": sorted(row["ip"] for row in one["client_ips"] if row["attacking"] and row["successes"]),
        "failures": one["auth_failures_before_entry"],
        "sessions_with_mail": one["auth_successes"],
        "sent": one["sent_messages"],
        "queued": one["queued_messages"],
    } == {
        "account": truth.account,
        "verdict": "compromised",
        "entry": "distributed-guessing",
        "entry_ip": truth.entry_ip,
        "spamming_ips": truth.spamming_ips,
        "failures": truth.failures,
        "sessions_with_mail": truth.sessions_with_mail,
        "sent": truth.sent,
        "queued": truth.queued,
    }
    # logs know whole seconds, and a busy machine takes its time; the login itself was two minutes earlier
    assert abs((datetime.fromisoformat(one["entry_ts"]) - truth.entry_seen_ts).total_seconds()) < 60


def check_contain(truth: Truth, cli: Cli, *commands: str) -> None:
    """Ask for the steps: they are for the one account, and hold the product's own commands."""
    text = cli("contain", "--timezone", "UTC").out
    assert [line.split()[0] for line in text.splitlines() if line.endswith("(compromised)")] == [truth.account]
    for command in commands:
        assert command in text


def check_harden(cli: Cli, path: Path, printed: str, wanted: dict[str, str]) -> None:
    """Hold what a server printed of its settings against the status that some of them deserve."""
    path.write_text(printed, encoding="utf-8")
    rows = _ask(cli, "harden", path)["settings"]
    assert {row["name"]: row["status"] for row in rows if row["name"] in wanted} == wanted
    assert Counter(row["status"] for row in rows)["unknown"] < len(rows) / 2


def _ask(cli: Cli, *words: str | Path) -> dict[str, Any]:
    ran = cli(*words, "--timezone", "UTC", "--format", "json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    assert (ran.err, found["skipped"]) == ("", [])
    return found
