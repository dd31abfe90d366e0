"""A table as people have it → rows: the tool's own export, or a spreadsheet saved as text.

Read line by line, so that two million rows cost no more memory than two hundred, and a line without an end no more than
any other. The tool ends each line with a comma and quotes nothing that we know of (vendor scripts); a console writes in
its OEM code page, a spreadsheet in cp1252, UTF-8 with a BOM or UTF-16, Excel perhaps with `sep=;` in a line of its own.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import BreachkitError
from breachkit.files import open_regular
from breachkit.spelling import ADDRESS, plain_address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

SAMPLE_ROWS = 2000
"""Rows from which encoding, delimiter and columns are told."""

_BLOCK = 1 << 20
_LONGEST = 1 << 16
"""Bytes of a line, or of a row of several lines, that are read; what is longer is no row of accounts."""
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DELIMITERS = ",;\t|"
_SAID = re.compile(r"\"?sep=([^\w\s\"]|\t)\"?[,;\t]*", re.IGNORECASE)
"""The line by which Excel says what separates the columns; saved again it stands in quotes, or before empty cells."""
_OEM_LETTER = re.compile(rb"(?<=[A-Za-z])[\x80-\x91\x93-\xa5]|[\x80-\x91\x93-\xa5](?=[A-Za-z])")
"""A letter of cp850; in cp1252 such a byte is a sign, which seldom stands in a word (but for 0x92, the apostrophe)."""
_ANSI_LETTER = re.compile(rb"(?<=[A-Za-z])[\xc0-\xff]|[\xc0-\xff](?=[A-Za-z])")
_NOT_ANSI = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
"""Bytes that cp1252 does not have; three of them are letters of cp850 (ü, ì, É)."""
_MAGIC = {
    b"PK\x03\x04": "a workbook or archive",
    b"\xd0\xcf\x11\xe0": "a workbook of old",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"SQLite format": "a database",
}


class SheetLine(NamedTuple):
    """One line of a file of text, and where it stands."""

    offset: int
    number: int
    text: str | None
    """Without its end; None when it is too long to be read."""


class SheetRow(NamedTuple):
    """One row of a table, and where it begins."""

    offset: int
    line: int
    cells: list[str] | None
    """None when its line is too long to be read."""

    @property
    def is_torn(self) -> bool:
        """Whether a NUL byte stands in it: no export has one, so what it says was damaged or is a trick."""
        return any("\0" in cell for cell in self.cells or ())


class Sheet(NamedTuple):
    """How a table is written."""

    path: Path
    encoding: str
    """`utf-8` or `utf-16-…` when the file says so, else `guess`."""
    start: int
    """Bytes of the mark at its beginning."""
    legacy: str
    """What bytes that are no UTF-8 are read as."""
    line_end: bytes
    delimiter: str = ","
    is_ended: bool = False
    """True when each line ends with the delimiter, as the tool writes it."""
    first: int = 1
    """The line in which its rows begin."""


def read_sheet(path: Path) -> Sheet:
    """Tell how a table is written. Raises BreachkitError, OSError."""
    with open_regular(path) as stream:
        head = stream.read(_BLOCK)
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise _no_table(path, what)
    encoding, start = _encoding(head, path)
    wide = encoding if encoding.startswith("utf-16") else "ascii"
    ends = ["\n".encode(wide), "\r".encode(wide)]
    sheet = Sheet(path, encoding, start, _legacy(head), ends[ends[0] not in head and ends[1] in head])
    sample = itertools.islice(read_lines(sheet), SAMPLE_ROWS)
    texts = [line.text for line in sample if line.text and line.text.strip() and "\0" not in line.text]
    said = _SAID.fullmatch(texts[0]) if texts else None
    if said:
        sheet, texts = sheet._replace(first=2), texts[1:]
    delimiter = said[1] if said else _delimiter(texts)
    rows = texts[1:] or texts  # a header may have been put above what the tool wrote
    ended = sum(text.endswith(delimiter) for text in rows)
    return sheet._replace(delimiter=delimiter, is_ended=bool(rows) and ended * 10 >= len(rows) * 9)


def _no_table(path: Path, what: str) -> BreachkitError:
    return BreachkitError(f"{path} is {what}, not a table of text; export it again, or save it as CSV")


def _encoding(head: bytes, path: Path) -> tuple[str, int]:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    pairs = head[: len(head) // 2 * 2]
    odd, even = pairs[1::2].count(0), pairs[::2].count(0)
    if len(pairs) > 1 and max(odd, even) * 10 >= len(pairs) * 4 and min(odd, even) * 10 <= len(pairs):
        return ("utf-16-le", 0) if odd > even else ("utf-16-be", 0)
    lines = [line for line in head.split(b"\n") if line.strip()]
    if sum(b"\0" in line for line in lines) * 2 > len(lines):
        raise _no_table(path, "a binary file")
    return "guess", 0


def _legacy(head: bytes) -> str:
    """Tell a console's code page from a spreadsheet's by where the letters of words lie."""
    low, high = len(_OEM_LETTER.findall(head)), len(_ANSI_LETTER.findall(head))
    return "cp850" if _NOT_ANSI.search(head) or (low and low >= high) else "cp1252"


def read_lines(sheet: Sheet) -> Iterator[SheetLine]:
    """Yield each line. Raises OSError."""
    offset = sheet.start
    with open_regular(sheet.path) as stream:
        stream.seek(sheet.start)
        for number, (size, line) in enumerate(_split(stream, sheet.line_end), 1):
            yield SheetLine(offset, number, None if line is None else _decode(line, sheet))
            offset += size


def _split(stream: IO[bytes], end: bytes) -> Iterator[tuple[int, bytes | None]]:
    """Yield the size of each line, and the line; None for one that is too long, of which nothing is kept."""
    held, dropped = b"", 0
    while block := stream.read(_BLOCK):
        held += block
        begin, place = 0, held.find(end)
        while place >= 0:
            if place % len(end):  # in UTF-16 one byte of it may be half of another letter
                place = held.find(end, place + 1)
                continue
            behind = place + len(end)
            size = dropped + behind - begin
            yield size, held[begin:behind] if size <= _LONGEST else None
            begin, dropped = behind, 0
            place = held.find(end, begin)
        held = held[begin:]
        if len(held) > _LONGEST:
            whole = len(held) // len(end) * len(end)
            dropped, held = dropped + whole, held[whole:]
    if held or dropped:
        size = dropped + len(held)
        yield size, held if size <= _LONGEST else None


def _decode(line: bytes, sheet: Sheet) -> str:
    if sheet.encoding.startswith("utf-16"):
        text = line.decode(sheet.encoding, "replace")
    else:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = line.decode(sheet.legacy, "replace")
    return text.rstrip("\r\n")


def _delimiter(texts: list[str]) -> str:
    """Tell what separates the columns: by it most lines have an address in one cell, and are of one width.

    A `;` also joins aliases, and a comma stands in many a name.
    """
    return max(_DELIMITERS, key=lambda delimiter: _fit(texts, delimiter))


def _fit(texts: list[str], delimiter: str) -> tuple[int, int, int]:
    rows = [_parted(text, delimiter) for text in texts]
    found = (next((at for at, cell in enumerate(row) if is_address(cell)), None) for row in rows)
    places = Counter(at for at in found if at is not None)
    place, addresses = places.most_common(1)[0] if places else (0, 0)
    widths = Counter(len(row) for row in rows if len(row) > 1)
    return addresses, max(widths.values(), default=0), -place


def is_address(cell: str) -> bool:
    """Tell whether a cell holds an address and nothing else."""
    return "@" in cell and ADDRESS.fullmatch(plain_address(cell)) is not None


def read_rows(sheet: Sheet, width: int | None = None, last: int | None = None) -> Iterator[SheetRow]:
    """Yield the rows that hold anything. Raises OSError.

    Args:
        sheet: how the table is written.
        width: how many columns it has; None when that is not known yet.
        last: the column whose cells may hold unquoted delimiters, if it is the last one (a password).
    """
    lines = (line for line in read_lines(sheet) if line.number >= sheet.first)
    ahead: deque[SheetLine] = deque()
    while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
        text = line.text
        if text is None:
            yield SheetRow(line.offset, line.number, None)
        elif text.strip(sheet.delimiter + " \t"):
            if text.count('"') % 2:
                text = _with_rest(text, sheet.delimiter, ahead, lines)
            yield SheetRow(line.offset, line.number, _cells(text, sheet, width, last))


def _with_rest(text: str, delimiter: str, ahead: deque[SheetLine], lines: Iterator[SheetLine]) -> str:
    """Add to a line the lines below it in which its last cell goes on; a lone quote is a letter of a password.

    Args:
        text: a line with an odd number of quotes.
        delimiter: what separates the columns.
        ahead: lines that were read already and belong to nobody yet; those that are added are taken out.
        lines: the ones behind them.
    """
    taken, size = [text], len(text)
    for place in itertools.count():
        if place == len(ahead):
            following = next(lines, None)
            if following is None:
                return text
            ahead.append(following)
        more = ahead[place].text
        size += 0 if more is None else len(more) + 1
        if more is None or size > _LONGEST:
            return text
        taken.append(more)
        if more.count('"') % 2:
            break
    whole = "\n".join(taken)
    cells = _quoted(whole, delimiter)
    if cells is None or _are_rows(taken, delimiter, len(cells)):
        return text
    for _ in taken[1:]:
        ahead.popleft()
    return whole


def _are_rows(lines: list[str], delimiter: str, width: int) -> bool:
    """Tell whether the first line and another have all the columns: then two passwords begin and end with a quote."""
    is_row = [line.count(delimiter) + 1 >= width for line in lines]
    return is_row[0] and any(is_row[1:])


def _cells(text: str, sheet: Sheet, width: int | None, last: int | None) -> list[str]:
    delimiter = sheet.delimiter
    if sheet.is_ended:
        text = text.removesuffix(delimiter)
    cells = _parted(text, delimiter)
    is_quoted = text.startswith('"') or delimiter + '"' in text
    is_wider = width is not None and (any(cells[width:]) or sheet.is_ended)
    if width is None or last != width - 1 or len(cells) <= width or is_quoted or not is_wider:
        return cells
    return text.split(delimiter, width - 1)


def _parted(text: str, delimiter: str) -> list[str]:
    """Split a row into cells; where its quotes do not fit, they are letters."""
    quoted = _quoted(text, delimiter) if '"' in text and text.count('"') % 2 == 0 else None
    cells = text.split(delimiter) if quoted is None else quoted
    # a row of texts that a spreadsheet must not take for numbers: ="0123"
    is_formula = cells[0].startswith('="') and cells[0].endswith('"')
    return [re.sub(r'\A="(.*)"\Z', r"\1", cell) for cell in cells] if is_formula else cells


def _quoted(text: str, delimiter: str) -> list[str] | None:
    """Split a row with quotes; None where they do not fit."""
    import csv  # 4 ms, and most sheets quote nothing

    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:  # a sign behind a closing quote, or a line end outside of them
        return None
