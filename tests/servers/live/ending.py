"""How the incident ends beside the running server: contained, purged, restored, purged again, clean."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

from tests.servers.live import rounds
from tests.servers.live.servers import Postfix

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran
    from tests.servers.live.servers import Server
    from tests.servers.live.story import Story, Truth

    Cli = Callable[..., Ran]

_SOME_REFUSED = 123
"""What xargs ends with where `exim -Mf` did: a message was frozen before."""


def check_ending(server: Server, story: Story, truth: Truth, cli: Cli) -> None:
    """Do what the steps of `contain` say, then take the account's messages and their bounces out of the queue."""
    assert server.clock is not None
    _contain(server, story, truth, cli)
    since = server.clock.now().isoformat(timespec="seconds")
    before = server.queued()
    first = _purge(truth, cli)
    left = server.queued()
    assert first["purged"] >= truth.queued
    assert len(left) == len(before) - first["purged"]
    assert truth.account not in _owners(cli)
    again = cli("restore", first["run"], "--yes", "--format", "json")
    assert (again.code, json.loads(again.out)["restored"]) == (0, first["purged"]), again.err
    rounds.accepts(server, before)
    assert _purge(truth, cli)["purged"] == first["purged"]
    story.work_on()
    rounds.accepts(server, left)
    assert truth.account not in _owners(cli)
    ran = cli("verify", truth.account, "--since", since, "--timezone", "UTC", "--format", "json")
    assert {one["name"]: one["status"] for one in json.loads(ran.out)["checks"]} == {
        "queue-clean": "ok",
        "no-entry-since": "ok",
        "no-attacker-since": "ok",
        "password-changed": "unknown",  # no log shows passwords
        "left-behind": "unknown",
        "settings": "unknown",
        "delivery-failures": "ok",
    }


def _contain(server: Server, story: Story, truth: Truth, cli: Cli) -> None:
    """Run those lines of the steps that such a server has the programs for."""
    (account,) = json.loads(cli("contain", truth.account, "--timezone", "UTC", "--format", "json").out)["accounts"]
    lines = [line for step in account["steps"] for line in step["commands"]]

    def run(beginning: str) -> int:
        line = next(line for line in lines if line.startswith(beginning))
        return subprocess.run(
            ["bash", "-c", line], env=server.environment(), check=False, capture_output=True
        ).returncode

    if isinstance(server, Postfix):
        server.command(
            "postconf", "-e", "smtpd_recipient_restrictions = check_sasl_access hash:/etc/postfix/sasl_access"
        )
        assert [run(line) for line in ("echo ", "postmap /etc/", "for id in ", "postfix stop ")] == [0, 0, 0, 0]
        rows = map(json.loads, server.command("postqueue", "-j").splitlines())
        assert sum(row["queue_name"] == "hold" for row in rows) == truth.queued
        assert not story.try_to_send()
    else:
        assert run("exipick ") in {0, _SOME_REFUSED}
        assert server.command("exim", "-bp").count("*** frozen ***") >= truth.queued


def _purge(truth: Truth, cli: Cli) -> dict[str, Any]:
    ran = cli("purge", "--account", truth.account, "--bounces", "--yes", "--timezone", "UTC", "--format", "json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    assert found["planned"] == found["purged"]
    return found


def _owners(cli: Cli) -> set[str]:
    found = json.loads(cli("scan", "--timezone", "UTC", "--format", "json").out)
    return {row["auth_user"] for row in found["senders"]}
