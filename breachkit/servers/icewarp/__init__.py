"""IceWarp Server (formerly Merak Mail Server).

The format facts are from vendor documents, vendor scripts, public log samples and two vendor guides; each
module names its source. No server was at hand: what rests on the guides alone is read tolerantly.
"""

from __future__ import annotations

from breachkit.servers import MailServer
from breachkit.servers.icewarp.accounts import read_accounts
from breachkit.servers.icewarp.accounts import read_logins
from breachkit.servers.icewarp.columns import COLUMNS
from breachkit.servers.icewarp.containment import containment_of
from breachkit.servers.icewarp.doors import read_doors
from breachkit.servers.icewarp.facts import read_facts
from breachkit.servers.icewarp.layout import DEFAULT_ROOTS
from breachkit.servers.icewarp.layout import LOOKED_FOR
from breachkit.servers.icewarp.layout import find_layout
from breachkit.servers.icewarp.layout import is_live
from breachkit.servers.icewarp.layout import queue_home
from breachkit.servers.icewarp.layout import split_queue
from breachkit.servers.icewarp.logs import find_logs
from breachkit.servers.icewarp.queue import read_message
from breachkit.servers.icewarp.queue import read_queue
from breachkit.servers.icewarp.rules import ADVICE
from breachkit.servers.icewarp.rules import POLICY
from breachkit.servers.icewarp.rules import RULES
from breachkit.servers.icewarp.sessions import read_sessions
from breachkit.servers.icewarp.settings import COMMANDS
from breachkit.servers.icewarp.settings import read_settings
from breachkit.servers.icewarp.transcripts import read_transcripts

SERVER = MailServer(
    name="icewarp",
    title="IceWarp",
    looked_for=LOOKED_FOR,
    default_roots=DEFAULT_ROOTS,
    find_layout=find_layout,
    find_logs=find_logs,
    split_queue=split_queue,
    read_queue=read_queue,
    read_message=read_message,
    queue_home=queue_home,
    is_live=is_live,
    read_sessions=read_sessions,
    read_facts=read_facts,
    read_doors=read_doors,
    read_transcripts=read_transcripts,
    read_accounts=read_accounts,
    read_logins=read_logins,
    account_columns=COLUMNS,
    read_settings=read_settings,
    setting_rules=RULES,
    policy_settings=POLICY,
    advice=ADVICE,
    settings_commands=COMMANDS,
    containment=containment_of,
)
