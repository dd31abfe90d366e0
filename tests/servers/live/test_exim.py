"""A running Exim with a running Dovecot, through one incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.live.checks import check_contain, check_harden, check_reading
from tests.servers.live.servers import Exim, running
from tests.servers.live.story import DOMAIN, Story, begin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

pytestmark = pytest.mark.live


def test_an_incident_is_read_as_it_was(tmp_path: Path, cli: Callable[..., Ran]) -> None:
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
