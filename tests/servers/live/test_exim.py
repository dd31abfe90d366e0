"""A running Exim with a running Dovecot, through one incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.live import rounds
from tests.servers.live.checks import check_contain, check_harden, check_reading
from tests.servers.live.ending import check_ending
from tests.servers.live.kills import check_kills
from tests.servers.live.servers import Exim, running
from tests.servers.live.story import DOMAIN, Story, begin
from tests.servers.live.troubles import check_troubles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

pytestmark = pytest.mark.live

ACCOUNT = {f"anna@{DOMAIN}": "secret"}


def test_an_incident_is_read_as_it_was_and_ended(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    story = Story(seed=12)
    with running(Exim(DOMAIN, story.accounts, begin(), as_cpanel=True), tmp_path / "server") as server:
        truth = story.tell(server)
        assert int(server.command("exim", "-bpc")) == sum(truth.queued_by_account.values())
        check_reading(story, truth, cli)
        check_contain(truth, cli, "exim -M", "doveadm kick")
        wanted = {"auth_advertise_hosts": "fail", "acl_smtp_auth": "fail", "acl_smtp_rcpt": "pass"}
        check_harden(cli, tmp_path / "exim.txt", server.command("exim", "-bP"), wanted)
        wanted = {"disable_plaintext_auth": "fail", "auth_verbose": "pass", "ssl": "fail"}
        check_harden(cli, tmp_path / "doveconf.txt", server.command("doveconf", "-n"), wanted)
        check_ending(server, story, truth, cli)


def test_a_purge_under_load_loses_nothing_and_sends_nothing_twice(tmp_path: Path) -> None:
    with running(Exim(DOMAIN, ACCOUNT), tmp_path / "server") as server:
        server.queue_only.touch()
        for turn, pause in enumerate((0.05, 0.2)):
            rounds.check(rounds.play(server, turn, pause))


def test_a_spool_is_whole_after_a_kill_at_any_point(tmp_path: Path) -> None:
    with running(Exim(DOMAIN, ACCOUNT, as_cpanel=True), tmp_path / "server") as server:
        check_kills(server)


def test_what_stands_in_the_way_is_said_and_nothing_is_half_done(tmp_path: Path) -> None:
    with running(Exim(DOMAIN, ACCOUNT), tmp_path / "server") as server:
        check_troubles(server, tmp_path)
