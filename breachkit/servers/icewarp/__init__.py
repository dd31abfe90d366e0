"""IceWarp Server (formerly Merak Mail Server).

The format facts are from vendor documents, vendor scripts, public log samples and two vendor guides; each
module names its source. No server was at hand: what rests on the guides alone is read tolerantly.
"""

from __future__ import annotations

import re

from breachkit.servers import AccountExport, MailServer, Queue, Words
from breachkit.servers.icewarp.export import COLUMNS, read_logins
from breachkit.servers.icewarp.layout import (
    DEFAULT_ROOTS,
    LOOKED_FOR,
    find_layout,
    is_live,
    queue_home,
    role_of,
    split_queue,
)
from breachkit.servers.icewarp.logs import KINDS
from breachkit.servers.icewarp.queue import each_file, read_head

SERVER = MailServer(
    name="icewarp",
    title="IceWarp",
    looked_for=LOOKED_FOR,
    default_roots=DEFAULT_ROOTS,
    find=find_layout,
    logs=KINDS,
    queue=Queue(split_queue, each_file, read_head, role_of, queue_home, is_live),
    accounts=AccountExport(
        read_logins,
        COLUMNS,
        made_by='tool export account "*@*" u_type u_accountdisabled u_mailbox u_alias u_password',
    ),
    words=Words(account="LocalSender"),
    version=re.compile(rb"\S+ +\[[^]]*\] [\d:]+ >>> 220 [^\r\n]{0,200}?IceWarp (\d[\d.]{0,20})"),
    log_lines=("tool set system C_System_Log_Services_SMTP 3",),
)
