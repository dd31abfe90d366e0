"""Exim 4: its spool, its main log, and what its own commands can do.

The format facts are from Exim's specification and from servers that were run (4.96 on Debian 12); each module names its
source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.servers import MailServer, Queue, Words
from breachkit.servers.exim.layout import (
    DEFAULT_ROOTS,
    IS_HEAD,
    LOOKED_FOR,
    find_layout,
    find_messages,
    is_live,
    queue_home,
    role_of,
    split_queue,
)
from breachkit.servers.exim.logs import MAINLOG, REJECTLOG
from breachkit.servers.exim.queue import read_head, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def _by_hand(files: Sequence[str]) -> str:
    """Name Exim's own commands for some messages."""
    # the name of a file may be an attack on the shell; what is no message of Exim's none of its commands knows
    ids = " ".join(file.removesuffix("-H") for file in files if IS_HEAD.fullmatch(file))
    return (
        "breachkit plans a purge of Exim's queue and leaves it to Exim; these are set aside, where no queue run finds"
        f" them, by: exim -MG breachkit {ids} (exim -qGbreachkit -MG '' ID brings one back, exim -Mrm ID deletes it)"
    )


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
        moving="never",
        by_hand=_by_hand,
    ),
    words=Words(account="auth_id"),
    version=re.compile(rb"[\d-]+ [\d:.]+ (?:[+-]\d{4} )?(?:\[\d+\] )?exim (\d[\w.]{0,20}) daemon started"),
)
