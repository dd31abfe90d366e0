"""A second look at what was moved: a server that had opened a message before may have written to it, or sent it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from breachkit.files import NotRegularError
from breachkit.purge.journal import REPLACED, read_history
from breachkit.purge.store import home_of, stored_file

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from breachkit.purge.disk import Disk, Fingerprint
    from breachkit.purge.journal import Journal
    from breachkit.purge.store import Run
    from breachkit.servers import Queue


def find_sent(rules: Queue, disk: Disk, run: Run, journal: Journal) -> int:
    """Journal which of the moved messages were sent all the same, or are being sent; count them.

    A delivery agent marks in the message whom it served (Postfix), or writes a journal beside its old place (Exim). As
    long as it delivers it has its lock of the message.

    Raises BreachkitError, OSError.
    """
    sent, sending = [], []
    history = read_history(run.journal)
    hold = rules.hold if history.is_hold else None
    for entry in history.entries.values():
        if entry.state != "moved":
            continue
        files = [stored_file(run, entry, place, hold) for place in range(len(entry.homes))]
        now = [disk.status(path) for path in files]
        if None in now:  # taken by somebody; from hold by the server's own command
            continue
        known = zip(now, entry.prints, strict=True)
        written = [place for place, (status, one) in enumerate(known) if not is_same_file(status, one)]
        for place in written:
            note_replaced(disk, files[place], journal, (entry.number, place))
        homes = [home_of(home, run.store) for home in entry.homes]
        logs = {*rules.beside(homes[0])} - _trails_of(rules, homes) if rules.beside else set()
        if any(homes[place] not in logs for place in written) or has_trail(rules, disk, homes):
            sent.append(entry.number)
        elif is_in_use(rules, files, homes):
            sending.append(entry.number)
    for kind, numbers in (("sent", sent), ("sending", sending)):
        if numbers:
            journal.add(kind, ids=numbers)
    return len(sent) + len(sending)


def has_trail(rules: Queue, disk: Disk, homes: Sequence[str]) -> bool:
    """Tell whether something came up where a message lay that a delivery leaves. Raises OSError."""
    return any(disk.status(path) is not None for path in _trails_of(rules, homes))


def _trails_of(rules: Queue, homes: Sequence[str]) -> set[str]:
    """Name what comes up where a message lies while it is delivered: nothing, or one file."""
    return set() if rules.trail is None else {rules.trail(homes[0])}


def is_in_use(rules: Queue, files: Sequence[str], homes: Sequence[str]) -> bool:
    """Tell whether the server delivers a message that was moved. Raises OSError."""
    if rules.hold_still is None:
        return False
    with rules.hold_still(files, homes) as is_free:
        return not is_free


def compare(
    rules: Queue, disk: Disk, path: str, known: Fingerprint
) -> Literal["", "changed", "owner", "copied", "missing"]:
    """Hold a file that was moved against what the journal says of it. Raises OSError.

    Where files are only renamed, one that another owner has may stop the server: Postfix delivers no mail at all then
    (`qmgr: fatal: open active ID: Permission denied`).
    """
    try:
        found = disk.fingerprint(path)
    except FileNotFoundError:
        return "missing"
    except NotRegularError:
        return "changed"
    if found.sha256 != known.sha256:
        return "changed"
    if rules.moving == "copy":
        return ""
    if found.inode != known.inode:
        return "copied"
    return "" if (found.mode, found.uid, found.gid) == (known.mode, known.uid, known.gid) else "owner"


def note_replaced(disk: Disk, path: str, journal: Journal, file: tuple[int, int]) -> None:
    """Journal what a file is that was moved and is not what was intended. Raises OSError.

    Args:
        disk: where it lies.
        path: its own, now.
        journal: of its run.
        file: the number of the message, and the place among its files.
    """
    found = disk.fingerprint(path)._asdict()
    journal.add("replaced", id=file[0], file=file[1], **{name: found[name] for name in REPLACED})


def is_same_file(status: os.stat_result | None, known: Fingerprint) -> bool:
    """Tell whether a status is that of the very file, unchanged."""
    return (
        status is not None
        and status.st_ino == known.inode
        and status.st_mtime_ns == known.mtime_ns
        and status.st_size == known.size
        and status.st_dev == known.device
    )
