r"""Any file → lines of a log in UTF-8, and where each stands in the file: the one door to every log.

People hand logs over packed, in UTF-16, through `grep -r`, out of a spreadsheet or a web page. What stands around a
line is taken off where that is certain: what is left begins as a line of a log does, `PEER [THREAD] STAMP`, and
nothing that a stranger typed stands before it. All readers of logs, and what lists them, come through here.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from breachkit.archives import Region, skip_to, unpacked
from breachkit.files import LONGEST_LINE, broken, open_log
from breachkit.logs.kinds import PLAIN
from breachkit.servers.icewarp.lines import split_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from breachkit.logs.kinds import Form, LogFile
    from breachkit.records import Service

HEAD = 1 << 13
"""Bytes that are looked at to tell what a file is."""
SAMPLE = 40
"""Lines of them."""
BLOCK = 1 << 20
_FEW = 20
"""A log of which only every 20th line or fewer have something around them is read at full speed, without these."""

MOST_RUNS = 10_000
"""Stretches of lines of one file among lines of others."""

_PEER = (
    rb"(?:\d{1,3}(?:\.\d{1,3}){3}"
    rb"|\[?[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?::?\d{1,3}(?:\.\d{1,3}){3})?(?:%\w{1,16})?\]?"
    rb"|[A-Za-z_]{1,32})"
)
_THREAD = rb"[ \t]{0,64}\[[0-9A-Fa-f]{4,16}\] "
_TIME = (
    rb"(?:\d\d:\d\d:\d\d|\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d"
    rb"|(?:[A-Za-z]{3}, )?\d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d)"
)
_AM_PM = rb"(?:[.,:]\d{1,6})? ?([AaPp])\.?[Mm]\.?(?= |$)"
_HALF = re.compile(rb"[AaPp]\.?[Mm]\.?(?: |$)")
_FITS = re.compile(_PEER + _THREAD + _TIME + rb"(?!" + _AM_PM + rb")")
"""How a line begins that is read as it is."""
_TWELVE = re.compile(rb"(" + _PEER + _THREAD + rb")(\d{1,2})(:\d\d:\d\d)(?:" + _AM_PM + rb"|(?:[.,:]\d{1,6})?(?= |$))")
"""How one begins whose hour is of twelve, or has one digit."""

_FILE = (
    rb"(?P<file>(?:[A-Za-z]:)?[^:\n\"]{0,512}?"
    rb"(?:(?<!\d)(?:19|20)\d\d[-_.]?\d\d[-_.]?\d\d(?!\d)|\.(?:[Ll][Oo][Gg]|[Tt][Xx][Tt]|bak|old))"
    rb"[^:\n\"/\\]{0,40}?)"
)
"""A file of which `grep` says that it holds a line is named like a log: a message in a queue may hold one, too."""
_NUMBER = rb"[ \t]{0,16}(?P<number>\d{1,12})[ \t]{0,16}[:;,\t -][ \t]{0,16}"
_BEGINS = rb"(?=" + _PEER + _THREAD + rb"(?:" + _TIME + rb"|\d{1,2}:\d\d:\d\d))"
_LEAD, _QUOTE = rb"(?:[ \t]{0,8}>){0,8}[ \t]{0,16}", rb"(?P<%s>\"?)"
_NUMBERED = re.compile(rb"\d{1,12}[:;,\t -]")
_AROUND = {
    is_numbered: re.compile(
        _LEAD
        + _QUOTE % b"outer"
        + rb"(?:"
        + _FILE
        + rb"[:-][ \t]{0,8})?"
        + _NUMBER * is_numbered
        + _QUOTE % b"inner"
        + _BEGINS
    )
    for is_numbered in (False, True)
}
"""What may stand before a line: marks of a quotation, a quote, the file and the number that `grep` puts there."""

_HEADING = re.compile(rb"==> " + _FILE + rb" <==$")
"""What `tail` puts before the lines of each of several files."""
_COLOUR = re.compile(rb"\x1b\[[0-9;]{0,16}[mK]")
_ESCAPED = re.compile(_TIME + rb"(?:" + _AM_PM + rb")? &(?:[lg]t|#6[02]|#x3[CcEe]);&")
_ENTITY = re.compile(rb"&(lt|gt|amp|quot|apos|nbsp|#3[489]|#6[02]|#x3[CcEe]|#160);|<br ?/?>\s*$")
_ENTITIES = {
    **dict.fromkeys((b"lt", b"#60", b"#x3c"), b"<"),
    **dict.fromkeys((b"gt", b"#62", b"#x3e"), b">"),
    **dict.fromkeys((b"amp", b"#38"), b"&"),
    **dict.fromkeys((b"quot", b"#34"), b'"'),
    **dict.fromkeys((b"apos", b"#39"), b"'"),
    **dict.fromkeys((b"nbsp", b"#160"), b" "),
}
"""No others: one that stands for an end of line would let a stranger write a line of his own."""
_NEAR = re.compile(rb"\[[0-9A-Fa-f]{4,16}\].{0,200}?(?:<<<|>>>|&lt;&lt;|&gt;&gt;|\*\*\*|onnected)")
"""In a line of a log whatever is around it."""

_SERVICES: dict[Service, re.Pattern[bytes]] = {
    "smtp": re.compile(
        rb"(?:<<<|>>>) (?:(?:EHLO|HELO|MAIL FROM|RCPT TO|DATA|BDAT|RSET|AUTH|STARTTLS)\b|[2345]\d\d[ -])|\*\*\* <",
        re.IGNORECASE,
    ),
    "pop3": re.compile(rb">>> (?:\+OK|-ERR)|<<< (?:USER|PASS|APOP|STAT|UIDL|RETR|DELE|TOP)\b", re.IGNORECASE),
    "imap": re.compile(
        rb">>> (?:\* (?:OK|BYE|CAPABILITY|FLAGS|LIST|\d)|\S{1,32} (?:OK|NO|BAD)\b)"
        rb"|<<< \S{1,32} (?:LOGIN|AUTHENTICATE|SELECT|EXAMINE|CAPABILITY|FETCH|UID|IDLE|LOGOUT)\b",
        re.IGNORECASE,
    ),
}
"""What a dialogue of each door looks like."""


class Look(NamedTuple):
    """What the beginning of a file tells."""

    form: Form
    is_log: bool
    """Most of its lines are of a log."""
    is_near: bool
    """It looks like a log, and its lines cannot be read."""
    sample: list[bytes]
    """Some of its lines that are of a log."""
    is_collected: bool
    """Its lines say which file they are from."""
    is_empty: bool


def look_at(head: bytes, *, is_whole: bool) -> Look:
    """Tell what a file is.

    Args:
        head: its first bytes, unpacked.
        is_whole: there are no more.
    """
    encoding = _encoding_of(head)
    text = head.decode(encoding, "ignore").encode("utf-8", "replace") if encoding else head
    lines = [line for line in text.split(b"\n") if line.strip()]
    if len(lines) > 1 and not is_whole:
        lines.pop()
    lines = [line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r") for line in lines[:SAMPLE]]
    fit, changed, collected = [line for line in lines if _FITS.match(line)], 0, 0
    wrapping: frozenset[str] = frozenset()
    if len(fit) < len(lines) or _is_odd(lines):
        wrapping = frozenset(_wrapping_of(lines))
        peeler, fit = Peeler(wrapping), []
        for line in lines:
            bare, file = peeler.peel(line)
            if _FITS.match(bare) or _is_readable(bare):
                fit.append(bare)
                changed += bare != line
            collected += bool(file)
    is_log = len(fit) * 2 >= len(lines) > 0
    return Look(
        form=PLAIN._replace(encoding=encoding, wrapping=wrapping if collected or changed * _FEW > len(fit) else None),
        is_log=is_log,
        is_near=not fit and sum(bool(_NEAR.search(line)) for line in lines) * 2 >= len(lines) > 0,
        sample=fit,
        is_collected=collected > 0,
        is_empty=not lines,
    )


def _encoding_of(head: bytes) -> str:
    if head.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if head.startswith(b"\xfe\xff"):
        return "utf-16-be"
    few = len(head) // 2 // 10
    low, high = head[: len(head) & ~1 : 2].count(0), head[1::2].count(0)
    if high > 9 * few and low <= few:
        return "utf-16-le"
    return "utf-16-be" if low > 9 * few and high <= few else ""


def _is_readable(line: bytes) -> bool:
    """Tell whether a line is read though its peer is of a kind that nobody has seen: a host's name."""
    parts = split_line(line, UTC)
    return parts is not None and not _HALF.match(line, parts.begin)


def _is_odd(lines: list[bytes]) -> bool:
    """Tell whether there is anything to take off lines that fit: few logs have that, and to look closer takes 1 ms."""
    return any(b"&" in line for line in lines) or all(map(_NUMBERED.match, lines))


def _wrapping_of(lines: list[bytes]) -> Iterator[str]:
    """Tell of what stands around lines what a single line does not tell."""
    if any(_ESCAPED.search(line) for line in lines):
        yield "escaped"
    found = [match for line in lines if (match := _AROUND[True].match(line))]
    numbers = [(match["file"], int(match["number"])) for match in found]
    # the first part of an IPv6 address may look like a number, but it does not rise from line to line
    if len(numbers) > 1 and all(one[0] != two[0] or one[1] < two[1] for one, two in pairwise(numbers)):
        yield "numbered"


def service_of(lines: list[bytes]) -> Service | None:
    """Tell the door whose dialogue some lines are."""
    votes = {service: sum(bool(found.search(line)) for line in lines) for service, found in _SERVICES.items()}
    best = max(votes, key=lambda service: votes[service])
    return best if votes[best] else None


class Peeler:
    """Takes off what stands around lines."""

    def __init__(self, wrapping: frozenset[str]) -> None:
        """Begin with what the file tells: `escaped`, `numbered`."""
        self._is_escaped = "escaped" in wrapping
        self._is_numbered = "numbered" in wrapping

    def peel(self, line: bytes) -> tuple[bytes, bytes]:
        """Return a line without what is around it, and the file that it says it is from; the line itself else."""
        text = _COLOUR.sub(b"", line) if b"\x1b[" in line else line
        if self._is_escaped:
            text = _ENTITY.sub(lambda found: _ENTITIES[found[1].lower()] if found[1] else b"", text)
        if not self._is_numbered and _FITS.match(text):
            return text, b""
        heading = _HEADING.match(text)
        if heading:
            return b"", heading["file"]
        for is_numbered in (self._is_numbered, not self._is_numbered):
            found = _AROUND[is_numbered].match(text)
            if found is None:
                continue
            bare = text[found.end() :]
            if found["outer"] or found["inner"]:
                bare = bare.rstrip(b",;\t ").removesuffix(b'"').replace(b'""', b'"')
            bare = _of_day(bare)
            if _FITS.match(bare):
                return bare, found["file"] or b""
        return line, b""


def _of_day(line: bytes) -> bytes:
    """Spell an hour of twelve as one of the day; the line as it is where that is no time."""
    found = None if _FITS.match(line) else _TWELVE.match(line)
    if found is None:
        return line
    hour, half = int(found[2]), (found[4] or b"").lower()
    if half and ((hour > 12 and half == b"a") or hour > 23):  # noqa: PLR2004
        return line
    if half:
        hour = hour % 12 + 12 * (half == b"p") if hour <= 12 else hour  # noqa: PLR2004
    return found[1] + b"%02d" % hour + found[3] + line[found.end() :]


@contextmanager
def open_text(log: LogFile) -> Iterator[IO[bytes]]:
    """Open a log for reading its bytes, unpacked. Raises one of `files.broken()`, as reading does."""
    form = log.form
    if form.spool is not None:
        yield _unpacked(form.spool.open(form.begin, form.length or 0), form)
        return
    with open_log(str(log.path), log.member if form.length is None else None) as stream:
        if form.length is None:
            yield _unpacked(stream, form)
        else:
            yield _unpacked(Region(stream, form.begin, form.length), form)  # type: ignore[arg-type]


def _unpacked(stream: IO[bytes], form: Form) -> IO[bytes]:
    return unpacked(stream, form.packing) if form.packing else stream


def is_changed(log: LogFile) -> bool:
    """Tell whether its lines are not simply its bytes, or not all of them."""
    return bool(log.form.encoding or log.form.wrapping is not None or log.form.runs)


class Line(NamedTuple):
    """One line of a file, and where it stands there."""

    offset: int
    number: int
    text: bytes
    """In UTF-8, without its end and what is around it; empty when it is too long to be read."""
    file: bytes
    """The file that it says it is from."""
    end: int
    """Where the next one begins; its own offset when it is too long."""
    is_overlong: bool


def read_lines(log: LogFile, block: int | None = None) -> Iterator[Line]:
    """Yield the lines of a log one by one: for those that are not plain. Raises one of `files.broken()`."""
    form = log.form
    peeler = None if form.wrapping is None else Peeler(form.wrapping)
    with open_text(log) as stream:
        for begin, end, first in form.runs or ((0, None, 1),):
            skip_to(stream, begin)
            for number, (offset, raw) in enumerate(_split(stream, form.encoding, begin, end, block or BLOCK), first):
                text, file = (b"", b"") if raw is None else _read(raw, form.encoding, peeler)
                end_of = offset if raw is None else offset + len(raw) + (2 if form.encoding else 1)
                yield Line(offset, number, text, file, end_of, raw is None)


def _read(raw: bytes, encoding: str, peeler: Peeler | None) -> tuple[bytes, bytes]:
    text = raw.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8", "replace") if encoding else raw
    text = text.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\r")
    if text == b"--":  # grep puts it between what it found
        return b"", b""
    return (text, b"") if peeler is None else peeler.peel(text)


def beginning_of(log: LogFile) -> tuple[bytes, ...] | None:
    """Read the first lines of a log; None when it cannot be read, and is the copy of none."""
    try:
        return tuple(line.text for line in islice(read_lines(log, HEAD), SAMPLE))
    except broken():
        return None


def digest_of(log: LogFile, by_line: bool) -> bytes | None:
    """Digest the text of a log; None when it cannot be read."""
    import hashlib  # noqa: PLC0415  OpenSSL takes 3 to 8 ms, and few logs must be compared

    digest = hashlib.sha256()
    try:
        if by_line:
            for line in read_lines(log):
                digest.update(line.text + b"\n")
        else:
            with open_text(log) as stream:
                while found := stream.read(BLOCK):
                    digest.update(found)
    except broken():
        return None
    return digest.digest()


def runs_of(log: LogFile) -> dict[str, tuple[tuple[int, int, int], ...]] | None:
    """Tell which lines of a log are of which file, by what they say; None when they are mixed too much.

    Raises one of `files.broken()`.
    """
    runs: dict[bytes, list[tuple[int, int, int]]] = {}
    current, begin, first, end, number = b"", 0, 1, 0, 0
    for line in read_lines(log):
        if line.file and line.file != current:
            if current:
                runs.setdefault(current, []).append((begin, line.offset, first))
                begin, first = line.offset, line.number
                number += 1
            if number > MOST_RUNS:
                return None
            current = line.file
        end = line.end
    runs.setdefault(current, []).append((begin, end, first))
    return {file.decode("utf-8", "backslashreplace"): tuple(found) for file, found in runs.items()}


def read_again(log: LogFile, places: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Read some lines again, each from its offset on, so many bytes of what `read_lines` or the log itself gave of it.

    Places rise. Raises one of `files.broken()`.
    """
    form = log.form
    peeler = None if form.wrapping is None else Peeler(form.wrapping)
    with open_text(log) as stream:
        if not is_changed(log):
            for offset, size in places:
                skip_to(stream, offset)
                yield stream.read(size)
            return
        left = dict(places)
        begin = next(iter(left), 0)
        skip_to(stream, begin)
        for offset, raw in _split(stream, form.encoding, begin, None, BLOCK):
            if offset in left:
                yield _read(raw or b"", form.encoding, peeler)[0][: left.pop(offset)]
            if not left:
                return


def _split(
    stream: IO[bytes], encoding: str, begin: int, end: int | None, block: int
) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines from where a stream stands on, with their offsets; None for one that is too long."""
    mark, width = {"utf-16-le": (b"\n\0", 2), "utf-16-be": (b"\0\n", 2)}.get(encoding, (b"\n", 1))
    read = getattr(stream, "read1", stream.read)  # read() of a damaged archive would lose what it had unpacked so far
    rest, at, is_dropped = b"", begin, False
    place = begin
    while chunk := read(block if end is None else min(block, end - place)):
        place += len(chunk)
        rest += chunk
        start = 0
        while (stop := _find(rest, mark, start, width)) >= 0:
            is_long = is_dropped or stop - start > LONGEST_LINE * width
            yield at, None if is_long else rest[start:stop]
            is_dropped = False
            at = place - len(rest) + stop + width
            start = stop + width
        rest = rest[start:]
        if len(rest) > LONGEST_LINE * width:
            rest, is_dropped = rest[len(rest) - len(rest) % width :], True
    if rest or is_dropped:
        yield at, None if is_dropped else rest


def _find(text: bytes, mark: bytes, start: int, width: int) -> int:
    """Find the next end of line, which begins where a character does."""
    found = text.find(mark, start)
    while found >= 0 and found % width:
        found = text.find(mark, found + 1)
    return found
