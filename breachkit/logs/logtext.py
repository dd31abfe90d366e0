r"""Any file → lines of a log in UTF-8, and where each stands in the file: the one way to the text of every log.

People hand logs over packed, in UTF-16, through `grep -r`, out of a spreadsheet or a web page. What stands around a
line is taken off where that is certain: what is left begins as a line of its product does (`kinds.Prefix`), and nothing
that a stranger typed stands before it. What a line ends at: see `files.read_blocks`.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC
from functools import cache
from html import unescape
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from breachkit.files import LONGEST_LINE, open_regular
from breachkit.logs.archives import region, skip_to, unpacked
from breachkit.logs.kinds import PLAIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO

    from breachkit.logs.kinds import Form, LogFile, LogKind

HEAD = 1 << 13
"""Bytes that are looked at to tell what a file is."""
SAMPLE = 40
"""Lines of them."""
BLOCK = 1 << 20
_FEW = 20
"""A log of which only every 20th line or fewer have something around them is read at full speed, without these."""
MOST_RUNS = 10_000
"""Stretches of lines of one file among lines of others."""

Run = tuple[int, int, int]
"""Some lines of a file that follow one another: where they begin and end, the number of the first."""

_TWELVE = re.compile(rb"(\d{1,2})(:\d\d:\d\d)(?:[.,:]\d{1,6})?(?: ?([AaPp])\.?[Mm]\.?)?(?= |$)")
_HALF = re.compile(rb"[AaPp]\.?[Mm]\.?(?: |$)")

_FILE = (
    rb"(?P<file>(?:[A-Za-z]:)?[^:\n\"]{0,512}?"
    rb"(?:(?<!\d)(?:19|20)\d\d[-_.]?\d\d[-_.]?\d\d(?!\d)|\.(?:[Ll][Oo][Gg]|[Tt][Xx][Tt]|bak|old))"
    rb"[^:\n\"/\\]{0,40}?)"
)
"""A file of which `grep` says that it holds a line is named like a log: a message in a queue may hold one, too."""
_NUMBER = rb"[ \t]{0,16}(?P<number>\d{1,12})[ \t]{0,16}[:;,\t -][ \t]{0,16}"
_NUMBERED = re.compile(rb"\d{1,12}[:;,\t -]")
_AROUND = rb"(?:[ \t]{0,8}>){0,8}[ \t]{0,16}(?P<outer>\"?)(?:" + _FILE + rb"[:-][ \t]{0,8})?%s(?P<inner>\"?)(?=%s)"
"""What may stand before a line: marks of a quotation, a quote, the file and the number that `grep` puts there."""
_HEADING = re.compile(rb"==> " + _FILE + rb" <==$")
"""What `tail` puts before the lines of each of several files."""
_COLOUR = re.compile(rb"\x1b\[[0-9;]{0,16}[mK]")
_ESCAPED = re.compile(rb"\d\d:\d\d:\d\d(?: ?[AaPp]\.?[Mm]\.?)? &(?:[lg]t|#6[02]|#x3[CcEe]);&")
_ENTITY = re.compile(rb"&(?:lt|gt|amp|quot|apos|nbsp|#3[489]|#6[02]|#x3[CcEe]|#160);|<br ?/?>\s*$")
"""No others: one that stands for an end of line would let a stranger write a line of his own."""


class Look(NamedTuple):
    """What the beginning of a file tells."""

    kind: LogKind
    """The one whose lines were looked for."""
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


def look_at(head: bytes, kind: LogKind, *, is_whole: bool) -> Look:
    """Tell whether a file is a log whose lines begin as those of a kind do, and what stands around them.

    Args:
        head: its first bytes, unpacked.
        kind: the kind.
        is_whole: there are no more.
    """
    encoding = _encoding_of(head)
    text = head.decode(encoding, "ignore").encode("utf-8", "replace") if encoding else head
    lines = [line for line in text.split(b"\n") if line.strip()]
    if len(lines) > 1 and not is_whole:
        lines.pop()
    lines = [line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r") for line in lines[:SAMPLE]]
    peeler = Peeler(kind, frozenset(_wrapping_of(lines, kind)))
    fit: list[bytes] = []
    changed = collected = 0
    for line in lines:
        bare, file = peeler.peel(line)
        collected += bool(file)
        if not bare:
            parts = kind.split(line, UTC)
            bare = line if parts is not None and not _HALF.match(parts.text) else None
        if bare:
            fit.append(bare)
            changed += bare != line
    is_changed = collected or changed * _FEW > len(fit)
    near = re.compile(kind.prefix.near)
    return Look(
        kind,
        form=PLAIN._replace(encoding=encoding, wrapping=peeler.wrapping if is_changed else None),
        is_log=len(fit) * 2 >= len(lines) > 0,
        is_near=not fit and sum(bool(near.search(line)) for line in lines) * 2 >= len(lines) > 0,
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


def _wrapping_of(lines: list[bytes], kind: LogKind) -> Iterator[str]:
    """Tell of what stands around lines what a single line does not tell."""
    if any(b"&" in line and _ESCAPED.search(line) for line in lines):
        yield "escaped"
    begins, _, _, numbered = _patterns(kind.prefix.begins)
    if all(map(begins.match, lines)) and not all(map(_NUMBERED.match, lines)):
        return  # as most are, and to look closer takes 1 ms
    found = [match for line in lines if (match := numbered.match(line))]
    numbers = [(match["file"], int(match["number"])) for match in found]
    # the first part of an IPv6 address may look like a number, but it does not rise from line to line
    if len(numbers) > 1 and all(one[0] != two[0] or one[1] < two[1] for one, two in pairwise(numbers)):
        yield "numbered"


@cache
def _patterns(begins: bytes) -> tuple[re.Pattern[bytes], ...]:
    """Compile how a line begins, one that is read as it is, and what stands before one without and with a number."""
    plain = begins + rb"(?<=\d\d:\d\d:\d\d)(?![.,:\d]{0,7} ?[AaPp]\.?[Mm]\.?(?: |$))"
    return tuple(map(re.compile, (begins, plain, _AROUND % (b"", begins), _AROUND % (_NUMBER, begins))))


class Peeler:
    """Takes off what stands around lines."""

    def __init__(self, kind: LogKind, wrapping: frozenset[str]) -> None:
        """Begin with what the file tells: `escaped`, `numbered`."""
        self.wrapping = wrapping
        self._begins, self._plain, *around = _patterns(kind.prefix.begins)
        self._around = around[::-1] if "numbered" in wrapping else around

    def peel(self, line: bytes) -> tuple[bytes | None, bytes]:
        """Return a line without what is around it, None where none is within; and the file that it says it is from."""
        text = _COLOUR.sub(b"", line) if b"\x1b[" in line else line
        if "escaped" in self.wrapping:
            text = _ENTITY.sub(lambda found: _entity(found[0]), text)
        bare = None if "numbered" in self.wrapping else self._bare(text)
        if bare is not None:
            return bare, b""
        heading = _HEADING.match(text)
        if heading:
            return b"", heading["file"]
        for around in self._around:
            found = around.match(text)
            if found is None:
                continue
            bare = text[found.end() :]
            if found["outer"] or found["inner"]:
                bare = bare.rstrip(b",;\t ").removesuffix(b'"').replace(b'""', b'"')
            bare = self._bare(bare)
            if bare is not None:
                return bare, found["file"] or b""
        return None, b""

    def _bare(self, text: bytes) -> bytes | None:
        """Return a line that begins as one does, an hour of twelve spelled as one of the day; None for any other."""
        if self._plain.match(text):
            return text
        begins = self._begins.match(text)
        if begins is None:
            return None
        at = max(text.rfind(sign, 0, begins.end()) for sign in (b" ", b"T")) + 1
        found = _TWELVE.match(text, at)
        if found is None:
            return None
        hour, half = int(found[1]), (found[3] or b"").lower()
        if half and ((hour > 12 and half == b"a") or hour > 23):
            return None
        if half and hour <= 12:
            hour = hour % 12 + 12 * (half == b"p")
        return text[:at] + b"%02d" % hour + found[2] + text[found.end() :]


def _entity(spelled: bytes) -> bytes:
    return b"" if spelled.startswith(b"<") else unescape(spelled.decode()).replace("\xa0", " ").encode()


@contextmanager
def open_text(log: LogFile) -> Iterator[IO[bytes]]:
    """Open a log for reading its bytes, unpacked. Raises OSError, as reading does."""
    form = log.form
    if form.spool is not None:
        yield _unpacked(form.spool.open(form.begin, form.length or 0), form)
        return
    with open_regular(log.path, buffering=0 if form.length is None else -1) as stream:
        yield _unpacked(stream if form.length is None else region(stream, form.begin, form.length), form)


def _unpacked(stream: IO[bytes], form: Form) -> IO[bytes]:
    for number, packing in enumerate(form.packing):
        stream = unpacked(stream, packing, None if number else form.crc)
    return stream


def is_changed(log: LogFile) -> bool:
    """Tell whether its lines are not simply its bytes, or not all of them."""
    return bool(log.form.encoding or log.form.wrapping is not None or log.form.runs)


class RawLine(NamedTuple):
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


def read_lines(log: LogFile, block: int | None = None) -> Iterator[RawLine]:
    """Yield the lines of a log one by one: for those that are not plain. Raises OSError."""
    form = log.form
    read = _reader_of(log)
    with open_text(log) as stream:
        for begin, end, first in form.runs or ((0, None, 1),):
            skip_to(stream, begin)
            for number, (offset, raw) in enumerate(_split(stream, form.encoding, begin, end, block or BLOCK), first):
                text, file = (b"", b"") if raw is None else read(raw)
                end_of = offset if raw is None else offset + len(raw) + (2 if form.encoding else 1)
                yield RawLine(offset, number, text, file, end_of, raw is None)


def _reader_of(log: LogFile) -> Callable[[bytes], tuple[bytes, bytes]]:
    """Return what makes of the bytes of a line its text, and the file that it says it is from."""
    encoding, wrapping = log.form.encoding, log.form.wrapping
    peeler = None if wrapping is None else Peeler(log.kind, wrapping)

    def read(raw: bytes) -> tuple[bytes, bytes]:
        text = raw.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8", "replace") if encoding else raw
        text = text.removeprefix(b"\xef\xbb\xbf").removesuffix(b"\r").removesuffix(b"\r")  # see `lines.Lines`
        if text == b"--":  # grep puts it between what it found
            return b"", b""
        bare, file = (None, b"") if peeler is None else peeler.peel(text)
        return text if bare is None else bare, file

    return read


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


def beginning_of(log: LogFile) -> tuple[bytes, ...] | None:
    """Read the first lines of a log; None when it cannot be read, and is the copy of none."""
    try:
        return tuple(line.text for line in islice(read_lines(log, HEAD), SAMPLE))
    except OSError:
        return None


def digest_of(log: LogFile, by_line: bool) -> bytes | None:
    """Digest the text of a log; None when it cannot be read."""
    import hashlib  # OpenSSL takes 3 to 8 ms, and few logs must be compared

    digest = hashlib.sha256()
    try:
        if by_line:
            for line in read_lines(log):
                digest.update(line.text + b"\n")
        else:
            with open_text(log) as stream:
                while found := stream.read(BLOCK):
                    digest.update(found)
    except OSError:
        return None
    return digest.digest()


def runs_of(log: LogFile) -> dict[str, tuple[Run, ...]] | None:
    """Tell which lines of a log are of which file, by what they say; None when they are mixed too much.

    Raises OSError.
    """
    runs: dict[bytes, list[Run]] = {}
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
