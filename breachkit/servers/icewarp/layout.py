"""Where IceWarp keeps its queues and logs, on a server or in a copy of one.

Vendor documents: `<install>/mail/_outgoing/` with `retry/` (and `priority_0` … `priority_4` on newer
servers) below it; `path.dat`, in `<install>/` or `config/`, can move them.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, NamedTuple

from breachkit.files import QUARANTINE, open_regular, reason_of, shown
from breachkit.logs.kinds import may_be_log
from breachkit.records import Locus, Skipped
from breachkit.servers import Layout, QueueFolder
from breachkit.servers.icewarp.logs import KINDS
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from breachkit.servers import QueueRole

    Names = Callable[[Path], Mapping[str, str]]

LOOKED_FOR = "mail/_outgoing, path.dat, and logs named like logs/smtp/s20261120-00.log"

DEFAULT_ROOTS = (
    tuple(
        Path(name)
        for name in (
            r"C:\Program Files\IceWarp",
            r"C:\Program Files (x86)\IceWarp",
            r"C:\IceWarp",
            r"C:\Merak",
            r"C:\Program Files\Merak",
        )
    )
    if os.name == "nt"
    else (Path("/opt/icewarp"),)
)

_PART_OF_QUEUE = re.compile(r"retry|priority_\d+", re.IGNORECASE)

_QUEUE_NAME = re.compile(r"_outgoing|_incoming|retry|priority_\d+", re.IGNORECASE)

_NO_LOGS_BELOW = {"mail", "_outgoing", "_incoming", QUARANTINE}
"""Folders that may hold a million messages and no log."""

_LOGS = ("logs", "log")
_SOUGHT = frozenset({"config", "path.dat", "mail", "_outgoing", "users.csv", "settings.txt", *_LOGS})
_QUEUE_HOMES = frozenset({"mail", "_outgoing"})
_PATH_DAT_BYTES = 1 << 16
"""Some lines of paths are read, however long the file is."""
_OUTGOING_LINE = 8
_RETRY_LINE = 9


class Moved(NamedTuple):
    """A queue that `path.dat` names."""

    line: int
    path: Path | None
    """Where it lies; None when it is nowhere to be found."""
    text: str
    is_outside: bool


def find_layout(root: Path) -> Layout:
    """Locate queues, logs and the accounts file below a root. Raises OSError when it cannot be listed."""
    skipped: list[Skipped] = []
    bases = [root, *_open_folders(root, skipped)]
    names = cache(_names_in)  # a root that is a queue of 200,000 files is listed once
    untold: tuple[str, ...] = ()
    try:
        moved = {place.line: place for place in read_path_dat(root, names)}
    except OSError as error:
        moved = {}
        untold = ("path.dat cannot be read: queues that it puts elsewhere are not known",)
        skipped.append(Skipped(reason_of(error), Locus(shown(error.filename or root, root), 0, 1)))
    outgoing = _queue_of(moved.get(_OUTGOING_LINE), root)
    tops = [outgoing] if outgoing else [_inside(path, root) for path in _default_outgoing(bases, names)]
    retry = _queue_of(moved.get(_RETRY_LINE), root)
    if retry and all(retry.path.resolve() != path.resolve() for top in tops for path in _with_parts(top.path)):
        tops.append(retry)
    queues = tuple(part for top in tops for part in _parts(top, root))
    named = {queue.path for queue in queues}
    notes = [
        _note(place) for place in moved.values() if place.path is None or (place.path in named and place.is_outside)
    ]
    notes += [f"queue outside the root, by a link: {top.label}" for top in tops if top.named_by == "a link"]
    notes += untold
    homes = [place for base in bases for name in _LOGS if (place := _child(base, name, names)) is not None]
    others = [base for base in bases[1:] if base.name.lower() not in _NO_LOGS_BELOW]
    accounts, settings = (_child(root, name, names) for name in ("users.csv", "settings.txt"))
    # a root that is a queue may hold 200,000 messages, and no log
    beside = () if homes or root in named else (*_beside(root), *others)
    return Layout(
        root,
        queues,
        logs=tuple(homes),
        beside=beside,
        accounts=accounts,
        settings=settings,
        notes=tuple(notes),
        denied=tuple(skipped),
        others=tuple(filter(None, [_path_dat(root, names)])),
    )


def split_queue(folder: Path, root: Path | None) -> tuple[QueueFolder, ...]:
    """Turn a queue folder named by the user into itself and the queues below it."""
    return tuple(_parts(QueueFolder(folder, shown(folder, root)), root))


def queue_home(folder: Path) -> Path:
    """Return the folder that holds the topmost queue folder above, or at, a queue folder."""
    return _topmost(folder).parent


def role_of(folder: Path) -> QueueRole:
    """Tell what the server does with what lies in a queue folder: `retry` is tried again, all else is to be sent."""
    return "deferred" if folder.name.lower() == "retry" else "active"


def is_live(path: Path) -> bool:
    """Tell whether a path has a name in it from which the server delivers; strict, since a mistake sends spam."""
    return any(_QUEUE_NAME.fullmatch(part) for part in path.parts)


def read_path_dat(root: Path, names: Names) -> list[Moved]:
    """Read which queues `path.dat` puts elsewhere.

    The file is text; line 1 is the config path, 8 the outgoing and 9 the retry queue, CRLF even on Linux,
    a blank line means not set (vendor document). Its paths are absolute, so on a copy they may name the
    live queue: each is first looked for inside the root, below where the old installation folder stood.

    Raises OSError.
    """
    found = _path_dat(root, names)
    if found is None:
        return []
    with open_regular(found) as stream:
        text = stream.read(_PATH_DAT_BYTES)
    lines = [decode_text(line).strip() for line in text.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    lines += [""] * (_RETRY_LINE - len(lines))
    return [
        _locate(number, lines[number - 1], lines[0], root)
        for number in (_OUTGOING_LINE, _RETRY_LINE)
        if lines[number - 1]
    ]


def _path_dat(root: Path, names: Names) -> Path | None:
    home = _child(root, "config", names)
    return _child(root, "path.dat", names) or (_child(home, "path.dat", names) if home else None)


def _locate(number: int, text: str, config: str, root: Path) -> Moved:
    flavour = PureWindowsPath if "\\" in text or text[1:2] == ":" else PurePosixPath
    named = flavour(text)
    if config and named.is_relative_to(flavour(config).parent):
        copied = root.joinpath(*named.relative_to(flavour(config).parent).parts)
        if copied.is_dir() and copied.resolve().is_relative_to(root.resolve()):
            return Moved(number, copied, text, is_outside=False)
    live = Path(text)
    if live.is_absolute() and live.is_dir():
        return Moved(number, live, text, is_outside=not live.resolve().is_relative_to(root.resolve()))
    return Moved(number, None, text, is_outside=True)


def _queue_of(place: Moved | None, root: Path) -> QueueFolder | None:
    if place is None or place.path is None:
        return None
    named_by = f"path.dat line {place.line}" if place.is_outside else None
    return QueueFolder(place.path, shown(place.path, root), place.is_outside, named_by)


def _note(place: Moved) -> str:
    if place.path is None:
        return f"path.dat line {place.line} names a queue that is not here: {place.text}"
    return f"queue outside the root, from path.dat line {place.line}: {place.path}"


def _inside(path: Path, root: Path) -> QueueFolder:
    is_outside = not path.resolve().is_relative_to(root.resolve())
    return QueueFolder(path, shown(path, root), is_outside, "a link" if is_outside else None)


def _default_outgoing(bases: Iterable[Path], names: Names) -> list[Path]:
    homes = dict.fromkeys(home for base in bases for home in (base, _child(base, "mail", names)) if home)
    places = (home if home.name.lower() == "_outgoing" else _child(home, "_outgoing", names) for home in homes)
    return list(dict.fromkeys(place for place in places if place is not None and place.is_dir()))


_USUAL_PARTS = (*(f"priority_{number}" for number in range(5)), "retry")


def _with_parts(folder: Path) -> list[Path]:
    return [folder, *(path for path in _few_folders(folder) if _PART_OF_QUEUE.fullmatch(path.name))]


def _few_folders(folder: Path) -> list[Path]:
    """List the folders in a queue: without its 200,000 files where the usual names are known to be all of them."""
    usual = [path for path in (folder / name for name in _USUAL_PARTS) if path.is_dir() and not path.is_symlink()]
    # where a folder has a link for itself, its name and each folder in it (ext4, XFS, tmpfs); elsewhere less or more
    return usual if folder.stat().st_nlink - 2 == len(usual) else _folders(folder)


def _parts(top: QueueFolder, root: Path | None) -> Iterator[QueueFolder]:
    for path in _with_parts(top.path):
        yield top._replace(path=path, label=shown(path, root))


def _topmost(folder: Path) -> Path:
    full = Path(os.path.abspath(folder))  # resolve() would leave the evidence through a link
    above = [parent for parent in (full, *full.parents) if parent.name.lower() == "_outgoing"]
    return above[-1] if above else full


def _beside(root: Path) -> list[Path]:
    """List the files that lie in the root itself and may be logs; it may be a queue of 200,000 messages."""
    with os.scandir(root) as entries:
        return sorted(Path(entry.path) for entry in entries if may_be_log(entry.name, KINDS) and entry.is_file())


def _open_folders(root: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """List the folders in the root; `skipped` gets those that may not be opened and can hold no queue by their name."""
    for folder in _few_folders(root):
        try:
            os.scandir(folder).close()
        except PermissionError as error:
            if folder.name.lower() in _QUEUE_HOMES:
                raise
            if folder.name.lower() not in _LOGS:  # these are met, and counted, when logs are looked for
                skipped.append(Skipped(reason_of(error), Locus(shown(folder, root), 0, 1)))
        else:
            yield folder


def _folders(folder: Path) -> list[Path]:
    """List the folders in a folder, links left out. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))


def _child(folder: Path, name: str, names: Names) -> Path | None:
    """Find a file or folder by name, case-blind as on the server, also in a copy on Linux. Raises OSError."""
    found = names(folder).get(name)
    return folder / found if found else None


def _names_in(folder: Path) -> dict[str, str]:
    """List the names in a folder that are looked for, in lower case and as they are; of several alike the first.

    Raises OSError when the folder cannot be listed: a queue that is denied is not a queue that is not there.
    """
    if folder.name.lower() == "_outgoing":  # it holds 200,000 messages, and nothing of these
        return {}
    try:
        listed = os.listdir(folder)
    except (NotADirectoryError, FileNotFoundError):
        return {}
    return {name.lower(): name for name in sorted((name for name in listed if name.lower() in _SOUGHT), reverse=True)}
