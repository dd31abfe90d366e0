"""Postfix: its queues, its part of the mail log, and what its own commands can do.

The format facts are from its source and documents and from servers that were run (3.7.11 on Debian 12); each module
names its source.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breachkit.servers import MailServer, Queue, Words
from breachkit.servers.postfix.layout import (
    DEFAULT_ROOTS,
    IS_ID,
    LOOKED_FOR,
    each_file,
    find_layout,
    is_live,
    queue_home,
    role_of,
    split_queue,
)
from breachkit.servers.postfix.logs import MAIL
from breachkit.servers.postfix.queue import read_head, text_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def _by_hand(files: Sequence[str]) -> str:
    """Name Postfix's own commands for some messages."""
    # the name of a file may be an attack on the shell; what is no id none of the commands knows
    ids = " ".join(file for file in files if IS_ID.fullmatch(file))
    return (
        "breachkit plans a purge of Postfix's queue and leaves it to Postfix; these are put on hold, where nothing is"
        f" delivered, by: printf '%s\\n' {ids} | postsuper -h - (postsuper -H ID brings one back, postsuper -d ID"
        " deletes it)"
    )


SERVER = MailServer(
    name="postfix",
    title="Postfix",
    looked_for=LOOKED_FOR,
    default_roots=DEFAULT_ROOTS,
    find=find_layout,
    logs=(MAIL,),
    queue=Queue(
        split_queue,
        each_file,
        read_head,
        role_of,
        queue_home,
        is_live,
        text_of=text_of,
        moving="never",
        by_hand=_by_hand,
    ),
    words=Words(account="sasl_username"),
    version=re.compile(rb"\S{3} +\d+ [\d:]+ \S+ postfix/master\[\d+\]: daemon started -- version (\d[\w.-]{0,30})"),
)
