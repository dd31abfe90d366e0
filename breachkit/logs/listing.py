"""The logs in some places: what each tells of, and in which order they were written.

What was renamed, packed or collected is told by its lines: see `kinds` for names, `logtext` for all else.
"""

from __future__ import annotations

import glob
import ipaddress
import os
import re
import shlex
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from breachkit.errors import UsageError
from breachkit.files import BROKEN_ARCHIVE, FoundFile, UnpackError, open_handle, reason_of, shown, walk
from breachkit.logs.archives import OTHER_ARCHIVE, PACKED, Spool, kind_of, tar_members, zip_members
from breachkit.logs.clock import BESIDE, LAST_WRITTEN, YEAR, Dated, date_of, day_of, year_beside
from breachkit.logs.kinds import PLAIN, FoundLogs, LogFile, LogName, PassedOver, may_be_log, read_name, share
from breachkit.logs.logtext import (
    HEAD,
    beginning_of,
    digest_of,
    is_changed,
    look_at,
    open_text,
    read_lines,
    runs_of,
)
from breachkit.micros import is_possible
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from typing import IO

    from breachkit.logs.archives import Member
    from breachkit.logs.kinds import LogKind
    from breachkit.logs.logtext import Look, Run

STDIN = "(standard input)"
_PACKED_NAME = re.compile(r"\.(?:gz|bz2|xz|zip|tar|tgz|tbz2?|txz)$", re.IGNORECASE)

MOST_MEMBERS = 100_000
_WORTH_A_LOOK = 1024
"""Bytes of a member by which it can be told what it is."""

EMPTY = "empty"
NOT_A_LOG = "no log: its lines do not begin %s"
UNREADABLE_FORM = "looks like a log, but its lines do not begin %s"
MIXED = "lines of several files are mixed, in more than 10,000 stretches"
SAME = "the same lines as another log, which is read"
REPEATS = "its lines stand in other logs, too"
OTHER_SERVICE = "log of a service that is not read"
NESTED = "an archive within an archive"
MANY_MEMBERS = "archive of more than 100,000 files; the rest was not looked at"

How = Literal["named", "kept", "beside"]
"""How a file was met: named by the user, in a folder of logs, or where anything may lie."""

MARKED = 1 << 22
"""Bytes of a log that several kinds share in which lines of each are looked for."""

_MOST_OPENED = 40
_MOST_LINES = 1_000
"""A server has few addresses, and each stands at the opening of every session: the heads of the logs name them."""


def find_logs(
    places: Sequence[Path], root: Path | None, kinds: Sequence[LogKind], beside: Sequence[Path] = ()
) -> FoundLogs:
    """List the logs in folders, files and globs, in the order in which they were written.

    Copies of one log (the same bytes in an archive and beside it) are listed once.

    Args:
        places: where logs lie: every file there that is none is named. A file that is named itself is read as a log of
            the first kind where its product is known and nothing tells another, and `-` is the standard input.
        root: what shown paths are relative to.
        kinds: the logs of all products that it may be of.
        beside: where anything may lie: only what is a log by its name or its lines counts.
    """
    search = _Search(root, kinds)
    for place in dict.fromkeys(places):
        search.look_in(place, "kept")
    for place in dict.fromkeys(beside):
        search.look_in(place, "beside")
    return search.close()


def read_own_addresses(logs: Sequence[LogFile]) -> frozenset[str]:
    """Read the addresses of the server itself from the heads of some logs, canonical, as far as they name them."""
    found: set[str] = set()
    for log in islice((log for log in logs if log.services), _MOST_OPENED):
        try:
            for raw in islice(read_lines(log, HEAD), _MOST_LINES):
                for kind in log.kind.within or (log.kind,):
                    line = kind.own_address and kind.split(raw.text, UTC)
                    named = line and kind.own_address and kind.own_address.match(line.text)
                    with suppress(ValueError):
                        if named:
                            found.add(str(ipaddress.ip_address(named[1].decode("ascii"))))
        except OSError:  # said elsewhere
            continue
    return frozenset(found)


class _Source(NamedTuple):
    """A file, or a member of an archive, before it is known what it is."""

    log: LogFile
    name: str
    how: How
    is_inner: bool = False


class _Search:
    """What was met so far."""

    def __init__(self, root: Path | None, kinds: Sequence[LogKind]) -> None:
        self._root = root
        self._kinds = kinds
        prefixes = [kind.prefix for kind in kinds]
        self._unlike_kinds = [kind for at, kind in enumerate(kinds) if kind.prefix not in prefixes[:at]]
        """The first of those whose lines begin alike."""
        self._begins = " or ".join(f"'{kind.prefix.title}'" for kind in self._unlike_kinds)
        self._logs: list[LogFile] = []
        self._skipped: list[Skipped] = []
        self._passed_over: list[PassedOver] = []
        self._remedies: list[str] = []
        self._dated: dict[str, list[LogFile]] = {}
        """Logs whose names say no day, by what did."""
        self._spool: Spool | None = None
        self._shared: dict[tuple[LogKind, ...], LogKind] = {}

    def look_in(self, place: Path, how: How) -> None:
        """Look at a folder, a file, what a glob names, or the standard input."""
        text = os.fspath(place)
        if text == "-":
            stdin = sys.stdin
            if stdin is None or stdin.closed or stdin.isatty() or not self._take_stream(stdin.buffer, text, STDIN):
                raise UsageError(
                    "--logs - reads a log from standard input, and nothing is piped in; pipe it in, or name a file"
                )
            return
        for path in [text] if os.path.lexists(text) else sorted(glob.glob(text, recursive=True)):  # absolute
            try:
                if os.path.isdir(path):  # False for what may not be asked
                    self._look_below(path, how)
                elif path.startswith("/dev/fd/") and Path(path).is_fifo():
                    with Path(path).open("rb") as stream:  # `--logs <(zcat …)`; any other may be a trap
                        self._take_stream(stream, path, shown(path, self._root))
                else:
                    handle, status = open_handle(path)
                    os.close(handle)
                    found = FoundFile(path, status.st_size, status.st_mtime)
                    self._take_file(found, "beside" if how == "beside" else "named")
            except OSError as error:
                self._skip(shown(path, self._root), reason_of(error))

    def _look_below(self, folder: str, how: How) -> None:
        for found in walk(folder, self._root):
            if isinstance(found, Skipped):
                self._skip(found.source.path, found.reason)
            else:
                self._take_file(found, how)

    def close(self) -> FoundLogs:
        """Put in order what was found."""
        self._year_beside()
        kinds = {log.kind for log in self._logs}
        for log in self._logs:
            if log.kind.repeats in kinds:
                self._pass_over(log.label, REPEATS)
        self._logs = [log for log in self._logs if log.kind.repeats not in kinds]
        return FoundLogs(
            tuple(sorted(self._without_copies(), key=_order)),
            tuple(self._skipped),
            tuple(self._passed_over),
            tuple(_note(by, logs) for by, logs in self._dated.items()),
            tuple(self._remedies),
        )

    def _year_beside(self) -> None:
        """Take the year of logs of which only the file's own time tells it from others, whose lines or names do."""
        guessed = {id(log): log for log in self._dated.get(YEAR, [])}
        beside = {log.day for log in self._logs if log.day is not None and id(log) not in guessed}
        for at, log in enumerate(self._logs):
            day = year_beside(log.day, beside) if id(log) in guessed and log.day is not None else None
            if day is not None:
                self._logs[at] = log._replace(day=day)
                self._dated[YEAR].remove(log)
                self._dated.setdefault(BESIDE, []).append(log)
        if not self._dated.get(YEAR, True):
            del self._dated[YEAR]

    def _pass_over(self, label: str, reason: str) -> None:
        self._passed_over.append(PassedOver(label, reason))

    def _skip(self, label: str, reason: str) -> None:
        """Pass over what may be a log."""
        self._pass_over(label, reason)
        self._skipped.append(Skipped(reason, Locus(label, 0, 1)))

    def _refuse(self, source: _Source, reason: str, remedy: str) -> None:
        """Skip a log of which it is known what would make it readable."""
        self._skip(source.log.label, reason)
        self._remedies.append(f"{source.log.label} {reason}; {remedy}")

    def _take_stream(self, stream: IO[bytes], path: str, label: str) -> bool:
        """Keep what can be read once only, and look at it; False when nothing comes."""
        try:
            spool = self._spool = self._spool or Spool()
        except OSError as error:  # no room for temporary files at all
            self._skip(label, reason_of(error))
            return True
        begin = spool.end
        try:
            spool.keep(stream)
        except OSError as error:
            self._skip(label, reason_of(error))
        form = PLAIN._replace(spool=spool, begin=begin, length=spool.end - begin)
        if form.length:
            self._take(_Source(self._new(path, label, form.length, time.time())._replace(form=form), "", "named"))
        return bool(form.length)

    def _new(self, path: str, label: str, size: int, mtime: float) -> LogFile:
        return LogFile(Path(path), label, self._kinds[0], "", None, 0, size, mtime if is_possible(mtime) else 0.0)

    def _take_file(self, found: FoundFile, how: How) -> None:
        name = os.path.basename(found.path)
        if how != "beside" or may_be_log(name, self._kinds):
            log = self._new(found.path, shown(found.path, self._root), found.size, found.mtime)
            self._take(_Source(log, name, how))

    def _take(self, source: _Source) -> None:
        """Look at a file, and at what is packed in it."""
        log, told = source.log, read_name(source.name, self._kinds)
        if told.is_exact and told.kind and not told.kind.services:
            self._logs.append(_named(log, told, told.kind))
            self._pass_over(log.label, OTHER_SERVICE)
            return
        try:
            with open_text(log) as stream:
                # read() of a damaged archive would lose what it had unpacked so far
                head = getattr(stream, "read1", stream.read)(HEAD)
        except OSError as error:
            self._skip(log.label, reason_of(error))
            return
        packing, is_packed = kind_of(head), not PACKED.isdisjoint(log.form.packing)
        if packing in PACKED and not is_packed:
            form = log.form._replace(packing=(*log.form.packing, packing))
            self._take(source._replace(log=log._replace(form=form)))
        elif packing and (source.is_inner or (is_packed and packing != "tar")):
            self._refuse(source, NESTED, "unpack it first")
        elif packing in {"tar", "zip"}:
            self._take_archive(source, packing)
        elif packing:
            self._refuse(source, OTHER_ARCHIVE, "unpack it first")
        else:
            self._take_text(source, told, self._look(head))

    def _look(self, head: bytes) -> Look:
        """Look at the beginning of a file for lines of any kind."""
        looks = [look_at(head, kind, is_whole=len(head) < HEAD) for kind in self._unlike_kinds]
        return max(looks, key=lambda look: (look.is_log, look.is_near, len(look.sample)))

    def _take_text(self, source: _Source, told: LogName, look: Look) -> None:
        log, form = source.log, source.log.form
        if look.is_near:
            self._refuse(source, UNREADABLE_FORM % self._begins, _remedy(os.fspath(log.path), look.kind))
        elif not look.is_log and _PACKED_NAME.search(source.name) and PACKED.isdisjoint(form.packing):
            if source.name.lower().endswith(".zip") and not source.is_inner:  # something else may stand before it
                self._take_archive(source, "zip")
            else:
                self._skip(log.label, BROKEN_ARCHIVE)
        elif not look.is_log and (source.how != "named" or len(self._unlike_kinds) > 1) and not told.is_exact:
            if source.how != "beside":
                self._pass_over(log.label, EMPTY if look.is_empty else NOT_A_LOG % self._begins)
        elif not told.is_exact and not self._is_ours(look):
            self._pass_over(log.label, OTHER_SERVICE)
        else:
            log = log._replace(form=form._replace(encoding=look.form.encoding, wrapping=look.form.wrapping))
            if look.is_collected:
                self._take_collected(source._replace(log=log), look)
            else:
                self._add(log, told, look)

    def _is_ours(self, look: Look) -> bool:
        """Tell whether lines that begin as those of some kinds are of one of these."""
        marks = [kind.marks for kind in self._kinds if kind.prefix == look.kind.prefix]
        return not look.is_log or any(one is None or any(map(one.search, look.sample)) for one in marks)

    def _take_collected(self, source: _Source, look: Look) -> None:
        """Take a file whose lines say which files they are from: as a log for each of these."""
        log = source.log
        try:
            runs = runs_of(log)
        except OSError as error:
            self._skip(log.label, reason_of(error))
            return
        if runs is None:
            self._refuse(source, MIXED, "sort them: sort -s -t: -k1,1 FILE > sorted.txt")
            return
        for file, found in runs.items():
            size = sum(end - begin for begin, end, _ in found)
            one = log._replace(size=size, form=log.form._replace(runs=found))
            self._add(one, read_name(re.split(r"[/\\]", file)[-1], self._kinds), look)

    def _add(self, log: LogFile, told: LogName, look: Look) -> None:
        log = _named(log, told, self._kind_of(log, told.kind, look))
        if log.kind.within:
            log = log._replace(marked=marked_in(log))
        if log.day is None:
            try:
                dated = date_of(log)
            except OSError:
                dated = Dated(None, by=LAST_WRITTEN)
            log = log._replace(day=dated.day, tail=dated.tail)
            if dated.by is not None:
                self._dated.setdefault(dated.by, []).append(log)
            for day, run in dated.parts:
                self._logs.append(log._replace(day=day, size=run[1] - run[0], form=log.form._replace(runs=(run,))))
            if dated.parts:
                return
        self._logs.append(log)

    def _kind_of(self, log: LogFile, told: LogKind | None, look: Look) -> LogKind:
        """Tell the kind of a log: kinds whose lines begin alike, and which do not split them alike, share it."""
        prefix = (told or look.kind).prefix
        alike: dict[Any, list[LogKind]] = {}
        for kind in self._kinds:
            if kind.prefix == prefix:
                alike.setdefault(kind.split, []).append(kind)
        kinds = tuple(told if told in some else _likeliest(some, log, look) for some in alike.values())
        return self._shared.setdefault(kinds, share(kinds)) if len(kinds) > 1 else kinds[0]

    def _take_archive(self, source: _Source, packing: str) -> None:
        log = source.log
        try:
            with open_text(log) as stream:
                members = tar_members(stream) if packing == "tar" else zip_members(stream)
                for member in islice(members, MOST_MEMBERS):
                    self._take_member(source, member, stream)
                if next(members, None) is not None:
                    self._skip(log.label, MANY_MEMBERS)
        except OSError as error:
            self._skip(log.label, reason_of(error))

    def _take_member(self, source: _Source, member: Member, stream: IO[bytes]) -> None:
        log = source.log
        label = f"{log.label}!{member.name}"
        if member.refused:
            self._skip(label, member.refused)
            return
        base = member.name.replace("\\", "/").rpartition("/")[2]
        above = log.path.name.partition(".")[0] + ".log"  # it names a member whose own name says nothing
        form = log.form._replace(begin=log.form.begin + member.begin, length=member.length)
        if log.form.packing:
            head = stream.peek(HEAD)[: min(HEAD, member.size)]  # type: ignore[attr-defined]
            if len(head) >= min(_WORTH_A_LOOK, member.size) and not self._is_worth(head, base):
                self._pass_over(label, EMPTY if not head else NOT_A_LOG % self._begins)
                return
            # to unpack all before it each time that it is read would take the square of the time
            spool = self._spool = self._spool or Spool()
            form = PLAIN._replace(spool=spool, begin=spool.end, length=member.size)
            spool.keep(stream, member.size)
            if spool.end - form.begin < member.size:
                raise UnpackError
        elif member.packing:
            form = form._replace(packing=(member.packing,), crc=member.crc)
        mtime = member.mtime if member.mtime is not None and is_possible(member.mtime) else log.mtime
        before = len(self._logs)
        self._take(
            _Source(
                log._replace(label=label, size=member.size, mtime=mtime, form=form),
                above if read_name(above, self._kinds).is_exact and not read_name(base, self._kinds).day else base,
                "kept" if source.how == "named" else source.how,
                is_inner=True,
            )
        )
        if log.form.packing and form.spool is not None and len(self._logs) == before:
            form.spool.end = form.begin  # nothing of it is read

    def _is_worth(self, head: bytes, base: str) -> bool:
        """Tell whether a member of a tar is to be unpacked."""
        look = self._look(head)
        return bool(kind_of(head)) or read_name(base, self._kinds).is_exact or look.is_log or look.is_near

    def _without_copies(self) -> Iterator[LogFile]:
        """Leave out a log that stands twice; two unlike logs of one name come from two servers: tell them apart."""
        alike: dict[tuple[object, ...], list[LogFile]] = {}
        places = {(log.path, log.form.begin, log.form.runs): log for log in self._logs}
        for log in sorted(places.values(), key=self._plainest):
            alike.setdefault((log.kind, log.day, log.number), []).append(log)
        twins: Counter[tuple[object, ...]] = Counter()
        for logs in alike.values():
            for log in self._unlike(logs) if len(logs) > 1 and logs[0].services else logs:
                name = (log.kind, log.node, log.day, log.number, log.age)
                twins[name] += 1
                is_twin = twins[name] > 1 and log.day is not None
                yield log._replace(node=f"{log.node}#{twins[name]}") if is_twin else log

    def _plainest(self, log: LogFile) -> tuple[bool, bool, bool, str]:
        """Sort by what is read with the least trouble."""
        is_exact = read_name(log.path.name, self._kinds).is_exact
        return log.form.length is not None, log.form != PLAIN, not is_exact, log.label

    def _unlike(self, logs: list[LogFile]) -> Iterator[LogFile]:
        """Yield the first of those that have the same lines."""
        by_line = any(map(is_changed, logs))
        # nodes of a cluster have logs of the same days: most differ in their first lines
        beginnings = [beginning_of(log) for log in logs]
        times = Counter(beginnings)
        seen: set[bytes] = set()
        for log, beginning in zip(logs, beginnings, strict=True):
            digest = digest_of(log, by_line) if beginning is not None and times[beginning] > 1 else None
            if digest in seen:
                self._pass_over(log.label, SAME)
                continue
            if digest is not None:
                seen.add(digest)
            yield log


def marked_in(log: LogFile) -> tuple[LogKind, ...]:
    """Tell which of the kinds that share a log have lines in the beginning of it."""
    try:
        with open_text(log) as stream:
            text = stream.read(MARKED)
    except OSError:
        return ()
    return tuple(kind for kind in log.kind.within if kind.marks is None or kind.marks.search(text))


def _named(log: LogFile, told: LogName, kind: LogKind) -> LogFile:
    return log._replace(kind=kind, node=told.node, day=told.day, number=told.number, age=told.age)


def _likeliest(kinds: Sequence[LogKind], log: LogFile, look: Look) -> LogKind:
    """Tell which kind a log is of by what stands in its lines, else by its folder, else take the first."""
    marked = [sum(bool(kind.marks and kind.marks.search(line)) for line in look.sample) for kind in kinds]
    if any(marked):
        return kinds[marked.index(max(marked))]
    folder = log.path.parent.name.lower()
    return next((kind for kind in kinds if folder in kind.services), kinds[0])


def _remedy(path: str, kind: LogKind) -> str:
    """Spell what makes a readable log of a file; its name may be an attack."""
    # PowerShell takes each of these for a quote
    spelled = "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", path) + "'"
    command = kind.prefix.cut[1] % spelled if os.name == "nt" else kind.prefix.cut[0] % shlex.quote(path)
    return f"take the server's own file, or cut off what stands before the addresses: {command}"


def _note(by: str, logs: list[LogFile]) -> str:
    labels = ", ".join(log.label for log in logs[:3]) + (f" and {len(logs) - 3:,} more" if len(logs) > 3 else "")
    example = logs[0].kind.prefix.example
    return by % labels + (f" (save it as {example} or the like where that is wrong)" if example else "")


def _order(log: LogFile) -> tuple[str, date, int, int, float, str, tuple[Run, ...]]:
    day = day_of(log, None)
    return log.node, day, log.number, -log.age, log.mtime, log.label, log.form.runs
