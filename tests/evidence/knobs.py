"""The settings in which one IceWarp server differs from the next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Stamp(Enum):
    TIME = "time"
    MILLIS = "millis"
    ISO = "iso"
    SLASHED = "slashed"
    RFC822 = "rfc822"


class IdForm(Enum):
    LETTERS = "three letters and five digits"
    DIGITS = "eighteen digits"


class Head(Enum):
    ONE_BLOCK = "one header block"
    ENVELOPE = "envelope block, blank line, message"


class Level(Enum):
    """What the logs show; the values are the words of `log_level`."""

    NONE = "none"
    SUMMARY = "summary"
    DEBUG = "debug"
    BOTH = "debug+summary"


class Auth(Enum):
    LOGIN = "LOGIN"
    LOGIN_INITIAL = "LOGIN with an initial response"
    PLAIN = "PLAIN"
    PLAIN_TWO_STEP = "PLAIN after a prompt"
    XOAUTH2 = "XOAUTH2"
    CRAM_MD5 = "CRAM-MD5"


class Archive(Enum):
    NONE = ""
    GZ = ".gz"
    ZIP = ".zip"


@dataclass(frozen=True)
class Span:
    start: datetime
    end: datetime

    def holds(self, ts: datetime) -> bool:
        return self.start <= ts < self.end


@dataclass(frozen=True)
class Knobs:
    stamp: Stamp = Stamp.TIME
    ids: IdForm = IdForm.DIGITS
    head: Head = Head.ENVELOPE
    level: Level = Level.BOTH
    archive: Archive = Archive.NONE
    queue_eol: str = "\r\n"
    log_eol: str = "\r\n"
    bom: bool = False
    masked: bool = False
    """The log shows `***` where a secret was sent."""
    hex_width: int = 4
    threads: int = 24
    rotate_bytes: int = 96_000
    refusal: str = "501 5.7.0 Authentication failed"
    banner: str = "IceWarp 13.0.3.7 x64"
    version: str = "13.0.3 build 7 x64"
    recipient_header: str = "To"
    suffix: str = ".dat"
    priorities: bool = False
    long_ehlo: bool = False
    lost_ids: float = 0.0
    """The share of queue files without a MsgID of their own."""
    lost_logs: tuple[Span, ...] = ()
    """Times whose lines were not kept."""
    accounts_file: bool = False
