"""Postfix: its queues, its part of the mail log, and what its own commands can do.

The format facts are from its source and documents and from servers that were run (3.7.11 on Debian 12); each module
names its source.
"""

from __future__ import annotations

import re

from breachkit.servers import MailServer, Queue, Words
from breachkit.servers.postfix.layout import (
    BOUNCE,
    DEFAULT_ROOTS,
    LOOKED_FOR,
    each_file,
    find_layout,
    hold_at,
    is_live,
    logs_about,
    put_back_to,
    queue_home,
    role_of,
    split_queue,
)
from breachkit.servers.postfix.logs import MAIL
from breachkit.servers.postfix.queue import hold_still, read_head, text_of

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
        hold_still=hold_still,
        beside=logs_about,
        bounce_line=BOUNCE,
        back_to=put_back_to,
        hold=hold_at,
        moving="rename",
    ),
    words=Words(account="sasl_username"),
    version=re.compile(rb"\S{3} +\d+ [\d:]+ \S+ postfix/master\[\d+\]: daemon started -- version (\d[\w.-]{0,30})"),
)
