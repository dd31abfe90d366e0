"""The logs of IceWarp in some places: what each tells of, and in which order they were written.

What was renamed, packed or collected is told by its lines: see `lognames` for names, `logtext` for all else.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
import stat
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.archives import FREE, INFLATED, MOST_MEMBERS, PACKED, RATIO, Spool, UnpackError, kind_of, tar_members
from breachkit.errors import NoStandardInputError
from breachkit.files import BROKEN_ARCHIVE, Found, broken, open_handle, reason_for, reason_of, shown, walk, zip_members
from breachkit.logs.kinds import PLAIN, FoundLogs, LogFile, PassedOver
from breachkit.micros import is_possible
from breachkit.records import Locus, Skipped
from breachkit.servers.icewarp.lines import day_of
from breachkit.servers.icewarp.logdates import LAST_WRITTEN, Dated, date_of
from breachkit.servers.icewarp.lognames import PACKED_NAME, SERVICES, Told, may_be_log, parse_name, read_name
from breachkit.servers.icewarp.logtext import (
    HEAD,
    beginning_of,
    digest_of,
    is_changed,
    look_at,
    open_text,
    runs_of,
    service_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from breachkit.archives import Member
    from breachkit.logs.kinds import Form
    from breachkit.records import Service
    from breachkit.servers.icewarp.logtext import Look

STDIN = "(standard input)"

_WORTH_A_LOOK = 1024
"""Bytes of a member by which it can be told what it is."""

EMPTY = "empty"
NOT_A_LOG = "no log: its lines do not begin 'ADDRESS [THREAD] TIME'"
UNREADABLE_FORM = "looks like a log, but its lines do not begin 'ADDRESS [THREAD] TIME'"
MIXED = "lines of several files are mixed, in more than 10,000 stretches"
SAME = "the same lines as another log, which is read"
OTHER_SERVICE = "log of a service that is not read"
NESTED = "an archive within an archive"
OTHER_ARCHIVE = "an archive of a kind that is not read"
MANY_MEMBERS = "archive of more than 100,000 files; the rest was not looked at"

_CUT = {
    "posix": r"grep -aoE '([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9A-Fa-f:]+:[0-9A-Fa-f:.]+) *\[[0-9A-Fa-f]{4,16}\] .*' "
    r"%s > s20261120-00.log",
    "nt": r"(Get-Content -LiteralPath %s) -replace '^.*?(?=[0-9A-Fa-f:.]{7,} *\[[0-9A-Fa-f]{4,16}\] )' | "
    r"Set-Content -Encoding utf8 s20261120-00.log",
}
"""What cuts off all that stands before the addresses, in sh or in PowerShell."""

How = Literal["named", "kept", "beside"]
"""How a file was met: named by the user, in a folder of logs, or where anything may lie."""


def find_logs(places: Sequence[Path], root: Path | None, beside: Sequence[Path] = ()) -> FoundLogs:
    """List the logs in folders, files and globs, in the order in which they were written.

    Copies of one log (the same bytes in an archive and beside it) are listed once.

    Args:
        places: where logs lie: every file there that is none is named. A file that is named itself is read as an SMTP
            log whatever its name, and `-` is the standard input.
        root: what shown paths are relative to.
        beside: where anything may lie: only what is a log by its name or its lines counts.
    """
    search = _Search(root)
    for place in dict.fromkeys(places):
        search.look_in(place, "kept")
    for place in dict.fromkeys(beside):
        search.look_in(place, "beside")
    return search.close()


class _Source(NamedTuple):
    """A file, or a member of an archive, before it is known what it is."""

    log: LogFile
    name: str
    how: How

    @property
    def is_inner(self) -> bool:
        return self.log.member is not None


class _Search:
    """What was met so far."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._logs: list[LogFile] = []
        self._skipped: list[Skipped] = []
        self._passed_over: list[PassedOver] = []
        self._remedies: list[str] = []
        self._dated: dict[str, list[str]] = {}
        """Labels of logs whose names say no day, by what did."""
        self._spool: Spool | None = None

    def look_in(self, place: Path, how: How) -> None:
        """Look at a folder, a file, what a glob names, or the standard input."""
        if os.fspath(place) == "-":
            self._take_stdin()
        elif os.path.isdir(place):  # noqa: PTH112  False for what may not be asked
            for found in walk(os.fspath(place), self._root):
                if isinstance(found, Skipped):
                    self._skip(found.source.path, found.reason)
                else:
                    self._take_file(found, how)
        else:
            text = os.fspath(place)
            paths = [text] if os.path.lexists(text) else sorted(glob.glob(text, recursive=True))  # noqa: PTH207  absolute patterns
            for path in paths:
                self._look_at(path, how)

    def _look_at(self, path: str, how: How) -> None:
        if os.path.isdir(path):  # noqa: PTH112  as above
            self.look_in(Path(path), how)
            return
        try:
            if path.startswith("/dev/fd/") and stat.S_ISFIFO(os.stat(path).st_mode):  # noqa: PTH116  a string
                with Path(path).open("rb") as stream:  # `--logs <(zcat …)`; any other may be a trap
                    self._take_stream(stream, Path(path), shown(path, self._root))
                return
            handle, status = open_handle(path)
        except OSError as error:
            self._skip(shown(path, self._root), reason_of(error))
            return
        os.close(handle)
        self._take_file(Found(path, status.st_size, status.st_mtime), "beside" if how == "beside" else "named")

    def close(self) -> FoundLogs:
        """Put in order what was found."""
        logs = sorted(self._without_copies(), key=_order)
        notes = [
            f"the day of {_listed(labels)} is taken from {what}, since no name says it"
            " (save it as s20261120-00.log or the like where that is wrong)"
            for what, labels in self._dated.items()
        ]
        return FoundLogs(
            tuple(logs), tuple(self._skipped), tuple(self._passed_over), tuple(notes), tuple(self._remedies)
        )

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

    def _take_stdin(self) -> None:
        stdin = sys.stdin
        if stdin is None or stdin.closed or stdin.isatty():
            raise NoStandardInputError
        if not self._take_stream(stdin.buffer, Path("-"), STDIN):
            raise NoStandardInputError

    def _take_stream(self, stream: IO[bytes], path: Path, label: str) -> bool:
        """Keep what can be read once only, and look at it; False when nothing comes."""
        try:
            spool = self._spooled()
        except OSError as error:  # no room for temporary files at all
            self._skip(label, reason_for(error))
            return True
        begin = spool.end
        try:
            spool.keep(stream)
        except broken() as error:
            self._skip(label, reason_for(error))
        form = PLAIN._replace(spool=spool, begin=begin, length=spool.end - begin)
        log = LogFile(path, None, label, None, "", None, 0, spool.end - begin, time.time(), form)
        if form.length:
            self._take(_Source(log, "", "named"))
        return bool(form.length)

    def _spooled(self) -> Spool:
        self._spool = self._spool or Spool()
        return self._spool

    def _take_file(self, found: Found, how: How) -> None:
        path = Path(found.path)
        if how == "beside" and not may_be_log(path.name):
            return
        mtime = found.mtime if is_possible(found.mtime) else 0.0
        log = LogFile(path, None, shown(path, self._root), None, "", None, 0, found.size, mtime)
        self._take(_Source(log, path.name, how))

    def _take(self, source: _Source) -> None:
        """Look at a file, and at what is packed in it."""
        log, name = source.log, source.name
        told = read_name(name)
        if told.is_typed and told.service is None and parse_name(name):
            self._logs.append(_named(log, told))
            self._pass_over(log.label, OTHER_SERVICE)
            return
        try:
            with open_text(log) as stream:
                head, is_whole = _head(stream)
        except broken() as error:
            self._skip(log.label, reason_for(error))
            return
        kind = kind_of(head)
        if kind in PACKED and not log.form.packing:
            self._take(source._replace(log=log._replace(form=log.form._replace(packing=kind))))
        elif kind and (source.is_inner or (log.form.packing and kind != "tar")):
            self._refuse(source, NESTED, "unpack it first")
        elif kind == "tar":
            self._take_tar(source)
        elif kind == "zip":
            self._take_zip(source)
        elif kind:
            self._refuse(source, OTHER_ARCHIVE, "unpack it first")
        else:
            self._take_text(source, told, look_at(head, is_whole=is_whole))

    def _take_text(self, source: _Source, told: Told, look: Look) -> None:
        log, is_sure = source.log, source.how == "named" or parse_name(source.name) is not None
        if look.is_near:
            self._refuse(source, UNREADABLE_FORM, _remedy(os.fspath(log.path)))
        elif not look.is_log and PACKED_NAME.search(source.name) and not log.form.packing:
            if source.name.lower().endswith(".zip"):  # something else may stand before it
                self._take_zip(source)
            else:
                self._skip(log.label, BROKEN_ARCHIVE)
        elif not look.is_log and not is_sure:
            if source.how != "beside":
                self._pass_over(log.label, EMPTY if look.is_empty else NOT_A_LOG)
        elif look.is_collected:
            self._take_collected(source, look)
        else:
            self._add(log._replace(form=_merged(log, look)), told, look)

    def _take_collected(self, source: _Source, look: Look) -> None:
        """Take a file whose lines say which files they are from: as a log for each of these."""
        log = source.log._replace(form=_merged(source.log, look))
        try:
            runs = runs_of(log)
        except broken() as error:
            self._skip(log.label, reason_for(error))
            return
        if runs is None:
            self._refuse(source, MIXED, "sort them: sort -s -t: -k1,1 FILE > sorted.txt")
            return
        for file, found in runs.items():
            told = read_name(re.split(r"[/\\]", file)[-1])
            size = sum(end - begin for begin, end, _ in found)
            self._add(log._replace(size=size, form=log.form._replace(runs=found)), told, look)

    def _add(self, log: LogFile, told: Told, look: Look) -> None:
        service = None if told.is_typed else service_of(look.sample) or _service_above(log.path) or "smtp"
        log = _named(log, told, service)
        if log.day is None:
            try:
                dated = date_of(log)
            except broken():
                dated = Dated(None, (0, 0), LAST_WRITTEN)
            log = log._replace(day=dated.day, tail=dated.tail)
            if dated.by is not None:
                self._dated.setdefault(dated.by, []).append(log.label)
            for day, run in dated.parts:
                self._logs.append(log._replace(day=day, size=run[1] - run[0], form=log.form._replace(runs=(run,))))
            if dated.parts:
                return
        self._logs.append(log)

    def _take_zip(self, source: _Source) -> None:
        import zipfile  # noqa: PLC0415  7 ms, and few logs lie in one

        if source.log.form.spool is not None:
            self._refuse(source, OTHER_ARCHIVE, "unpack it first")
            return
        members = zip_members(os.fspath(source.log.path))
        if members is None:
            self._skip(source.log.label, BROKEN_ARCHIVE)
            return
        for member in members[:MOST_MEMBERS]:
            label = f"{source.log.label}!{member.filename}"
            if member.file_size > max(FREE, RATIO * member.compress_size):
                self._skip(label, INFLATED)
            elif member.compress_type == zipfile.ZIP_LZMA:
                self._skip(label, OTHER_ARCHIVE)  # it may ask for any amount of memory
            else:
                mtime = source.log.mtime
                with suppress(ValueError, OverflowError, OSError):
                    mtime = datetime(*member.date_time).timestamp()  # noqa: DTZ001  server-local
                mtime = mtime if is_possible(mtime) else source.log.mtime
                log = source.log._replace(member=member.filename, label=label, size=member.file_size, mtime=mtime)
                self._take(_Source(log, _inner_name(source, member.filename), _inner(source.how)))
        if len(members) > MOST_MEMBERS:
            self._skip(source.log.label, MANY_MEMBERS)

    def _take_tar(self, source: _Source) -> None:
        log = source.log
        try:
            with open_text(log) as stream:
                for number, member in enumerate(tar_members(stream)):
                    if number == MOST_MEMBERS:
                        self._skip(log.label, MANY_MEMBERS)
                        return
                    self._take_member(source, member, stream)
        except broken() as error:
            self._skip(log.label, reason_for(error))

    def _take_member(self, source: _Source, member: Member, stream: IO[bytes]) -> None:
        log, form = source.log, source.log.form
        begin = form.begin + member.begin
        label = f"{log.label}!{member.name}"
        if form.packing:
            head = stream.peek(HEAD)[: min(HEAD, member.size)]  # type: ignore[attr-defined]
            if len(head) >= min(_WORTH_A_LOOK, member.size) and not self._is_worth(head, member.name):
                self._pass_over(label, EMPTY if not head else NOT_A_LOG)
                return
            # to unpack all before it each time that it is read would take the square of the time
            spool = self._spooled()
            begin = spool.end
            spool.keep(stream, member.size)
            if spool.end - begin < member.size:
                raise UnpackError
            form = PLAIN._replace(spool=spool)
        form = form._replace(begin=begin, length=member.size)
        mtime = member.mtime if is_possible(member.mtime) else log.mtime
        inner = log._replace(member=member.name, label=label, size=member.size, mtime=mtime, form=form)
        before = len(self._logs)
        self._take(_Source(inner, _inner_name(source, member.name), _inner(source.how)))
        if form.spool is not None and len(self._logs) == before:
            form.spool.end = begin  # nothing of it is read

    @staticmethod
    def _is_worth(head: bytes, name: str) -> bool:
        """Tell whether a member of a tar is to be unpacked."""
        if kind_of(head) or parse_name(name.rpartition("/")[2]):
            return True
        look = look_at(head, is_whole=False)
        return look.is_log or look.is_near

    def _without_copies(self) -> Iterator[LogFile]:
        """Leave out a log that stands twice; two unlike logs of one name come from two servers: tell them apart."""
        alike: dict[tuple[object, ...], list[LogFile]] = {}
        places = {(log.path, log.member, log.form.runs): log for log in self._logs}
        for log in sorted(places.values(), key=_plainest):
            alike.setdefault((log.service, log.day, log.number), []).append(log)
        twins: dict[tuple[object, ...], int] = {}
        for logs in alike.values():
            for log in self._unlike(logs) if len(logs) > 1 and logs[0].service is not None else logs:
                name = (log.service, log.node, log.day, log.number, log.age)
                twins[name] = twins.get(name, 0) + 1
                is_twin = twins[name] > 1 and log.day is not None
                yield log._replace(node=f"{log.node}#{twins[name]}") if is_twin else log

    def _unlike(self, logs: list[LogFile]) -> Iterator[LogFile]:
        """Yield the first of those that have the same lines."""
        by_line = any(map(is_changed, logs))
        # nodes of a cluster have logs of the same days: most differ in their first lines
        beginnings = [beginning_of(log) for log in logs]
        times = Counter(beginnings)
        seen: set[bytes] = set()
        for log, beginning in zip(logs, beginnings, strict=True):
            digest = digest_of(log, by_line) if beginning is not None and times[beginning] > 1 else None
            if digest is not None and digest in seen:
                self._pass_over(log.label, SAME)
                continue
            if digest is not None:
                seen.add(digest)
            yield log


def _head(stream: IO[bytes]) -> tuple[bytes, bool]:
    """Read how a file begins, and tell whether that is all of it."""
    head = b""
    read = getattr(stream, "read1", stream.read)
    while len(head) < HEAD:
        try:
            found = read(HEAD - len(head))
        except broken():
            if not head:
                raise
            break
        if not found:
            return head, True
        head += found
    return head, False


def _named(log: LogFile, told: Told, service: Service | None = None) -> LogFile:
    return log._replace(
        service=told.service if told.is_typed else service,
        node=told.node,
        day=told.day,
        number=told.number,
        age=told.age,
    )


def _merged(log: LogFile, look: Look) -> Form:
    return log.form._replace(encoding=look.form.encoding, wrapping=look.form.wrapping)


def _remedy(path: str) -> str:
    """Spell what makes a readable log of a file; its name may be an attack."""
    # PowerShell takes each of these for a quote
    spelled = "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", path) + "'"
    quoted = spelled if os.name == "nt" else shlex.quote(path)
    return f"take the server's own file, or cut off what stands before the addresses: {_CUT[os.name] % quoted}"


def _inner(how: How) -> How:
    return "kept" if how == "named" else how


def _inner_name(source: _Source, name: str) -> str:
    """Name a member of an archive: by the archive where its own name says nothing."""
    base = name.replace("\\", "/").rpartition("/")[2]
    stem = source.log.path.name.partition(".")[0]
    return base if read_name(base).day or not parse_name(stem + ".log") else stem + ".log"


def _service_above(path: Path) -> Service | None:
    """Tell a service by the folder of a log."""
    return next((service for service in SERVICES.values() if path.parent.name.lower() == service), None)


def _listed(labels: list[str]) -> str:
    return ", ".join(labels[:3]) + (f" and {len(labels) - 3:,} more" if len(labels) > 3 else "")  # noqa: PLR2004


def _order(log: LogFile) -> tuple[str, date, int, int, float, str, tuple[tuple[int, int, int], ...]]:
    day = day_of(log, None)
    return log.node, day, log.number, -log.age, log.mtime, log.label, log.form.runs


def _plainest(log: LogFile) -> tuple[bool, bool, bool, str]:
    """Sort by what is read with the least trouble."""
    return log.member is not None, log.form != PLAIN, parse_name(log.path.name) is None, log.label
