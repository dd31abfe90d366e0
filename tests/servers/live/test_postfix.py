"""A running Postfix with a running Dovecot, through one incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers.live.checks import check_contain, check_harden, check_reading
from tests.servers.live.servers import Postfix, running
from tests.servers.live.story import DOMAIN, Story, begin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

pytestmark = pytest.mark.live


def test_an_incident_is_read_as_it_was(tmp_path: Path, cli: Callable[..., Ran]) -> None:
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
