"""Which mail servers the evidence is of, and where each keeps it.

Several products may lie together (Postfix and Dovecot always do): the evidence is that of all of them. Where a command
needs a single one and nothing tells which, it asks; none is ever taken because of its name.
"""

from __future__ import annotations

import glob
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.errors import BreachkitError, PathUnreadableError, UsageError
from breachkit.files import QUARANTINE, shown
from breachkit.logs.kinds import Listing
from breachkit.logs.listing import find_logs
from breachkit.servers import Layout, QueueFolder, load, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breachkit.logs.kinds import FoundLogs, LogFile
    from breachkit.servers import MailServer, Queue


class Product(NamedTuple):
    """One mail server, and where it keeps what breachkit reads."""

    server: MailServer
    layout: Layout

    def own(self, logs: Iterable[LogFile]) -> list[LogFile]:
        """List the logs that may hold lines of this product."""
        return [log for log in logs if any(kind in (log.kind.within or (log.kind,)) for kind in self.server.logs)]

    def is_named_by(self, logs: Iterable[LogFile]) -> bool:
        """Tell whether logs name this product: a log that it may share does where lines of it were seen."""
        kinds = {kind for log in logs for kind in log.marked or log.kind.within or (log.kind,)}
        return not kinds.isdisjoint(self.server.logs)


class FoundProducts(NamedTuple):
    """What the evidence is of, and its logs."""

    products: tuple[Product, ...]
    """Usually a single one. What has no queue may turn out to have no logs either."""
    listing: Listing


def several_servers(servers: Iterable[MailServer]) -> UsageError:
    """Say that the evidence may be of several mail servers, and that the command needs to know which one is meant."""
    known = ", ".join(sorted(server.name for server in servers))
    return UsageError(f"this may be of several mail servers ({known}); say which one is meant with --server NAME")


class LacksError(BreachkitError):
    """The command wants something that the mail server, or what breachkit knows of it, lacks."""

    def __init__(self, servers: Iterable[MailServer], what: str) -> None:
        titles = " and ".join(server.title for server in servers)
        super().__init__(f"breachkit knows no {what} of {titles}; where it is another product, name it with --server")


def known_servers() -> list[MailServer]:
    """List every mail server that breachkit knows."""
    return [load(name) for name in names()]


def find_products(
    root: Path | None,
    name: str | None,
    queue: Sequence[Path] | None,
    logs: Sequence[Path] | None,
    *,
    is_optional: bool,
) -> FoundProducts:
    """Find the products whose evidence is meant.

    Args:
        root: a folder to recognise them in.
        name: the mail server that the user named.
        queue: queue folders that the user named; they replace the ones in the root.
        logs: logs that the user named; they replace the ones in the root.
        is_optional: the command works without evidence, too.

    Raises BreachkitErrors.
    """
    servers = known_servers() if name is None else [load(name)]
    products = [Product(server, _layout_at(root, server)) for server in servers]
    if root is not None and name is None:
        found = _recognised(products, root)
        if not (found or is_optional or queue or logs):
            raise nothing_at(root, servers)
        products = found or products
    products = [_with_moved(one, one.layout.queues) for one in products]
    if queue:
        products = _with_queues(products, servers, queue, is_alone=root is None and not logs)
    listing = _listing(products, root, logs)
    folders = tuple(place for place in logs or () if os.path.isdir(place))
    with_named = (one.layout._replace(logs=(*one.layout.logs, *folders)) for one in products)
    return FoundProducts(tuple(map(Product, (one.server for one in products), with_named)), listing)


def _layout_at(root: Path | None, server: MailServer) -> Layout:
    """Find what a server keeps at a root. Raises PathUnreadableError."""
    try:
        return Layout(root) if root is None else server.find(root)
    except NotADirectoryError:
        raise PathUnreadableError(root or ".", "it is no folder") from None
    except OSError as error:
        raise PathUnreadableError(error.filename or root or ".", error) from None


def _recognised(products: Sequence[Product], root: Path) -> list[Product]:
    """Leave out the products that have nothing there.

    Looking for logs takes long, and a purge needs none: where there is a queue, they are looked for when they are read.
    """
    likely = [one for one in products if any((one.layout.queues, one.layout.logs, one.layout.beside))]
    if any(one.layout.queues for one in likely):
        # what queues elsewhere, or not at all, may log here; who would queue here does not
        return [one for one in likely if one.layout.queues or one.server.queue is None]
    logs = _listing(likely, root, None).found
    found = [one for one in likely if one.own(logs.logs)]
    return found or [one for one in products if one.layout.denied or (one in likely and logs.skipped)]


def _listing(products: Sequence[Product], root: Path | None, named: Sequence[Path] | None) -> Listing:
    """Prepare to look for logs: the ones that the user named, else the ones in the folders of the products.

    Raises BreachkitError, also when they are looked for and there are none.
    """
    kinds = [kind for one in products for kind in one.server.logs]
    places = [place for one in products for place in one.layout.logs]
    beside = [place for one in products for place in one.layout.beside]
    if not kinds:
        return Listing()
    if not named:
        return Listing(lambda: find_logs(places, root, kinds, beside), is_likely=bool(places or beside))
    for place in named:
        text = os.fspath(place)
        if text != "-" and not os.path.lexists(text) and not glob.glob(text, recursive=True):
            raise missing("--logs", place)

    def find() -> FoundLogs:
        found = find_logs(named, root, kinds)
        if not found.logs and not found.skipped:
            first, more = found.passed_over[:1], len(found.passed_over) - 1
            said = "".join(f"{path}: {why}" for path, why in first) or "it is empty"
            said += f"; {more:,} more files were passed over" if more > 0 else ""
            raise BreachkitError(
                f"--logs {', '.join(map(str, named))} holds no log ({said}); name the server's log files"
            )
        return found

    return Listing(find, is_likely=True)


def _with_moved(product: Product, folders: Sequence[QueueFolder]) -> Product:
    """Add what breachkit has moved out of queue folders."""
    server, layout = product
    queues = tuple(dict.fromkeys(folders))
    if server.queue is not None:
        queues += _moved_out_of(server.queue, queues, layout.root)
    return Product(server, layout._replace(queues=queues))


def _moved_out_of(queue: Queue, folders: Sequence[QueueFolder], root: Path | None) -> tuple[QueueFolder, ...]:
    """List the folders of what was moved away; one that may not be opened stands for what is in it."""
    places = {queue.home(folder.path) for folder in folders} | {folder.path for folder in folders}
    found: list[Path] = []
    for home in sorted(place / QUARANTINE for place in places):
        try:
            runs = folders_in(home)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            found.append(home)
            continue
        for run in runs:
            try:
                found += [path for path in folders_in(run) if path.name == "messages"]
            except OSError:
                found.append(run)
    return tuple(QueueFolder(path, shown(path, root), is_quarantine=True) for path in found)


def folders_in(folder: Path) -> list[Path]:
    """List the folders in a folder, links left out. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))


def _with_queues(
    products: Sequence[Product], servers: Sequence[MailServer], named: Sequence[Path], *, is_alone: bool
) -> list[Product]:
    """Replace the queue folders that were found by the ones that the user named.

    Raises BreachkitErrors.
    """
    for folder in named:
        if not stat.S_ISDIR(existing("--queue", folder).stat().st_mode):
            raise PathUnreadableError(folder, "it is no folder")
    able = [one.server for one in products if one.server.queue is not None]
    able = able or [server for server in servers if server.queue is not None]
    if not able:
        raise LacksError([one.server for one in products], "queue")
    root = products[0].layout.root
    owned: dict[str, list[QueueFolder]] = {}
    for folder in named:
        server, queue = _owner_of(folder, able)
        owned.setdefault(server.name, []).extend(queue.split(folder, root))
    known = {one.server.name: one.layout for one in products if not is_alone}
    nothing = Layout(root)
    return [
        _with_moved(Product(server, known.get(server.name, nothing)), owned.get(server.name, []))
        for server in servers
        if server.name in {*owned, *known}
    ]


def _owner_of(folder: Path, able: Sequence[MailServer]) -> tuple[MailServer, Queue]:
    """Tell whose queue a folder is: of a server whose files are no plain messages, when it recognises its own."""
    owners = able
    if len(able) > 1:
        formed = [server for server in able if server.queue is not None and server.queue.text_of is not None]
        owners = [server for server in formed if server.find(folder).queues]
        # any file may be a plain message: whose they are is not asked, it would take a look at all 200,000 names
        owners = owners or [server for server in able if server not in formed]
    (server, *others) = owners or able
    if others or server.queue is None:
        raise several_servers(owners or able)
    return server, server.queue


def union_of(layouts: Sequence[Layout]) -> Layout:
    """Add up where all products keep their evidence."""
    if len(layouts) == 1:
        return layouts[0]

    def all_of(name: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(one for layout in layouts for one in getattr(layout, name)))

    def first_of(name: str) -> Path | None:
        return next((path for layout in layouts if (path := getattr(layout, name)) is not None), None)

    lists = (all_of("queues"), all_of("logs"), all_of("beside"))
    said = (all_of("notes"), all_of("denied"), all_of("others"))
    return Layout(layouts[0].root, *lists, first_of("accounts"), first_of("settings"), *said)


def missing(option: str, path: Path) -> BreachkitError:
    """Say that something that was named is not there."""
    return BreachkitError(f"{option} {path}: no such file or folder; check the path")


def nothing_at(root: Path, servers: Iterable[MailServer]) -> BreachkitError:
    """Say that nothing is found of any mail server that it may be."""
    return BreachkitError(
        f"{root} holds no queue and no logs that breachkit knows: looked for"
        f" {'; '.join(server.looked_for for server in servers)};"
        " name the folders themselves with --queue DIR and --logs DIR"
    )


def existing(option: str, path: Path) -> Path:
    """Return a path that was named, when it is there. Raises BreachkitError."""
    try:
        path.stat()
    except PermissionError as error:
        raise PathUnreadableError(path, error) from None
    except (OSError, ValueError):
        raise missing(option, path) from None
    return path
