"""Where the evidence is: options, environment, breachkit.toml, default installations → one answer."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from breachkit.errors import BreachkitError, PathUnreadableError, UsageError
from breachkit.evidence.moments import read_moment, read_zone
from breachkit.evidence.products import (
    LacksError,
    existing,
    find_products,
    known_servers,
    missing,
    nothing_at,
    several_servers,
    union_of,
)
from breachkit.files import QUARANTINE, open_handle, open_regular, read_head
from breachkit.records import Setting
from breachkit.servers import load
from breachkit.shells import guarded, is_safe, line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo

    from _typeshed import DataclassInstance

    from breachkit.evidence.products import Product
    from breachkit.logs.kinds import Listing, LogFile
    from breachkit.records import Skipped
    from breachkit.servers import AccountExport, Guide, Layout, MailServer, Queue, QueueFolder

ROOT_VARIABLE = "BREACHKIT_ROOT"
SETTINGS_FILE = "breachkit.toml"
_BOUNDS = frozenset({"--since", "--until"})
_LACKS = {
    "scan": frozenset({"--accounts", "--columns"}),
    "trace": frozenset({"--queue"}),
    "purge": _BOUNDS,
    "restore": _BOUNDS | {"--logs", "--accounts", "--columns"},
    "weak-passwords": _BOUNDS | {"--queue"},
    "show": _BOUNDS,
    "harden": _BOUNDS,
    "contain": _BOUNDS,
    "verify": _BOUNDS,
    "doctor": _BOUNDS,
}
"""Options that name evidence and that a command has no use for."""

_WORDS = ("root", "accounts", "timezone", "server")
_PATH_LISTS = ("queue", "logs")
"""What `breachkit.toml` may hold."""
_Ability = TypeVar("_Ability")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that name the evidence, as typed; None for an option that was not given."""

    root: Path | None = None
    queue: Sequence[Path] | None = None
    logs: Sequence[Path] | None = None
    accounts: Path | None = None
    columns: str | None = None
    timezone: str | None = None
    since: str | None = None
    until: str | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Where:
    """What the options mean: mail servers, where their evidence is, and the time in question."""

    products: tuple[Product, ...]
    """One for each mail server that it may be of; usually a single one."""
    layout: Layout
    """Where all of them keep it."""
    listing: Listing
    """Their logs, looked for when somebody asks for them."""
    accounts: Path | None
    is_accounts_asked: bool
    """False when the file was only found lying there."""
    columns: tuple[str, ...] | None
    zone: tzinfo
    zone_name: str
    since: datetime | None
    until: datetime | None
    paths: tuple[str, ...]
    """The paths that were named, as spelled by the user, with `/`."""

    typed: tuple[tuple[str, str], ...]
    """The options that named the evidence, to repeat in the next command."""

    @property
    def logs(self) -> tuple[LogFile, ...]:
        """The logs, in the order in which they were written."""
        return self.listing.found.logs

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What could not be read when the evidence was looked for, and what may be a log and could not be read."""
        return self.layout.denied + self.listing.found.skipped

    @property
    def has_evidence(self) -> bool:
        """True when there is anything to accuse somebody by."""
        return bool(self.layout.queues or self.logs or self.skipped)

    @property
    def server(self) -> str:
        """The names of the mail servers whose evidence was found so far."""
        found = [one for one in self.products if one.layout.queues or one.is_named_by(self.listing.so_far.logs)]
        return ", ".join(one.server.name for one in found or self.products)

    @property
    def title(self) -> str:
        """What they are called."""
        return " or ".join(one.server.title for one in self.products)

    @property
    def looked_for(self) -> str:
        """What was looked for, in words for an error."""
        return "; ".join(one.server.looked_for for one in self.products)

    def no_queue(self) -> BreachkitError:
        """Say that no queue was found."""
        return BreachkitError(
            f"no queue found in {self.layout.root or '.'}: looked for {self.looked_for}; name it with --queue DIR"
        )

    @property
    def queue(self) -> Queue:
        """How the one server queues. Raises LacksError, UsageError."""
        queued = [one for one in self.products if one.layout.queues] or self.products
        return self._single([(one.server, one.server.queue) for one in queued], "queue")

    @property
    def export(self) -> AccountExport:
        """How the export of accounts is read: by the server that knows it for its own, else by one that takes any form.

        Raises LacksError, UsageError.
        """
        found = [(one.server, one.server.accounts) for one in self._found]
        able = [(server, export) for server, export in found if export is not None]
        if self.accounts is None or len(able) < 2:
            return self._single(found, "export of accounts")
        head = _first_lines(self.accounts)
        knows = [(server, export) for server, export in able if export.is_own is not None and export.is_own(head)]
        return self._single(
            knows or [(server, one) for server, one in able if one.is_own is None], "export of accounts"
        )

    def made_by(self) -> str:
        """Name what makes an export of accounts; of each server, where several may be meant. Raises LacksError."""
        exports = [(one.server.title, one.server.accounts) for one in self._found if one.server.accounts is not None]
        if len(exports) < 2:
            return self.export.made_by
        return "; ".join(f"{export.made_by} ({title})" for title, export in exports)

    @property
    def guide(self) -> Guide:
        """What the maker of the one server advises: of several that of the export, or of the one that queues.

        Raises LacksError, UsageError.
        """
        found = [(one.server, one.server.guide) for one in self._found]
        queued = [(server, guide) for server, guide in found if guide is not None and server.queue is not None]
        if len(queued) > 1 and self.accounts is not None:
            queued = [(server, guide) for server, guide in queued if server.accounts is self.export]
        return self._single(queued or found, "settings and steps")

    def guide_to(self, settings: Path) -> Guide:
        """Return what the maker of the server advises whose settings a file holds. Raises LacksError, UsageError."""
        guides = [guide for one in self._found if (guide := one.server.guide) is not None]
        meant = [guide for guide in guides if len(guides) > 1 and _speaks_of(guide, settings, self.layout.root)]
        return self.guide if not guides or len(meant) > 1 else [*meant, *guides][0]

    def commands(self) -> dict[str, tuple[str, ...]]:
        """List the lines that print the settings, by operating system; of each server, where several may be meant.

        Raises LacksError.
        """
        found = [(one.server.title, guide) for one in self._found if (guide := one.server.guide) is not None]
        if len(found) < 2:
            return dict(self.guide.commands)
        return {f"{title}, {system}": lines for title, guide in found for system, lines in guide.commands.items()}

    @property
    def _found(self) -> Sequence[Product]:
        if len(self.products) == 1:
            return self.products
        return [one for one in self.products if one.layout.queues or one.is_named_by(self.logs)] or self.products

    def _single(self, abilities: Sequence[tuple[MailServer, _Ability | None]], what: str) -> _Ability:
        able = [(server, ability) for server, ability in abilities if ability is not None]
        if not able:
            raise LacksError([server for server, _ in abilities], what)
        if len(able) > 1:
            raise several_servers(server for server, _ in able)
        return able[0][1]

    def owners(self, folders: Collection[QueueFolder]) -> Iterator[tuple[Queue, list[QueueFolder]]]:
        """Yield how each mail server queues that has some of these folders, with its own."""
        for server, layout in self.products:
            own = [folder for folder in layout.queues if folder in folders]
            if server.queue is not None and own:
                yield server.queue, own

    def queue_at(self, label: str) -> Queue:
        """How the server queues to which a queue folder belongs. Raises LacksError, UsageError."""
        for one in self.products:
            if one.server.queue is not None and any(folder.label == label for folder in one.layout.queues):
                return one.server.queue
        return self.queue

    def command(self, name: str, *arguments: str) -> str:
        """Spell a breachkit command on the same evidence: safe wherever it is pasted, see `shells`."""
        lacks = _LACKS.get(name, frozenset())
        repeated = [word for option, value in self.typed if option not in lacks for word in (option, value)]
        return line(["breachkit", name, *guarded(name, arguments), *repeated])

    def harden(self) -> str:
        """Spell `harden` on the same evidence; where it has no settings, the line that says how to get them."""
        if self.layout.settings is None:
            return line(["breachkit", "harden", "--print-commands"])
        return self.command("harden")

    def purge(self, campaign: str, string: str, *arguments: str) -> str:
        """Spell the plan of a purge of a campaign: by its id where its string could do something else when pasted.

        Where not all of the queue was grouped, no id would be found again: then the words say what to do.
        """
        if is_safe(string):
            return self.command("purge", string, *arguments, "--dry-run")
        if self.since is not None or self.until is not None:
            return f"(campaign {campaign}: group without --since and --until, whose line purges it)"
        return self.command("purge", "--campaign", campaign, *arguments, "--dry-run")

    def evidence(self) -> Iterator[Path]:
        """List the folders and files that nothing may be written into or over: what is read, and was moved away."""
        for queue in self.layout.queues:
            yield queue.path
            yield self.queue_at(queue.label).home(queue.path) / QUARANTINE
        # what was piped in lies nowhere
        kept = (log for log in self.logs if log.form.spool is None or log.path.is_file())
        yield from dict.fromkeys(log.path.parent for log in kept)
        yield from (*self.layout.others, *self.layout.logs)
        yield from (path for path in (self.accounts, self.layout.settings) if path is not None)
        yield Path(SETTINGS_FILE)

    def is_inside(self, ts: datetime) -> bool:
        """Tell whether a moment lies within --since and --until."""
        return (self.since is None or ts >= self.since) and (self.until is None or ts <= self.until)


def _first_lines(path: Path) -> str:
    try:
        return read_head(os.fspath(path), 1 << 13).decode("utf-8", "replace")
    except OSError:  # whoever reads it says so
        return ""


def _speaks_of(guide: Guide, settings: Path, root: Path | None) -> bool:
    """Tell whether a rule of a guide is about a setting in a file; one that cannot be read is read again by others."""
    try:
        return any(isinstance(one, Setting) and one.name for one in guide.read_settings(settings, root))
    except (OSError, BreachkitError):
        return False


def find_evidence(
    asked: Asked,
    *,
    is_optional: bool = False,
    use_defaults: bool = True,
    use_settings: bool = True,
) -> Where:
    """Find what the options mean. Raises BreachkitError subclasses, each a sentence with the way out.

    Args:
        asked: what was typed.
        is_optional: the command works without a queue and logs, too.
        use_defaults: a default installation may be read though nobody named it.
        use_settings: False on a node that is read for somebody else, whose working folder means nothing.
    """
    settings = _settings() if use_settings else {}
    root = _root(asked, settings, is_optional=is_optional, use_defaults=use_defaults)
    queue = asked.queue or _listed(settings, "queue") if asked.root is None else asked.queue
    logs = asked.logs or _listed(settings, "logs") if asked.root is None else asked.logs
    products, listing = find_products(
        root, asked.server or settings.get("server"), queue, logs, is_optional=is_optional
    )
    layout = union_of([one.layout for one in products])
    if not (is_optional or layout.queues or listing.found.logs or listing.found.skipped or layout.denied):
        raise nothing_at(root or Path(), [one.server for one in products])
    accounts = asked.accounts or settings.get("accounts")
    if accounts is not None:
        check_file("--accounts", Path(accounts))
    zone, zone_name = read_zone(asked.timezone or settings.get("timezone"))
    named = [root] if root is not None else []
    return Where(
        products=products,
        layout=layout,
        listing=listing,
        accounts=Path(accounts) if accounts is not None else layout.accounts,
        is_accounts_asked=accounts is not None or asked.columns is not None,
        columns=_columns(asked.columns, products),
        zone=zone,
        zone_name=zone_name,
        since=_time("--since", asked.since, zone),
        until=_time("--until", asked.until, zone),
        paths=tuple(Path(path).as_posix() for path in (*named, *(queue or ()), *(logs or ()))),
        typed=tuple(typed(asked)),
    )


def find_zone(asked: Asked) -> tuple[tzinfo, str]:
    """Find the time zone that the options mean, and its name. Raises BreachkitError."""
    return read_zone(asked.timezone or _settings().get("timezone"))


def check_words(asked: Asked, zone: tzinfo) -> tuple[str | None, str | None]:
    """Check the options that need no evidence to be checked; return both bounds, which all nodes share.

    Raises UsageError.
    """
    if asked.server is not None:
        load(asked.server)
    bounds = _time("--since", asked.since, zone), _time("--until", asked.until, zone)
    since, until = (None if bound is None else bound.isoformat() for bound in bounds)
    return since, until


def check_file(option: str, path: Path) -> None:
    """Make sure that a file that was named is one. Raises BreachkitError."""
    try:
        os.close(open_handle(os.fspath(path))[0])
    except FileNotFoundError:
        raise missing(option, path) from None
    except OSError as error:
        raise PathUnreadableError(path, error) from None


def check_target(option: str, target: Path, evidence: Iterable[Path]) -> None:
    """Refuse to write into evidence or over it, by whatever name. Raises BreachkitError.

    Args:
        option: what named the target.
        target: a file or a folder, there or not.
        evidence: files, and folders in or below which nothing is written.
    """
    real = Path(os.path.realpath(target))
    into = (place for place in evidence if real.is_relative_to(os.path.realpath(place)) or _is_same(real, place))
    place = next(into, None)
    paths = (real, Path(os.path.abspath(target)))
    queues = [server.queue for server in known_servers() if server.queue is not None]
    if place is None and any(queue.is_live(path) for queue in queues for path in paths):
        place = real.parent
    if place is not None:
        where = "is" if str(target) == str(place) else f"lies in {place}, which is"
        raise BreachkitError(f"nothing was written: {option} {target} {where} evidence; name a place elsewhere")


def _is_same(one: Path, other: Path) -> bool:
    """Tell whether two names stand for one file: links, and letters of either case where the disk takes them alike."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def typed(options: DataclassInstance) -> Iterator[tuple[str, str]]:
    """List options as they were typed, each of several values by itself."""
    for field in fields(options):
        value = getattr(options, field.name)
        for one in value if isinstance(value, list | tuple) else [value]:
            if one is not None:
                yield f"--{field.name}", str(one)


def _settings() -> dict[str, Any]:
    path = Path(SETTINGS_FILE)
    if not os.path.lexists(path):
        return {}
    import tomllib

    may_hold = "it may hold root, queue, logs, accounts, timezone and server"
    try:
        with open_regular(path) as stream:
            settings = tomllib.loads(stream.read().decode())
    except OSError as error:
        raise BreachkitError(f"{path}: {error.strerror or 'it cannot be read'}; {may_hold}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BreachkitError(f"{path}: {str(error).splitlines()[0]}; {may_hold}") from None
    for name, value in settings.items():
        is_list = isinstance(value, list) and name in _PATH_LISTS and all(isinstance(part, str) for part in value)
        if name not in {*_WORDS, *_PATH_LISTS} or not (isinstance(value, str) or is_list):
            raise BreachkitError(f"{path}: '{name}' is not understood; {may_hold}")
    return settings


def _listed(settings: dict[str, Any], name: str) -> list[Path] | None:
    value = settings.get(name)
    return None if value is None else [Path(part) for part in ([value] if isinstance(value, str) else value)]


def _root(asked: Asked, settings: dict[str, Any], *, is_optional: bool, use_defaults: bool) -> Path | None:
    if asked.root is not None:
        return existing("--root", asked.root)
    if os.environ.get(ROOT_VARIABLE):
        return existing(ROOT_VARIABLE, Path(os.environ[ROOT_VARIABLE]))
    if settings.get("root"):
        return existing(f"root in {SETTINGS_FILE}", Path(settings["root"]))
    if asked.queue or asked.logs or settings.get("queue") or settings.get("logs"):
        return None  # a copy of a queue is not to be mixed with the logs of a live server
    if is_optional and not use_defaults:
        return None
    servers = known_servers()
    installed = (next((path for path in server.default_roots if path.is_dir()), None) for server in servers)
    found = list(dict.fromkeys(path for path in installed if path is not None))
    if len(found) > 1:
        places = ", ".join(map(str, found))
        raise UsageError(f"several mail servers are installed ({places}); name one with --root DIR")
    if not found and not is_optional:
        places = ", ".join(str(path) for server in servers for path in server.default_roots)
        raise BreachkitError(
            f"no mail server found at the default places ({places}); name its folder, or a copy of its"
            " 'mail' and 'logs', with --root DIR (or set BREACHKIT_ROOT)"
        )
    return found[0] if found else None


def _columns(text: str | None, products: Sequence[Product]) -> tuple[str, ...] | None:
    if text is None:
        return None
    columns = tuple(part.strip().lower() for part in text.split(","))
    exports = [one.server.accounts for one in products if one.server.accounts is not None]
    if not exports:
        raise LacksError([one.server for one in products], "export of accounts")
    known = tuple(dict.fromkeys(name for export in exports for name in export.columns))
    for column in columns:
        if column not in known:
            raise UsageError(f"--columns: unknown column '{column}'; known: {', '.join(known)}")
    return columns


def _time(option: str, text: str | None, zone: tzinfo) -> datetime | None:
    return None if text is None else read_moment(option, text, zone)
