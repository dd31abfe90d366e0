"""Where Postfix keeps its queues, below a root or in a copy of one.

`queue_directory` is `/var/spool/postfix`. `maildrop incoming active deferred hold corrupt` hold messages, some in
folders of one character (`hash_queue_names`); `defer bounce trace` hold logs about them under the same names, which are
not read, and go with their message.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.files import read_head, shown
from breachkit.logs.syslog import find_mail_logs
from breachkit.servers import Layout, QueueFolder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from breachkit.servers import QueueRole

LOOKED_FOR = "var/spool/postfix or spool with deferred, and logs named like mail.log or maillog"
_ID = "[0-9A-F]{6,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20}"
IS_ID = re.compile(_ID)
"""The short form is of hexadecimal digits, the long one (`enable_long_queue_ids`) of digits and letters but vowels."""

BOUNCE = re.compile(
    rf"(?P<cause>{_ID}): sender (?:non-delivery|delay) notification: (?P<bounce>{_ID})(?![^\r\n])".encode()
)
"""What `bounce` says of a message that it sends to the sender of another (`bounce/bounce_notify_service.c`)."""

_ROLES: dict[str, QueueRole] = {
    "incoming": "incoming",
    "active": "active",
    "deferred": "deferred",
    "hold": "hold",
    "maildrop": "incoming",
    "corrupt": "hold",
}
"""In the order in which a message passes through them."""
_LOGS = ("defer", "bounce", "trace")
_BESIDE = frozenset({*_ROLES, *_LOGS, "flush", "private", "public", "pid", "saved"})
_TRIED = frozenset({"incoming", "active", "deferred"})
"""What `postsuper -h` puts on hold."""
_SPOOLS = ("var/spool/postfix", "spool/postfix", "postfix", "spool", ".")
_SETTINGS = ("settings.txt", "postconf-n.txt", "etc/postconf-n.txt")
_SPOOL_NAME = re.compile(r"postfix[\w-]*|spool", re.IGNORECASE)
_FIRST_RECORD = re.compile(rb"[CT].[ \d]{10,}", re.DOTALL)
_LOOKED_AT = 200
_DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
"""Of long ids, which have no vowels (`global/mail_queue.h`)."""

DEFAULT_ROOTS = (Path("/"),) if Path("/var/spool/postfix/deferred").is_dir() else ()


def find_layout(root: Path) -> Layout:
    """Locate queues and logs below a root, or at it. Raises OSError when it cannot be listed."""
    os.scandir(root).close()
    spools = [place for name in _SPOOLS if _is_spool(place := root / name)]
    queues = [queue for spool in spools for queue in _parts(spool)]
    if not queues and _holds_messages(root):
        queues = [root]
    return Layout(
        root,
        tuple(QueueFolder(queue, shown(queue, root)) for queue in queues),
        # a root that is a queue may hold 200,000 messages, and no log
        logs=() if queues == [root] else tuple(dict.fromkeys(find_mail_logs(root))),
        settings=next((path for name in _SETTINGS if (path := root / name).is_file()), None),
    )


def _is_spool(place: Path) -> bool:
    """Tell whether a folder has several of those that a spool of Postfix has, one of them a queue."""
    there = [name for name in _BESIDE if (place / name).is_dir()]
    return len(there) > 1 and any(name in _ROLES for name in there)


def _parts(spool: Path) -> list[Path]:
    return [place for name in _ROLES if (place := spool / name).is_dir() and not place.is_symlink()]


def _holds_messages(folder: Path) -> bool:
    """Tell whether messages of Postfix lie in a folder, or in one of those into which it may be split."""
    return any(_is_message(path) for path in islice(_files(folder), 3))


def _files(folder: Path) -> Iterator[Path]:
    """List some files of a folder, and of those into which it may be split, that are named like messages."""
    parts = []
    with os.scandir(folder) as entries:
        for entry in islice(entries, _LOOKED_AT):
            if len(entry.name) == 1 and entry.is_dir(follow_symlinks=False):
                parts.append(Path(entry.path))
            elif IS_ID.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                yield Path(entry.path)
    for part in parts:
        yield from _files(part)


def _is_message(path: Path) -> bool:
    try:
        return bool(_FIRST_RECORD.match(read_head(os.fspath(path), 64)))
    except OSError:
        return False


def split_queue(folder: Path, root: Path | None) -> tuple[QueueFolder, ...]:
    """Turn a queue folder named by the user into itself, a spool into its queues."""
    queues = _parts(folder) if _is_spool(folder) else [folder]
    return tuple(QueueFolder(queue, shown(queue, root)) for queue in queues)


def each_file(_folder: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Every file of a queue is a message."""
    return zip(names, strict=False)


def role_of(folder: Path) -> QueueRole:
    """Tell what Postfix does with a queue, by its name or that of the folder it is split from."""
    return next((_ROLES[part] for part in reversed(folder.parts) if part in _ROLES), "deferred")


def queue_home(folder: Path) -> Path:
    """Return the folder that holds the spool of a queue folder."""
    full = Path(os.path.abspath(folder))  # resolve() would leave the evidence through a link
    queue = next((path for path in (full, *full.parents) if path.name in _ROLES), full)
    return queue.parent.parent if queue.name in _ROLES else queue.parent


def is_live(path: Path) -> bool:
    """Tell whether a path lies in a queue below a spool."""
    parts = path.parts
    return any(name in _ROLES and any(map(_SPOOL_NAME.fullmatch, parts[at - 1 : at])) for at, name in enumerate(parts))


def logs_about(path: str) -> Sequence[str]:
    """Name where logs about a message may lie; a queue that is split deeper than by one sign keeps its logs."""
    spool, _, name = _placed(path)
    split = [os.path.join(spool, part, *sign, name) for part in _LOGS for sign in ([_sign_of(name)], [])]
    return split if spool else ()


def put_back_to(path: str) -> str:
    """Put what was active into `deferred`: Postfix looks into `active` when it starts, and only then."""
    spool, queue, name = _placed(path)
    if queue != "active":
        return path
    deferred = os.path.join(spool, "deferred")
    with suppress(OSError), os.scandir(deferred) as entries:
        if any(entry.is_file(follow_symlinks=False) for entry in entries):  # it is not split
            return os.path.join(deferred, name)
    return os.path.join(deferred, _sign_of(name), name)


def hold_at(path: str) -> str:
    """Return where a message lies on hold; where it is when Postfix does not try to deliver it."""
    spool, queue, name = _placed(path)
    return os.path.join(spool, "hold", name) if queue in _TRIED else path


def _placed(path: str) -> tuple[str, str, str]:
    """Split the path of a message into spool, queue and id; the first two are empty where it lies in no spool."""
    above, name = os.path.split(path)
    while len(os.path.basename(above)) == 1:
        above = os.path.dirname(above)
    spool, queue = os.path.split(above)
    return (spool, queue, name) if queue in _ROLES else ("", "", name)


def _sign_of(name: str) -> str:
    """Return the sign that a message is filed under: the first hexadecimal digit of the microseconds in its id."""
    stamp = name.rpartition("z")[0]
    if len(stamp) < 10 or not all(sign in _DIGITS for sign in stamp[-4:]):
        return name[:1]
    micros = 0
    for sign in stamp[-4:]:
        micros = len(_DIGITS) * micros + _DIGITS.index(sign)
    return f"{micros:05X}"[0]
