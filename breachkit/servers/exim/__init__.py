"""Exim 4: its spool, its main log, and what its own commands can do.

The format facts are from Exim's specification and from servers that were run (4.96 on Debian 12); each module names its
source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.servers import MailServer, Queue, Words
from breachkit.servers.exim.layout import (
    BOUNCE,
    DEFAULT_ROOTS,
    IS_HEAD,
    LOOKED_FOR,
    files_beside,
    find_layout,
    find_messages,
    is_live,
    journal_of,
    queue_home,
    role_of,
    split_queue,
)
from breachkit.servers.exim.logs import MAINLOG, REJECTLOG
from breachkit.servers.exim.queue import hold_still, read_head, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

IDS_A_LINE = 100
"""Messages that one line names: a shell takes lines of some kB."""


def _freeze(files: Sequence[str]) -> str:
    """Spell the lines that freeze some messages."""
    # the name of a file may be an attack on the shell; what is no message of Exim's none of its commands knows
    ids = [file.removesuffix("-H") for file in files if IS_HEAD.fullmatch(file)]
    rows = [ids[at : at + IDS_A_LINE] for at in range(0, len(ids), IDS_A_LINE)]
    return "\n".join(f"exim -Mf {' '.join(row)}" for row in rows)


SERVER = MailServer(
    name="exim",
    title="Exim",
    looked_for=LOOKED_FOR,
    default_roots=DEFAULT_ROOTS,
    find=find_layout,
    logs=(MAINLOG, REJECTLOG),
    queue=Queue(
        split_queue,
        find_messages,
        read_head,
        role_of,
        queue_home,
        is_live,
        text_of=text_of,
        hold_still=hold_still,
        beside=files_beside,
        trail=journal_of,
        bounce_line=BOUNCE,
        moving="rename",
        by_hand=_freeze,
    ),
    words=Words(account="auth_id"),
    version=re.compile(rb"[\d-]+ [\d:.]+ (?:[+-]\d{4} )?(?:\[\d+\] )?exim (\d[\w.]{0,20}) daemon started"),
)
