"""A running Postfix with a running Dovecot, through one incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.live import rounds
from tests.servers.live.checks import check_contain, check_harden, check_reading
from tests.servers.live.ending import check_ending
from tests.servers.live.kills import check_kills
from tests.servers.live.servers import Postfix, running
from tests.servers.live.story import DOMAIN, Story, begin
from tests.servers.live.troubles import check_troubles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

pytestmark = pytest.mark.live

ACCOUNT = {f"anna@{DOMAIN}": "secret"}


def test_an_incident_is_read_as_it_was_and_ended(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    story = Story(seed=11)
    with running(Postfix(DOMAIN, story.accounts, begin(), long_ids=True), tmp_path / "server") as server:
        truth = story.tell(server)
        assert len(server.command("postqueue", "-j").splitlines()) == sum(truth.queued_by_account.values())
        check_reading(story, truth, cli)
        check_contain(truth, cli, "postfix reload", "postsuper -h -", "doveadm kick")
        wanted = {"smtpd_tls_auth_only": "fail", "smtpd_relay_restrictions": "pass", "mynetworks": "pass"}
        check_harden(cli, tmp_path / "postconf.txt", server.command("postconf", "-n"), wanted)
        wanted = {"disable_plaintext_auth": "fail", "auth_verbose": "pass", "ssl": "fail"}
        check_harden(cli, tmp_path / "doveconf.txt", server.command("doveconf", "-n"), wanted)
        check_ending(server, story, truth, cli)


def test_a_purge_under_load_loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    with running(Postfix(DOMAIN, ACCOUNT), tmp_path / "server") as server:
        server.command("postconf", "-e", "default_destination_concurrency_limit = 4")  # or all is gone in a second
        server.stop()
        server.start()
        for turn, pause in enumerate((0.6, 1.0)):
            rounds.check(rounds.play(server, turn, pause))
        rounds.play_hold(server, 9, 0.3)


def test_a_spool_is_whole_after_a_kill_at_any_point(tmp_path: Path) -> None:
    with running(Postfix(DOMAIN, ACCOUNT, long_ids=True), tmp_path / "server") as server:
        check_kills(server)


def test_what_stands_in_the_way_is_said_and_nothing_is_half_done(tmp_path: Path) -> None:
    with running(Postfix(DOMAIN, ACCOUNT), tmp_path / "server") as server:
        check_troubles(server, tmp_path)
