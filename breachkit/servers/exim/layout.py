"""Where Exim keeps its spool and its logs: on Debian, on cPanel and Red Hat, and in a copy of them.

`spool_directory` is `/var/spool/exim4` on Debian, `/var/spool/exim` elsewhere; below it `input/` holds the messages, in
folders named by one character where `split_spool_directory` is set, and `NAME/input/` those of a named queue. Logs are
`/var/log/exim4/mainlog`, `/var/log/exim/main.log` (Red Hat), `/var/log/exim_mainlog` (cPanel).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from breachkit.files import shown
from breachkit.logs.syslog import first_named
from breachkit.servers import Layout, QueueFolder
from breachkit.servers.exim.logs import MAINLOG, REJECTLOG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from breachkit.servers import QueueRole

LOOKED_FOR = "var/spool/exim4 or var/spool/exim, spool/input, and logs named like mainlog or exim_mainlog"
ID = r"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
"""The second form is that of 4.97 and later."""

BOUNCE = re.compile(rf"(?P<bounce>{ID}) <= <> R=(?P<cause>{ID}) (?!H=)".encode())
"""The arrival of a message that Exim itself sends about another."""

_SPOOLS = ("var/spool/exim4", "var/spool/exim", "spool/exim4", "spool/exim", "spool", "exim4", "exim", ".")
_LOGS = ("var/log/exim4", "var/log/exim", "var/log", "log/exim4", "log/exim", "log", "logs", ".")
_SETTINGS = ("settings.txt", "exim-bP.txt", "etc/exim-bP.txt")
_INPUT = "input"
_MESSAGE = re.compile(rf"{ID}-[HDJ]")
IS_HEAD = re.compile(rf"{ID}-H")
_SPOOL_NAME = re.compile(r"exim4?|spool", re.IGNORECASE)
_LOOKED_AT = 200
"""Names in a folder by which it is told whether it holds messages of Exim."""

DEFAULT_ROOTS = tuple(Path("/") for spool in ("/var/spool/exim4", "/var/spool/exim") if Path(spool, _INPUT).is_dir())[
    :1
]


def find_layout(root: Path) -> Layout:
    """Locate queues and logs below a root, or at it. Raises OSError when it cannot be listed."""
    os.scandir(root).close()
    spools = [place for name in _SPOOLS if _is_spool(place := root / name)]
    queues = [queue for spool in dict.fromkeys(spools) for queue in _inputs(spool)]
    if not queues and _holds_messages(root):
        queues = [root]
    # a root that is a queue may hold 200,000 messages, and no log
    logs = (
        []
        if queues == [root]
        else [log for name in _LOGS for log in _logs(root / name, root) if queues or log.is_file()]
    )
    return Layout(
        root,
        tuple(QueueFolder(queue, shown(queue, root)) for queue in queues),
        logs=tuple(dict.fromkeys(logs)),
        settings=next((path for name in _SETTINGS if (path := root / name).is_file()), None),
    )


def _is_spool(place: Path) -> bool:
    """Tell whether a folder is a spool of Exim: by the folders in it, or by the messages."""
    if not (place / _INPUT).is_dir():
        return False
    return any((place / name).is_dir() for name in ("msglog", "db")) or _holds_messages(place / _INPUT)


def _holds_messages(folder: Path) -> bool:
    """Tell whether messages of Exim lie in a folder, or in one of those into which it may be split."""
    parts = []
    for entry in _some_of(folder):
        if _MESSAGE.fullmatch(entry.name):
            return True
        if len(entry.name) == 1 and entry.is_dir(follow_symlinks=False):
            parts.append(entry.path)
    return any(_MESSAGE.fullmatch(entry.name) for part in parts for entry in _some_of(Path(part)))


def _some_of(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for _, entry in zip(range(_LOOKED_AT), entries, strict=False):
            yield entry


def _inputs(spool: Path) -> Iterator[Path]:
    """List the queue of a spool, then its named queues."""
    yield spool / _INPUT
    with os.scandir(spool) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    for name in names:
        if (place := spool / name / _INPUT).is_dir() and not place.is_symlink():
            yield place


def _logs(folder: Path, root: Path) -> Sequence[Path]:
    """List the logs in a folder by their names, which need not be Exim's own folder; itself, where it is denied."""
    if not folder.is_dir():
        return []
    try:
        return first_named(folder, root, lambda name: MAINLOG.read_name(name) or REJECTLOG.read_name(name))
    except PermissionError:
        return [folder]


def split_queue(folder: Path, root: Path | None) -> tuple[QueueFolder, ...]:
    """Turn a queue folder named by the user into itself, a spool into its queues."""
    queues = list(_inputs(folder)) if (folder / _INPUT).is_dir() else [folder]
    return tuple(QueueFolder(queue, shown(queue, root)) for queue in queues)


def find_messages(_folder: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Put `ID-H`, `ID-D` and the journal of a delivery, `ID-J`, together; any other file is one of its own."""
    there = {*names}
    for name in sorted(there):
        above = name.removesuffix("-H")
        parts = [part for part in (above + "-D", above + "-J") if part in there]
        if name != above:
            yield (name, *parts)
        elif not (name.endswith(("-D", "-J")) and name[:-1] + "H" in there):
            yield (name,)


def files_beside(path: str) -> Sequence[str]:
    """Name where the journal of a delivery may lie, and the log of a message."""
    if not IS_HEAD.fullmatch(os.path.basename(path)):
        return ()
    above, name = os.path.split(path.removesuffix("-H"))
    inner, part = (
        (os.path.dirname(above), [os.path.basename(above)]) if len(os.path.basename(above)) == 1 else (above, [])
    )
    log = os.path.join(os.path.dirname(inner), "msglog", *part, name)
    return (journal_of(path), log) if os.path.basename(inner) == _INPUT else (journal_of(path),)


def journal_of(path: str) -> str:
    """Name the file that Exim writes while it delivers a message, and takes away after."""
    return path.removesuffix("-H") + "-J"


def role_of(folder: Path) -> QueueRole:
    """Tell what Exim does with a queue: that of a name is left alone until it is run by this name."""
    return "hold" if _spool_of(folder) != _above_input(folder) else "active"


def queue_home(folder: Path) -> Path:
    """Return the folder that holds the spool of a queue folder."""
    return _spool_of(folder).parent


def is_live(path: Path) -> bool:
    """Tell whether a path lies in `input` of a spool or of a named queue."""
    parts = path.parts
    return any(
        name == _INPUT and any(map(_SPOOL_NAME.fullmatch, parts[max(0, at - 2) : at])) for at, name in enumerate(parts)
    )


def _above_input(folder: Path) -> Path:
    full = Path(os.path.abspath(folder))  # resolve() would leave the evidence through a link
    inner = next((path for path in (full, *full.parents) if path.name == _INPUT), full)
    return inner.parent if inner.name == _INPUT else inner


def _spool_of(folder: Path) -> Path:
    above = _above_input(folder)
    return above.parent if (above.parent / _INPUT).is_dir() else above
