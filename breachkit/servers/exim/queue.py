"""Exim's spool files: the envelope and the header of a message in `ID-H`, its body in `ID-D`.

The form is that of the chapter "Format of spool files" of Exim's specification, and of files of 4.96. A value that came
from a stranger ("tainted", 4.94 and later) has two hyphens before its name, and perhaps what quoted it in parentheses.
"""

from __future__ import annotations

import os
import re
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

from breachkit.servers.exim.layout import ID
from breachkit.servers.letterhead import EnvelopeHead
from breachkit.servers.locks import locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from datetime import tzinfo

_NAME = re.compile(rf"({ID})-[HDJ]")
_FIRST = re.compile(rf"({ID})-([HD])\n".encode())
_BEGIN = re.compile(rb"[^\n]*\n(<[^\n]*)\n([0-9]{1,10})(?: [^\n]*)?\n")
"""Who called Exim, the sender, and when."""
_NAMED = rb"--?(?:\([^)\n]*\))?"
_OPTIONS = re.compile(rb"(?:(?!%bacl)-[^\n]*\n)*+" % _NAMED)
"""The lines that begin with a hyphen, to the first variable of an ACL."""
_VARIABLE = re.compile(rb"%bacl[\w-]* (?:.* )?(\d{1,7})" % _NAMED)
_SOUGHT = re.compile(rb"\n%b(auth_id|host_address)(?: ([^\n]*))?(?=\n)" % _NAMED)
_BRACKETED = re.compile(rb"\[([0-9A-Fa-f.:]+)\](?::\d{1,5})?")
_DOTTED = re.compile(rb"([0-9A-Fa-f.:]+)\.\d{1,5}")
_NODE = re.compile(rb"([YN])([YN]) (.*)")
_HEADER = re.compile(rb"(\d{3,7})(.) ")


class _Envelope(NamedTuple):
    sender: bytes
    ts: int
    options: dict[bytes, bytes]
    rcpt_to: list[bytes]
    end: int
    """Where the headers begin."""


def read_head(files: Sequence[tuple[str, bytes]], _zone: tzinfo, is_whole: bool) -> EnvelopeHead | None:
    """Read the envelope and the header in `ID-H`; None where it was cut."""
    ((name, raw),) = files
    if not is_whole:
        return None
    named = _NAME.fullmatch(name.replace("\\", "/").rpartition("/")[2])
    first = _FIRST.match(raw)
    queue_id = named[1] if named else first[1].decode() if first else None  # in a quarantine it has another name
    envelope = _envelope_of(raw)
    if envelope is None:
        return EnvelopeHead(queue_id)
    return EnvelopeHead(
        queue_id,
        envelope.options.get(b"auth_id", b""),
        envelope.sender,
        envelope.rcpt_to,
        _address_in(envelope.options.get(b"host_address", b"")),
        envelope.ts * 1_000_000 or None,
        b"\n" + _headers(raw, envelope.end),
    )


def text_of(files: Sequence[bytes]) -> bytes:
    """Put the header before the body; a file without its other half stands for itself."""
    head = body = b""
    for raw in files:
        found = _FIRST.match(raw)
        if found is None:
            body = body or (raw if len(files) == 1 else b"")
        elif found[2] == b"D":
            body = raw[found.end() :]
        else:
            envelope = _envelope_of(raw)
            head = raw if envelope is None else _headers(raw, envelope.end)
    return head + b"\n" + body if head else body


def hold_still(files: Sequence[str], names: Sequence[str]) -> AbstractContextManager[bool]:
    """Take the lock of a message: of the first line of `ID-D`, which nobody may open meanwhile (see `locked`)."""
    pairs = zip(files, names, strict=True)
    path, name = next((pair for pair in pairs if pair[1].endswith("-D")), ("", ""))
    return locked(path, len(os.path.basename(name)) + 1) if path else nullcontext(enter_result=True)


def _envelope_of(raw: bytes) -> _Envelope | None:
    """Read all before the headers; None where the file is none of a message, or is torn."""
    first = _FIRST.match(raw)
    begin = None if first is None or first[2] != b"H" else _BEGIN.match(raw, first.end())
    if begin is None:
        return None
    options, place = _options(raw, begin.end())
    done, place = _recipients_done(raw, place)
    number, place = _line(raw, place)
    if not number.isdigit() or len(number) > 6:
        return None
    rcpt_to = []
    for _ in range(int(number)):
        line, place = _line(raw, place)
        if not line:
            return None
        rcpt_to.append(line.partition(b" ")[0])
    waiting = [one for one in rcpt_to if one.lower() not in done]
    blank, place = _line(raw, place)
    return None if blank else _Envelope(begin[1].strip(b"<>"), int(begin[2]), options, waiting or rcpt_to, place)


def _line(raw: bytes, place: int) -> tuple[bytes, int]:
    """Return a line and where the next one begins."""
    end = raw.find(b"\n", place)
    return (raw[place:], len(raw)) if end < 0 else (raw[place:end], end + 1)


def _options(raw: bytes, place: int) -> tuple[dict[bytes, bytes], int]:
    """Read those of `_SOUGHT`; the value of a variable of an ACL may hold ends of lines, and be a stranger's."""
    options: dict[bytes, bytes] = {}
    while True:
        found = _OPTIONS.match(raw, place)
        end = found.end() if found else place
        for name, value in _SOUGHT.findall(raw, place - 1, end):
            options.setdefault(name, value)
        if not raw.startswith(b"-", end):
            return options, end
        line, place = _line(raw, end)
        variable = _VARIABLE.fullmatch(line)
        place += int(variable[1]) + 1 if variable else 0


def _recipients_done(raw: bytes, place: int) -> tuple[set[bytes], int]:
    """Read the tree of recipients that have the message: each line says whether it has a left and a right branch."""
    line, place = _line(raw, place)
    done: set[bytes] = set()
    branches = 0
    while found := _NODE.fullmatch(line):
        done.add(found[3].lower())
        branches += (found[1] == b"Y") + (found[2] == b"Y")
        if not branches:
            break
        branches -= 1
        line, place = _line(raw, place)
    return done, place


def _headers(raw: bytes, place: int) -> bytes:
    """Return the headers as they are sent: without their lengths and flags, and without those that were replaced."""
    headers = []
    while found := _HEADER.match(raw, place):
        begin, place = found.end(), found.end() + int(found[1])
        if found[2] != b"*":
            headers.append(raw[begin:place])
    return b"".join(headers)


def _address_in(text: bytes) -> bytes:
    """Read the client's address, behind which stands its port: in brackets, or up to 4.95 behind a dot."""
    found = _BRACKETED.fullmatch(text) or _DOTTED.fullmatch(text)
    return found[1] if found else b""
