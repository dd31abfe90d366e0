"""IceWarp Server (formerly Merak Mail Server).

The format facts are from vendor documents, vendor scripts, public log samples and two vendor guides; each
module names its source. No server was at hand: what rests on the guides alone is read tolerantly.
"""

from __future__ import annotations

from breachkit.servers import MailServer
from breachkit.servers.icewarp.accounts import COLUMNS
from breachkit.servers.icewarp.accounts import read_accounts
from breachkit.servers.icewarp.doors import read_doors
from breachkit.servers.icewarp.layout import DEFAULT_ROOTS
from breachkit.servers.icewarp.layout import LOOKED_FOR
from breachkit.servers.icewarp.layout import find_layout
from breachkit.servers.icewarp.layout import is_live
from breachkit.servers.icewarp.layout import queue_home
from breachkit.servers.icewarp.layout import split_queue
from breachkit.servers.icewarp.logs import find_logs
from breachkit.servers.icewarp.queue import read_message
from breachkit.servers.icewarp.queue import read_queue
from breachkit.servers.icewarp.sessions import read_sessions
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
    read_doors=read_doors,
    read_transcripts=read_transcripts,
    read_accounts=read_accounts,
    account_columns=COLUMNS,
)
