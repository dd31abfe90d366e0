"""IceWarp Server (formerly Merak Mail Server).

The format facts are from vendor documents, vendor scripts, public log samples and two vendor guides; each
module names its source. No server was at hand: what rests on the guides alone is read tolerantly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from breachkit.logs.listing import read_own_addresses
from breachkit.servers import MailServer
from breachkit.servers.icewarp.columns import COLUMNS
from breachkit.servers.icewarp.layout import DEFAULT_ROOTS, LOOKED_FOR, find_layout, is_live, queue_home, split_queue
from breachkit.servers.icewarp.logs import find_logs
from breachkit.servers.icewarp.queue import count_queue, read_message, read_queue, read_senders
from breachkit.servers.icewarp.rules import ADVICE, POLICY, RULES
from breachkit.servers.icewarp.settings import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Callable


def _later(module: str, name: str) -> Callable[..., Any]:
    """Import a reader when it is called: a purge reads no logs and no accounts, and starts 20 ms sooner."""

    def call(*arguments: object) -> Any:
        return getattr(import_module(f"{__name__}.{module}"), name)(*arguments)

    call.__doc__ = f"See `{module}.{name}`."
    return call


SERVER = MailServer(
    name="icewarp",
    title="IceWarp",
    looked_for=LOOKED_FOR,
    default_roots=DEFAULT_ROOTS,
    find_layout=find_layout,
    find_logs=find_logs,
    split_queue=split_queue,
    read_queue=read_queue,
    count_queue=count_queue,
    read_message=read_message,
    read_senders=read_senders,
    queue_home=queue_home,
    is_live=is_live,
    find_sessions=_later("sift", "find_sessions"),
    read_facts=_later("facts", "read_facts"),
    read_doors=_later("doors", "read_doors"),
    read_transcripts=_later("transcripts", "read_transcripts"),
    read_own_addresses=read_own_addresses,
    read_accounts=_later("accounts", "read_accounts"),
    read_logins=_later("accounts", "read_logins"),
    account_columns=COLUMNS,
    read_settings=_later("settings", "read_settings"),
    setting_rules=RULES,
    policy_settings=POLICY,
    advice=ADVICE,
    settings_commands=COMMANDS,
    containment=_later("containment", "containment_of"),
    system_of=_later("system", "system_of"),
)
